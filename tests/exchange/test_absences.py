"""What a sensor did not give is in no dataset as a reading, or the dataset says so."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from tests.exchange.life import ARM, Life, assert_same, lived
from tests.exchange.life import step as step_of

from rumpus.errors import InputError
from rumpus.exchange.lerobot.dataset import import_lerobot
from rumpus.exchange.lerobot.export import export_lerobot
from rumpus.exchange.minari.dataset import import_minari
from rumpus.exchange.minari.export import export_minari
from rumpus.exchange.mp4 import export_film
from rumpus.exchange.transfer import VERSION, Ours
from rumpus.memory import Memory

FORMATS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "lerobot": (export_lerobot, import_lerobot),
    "minari": (export_minari, import_minari),
}
both = pytest.mark.parametrize("format", list(FORMATS))
CAMERA, STATE = "camera/left", "state"


@pytest.fixture
def memory(tmp_path: Path) -> Any:
    rng = np.random.default_rng(0)
    with Memory.create(tmp_path / "memory", ARM) as made:
        made.begin_episode("play")
        for k in range(10):
            step = step_of(ARM, rng, k)
            seen = step.observation
            gone = {3: CAMERA, 4: CAMERA, 7: STATE}.get(k)
            readings = {name: r for name, r in seen.readings.items() if name != gone}
            made.append(replace(step, observation=replace(seen, readings=readings)))
        yield made


@both
def test_what_was_left_out_comes_back_left_out(tmp_path: Path, memory: Memory, format: str) -> None:
    go_out, come_in = FORMATS[format]
    told = " ".join(go_out(memory, tmp_path / "out").lost)
    assert "'camera/left' gave nothing at 2 steps; it is 0 there, and" in told
    assert "'state' gave nothing at 1 steps" in told
    with Memory.create(tmp_path / "back", ARM) as back:
        come_in(tmp_path / "out", back)
        for k in range(10):
            put = memory.step(k)
            assert set(back.step(k).observation.readings) == set(put.observation.readings)
            assert_same(back.step(k), put)


@both
def test_a_rumpus_that_knows_no_absences_is_told_not_to_read_them(
    tmp_path: Path, memory: Memory, format: str
) -> None:
    FORMATS[format][0](memory, tmp_path / "out")
    if format == "lerobot":
        raw = (tmp_path / "out/meta/rumpus.json").read_bytes()
    else:
        metadata = (tmp_path / "out/data/metadata.json").read_bytes()
        raw = msgspec.json.encode(msgspec.json.decode(metadata)["rumpus"])
    assert msgspec.json.decode(raw, type=Ours).version > 1


def test_a_dataset_of_a_newer_rumpus_is_refused() -> None:
    with pytest.raises(InputError, match="use a newer rumpus"):
        Ours(ARM, (), VERSION + 1)


def test_a_dataset_of_an_older_rumpus_has_every_reading(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    with lived(Life(ARM, [("play", 5)], seed=0)) as (whole, _):
        export_minari(whole, tmp_path / "out")
        with h5py.File(tmp_path / "out/data/main_data.hdf5", "r+") as file:
            del file["episode_0/infos/present"]
        with Memory.create(tmp_path / "back", ARM) as back:
            import_minari(tmp_path / "out", back)
            for k in range(5):
                assert_same(back.step(k), whole.step(k))


def test_ranges_and_means_are_those_of_what_was_sensed(tmp_path: Path, memory: Memory) -> None:
    export_lerobot(memory, tmp_path / "out")
    stats = msgspec.json.decode((tmp_path / "out/meta/stats.json").read_bytes())
    there = memory.frames(STATE)[memory.present(STATE)]
    assert stats["observation.state"]["count"] == [9]
    assert stats["observation.state"]["mean"] == pytest.approx(there.mean(0).tolist(), abs=1e-6)
    assert stats["observation.images.camera_left"]["count"] == [8]


def test_a_film_is_black_where_the_camera_gave_nothing_and_says_so(
    tmp_path: Path, memory: Memory
) -> None:
    av = pytest.importorskip("av")
    told = export_film(memory, tmp_path / "film.mp4", 1, enlarge=8).lost
    assert "'camera/left' gave nothing at 2 steps; it is black there." in told
    with av.open(str(tmp_path / "film.mp4")) as film:
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    assert len(frames) == 10
    assert [frame.mean() < 20 for frame in frames] == [k in (3, 4) for k in range(10)]
