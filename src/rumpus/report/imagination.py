"""What a robot imagined on its way to a goal, as a page that needs no other file.

A film is a strip of its steps, drawn into the page and moved on by it, so that all films of a
decision show the same step at the same time.
"""

import base64
import html
import io
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from rumpus.errors import writing
from rumpus.memory.side_by_side import side_by_side
from rumpus.play.imagination import Decision, Imagination
from rumpus.report.sheet import TILE_PX
from rumpus.report.style import page_of, plots, save_plots
from rumpus.spec import Readings
from rumpus.types import Array

WIDEST_PX = 65_500  # of a JPEG
QUALITY = 85  # of a JPEG; without loss a page is more than twice as large
HELD = 3  # frames for which a film stands still before it begins again
MOST_FRAMES = 30  # of the whole way, evenly spaced
TOLD = "told what it did"
BLUE, RED, GREEN, GREY = "#1f6fb4", "#c03a2b", "#2f8f5b", "0.75"
FILMS = f"""
.films {{ display: flex; flex-wrap: wrap; gap: .5rem; }}
figure {{ margin: 0; width: min-content; max-width: 100%; overflow-x: auto; font-size: .72rem; }}
.film {{ height: clamp(4.4rem, 10vw, 7rem); background-size: calc(var(--n) * 100%) 100%;
        margin: 3px 3px 5px; image-rendering: pixelated;
        animation: film calc(var(--n) * .3s) steps(var(--n), jump-none) infinite; }}
.came .film {{ outline: 3px solid {BLUE}; }} .taken .film {{ outline: 3px solid {RED}; }}
.told .film {{ outline: 3px solid {GREEN}; }}
@keyframes film {{ to {{ background-position-x: 100%; }} }}
@media (prefers-reduced-motion) {{ .film {{ animation: none; background-position-x: 100%; }} }}
"""
READ = ("Of some decisions the best plans, the one that was taken in red, each with its cost: the "
        "lower, the better. A film shows a step at a time, and stands at its end. Blue is what "
        "then came, green what it imagines when told afterwards what it did. Where green leaves "
        "blue, its model is wrong; where red leaves green, it planned anew meanwhile. Plans "
        "in which it doubts a step more than what it lived are marked.")  # fmt: skip
BELIEFS = ("The steps that it believed were left, as it went on and as plans foresaw them; and "
           "what plans cost: mostly those steps, added up over the plan; and how much it doubts "
           "the steps that it imagined: 1 is more than 99 of 100 that it lived.")  # fmt: skip


def sentences(imagination: Imagination) -> list[str]:
    """What was gone for, and what it costs to look on, in words."""
    goal, shown = imagination.done.goal, len(imagination.decisions)
    return [
        f"Its goal was memory:{goal.step} ({goal.reason}).",
        f"To keep what it imagined at {shown} of its decisions took {imagination.keep_ms:.1f} ms "
        f"each, beside {imagination.plan_ms:.1f} ms of planning.",
    ]


def write_imagination(page: Path, name: str, told: Sequence[str], shown: Imagination) -> Path:
    """Write a page of start, goal, beliefs, and the best courses beside what then came.

    Args:
        page: the file.
        name: what the page calls the run.
        told: what became of the goal, in sentences.
        shown: what was imagined; where the robot has no camera, only in figures.

    Raises:
        RunError: when the disk does not take it.
    """
    done = shown.done
    last = len(done.happened) - 1
    some = np.unique(np.linspace(0, last, min(MOST_FRAMES, last + 1)).astype(int))
    at_first = _pictures(done.happened[0], done.imagined)
    whole = [
        _film("start", "", [side_by_side(done.happened[0])]),
        _film("goal", "", [side_by_side(done.goal.readings)]),
        _film("what came", "came", [side_by_side(done.happened[k]) for k in some]),
        _film("imagined at first", "taken", [at_first[k] for k in some if k < len(at_first)]),
    ] * bool(done.imagined)
    parts = [
        f"<h1>What it imagined</h1><p class=small>{html.escape(name)}</p>",
        f"<div class=films>{''.join(whole)}</div>",
        *(f"<p>{html.escape(sentence)}</p>" for sentence in told),
        f"<h2>What it believed</h2><p class=small>{BELIEFS}</p>",
        f"<p class=plot><img src='{_chart(shown)}' alt='steps left, and costs'></p>",
        f"<h2>What it imagined at its decisions</h2><p class=small>{READ}</p>",
        *(_decision(done.happened, decision) for decision in shown.decisions),
    ]
    with writing("report", page):
        page.write_text(page_of("What it imagined", parts, FILMS), encoding="utf-8")
    return page


