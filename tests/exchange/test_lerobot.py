"""A memory that went out as a LeRobot dataset and came in again is the same memory."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from tests.exchange.life import ARM, Life, assert_same, lived, lives

from rumpus.cli.command_line import main
from rumpus.errors import InputError
from rumpus.exchange.lerobot.dataset import import_lerobot, lerobot_spec
from rumpus.exchange.lerobot.export import export_lerobot
from rumpus.memory import Memory
from rumpus.spec import RobotSpec, SensorSpec

SHORT = Life(ARM, [("play", 5), ("again", 3)], seed=0)


@given(lives())
@settings(max_examples=25)
def test_a_memory_comes_back_bit_for_bit(life: Life) -> None:
    with lived(life) as (memory, folder):
        exported = export_lerobot(memory, folder / "out")
        full = [episode for episode in memory.episodes() if episode.length]
        assert (exported.episodes, exported.steps) == (len(full), len(memory))
        assert lerobot_spec(folder / "out") == life.spec
        with Memory.create(folder / "back", life.spec) as back:
            imported = import_lerobot(folder / "out", back)
            assert (imported.episodes, imported.steps) == (len(full), len(memory))
            assert imported.lost == ()
            for k in range(len(memory)):
                assert_same(back.step(k), memory.step(k))
            told = [(e.provenance, e.first, e.length) for e in back.episodes()]
            assert told == [(e.provenance, e.first, e.length) for e in full]


def test_a_dataset_comes_into_a_memory_that_has_steps(tmp_path: Path) -> None:
    another = Life(ARM, [("before", 4)], seed=1)
    with lived(SHORT) as (memory, _), lived(another) as (other, _):
        export_lerobot(memory, tmp_path / "out")
        assert import_lerobot(tmp_path / "out", other).steps == 8
        wished = [memory.step(k).goal_index for k in range(8)]
        moved = [goal if goal < 0 else goal + 4 for goal in wished]
        assert [other.step(4 + k).goal_index for k in range(8)] == moved


def test_what_lerobot_cannot_hold_is_told(tmp_path: Path) -> None:
    spec = RobotSpec("toy", (SensorSpec("grey", (2, 2, 1)),), 1, 1.0)
    with lived(Life(spec, [("play", 3000), ("nothing", 0)], seed=0)) as (memory, _):
        lost = " ".join(export_lerobot(memory, tmp_path / "out").lost)
    words = ("rumpus.json", "numbered anew", "1 episodes without a step", "float32", "'grey'")
    for word in words:
        assert word in lost


def test_files_rotate_and_episodes_say_in_which_they_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyarrow.parquet as pq

    from rumpus.exchange.lerobot import export

    monkeypatch.setattr(export, "DATA_FILE_BYTES", 1)
    with lived(SHORT) as (memory, _), Memory.create(tmp_path / "back", ARM) as back:
        export_lerobot(memory, tmp_path / "out")
        episodes = pq.read_table(tmp_path / "out/meta/episodes/chunk-000/file-000.parquet")
        assert episodes["data/file_index"].to_pylist() == [0, 1]
        second = pq.read_table(tmp_path / "out/data/chunk-000/file-001.parquet")
        assert second["index"].to_pylist() == [5, 6, 7]
        assert import_lerobot(tmp_path / "out", back).steps == 8


def test_statistics_are_those_of_the_data(tmp_path: Path) -> None:
    with lived(SHORT) as (memory, _):
        export_lerobot(memory, tmp_path / "out")
        stats = json.loads((tmp_path / "out/meta/stats.json").read_bytes())
        np.testing.assert_allclose(stats["action"]["mean"], memory.executed_actions.mean(0), 1e-5)
        np.testing.assert_allclose(stats["action"]["max"], memory.executed_actions.max(0))
        states = memory.frames("state")
        np.testing.assert_allclose(stats["observation.state"]["std"], states.std(0), 1e-5)
        tenth = np.quantile(states, 0.1, 0)
        np.testing.assert_allclose(stats["observation.state"]["q10"], tenth, 1e-5)
        pixels = memory.frames("camera/left").reshape(-1, 3) / 255.0
        told = stats["observation.images.camera_left"]
        np.testing.assert_allclose(np.ravel(told["mean"]), pixels.mean(0))
        np.testing.assert_allclose(np.ravel(told["std"]), pixels.std(0))
        np.testing.assert_allclose(np.ravel(told["min"]), pixels.min(0))
        np.testing.assert_allclose(np.ravel(told["q99"]), np.quantile(pixels, 0.99, 0), atol=0.005)
        assert told["count"] == [8]


def test_a_strangers_actions_are_scaled_and_it_is_told(tmp_path: Path) -> None:
    with Memory.create(tmp_path / "degrees", ARM) as degrees:
        SHORT.into(degrees)
        export_lerobot(degrees, tmp_path / "out")
    (tmp_path / "out/meta/rumpus.json").unlink()
    reach(tmp_path / "out/data/chunk-000/file-000.parquet", [90.0, 0.0])
    spec = lerobot_spec(tmp_path / "out")
    assert [(s.name, s.shape) for s in spec.sensors] == [
        ("camera_left", (16, 24, 3)), ("state", (4,))
    ]  # fmt: skip
    assert (spec.name, spec.action_size, spec.rate_hz) == ("arm", 2, 10.0)
    with Memory.create(tmp_path / "back", spec) as back:
        told = " ".join(import_lerobot(tmp_path / "out", back).lost)
        assert "scaled" in told
        deeds = back.executed_actions
        np.testing.assert_allclose([deeds[:, 0].min(), deeds[:, 0].max()], [-1.0, 1.0])
        np.testing.assert_array_equal(deeds[:, 1], 0.0)  # an entry that never moves
        assert "actions scaled from" in back.episodes()[0].provenance
        assert "LeRobot out, episode 1: again" in back.episodes()[1].provenance
        # Another reach: the same number would be another command.
        reach(tmp_path / "out/data/chunk-000/file-000.parquet", [2.0, 1.0])
        with pytest.raises(InputError, match="create a memory for the robot of the dataset"):
            import_lerobot(tmp_path / "out", back)
        assert len(back) == 8


def reach(file: Path, factors: list[float]) -> None:
    """Make the actions of a dataset larger."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(file)
    field = table.schema.get_field_index("action")
    actions = (np.array(table["action"].to_pylist()) * factors).astype(np.float32)
    column = pa.FixedSizeListArray.from_arrays(pa.array(actions.reshape(-1)), 2)
    pq.write_table(table.set_column(field, table.schema.field("action"), column), file)


