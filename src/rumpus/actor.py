"""The half of the mind that acts: a frozen snapshot of what was learned, with a version.

It encodes what is sensed, acts, plans, imagines and decodes; it has no optimiser and knows no
memory, so that it can run in any process while the learner goes on learning elsewhere.
"""

import math
from dataclasses import dataclass, field
from typing import Annotated, Literal

import numpy as np
import torch
from msgspec import Meta
from torch import Tensor, nn

from rumpus.catalogue import find
from rumpus.model.decoder import Decoders
from rumpus.model.device import all_to_device, to_array, to_device
from rumpus.model.dynamics import Dynamics
from rumpus.model.encoder import Encoder
from rumpus.model.ensemble import Ensemble, EnsembleConfig
from rumpus.model.policy import Policy, PolicyConfig
from rumpus.model.temporal_distance import TemporalDistance, TemporalDistanceConfig
from rumpus.model.time_map import TimeMap, TimeMapConfig
from rumpus.model.world_model import WorldModelConfig
from rumpus.objectives._irreversibility import Irreversibility
from rumpus.objectives.base import Objective
from rumpus.objectives.temporal_distance import TemporalDistanceObjective
from rumpus.planning._irreversible import Irreversible, IrreversibleConfig
from rumpus.planning.base import Imagine, Plan, Planner, Score
from rumpus.planning.cem import CemConfig
from rumpus.planning.icem import IcemConfig
from rumpus.planning.mppi import MppiConfig
from rumpus.planning.random_shooting import RandomShootingConfig
from rumpus.planning.rollout import RolloutConfig
from rumpus.spec import Readings, RobotSpec
from rumpus.types import Array

CHUNK = 4096  # steps embedded at a time


@dataclass(frozen=True)
class MindConfig:
    """The configs of the mind's parts, composed.

    Attributes:
        world_model: predicts what the sensors will read.
        ensemble: doubts what is imagined.
        temporal_distance: judges how many steps lie between two moments.
        time_map: puts moments where those distances can be seen.
        policy: acts at once.
        cem: plans from nothing, where `acts_by` says so.
        icem: the same with smoother and fewer candidates, where `acts_by` says so.
        mppi: plans by the mean of many courses, where `acts_by` says so.
        random_shooting: plans by chance alone, where `acts_by` says so.
        rollout: plans from the policy, where `acts_by` says so.
        irreversible: explores, where `play.explores_by` says so.
        acts_by: what acts, in play and when asked: the trained "policy", or the planner of that
            name; "rollout", the policy and other beginnings than its own, came nearest to the goals
            of both worlds; by it play reaches more of its goals (row 77).
        learning_rate: of every Adam; the usual one for nets of this size.
        policy_batch: steps of each goal batch from which the policy imagines; a quarter of a
            batch, which costs less and with the averaged policy loses nothing.
        average_rate: how fast the averaged encoder, dynamics and policy, with which it sees,
            imagines and acts, follow those that learn; slow, as an average is steadier.
        near_goals: share of each goal batch whose goals are changed for those most like the step;
            see `Learner.near_goals`; half was no better (row 89).
        tried_actions: actions tried in imagination, beside the policy's, for each step of a goal
            batch; two find a shorter way where the policy has none yet, more cost more.
        hidden_sensor_rate: share of windows that are told by some of the sensors alone, where a
            robot has several, so that any subset of them has a latent that means something.
    """

    world_model: WorldModelConfig = field(default_factory=WorldModelConfig)
    ensemble: EnsembleConfig = field(default_factory=EnsembleConfig)
    temporal_distance: TemporalDistanceConfig = field(default_factory=TemporalDistanceConfig)
    time_map: TimeMapConfig = field(default_factory=TimeMapConfig)
    policy: PolicyConfig = field(default_factory=PolicyConfig)
    cem: CemConfig = field(default_factory=CemConfig)
    icem: IcemConfig = field(default_factory=IcemConfig)
    mppi: MppiConfig = field(default_factory=MppiConfig)
    random_shooting: RandomShootingConfig = field(default_factory=RandomShootingConfig)
    rollout: RolloutConfig = field(default_factory=RolloutConfig)
    irreversible: IrreversibleConfig = field(default_factory=IrreversibleConfig)
    acts_by: Literal["policy", "cem", "icem", "mppi", "random_shooting", "rollout"] = "rollout"
    learning_rate: Annotated[float, Meta(gt=0.0, le=1.0)] = 1e-3
    policy_batch: Annotated[int, Meta(ge=1, le=100_000)] = 128
    average_rate: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.01
    near_goals: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.3
    tried_actions: Annotated[int, Meta(ge=0, le=1_000)] = 2
    hidden_sensor_rate: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.5


