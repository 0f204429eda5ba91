"""A goal without a picture: numbers by name, of the robot's sensors or of its world's truth."""

from collections.abc import Callable, Mapping

import numpy as np

from rumpus.errors import InputError
from rumpus.spec import Readings
from rumpus.types import Array
from rumpus.worlds.base import State, World

LOOKED_AT = 200  # trials of the world's own, among which what comes nearest is looked for


def named_numbers(text: str) -> dict[str, Array]:
    """What "joints=0.1,0.2,gripper=1" asks for: float32 (k,) by name.

    Raises:
        InputError: when it is not of that form.
    """
    named: dict[str, list[float]] = {}
    numbers: list[float] | None = None
    for part in text.split(","):
        name, equals, number = part.rpartition("=")
        if equals:
            numbers = named.setdefault(name.strip(), [])
        try:
            if numbers is None or (equals and (numbers or not name.strip())):
                raise ValueError
            value = float(number)
            if not np.isfinite(value):
                raise ValueError
        except ValueError:
            raise InputError(
                f"The goal '{text}' cannot be read at '{part.strip()}'; expected name=number, or "
                "name=number,number,... where it has several, each name once."
            ) from None
        numbers.append(value)
    return {name: np.array(values, np.float32) for name, values in named.items()}


def named_readings(
    text: str, world: World, elsewhere: Callable[[], World]
) -> tuple[Readings, tuple[str, ...]]:
    """The readings that numbers by name ask for, and notices for the person.

    Of sensors, they are what is to be read. Of the world's truth (an angle, a place), what the
    sensors read there is taken from the trial of the world's own whose goal comes nearest: so the
    goal is a place that can be reached, with everything else as it may be there.

    Args:
        text: names and numbers, see `named_numbers`.
        world: where the robot is; it is only asked how it stands.
        elsewhere: makes that world again, to take the picture in.

    Raises:
        InputError: when the names are neither, or the numbers do not fit.
    """
    named = named_numbers(text)
    sizes = {s.name: s.shape[0] for s in world.spec.sensors if not s.is_picture}
    if set(named) <= set(sizes):
        for name, numbers in named.items():
            if numbers.size != sizes[name]:
                raise InputError(
                    f"The goal gives {numbers.size} numbers for '{name}', which reads "
                    f"{sizes[name]}; give as many."
                )
        return dict(named), ()
    # Before a second robot is made of a real one, that knows no truth.
    _check_names(named, sizes, world.state(), world.spec.name)
    other = elsewhere()
    try:
        trials = other.trials(LOOKED_AT, 0, other.trial_kinds[0])
        _check_names(named, sizes, trials[0].goal, world.spec.name)
        asked = {name: float(numbers[0]) for name, numbers in named.items()}
        spread = {n: float(np.ptp([trial.goal[n] for trial in trials])) or 1.0 for n in asked}
        nearest = min(
            trials, key=lambda trial: sum(abs(trial.goal[n] - asked[n]) / spread[n] for n in asked)
        )
        readings = other.stage(nearest).readings
    finally:
        other.stop()
    found = ", ".join(f"{name} {nearest.goal[name]:.3g}" for name in asked)
    return readings, (f"The picture that comes nearest has {found}.",)


def _check_names(
    named: Mapping[str, Array], sizes: Mapping[str, int], truth: State, owner: str
) -> None:
    """Refuse names of which some are no truth's; those of sensors alone were taken before."""
    for name, numbers in named.items():
        if name not in truth:
            raise InputError(
                f"The goal names '{name}'; give numbers of sensors alone, of which {owner} has "
                f"{', '.join(sizes) or 'none'}, or of what is true of its goals alone: "
                f"{', '.join(truth) or 'nothing is known'}."
            )
        if numbers.size != 1:
            raise InputError(f"The goal gives {numbers.size} numbers for '{name}', which is one.")
