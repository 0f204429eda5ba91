"""The half of the mind that learns: parts, device, optimisers. It gives actors away as snapshots.

Everything it learns comes in batches: windows of stored steps for the world model, windows of what
the encoder of now says of them for the dynamics, steps with goals for value and policy. It knows no
memory and no position in one, and never a simulator's truth.

The average of a world model in motion lags behind it, so the dynamics that go with the averaged
encoder learn on their own (decision 3, rows 57 to 62).
"""

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rumpus.actor import Actor, MindConfig, Nets
from rumpus.model.decoder import Decoders
from rumpus.model.device import CPU, all_to_device, to_array, to_device
from rumpus.model.dynamics import Dynamics
from rumpus.model.ensemble import Ensemble
from rumpus.model.part import Part, join, split
from rumpus.model.policy import Policy
from rumpus.model.temporal_distance import TemporalDistance
from rumpus.model.time_map import TimeMap
from rumpus.model.world_model import WorldModel
from rumpus.spec import RobotSpec
from rumpus.types import Array, Batch, GoalBatch, TokenBatch

COMPARED = 64  # goals of which the most alike is taken, in the end; of 512 the policy learns worse
HARDER_EVERY = 64  # updates of value and policy after which one more goal is compared
ALIKE = 1e-3  # latents (D,) of length sqrt(D) that are no farther apart tell the same


@dataclass(frozen=True)
class Update:
    """What came of one gradient step of the world model.

    Attributes:
        losses: by name.
        window_error: float32 (B,), how wrongly each window was imagined.
    """

    losses: dict[str, float]
    window_error: Array