class Nets(nn.Module):
    """The nets with which a robot encodes, imagines, judges, acts and decodes."""

    def __init__(
        self, encoder: Encoder, dynamics: Dynamics, distance: TemporalDistance, time_map: TimeMap,
        policy: Policy, decoders: Decoders, ensemble: Ensemble,
    ) -> None:  # fmt: skip
        super().__init__()
        self.encoder, self.dynamics, self.distance = encoder, dynamics, distance
        self.time_map, self.policy, self.decoders = time_map, policy, decoders
        self.ensemble = ensemble


@dataclass(frozen=True)
class Courses:
    """What candidate actions would lead to.

    Attributes:
        latents: (N, H, D), after each step.
        doubt: (N, H), of each step; more than 1 is not to be trusted, see `Ensemble`.
    """

    latents: Tensor
    doubt: Tensor


class Actor:
    """A frozen snapshot of a mind.

    Attributes:
        spec: the robot it belongs to.
        config: of the mind.
        version: gradient steps behind it, of every kind together; 0 has learned nothing.
        encoder_version: gradient steps of the world model behind it: only latents of the same
            encoder version can be compared.
    """

    def __init__(
        self, spec: RobotSpec, config: MindConfig, nets: Nets, version: int, encoder_version: int
    ) -> None:
        """Act by nets that nobody else changes; see `Learner.snapshot` and `fresh_nets`."""
        self.spec, self.config, self.nets = spec, config, nets.eval().requires_grad_(False)
        self.version, self.encoder_version = version, encoder_version
        self.objective: Objective = TemporalDistanceObjective(nets.distance)
        name = "rollout" if config.acts_by == "policy" else config.acts_by
        self.planner: Planner = find("planner", name)(spec.action_size, getattr(config, name))
        self.explorer = Irreversible(spec.action_size, config.irreversible)

    @property
    def device(self) -> torch.device:
        """Where it calculates; all latents that it takes and gives lie there."""
        return next(self.nets.parameters()).device

    # Seeing

    @torch.no_grad()
    def encode(self, readings: Readings, present: Array | None = None) -> Tensor:
        """Readings of some or all sensors, each (..., *shape), to a latent (..., D).

        Args:
            readings: by sensor name.
            present: bool (..., S), which of all sensors gave something in which row; all that are
                there in every row where it is left out.
        """
        there, encoder = all_to_device(readings, self.device), self.nets.encoder
        if present is not None:
            return encoder.combine(encoder.tokens(there), to_device(present, self.device))
        latent: Tensor = encoder(there)
        return latent

    @torch.no_grad()
    def tokens(self, readings: Readings) -> Array:
        """What each sensor says on its own, to be kept: (B, *shape) each to float32 (B, S, D)."""
        return to_array(self.nets.encoder.tokens(all_to_device(readings, self.device)))

    @torch.no_grad()
    def goal_embeddings(self, tokens: Array, present: Array) -> Tensor:
        """Kept tokens (N, S, D), of which bool (N, S) count, as points (N, P).

        Two points lie about as far apart as the steps do in discounted steps.
        """
        points = []
        for first in range(0, max(len(tokens), 1), CHUNK):
            some = tokens[first : first + CHUNK], present[first : first + CHUNK]
            latent = self.nets.encoder.combine(*(to_device(part, self.device) for part in some))
            points.append(self.nets.time_map(latent))
        return torch.cat(points)

    @torch.no_grad()
    def point(self, latent: Tensor) -> Tensor:
        """A latent (D,) as a point (P,) among `goal_embeddings`."""
        point: Tensor = self.nets.time_map(latent)
        return point

    # Acting

    @torch.no_grad()
    def policy_action(self, latent: Tensor, goal: Tensor) -> Array:
        """The policy's action towards a goal, at once: (D,) and (D,) to float32 (A,) in [-1, 1]."""
        return to_array(self.nets.policy(latent, goal))

    @torch.no_grad()
    def plan_action(self, latent: Tensor, goal: Tensor, rng: np.random.Generator) -> Array:
        """The best action towards a goal that it can think of; see `MindConfig.acts_by`."""
        if self.config.acts_by == "policy":
            return self.policy_action(latent, goal)
        first: Array = self.plan(latent, goal, rng).actions[0]
        return first

    @torch.no_grad()
    def plan(
        self, latent: Tensor, goal: Tensor, rng: np.random.Generator, *, last: Plan | None = None,
        deadline_s: float = math.inf,
    ) -> Plan:  # fmt: skip
        """What it would do next, several steps, from (D,) to (D,); see `planning.base.Planner`.

        What is doubted costs a plan, see `EnsembleConfig.weight`.

        Where the policy acts alone, rollouts plan. In play and when asked no planner is given its
        last plan, which brought nothing to rollouts (row 49), so that an action depends on the
        present alone; nor a deadline, by which the same seed would not live the same life.
        """
        imagine, score = self._imagination(latent, goal), self._score(goal)
        return self.planner.plan(imagine, score, rng, last=last, deadline_s=deadline_s)

    @torch.no_grad()
    def explore(self, latent: Tensor, rng: np.random.Generator) -> Array:
        """Actions (K, A) that begin what its policy can undo least, from a latent (D,)."""
        cost = Irreversibility(self.nets.distance).score(latent)
        imagine = self._imagination(latent, latent)
        return self.explorer.plan(imagine, lambda courses: cost(courses.latents), rng).actions

    # Imagining

    def act(
        self, readings: Readings, goal: Readings, rng: np.random.Generator | None = None
    ) -> Array:
        """The best action it can think of, from readings to readings, for a loop of one's own.

        Args:
            readings: what is sensed now, by sensor; one that gave nothing is left out.
            goal: what is to be sensed, of all sensors or of some: the others do not matter.
            rng: chooses what planners try; the same each time where left out.

        Returns:
            float32 (A,) in [-1, 1], for a `SafeRobot`.

        Raises:
            WorldError: when readings are not of the robot it learned from.
        """
        for given in (readings, goal):
            self.spec.check(given, partial=True)
        rng = np.random.default_rng(0) if rng is None else rng
        return self.plan_action(self.encode(readings), self.encode(goal), rng)

    @torch.no_grad()
    def imagine(self, latent: Tensor, actions: Array) -> Tensor:
        """What would come of actions: (D,) and (H, A) to latents (H, D)."""
        return self.nets.dynamics.imagine(latent, to_device(actions, self.device))

    @torch.no_grad()
    def doubt(self, latent: Tensor, actions: Array) -> Array:
        """How much it doubts what it imagines of actions: (D,) and (H, A) to (H,).

        More than 1 is not to be trusted: 99 of 100 lived steps are doubted less.
        """
        return self._doubt(latent, actions, self.imagine(latent, actions))

    @torch.no_grad()
    def imagine_policy(
        self, latent: Tensor, goal: Tensor, steps: int, rng: np.random.Generator
    ) -> tuple[Tensor, Array]:
        """What it believes will happen if it goes for the goal now.

        Returns:
            latents (steps, D), and how much it doubts each, (steps,); see `doubt`.
        """
        here, actions, latents = latent, list[Array](), list[Tensor]()
        for _ in range(steps):
            actions.append(self.plan_action(here, goal, rng))
            here = self.imagine(here, actions[-1][None])[0]
            latents.append(here)
        imagined = torch.stack(latents)
        return imagined, self._doubt(latent, np.stack(actions), imagined)

    @torch.no_grad()
    def decode(self, latents: Tensor) -> dict[str, Array]:
        """Latents (H, D) as pictures, uint8 (H, h, w, c) by picture sensor."""
        return self.nets.decoders.decode(latents)

    # Judging

    @torch.no_grad()
    def distance(self, latent: Tensor, goal: Tensor) -> float:
        """How far (D,) is from (D,) in discounted steps, in which it learns and judges."""
        return float(self.nets.distance(latent, goal))

    def predicted_steps(self, latent: Tensor, goal: Tensor) -> float:
        """How many steps it believes lie between (D,) and (D,)."""
        return self.nets.distance.steps(self.distance(latent, goal))

    # Moving to another process

    def state_dict(self) -> dict[str, Tensor]:
        """All weights by name, for safetensors; the versions are told beside them."""
        return {name: tensor.contiguous() for name, tensor in self.nets.state_dict().items()}

    def _doubt(self, latent: Tensor, actions: Array, imagined: Tensor) -> Array:
        """How much it doubts what it imagined of actions: (D,), (H, A) and (H, D) to (H,)."""
        before, acted = torch.cat([latent[None], imagined[:-1]]), to_device(actions, self.device)
        return to_array(self.nets.ensemble.doubt(before, acted, imagined))

    def _imagination(self, latent: Tensor, goal: Tensor) -> Imagine[Courses]:
        """A function from candidate actions to imagined courses and actions taken."""

        def imagine(candidates: Array) -> tuple[Courses, Array]:
            free = np.any(np.isnan(candidates), axis=2)  # where the policy chooses
            taken = to_device(candidates, self.device).clone()
            here, there = latent.expand(len(taken), -1), goal.expand(len(taken), -1)
            latents = [here]
            for step in range(taken.shape[1]):
                if len(rows := np.flatnonzero(free[:, step])):  # it costs as much as the dynamics
                    own, asked = self.nets.policy(here[rows], there[rows]), taken[rows, step]
                    taken[rows, step] = torch.where(asked.isnan(), own, asked)
                here = self.nets.dynamics(here, taken[:, step])
                latents.append(here)
            before, after = torch.stack(latents[:-1], 1), torch.stack(latents[1:], 1)
            doubt = self.nets.ensemble.doubt(before, taken, after)
            return Courses(after, doubt), to_array(taken)

        return imagine

    def _score(self, goal: Tensor) -> Score[Courses]:
        """What courses cost: what the objective says, and what is doubted in them."""
        cost, weight = self.objective.score(goal), self.config.ensemble.weight

        def score(courses: Courses) -> Array:
            beyond = to_array((courses.doubt - 1.0).clamp(min=0.0).sum(-1))
            total: Array = cost(courses.latents) + weight * beyond
            return total

        return score


def fresh_nets(spec: RobotSpec, config: MindConfig) -> Nets:
    """Nets that have learned nothing, of the sizes in the config."""
    size = config.world_model.encoder.latent_size
    return Nets(
        Encoder(spec, config.world_model.encoder),
        Dynamics(size, spec.action_size, config.world_model.hidden),
        TemporalDistance(size, config.temporal_distance),
        TimeMap(size, config.time_map),
        Policy(size, spec.action_size, config.policy),
        Decoders(spec, size),
        Ensemble(size, spec.action_size, config.ensemble),
    )
