"""What can be asked of a memory: how much there is and what it holds."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from rumpus.errors import InputError, WorldError
from rumpus.memory import films, store
from rumpus.memory.episode import Episode
from rumpus.memory.fault import faults
from rumpus.memory.verify import Tick, Verified, verify
from rumpus.memory.view import VIEW_NAME, View
from rumpus.spec import RobotSpec
from rumpus.types import Array, Step


class Remembered:
    """Everything that was appended, to be looked at; `replay/` draws from it.

    Arrays that are handed out are read-only views of what was there when they were asked for.

    Attributes:
        path: the memory's folder.
        spec: the robot whose life it holds.
    """

    path: Path
    spec: RobotSpec
    _store: store.Store
    _view: View

    def __len__(self) -> int:
        return self._view.count

    @property
    def acknowledged(self) -> int:
        """Steps that are durable: no crash takes them away."""
        return self._store.acknowledged

    @property
    def actions(self) -> Array:
        """The wishes, float32 (N, A)."""
        return self._column("action")

    @property
    def executed_actions(self) -> Array:
        """The deeds, float32 (N, A)."""
        return self._column("executed_action")

    @property
    def episode_of(self) -> Array:
        """Episode id of each step, int64 (N,)."""
        return self._column("episode")

    @property
    def time_s(self) -> Array:
        """Capture times on the robot's own clock, float64 (N,)."""
        return self._column("time_s")

    @property
    def goal_index(self) -> Array:
        """The remembered goal commanded at each step, int64 (N,), -1 for none."""
        return self._column("goal_index")

    @property
    def terminated(self) -> Array:
        """Whether each step ended its episode, bool (N,)."""
        return self._column("terminated")

    @property
    def intervention(self) -> Array:
        """Whether a person moved the robot, bool (N,)."""
        return self._column("intervention")

    def captured_s(self, sensor: str) -> Array:
        """When one sensor took each of its readings, float64 (N,), on the clock of `time_s`.

        Raises:
            WorldError: when the robot has no such sensor.
        """
        return self._column("captured_s")[:, self.spec.sensors.index(self.spec.sensor(sensor))]

    @property
    def id(self) -> str:
        """Its name, never given to another memory."""
        return self._store.id

    def room(self) -> dict[str, int]:
        """Bytes on disk of the "store", its "films" and the "view" beside them."""
        inside = {"films": films.FOLDER_NAME, "view": VIEW_NAME}
        store_files = self.path.glob(f"{store.FILE_NAME}*")
        return {
            "store": sum(file.stat().st_size for file in store_files),
            **{name: _bytes_in(self.path / folder) for name, folder in inside.items()},
        }

    def missing(self) -> int:
        """How many acknowledged steps are gone from the disk; a writer is refused where any is.

        Quick, also at a million steps: it counts them and leaves their bytes to `step`. Steps lost
        from the very end are known from `acknowledged` beside the store, see acknowledged.py.
        """
        with faults(self.path):
            return self._store.missing()

    def verify(self, tick: Tick) -> Verified:
        """Look at every byte of it; see verify.py.

        Args:
            tick: told (steps looked at, steps in all) now and then.
        """
        with faults(self.path):
            return verify(self._store, self._view, tick)

    def check(self, step: Step) -> None:
        """Refuse a step that is not of this robot, or not finite.

        Raises:
            WorldError: when the readings are not what the spec says.
            InputError: when an action is not.
        """
        self.spec.check(step.observation.readings)
        if not np.isfinite(step.observation.time_s):
            raise WorldError(
                f"{self.spec.name} gave the capture time {step.observation.time_s}; "
                "seconds on its clock were expected; mend observe()."
            )
        for name, time_s in step.observation.captured_s.items():
            if not np.isfinite(time_s):
                raise WorldError(
                    f"{self.spec.name}: {self.spec.sensor(name).name} gave the capture time "
                    f"{time_s}; seconds on the robot's clock were expected; mend observe()."
                )
        shape = (self.spec.action_size,)
        for name, action in (("action", step.action), ("executed_action", step.executed_action)):
            if action.shape != shape or action.dtype != np.float32 or not np.isfinite(action).all():
                raise InputError(
                    f"{self.spec.name}: {name} came as {action.dtype} {action.shape}, {action}; "
                    f"finite float32 {shape} was expected; mend what chose it."
                )

    def episodes(self) -> list[Episode]:
        """All episodes in order of time."""
        with faults(self.path):
            return self._store.episodes()

    def frames(self, sensor: str) -> Array:
        """All readings of one sensor, uint8 (N, h, w, c) or float32 (N, k).

        Raises:
            WorldError: when the robot has no such sensor.
        """
        return self._view.sensors[self.spec.sensor(sensor).name].rows[: len(self)]

    def refresh(self) -> int:
        return 0

    def present(self, sensor: str) -> Array:
        """At which steps one sensor gave something, bool (N,)."""
        return np.ones(len(self), bool)

    def readings(self, index: int) -> dict[str, Array]:
        """What every sensor said at one step, copied out of memory."""
        return {sensor.name: self.frames(sensor.name)[index].copy() for sensor in self.spec.sensors}

    def step(self, index: int) -> Step:
        """One step as it was appended, reasons included, read from the store and checked.

        Raises:
            InputError: when there is no such step.
            MemoryFault: when its bytes are damaged.
        """
        if not 0 <= index < len(self):
            raise InputError(f"Step {index} was asked of a memory of {len(self)} steps.")
        with faults(self.path):
            return next(step for _, step in self._store.steps(index, index + 1))

    def steps(self, first: int, stop: int) -> Iterator[tuple[int, Step]]:
        """(episode id, step) for the steps first <= index < stop, as `step` reads them.

        Raises:
            MemoryFault: naming the first step whose bytes are damaged.
        """
        with faults(self.path):
            yield from self._store.steps(first, stop)

    def segments(self) -> int:
        """How many stretches of old pictures could become films."""
        with faults(self.path):
            return len(self._store.segments())

    def _column(self, field: str) -> Array:
        return self._view.index.rows[field][: len(self)]


def _bytes_in(folder: Path) -> int:
    """What the files of a folder take on the disk; holes in them take nothing."""
    return sum(file.stat().st_blocks * 512 for file in folder.glob("*"))
