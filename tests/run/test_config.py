"""One config for every robot, and what an older rumpus wrote of it is understood."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import msgspec
import pytest

from rumpus.catalogue import names
from rumpus.errors import InputError
from rumpus.planning.cem import CemConfig
from rumpus.planning.icem import IcemConfig
from rumpus.run.config import PLANNERS, RunConfig, decode
from rumpus.run.session import Asked, begin_or_resume

LAYOUT_1 = {
    "world": "door",
    "seed": 3,
    "agent": {
        "world_model": {"hidden": 100, "drawing_weight": 2.5, "encoder": {"latent_size": 32}},
        "planner": {"horizon": 5}, "actor": "planner", "tried_actions": 4,
    },
    "play": {"random_steps": 11},
    "learn": {
        "sleep_every": 50, "updates_per_step": 0.25, "practice_per_step": 0.75, "windows": 8,
        "surprising": 4, "moments": 16, "hindsight": {"anywhere": 0.5},
    },
    "skew_fit": {"skew_exponent": -0.5},
}  # fmt: skip


def test_a_config_of_the_first_layout_keeps_every_value() -> None:
    file = decode(json.dumps(LAYOUT_1).encode())
    config = file.config
    assert file.id == ""
    assert (config.world, config.seed) == ("door", 3)
    assert config.mind.world_model.decoder_weight == 2.5
    assert config.mind.world_model.hidden == 100
    assert config.mind.world_model.encoder.latent_size == 32
    assert (config.mind.acts_by, config.mind.cem.horizon) == ("cem", 5)
    assert config.mind.tried_actions == 4
    assert config.play.random_steps == 11
    assert config.train.train_every == 50
    assert config.train.updates_per_step == 0.25
    assert config.train.policy_updates_per_step == 0.75
    assert (config.replay.windows, config.replay.prioritized_windows) == (8, 4)
    assert (config.replay.goal_batch, config.replay.hindsight.anywhere) == (16, 0.5)
    assert config.skew_fit.skew_exponent == -0.5


def test_no_value_of_the_first_layout_is_passed_by() -> None:
    """Each leaf of the old file is a leaf of the new config, under whatever name."""

    def leaves(tree: object) -> list[object]:
        children = tree.values() if isinstance(tree, dict) else ()
        return [leaf for child in children for leaf in leaves(child)] or [tree]

    config = asdict(decode(json.dumps(LAYOUT_1).encode()).config)
    kept = [leaf for leaf in leaves(config) if not isinstance(leaf, dict)]
    wanted = [leaf for leaf in leaves(LAYOUT_1) if leaf != "planner"]
    assert [leaf for leaf in wanted if leaf not in kept] == []


@pytest.mark.parametrize(
    "data",
    [
        b"[]",
        b"{",
        b'{"layout": 4, "id": "", "config": {"world": "door"}}',
        b'{"layout": 2}',
        b'{"layout": 3, "id": "", "config": {"world": "door"}}',
        b'{"laxout": 2, "id": "", "config": {"world": "door"}}',
    ],
)
def test_what_cannot_be_understood_is_refused(data: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(data)


def test_the_hash_of_a_mind_tells_configs_apart() -> None:
    one, other = RunConfig("door"), RunConfig("pusher", 5)
    assert one.mind_hash == other.mind_hash
    changed = decode(json.dumps(LAYOUT_1).encode()).config
    assert changed.mind_hash != one.mind_hash


def test_a_mind_is_the_same_whatever_plans_by_it() -> None:
    one = RunConfig("door")
    mind = replace(
        one.mind, acts_by="icem", icem=IcemConfig(candidates=64), cem=CemConfig(horizon=5)
    )
    assert RunConfig("door", mind=mind).mind_hash == one.mind_hash
    assert set(PLANNERS) == {*names("planner"), "irreversible", "acts_by"}


@pytest.mark.parametrize(
    ("part", "value", "says"),
    [
        ("train", {"train_every": 0}, r"Expected `int` >= 1 - at `\$.config.train.train_every`"),
        ("train", {"train_every": 3}, "in which not one update is due; expected 5 or more"),
        ("replay", {"prioritized_windows": 65}, "65 of 64 windows"),
        ("mind", {"cem": {"candidates": 10}}, "20 elites of 10 candidates"),
    ],
)
def test_a_config_that_no_mind_could_learn_by_is_refused(
    part: str, value: dict[str, float], says: str
) -> None:
    file = {"layout": 2, "id": "", "config": {"world": "door", part: value}}
    with pytest.raises((msgspec.DecodeError, InputError), match=says):
        decode(json.dumps(file).encode())


def test_one_config_serves_camera_touch_and_all_of_them_byte_for_byte(tmp_path: Path) -> None:
    """Interview 15:26: it is the same model, only what is sensed has another shape."""
    written, sensed = set(), set()
    for world in ("door", "pusher", "ball", "stick", "die", "curtain"):
        with begin_or_resume(Asked(world, device="cpu"), tmp_path / world) as session:
            sensed.add(tuple((sensor.name, sensor.shape) for sensor in session.world.spec.sensors))
        said = json.loads((tmp_path / world / "run.json").read_bytes())["config"]
        assert said.pop("world") == world
        written.add(json.dumps(said).encode())
    assert len(written) == 1
    assert len(sensed) >= 3
