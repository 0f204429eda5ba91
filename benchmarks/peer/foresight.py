"""Visual foresight as in 2017 to 2019, on the pictures and actions of a rumpus run's memory.

A net predicts the next picture from the last two and an action, and from what it predicted the one
after that. The cross-entropy method searches for actions; what a plan costs is how much the
predicted pictures differ from the goal's, pixel by pixel, added up along the way. Every step is
planned anew. Nothing is compressed and no distance is learned.

Sources: Finn & Levine 2017 (arXiv 1610.00696) for moving the pixels of the last picture instead of
drawing all anew; Ebert 2018 ("Visual Foresight", arXiv 1812.00568) for a flow with a mask, two
pictures before, three iterations and a twentieth of the candidates as elites; Tian 2019
("Manipulation by Feel", arXiv 1903.04128) for pictures of a gel, the goal's picture as cost and 200
candidates at every step. Interview 15:26.

Differs from the papers: pictures of 24 x 24, convolutions without recurrence, 50,000 weights and
minutes of training, so that a processor can do it; correlated noise instead of actions that are
repeated three times; the search is rumpus's own (planning/cem.py), which also keeps elites.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from peer.trial import Sight
from torch import Tensor, nn
from torch.nn import functional as F

from rumpus.memory.memory import Memory
from rumpus.planning.cem import Cem, CemConfig
from rumpus.types import Array

PX, PATCH, BEFORE = 24, 4, 2  # pictures predicted, cut into patches; so many are seen before
GREY = 128.0
FARTHEST = 0.6  # that pixels are moved in a step, in halves of a picture
KEPT = 2.0  # how sure an untrained net is that a picture is moved and not drawn
MOST_GRADIENT = 1.0


@dataclass(frozen=True)
class ForesightConfig:
    """Sizes and rates.

    Attributes:
        width: channels of the net.
        ahead: steps over which it is trained.
        batch: windows of each gradient step.
        learning_rate: of Adam.
        search: 200 candidates, 3 iterations.
    """

    width: int = 48
    ahead: int = 8
    batch: int = 32
    learning_rate: float = 1e-3
    search: CemConfig = CemConfig(horizon=10, candidates=200, elites=10, iterations=3)


class Predictor(nn.Module):
    """The next picture: pictures (N, 3, 24, 24) in [-1, 1] and an action (N, A) to another one."""

    def __init__(self, action_size: int, width: int) -> None:
        super().__init__()
        self.told = nn.Linear(action_size, 3 * width)
        self.first = nn.Conv2d(BEFORE * 3 * PATCH**2, width, 1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.third = nn.Conv2d(width, width, 3, padding=1)
        self.last = nn.Conv2d(width, 6 * PATCH**2, 1)
        at = (torch.arange(PX) + 0.5) * 2 / PX - 1
        y, x = torch.meshgrid(at, at, indexing="ij")
        self.register_buffer("at", torch.stack([x, y], -1))
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # for speed

    def forward(self, before: Tensor, now: Tensor, action: Tensor) -> Tensor:
        """Part of the picture is the last one, moved; the other part is drawn."""
        with torch.autocast(now.device.type, torch.bfloat16):
            told = self.told(action)[..., None, None].chunk(3, 1)
            patches = F.pixel_unshuffle(torch.cat([before, now], 1).bfloat16(), PATCH)
            maps = F.silu(
                self.first(patches.contiguous(memory_format=torch.channels_last)) + told[0]
            )
            maps = maps + F.silu(self.second(maps) + told[1])
            maps = maps + F.silu(self.third(maps) + told[2])
            made = F.pixel_shuffle(self.last(maps), PATCH).float()
        flow, kept, drawn = made[:, :2], made[:, 2:3], made[:, 3:]
        assert isinstance(self.at, Tensor)
        come_from = self.at + FARTHEST * F.softsign(flow).permute(0, 2, 3, 1)
        moved = F.grid_sample(now, come_from, padding_mode="border", align_corners=False)
        kept = (kept + KEPT).sigmoid()
        return kept * moved + (1.0 - kept) * drawn.clamp(-1.0, 1.0)

    def imagine(self, before: Tensor, now: Tensor, actions: Tensor) -> Tensor:
        """What would be seen after each of actions (N, H, A): (N, H, 3, 24, 24)."""
        pictures = []
        for action in actions.unbind(1):
            before, now = now, self(before, now, action)
            pictures.append(now)
        return torch.stack(pictures, 1)


class Foresight:
    """Learns to predict from a memory, and acts by search.

    Args:
        memory: folder of a run's memory.
        seed: of all chance.
        config: sizes and rates.

    Attributes:
        steps: in the memory.
        predictor: the net.
    """

    def __init__(self, memory: Path, seed: int, config: ForesightConfig | None = None) -> None:
        self._config = config = config or ForesightConfig()
        torch.manual_seed(seed)
        self._rng = np.random.default_rng(seed)
        with Memory.open(memory, write=False) as lived:
            self._sensor = next(each.name for each in lived.spec.sensors if each.is_picture)
            pictures, episode = np.array(lived.frames(self._sensor)), np.array(lived.episode_of)
            self._actions = torch.tensor(np.array(lived.executed_actions))
        self.steps = len(pictures)
        self._pictures = torch.cat([reduced(some) for some in np.array_split(pictures, 100)])
        window = BEFORE + config.ahead
        self._begins = np.flatnonzero(episode[window - 1 :] == episode[: 1 - window])
        self.predictor = Predictor(self._actions.shape[1], config.width)
        self._adam = torch.optim.Adam(self.predictor.parameters(), config.learning_rate)
        self._planner = Cem(self._actions.shape[1], config.search)
        self._goal: Sight | None = None
        self._last = torch.empty(0)

    def train(self, count: int) -> None:
        """See `Peer`."""
        for _ in range(count):
            pictures, actions = self.windows(self._config.batch)
            loss = self.wrong(pictures, actions).mean()
            self._adam.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(self.predictor.parameters(), MOST_GRADIENT)
            self._adam.step()

    def windows(self, count: int) -> tuple[Tensor, Tensor]:
        """Pictures (count, T, 3, 24, 24) of unbroken stretches, and the actions between them."""
        begins = torch.tensor(self._rng.choice(self._begins, count))
        rows = begins[:, None] + torch.arange(BEFORE + self._config.ahead)
        return self._pictures[rows], self._actions[rows[:, BEFORE - 1 : -1]]

    def wrong(self, pictures: Tensor, actions: Tensor) -> Tensor:
        """Mean squared error of prediction at each step ahead, (H,)."""
        believed = self.predictor.imagine(pictures[:, 0], pictures[:, 1], actions)
        return (believed - pictures[:, BEFORE:]).square().mean((0, 2, 3, 4))

    @torch.inference_mode()
    def act(self, seen: Sight, goal: Sight) -> Array:
        """See `Peer`; before a trial's first picture there was the same, as far as it knows."""
        now, there = (reduced(each.readings[self._sensor][None]) for each in (seen, goal))
        before = self._last if goal is self._goal else now
        self._goal, self._last = goal, now

        def imagine(actions: Array) -> tuple[Tensor, Array]:
            many = [each.expand(len(actions), -1, -1, -1) for each in (before, now)]
            return self.predictor.imagine(many[0], many[1], torch.tensor(actions)), actions

        def cost(pictures: Tensor) -> Array:
            costs: Array = (pictures - there).square().mean((2, 3, 4)).sum(1).numpy()
            return costs

        first: Array = self._planner.plan(imagine, cost, self._rng).actions[0]
        return first


def reduced(pictures: Array) -> Tensor:
    """Pictures uint8 (N, h, w, 3) to float32 (N, 3, 24, 24), 0 for grey."""
    floats = torch.tensor(pictures).permute(0, 3, 1, 2).float()
    return F.adaptive_avg_pool2d(floats, PX) / GREY - 1.0
