"""A rumpus run that acts in another way than its own: one part of the mind is left out.

`policy` acts by the policy alone. `latent_l2` searches from nothing by the cross-entropy method and
takes distance in the latent for the cost, as LeWM and DINO-WM do. `cem` is the same search with the
learned temporal distance for the cost, so that the two differ by the cost alone.
"""

from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
from peer.trial import Sight

from rumpus.actor import Actor
from rumpus.memory.memory import Memory
from rumpus.objectives.latent_distance import LatentDistanceObjective
from rumpus.run.session import load_actor
from rumpus.types import Array

WAYS: dict[str, Literal["policy", "cem"]] = {"policy": "policy", "latent_l2": "cem", "cem": "cem"}


class OwnRun:
    """Acts by what a run has learned.

    Args:
        run: its folder; it is only read.
        way: one of `WAYS`.
        seed: of the search.

    Attributes:
        steps: in its memory.
    """

    def __init__(self, run: Path, way: str, seed: int) -> None:
        its = load_actor(run)
        config = replace(its.config, acts_by=WAYS[way])
        self.actor = Actor(its.spec, config, its.nets, its.version, its.encoder_version)
        if way == "latent_l2":
            self.actor.objective = LatentDistanceObjective()
        with Memory.open(run / "memory", write=False) as memory:
            self.steps = len(memory)
        self._rng = np.random.default_rng(seed)

    def train(self, count: int) -> None:
        """See `Peer`; it has learned already."""

    def act(self, seen: Sight, goal: Sight) -> Array:
        """See `Peer`."""
        return self.actor.act(seen.readings, goal.readings, self._rng)
