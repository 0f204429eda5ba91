"""What others wrote, as bug reports tell of it, comes in rightly, or one true sentence is said."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.exchange import strangers
from tests.exchange.strangers import FILM, INFO, KEY, ROWS, assert_agree, flat, level, png, taken

from rumpus.cli.command_line import main
from rumpus.errors import InputError
from rumpus.exchange.minari.dataset import import_minari, minari_spec
from rumpus.memory import Memory


def test_two_takes_under_one_number_are_two_episodes(tmp_path: Path) -> None:
    folder = strangers.lerobot(tmp_path / "in", (5, 4), "image")
    strangers.put(folder, "episode_index", [0] * 9)
    memory, told = taken(folder, tmp_path / "m")
    with memory:
        assert [e.length for e in memory.episodes()] == [5, 4]
        assert memory.step(4).truncated
        assert "does not go on at its frame 5" in " ".join(told.lost)
        assert_agree(memory)


@pytest.mark.parametrize("is_told", [True, False])
def test_depths_are_left_out_or_refused(tmp_path: Path, is_told: bool) -> None:
    folder = strangers.lerobot(tmp_path / "in", (3,), "image")
    cells = [
        {"bytes": png(flat(400 + 300 * k, (64, 96), np.uint16)), "path": None} for k in (0, 1, 2)
    ]
    strangers.put(
        folder, "observation.images.depth", cells, pq.read_schema(folder / ROWS).field(KEY).type
    )
    depth = {"dtype": "image", "shape": [64, 96, 1]}
    info = {"info": {"video.is_depth_map": True}} if is_told else {}
    strangers.change(
        folder, lambda a: a["features"].update({"observation.images.depth": depth | info})
    )
    if not is_told:
        with pytest.raises(InputError, match=r"images.depth .* 8 bits a channel were expected"):
            taken(folder, tmp_path / "m")
        return
    memory, told = taken(folder, tmp_path / "m")
    with memory:
        assert [s.name for s in memory.spec.sensors] == ["state", "top"]
        assert "Left out, rumpus has no place for them: observation.images.depth." in told.lost


def test_a_film_of_depths_is_refused(tmp_path: Path) -> None:
    folder = strangers.lerobot(tmp_path / "in")
    quiet = {"x265-params": "log-level=none"}
    strangers.write_film(folder / FILM, range(9), "libx265", "gray12le", quiet)
    with pytest.raises(InputError, match=r"12 bits a pixel .*, as depths have"):
        taken(folder, tmp_path / "m")


def test_a_discarded_take_in_a_film_puts_no_picture_beside_another_row(tmp_path: Path) -> None:
    folder = strangers.lerobot(tmp_path / "in", (5, 4, 6, 5))
    levels = [level(k) for k in range(20)]
    strangers.write_film(folder / FILM, [*levels[:9], 250, 250, 250, 250, *levels[9:]])
    told = [(0, 0, 0.0, 0.5), (1, 0, 0.5, 1.3), (2, 0, 1.3, 1.9), (3, 0, 1.9, 2.4)]
    strangers.tell(folder, told)
    memory, _ = taken(folder, tmp_path / "whole")
    with memory:
        assert [e.length for e in memory.episodes()] == [5, 4, 6, 5]
        assert_agree(memory)
    strangers.tell(folder, told[:2])  # the recording was killed before the others were told
    memory, came = taken(folder, tmp_path / "killed")
    with memory:
        assert [e.length for e in memory.episodes()] == [5, 4]
        assert_agree(memory)
        assert any("Lost: the pictures of 2 episodes, the first is 2" in s for s in came.lost)
        assert "Lost: 2 of 4 episodes and 11 of 20 frames." in came.lost


@pytest.mark.parametrize("nothing", [None, float("nan")])
def test_an_episode_whose_place_is_empty_is_lost_and_told(tmp_path: Path, nothing: Any) -> None:
    folder = strangers.lerobot(tmp_path / "in")
    strangers.tell(folder, [(0, 0, 0.0, 0.5), (1, nothing, nothing, nothing)])
    memory, came = taken(folder, tmp_path / "m")
    with memory:
        assert [e.length for e in memory.episodes()] == [5]
        assert_agree(memory)
        assert "Lost: 1 of 2 episodes and 4 of 9 frames." in came.lost


def test_two_episodes_in_one_stretch_of_a_film_are_both_lost(tmp_path: Path) -> None:
    folder = strangers.lerobot(tmp_path / "in", (4, 4, 2))
    strangers.tell(folder, [(0, 0, 0.0, 0.4), (1, 0, 0.0, 0.4), (2, 0, 0.8, 1.0)])
    memory, _ = taken(folder, tmp_path / "m")
    with memory:
        assert [e.provenance for e in memory.episodes()] == [
            "LeRobot in, episode 2: open the drawer"
        ]
        assert_agree(memory)


def test_pictures_that_are_no_film_yet_come_in(tmp_path: Path) -> None:
    folder = strangers.lerobot(tmp_path / "in")
    for number, first, n in ((0, 0, 5), (1, 5, 4)):
        stills = folder / f"images/{KEY}/episode-{number:06d}"
        stills.mkdir(parents=True)
        for k in range(n):
            (stills / f"frame-{k:06d}.png").write_bytes(png(flat(level(first + k))))
    shutil.rmtree(folder / "videos")
    strangers.tell(folder, [])
    memory, came = taken(folder, tmp_path / "m")
    with memory:
        assert came.steps == 9
        assert_agree(memory)


@pytest.mark.parametrize("kind", ["film", "stills"])
@pytest.mark.parametrize("left", [[1, 2, 3, 4], [0, 1, 3, 4], [2, 4], [0, 1, 2, 3]])
def test_where_rows_were_taken_away_the_others_keep_their_own_pictures(
    tmp_path: Path, left: list[int], kind: str
) -> None:
    folder = strangers.lerobot(tmp_path / "in")
    pq.write_table(pq.read_table(folder / ROWS).take([*left, 5, 6, 7, 8]), folder / ROWS)
    if kind == "stills":
        stills = folder / f"images/{KEY}/episode-000000"
        stills.mkdir(parents=True)
        for k in range(5):
            (stills / f"frame-{k:06d}.png").write_bytes(png(flat(level(k))))
        strangers.tell(folder, [(1, 0, 0.5, 0.9)])
    memory, came = taken(folder, tmp_path / "m")
    with memory:
        assert came.steps == len(left) + 4
        assert_agree(memory)


def test_frames_that_come_twice_do_not_say_which_picture_of_a_film_is_theirs(
    tmp_path: Path,
) -> None:
    folder = strangers.lerobot(tmp_path / "in")
    strangers.put(folder, "frame_index", [0, 1, 2, 0, 1, 0, 1, 2, 3])
    memory, came = taken(folder, tmp_path / "m")
    with memory:
        assert came.steps == 4
        assert_agree(memory)
        assert any("Lost: the pictures of 1 episodes, the first is 0" in s for s in came.lost)


@pytest.mark.parametrize(("frames", "first"), [([0, 1, 2, 0, 1], 0), ([0, 1, 2, 3, 4], 1)])
def test_stills_that_do_not_say_whose_they_are_or_are_gone_are_told(
    tmp_path: Path, frames: list[int], first: int
) -> None:
    folder = strangers.lerobot(tmp_path / "in")
    strangers.put(folder, "frame_index", [*frames, 0, 1, 2, 3])
    strangers.tell(folder, [(1, 0, 0.5, 0.9)])
    strangers.change(folder, lambda about: about.update(total_frames=0, total_episodes=0))
    stills = folder / f"images/{KEY}/episode-000000"
    stills.mkdir(parents=True)
    for k in range(first, 5):
        (stills / f"frame-{k:06d}.png").write_bytes(png(flat(level(k))))
    memory, came = taken(folder, tmp_path / "m")
    with memory:
        assert came.steps == 4
        assert_agree(memory)
        assert any("the first is 0" in s or "Episode 0 has no picture" in s for s in came.lost)


def test_episodes_that_are_told_shorter_than_they_are_have_no_proved_pictures(
    tmp_path: Path,
) -> None:
    folder = strangers.lerobot(tmp_path / "in")
    strangers.tell(folder, [(0, 0, 0.0, 0.4), (1, 0, 0.4, 0.9)])  # they are 5 and 4 long
    with pytest.raises(InputError, match="the pictures of 2 episodes, the first is 0"):
        taken(folder, tmp_path / "m")


def test_a_task_without_a_sentence_is_told(tmp_path: Path) -> None:
    folder = strangers.lerobot(tmp_path / "in")
    strangers.put(folder, "task_index", [0, 0, 7, 7, 7, 1, 1, 1, 1])
    memory, came = taken(folder, tmp_path / "m")
    with memory:
        assert "meta/tasks.parquet has no sentence for some of the tasks." in came.lost
        said = [e.provenance.partition(": ")[2] for e in memory.episodes()]
        assert said == ["open the drawer", "put the cup in"]


def test_a_reward_that_is_no_number_is_left_out_and_told(tmp_path: Path) -> None:
    folder = strangers.minari(tmp_path / "in")
    with h5py.File(folder / strangers.HDF5, "r+") as file:
        file["episode_0/rewards"][1] = np.nan
    with Memory.create(tmp_path / "m", minari_spec(folder)) as memory:
        came = import_minari(folder, memory)
        assert "Left out: rewards that are no finite number." in came.lost
        assert [memory.step(k).outcome for k in (0, 1)] == ['{"reward": 0.0}', ""]


def test_an_infinite_action_is_named_by_its_step(tmp_path: Path) -> None:
    folder = strangers.lerobot(tmp_path / "in")
    strangers.put(folder, "action", [[0], [1], [float("inf")], *[[0]] * 6])
    with pytest.raises(InputError, match=r"Step 2 of episode 0 in .* has the action \[inf\]"):
        taken(folder, tmp_path / "m")


def test_all_tasks_of_an_episode_are_kept(tmp_path: Path) -> None:
    folder = strangers.lerobot(tmp_path / "in")
    strangers.put(folder, "task_index", [0, 0, 1, 1, 1, 0, 0, 0, 0])
    memory, _ = taken(folder, tmp_path / "m")
    with memory:
        said = [e.provenance.partition(": ")[2] for e in memory.episodes()]
        assert said == ["open the drawer, then put the cup in", "open the drawer"]


@pytest.mark.parametrize("part", [FILM, ROWS, INFO, "data", "meta/episodes", "meta"])
def test_a_link_out_of_a_dataset_is_not_followed(tmp_path: Path, part: str) -> None:
    folder, other = strangers.lerobot(tmp_path / "in"), strangers.lerobot(tmp_path / "out")
    (folder / part).rename(tmp_path / "away")
    (folder / part).symlink_to(other / part)
    with pytest.raises(InputError, match=r"no plain file in .*, and nothing else is read"):
        taken(folder, tmp_path / "m")


@pytest.mark.parametrize("which", [FILM, ROWS, INFO, "meta/tasks.parquet"])
def test_what_git_lfs_left_is_said_and_leaves_no_memory(
    tmp_path: Path, which: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = strangers.lerobot(tmp_path / "in")
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 1234\n"
    (folder / which).write_text(pointer)
    assert main(["memory", "import", str(folder), str(tmp_path / "m")]) == 2
    assert "git lfs pull" in capsys.readouterr().err
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize(
    ("clock", "said"),
    [
        (lambda t: t + np.repeat([0.0, 0.5], [5, 4]), ""),  # it goes on over the episodes
        (lambda t: t * 0, "off by 0.1 s"),
        (lambda t: t + (np.arange(9) == 2) * 0.5, "off by 0.5 s"),
        (lambda t: t * 1.12, "off by 0.012 s"),
        (lambda t: t + 1.79e9, "off by"),
    ],
)  # fmt: skip
def test_a_clock_that_is_not_even_is_told(
    tmp_path: Path, clock: Callable[[Any], Any], said: str
) -> None:
    folder = strangers.lerobot(tmp_path / "in")
    times = pq.read_table(folder / ROWS)["timestamp"].to_numpy().astype(float)
    strangers.put(folder, "timestamp", clock(times).astype(np.float32))
    memory, came = taken(folder, tmp_path / "m")
    with memory:
        assert_agree(memory)
        told = [sentence for sentence in came.lost if "timestamps" in sentence]
        assert all(said in sentence for sentence in told)
        assert bool(told) == bool(said)


@pytest.mark.parametrize(("fps", "shift"), [(30, 0), (10, 2)])
def test_a_film_that_is_not_as_its_rows_is_not_believed(
    tmp_path: Path, fps: int, shift: int, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = strangers.lerobot(tmp_path / "in")
    strangers.write_film(folder / FILM, [level(k) for k in range(9)], fps=fps, shift=shift)
    assert main(["memory", "import", str(folder), str(tmp_path / "m")]) == 2
    assert "nothing proves which they are in the films" in capsys.readouterr().err
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize(
    ("codec", "pixels", "options"),
    [
        ("libx264", "yuv420p", {"g": "5", "bf": "3", "x264-params": "open-gop=1"}),
        ("libx265", "yuv420p", {"x265-params": "log-level=none:bframes=3:keyint=6:open-gop=1"}),
        ("libx265", "yuv420p10le", {"x265-params": "log-level=none"}),
    ],
)
def test_every_picture_of_a_film_is_found_between_its_key_frames(
    tmp_path: Path, codec: str, pixels: str, options: dict[str, str]
) -> None:
    folder = strangers.lerobot(tmp_path / "in", [3] * 19)
    levels = [level(k) for k in range(57)]
    strangers.write_film(folder / FILM, levels, codec, pixels, options)
    memory, came = taken(folder, tmp_path / "m")
    with memory:
        assert came.steps == 57
        assert_agree(memory)


def test_a_film_that_breaks_off_within_an_episode_does_not_begin_again(tmp_path: Path) -> None:
    folder = strangers.lerobot(tmp_path / "in", (12, 4))
    film = folder / FILM
    with av.open(str(film)) as container:
        packets = [(p.pos or 0, p.size) for p in container.demux(video=0) if p.pts is not None]
    broken = bytearray(film.read_bytes())
    for at, size in packets[6:12]:
        broken[at : at + size] = b"\xff" * size
    film.write_bytes(broken)
    memory, came = taken(folder, tmp_path / "m")
    with memory:
        assert 0 < memory.episodes()[0].length < 12
        assert "Episode 0 has no picture for its frame" in " ".join(came.lost)
        assert_agree(memory)


def test_features_of_any_shape_come_in_as_what_they_are(tmp_path: Path) -> None:
    folder = strangers.lerobot(tmp_path / "in", kind="image")
    grid = pa.list_(pa.list_(pa.float32(), 3), 2)
    strangers.put(folder, "observation.grid", [[[k, 1, 2], [3, 4, 5]] for k in range(9)], grid)

    def edit(about: Any) -> None:
        about["features"]["observation.grid"] = {"dtype": "float32", "shape": [2, 3]}
        about["features"][KEY]["shape"] = [3, 64, 96]  # channels first, as torch has them
        about["features"][KEY]["info"] = {"video.is_depth_map": False, "video.fps": 30}
        about["robot_type"] = None

    strangers.change(folder, edit)
    memory, came = taken(folder, tmp_path / "m")
    with memory:
        shapes = {s.name: (s.shape, str(s.dtype)) for s in memory.spec.sensors}
        assert shapes["grid"] == ((6,), "float32")
        assert shapes["top"] == (strangers.SIDES, "uint8")
        assert memory.spec.name == "in"
        assert memory.frames("grid")[:, 0].tolist() == list(range(9))
        assert any("observation.grid is (2, 3)" in sentence for sentence in came.lost)
        assert_agree(memory)


@pytest.mark.parametrize("left", ["action", "observation"])
def test_a_dataset_without_action_or_observation_is_refused_by_its_features(
    tmp_path: Path, left: str
) -> None:
    folder = strangers.lerobot(tmp_path / "in", kind="none")

    def edit(about: Any) -> None:
        others = {"action": "observation.state", "observation": "action"}
        del about["features"][others[left]]

    strangers.change(folder, edit)
    with pytest.raises(InputError, match="give one with an action and an observation"):
        taken(folder, tmp_path / "m")


@pytest.mark.parametrize("how", ["gone", "cut", "one column"])
def test_tasks_that_cannot_be_read_lose_their_sentences_alone(tmp_path: Path, how: str) -> None:
    folder = strangers.lerobot(tmp_path / "in", kind="image")
    file = folder / "meta/tasks.parquet"
    if how == "one column":
        pq.write_table(pa.table({"task_index": [0, 1]}), file)
    else:
        file.unlink() if how == "gone" else file.write_bytes(file.read_bytes()[:50])
    memory, came = taken(folder, tmp_path / "m")
    with memory:
        assert came.steps == 9
        assert "meta/tasks.parquet cannot be read: the tasks' sentences are lost." in came.lost
        assert not any("no sentence for some" in sentence for sentence in came.lost)


def elsewhere(group: Any, outside: Path, way: str) -> None:
    """Put an array of an episode into another file, or claim more of it than there is."""
    name, shape = "observations/eye", (5, 8, 8, 3)
    del group[name]
    if way == "link":
        group[name] = h5py.ExternalLink(str(outside / strangers.HDF5), f"episode_0/{name}")
    elif way == "raw":
        (outside / "raw").write_bytes(bytes(1000))
        group.create_dataset(name, shape, np.uint8, external=[(str(outside / "raw"), 0, 1000)])
    elif way == "virtual":
        layout = h5py.VirtualLayout(shape, np.uint8)
        source = h5py.VirtualSource(str(outside / strangers.HDF5), f"episode_0/{name}", shape)
        layout[...] = source
        group.create_virtual_dataset(name, layout)
    else:  # chunks that were never written
        group.create_dataset(name, shape, np.uint8, chunks=shape)


@pytest.mark.parametrize("way", ["link", "raw", "virtual", "claim"])
def test_an_array_that_is_not_in_its_file_is_not_read(tmp_path: Path, way: str) -> None:
    folder, outside = strangers.minari(tmp_path / "in"), strangers.minari(tmp_path / "out")
    with h5py.File(folder / strangers.HDF5, "a") as file:
        elsewhere(file["episode_0"], outside, way)
    with (
        Memory.create(tmp_path / "m", minari_spec(folder)) as memory,
        pytest.raises(InputError, match=r"lies in another file|that are not in it"),
    ):
        import_minari(folder, memory)


def test_a_command_beyond_its_range_is_refused_where_it_is(tmp_path: Path) -> None:
    folder = strangers.minari(tmp_path / "in")
    with Memory.create(tmp_path / "m", minari_spec(folder)) as memory:
        assert import_minari(folder, memory).steps == 9
    with h5py.File(folder / strangers.HDF5, "a") as file:
        file["episode_1/actions"][2] = 7.0
    with (
        Memory.create(tmp_path / "n", minari_spec(folder)) as memory,
        pytest.raises(InputError, match=r"Step 2 of episode 1 .* \[7.\], but it tells of 1 motors"),
    ):
        import_minari(folder, memory)


LISTS, NAN = pa.list_(pa.float32()), float("nan")


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda f: strangers.change(f, lambda a: a.update(data_path="data/e_{episode}.parquet")),
         "lays its files out as data/e_.*not as v3.0"),
        (lambda f: strangers.change(f, lambda a: a["features"][KEY].update(shape=[96, 64, 3])),
         "has pictures of 64 x 96, not 96 x 64"),
        (lambda f: strangers.change(f, lambda a: a["features"]["action"].update(shape=[3])),
         r"9 of float are not 9 x 3"),
        (lambda f: strangers.put(f, "action", [[0.1], [0.2, 0.3, 0.4], [0.5, 0.6]] * 3, LISTS),
         "different lengths|numbers of action"),
        (lambda f: strangers.put(f, "action", [[NAN if k == 6 else 0.1] for k in range(9)]),
         "step 1 of its episode 1: .*nan"),
        (lambda f: shutil.copy(f / ROWS, f / "data/chunk-000/file-001.parquet"),
         "holds its episode 0 twice"),
        (lambda f: strangers.put(f, "action", [["x"]] * 9, pa.list_(pa.string())), "are not 9 x 1"),
        (lambda f: strangers.put(f, "episode_index", [None] * 9), "damaged"),
        (lambda f: strangers.put(f, "action", [[0.0]] * 8 + [None]), "different lengths"),
    ],
)  # fmt: skip
def test_a_dataset_that_is_not_what_it_says_is_one_sentence(
    tmp_path: Path, edit: Callable[[Path], Any], said: str
) -> None:
    folder = strangers.lerobot(tmp_path / "in")
    edit(folder)
    with pytest.raises(InputError, match=said) as refused:
        taken(folder, tmp_path / "m")
    assert "\n" not in str(refused.value)


def test_a_sensor_without_numbers_is_left_out(tmp_path: Path) -> None:
    folder = strangers.lerobot(tmp_path / "in")
    strangers.put(folder, "observation.effort", [[]] * 9, LISTS)
    effort = {"observation.effort": {"dtype": "float32", "shape": [0]}}
    strangers.change(folder, lambda about: about["features"].update(effort))
    memory, came = taken(folder, tmp_path / "m")
    with memory:
        assert [s.name for s in memory.spec.sensors] == ["state", "top"]
        assert "Left out, rumpus has no place for them: observation.effort." in came.lost


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int64", "float64"])
def test_motor_commands_of_any_width_are_scaled_by_their_own_range(
    tmp_path: Path, dtype: str
) -> None:
    folder = strangers.lerobot(tmp_path / "in", action=dtype.replace("float64", "double"))
    low, high = (-100, 120) if dtype != "uint8" else (10, 250)
    strangers.change(folder, lambda about: about["features"]["action"].update(dtype=dtype))
    commands = [low, high, *[(low + high) // 2] * 7]
    strangers.put(folder, "action", [[command] for command in commands])
    memory, _ = taken(folder, tmp_path / "m")
    with memory:
        assert memory.spec.motor_ranges == ((low, high),)
        np.testing.assert_allclose(memory.executed_actions[:3, 0], [-1.0, 1.0, 0.0], atol=1e-6)


BOX = {"type": "Box", "dtype": "float32", "low": [-1.0], "high": [1.0], "shape": [1]}


@pytest.mark.parametrize(
    ("space", "told", "said"),
    [
        ("observation_space", {"type": "Dict", "subspaces": {}}, "there can be no robot"),
        (
            "observation_space",
            {"type": "Discrete", "n": 5},
            "observation 'observation' is Discrete",
        ),
        ("action_space", {"type": "Discrete", "n": 5}, "its action is Discrete"),
        ("action_space", BOX | {"low": [float("-inf")]}, "its action has no limits"),
        ("action_space", BOX | {"dtype": "int64"}, "its action is Box int64"),
    ],
)
def test_a_minari_dataset_of_no_robot_is_refused_by_what_it_is(
    tmp_path: Path, space: str, told: dict[str, Any], said: str
) -> None:
    folder = strangers.minari(tmp_path / "in")
    about = json.loads((folder / strangers.META).read_text())
    (folder / strangers.META).write_text(json.dumps(about | {space: json.dumps(told)}))
    with pytest.raises(InputError, match=said):
        minari_spec(folder)


def test_an_empty_minari_sensor_is_none_and_a_picture_in_bytes_is_one(tmp_path: Path) -> None:
    folder = strangers.minari(tmp_path / "in")
    about = json.loads((folder / strangers.META).read_text())
    spaces = json.loads(about["observation_space"])
    spaces["subspaces"]["nothing"] = BOX | {"shape": [0], "low": [], "high": []}
    (folder / strangers.META).write_text(
        json.dumps(about | {"observation_space": json.dumps(spaces)})
    )
    with h5py.File(folder / strangers.HDF5, "r+") as file:
        for group in file.values():
            pictures = [png(picture) for picture in group["observations/eye"][:]]
            del group["observations/eye"]
            rows = group.create_dataset(
                "observations/eye", (len(pictures),), h5py.vlen_dtype(np.uint8)
            )
            for k, picture in enumerate(pictures):
                rows[k] = np.frombuffer(picture, np.uint8)
    spec = minari_spec(folder)
    assert [sensor.name for sensor in spec.sensors] == ["eye", "arm"]
    with Memory.create(tmp_path / "m", spec) as memory:
        told = import_minari(folder, memory)
        assert memory.frames("eye")[:, 0, 0, 0].tolist() == [0] * 5 + [1] * 4
        assert "Pictures of 'eye' were JPEG: not exactly what was seen." in told.lost
