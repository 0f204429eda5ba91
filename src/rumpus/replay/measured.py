"""What a train phase measures before it learns: does the robot learn, and does it get about?"""

from dataclasses import dataclass, field

QUIET_PHASES = 5  # without a new place: a person should know


@dataclass(frozen=True)
class Measured:
    """What was measured at one train phase; docs/glossary.md says what is good.

    Attributes:
        steps: stored then.
        since: how many of them had been learned from, or looked at: everything here is about those
            after, but for what is counted over the whole life.
        prediction: by steps ahead, the error of the imagined latent as a share of the error of
            believing that nothing changes; of windows that were never learned from.
        shuffled: the same with the actions of other windows: the control.
        windows: how many windows that is of.
        goals_tried: goals commanded in play that ended since, reached or not.
        goals_reached: those that were reached, as the robot itself judges.
        places: in which it has been, over the whole life; see places.py.
        firsts: the steps since at which it was in a place for the first time.
        novelty: share of the steps since in places that were new since.
        even_places: how many places, all visited alike, would be as varied.
        rarest_visits: of the place that was visited least.
        looked: steps that are counted as visits, over the whole life.
        quiet_phases: train phases in a row, this one included, without a new place.
        full: whether no more places are counted.
        measure_s: how long measuring took.
    """

    steps: int
    since: int
    prediction: dict[str, float] = field(default_factory=dict)
    shuffled: dict[str, float] = field(default_factory=dict)
    windows: int = 0
    goals_tried: int = 0
    goals_reached: int = 0
    places: int = 0
    firsts: list[int] = field(default_factory=list)
    novelty: float = 0.0
    even_places: float = 0.0
    rarest_visits: int = 0
    looked: int = 0
    quiet_phases: int = 0
    full: bool = False
    measure_s: float = 0.0

    @property
    def ahead(self) -> str:
        """The steps ahead that are told first: 5, or as many as episodes are long; "" for none."""
        return "5" if "5" in self.prediction else next(iter(self.prediction), "")

    @property
    def notice(self) -> str:
        """What a person should know where nothing new happened for long, or ""."""
        if self.quiet_phases < QUIET_PHASES:
            return ""
        return (
            f"No new place in the last {self.quiet_phases} train phases: the robot has been "
            "wherever it gets to like this, or it is stuck. See whether it can move, change "
            "something within its reach, or measure what it can by now and end its play."
        )
