"""The mind as one object: sees, acts, imagines, learns, is saved and loaded.

Everything it learns comes through `update` (windows of memory) and `practise` (remembered moments
with hindsight goals). It never sees a simulator's truth.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from rumpus.model.average import follow, slow_copy
from rumpus.model.decoder import Decoders
from rumpus.model.encoder import to_tensors
from rumpus.model.policy import Policy, PolicyConfig
from rumpus.model.temporal_distance import TemporalDistance, TemporalDistanceConfig
from rumpus.model.world_model import WorldModel, WorldModelConfig
from rumpus.objectives.base import Objective
from rumpus.objectives.temporal_distance import TemporalDistanceObjective
from rumpus.planning.cem import Cem, CemConfig
from rumpus.planning.rollout import Follow, Rollout, RolloutConfig
from rumpus.spec import Readings, RobotSpec
from rumpus.types import Array, Batch, Hindsight

Actor = Literal["policy", "planner", "rollout"]


@dataclass(frozen=True)
class AgentConfig:
    """The configs of the parts, composed.

    Attributes:
        actor: what acts when asked: the trained "policy", the "planner" from nothing, or
            "rollout", the policy and other beginnings than its own. In play the policy acts.
        learning_rate: of every Adam.
        policy_batch: moments of each practised batch from which the policy imagines.
        tried_actions: actions tried in imagination, beside the policy's, for each practised moment.
        average_rate: how fast the averaged world model, with which it sees and imagines, and the
            averaged policy, which acts, follow those that learn.
        drawn_windows: windows of each batch of which one imagined moment is drawn.
    """

    world_model: WorldModelConfig = field(default_factory=WorldModelConfig)
    temporal_distance: TemporalDistanceConfig = field(default_factory=TemporalDistanceConfig)
    policy: PolicyConfig = field(default_factory=PolicyConfig)
    planner: CemConfig = field(default_factory=CemConfig)
    rollout: RolloutConfig = field(default_factory=RolloutConfig)
    actor: Actor = "rollout"
    learning_rate: float = 1e-3
    policy_batch: int = 128
    drawn_windows: int = 32
    average_rate: float = 0.01
    tried_actions: int = 2


@dataclass(frozen=True)
class Update:
    """What came of one gradient step.

    Attributes:
        losses: by name.
        surprise: float32 (B,), how wrong each window was imagined.
    """

    losses: dict[str, float]
    surprise: Array


class Agent:
    """A robot's mind.

    Attributes:
        spec: the robot it belongs to.
        learning_model: the world model that the gradient moves.
        world_model: its running average, with which the robot sees and imagines.
        learning_policy: the policy that the gradient moves.
        policy: its running average, which acts.
        latents: (N, D) what each remembered moment means to it now, see `recall`.
    """

    def __init__(self, spec: RobotSpec, config: AgentConfig, seed: int) -> None:
        torch.manual_seed(seed)
        self.chance = torch.Generator().manual_seed(seed)
        self.spec, self.config = spec, config
        self.device = torch.device("cpu")
        size = config.world_model.encoder.latent_size
        self.learning_model = WorldModel(spec, config.world_model)
        self.world_model = slow_copy(self.learning_model).eval()
        self.temporal_distance = TemporalDistance(size, config.temporal_distance)
        self.learning_policy = Policy(size, spec.action_size, config.policy)
        self.policy = slow_copy(self.learning_policy)
        self.decoders = Decoders(spec, size)
        self.planner = Cem(spec.action_size, config.planner)
        self.rollout = Rollout(spec.action_size, config.rollout)
        self.objective: Objective = TemporalDistanceObjective(self.temporal_distance)
        self.latents = torch.zeros(0, size)
        self._places: Tensor | None = None  # until memory or the distance changes
        self.optimisers = {
            name: torch.optim.Adam(part.parameters(), config.learning_rate)
            for name, part in self._parts().items()
            if any(weight.requires_grad for weight in part.parameters())
        }

    def _parts(self) -> dict[str, nn.Module]:
        """What learns, by name."""
        return {
            "learning_model": self.learning_model,
            "world_model": self.world_model,
            "temporal_distance": self.temporal_distance,
            "learning_policy": self.learning_policy,
            "policy": self.policy,
            "decoders": self.decoders,
        }

    # Seeing and acting

    @torch.no_grad()
    def see(self, sensors: Readings) -> Tensor:
        """What readings mean: one moment's sensors to its latent (D,)."""
        latent: Tensor = self.world_model.encoder(to_tensors(sensors, self.device))
        return latent

    @torch.no_grad()
    def react(self, latent: Tensor, goal: Tensor) -> Array:
        """The policy's action towards a goal, at once: (D,) and (D,) to float32 (A,) in [-1, 1]."""
        return _to_array(self.policy(latent, goal))

    @torch.no_grad()
    def act(self, latent: Tensor, goal: Tensor, rng: np.random.Generator) -> Array:
        """The best action towards a goal that it can think of; see `react` and `actor`."""
        if self.config.actor == "policy":
            return self.react(latent, goal)
        score = self.objective.score(goal)
        if self.config.actor == "planner":
            plan = self.planner.plan(self._imagination(latent), score, rng)
        else:
            plan = self.rollout.plan(self._pursuit(latent, goal), score, rng)
        first: Array = plan.actions[0]
        return first

    @torch.no_grad()
    def imagine(self, latent: Tensor, actions: Array) -> Tensor:
        """What would come of actions: (D,) and (H, A) to latents (H, D)."""
        return self._imagination(latent)(actions)

    @torch.no_grad()
    def intend(self, latent: Tensor, goal: Tensor, steps: int, rng: np.random.Generator) -> Tensor:
        """What the robot thinks will happen if it goes for the goal now: latents (steps, D)."""
        latents = []
        for _ in range(steps):
            action = torch.from_numpy(self.act(latent, goal, rng))
            latent = self.world_model.dynamics(latent, action)
            latents.append(latent)
        return torch.stack(latents)

    @torch.no_grad()
    def draw(self, latents: Tensor) -> dict[str, Array]:
        """Latents (H, D) as pictures, uint8 (H, h, w, c) by picture sensor."""
        return self.decoders.draw(latents)

    @torch.no_grad()
    def steps_to(self, latent: Tensor, goal: Tensor) -> float:
        """How many steps it believes lie between (D,) and (D,)."""
        return self.temporal_distance.steps(self.distance(latent, goal))

    @torch.no_grad()
    def distance(self, latent: Tensor, goal: Tensor) -> float:
        """The same in discounted steps, in which it learns and judges: far ones count less."""
        return float(self.temporal_distance(latent, goal))

    # Learning

    def update(self, batch: Batch) -> Update:
        """One gradient step on what happens next, from windows of memory (B, T)."""
        sensors = to_tensors(batch.readings, self.device)
        latents = self.learning_model.encoder(sensors)
        lesson = self.learning_model.lesson(latents, torch.from_numpy(batch.executed_action))
        loss, losses = lesson.loss, dict(lesson.parts)
        if self.decoders:
            windows = self.config.drawn_windows
            drawing = self.decoders.loss(lesson.imagined, sensors, windows, self.chance)
            loss = loss + self.config.world_model.drawing_weight * drawing
            losses["drawing"] = drawing.detach()
        self._descend(["learning_model", "decoders"], loss)
        follow(self.world_model, self.learning_model, self.config.average_rate)
        figures = {name: float(value) for name, value in losses.items()}
        return Update(figures, _to_array(lesson.surprise))

    def recall(self, memories: Iterable[Readings], count: int) -> None:
        """Look at remembered moments again with today's eyes, in order from the first.

        Args:
            memories: chunks of consecutive readings.
            count: N, how many moments they hold together.
        """
        grown = torch.empty(count, self.latents.shape[1])
        first = 0
        for chunk in memories:
            seen = self.see(chunk)
            grown[first : first + len(seen)] = seen
            first += len(seen)
        self.latents, self._places = grown, None

    def practise(self, hindsight: Hindsight) -> dict[str, float]:
        """One gradient step on how far apart moments are and how to get from one to another."""
        here, lived = self.latents[hindsight.index], self.latents[hindsight.index + 1]
        goal = self.latents[hindsight.goal]
        arrived = torch.from_numpy(hindsight.goal == hindsight.index)
        following = torch.cat([lived[None], self._imagined_steps(here, goal)])
        distance_loss = self.temporal_distance.loss(here, following, goal, arrived)
        self._descend(["temporal_distance"], distance_loss)
        self.temporal_distance.follow()
        self._places = None
        batch = slice(self.config.policy_batch)
        policy_loss = self._policy_loss(here[batch], goal[batch])
        self._descend(["learning_policy"], policy_loss)
        follow(self.policy, self.learning_policy, self.config.average_rate)
        return {"distance": float(distance_loss.detach()), "policy": float(policy_loss.detach())}

    @torch.no_grad()
    def places(self) -> Tensor:
        """Every recalled moment as a point, about as far from others as in steps: (N, P)."""
        if self._places is None:
            self._places = self.temporal_distance.metric.places(self.latents)
        return self._places

    # Saving

    def state(self) -> dict[str, Tensor]:
        """All weights, optimiser states and the state of chance by name, for safetensors."""
        tensors = {
            f"{part}.{name}": tensor.contiguous()
            for part, module in self._parts().items()
            for name, tensor in module.state_dict().items()
        }
        tensors["chance"] = self.chance.get_state()
        for name, optimiser in self.optimisers.items():
            for number, moments in optimiser.state_dict()["state"].items():
                for key, value in moments.items():
                    tensors[f"adam.{name}.{number}.{key}"] = value.contiguous()
        return tensors

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Take up a saved state; the robot and the config must be the same."""
        self.chance.set_state(tensors["chance"])
        for part, module in self._parts().items():
            prefix = f"{part}."
            module.load_state_dict(
                {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}
            )
        for name, optimiser in self.optimisers.items():
            state = optimiser.state_dict()
            prefix = f"adam.{name}."
            for key, value in tensors.items():
                if key.startswith(prefix):
                    number, moment = key.removeprefix(prefix).split(".")
                    state["state"].setdefault(int(number), {})[moment] = value
            optimiser.load_state_dict(state)

    # Parts of the above

    def _imagination(self, latent: Tensor) -> Callable[[Array], Tensor]:
        """A function from actions (..., H, A) to imagined latents (..., H, D)."""

        def imagine(actions: Array) -> Tensor:
            start = latent.expand(*actions.shape[:-2], -1)
            return self.world_model.dynamics.rollout(start, torch.from_numpy(actions))

        return imagine

    def _pursuit(self, latent: Tensor, goal: Tensor) -> Follow[Tensor]:
        """A function from beginnings to how they go on when the policy goes for the goal."""

        def follow(beginnings: Array, held: Array) -> tuple[Tensor, Array]:
            here, there = latent.expand(len(held), -1), goal.expand(len(held), -1)
            first, last = torch.from_numpy(beginnings), torch.from_numpy(held)[:, None]
            latents, actions = [], []
            for step in range(self.config.rollout.horizon):
                actions.append(torch.where(step < last, first, self.policy(here, there)))
                here = self.world_model.dynamics(here, actions[-1])
                latents.append(here)
            return torch.stack(latents, 1), _to_array(torch.stack(actions, 1))

        return follow

    def _policy_loss(self, latent: Tensor, goal: Tensor) -> Tensor:
        metric = self.temporal_distance.metric
        metric.requires_grad_(False)  # the policy descends the distance, which must not move
        with torch.autocast(self.device.type, torch.bfloat16):
            loss = self.learning_policy.loss(
                latent, goal, self.world_model.dynamics, self.temporal_distance
            )
        metric.requires_grad_(True)
        return loss

    @torch.no_grad()
    def _imagined_steps(self, here: Tensor, goal: Tensor) -> Tensor:
        """Where the policy's action and some others would lead: (B, D), (B, D) to (K, B, D)."""
        shape = (self.config.tried_actions, len(here), self.spec.action_size)
        others = torch.rand(shape, generator=self.chance) * 2.0 - 1.0
        with torch.autocast(self.device.type, torch.bfloat16):
            actions = torch.cat([self.learning_policy(here, goal)[None], others])
            latents = here.expand(len(actions), -1, -1)
            following: Tensor = self.world_model.dynamics(latents, actions)
        return following.float()

    def _descend(self, names: list[str], loss: Tensor) -> None:
        learning = [name for name in names if name in self.optimisers]
        for name in learning:
            self.optimisers[name].zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        for name in learning:
            torch.nn.utils.clip_grad_norm_(self._parts()[name].parameters(), 10.0)
            self.optimisers[name].step()


def _to_array(tensor: Tensor) -> Array:
    array: Array = tensor.float().cpu().numpy()
    return array
