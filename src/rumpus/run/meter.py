"""Measures at every train phase, before it learns, whether the robot learns and gets about.

What it measures goes into the run's log and to whoever watches; nothing that is learned depends on
it. What the counts of places rest on is in RUN/places.npz, and can be deleted: it is then found
anew.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict

from rumpus.memory.memory import Memory
from rumpus.replay import places
from rumpus.replay.measured import Measured
from rumpus.run.checkpoint import Mind
from rumpus.run.folder import Run

Attempts = Sequence[tuple[int, bool]]


class Meter:
    """Measures one run, train phase by train phase."""

    def __init__(self, run: Run, memory: Memory, mind: Mind, mind_steps: int) -> None:
        """Go on measuring where the run was left.

        Args:
            run: where places are kept.
            memory: of the run, open for reading at least.
            mind: what learns from it.
            mind_steps: so many steps, from the first on, it may have learned from.
        """
        self._run, self._memory, self._mind = run, memory, mind
        self._file = run.path / places.FILE_NAME
        self._places = places.load(self._file, memory.id)
        self._learned_from, self._attempts = mind_steps, list(mind.goals.attempts)

    def read(self) -> Measured:
        """Measure what was lived since, and log it; call it before that is learned from.

        Raises:
            RunError: when the disk does not take it.
        """
        begun_s, steps = time.monotonic(), len(self._memory)
        since, attempts = min(self._learned_from, steps), list(self._mind.goals.attempts)
        ended = [reached for _, reached in fresh(self._attempts, attempts)]
        foreseen = self._mind.schedule.predict(since)
        found, look = self._places, self._places.look(self._memory)
        found.save(self._file, self._memory.id)
        self._learned_from, self._attempts = steps, attempts
        measured = Measured(
            steps=steps,
            since=since,
            prediction=foreseen.acted if foreseen else {},
            shuffled=foreseen.shuffled if foreseen else {},
            windows=foreseen.windows if foreseen else 0,
            goals_tried=len(ended),
            goals_reached=sum(ended),
            places=len(found.steps),
            firsts=look.firsts,
            novelty=round(look.novelty, 4),
            even_places=round(found.even, 2),
            rarest_visits=found.rarest,
            looked=int(found.visits.sum()),
            quiet_phases=found.quiet,
            full=found.are_full,
            measure_s=round(time.monotonic() - begun_s, 4),
        )
        # Before anything is learned: play that is broken off then has this all the same.
        self._run.log({"steps": steps, "progress": asdict(measured)})
        return measured


def fresh(before: Attempts, now: Attempts) -> Attempts:
    """The attempts that came since, where only the last few hundred are kept."""
    for gone in range(len(before) + 1):
        kept = len(before) - gone
        if before[gone:] == now[:kept]:
            return now[kept:]
    raise AssertionError("nothing of them is kept at the latest")
