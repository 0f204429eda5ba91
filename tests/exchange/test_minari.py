"""A memory goes out as a Minari dataset and comes back equal; Minari itself reads and writes it."""

import dataclasses
import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rumpus.errors import InputError
from rumpus.exchange.minari.dataset import import_minari, minari_spec
from rumpus.exchange.minari.export import export_minari
from rumpus.memory import Memory
from rumpus.spec import RobotSpec, SensorSpec
from rumpus.types import Array, Observation, Step

h5py = pytest.importorskip("h5py")
StepOf = Callable[[int], Step]
PROGRAM = Path(__file__).parent / "minari_program.py"
MINARI = os.environ.get("RUMPUS_MINARI_PYTHON", "")
needs_minari = pytest.mark.skipif(
    not MINARI, reason="RUMPUS_MINARI_PYTHON names no Python that has minari, h5py and pillow"
)
LENGTHS = (7, 0, 1, 4)  # of episodes 1, 2 (begun, never lived), 3 (no move in it) and 4


@pytest.fixture
def full_step(step_of: StepOf) -> StepOf:
    def step(k: int) -> Step:
        plain = step_of(k)
        late = {"camera/left": plain.observation.time_s - 0.03}
        seen = dataclasses.replace(plain.observation, captured_s=late)
        outcome = (
            "", '{"reward": -0.5, "success": 1.0}', "said otherwise", "",
            '{"reward": -0.5}', '{"reward": null}',
        )[k % 6]  # fmt: skip
        return dataclasses.replace(
            plain, observation=seen, intervention=k % 3 == 1, outcome=outcome
        )

    return step


@pytest.fixture
def memory(tmp_path: Path, spec: RobotSpec, full_step: StepOf) -> Iterator[Memory]:
    with Memory.create(tmp_path / "memory", spec) as memory:
        for number, length in enumerate(LENGTHS, start=1):
            memory.begin_episode(f"play toy seed {number}, é")
            for _ in range(length):
                memory.append(full_step(len(memory)))
        yield memory


def assert_same(got: Step, put: Step) -> None:
    for name, reading in put.observation.readings.items():
        np.testing.assert_array_equal(got.observation.readings[name], reading)
        assert got.observation.readings[name].dtype == reading.dtype
        assert captured(got, name) == captured(put, name)
    np.testing.assert_array_equal(got.action, put.action)
    np.testing.assert_array_equal(got.executed_action, put.executed_action)
    assert got.observation.time_s == put.observation.time_s
    for name in ("clip_reason", "goal_index", "goal_reason", "outcome"):
        assert getattr(got, name) == getattr(put, name)
    for name in ("terminated", "truncated", "intervention"):
        assert getattr(got, name) is getattr(put, name)


def captured(step: Step, sensor: str) -> float:
    return step.observation.captured_s.get(sensor, step.observation.time_s)


def again(tmp_path: Path, folder: Path) -> Memory:
    """A new memory with the dataset in it."""
    memory = Memory.create(tmp_path / "again", minari_spec(folder))
    import_minari(folder, memory)
    return memory


def test_a_memory_comes_back_as_it_went(tmp_path: Path, memory: Memory) -> None:
    out = export_minari(memory, tmp_path / "toy-v0")
    assert (out.episodes, out.steps) == (3, 12)
    assert any("0 where it said nothing" in sentence for sentence in out.lost)
    with Memory.create(tmp_path / "again", minari_spec(out.path)) as other:
        came = import_minari(out.path, other)
        assert (came.episodes, came.steps) == (3, 12)
        assert came.lost == ()
        assert other.spec == memory.spec
        assert len(other) == other.acknowledged == 12
        for k in range(12):
            assert_same(other.step(k), memory.step(k))
        lived = [(e.first, e.length, e.provenance) for e in other.episodes()]
        assert lived == [(e.first, e.length, e.provenance) for e in memory.episodes() if e.length]


def test_the_file_is_laid_out_as_minari_has_it(
    tmp_path: Path, memory: Memory, full_step: StepOf
) -> None:
    export_minari(memory, tmp_path / "my toys")
    metadata = json.loads((tmp_path / "my toys/data/metadata.json").read_text())
    assert metadata["dataset_id"] == "my-toys-v0"
    assert (metadata["total_episodes"], metadata["total_steps"]) == (3, 9)
    with h5py.File(tmp_path / "my toys/data/main_data.hdf5") as file:
        assert sorted(file) == ["episode_0", "episode_1", "episode_2"]
        last = file["episode_2"]  # steps 8 to 11
        assert dict(last.attrs)["total_steps"] == 3
        assert last["observations/camera%2Fleft"].shape == (4, 4, 5, 3)
        deeds = [full_step(k).executed_action for k in (8, 9, 10)]
        np.testing.assert_array_equal(last["actions"], deeds)
        np.testing.assert_array_equal(last["rewards"], [0, 0, -0.5])  # of steps 8, 9, 10
        np.testing.assert_array_equal(last["terminations"], [False, False, True])
        np.testing.assert_array_equal(last["truncations"], [True, False, False])
        np.testing.assert_array_equal(last["infos/action"][3], full_step(11).action)
        assert [len(file["episode_1"][name]) for name in ("actions", "infos/time_s")] == [0, 1]


