"""Skew-Fit and RIG as their authors run them: a VAE's latents, SAC, and goals that were rare.

Play in a world without resets: every 100 steps (pusher: 50) another remembered picture becomes the
goal, drawn with weights p(S)^alpha by the VAE's own likelihood; alpha = 0 is RIG. After each epoch
of 500 steps SAC learns from hindsight, with minus the distance in the VAE's latents as its reward,
and the VAE learns on pictures that are drawn by the same weights.

Source: Skew-Fit (Pong 2020, arXiv 1903.03698), eqs. 5-7 and algorithm 1; RIG (Nair 2018, arXiv
1807.04742). Every number is that of the authors' code, `examples/skewfit/sawyer_door.py` for the
door and `sawyer_push.py` for the pusher, and what is done with it that of
`data_management/online_vae_replay_buffer.py` of rlkit; see sac.py and vae.py for the rest.

Differs from the paper:
    as that code does for the door, goals are remembered pictures and not samples of the VAE's
    prior, for play and in hindsight (as the paper and the code for the pusher have it:
    `goals="prior"`), and RIG is alpha = 0 of the same (`docs/SkewFit.md` of rlkit);
    and unlike that code: trials are in a world of their own and move nothing that play goes on
    with; the pusher's world is not reset either; an action takes 0.1 s and not 0.15 s; each picture
    is kept and encoded once, not as what followed one step and preceded another; densities are not
    computed before the epoch that first uses them; `warm_up` may be shortened, since nothing is
    learned in the 10,000 steps of random motion that are published.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import torch
from peer.sac import Sac, Transitions
from peer.trial import Sight
from peer.vae import Vae, VaeConfig
from torch import Tensor

from rumpus.body.safe_robot import SafeRobot
from rumpus.errors import InputError
from rumpus.types import Array
from rumpus.worlds.base import World

AT_ONCE = 128  # pictures that are encoded together


@dataclass(frozen=True)
class SkewFitConfig:
    """How it plays and learns, with the name of each number in the authors' code.

    Attributes:
        skew_exponent: alpha, `power`: -0.5 for the door, -1 for pusher and pickup, 0 for RIG.
        goals: where goals come from, see above; `exploration_goal_sampling_mode`.
        warm_up: steps before anything is learned; `min_num_steps_before_training`.
        epoch: steps between learning; `num_expl_steps_per_train_loop`.
        path: steps for one goal; `max_path_length`.
        updates: of SAC in each epoch, `num_trains_per_train_loop`.
        batch: transitions in each; `batch_size`.
        capacity: steps that are remembered; `max_size`.
        rollout_share: of a batch with the goals of play; `fraction_goals_rollout_goals`.
        skewed_share: with goals drawn anew; `fraction_goals_env_goals`. The rest has what came
            later in the same path.
        skew_after: the epoch after which goals are skewed; `start_skew_epoch`.
        vae_updates: in each of the first epochs, and in each later one; `custom_schedule`.
        vae_early: how many epochs are the first ones.
        vae_seldom: from which epoch on the VAE learns only after every so many, and how many.
        vae: sizes and rates of the VAE.
    """

    skew_exponent: float = -0.5
    goals: Literal["replay", "prior"] = "replay"
    warm_up: int = 10_000
    epoch: int = 500
    path: int = 100
    updates: int = 1000
    batch: int = 1024
    capacity: int = 100_000
    rollout_share: float = 0.2
    skewed_share: float = 0.5
    skew_after: int = 10
    vae_updates: tuple[int, int] = (1000, 200)
    vae_early: int = 10
    vae_seldom: tuple[int, int] = (300, 3)
    vae: VaeConfig = field(default_factory=VaeConfig)

    def __post_init__(self) -> None:
        if self.warm_up % self.path or self.epoch % self.path:
            raise InputError(
                f"A warm-up of {self.warm_up} steps and epochs of {self.epoch} were asked for, "
                f"expected multiples of the path, {self.path}."
            )
        if not -1.0 <= self.skew_exponent <= 0.0:
            raise InputError(
                f"A skew exponent of {self.skew_exponent:g} was asked for, expected -1 to 0."
            )


RECIPES = {  # for Skew-Fit; RIG is the same with alpha = 0
    "door": SkewFitConfig(),
    "pusher": SkewFitConfig(-1.0, "prior", path=50, vae_seldom=(100, 2), vae=VaeConfig(4)),
}


class Life:
    """The last `capacity` steps: step t has picture t, an action, and picture t + 1 after it.

    Attributes:
        steps: lived in all.
        pictures: uint8 (capacity + 1, 48, 48, 3), as a ring.
        latents: of each, float32 (capacity + 1, D).
        actions: float32 (capacity + 1, A).
        goal_pictures: of each path, as the VAE decoded it then, uint8, as a ring.
        goal_latents: of each of these.
    """

    def __init__(self, config: SkewFitConfig, action_size: int) -> None:
        self.steps, self._path = 0, config.path
        rows, paths = config.capacity + 1, config.capacity // config.path + 2
        size, shape = config.vae.latent_size, (48, 48, 3)
        # Empty, not zeros: no memory is taken before it is lived.
        self.pictures = np.empty((rows, *shape), np.uint8)
        self.latents = np.empty((rows, size), np.float32)
        self.actions = np.empty((rows, action_size), np.float32)
        self.goal_pictures = np.empty((paths, *shape), np.uint8)
        self.goal_latents = np.empty((paths, size), np.float32)

    @property
    def kept(self) -> Array:
        """The steps that can be learned from, oldest first."""
        return np.arange(max(0, self.steps + 1 - len(self.pictures)), self.steps)

    def row(self, step: Any) -> Any:
        """Where the pictures of one step or of some are."""
        return step % len(self.pictures)

    def goal_row(self, step: Any) -> Any:
        """Where the goals of the paths of one step or of some are."""
        return step // self._path % len(self.goal_pictures)

    def later(self, step: Array, rng: np.random.Generator) -> Array:
        """For each step one from it on in the same path, any as likely."""
        left = self._path - step % self._path
        found: Array = step + (rng.random(len(step)) * left).astype(int)
        return found


class SkewFit:
    """Lives in a world, and learns to reach what it saw there.

    Args:
        world: with one camera of 48 x 48 pixels; it is never reset.
        seed: of all chance.
        config: how.
    """

    def __init__(self, world: World, seed: int, config: SkewFitConfig) -> None:
        cameras = [sensor for sensor in world.spec.sensors if sensor.is_picture]
        if [sensor.shape for sensor in cameras] != [(48, 48, 3)]:
            raise InputError(f"{world.spec.name} senses {', '.join(map(str, world.spec.sensors))}; "
                             "Skew-Fit expects one camera of 48 x 48.")  # fmt: skip
        torch.manual_seed(seed)
        self._camera, self._robot, self._config = cameras[0].name, SafeRobot(world), config
        self._rng = np.random.default_rng(seed)
        self._vae = Vae(config.vae)
        self._sac = Sac(2 * config.vae.latent_size, world.spec.action_size)
        self._life = Life(config, world.spec.action_size)
        self._weighed = np.empty(0, int)  # steps, when weights were last computed
        self._cumulative = np.empty(0)  # of their weights; empty while all count the same

    @property
    def steps(self) -> int:
        """See `Peer`."""
        return self._life.steps

    def train(self, count: int) -> None:
        """See `Peer`."""
        life, config = self._life, self._config
        for _ in range(count):
            self._live()
            played = life.steps - config.warm_up
            if played > 0 and played % config.epoch == 0:
                self._learn(played // config.epoch - 1)

    def act(self, seen: Sight, goal: Sight) -> Array:
        """See `Peer`."""
        pictures = np.stack([each.readings[self._camera] for each in (seen, goal)])
        return self._chosen(self._encoded(pictures).ravel(), explore=False)

    def _live(self) -> None:
        """One step of life; every so many with a new goal."""
        life = self._life
        if life.steps == 0:
            self._see()
        here, goal = life.row(life.steps), life.goal_row(life.steps)
        if life.steps % self._config.path == 0:
            latent = torch.from_numpy(self._goals(1))
            life.goal_pictures[goal] = to_bytes(self._vae.decode(latent).detach())[0]
            life.goal_latents[goal] = latent[0]
        both = np.concatenate([life.latents[here], life.goal_latents[goal]])
        life.actions[here] = self._chosen(both, explore=True)
        self._robot.act(life.actions[here])
        life.steps += 1
        self._see()

    def _see(self) -> None:
        here = self._life.row(self._life.steps)
        self._life.pictures[here] = self._robot.observe().readings[self._camera]
        self._life.latents[here] = self._encoded(self._life.pictures[here][None])[0]

    def _goals(self, count: int) -> Array:
        """Latents of goals, float32 (count, D): of what was seen, the rare more often."""
        kept = self._life.kept
        if self._config.goals == "prior" or not len(kept):
            size = (count, self._config.vae.latent_size)
            return self._rng.standard_normal(size).astype(np.float32)
        found: Array = self._life.latents[self._life.row(self._rare(count) + 1)]
        return found

    def _rare(self, count: int) -> Array:
        """Steps drawn by their weights; what they led to is what is meant."""
        kept, cumulative = self._life.kept, self._cumulative
        if not len(cumulative):
            return self._rng.choice(kept, count)
        # Steps lived since the weights were computed are not drawn, as in the authors' code.
        found = np.searchsorted(cumulative, self._rng.random(count) * cumulative[-1], "right")
        steps: Array = self._weighed[np.minimum(found, len(cumulative) - 1)]
        return steps

    def _learn(self, epoch: int) -> None:
        """The end of an epoch: the policy first, then the VAE, then every latent anew."""
        config, life = self._config, self._life
        for _ in range(config.updates):
            self._sac.update(self.batch())
        early, late = config.vae_updates
        seldom, every = config.vae_seldom
        if epoch < seldom or epoch % every == 0:
            for _ in range(early if epoch < config.vae_early else late):
                steps = self._rare(config.vae.batch)
                self._vae.update(to_floats(life.pictures[life.row(steps + 1)]))
            self._refresh(skewed=epoch > config.skew_after)

    def batch(self) -> Transitions:
        """Transitions with goals in three shares: of play, drawn anew, and of what came later."""
        config, life = self._config, self._life
        steps = self._rng.choice(life.kept, config.batch)
        goals = life.goal_latents[life.goal_row(steps)]
        rollout = int(config.batch * config.rollout_share)
        drawn = int(config.batch * config.skewed_share)
        goals[rollout : rollout + drawn] = self._goals(drawn)
        after = life.later(steps[rollout + drawn :], self._rng) + 1
        goals[rollout + drawn :] = life.latents[life.row(after)]
        here, then = life.latents[life.row(steps)], life.latents[life.row(steps + 1)]
        reward = -np.linalg.norm(then - goals, axis=1)
        told = (np.hstack([here, goals]), life.actions[life.row(steps)], reward,
                np.hstack([then, goals]))  # fmt: skip
        return Transitions(*map(torch.from_numpy, told))

    def _refresh(self, skewed: bool) -> None:
        """Encode everything that is kept by the VAE of now, and weigh it."""
        life, config = self._life, self._config
        kept = life.kept
        rows, goals = life.row(np.append(kept, life.steps)), np.unique(life.goal_row(kept))
        for pictures, latents, where in (
            (life.pictures, life.latents, rows), (life.goal_pictures, life.goal_latents, goals)
        ):  # fmt: skip
            for some in np.split(where, range(AT_ONCE, len(where), AT_ONCE)):
                latents[some] = self._encoded(pictures[some])
        if skewed and config.skew_exponent:
            log_densities = [
                self._vae.log_density(to_floats(life.pictures[some])).double().numpy()
                for some in np.split(rows[1:], range(AT_ONCE, len(rows) - 1, AT_ONCE))
            ]
            self._weighed = kept
            weights = skew_weights(np.concatenate(log_densities), config.skew_exponent)
            self._cumulative = np.cumsum(weights)

    def _encoded(self, pictures: Array) -> Array:
        with torch.inference_mode():
            found: Array = self._vae.encode(to_floats(pictures))[0].numpy()
        return found

    def _chosen(self, observation: Array, explore: bool) -> Array:
        found: Array = self._sac.act(torch.from_numpy(observation), explore).numpy()
        return found


def skew_weights(log_densities: Array, skew_exponent: float) -> Array:
    """p(S)^alpha of each step, summing to 1, float64 (N,). Source: Skew-Fit, eqs. 5-6."""
    powers = skew_exponent * log_densities
    weights: Array = np.exp(powers - powers.max())
    weights /= weights.sum()
    return weights


def to_floats(pictures: Array) -> Tensor:
    """Pictures uint8 (N, h, w, 3) as float32 (N, 3, h, w) in [0, 1]."""
    return torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255


def to_bytes(pictures: Tensor) -> Array:
    """The way back."""
    found: Array = (pictures * 255).byte().permute(0, 2, 3, 1).numpy()
    return found
