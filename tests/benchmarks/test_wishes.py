"""Robots that are taught a wish: where attempts begin, what is shown, and a whole small life."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import wishes
from PIL import Image

from rumpus.run.teaching import TeachConfig


@pytest.mark.parametrize("name", wishes.WORLDS)
def test_attempts_begin_where_the_wish_has_not_come_true_and_are_shown_it(name: str) -> None:
    world = wishes.wishful(name, 0)
    for trial in wishes.attempts(world, 3, 1):
        assert not world.is_success(trial.start)
        assert world.is_success(trial.goal)
        world.stage(trial)
        assert not world.is_success(world.state())
    said = world.act(np.zeros(world.spec.action_size, np.float32)).outcome
    assert said == '{"success": false}'


def test_the_same_seed_asks_for_the_same_attempts() -> None:
    world = wishes.wishful("door", 0)
    one, same, other = (wishes.attempts(world, 3, seed) for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_what_is_shown_is_pictures_of_success(tmp_path: Path) -> None:
    wishes.show("pusher", 0, tmp_path)
    shown = sorted(tmp_path.glob("*.png"))
    assert len(shown) == wishes.SHOWN_N
    pictures = {np.asarray(Image.open(file)).tobytes() for file in shown}
    assert len(pictures) == wishes.SHOWN_N


def test_a_small_life_tells_what_became_of_its_wish(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = {"PLAYED_N": 60, "PART_N": 20, "PARTS_N": 1, "ATTEMPTS_N": 1, "QUESTIONS_N": 2}
    for name, number in small.items():
        monkeypatch.setattr(wishes, name, number)
    monkeypatch.setattr(wishes, "TeachConfig", partial(TeachConfig, updates=3))
    rows = wishes.taught(tmp_path, "pusher", 0, "asked")
    assert [row.variant for row in rows] == [
        "pusher, asked, 0", "pusher, never touch", "pusher, one picture", "pusher, asked"
    ]  # fmt: skip
    assert [row.steps for row in rows] == [80, 80, 80, 100]
    assert rows[1].metrics["success_rate"] == 0.0
    assert rows[-1].metrics["answers_n"] in (1.0, 2.0)