def test_a_picture_that_fits_no_file_is_refused(tmp_path: Path) -> None:
    spec = RobotSpec("toy", (SensorSpec("eye", (4, 4, 5)),), 1, 10.0)
    with lived(Life(spec, [("play", 1)], seed=0)) as (memory, _):
        with pytest.raises(InputError, match="PNG takes 1 to 4"):
            export_lerobot(memory, tmp_path / "out")
        assert not (tmp_path / "out").exists()


def test_an_existing_folder_and_an_empty_memory_are_refused(tmp_path: Path) -> None:
    with lived(SHORT) as (memory, folder), pytest.raises(InputError, match="is there already"):
        export_lerobot(memory, folder)
    refused = pytest.raises(InputError, match="holds no step")
    with Memory.create(tmp_path / "m", ARM) as memory, refused:
        export_lerobot(memory, tmp_path / "out")


def test_what_others_left_beside_it_is_kept(tmp_path: Path) -> None:
    with lived(SHORT) as (memory, _):
        (tmp_path / "out.new").mkdir()
        (tmp_path / "out.new/thesis").touch()
        export_lerobot(memory, tmp_path / "out")
        assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "out.new"]
        assert (tmp_path / "out.new/thesis").exists()


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("meta/info.json", None, "info.json cannot be read"),
        ("meta/info.json", "{", "cannot be read"),
        ("meta/info.json", '{"codebase_version": "v2.1"}', "v2.1.*convert"),
        ("meta/info.json", '{"codebase_version": "v3.0"}', "declares no timestamp"),
        ("meta/rumpus.json", "{", "cannot be read"),
        (
            "data/chunk-000/file-000.parquet",
            "PAR1 and then nothing PAR1",
            "should have 2 episodes with 8 frames; Lost: .*parquet, damaged, or not closed",
        ),
    ],
)
def test_a_dataset_that_cannot_be_read_is_refused(
    tmp_path: Path, file: str, text: str | None, said: str
) -> None:
    with lived(SHORT) as (memory, _):
        export_lerobot(memory, tmp_path / "out")
        (tmp_path / "out" / file).unlink()
        if text is not None:
            (tmp_path / "out" / file).write_text(text)
        with pytest.raises(InputError, match=said):
            import_lerobot(tmp_path / "out", memory)
        assert len(memory) == 8


def test_a_newer_rumpus_and_another_robot_are_refused(tmp_path: Path) -> None:
    with lived(SHORT) as (memory, _):
        export_lerobot(memory, tmp_path / "out")
    other = RobotSpec("arm", ARM.sensors, action_size=3, rate_hz=10.0)
    with (
        Memory.create(tmp_path / "other", other) as memory,
        pytest.raises(InputError, match=r"create a memory for the robot"),
    ):
        import_lerobot(tmp_path / "out", memory)
    origin = tmp_path / "out/meta/rumpus.json"
    origin.write_text(re.sub(r'"version": \d+', '"version": 99', origin.read_text()))
    with pytest.raises(InputError, match="use a newer rumpus"):
        lerobot_spec(tmp_path / "out")


@pytest.mark.parametrize(
    ("module", "verb"), [("pyarrow", "export"), ("pyarrow", "import"), ("av", "import")]
)
def test_a_missing_extra_is_a_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    module: str,
    verb: str,
) -> None:
    for name in [n for n in sys.modules if n.startswith(("rumpus.exchange.lerobot", module))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "rumpus.exchange.mp4", raising=False)
    monkeypatch.setitem(sys.modules, module, None)
    with lived(SHORT) as (memory, _):
        arguments = ["memory", verb, str(memory.path), str(tmp_path / "out")]
        assert main(arguments) == 2
        said = capsys.readouterr().err
        assert re.search(rf"needs {module}.*rumpus\[(exchange|movies)\]", said), said
        assert list(tmp_path.iterdir()) == []
