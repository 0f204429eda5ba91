"""A classifier of success that does not keep its promises is told so."""

import pytest

from rumpus.success import check
from rumpus.success.base import Evidence
from rumpus.success.vice import Vice, ViceConfig
from rumpus.types import Array


class Doubled(Vice):
    """Believes twice as much as can be."""

    def belief(self, pictures: Array) -> Array:
        return 2.0 * super().belief(pictures)


class Forgetful(Vice):
    """Judges no more than a part of what was lived."""

    def judged(self, evidence: Evidence) -> Array:
        return super().judged(evidence)[:-1]


class Silent(Vice):
    """Judges nothing."""

    judged = None  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("made_by", "words"),
    [
        (Doubled, "belief() gave float32 (32,)"),
        (Forgetful, "judged() gave float32 (199,)"),
        (Silent, "'NoneType' object is not callable"),
    ],
)
def test_what_a_classifier_promised_and_does_not_keep_is_told(
    made_by: type[Vice], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "UPDATES_N", 5)
    shape = (check.SIDE_PX, check.SIDE_PX, 3)
    found = check.examine(lambda: made_by(shape, 0, ViceConfig()))
    assert found[-1].verdict == "failure"
    assert words in found[-1].sentence


def test_one_that_keeps_them_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "UPDATES_N", 30)
    shape = (check.SIDE_PX, check.SIDE_PX, 3)
    found = check.examine(lambda: Vice(shape, 0, ViceConfig()))
    assert [finding.verdict for finding in found] == ["ok", "ok"], found
