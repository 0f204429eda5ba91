"""What the worlds in MuJoCo share: a hand that follows a target, a clock, sensors, named truth.

The leading underscore says that this file is not a world.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import mujoco
import numpy as np

from rumpus.body.robot import check_action
from rumpus.body.sensors.scene import MujocoScene, SensorFactory
from rumpus.body.sensors.suite import SensorSuite
from rumpus.spec import RobotSpec
from rumpus.types import Array, Executed, Observation
from rumpus.worlds.base import State, Trial, World

SUBSTEPS_N = 25
RATE_HZ = 10.0
FREE = int(mujoco.mjtJoint.mjJNT_FREE)
EVERYTHING = int(mujoco.mjtState.mjSTATE_INTEGRATION)
ROUNDING = 1e-6  # an action that the workspace changes by less is as it was asked for


class SimulatedWorld(World):
    """One scene with a hand on position motors, moved one control step (0.1 s) at a time.

    The first actuators, one for each axis of the hand, are position servos on slide joints. What
    the world measures and tries is its own.

    Attributes:
        model: the scene as MuJoCo compiled it.
        data: how it stands now.
        names: what its positions are called in a `State`, in the order of the joints.
    """

    names: tuple[str, ...]
    keeps_still = True

    def __init__(
        self, name: str, xml: str, joints: Sequence[str], step_m: Sequence[float],
        sensors: Sequence[SensorFactory], substeps_n: int = SUBSTEPS_N,
    ) -> None:  # fmt: skip
        """Build the scene.

        Args:
            name: the world's.
            xml: the MJCF model.
            joints: every joint by name, the hand's first, one actuator each for the hand's. A free
                joint has seven positions: three of place in m, four of a quaternion.
            step_m: how far an action of 1 moves the hand's target, for each axis of the hand.
            sensors: make the sensors, each from the scene.
            substeps_n: of the simulator in one control step; small things need more.
        """
        self.model = mujoco.MjModel.from_xml_string(xml)
        self.model.opt.timestep = 1 / (RATE_HZ * substeps_n)
        self.data, self._substeps_n = mujoco.MjData(self.model), substeps_n
        found = [self.model.joint(joint) for joint in joints]
        self._address = [int(joint.qposadr[0]) + k for joint in found
                         for k in range(7 if joint.type[0] == FREE else 1)]  # fmt: skip
        ranges = [(int(joint.qposadr[0]), *joint.range) for joint in found]
        names = dict(zip(self._address, self.names, strict=True))
        self.limits = {names[at]: (float(low), float(high)) for at, low, high in ranges
                       if low < high}  # fmt: skip
        self._step_m = np.array(step_m)
        self._hand_n = len(step_m)
        self._steps_n = 0
        mujoco.mj_forward(self.model, self.data)
        scene = MujocoScene(self.model, self.data, self._time_s)
        self._sensors = SensorSuite([make(scene) for make in sensors], name)
        self.spec = RobotSpec(name, self._sensors.specs, self._hand_n, RATE_HZ)

    @abstractmethod
    def clip_to_workspace(self, target: Array) -> Array:
        """Bring the hand's target, float64 (axes,) in m, back into the workspace."""

    @abstractmethod
    def headline_error(self, state: State, goal: State) -> float:
        """How far what is moved is from the goal's, in the unit of `measure`."""

    def observe(self) -> Observation:
        return self._sensors.observe(self._time_s())

    def act(self, action: Array) -> Executed:
        """Move the hand's target from where the hand is, and let the hand follow for 0.1 s.

        Args:
            action: (A,) in [-1, 1], in units of the world's step.

        Returns:
            what the target was really moved by, in the same units.

        Raises:
            InputError: when the action is not A numbers in [-1, 1].
        """
        check_action(action, self.spec)
        # From the hand, not from the last target: a blocked hand winds up no hidden force.
        hand = self.positions()[: self._hand_n]
        target = self.clip_to_workspace(hand + action * self._step_m)
        self.data.ctrl[: self._hand_n] = target
        mujoco.mj_step(self.model, self.data, self._substeps_n)
        mujoco.mj_forward(self.model, self.data)
        self._steps_n += 1
        # Brought back into its workspace, a hand may be sent by a little more than a step.
        moved = np.clip((target - hand) / self._step_m, -1.0, 1.0)
        limited = np.abs(moved - action) > ROUNDING
        executed = np.where(limited, moved, action).astype(np.float32)
        return Executed(executed, "beyond the workspace" if limited.any() else "")

    def stop(self) -> None:
        """Nothing moves between actions, so there is nothing to stop."""

    def state(self) -> State:
        """Where everything is now, by name. For measuring only."""
        return self._named(self.positions())

    def errors(self, state: State, goal: State) -> dict[str, float]:
        """The headline error, and how far the hand is from the goal's, where both are told."""
        errors = {self.measure.name: self.headline_error(state, goal)}
        hand = self.names[: self._hand_n]
        if hand[0] in state:
            errors["hand_error_m"] = distance_m(state, goal, hand)
        return errors

    def stage(self, trial: Trial) -> Observation:
        """Picture the trial's goal, then put the world at the trial's start."""
        self.place(trial.goal)
        goal = self.observe()
        self.place(trial.start)
        return goal

    def positions(self) -> Array:
        """Joint positions, float64 (joints,), in the order given."""
        return np.array(self.data.qpos[self._address])

    def place(self, state: State) -> None:
        """Put everything somewhere, and let it come to rest there."""
        self._settle(self.data, np.array([state[name] for name in self.names]))
        self._sensors.forget()

    def settled(self, positions: Array) -> State:
        """The true state that a picture of the world placed at (joints,) shows; moves nothing."""
        trial = mujoco.MjData(self.model)
        self._settle(trial, positions)
        return self._named(trial.qpos[self._address])

    def touches(self, positions: Array) -> bool:
        """Whether anything would touch with the joints at these positions; moves nothing."""
        trial = mujoco.MjData(self.model)
        trial.qpos[self._address] = positions
        mujoco.mj_forward(self.model, trial)
        return int(trial.ncon) > 0

    def save(self) -> Array:
        """All that decides what happens next, float64 (S,), for `restore`."""
        saved = np.empty(mujoco.mj_stateSize(self.model, EVERYTHING))
        mujoco.mj_getState(self.model, self.data, saved, EVERYTHING)
        return saved

    def restore(self, saved: Array) -> None:
        """Put everything where it was at `save`, here or in another world of this scene."""
        mujoco.mj_setState(self.model, self.data, saved, EVERYTHING)
        # Not mj_forward: it would refresh the solver's start, and the future would differ a little.
        mujoco.mj_kinematics(self.model, self.data)
        self._sensors.forget()

    def _time_s(self) -> float:
        return self._steps_n / RATE_HZ

    def _settle(self, data: mujoco.MjData, positions: Array) -> None:
        """Hold the hand where it is put for one control step, then stop all motion."""
        mujoco.mj_resetData(self.model, data)
        data.qpos[self._address] = positions
        data.ctrl[: self._hand_n] = positions[: self._hand_n]
        mujoco.mj_step(self.model, data, self._substeps_n)
        data.qvel[:] = 0.0
        mujoco.mj_forward(self.model, data)

    def _named(self, positions: Array) -> State:
        return {name: float(value) for name, value in zip(self.names, positions, strict=True)}


def paired(values: Array, count: int, rng: np.random.Generator) -> list[tuple[Any, Any]]:
    """`count` pairs (start, goal) of values (n, ...), each paired with another one at random."""
    shuffled = rng.permutation(values)
    return list(zip(np.roll(shuffled, 1, 0), shuffled, strict=True))[:count]


def distance_m(state: State, goal: State, names: Sequence[str]) -> float:
    """How far apart two states are in the coordinates of those names."""
    return float(np.linalg.norm([state[name] - goal[name] for name in names]))


def servos(joints: Sequence[str]) -> str:
    """Position motors for the hand's joints, as MJCF."""
    motors = "".join(f'<position joint="{joint}"/>' for joint in joints)
    return f"<actuator>{motors}</actuator>"
