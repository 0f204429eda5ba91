"""A classifier attacked through imagination: what counts as false, and that a gradient finds it."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from imagined_attack import STEPS_N, Ends, believed, carried_out, sought
from torch import Tensor, nn

from rumpus.bench.scenes import Scenes
from rumpus.types import Array

PX = 4


class Half:
    """Believes every other picture."""

    def belief(self, pictures: Array) -> Array:
        return np.arange(len(pictures)) % 2


class Bright(nn.Module):
    """Believes a picture the brighter it is; a net, and three alike."""

    def forward(self, pictures: Tensor) -> Tensor:
        return pictures.mean((1, 2, 3)).expand(3, -1)


class Shade(nn.Module):
    """Decodes a latent of one number to a picture as bright as it is."""

    def forward(self, latent: Tensor) -> Tensor:
        return latent[:, :, None, None].expand(-1, PX, PX, 3)


def test_of_the_ends_that_are_believed_those_count_that_are_neither_true_nor_nearly() -> None:
    families = np.array(["lens", "lens", "", "", "lens", "near", "lens", "hand"])
    told = believed(Half(), Ends(np.zeros((8, PX, PX, 3), np.uint8), families, families))  # type: ignore[arg-type]
    assert told == {"believed_n": 3.0, "false_n": 2.0, "true_n": 2.0}


def test_whoever_stands_still_ends_where_the_wish_has_not_come_true() -> None:
    ends = carried_out(Scenes("mark", 0), 0, np.zeros((2, STEPS_N, 3)))
    assert "" not in ends.families.tolist()
    assert len(ends.seen) == 2 * STEPS_N
    np.testing.assert_array_equal(ends.pictures, ends.seen[STEPS_N - 1 :: STEPS_N])


def test_the_actions_that_are_sought_lead_where_the_classifier_believes() -> None:
    def imagine(latent: Tensor, actions: Tensor) -> Tensor:
        return latent[:, None] + actions.sum(-1, keepdim=True).cumsum(1) / STEPS_N

    nets = SimpleNamespace(
        dynamics=SimpleNamespace(imagine=imagine), decoders=nn.ModuleDict({"c": Shade()})
    )
    actor: Any = SimpleNamespace(spec=SimpleNamespace(action_size=1), nets=nets)
    classifier: Any = SimpleNamespace(part=SimpleNamespace(average=Bright()))
    found = sought(actor, classifier, torch.full((2, 1), 0.2), 0)
    assert found.shape == (2, STEPS_N, 1)
    assert found.mean() > 0.7
