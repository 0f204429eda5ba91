"""What every train phase measures is in the run's log, and changes nothing of what is learned."""

import shutil
from pathlib import Path

import pytest
import torch

from rumpus.play.progress import Progress, Until
from rumpus.run import metrics
from rumpus.run.meter import Meter, fresh
from rumpus.run.play_loop import play
from rumpus.run.session import Asked, begin_or_resume

DOT = "outside_image:DotEnv"


@pytest.mark.parametrize(
    ("before", "now", "came"),
    [
        ([], [(1, True)], [(1, True)]),
        ([(1, True), (2, False)], [(1, True), (2, False)], []),
        ([(1, True), (2, False)], [(2, False), (3, True)], [(3, True)]),
        ([(1, True)], [(2, False), (3, True)], [(2, False), (3, True)]),
    ],
)
def test_attempts_since_are_told_from_those_before(
    before: list[tuple[int, bool]], now: list[tuple[int, bool]], came: list[tuple[int, bool]]
) -> None:
    assert fresh(before, now) == came


def test_every_train_phase_measures_what_was_lived_since(dot: Path) -> None:
    watched: list[Progress] = []
    with begin_or_resume(Asked(DOT), dot) as session:
        play(session, Until(140), watched.append)
        attempts = session.mind.goals.attempts
    with begin_or_resume(Asked(DOT), dot) as session:  # after a restart
        play(session, Until(160), watched.append)
    told = metrics.read(dot)
    assert [m.steps for m in told] == [40, 60, 140, 160]
    assert [m.since for m in told] == [0, 40, 60, 140]
    assert told[0].prediction == {}  # nothing was learned before
    assert set(told[2].prediction) == set(told[2].shuffled) == {"1", "5", "10"}
    assert sum(m.goals_tried for m in told[:3]) == len(attempts) > 0
    assert sum(m.goals_reached for m in told[:3]) == sum(reached for _, reached in attempts)
    firsts = [step for m in told for step in m.firsts]
    assert [m.places for m in told][-1] == len(set(firsts)) == len(firsts) > 1
    assert all(m.since <= step < m.steps for m in told for step in m.firsts)
    assert [m.looked for m in told] == [40, 60, 140, 160]
    assert watched[-1].measured == told[-1] == metrics.newest(dot)


def test_an_attempt_counts_once(dot: Path) -> None:
    with begin_or_resume(Asked(DOT), dot) as session:
        goals, meter = session.mind.goals, Meter(session.run, session.memory, session.mind, 0)
        before = len(goals.attempts)
        for came in ([(7, True), (8, False)], [], [(9, True)]):
            goals.attempts = [*goals.attempts, *came]
            measured = meter.read()
            assert measured.goals_tried == len(came)
            assert measured.goals_reached == sum(reached for _, reached in came)
        assert len(goals.attempts) == before + 3


def test_measuring_changes_nothing_of_what_is_learned(dot: Path) -> None:
    with begin_or_resume(Asked(DOT), dot) as session:
        mind = session.mind
        mind.replay.refresh()

        def everything() -> tuple[object, ...]:
            learned = {name: t.clone() for name, t in mind.learner.state_dict().items()}
            return learned, torch.get_rng_state(), mind.rng.bit_generator.state

        before = everything()
        measured = Meter(session.run, session.memory, mind, 0).read()
        assert measured.windows > 0
        torch.testing.assert_close(everything()[:2], before[:2], rtol=0.0, atol=0.0)
        assert everything()[2] == before[2]


def test_places_that_were_deleted_are_found_again(dot: Path, tmp_path: Path) -> None:
    other = shutil.copytree(dot, tmp_path / "other")
    (other / "places.npz").unlink()
    for path in (dot, other):
        with begin_or_resume(Asked(DOT), path) as session:
            play(session, Until(70), lambda _: None)
    assert metrics.read(other)[-1].looked == metrics.read(dot)[-1].looked == 70


def test_lines_that_were_cut_off_and_those_of_others_are_passed_over(dot: Path) -> None:
    told, log = metrics.read(dot), dot / "metrics.jsonl"
    lines = log.read_bytes()
    changed = lines.splitlines(keepends=True)[0].replace(b'"steps": 40', b'"steps": 41')
    theirs = metrics.sealed("another run", {"steps": 4})
    log.write_bytes(
        b'{"steps": 3, "prog\n\xff\n[1]\n{"steps": 4}\n' + theirs + changed + lines + b'{"st'
    )
    assert metrics.unproved(dot) == 7
    assert metrics.read(dot) == told
    assert metrics.newest(dot) == told[-1]
    figures = metrics.figures(dot)
    assert [steps for steps, _ in figures] == [40, 40, 60, 60]
    assert figures[0][1]["progress/places"] == told[0].places
    assert {"training/prediction", "training/distance"} <= set(figures[1][1])
    assert metrics.proved(dot) == lines
