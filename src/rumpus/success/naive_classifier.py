"""Learns once, against what the robot saw before it tried: the classifier that is cheated.

Whatever the robot finds later that looks like success to it stays a success (interview 21:10).

Source: the baseline "naive classifier" of Singh 2019 (arXiv 1904.07854, section 6).

Differs from the paper:
    naive classifier: 400 gradient steps at ten times the rate instead of 10,000.
"""

from dataclasses import replace

import numpy as np

from rumpus.success.base import Evidence
from rumpus.success.vice import Vice

UPDATES_N = 400  # gradient steps in all its life


class NaiveClassifier(Vice):
    """Examples of success against the robot's first pictures, once and for all."""

    def learn(self, evidence: Evidence, updates: int, rng: np.random.Generator) -> float:
        """See `SuccessClassifier`; however many are asked for, it takes its own, the first time."""
        left = UPDATES_N - int(self.part.learned.updates)
        return super().learn(replace(evidence, lived=evidence.lived[: evidence.first_n]), left, rng)
