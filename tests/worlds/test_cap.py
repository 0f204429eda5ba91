from collections.abc import Sequence

import numpy as np
import pytest

from rumpus.body.random_motion import smoothed_actions
from rumpus.worlds._magnet import STEP_M
from rumpus.worlds.cap import CAP_M, NECK_M, NECK_X_M, Cap

LYING = {"hand_x_m": -0.04, "hand_y_m": 0.0, "hand_z_m": 0.08, "cap_x_m": -0.04, "cap_z_m": 0.0,
         "block_x_m": 0.0, "block_z_m": 0.0}  # fmt: skip
ABOVE, ON = (NECK_X_M, 0.0, 0.08), (NECK_X_M, 0.0, NECK_M + CAP_M[1])


def go(cap: Cap, places: Sequence[tuple[float, float, float]]) -> None:
    """Send the hand from place to place, straight."""
    for place in places:
        for _ in range(12):
            away = (np.array(place) - cap.positions()[:3]) / STEP_M
            cap.act(away.clip(-1.0, 1.0).astype(np.float32))


def test_the_magnet_puts_the_cap_on_and_leaves_it_and_sideways_takes_it_off() -> None:
    cap = Cap()
    cap.place(LYING)
    go(cap, [(-0.04, 0.0, CAP_M[1]), (-0.04, 0.0, 0.08), ABOVE])
    assert cap.state()["cap_z_m"] > NECK_M
    assert not cap.is_success(cap.state())  # it hangs from the hand
    go(cap, [ON, ABOVE])
    assert cap.is_success(cap.state())
    go(cap, [ON, (-0.02, 0.0, NECK_M + CAP_M[1])])
    assert not cap.is_success(cap.state())


def test_a_block_on_the_bottle_is_no_cap_on_it() -> None:
    cap = Cap()
    cap.place({**LYING, "block_x_m": NECK_X_M, "block_z_m": NECK_M})
    assert not cap.is_success(cap.state())
    cap.place({**LYING, "cap_x_m": NECK_X_M, "cap_z_m": NECK_M})
    assert cap.is_success(cap.state())


def test_before_the_lens_the_hand_hides_the_cap() -> None:
    cap, seen = Cap(), []
    for z_m in (NECK_M, 0.0):
        cap.place({**LYING, "cap_x_m": NECK_X_M - 0.05, "cap_z_m": z_m, "hand_x_m": 0.01,
                   "hand_y_m": -0.1, "hand_z_m": 0.03})  # fmt: skip
        seen.append(cap.observe().readings["camera"].astype(int))
    apart = np.abs(seen[0] - seen[1]).max(-1)
    cap.place({**LYING, "cap_x_m": NECK_X_M - 0.05})
    plain = cap.observe().readings["camera"].astype(int)
    assert (apart > 20).sum() < (np.abs(plain - seen[1]).max(-1) > 20).sum() / 2


@pytest.mark.parametrize("seed", [0, 1])
def test_random_play_puts_it_on_and_takes_it_off(seed: int) -> None:
    cap, on = Cap(seed), []
    for action in smoothed_actions(np.random.default_rng(seed), 3000, 3):
        cap.act(action)
        on.append(cap.is_success(cap.state()))
    changes = np.diff(np.array(on).astype(int))
    assert (changes > 0).any()
    assert (changes < 0).any()


@pytest.mark.parametrize("kind", ["on", "off"])
def test_a_trial_asks_for_the_cap_on_or_off_the_bottle(kind: str) -> None:
    cap = Cap()
    for trial in cap.trials(20, 3, kind):
        assert cap.is_success(trial.goal) == (kind == "on")
        assert cap.is_success(trial.start) == (kind == "off")
