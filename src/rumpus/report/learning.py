"""Whether a robot learns, for people: a table, sentences, a plot and a page with its firsts.

Needs no torch: what is shown was measured while the robot played.
"""

import html
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rumpus.errors import writing
from rumpus.memory.memory import Memory
from rumpus.memory.side_by_side import side_by_side
from rumpus.replay.held_out import HORIZONS
from rumpus.replay.measured import Measured
from rumpus.report.sheet import Tile, write_sheet
from rumpus.report.style import page_of, plots, save_plots

ROWS = 10  # of the table
FIRSTS, COLUMNS = 24, 4  # of the sheet of firsts: read on a phone too
HEAD = ("steps", *(f"{ahead} ahead" for ahead in HORIZONS), "goals", "places", "new")
BLUES = ("#7fb4e0", "#1f6fb4", "#0b3c6b")  # by steps ahead
RED = "#c03a2b"


def table(phases: Sequence[Measured]) -> list[list[str]]:
    """A head and at most so many rows of cells, evenly spread over a life, the last one included.

    Prediction errors are shares of the error of "nothing changes"; "new" is the share of steps in
    places that were new.
    """
    some = np.unique(np.linspace(0, len(phases) - 1, min(ROWS, len(phases))).astype(int))
    return [list(HEAD), *(_row(phases[k]) for k in some)]


def _row(measured: Measured) -> list[str]:
    shares = [measured.prediction.get(str(ahead)) for ahead in HORIZONS]
    tried = measured.goals_tried
    return [
        f"{measured.steps:,}", *("-" if share is None else f"{share:.2f}" for share in shares),
        f"{measured.goals_reached} of {tried}" if tried else "-",
        f"{measured.places:,}", f"{measured.novelty:.0%}",
    ]  # fmt: skip


def sentences(phases: Sequence[Measured]) -> list[str]:
    """What the newest figures mean, in words; see docs/glossary.md."""
    last = phases[-1]
    told = [_foresight(last, phases), _goals(last), _places(last), last.notice]
    return [sentence for sentence in told if sentence]


def _foresight(last: Measured, phases: Sequence[Measured]) -> str:
    if not last.ahead:
        return ("Nothing can be said of its predictions yet: it had learned nothing when this was "
                "measured, or saw nothing change.")  # fmt: skip
    share, control = last.prediction[last.ahead], last.shuffled[last.ahead]
    course = [m.prediction[last.ahead] for m in phases if last.ahead in m.prediction]
    told = (f"{_steps(last.ahead)} ahead, in what it had not learned from, its prediction errs "
            f"{share:.2f} times as much as believing that nothing changes ({course[0]:.2f} at "
            f"first), and {control:.2f} times with other actions than were done: ")  # fmt: skip
    if share >= 1.0 and min(course) < 1.0:
        return told + "it met what it had not learned yet."
    if share >= 1.0:
        return told + "it does not know what its actions do yet."
    if control < 1.1 * share:
        return told + "what it does makes no difference to it, or it does not see what."
    return told + "it knows what its actions do."


def _steps(ahead: str) -> str:
    return "1 step" if ahead == "1" else f"{ahead} steps"


def _goals(last: Measured) -> str:
    if not last.goals_tried:
        return ""
    return (f"Of {last.goals_tried:,} goals that it set itself since step {last.since:,}, it "
            f"believes that it reached {last.goals_reached:,}.")  # fmt: skip


def _places(last: Measured) -> str:
    told = (f"It has been in {last.places:,} different places, as varied as "
            f"{last.even_places:,.0f} that are visited alike, in the rarest at "
            f"{last.rarest_visits:,} of {last.looked:,} steps that were looked at.")  # fmt: skip
    if last.full:
        return f"{told} No more are counted."
    if not last.firsts:
        return f"{told} None is new since step {last.since:,}."
    return (f"{told} New since step {last.since:,}: {len(last.firsts):,}, where it spent "
            f"{last.novelty:.0%} of its time.")  # fmt: skip


