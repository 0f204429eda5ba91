"""A part of the mind: whatever learns by gradients, with its average, its optimiser and its state.

How a gradient step is taken, what is saved and how it comes back stand here, once for all of them.
"""

from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

from rumpus.model.average import averaged_copy, move_average

Net = TypeVar("Net", bound=nn.Module)
STEEPEST = 10.0  # the norm at which gradients are clipped


class Part(Generic[Net]):
    """A net that learns.

    Attributes:
        learned: the net that the gradient moves.
        average: the running average of its weights, or the net itself where none is kept.
    """

    def __init__(self, net: Net, learning_rate: float, average_rate: float = 0.0) -> None:
        """Take a net into the mind.

        Args:
            net: on the device where it will learn.
            learning_rate: of Adam.
            average_rate: how fast the average follows; 0 keeps none.
        """
        self.learned = net
        self.average = averaged_copy(net).eval() if average_rate else net
        self._rate = average_rate
        learns = any(weight.requires_grad for weight in net.parameters())
        self._adam = (
            torch.optim.Adam(net.parameters(), learning_rate, fused=True) if learns else None
        )

    def clear_gradient(self) -> None:
        """Forget the gradient of the step before."""
        if self._adam:
            self._adam.zero_grad()

    def descend(self) -> None:
        """Take one step down the gradient that was accumulated, and move the average."""
        if self._adam:
            torch.nn.utils.clip_grad_norm_(self.learned.parameters(), STEEPEST)
            self._adam.step()
        if self._rate:
            move_average(self.average, self.learned, self._rate)

    def state_dict(self) -> dict[str, Tensor]:
        """Weights, average and optimiser by name, for safetensors."""
        tensors = {f"learned.{name}": t for name, t in self.learned.state_dict().items()}
        if self._rate:
            tensors |= {f"average.{name}": t for name, t in self.average.state_dict().items()}
        state = self._adam.state_dict()["state"] if self._adam else {}
        for number, moments in state.items():
            tensors |= {f"adam.{number}.{key}": value for key, value in moments.items()}
        return {name: tensor.contiguous() for name, tensor in tensors.items()}

    def load_state_dict(self, tensors: dict[str, Tensor]) -> None:
        """Take up a saved state.

        Raises:
            RuntimeError: when it is of another net.
        """
        self.learned.load_state_dict(_below("learned.", tensors))
        if self._rate:
            self.average.load_state_dict(_below("average.", tensors))
        if self._adam:
            state = self._adam.state_dict()
            for key, value in _below("adam.", tensors).items():
                number, moment = key.split(".")
                state["state"].setdefault(int(number), {})[moment] = value
            self._adam.load_state_dict(state)


def join(parts: dict[str, dict[str, Tensor]]) -> dict[str, Tensor]:
    """The tensors of several parts in one dictionary, by part and name."""
    return {f"{part}.{name}": t for part, tensors in parts.items() for name, t in tensors.items()}


def split(part: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Those of one part again."""
    return _below(f"{part}.", tensors)


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}
