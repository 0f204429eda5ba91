"""What the worlds in MuJoCo share: a hand that follows a target, a clock, a camera, named truth.

The leading underscore says that this file is not a world.
"""

import copy
from collections.abc import Callable, Sequence

import mujoco
import numpy as np

from rumpus.body.sensors.camera import CameraConfig, RayCamera
from rumpus.errors import InputError, WorldError
from rumpus.spec import RobotSpec
from rumpus.types import Array, Observation
from rumpus.worlds.base import State, Trial, World

SUBSTEPS_N = 25
TIMESTEP_S = 0.004
RATE_HZ = 1 / (SUBSTEPS_N * TIMESTEP_S)
EVERYTHING = int(mujoco.mjtState.mjSTATE_INTEGRATION)


class Simulation:
    """One scene with a hand on position motors, moved one control step (0.1 s) at a time.

    The first actuators, one for each axis of the hand, are position servos on slide joints.

    Attributes:
        model: the scene as MuJoCo compiled it.
        data: how it stands now.
    """

    def __init__(
        self,
        xml: str,
        joints: Sequence[str],
        step_m: Sequence[float],
        limit: Callable[[Array], Array],
        camera: CameraConfig,
    ) -> None:
        """Build the scene.

        Args:
            xml: the MJCF model.
            joints: every joint by name, the hand's first, one actuator each for the hand's.
            step_m: how far an action of 1 moves the hand's target, for each axis of the hand.
            limit: brings a target, float64 (axes,) in m, back into the workspace.
            camera: how the scene is seen.
        """
        self.model = mujoco.MjModel.from_xml_string(xml)
        self.model.opt.timestep = TIMESTEP_S
        self.data = mujoco.MjData(self.model)
        self._address = [int(self.model.joint(name).qposadr[0]) for name in joints]
        self._step_m = np.array(step_m)
        self._limit = limit
        self._hand_n = len(step_m)
        self._steps_n = 0
        mujoco.mj_forward(self.model, self.data)
        self._camera = RayCamera(self.model, self.data, camera)

    def spec(self, name: str) -> RobotSpec:
        """What the robot senses and how it moves."""
        return RobotSpec(name, (self._camera.spec,), self._hand_n, RATE_HZ)

    def observe(self) -> Observation:
        """One picture, with its capture time on the simulated clock."""
        reading = self._camera.read(self.data)
        return Observation({self._camera.spec.name: reading}, self._steps_n / RATE_HZ)

    def act(self, action: Array, name: str) -> None:
        """Move the hand's target from where the hand is, and let the hand follow for 0.1 s.

        Raises:
            WorldError: when the action is not (A,) finite numbers.
        """
        if action.shape != (self._hand_n,) or not np.isfinite(action).all():
            raise WorldError(
                f"{name} was given the action {action.dtype} {action.shape} = {action}, "
                f"but expects {self._hand_n} finite numbers in [-1, 1]; mend the policy."
            )
        # From the hand, not from the last target: a blocked hand winds up no hidden force.
        hand = self.positions()[: self._hand_n]
        target = hand + np.clip(action, -1.0, 1.0) * self._step_m
        self.data.ctrl[: self._hand_n] = self._limit(target)
        mujoco.mj_step(self.model, self.data, SUBSTEPS_N)
        mujoco.mj_forward(self.model, self.data)
        self._steps_n += 1

    def positions(self) -> Array:
        """Joint positions, float64 (joints,), in the order given."""
        return np.array(self.data.qpos[self._address])

    def place(self, positions: Array) -> None:
        """Put everything somewhere, float64 (joints,), and let it come to rest there."""
        self._settle(self.data, positions)

    def settled(self, positions: Array) -> Array:
        """Where `place` would leave everything, float64 (joints,); moves nothing."""
        trial = mujoco.MjData(self.model)
        self._settle(trial, positions)
        return np.array(trial.qpos[self._address])

    def touches(self, positions: Array) -> bool:
        """Whether anything would touch with the joints at these positions; moves nothing."""
        trial = mujoco.MjData(self.model)
        trial.qpos[self._address] = positions
        mujoco.mj_forward(self.model, trial)
        return int(trial.ncon) > 0

    def snapshot(self) -> mujoco.MjData:
        """The scene as it is now, for a camera to look at later."""
        return copy.copy(self.data)

    def save(self) -> Array:
        """All that decides what happens next, float64 (S,), for `restore`."""
        saved = np.empty(mujoco.mj_stateSize(self.model, EVERYTHING))
        mujoco.mj_getState(self.model, self.data, saved, EVERYTHING)
        return saved

    def restore(self, saved: Array) -> None:
        """Put everything where it was at `save`, here or in another simulation of this scene."""
        mujoco.mj_setState(self.model, self.data, saved, EVERYTHING)
        # Not mj_forward: it would refresh the solver's start, and the future would differ a little.
        mujoco.mj_kinematics(self.model, self.data)

    def _settle(self, data: mujoco.MjData, positions: Array) -> None:
        """Hold the hand where it is put for one control step, then stop all motion."""
        mujoco.mj_resetData(self.model, data)
        data.qpos[self._address] = positions
        data.ctrl[: self._hand_n] = positions[: self._hand_n]
        mujoco.mj_step(self.model, data, SUBSTEPS_N)
        data.qvel[:] = 0.0
        mujoco.mj_forward(self.model, data)


class SimulatedWorld(World):
    """A world that is one `Simulation`; what it measures and tries is its own.

    Attributes:
        simulation: the scene.
        names: what its positions are called in a `State`, in the simulation's order.
    """

    names: tuple[str, ...]
    keeps_still = True

    def __init__(self, name: str, simulation: Simulation) -> None:
        """Take up the simulation as the world of that name."""
        self.simulation = simulation
        self.spec = simulation.spec(name)

    def observe(self) -> Observation:
        """One picture, uint8 (48, 48, 3), with its capture time on the simulated clock."""
        return self.simulation.observe()

    def act(self, action: Array) -> None:
        """Move the hand by an action (A,) in [-1, 1] for 0.1 s.

        Raises:
            WorldError: when the action is not A finite numbers.
        """
        self.simulation.act(action, self.spec.name)

    def stop(self) -> None:
        """Nothing moves between actions, so there is nothing to stop."""

    def state(self) -> State:
        """Where everything is now, by name. For measuring only."""
        return self._state(self.simulation.positions())

    def stage(self, trial: Trial) -> Observation:
        """Picture the trial's goal, then put the world at the trial's start."""
        self._place(trial.goal)
        goal = self.observe()
        self._place(trial.start)
        return goal

    def _check_kind(self, kind: str) -> None:
        if kind not in self.trial_kinds:
            raise InputError(
                f"The world {self.spec.name} has no trials of kind '{kind}'; "
                f"choose one of: {', '.join(self.trial_kinds)}."
            )

    def _place(self, state: State) -> None:
        self.simulation.place(np.array([state[name] for name in self.names]))

    def _settled(self, positions: Array) -> State:
        """The true state that a picture of the world placed at (joints,) shows; moves nothing."""
        return self._state(self.simulation.settled(positions))

    def _state(self, positions: Array) -> State:
        return {name: float(value) for name, value in zip(self.names, positions, strict=True)}