NAMES = st.text(st.characters(codec="utf-8"), max_size=5) | st.sampled_from(
    ["", ".", "..", "a/b", "a%2Fb", "a", "/", "%", "%2E", "episode_0", "a\0b"]
)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(NAMES, min_size=1, max_size=4, unique=True), seed=st.integers(0, 2**31))
def test_sensors_of_any_name_come_back(tmp_path: Path, names: list[str], seed: int) -> None:
    rng = np.random.default_rng(seed)
    sensors = tuple(SensorSpec(name, (int(rng.integers(1, 4)),), -1.0, 1.0) for name in names)
    spec = RobotSpec("named", sensors, action_size=1, rate_hz=10.0)
    nothing = np.zeros(1, np.float32)
    with (
        tempfile.TemporaryDirectory(dir=tmp_path) as scratch,
        Memory.create(Path(scratch) / "m", spec) as memory,
    ):
        memory.begin_episode("play")
        for k in range(2):
            readings: dict[str, Array] = {
                s.name: rng.normal(size=s.shape).astype(np.float32) for s in sensors
            }
            memory.append(Step(Observation(readings, 0.1 * k), nothing, nothing))
        export_minari(memory, Path(scratch) / "named-v0")
        with again(Path(scratch), Path(scratch) / "named-v0") as other:
            assert other.spec == spec
            for k in range(2):
                assert_same(other.step(k), memory.step(k))


def test_more_steps_than_fit_one_block_come_back(
    tmp_path: Path, spec: RobotSpec, full_step: StepOf
) -> None:
    with Memory.create(tmp_path / "long", spec) as memory:
        memory.begin_episode("play")
        for k in range(600):
            memory.append(full_step(k))
        export_minari(memory, tmp_path / "long-v0")
        with again(tmp_path, tmp_path / "long-v0") as other:
            assert len(other) == 600
            for k in (0, 255, 256, 511, 512, 599):
                assert_same(other.step(k), memory.step(k))
        with h5py.File(tmp_path / "long-v0/data/main_data.hdf5") as file:
            np.testing.assert_array_equal(file["episode_0/actions"], memory.executed_actions[:-1])
            np.testing.assert_array_equal(file["episode_0/terminations"], memory.terminated[1:])


def test_goals_point_at_the_same_moments_in_a_memory_that_had_a_life(
    tmp_path: Path, memory: Memory, full_step: StepOf
) -> None:
    export_minari(memory, tmp_path / "some-v0", episodes=[4])  # goals 7 to 10 of steps 8 to 11
    with Memory.create(tmp_path / "again", memory.spec) as other:
        other.begin_episode("before")
        other.append(full_step(0))
        came = import_minari(tmp_path / "some-v0", other)
        assert other.goal_index.tolist() == [-1, -1, 1, 2, 3]
        assert "1 goals lie in no step that came before; they are -1." in came.lost


def test_a_text_that_hdf5_cannot_hold_is_told(
    tmp_path: Path, spec: RobotSpec, full_step: StepOf
) -> None:
    with Memory.create(tmp_path / "m", spec) as memory:
        memory.begin_episode("play")
        memory.append(dataclasses.replace(full_step(0), goal_reason="a\0b"))
        assert "1 texts held NUL" in export_minari(memory, tmp_path / "m-v0").lost[-1]
        with again(tmp_path, tmp_path / "m-v0") as other:
            assert other.step(0).goal_reason == "a\ufffdb"


def test_what_cannot_be_exported_is_refused(
    tmp_path: Path, spec: RobotSpec, memory: Memory
) -> None:
    with pytest.raises(InputError, match="has no episode 2 with a step in it"):
        export_minari(memory, tmp_path / "toy-v0", [1, 2])
    (tmp_path / "there").mkdir()
    with pytest.raises(InputError, match="there is there already"):
        export_minari(memory, tmp_path / "there")
    with (
        Memory.create(tmp_path / "empty", spec) as empty,
        pytest.raises(InputError, match="holds no step yet"),
    ):
        export_minari(empty, tmp_path / "toy-v0")
    assert not list(tmp_path.glob("toy*"))


