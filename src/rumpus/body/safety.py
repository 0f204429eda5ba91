"""The last word before a motor: what was wished becomes what is done, with the reason."""

from dataclasses import dataclass

import numpy as np

from rumpus.errors import InputError
from rumpus.spec import RobotSpec
from rumpus.types import Array


@dataclass(frozen=True)
class Limited:
    """A deed.

    Attributes:
        action: float32 (A,) in [-1, 1].
        reason: why it is not the wish, or "".
    """

    action: Array
    reason: str


def limit(action: Array, spec: RobotSpec) -> Limited:
    """Turn a wish into a deed that the robot may carry out.

    Raises:
        InputError: when the wish is not A finite numbers; nothing is done then.
    """
    if action.shape != (spec.action_size,) or not np.isfinite(action).all():
        raise InputError(
            f"{spec.name} was given the action {action}; expected {spec.action_size} finite "
            "numbers in [-1, 1]; nothing was moved."
        )
    deed = np.clip(action, -1.0, 1.0).astype(np.float32)
    return Limited(deed, "" if np.array_equal(deed, action) else "beyond [-1, 1]")
