"""The running average of a net's weights, steadier than any one of them.

Source: Polyak and Juditsky 1992; as a target net, Lillicrap 2016, algorithm 1.
"""

import copy
from typing import TypeVar

import torch
from torch import nn

Net = TypeVar("Net", bound=nn.Module)


def averaged_copy(net: Net) -> Net:
    """A copy that no gradient reaches; move it with `move_average`."""
    return copy.deepcopy(net).requires_grad_(False)


@torch.no_grad()
def move_average(average: nn.Module, net: nn.Module, rate: float) -> None:
    """Move every weight of the average a little towards the net's; buffers are copied."""
    torch._foreach_lerp_(list(average.parameters()), list(net.parameters()), rate)
    for kept, seen in zip(average.buffers(), net.buffers(), strict=True):
        kept.copy_(seen)