def spoil(folder: Path, change: Callable[[Any], None]) -> None:
    with h5py.File(folder / "data/main_data.hdf5", "a") as file:
        change(file)


def rewrite(name: str, values: Array) -> Callable[[Any], None]:
    def change(file: Any) -> None:
        del file[name]
        file[name] = values

    return change


def remove(name: str) -> Callable[[Any], None]:
    def change(file: Any) -> None:
        del file[name]

    return change


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (remove("episode_2/infos/time_s"), "episode_2/infos/time_s is missing"),
        (remove('episode_0/observations/joint "q"'), 'episode_0/observations/joint "q" is'),
        (
            rewrite("episode_0/infos/action", np.zeros((7, 2), np.float32)),
            r"infos/action is \(7, 2\), expected \(7, 3\)",
        ),
        (
            rewrite("episode_0/observations/camera%2Fleft", np.zeros((7, 5, 4, 3), np.uint8)),
            r"camera%2Fleft is \(7, 5, 4, 3\), expected \(7, 4, 5, 3\)",
        ),
        (
            rewrite("episode_0/infos/time_s", np.zeros(6)),
            r"infos/time_s is \(6,\), expected \(7,\)",
        ),
        (
            rewrite('episode_0/observations/joint "q"', np.full((7, 2), np.nan, np.float32)),
            "'joint \"q\"' gave a reading that is not finite",
        ),
    ],
)
def test_a_damaged_dataset_is_refused_before_a_step_is_taken(
    tmp_path: Path, memory: Memory, change: Callable[[Any], None], sentence: str
) -> None:
    export_minari(memory, tmp_path / "toy-v0")
    spoil(tmp_path / "toy-v0", change)
    with Memory.create(tmp_path / "again", memory.spec) as other:
        with pytest.raises(InputError, match=sentence):
            import_minari(tmp_path / "toy-v0", other)
        assert (len(other), other.episodes()) == (0, [])


def test_what_is_no_dataset_is_refused(tmp_path: Path, memory: Memory) -> None:
    with pytest.raises(InputError, match=r"metadata\.json cannot be read .*; give a"):
        minari_spec(tmp_path)
    export_minari(memory, tmp_path / "toy-v0")
    about = tmp_path / "toy-v0/data/metadata.json"
    told = json.loads(about.read_text())
    for changed, sentence in [
        (told | {"data_format": "arrow"}, "is in the format 'arrow'; only 'hdf5' can be imported"),
        ({"data_format": "hdf5"}, "cannot be read"),
        ([], "cannot be read"),
        (told | {"rumpus": {"spec": {"name": 3}}}, "cannot be read"),
        (told | {"action_space": json.dumps({"type": "Discrete", "n": 3})}, "action is Discrete"),
    ]:
        about.write_text(json.dumps(changed))
        with pytest.raises(InputError, match=sentence):
            minari_spec(tmp_path / "toy-v0")
    about.write_text(json.dumps(told))
    (tmp_path / "toy-v0/data/main_data.hdf5").write_bytes(b"no such thing")
    with pytest.raises(InputError, match=r"something in it is damaged"):
        import_minari(tmp_path / "toy-v0", memory)


def test_a_flipped_byte_is_never_a_wrong_number(tmp_path: Path, memory: Memory) -> None:
    export_minari(memory, tmp_path / "toy-v0")
    file = tmp_path / "toy-v0/data/main_data.hdf5"
    whole = file.read_bytes()
    frames = memory.frames("camera/left")
    places = [whole.index(frames[k].tobytes()) + 7 for k in (0, 11)]
    places += [whole.index(memory.executed_actions[:6].tobytes()) + 3]
    for place in places:
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        with (
            Memory.create(tmp_path / f"again {place}", memory.spec) as other,
            pytest.raises(InputError, match=r"something in it is damaged"),
        ):
            import_minari(tmp_path / "toy-v0", other)
    file.write_bytes(whole[:-100])
    with pytest.raises(InputError, match="is damaged"):
        import_minari(tmp_path / "toy-v0", memory)
    assert len(memory) == 12


def test_another_robot_is_refused(tmp_path: Path, memory: Memory) -> None:
    export_minari(memory, tmp_path / "toy-v0")
    stranger = RobotSpec("one", (SensorSpec("eye", (2, 2, 1)),), action_size=3, rate_hz=10.0)
    with (
        Memory.create(tmp_path / "again", stranger) as other,
        pytest.raises(InputError, match=r"is of the robot .*; create a memory for the robot of"),
    ):
        import_minari(tmp_path / "toy-v0", other)


