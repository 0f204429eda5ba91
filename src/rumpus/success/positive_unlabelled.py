"""What was lived is not known to be failure: what is believed in spite of that counts as success.

What is new to it counts as failure, as for VICE, and only less the share of success in life: it was
perhaps found because it was believed, and is a cheat. Whenever it learns again, each lived picture
counts as success by as much as the nets of before believe it, who learned of it as of failure, and
as failure by the rest. Before that, beliefs of what it lived before it ever tried are raised or
lowered alike, until they agree with what people answered, and so are those of what it lived since,
which it sought and is therefore wrong about in another way; each answer is compared with what the
one net says that did not learn of it. Several nets learn alike, and the mean of what they say is
believed: what none of them has seen they are seldom sure of together, and one that doubts alone is
no reason to. Nothing is believed more than what was shown is, and what looks unlike all of that is
believed less surely, as who is after its belief finds what looks more like success than success
does (decision 10, rows 22 and 26 to 69).

Source: unlabelled data that count as both, by what a first classifier believes of each (Elkan and
Noto 2008, "Learning classifiers from only positive and unlabeled data", section 3); beliefs that
are calibrated by what was held out (Platt 1999, "Probabilistic outputs for support vector
machines", section 2); logits that count less the less is known where they were said (MacKay 1992,
"The evidence framework applied to classification networks", the moderated output; that known is
what is near: Liu 2020, arXiv 2006.10108).

Differs from the papers:
    Who judges learned that all unlabelled data are failures, and is set right by answers, not by
    the examples that are held back. Judged anew by each classifier for the next one; what is new is
    judged by nobody. Of Platt's line only the offset is fitted, and held back by a prior, as
    answers are few. How far it is to the nearest picture of success stands in for a variance.
    Answers of no have a term of their own; pictures are shifted and lit otherwise while it learns.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated

import numpy as np
import torch
from msgspec import Meta
from torch import Tensor, nn
from torch.nn.functional import normalize, pad, softplus

from rumpus.model.device import to_array
from rumpus.model.part import Part
from rumpus.success._nets import Logits, as_input, drawn, learn, logits, looked_at, places
from rumpus.success.base import Evidence, Question
from rumpus.types import Array

NEW_MOST = 0.4  # of success in what is new at most, whatever is believed of life
SUREST = 6.0  # the greatest logit that counts
UNLIKE = 130.0  # variance of what is said of a picture that has nothing in common with success
OFFSET_SD = 4.0  # by how much beliefs are too low or too high, before anything is answered


@dataclass(frozen=True)
class PositiveUnlabelledConfig:
    """How it learns.

    Attributes:
        nets: of which the mean is believed; each does not learn from a share of the answers.
        batch: pictures of success in each gradient step; twice as many of what was lived, and half
            as many that were answered with no.
        learning_rate: of Adam.
        average_rate: how fast the average of the weights follows, which is what is believed.
        success_weight: of what was shown, beside what was lived.
        failure_weight: of what was answered with no, which is known and counts more.
        shift: how far pictures are moved while it learns, as a share of their side.
        light: by how much they are made brighter or darker, and each colour of them.
    """

    nets: Annotated[int, Meta(ge=2, le=100)] = 3
    batch: Annotated[int, Meta(ge=2, le=100_000)] = 32
    learning_rate: Annotated[float, Meta(gt=0.0, le=1.0)] = 3e-3
    average_rate: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.03
    success_weight: Annotated[float, Meta(gt=0.0, le=1000.0)] = 2.5
    failure_weight: Annotated[float, Meta(ge=0.0, le=1000.0)] = 0.5
    shift: Annotated[float, Meta(ge=0.0, le=0.5)] = 0.1
    light: Annotated[float, Meta(ge=0.0, lt=1.0)] = 0.15


class PositiveUnlabelled:
    """Examples and answers against what was lived, less the success in it."""

    asks: tuple[Question, ...] = ("believed", "random")

    def __init__(self, shape: tuple[int, ...], seed: int, config: PositiveUnlabelledConfig) -> None:
        """For pictures of that shape, (h, w, c)."""
        self.config, self._shape = config, shape
        self._known = np.zeros((0, *shape), np.uint8)  # what shows success
        self.part = self._fresh(seed)

    def learn(self, evidence: Evidence, updates: int, rng: np.random.Generator) -> float:
        """See `SuccessClassifier`; forgets what it learned before (decision 10, rows 5 and 6)."""
        counts = self._counts(evidence)
        self.part = self._fresh(int(rng.integers(2**31)))
        without = np.arange(len(evidence.said)) % self.config.nets  # which net, of each answer
        known = [_known(evidence, without != net) for net in range(self.config.nets)]
        loss = partial(self._loss, known=known, evidence=evidence, counts=counts, rng=rng)
        told = learn(self.part, loss, updates)
        says = logits(self.part, evidence.lived[evidence.answered])[without, range(len(without))]
        for since, offset in enumerate(self.part.learned.get_buffer("offsets")):
            of_it = (evidence.answered >= evidence.first_n) == since
            offset.fill_(fitted_offset(says[torch.from_numpy(of_it)], evidence.said[of_it]))
        self._known = evidence.successes
        return told

    def belief(self, pictures: Array) -> Array:
        """See `SuccessClassifier`."""
        said = logits(self.part, pictures).mean(0)
        if len(self._known):
            # Nothing is believed more surely than the middle one of what shows success.
            said = said.minimum(logits(self.part, self._known).mean(0).median().clamp(max=SUREST))
            seen, known = (
                normalize(looked_at(self.part, some, _Net.traits), dim=2)
                for some in (pictures, self._known)
            )
            like = (seen @ known.mT).mean(0).amax(1)  # cosines, of the nearest
            # It is no less surely a failure that it is unlike success.
            said = said.minimum(said / (1.0 + UNLIKE * (1.0 - like)).sqrt())
        return to_array(said.sigmoid())

    def judged(self, evidence: Evidence) -> Array:
        """See `SuccessClassifier`."""
        said = logits(self.part, evidence.lived).mean(0).clamp(-SUREST, SUREST)
        since = torch.arange(len(said)) >= evidence.first_n
        return to_array((said + self.part.learned.get_buffer("offsets")[since.long()]).sigmoid())

    def _fresh(self, seed: int) -> Part[Logits]:
        torch.manual_seed(seed)
        nets = Logits(_Net(self._shape) for _ in range(self.config.nets))
        # By how much they say too little of what was lived before it tried, and since.
        nets.register_buffer("offsets", torch.zeros(2))
        return Part(nets, self.config.learning_rate, self.config.average_rate)

    def _counts(self, evidence: Evidence) -> Array:
        """By how much each lived picture counts as success, and as failure, float32 (2, n)."""
        judged, counts = evidence.seen_n, np.zeros((2, len(evidence.lived)), np.float32)
        counts[1] = 1.0
        if judged:
            belief = self.judged(evidence)[:judged]
            counts[:, :judged] = belief, 1.0 - belief
            counts[1, judged:] = 1.0 - min(float(belief.mean()), NEW_MOST)
        counts[:, evidence.answered] = 0.0  # what they show is known
        return counts

    def _loss(
        self, nets: Logits, known: list[tuple[Array, Array]], evidence: Evidence, counts: Array,
        rng: np.random.Generator,
    ) -> Tensor:  # fmt: skip
        """Mean over the nets, of which each has successes and failures of its own."""
        config, losses, batch = self.config, list[Tensor](), self.config.batch
        at = places(evidence.lived, 2 * batch, rng)
        lived = self._seen(as_input(evidence.lived[at]), rng)
        as_success, as_failure = torch.from_numpy(counts[:, at])
        for net, (successes, failures) in zip(nets.nets, known, strict=True):
            seen = [self._seen(drawn(successes, batch, rng), rng), lived]
            if len(failures):
                seen.append(self._seen(drawn(failures, batch // 2, rng), rng))
            said = net(torch.cat(seen))[:, 0]
            yes, unknown, no = said.tensor_split([batch, 3 * batch])
            as_said = as_success * softplus(-unknown) + as_failure * softplus(unknown)
            losses.append(
                config.success_weight * softplus(-yes).mean() + as_said.mean()
                + config.failure_weight * softplus(no).sum() / (batch // 2)
            )  # fmt: skip
        return torch.stack(losses).mean()

    def _seen(self, seen: Tensor, rng: np.random.Generator) -> Tensor:
        """Pictures (B, c, h, w), each lit a little otherwise, and all shifted alike."""
        height, width = seen.shape[2:]
        most = round(self.config.shift * max(height, width))
        if most:
            down, right = rng.integers(0, 2 * most + 1, 2)
            seen = pad(seen, (most,) * 4, mode="replicate")
            seen = seen[:, :, down : down + height, right : right + width]
        lit = 1.0 + self.config.light * rng.uniform(-1.0, 1.0, (len(seen), 1, 1, 1))
        tinted = 1.0 + self.config.light * rng.uniform(-1.0, 1.0, (*seen.shape[:2], 1, 1))
        gain = torch.from_numpy((lit * tinted).astype(np.float32))
        return (seen + 1.0) * gain - 1.0


def _known(evidence: Evidence, kept: Array) -> tuple[Array, Array]:
    """Successes and failures, of the answers (q,) only some."""
    some = replace(evidence, answered=evidence.answered[kept], said=evidence.said[kept])
    return some.successes, some.failures


def fitted_offset(said: Tensor, shows: Array) -> float:
    """By how much logits (q,) are too low, as what these pictures show (q,) tells; the likeliest.

    Before anything is told it is 0, give or take `OFFSET_SD`.
    """
    said, shown = said.clamp(-SUREST, SUREST), float(np.sum(shows))
    low, high = -2.0 * SUREST, 2.0 * SUREST
    for _ in range(40):
        by = (low + high) / 2.0
        is_low = float((said + by).sigmoid().sum()) + by / OFFSET_SD**2 < shown
        low, high = (by, high) if is_low else (low, by)
    return low


class _Net(nn.Module):
    """Looks for parts of a picture wherever they are, and how many of them there are.

    What makes success lies in how a few parts stand to each other, here or there; a net that has
    weights of its own for every place learned that of twenty pictures for these places alone.
    """

    place: Tensor

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        height, width, planes = shape
        lines = torch.meshgrid(
            torch.linspace(-1.0, 1.0, height), torch.linspace(-1.0, 1.0, width), indexing="ij"
        )
        self.register_buffer("place", torch.stack(lines)[None], persistent=False)
        layers, planes = list[nn.Module](), planes + 2
        for channels, kernel, stride in ((16, 5, 3), (24, 3, 1), (32, 3, 1)):
            layers += [nn.Conv2d(planes, channels, kernel, stride, kernel // 2), nn.ReLU()]
            planes = channels
        self.parts = nn.Sequential(*layers)
        self.mixed = nn.Sequential(nn.Linear(2 * planes, 64), nn.ReLU())
        self.judge = nn.Linear(64, 1)

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, c, h, w) to a logit each, (B, 1)."""
        with torch.autocast(pictures.device.type, torch.bfloat16):
            logit: Tensor = self.judge(self.traits(pictures))
        return logit.float()

    def traits(self, pictures: Tensor) -> Tensor:
        """(B, c, h, w) to what it judges them by, (B, 64)."""
        places = self.place.expand(len(pictures), -1, -1, -1)
        with torch.autocast(pictures.device.type, torch.bfloat16):
            parts = self.parts(torch.cat([pictures, places], 1))
            traits: Tensor = self.mixed(torch.cat([parts.amax((2, 3)), parts.mean((2, 3))], 1))
        return traits.float()