def _decision(happened: Sequence[Readings], decision: Decision) -> str:
    """What one decision imagined: a heading and its films."""
    horizon = len(decision.courses[0].steps_left)
    came = happened[decision.step : decision.step + horizon + 1]
    films = [
        _film("what came", "came", [side_by_side(each) for each in came], horizon + 1),
        _film(TOLD, "told", _pictures(came[0], decision.told.pictures), horizon + 1),
    ] * bool(decision.told.pictures)
    for rank, course in enumerate(decision.courses):
        kind, named = ("", "cost") if rank else ("taken", "taken,")
        trusted = all(doubt <= 1.0 for doubt in course.doubt)
        named = f"{named} {course.cost:.1f}{'' if trusted else ', doubted'}"
        films.append(_film(named, kind, _pictures(came[0], course.pictures)))
    heading = f"<h3>Step {decision.step}: {decision.tried:,} imagined</h3>"
    return f"{heading}<div class=films>{''.join(films)}</div>"


def _pictures(start: Readings, imagined: dict[str, Array]) -> list[Array | None]:
    """A course as frames: where it begins, and each imagined step."""
    count = max(map(len, imagined.values()), default=0)
    seen = {name: start[name] for name in imagined if name in start}
    steps = (side_by_side({name: p[k] for name, p in imagined.items()}) for k in range(count))
    return [side_by_side(seen), *steps]


def _film(told: str, kind: str, frames: Sequence[Array | None], count: int = 0) -> str:
    """Frames as a film of at least so many, or its words alone where no camera saw anything."""
    seen = [Image.fromarray(frame) for frame in frames if frame is not None]
    if not seen:
        return f"<figure class='{kind}'>{told}</figure>"
    seen += seen[-1:] * (max(count - len(seen), 0) + HELD)
    width, height = (max(sides) for sides in zip(*(frame.size for frame in seen), strict=True))
    smaller = max(math.ceil(height / TILE_PX), math.ceil(width * len(seen) / WIDEST_PX))
    width, height = math.ceil(width / smaller), math.ceil(height / smaller)
    whole = Image.new("RGB", (width * len(seen), height))
    for number, frame in enumerate(seen):
        whole.paste(frame.reduce(smaller), (number * width, 0))
    whole.save(data := io.BytesIO(), "JPEG", quality=QUALITY, subsampling=0)
    return (
        f"<figure class='{kind}'><div class=film role=img aria-label='{told}' style='--n:"
        f'{len(seen)};aspect-ratio:{width}/{height};background-image:url("{_inline("jpeg", data)}")'
        f"'></div>{told}</figure>"
    )


def _inline(kind: str, data: io.BytesIO) -> str:
    """A picture's file as an address that holds it."""
    return f"data:image/{kind};base64,{base64.b64encode(data.getvalue()).decode()}"


def _chart(imagination: Imagination) -> str:
    """The believed steps left, and the costs of what was planned, over the steps of the trial."""
    data = io.BytesIO()
    figure, axes = plots(3, figsize=(5.0, 7.0), sharex=True, height_ratios=(3, 2, 2))
    left, costs, doubt = axes
    doubt.axhline(1.0, color="0.4", lw=0.8, ls=":")
    for decision in imagination.decisions:
        now, step = imagination.steps_left[decision.step], decision.step
        first, *others = decision.courses
        for course in others:
            costs.plot(step, course.cost, ".", color=GREY, label="other plans")
        shown = [(course, GREY, "-", "other plans") for course in others]
        shown += [(first, RED, "-", "the plan taken"), (decision.told, GREEN, "--", TOLD)]
        for course, colour, line, told in shown:
            steps = range(step, step + len(course.steps_left) + 1)
            left.plot(steps, [now, *course.steps_left], line, color=colour, lw=1, label=told)
            doubt.plot(steps[1:], course.doubt, line, color=colour, lw=1, label=told)
    left.plot(imagination.steps_left, color=BLUE, lw=1.8, label="what came")
    left.set_title("steps that it believes are left")
    costs.plot(*zip(*imagination.costs.items(), strict=True), color=RED, label="the plan taken")
    costs.set(title="what it believed its plans to cost")
    doubt.set(title="how much it doubts each step: above 1 do not trust it", xlabel="step")
    for each in axes:
        each.set_ylim(0.0, 1.1 * each.dataLim.y1)
        named = dict(zip(*reversed(each.get_legend_handles_labels()), strict=True))
        each.legend(named.values(), named.keys(), frameon=False, fontsize=8)
    save_plots(figure, data)
    return _inline("png", data)