class Learner:
    """A mind that learns.

    Attributes:
        spec: the robot it belongs to.
        config: of its parts.
        device: where its nets are.
        world_model: predicts; its average encodes for the actors.
        dynamics: imagine for the actors, and learn from what that average says.
        temporal_distance: judges how far steps are apart.
        time_map: puts steps where those distances can be seen.
        policy: acts; its average acts in the actors.
        decoders: draw what is imagined.
        ensemble: doubts what is imagined.
        world_model_updates: gradient steps of the world model so far.
        policy_updates: gradient steps of distance and policy so far.
    """

    def __init__(
        self, spec: RobotSpec, config: MindConfig, seed: int,
        device: torch.device = CPU,
    ) -> None:  # fmt: skip
        """A mind that has learned nothing, all chance in it drawn from the seed."""
        torch.manual_seed(seed)
        self._chance = torch.Generator().manual_seed(seed)
        self.spec, self.config, self.device = spec, config, device
        size = config.world_model.encoder.latent_size
        rate, average = config.learning_rate, config.average_rate
        # One after the other, so that the same seed gives the same weights.
        world_model = WorldModel(spec, config.world_model).to(device)
        distance = TemporalDistance(size, config.temporal_distance).to(device)
        policy = Policy(size, spec.action_size, config.policy).to(device)
        decoders = Decoders(spec, size).to(device)
        self.world_model = Part(world_model, rate, average)
        self.temporal_distance = Part(distance, rate)
        self.policy = Part(policy, rate, average)
        self.decoders = Part(decoders, rate)
        dynamics = Dynamics(size, spec.action_size, config.world_model.hidden).to(device)
        self.dynamics = Part(dynamics, rate, average)
        self.time_map = Part(TimeMap(size, config.time_map).to(device), rate)
        self.ensemble = Part(Ensemble(size, spec.action_size, config.ensemble).to(device), rate)
        self.world_model_updates = self.policy_updates = 0

    @property
    def parts(self) -> dict[str, Part[Any]]:
        """What learns, by name."""
        return {
            "world_model": self.world_model, "temporal_distance": self.temporal_distance,
            "policy": self.policy, "decoders": self.decoders, "dynamics": self.dynamics,
            "time_map": self.time_map, "ensemble": self.ensemble,
        }  # fmt: skip

    def snapshot(self) -> Actor:
        """What was learned so far, frozen."""
        model = self.world_model.average
        nets = (
            model.encoder, self.dynamics.average, self.temporal_distance.average,
            self.time_map.average, self.policy.average, self.decoders.average,
            self.ensemble.average,
        )  # fmt: skip
        frozen = Nets(*(copy.deepcopy(net) for net in nets))  # type: ignore[arg-type]
        version = self.world_model_updates + self.policy_updates
        return Actor(self.spec, self.config, frozen, version, self.world_model_updates)

    def update_world_model(self, batch: Batch) -> Update:
        """One gradient step on what happens next, from windows of stored steps."""
        readings = all_to_device(batch.readings, self.device)
        present = self._present(batch.present)
        model = self.world_model.learned
        tokens = model.encoder.tokens(readings, present)
        shown = self._some_hidden(present, batch.action.shape[:2])
        latents = model.encoder.combine(tokens, shown)
        told = model.loss(latents, to_device(batch.action, self.device))
        loss, losses = told.loss, dict(told.parts)
        if self.decoders.learned:
            decoding = self.decoders.learned.loss(latents, readings, shown, self._chance)
            loss = loss + self.config.world_model.decoder_weight * decoding
            losses["decoding"] = decoding.detach()
        self._descend(loss, self.world_model, self.decoders)
        self.world_model_updates += 1
        return Update(
            {name: float(value) for name, value in losses.items()}, to_array(told.window_error)
        )

    def update_dynamics(self, batch: TokenBatch) -> dict[str, float]:
        """One gradient step on what the latents of today's encoder become.

        Raises:
            ValueError: when the batch's tokens were made by another encoder than today's.
        """
        self._check_encoder(batch.encoder_version)
        latents = self._latent(batch.tokens, batch.present)
        actions = to_device(batch.action[:, :-1], self.device)
        with torch.autocast(self.device.type, torch.bfloat16):
            imagined = self.dynamics.learned.imagine(latents[:, 0], actions)
        loss = (imagined.float() - latents[:, 1:]).square().mean()
        self._descend(loss, self.dynamics)
        first = latents[:, 0], actions[:, 0]
        apart = self.ensemble.learned.loss(*first, latents[:, 1])
        self._descend(apart, self.ensemble)
        self.ensemble.learned.follow(*first, self.dynamics.average(*first))
        return {"dynamics": float(loss.detach()), "ensemble": float(apart.detach())}

    def update_value_and_policy(self, batch: GoalBatch) -> dict[str, float]:
        """One gradient step on how far steps are apart and how to get from one to another.

        Raises:
            ValueError: when the batch's tokens were made by another encoder than today's.
        """
        self._check_encoder(batch.encoder_version)
        here = self._latent(batch.tokens, batch.present)
        following = self._latent(batch.next_tokens, batch.present)
        goal = self._latent(batch.goal_tokens, batch.goal_present)
        goal, arrived = self.near_goals(batch, goal)
        possible = torch.cat([following[None], self._imagined_steps(here, goal)])
        distance_loss = self.temporal_distance.learned.loss(here, possible, goal, arrived)
        self._descend(distance_loss, self.temporal_distance)
        self.temporal_distance.learned.move_target()
        some = slice(self.config.policy_batch)
        policy_loss = self._policy_loss(here[some], goal[some])
        self._descend(policy_loss, self.policy)
        map_loss = self._map_loss(here[some], goal[some])
        self._descend(map_loss, self.time_map)
        self.policy_updates += 1
        losses = {"distance": distance_loss, "policy": policy_loss, "time_map": map_loss}
        return {name: float(loss.detach()) for name, loss in losses.items()}

    @torch.no_grad()
    def near_goals(self, batch: GoalBatch, goal: Tensor) -> tuple[Tensor, Tensor]:
        """Change the last goals of a batch for those most like their steps, of some in the batch.

        Where the hand has arrived and the thing has not, pictures are almost alike, and yet many
        steps are left. Goals that lie ahead or anywhere are seldom so, and then believed near.
        It is mining of hard negatives within a batch (FaceNet, Schroff 2015, section 3.2), of more
        and more goals: who cannot yet tell moments apart learns from like ones that all is far.
        What is compared is told by the sensors that matter in the goal, in both: by all its sensors
        no step is like a goal that a gel alone tells.

        Args:
            batch: steps and their goals.
            goal: (B, D), those goals' latents.

        Returns:
            goals (B, D), and whether they are the step itself, (B,) bool.
        """
        goal, arrived = goal.clone(), to_device(batch.arrived, self.device).clone()
        first = len(goal) - int(self.config.near_goals * len(goal))
        others = slice(min(1 + self.policy_updates // HARDER_EVERY, COMPARED))
        told = batch.present & batch.goal_present
        for sensors in np.unique(told[first:][told[first:].any(1)], axis=0):
            rows = first + np.flatnonzero((told[first:] == sensors).all(1))
            steps = self._latent(batch.tokens[rows], told[rows])
            goals_tell = np.broadcast_to(sensors, batch.goal_present[others].shape)
            goals = self._latent(batch.goal_tokens[others], goals_tell)
            apart = torch.cdist(steps, goals, compute_mode="donot_use_mm_for_euclid_dist")
            apart[apart < ALIKE] = torch.inf  # the step itself, or nothing happened meanwhile
            untold = (sensors & ~batch.goal_present[others]).any(1)
            apart[:, to_device(untold, self.device)] = torch.inf
            least, nearest = apart.min(1)
            found = torch.isfinite(least)
            changed = to_device(rows, self.device)[found]
            goal[changed], arrived[changed] = goals[nearest[found]], False
        return goal, arrived

    def state_dict(self) -> dict[str, Tensor]:
        """All weights, optimiser states and the state of chance by name, for safetensors."""
        tensors = join({name: part.state_dict() for name, part in self.parts.items()})
        return tensors | {"chance": self._chance.get_state()}

    def load_state_dict(self, tensors: dict[str, Tensor], updates: tuple[int, int]) -> None:
        """Take up a saved state.

        Args:
            tensors: of `state_dict`; robot and config must be the same.
            updates: gradient steps behind it, of the world model and of the policy.

        Raises:
            RuntimeError: when it is of another mind.
            KeyError: when something is missing.
        """
        self._chance.set_state(tensors["chance"])
        for name, part in self.parts.items():
            part.load_state_dict(split(name, tensors))
        self.world_model_updates, self.policy_updates = updates

    # Parts of the above

    def _check_encoder(self, version: int) -> None:
        if version != self.world_model_updates:
            raise ValueError(
                f"The batch was encoded by version {version} of the encoder, expected "
                f"{self.world_model_updates}: encode the working set again."
            )

    def _present(self, present: Array) -> Tensor | None:
        """Which readings are there, bool (..., S); None where all are."""
        return None if present.all() else to_device(present, self.device)

    def _some_hidden(self, present: Tensor | None, shape: tuple[int, int]) -> Tensor | None:
        """What the world model is told by, bool (B, T, S): in some windows not every sensor."""
        sensors, (windows, steps) = len(self.spec.sensors), shape
        if sensors == 1:
            return present
        shown = torch.rand(windows, sensors, generator=self._chance) < 0.5
        whole = torch.rand(windows, generator=self._chance) >= self.config.hidden_sensor_rate
        kept = torch.randint(sensors, (windows,), generator=self._chance)
        shown[whole] = True
        shown[torch.arange(windows), kept] = True  # one at least
        told = shown.to(self.device)[:, None].expand(-1, steps, -1)
        return told if present is None else told & present

    @torch.no_grad()
    def _latent(self, tokens: Array, present: Array) -> Tensor:
        """Tokens that the average encoder made, as latents (B, D)."""
        there = self._present(present)
        encoder = self.world_model.average.encoder
        return encoder.combine(to_device(tokens, self.device), there)

    @torch.no_grad()
    def _imagined_steps(self, here: Tensor, goal: Tensor) -> Tensor:
        """Where the policy's action and some others would lead: (B, D), (B, D) to (K, B, D)."""
        shape = (self.config.tried_actions, len(here), self.spec.action_size)
        others = (torch.rand(shape, generator=self._chance) * 2.0 - 1.0).to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16):
            actions = torch.cat([self.policy.learned(here, goal)[None], others])
            latents = here.expand(len(actions), -1, -1)
            following: Tensor = self.dynamics.average(latents, actions)
        return following.float()

    def _policy_loss(self, latent: Tensor, goal: Tensor) -> Tensor:
        distance = self.temporal_distance.learned
        distance.net.requires_grad_(False)  # the policy descends it, and it must not move
        with torch.autocast(self.device.type, torch.bfloat16):
            loss = self.policy.learned.loss(latent, goal, self.dynamics.average, distance)
        distance.net.requires_grad_(True)
        return loss

    def _map_loss(self, latent: Tensor, goal: Tensor) -> Tensor:
        with torch.no_grad():
            apart = self.temporal_distance.learned(latent, goal)
        return self.time_map.learned.loss(latent, goal, apart)

    def _descend(self, loss: Tensor, *parts: Part[Any]) -> None:
        for part in parts:
            part.clear_gradient()
        loss.backward()  # type: ignore[no-untyped-call]
        for part in parts:
            part.descend()