def minari(*arguments: str | Path, home: Path) -> None:
    """Run a task of minari_program.py in the environment that has Minari."""
    command = [MINARI, PROGRAM, *arguments]
    environment = {**os.environ, "MINARI_DATASETS_PATH": str(home)}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@needs_minari
def test_minari_reads_what_rumpus_wrote(tmp_path: Path, full_step: StepOf) -> None:
    sensors = (SensorSpec("camera", (48, 40, 3)), SensorSpec("gel", (32, 32, 1)))
    rng = np.random.default_rng(0)
    spec = RobotSpec("big", sensors, action_size=3, rate_hz=10.0)
    with Memory.create(tmp_path / "m", spec) as memory:
        for length in (4, 1):
            memory.begin_episode("play")
            for k in range(length):
                readings: dict[str, Array] = {
                    s.name: rng.integers(0, 256, s.shape, dtype=np.uint8) for s in sensors
                }
                seen = Observation(readings, 0.1 * k)
                memory.append(dataclasses.replace(full_step(k), observation=seen))
        export_minari(memory, tmp_path / "big-v3")
        minari("read", "big-v3", tmp_path / "told.npz", home=tmp_path)
        told = np.load(tmp_path / "told.npz")
        assert told["lengths"].tolist() == [3, 0]
        assert told["total_steps"] == 3
        for sensor in sensors:
            np.testing.assert_array_equal(told[f"0/{sensor.name}"], memory.frames(sensor.name)[:4])
            np.testing.assert_array_equal(told[f"1/{sensor.name}"], memory.frames(sensor.name)[4:])
        np.testing.assert_array_equal(told["0/actions"], memory.executed_actions[:3])
        np.testing.assert_array_equal(told["0/infos/action"], memory.actions[:4])
        np.testing.assert_array_equal(told["0/terminations"], memory.terminated[1:4])


@needs_minari
def test_rumpus_reads_what_minari_wrote(tmp_path: Path) -> None:
    minari("write", tmp_path / "truth.npz", home=tmp_path)
    truth = np.load(tmp_path / "truth.npz")
    folder = tmp_path / "toy" / "raw-v0"
    spec = minari_spec(folder, rate_hz=5.0)
    assert [(s.name, s.shape) for s in spec.sensors] == [("camera", (40, 36, 3)), ("arm", (2,))]
    assert (spec.name, spec.action_size, spec.rate_hz) == ("toy/raw-v0", 2, 5.0)
    with Memory.create(tmp_path / "m", spec) as memory:
        came = import_minari(folder, memory)
        assert (came.episodes, came.steps) == (2, 9)
        assert [e.length for e in memory.episodes()] == [5, 4]
        np.testing.assert_array_equal(memory.frames("camera"), truth["camera"])
        np.testing.assert_array_equal(memory.frames("arm"), truth["arm"].astype(np.float32))
        # Actions in [0, 10] and [-2, 2] are in [-1, 1] now.
        expected = truth["actions"] / [5.0, 2.0] - [1.0, 0.0]
        lasts = [4, 8]
        moved = np.delete(memory.executed_actions, lasts, axis=0)
        np.testing.assert_allclose(moved, expected, atol=1e-6)
        np.testing.assert_array_equal(memory.executed_actions[lasts], np.zeros((2, 2)))
        np.testing.assert_array_equal(memory.terminated, [False] * 4 + [True] + [False] * 4)
        assert memory.step(8).truncated
        said = [memory.step(k).outcome for k in (0, 4)]  # a move, and an episode's last step
        assert said == ['{"reward": 1.0}', ""]
        np.testing.assert_allclose(memory.time_s, np.arange(9) / 5.0)
        told = " ".join(came.lost)
        for words in ("Left out", "infos/warm.", "were float64", "has one action"):
            assert words in told
    jpeg = tmp_path / "toy" / "jpeg-v0"
    with Memory.create(tmp_path / "j", minari_spec(jpeg)) as memory:
        came = import_minari(jpeg, memory)
        difference = memory.frames("camera").astype(float) - truth["camera"]
        assert 0 < np.abs(difference).mean() < 8
        assert "Pictures of 'camera' were JPEG: not exactly what was seen." in came.lost
    bare = tmp_path / "toy" / "bare-v0"
    with Memory.create(tmp_path / "b", minari_spec(bare)) as memory:
        import_minari(bare, memory)
        np.testing.assert_array_equal(memory.frames("observation"), truth["arm"].astype(np.float32))
