"""How often something like this has happened, by nearest neighbours.

log p(x) = -m log r_k(x) + const, with r_k the distance to the k-th nearest of a sample of what
happened and m the intrinsic dimension, estimated from the same distances.

Sources: Loftsgaarden and Quesenberry 1965 for the density; Levina and Bickel 2004, eq. 8, for m,
its reciprocals averaged instead of itself (MacKay and Ghahramani 2005).
"""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


class Density(Protocol):
    """Anything that can say how usual a point is, up to a constant."""

    def log_density(self, points: Tensor, sample: Tensor) -> Tensor:
        """Log density of points (N, E) under a sample of what happened (M, E): (N,)."""
        ...


@dataclass(frozen=True)
class NearestNeighbourDensity:
    """The k-nearest-neighbour density.

    Attributes:
        neighbours: k.
    """

    neighbours: int = 10

    def log_density(self, points: Tensor, sample: Tensor) -> Tensor:
        """See `Density.log_density`; a point that is in `sample` is its own nearest neighbour."""
        k = min(self.neighbours, len(sample))
        distances = torch.cdist(points, sample).topk(k, largest=False).values
        logs = distances.clamp(min=1e-6).log()
        spread = (logs[:, -1:] - logs[:, :-1]).mean() if k > 1 else torch.ones(())
        dimension = 1.0 / spread.clamp(min=0.05)
        return -dimension * logs[:, -1]