def write_learning(
    folder: Path, name: str, phases: Sequence[Measured], memory: Memory
) -> Path:  # fmt: skip
    """Write a page with plot, table and the newest firsts as pictures into a report's folder.

    Args:
        folder: of the report, made where it is missing.
        name: what the page calls the run.
        phases: at least one.
        memory: where the firsts are; it is only read.

    Raises:
        RunError: when the disk does not take it.
    """
    page, plot, sheet = (folder / f"progress{end}" for end in (".html", ".png", "-firsts.png"))
    firsts = [step for m in phases for step in m.firsts if step < len(memory)][-FIRSTS:]
    tiles = [Tile(f"step {k:,}", side_by_side(memory.readings(k))) for k in reversed(firsts)]
    with writing("report", page):
        folder.mkdir(exist_ok=True)
        draw(plot, phases)
        rows = [tiles[k : k + COLUMNS] for k in range(0, len(tiles), COLUMNS)]
        seen = "<p><img src='progress-firsts.png' alt='its newest firsts'></p>"
        firsts_told = f"<p>At steps {', '.join(f'{k:,}' for k in reversed(firsts))}.</p>"
        parts = [
            f"<h1>Does it learn?</h1><p class=small>{html.escape(name)}, as of step "
            f"{phases[-1].steps:,}; <a href='index.html'>the whole report</a></p>",
            *(f"<p>{html.escape(sentence)}</p>" for sentence in sentences(phases)),
            "<p class=plot><img src='progress.png' alt='its figures over its life'></p>",
            "<table>", *("<tr><td>" + "<td>".join(cells) for cells in table(phases)), "</table>",
            "<p class=small>Ahead: the error of what it foresees so many steps ahead, in steps "
            "that it had not learned from, as a share of the error of believing that nothing "
            "changes. Goals: those it set itself in play and believes reached. Places: stored "
            "steps that differ from each other, in some cell of a picture or some number, by more "
            "than half of all that was ever seen of it. New: share of steps in new places.</p>",
            "<h2>Its newest firsts</h2><p class=small>Steps at which it was somewhere for the "
            "first time, the newest first.</p>",
            seen if write_sheet(sheet, rows) else firsts_told,
        ]  # fmt: skip
        page.write_text(page_of("Does it learn?", parts), encoding="utf-8")
    return page


def draw(path: Path, phases: Sequence[Measured]) -> None:
    """Draw prediction, goals, places and novelty over the steps of a life."""
    from matplotlib import ticker

    figure, (foresight, goals, places, novelty) = plots(
        4, figsize=(5.0, 8.0), sharex=True, height_ratios=(2, 1, 1, 1)
    )
    steps = [m.steps for m in phases]
    nan = float("nan")
    foresight.axhline(1.0, color=RED, linestyle="--", label='"nothing changes"')
    for kind, line, told in (("prediction", ".-", ""), ("shuffled", ":", ", other actions")):
        for ahead, colour in zip(map(str, HORIZONS), BLUES, strict=True):
            shares = [getattr(m, kind).get(ahead, nan) for m in phases]
            foresight.plot(steps, shares, line, color=colour, label=f"{_steps(ahead)} ahead{told}")
    foresight.set(yscale="log", title='prediction error, as a share of that of "nothing changes"')
    foresight.yaxis.set_major_locator(ticker.LogLocator(subs=(1.0, 2.0, 5.0)))
    foresight.yaxis.set_major_formatter("{x:g}")
    foresight.yaxis.set_minor_formatter(ticker.NullFormatter())
    reached = [m.goals_reached / m.goals_tried if m.goals_tried else nan for m in phases]
    goals.plot(steps, reached, ".-", color=BLUES[1])
    goals.set(ylim=(-0.04, 1.04), title="share of its own goals that it believes it reached")
    places.plot(steps, [m.places for m in phases], ".-", color=BLUES[1], label="counted")
    places.plot(steps, [m.even_places for m in phases], ":", color=BLUES[1],
                label="as varied as so many, visited alike")  # fmt: skip
    places.set(ylim=(0, None), title="places that it has been in")
    novelty.plot(steps, [m.novelty for m in phases], ".-", color=BLUES[1])
    novelty.set(ylim=(-0.04, 1.04), title="share of the steps spent in new places")
    novelty.set(xlim=(0, None), xlabel="steps lived")
    novelty.xaxis.set_major_formatter("{x:,.0f}")
    for axes in (foresight, places):
        axes.legend(frameon=False, fontsize=8, ncols=2)
    save_plots(figure, path)
