"""Somebody's own classifier of success: a Python file with one function.

`learned(evidence)` is given an `Evidence` and gives a function of pictures, uint8 (B, h, w, c),
that says how surely each shows success, float (B,) from 0 to 1. It is called anew whenever there is
more evidence.

The leading underscore says that this file is not a classifier that has a name.
"""

import importlib.util
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from rumpus.catalogue import printing_aside
from rumpus.errors import InputError, WorldError, told
from rumpus.success.base import Evidence, Question
from rumpus.types import Array


class OwnClassifier:
    """Asks a stranger's file what it has learned, and checks what it says."""

    asks: tuple[Question, ...] = ("surest", "random")

    def __init__(self, path: Path) -> None:
        """Load the file.

        Raises:
            InputError: when it is not there, or has no function `learned`.
            WorldError: when it cannot be loaded.
        """
        self._path = path
        spec = importlib.util.spec_from_file_location(path.stem, path)
        if not path.is_file() or spec is None or spec.loader is None:
            raise InputError(
                f"There is no Python file {path} to classify success; name one, or a classifier "
                "of rumpus."
            )
        module = importlib.util.module_from_spec(spec)
        self._called("be loaded", partial(spec.loader.exec_module, module))
        learned = getattr(module, "learned", None)
        if not callable(learned):
            raise InputError(
                f"{path} has no function `learned`; expected learned(evidence), which gives a "
                "function of pictures."
            )
        self._learned: Callable[[Evidence], Any] = learned

    def learn(self, evidence: Evidence, updates: int, rng: np.random.Generator) -> float:
        """Learn as the file does; how many steps are its own affair."""
        self._believed = self._called("learn", partial(self._learned, evidence))
        if not callable(self._believed):
            raise WorldError(
                f"`learned` of {self._path} gave {type(self._believed).__name__}, expected a "
                "function of pictures; return one."
            )
        return 0.0

    def belief(self, pictures: Array) -> Array:
        """See `SuccessClassifier`."""
        given = self._called("judge pictures", lambda: np.asarray(self._believed(pictures), float))
        if given.shape != (len(pictures),) or not ((given >= 0.0) & (given <= 1.0)).all():
            raise WorldError(
                f"{self._path} believed {len(pictures)} pictures with {given.shape} numbers from "
                f"{np.min(given, initial=np.inf):g} to {np.max(given, initial=-np.inf):g}, "
                f"expected ({len(pictures)},) from 0 to 1; mend what `learned` returns."
            )
        beliefs: Array = given.astype(np.float32)
        return beliefs

    def judged(self, evidence: Evidence) -> Array:
        """See `SuccessClassifier`; people are heard by `learned`."""
        return self.belief(evidence.lived)

    def _called(self, what: str, stranger: Callable[[], Any]) -> Any:
        try:
            with printing_aside():
                return stranger()
        except (Exception, SystemExit) as error:
            raise WorldError(
                f"{self._path} cannot {what}: {told(error)}; mend it there."
            ) from error
