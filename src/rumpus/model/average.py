"""A slow copy of a net: the running average of its weights, steadier than any one of them.

Source: Polyak and Juditsky 1992; as a target net, Lillicrap 2016, algorithm 1.
"""

import copy
from typing import TypeVar

import torch
from torch import nn

Net = TypeVar("Net", bound=nn.Module)


def slow_copy(net: Net) -> Net:
    """A copy that no gradient reaches; move it with `follow`."""
    return copy.deepcopy(net).requires_grad_(False)


@torch.no_grad()
def follow(slow: nn.Module, fast: nn.Module, rate: float) -> None:
    """Move every weight of the slow copy a little towards the fast net's; buffers are copied."""
    for ours, theirs in zip(slow.parameters(), fast.parameters(), strict=True):
        ours.lerp_(theirs, rate)
    for kept, seen in zip(slow.buffers(), fast.buffers(), strict=True):
        kept.copy_(seen)
