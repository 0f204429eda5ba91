"""The measure of imagination: who knows nothing is told so, who goes by no actions too."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import predictions
import pytest
from predictions import HORIZONS, STRETCH_N, figures, imagined, live, measured, onsets

from rumpus.actor import Actor, MindConfig
from rumpus.body.random_motion import smoothed_actions
from rumpus.learner import Learner
from rumpus.memory import Memory
from rumpus.replay.replay import Replay, ReplayConfig
from rumpus.result import Metric
from rumpus.types import Array, Observation, Step
from rumpus.worlds._fingertip import Fingertip
from rumpus.worlds.catalogue import load

DOT = "outside_image:DotEnv"
OUTSIDE = Path(__file__).parents[1] / "outside"
PLAYED_N, UPDATES, FRESH_N = 1000, 100, 300
SMALL = ReplayConfig(windows=16, prioritized_windows=12)
QUICK = MindConfig(average_rate=0.05)  # an average that follows at once


def at_random(folder: Path, world: str, seed: int, steps: int) -> Memory:
    """A memory of random motion."""
    made = load(world, seed)
    memory = Memory.create(folder, made.spec)
    memory.begin_episode("a test")
    for action in smoothed_actions(np.random.default_rng(seed), steps, made.spec.action_size):
        memory.append(Step(made.observe(), action, action))
        made.act(action)
    return memory


def learned(memory: Memory) -> Actor:
    """What a mind learns of a memory in a few seconds."""
    rng = np.random.default_rng(0)
    learner, replay = Learner(memory.spec, QUICK, 0), Replay(memory, SMALL, rng)
    replay.refresh()
    for _ in range(UPDATES):
        learner.update_world_model(replay.batch()[0])
    actor = learner.snapshot()
    replay.encode(actor.tokens, actor.encoder_version, lambda done, total: True)
    for _ in range(2 * UPDATES):
        learner.update_dynamics(replay.token_batch())
    return learner.snapshot()


def told(actor: Actor, memory: Memory, onset: Array) -> dict[str, dict[str, Metric]]:
    found = figures(actor, memory, imagined(actor, memory), onset)
    return {variant: metrics for variant, _, metrics in found}


def share(metrics: dict[str, Metric], name: str = "error") -> float:
    return float(str(metrics[f"{name}_share"]))


@pytest.fixture(scope="module")
def dots(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Memory, Memory]]:
    """Random motion of a dot to learn from, and to measure by."""
    folder = tmp_path_factory.mktemp("dots")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(OUTSIDE)
        with (
            at_random(folder / "played", DOT, 0, PLAYED_N) as played,
            at_random(folder / "fresh", DOT, 1, FRESH_N) as fresh,
        ):
            yield played, fresh


@pytest.fixture(scope="module")
def knowing(dots: tuple[Memory, Memory]) -> Actor:
    return learned(dots[0])


def test_a_mind_that_learned_beats_persistence_and_loses_by_shuffled_actions(
    dots: tuple[Memory, Memory], knowing: Actor
) -> None:
    found = told(knowing, dots[1], np.zeros(FRESH_N, bool))
    assert list(found) == [
        f"{horizon} steps ahead, {kind}" for horizon in HORIZONS for kind in ("all", "without one")
    ]
    for variant, metrics in found.items():
        assert share(metrics) < 0.6, variant
        assert share(metrics, "shuffled") > 2 * share(metrics), variant
        low, high = np.array(metrics["error_interval"]).tolist()
        assert low < share(metrics) < high


def test_who_imagines_what_came_has_no_error_and_who_imagines_no_change_has_all_of_persistences(
    dots: tuple[Memory, Memory], knowing: Actor
) -> None:
    _, fresh = dots
    seen, none = imagined(knowing, fresh), np.zeros(FRESH_N, bool)
    still = seen.start[:, None].expand_as(seen.happened)
    for believed, expected in ((seen.happened, 0.0), (still, 1.0)):
        for _, _, metrics in figures(knowing, fresh, replace(seen, acted=believed), none):
            assert share(metrics) == expected
            decoded, decoder = (
                metrics[f"observation_{name}_per_variance"] for name in ("imagined", "decoder")
            )
            assert (decoded == decoder) == (expected == 0.0)


def test_of_pictures_persistence_is_told_as_a_share_of_their_variance(
    dots: tuple[Memory, Memory], knowing: Actor
) -> None:
    _, fresh = dots
    pictures = fresh.frames("observation").astype(float)
    mean = pictures.mean(0)
    found = told(knowing, fresh, np.zeros(FRESH_N, bool))
    for horizon in HORIZONS:
        begins = np.arange(FRESH_N - HORIZONS[-1])
        apart = ((pictures[begins + horizon] - pictures[begins]) ** 2).mean()
        share_of_it = found[f"{horizon} steps ahead, all"]["observation_persistence_per_variance"]
        assert share_of_it == pytest.approx(apart / ((pictures - mean) ** 2).mean(), abs=1e-3)


@pytest.mark.parametrize("world", [DOT, "door"])
def test_a_mind_that_learned_nothing_does_not_beat_persistence(
    world: str, tmp_path: Path, strangers: None
) -> None:
    with at_random(tmp_path / "memory", world, 1, FRESH_N) as memory:
        found = told(Learner(memory.spec, MindConfig(), 0).snapshot(), memory, np.zeros(FRESH_N))
    for variant, metrics in found.items():
        assert share(metrics) > 1.0, variant
        assert share(metrics, "shuffled") < 1.2 * share(metrics), variant  # nothing to lose


def test_steps_that_did_not_follow_their_actions_are_told_from_those_that_did(
    dots: tuple[Memory, Memory], knowing: Actor, tmp_path: Path
) -> None:
    fresh = dots[1]
    with Memory.create(tmp_path / "torn", fresh.spec) as torn:
        torn.begin_episode("of other actions")
        for step, action in enumerate(np.roll(fresh.actions, FRESH_N // 2, 0)):
            torn.append(Step(Observation(fresh.readings(step), step / 10.0), action, action))
        for variant, metrics in told(knowing, torn, np.zeros(FRESH_N, bool)).items():
            assert share(metrics) > 1.0, variant


# Contact


def test_contact_begins_only_after_rest() -> None:
    touched = np.array([1, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1], bool)
    assert np.flatnonzero(onsets(touched)).tolist() == [7, 13]


def test_windows_are_divided_by_the_onsets_between_their_beginning_and_their_horizon(
    dots: tuple[Memory, Memory], knowing: Actor
) -> None:
    onset, fresh = np.zeros(FRESH_N, bool), dots[1]
    onset[[0, 100]] = True
    found = list(figures(knowing, fresh, imagined(knowing, fresh), onset))
    windows = {variant: count for variant, count, _ in found}
    for horizon in HORIZONS:
        every, held, free = (
            windows[f"{horizon} steps ahead, {kind}"]
            for kind in ("all", "with an onset", "without one")
        )
        assert every == held + free == FRESH_N - HORIZONS[-1]
        assert held == 1 + horizon  # one begins at the first, as many hold the second


@pytest.mark.parametrize("world", ["door", "stick"])
def test_contact_is_where_the_door_moved_and_where_the_fingertip_is_pressed(
    world: str, tmp_path: Path
) -> None:
    with (
        at_random(tmp_path / "played", world, 0, 60) as played,
        Memory.create(tmp_path / "fresh", played.spec) as fresh,
    ):
        actor = Learner(played.spec, MindConfig(), 0).snapshot()
        touched = live(load(world, 7), actor, played, fresh, 2 * STRETCH_N)
        again, contact = load(world, 7), []
        for action in fresh.actions:
            before = again.state()
            again.act(action)
            if isinstance(again, Fingertip):
                contact.append(again.feels())
            else:
                contact.append(abs(again.state()["angle_rad"] - before["angle_rad"]) > 0.001)
    assert touched.tolist() == contact
    assert 0 < sum(contact) < len(contact)


# Figures


def test_an_interval_is_as_wide_as_stretches_differ_however_many_windows_overlap() -> None:
    still = np.ones(400)
    wrong = np.repeat([0.2, 0.4, 0.2, 0.4], 100)
    stretch, alone = np.repeat(np.arange(4), 100), np.arange(400)
    low, high = predictions.share_interval(wrong, still, stretch)
    assert [low, high] == pytest.approx([0.2, 0.4])
    low, high = predictions.share_interval(wrong, still, alone)
    assert 0.28 < low < 0.3 < high < 0.32


def test_a_run_is_measured_shown_and_left_as_it_was(dot: Path, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in dot.rglob("*") if path.suffix == ".safetensors"}
    rows = list(measured(dot, 2 * STRETCH_N, tmp_path / "films"))
    assert {row.seed for row in rows} == {0}
    assert {row.steps for row in rows} == {60}
    assert rows[0].variant == "dot: 1 steps ahead, all"
    assert rows[0].n == 2 * STRETCH_N - HORIZONS[-1]
    assert (tmp_path / "films" / "dot.png").stat().st_size > 1000
    with Memory.open(dot / "memory", write=False) as memory:
        assert len(memory) == 60
    assert {path: path.read_bytes() for path in before} == before


def test_what_is_no_run_is_refused_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["predictions.py", str(tmp_path)])
    with pytest.raises(SystemExit) as refused:
        predictions.main()
    assert refused.value.code == 2
    assert str(tmp_path) in capsys.readouterr().err
