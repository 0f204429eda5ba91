"""Does a sensor keep its promises? Takes fifty readings and answers in sentences."""

from collections.abc import Callable, Iterator

import numpy as np

from rumpus.body.sensors.base import Reading, Sensor
from rumpus.catalogue import make
from rumpus.errors import InputError
from rumpus.finding import Finding, failure, gather, ok, warning
from rumpus.spec import SensorSpec

READINGS = 50


def examine(made_by: Callable[[], Sensor]) -> list[Finding]:
    """Take readings of a sensor and say which promises it keeps.

    Args:
        made_by: makes the sensor.

    Returns:
        findings in the order in which they were looked for; a sensor that raises ends the list
        with its sentence as a failure.

    Raises:
        InputError: when there is no such sensor to be made.
    """
    return gather(lambda: _look(made_by()), "sensor")


def examine_named(name: str) -> list[Finding]:
    """Examine the sensor of that name; one that looks into a scene is given a pendulum."""

    def made() -> Sensor:
        sensor = make("sensor", name, {"scene": _scene})
        if not isinstance(sensor, Sensor):
            raise InputError(
                f"The sensor '{name}' made a {type(sensor).__name__}, expected a rumpus Sensor; "
                "name the sensor's class or a function that returns one."
            )
        return sensor

    return examine(made)


def _scene() -> object:
    from rumpus.body.sensors.scene import swinging_pendulum  # a real sensor needs no simulator

    return swinging_pendulum()


def _look(sensor: Sensor) -> Iterator[Finding]:
    yield _described(sensor.spec)
    tried = [sensor.read() for _ in range(READINGS)]
    yield _spoken(tried)
    given = [reading for reading in tried if reading is not None]
    if given:
        yield _kept(sensor.spec, given)
        yield _timed([reading.captured_s for reading in given])
        yield _apart(given)


def _described(spec: SensorSpec) -> Finding:
    often = f"{spec.rate_hz:g} times a second" if spec.rate_hz else "at every control step"
    sentence = f"It gives {spec.name} {spec.dtype} {spec.shape} {often}."
    usable = spec.name and spec.shape and min(spec.shape) > 0 and spec.rate_hz >= 0.0
    return ok(sentence) if usable else failure(f"{sentence[:-1]}; mend its spec.")


def _spoken(tried: list[Reading | None]) -> Finding:
    silent = sum(reading is None for reading in tried)
    sentence = f"It gave nothing in {silent} of {READINGS} readings"
    if silent == READINGS:
        return failure(f"{sentence}; is it plugged in?")
    first = ", the first one among them" if tried[0] is None else ""
    return ok(f"{sentence}{first}.")


def _kept(spec: SensorSpec, given: list[Reading]) -> Finding:
    for reading in given:
        spec.check(reading.value, "The sensor")
    low = min(float(reading.value.min()) for reading in given)
    high = max(float(reading.value.max()) for reading in given)
    if low < spec.low or high > spec.high:
        return warning(
            f"It ranged over {low:.3g} to {high:.3g}, outside its declared {spec.low:.3g} to "
            f"{spec.high:.3g}; declare what it can read."
        )
    return ok(f"All {len(given):,} readings keep the declared shape, dtype and range.")


def _timed(times_s: list[float]) -> Finding:
    if not np.isfinite(times_s).all():
        return failure("Its capture time is not always a number; mend `captured_s`.")
    if (np.diff(times_s) < 0).any() or (len(times_s) > 1 and times_s[-1] == times_s[0]):
        return failure("Its capture time falls or stands still; mend `captured_s`.")
    return ok(f"Its capture time grew by {times_s[-1] - times_s[0]:.3g} s.")


def _apart(given: list[Reading]) -> Finding:
    """Whether every reading has an array of its own: later ones must not change remembered ones."""
    for index, reading in enumerate(given):
        if any(np.may_share_memory(reading.value, other.value) for other in given[:index]):
            return failure("It gave the same array twice; give a copy of what it read.")
    return ok("Every reading is an array of its own.")
