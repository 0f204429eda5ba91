"""A robot of several senses is asked by some of them, and loses one on the way."""

import numpy as np
from curtain import ASKED, Failing, row

from rumpus.play.control import Choice
from rumpus.play.evaluate import TrialConfig, draw_trials
from rumpus.types import Goal, Observation
from rumpus.worlds.curtain import Curtain


class Notes:
    """Notes what it is given to choose by."""

    def __init__(self) -> None:
        self.given = list[set[str]]()

    def choose(self, observation: Observation) -> Choice:
        self.given.append(set(observation.readings))
        return Choice(np.zeros(3, np.float32))

    def interrupt(self) -> Goal | None:
        return None


def test_a_sensor_that_fails_is_there_until_then_and_never_after() -> None:
    notes, world = Notes(), Curtain(0)
    failing = Failing(notes, ("gel",), 2)
    for _ in range(4):
        failing.choose(world.observe())
    every = {"camera", "gel", "joints"}
    assert notes.given == [every, every, every - {"gel"}, every - {"gel"}]


def test_every_question_is_about_sensors_that_the_world_has() -> None:
    names = {sensor.name for sensor in Curtain(0).spec.sensors}
    for absent, failing in ASKED.values():
        assert {*absent, *failing} < names


def test_sled_and_bar_are_told_apart() -> None:
    world = Curtain(0)
    trials = draw_trials(world, TrialConfig(5))
    ends = [{**t.goal, "sled_x_m": t.goal["sled_x_m"] + 0.002} for t in trials]
    told = row("moved", 0, 0, trials, ends, []).metrics
    assert told["median_sled_x_error_m"] == 0.002
    assert told["median_bar_y_error_m"] == 0.0
    assert told["success_rate"] == 0.0  # both are asked for, within 1.5 mm
