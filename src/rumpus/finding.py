"""What a contract check found out about a part, as sentences."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from rumpus.errors import InputError, WorldError, told


@dataclass(frozen=True)
class Finding:
    """What one look at a part found.

    Attributes:
        verdict: "ok", "warning" (it will work, perhaps badly) or "failure" (it breaks a promise).
        sentence: what was found, with figures, and what to do where something is wrong.
    """

    verdict: Literal["ok", "warning", "failure"]
    sentence: str


ok = partial(Finding, "ok")
warning = partial(Finding, "warning")
failure = partial(Finding, "failure")


def gather(look: Callable[[], Iterable[Finding]], kind: str) -> list[Finding]:
    """All findings of a look; a part that raises ends the list with its sentence as a failure.

    Raises:
        InputError: when there is no such part.
    """
    findings: list[Finding] = []
    try:
        findings.extend(look())
    except InputError:
        raise
    except WorldError as error:
        findings.append(failure(str(error)))
    except (Exception, SystemExit) as error:  # whatever a part raises is a finding about it
        findings.append(failure(f"It raised {told(error)}; mend the {kind} there."))
    return findings
