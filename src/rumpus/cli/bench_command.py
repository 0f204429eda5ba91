"""The verb `rumpus bench`: how well what rumpus learns withstands who is after it."""

from typing import TYPE_CHECKING, Annotated, Literal

from tyro.conf import Positional, arg

from rumpus.cli.verb import File, Json, Whole, answer, deferred

if TYPE_CHECKING:
    from rumpus.result import Row

What = Annotated[Positional[Literal["cheat"]], arg(metavar="WHAT")]
Wishes = Annotated[tuple[str, ...], arg(metavar="NAME", help_behavior_hint="")]
Share = Annotated[float, arg(metavar="X")]
HEAD = (
    f"{'wish, classifier, seed':32} cheated  fooled  held out: cheated  fooled  recalled  answers"
)
SHOWN = {"cheat_share": 7, "fooled_share": 6, "held_out_cheat_share": 17,
         "held_out_fooled_share": 6, "recall_rate": 8}  # fmt: skip


@deferred
def bench(
    what: What, wish: Wishes = (), classifier: Wishes = (), seeds: Whole = 1, rounds: Whole = 10,
    answer_error: Share = 0.0, out: File = None, json: Json = False,
) -> int:  # fmt: skip
    """Measure how often classifiers of success are cheated, and how much of success they forget.

    Args:
        what: What is measured; so far cheat alone.
        wish: Worlds that have a wish. Default: cap, brick, mark and hatch.
        classifier: Classifiers of success by name, or Python files (FILE.py) with a function
            learned(evidence). Default: those that are here.
        seeds: How many seeds, from 0.
        rounds: Of attack and learning.
        answer_error: Share of a person's answers that are wrong.
        out: The result file to write, as it grows.
        json: the rows of figures, those of every round among them.
    """
    from rumpus.bench.cheat import CheatConfig, attacked, check_asked
    from rumpus.bench.scenes import WISHES
    from rumpus.catalogue import names
    from rumpus.cli.counting import stoppable
    from rumpus.model.device import prepare_process
    from rumpus.play.progress import check_asked as check_count
    from rumpus.result import write_result

    config = CheatConfig(rounds=rounds, answer_error=answer_error)
    wishes, classifiers = wish or WISHES, classifier or names("success classifier")
    check_count(seeds, "seeds")
    check_asked(config, wishes, classifiers)
    prepare_process()
    asked = [(w, c, s) for w in wishes for c in classifiers for s in range(seeds)]
    rows, each = list["Row"](), rounds + 1
    with stoppable("attacking") as tick:
        for k, (one, name, seed) in enumerate(asked):

            def told(done: int, before: int = k * each) -> None:
                tick(before + done, len(asked) * each)

            rows += attacked(one, name, seed, config, told)
            if out:  # as it grows: the next may take minutes
                write_result(out, out.stem, rows)
    return answer(json, rows, HEAD, *(_told(row) for row in rows if {*SHOWN} <= {*row.metrics}))


def _told(row: "Row") -> str:
    """The last row of one attack as a line of the table."""
    shares = "  ".join(f"{row.metrics[name]:{width}.0%}" for name, width in SHOWN.items())
    return f"{f'{row.variant}, {row.seed}':32} {shares}  {row.metrics['answers_n']:7.0f}"
