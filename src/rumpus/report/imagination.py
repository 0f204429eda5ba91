"""What a robot imagined on its way to a goal, as a page that needs no other file.

A film is a strip of its steps, drawn into the page and moved on by it, so that all films of a
decision show the same step at the same time.
"""

import base64
import html
import io
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from rumpus.errors import writing
from rumpus.memory.side_by_side import side_by_side
from rumpus.play.imagination import Decision, Imagination
from rumpus.play.verdict import sentence
from rumpus.report.sheet import TILE_PX
from rumpus.report.style import STYLE
from rumpus.spec import Readings
from rumpus.types import Array

FRAME_S = 0.3
WIDEST_PX = 16_383  # of a WebP
QUALITY = 90  # of a WebP; without loss a page is four times as large
HELD = 3  # frames for which a film stands still before it begins again
MOST_FRAMES = 30  # of the whole way, evenly spaced
TOLD = "told what it did"
BLUE, RED, GREEN, GREY = "#1f6fb4", "#c03a2b", "#2f8f5b", "0.75"
FILMS = f"""
.films {{ display: flex; flex-wrap: wrap; gap: .7rem; }}
figure {{ margin: 0; max-width: 100%; overflow-x: auto; padding: 3px; font-size: .8rem;
         line-height: 1.3; }}
.film {{ height: 7rem; margin-bottom: .2rem; background-size: calc(var(--n) * 100%) 100%;
        image-rendering: pixelated;
        animation: film calc(var(--n) * {FRAME_S}s) steps(var(--n), jump-none) infinite; }}
.came .film {{ outline: 3px solid {BLUE}; }} .taken .film {{ outline: 3px solid {RED}; }}
.told .film {{ outline: 3px solid {GREEN}; }}
@keyframes film {{ to {{ background-position-x: 100%; }} }}
@media (prefers-reduced-motion: reduce) {{
       .film {{ animation: none; background-position-x: 100%; }} }}
@media (max-width: 40rem) {{ .film {{ height: 4.6rem; }} .films {{ gap: .5rem; }}
       figure {{ font-size: .68rem; }} }}
"""
READ = (
    "Of some decisions the best of all plans that were imagined there, each with its cost, the "
    "one that was taken in red: a film shows a step at a time from the decision on, and stands at "
    "its end. In blue what then came, in green what it imagines when it is told afterwards what it "
    "did. Where green leaves blue, what it knows of the world is wrong; where red leaves green, it "
    "did otherwise than it had planned, as it plans anew at each step."
)
BELIEFS = (
    "The steps that it believes are left: as it went on, and from each decision shown as it "
    "foresaw them. What a plan costs is what its objective says of it, mostly the steps left, "
    "added up over the plan."
)


def sentences(imagination: Imagination) -> list[str]:
    """What became of the goal, and what it costs to look on, in words."""
    done, shown = imagination.done, len(imagination.decisions)
    return [
        f"It went for memory:{done.goal.step} ({done.goal.reason}) for {len(done.happened) - 1:,} "
        f"steps, and believed itself {done.believed_before:.1f} steps from it at the start, "
        f"{done.believed_after:.1f} at the end.",
        sentence(done.verdict),
        f"To keep what it imagined at {shown} of its decisions took {imagination.keep_ms:.1f} ms "
        f"each, beside {imagination.plan_ms:.1f} ms of planning.",
    ]


def write_imagination(page: Path, name: str, imagination: Imagination) -> Path:
    """Write a page of start, goal, beliefs, and the best courses beside what then came.

    Args:
        page: the file.
        name: what the page calls the run.
        imagination: what to show; where the robot has no camera, only in figures.

    Raises:
        RunError: when the disk does not take it.
    """
    done = imagination.done
    last = len(done.happened) - 1
    shown = np.unique(np.linspace(0, last, min(MOST_FRAMES, last + 1)).astype(int))
    at_first = _pictures(done.happened[0], done.imagined)
    whole = [
        _film("start", "", [side_by_side(done.happened[0])]),
        _film("goal", "", [side_by_side(done.goal.readings)]),
        _film("what came", "came", [side_by_side(done.happened[k]) for k in shown]),
        _film("imagined at first", "taken", [at_first[k] for k in shown if k < len(at_first)]),
    ] * bool(done.imagined)
    parts = [
        f"<h1>What it imagined</h1><p class=small>{html.escape(name)}</p>",
        _films(whole),
        *(f"<p>{html.escape(told)}</p>" for told in sentences(imagination)),
        f"<h2>What it believed</h2><p class=small>{BELIEFS}</p>",
        f"<p class=plot><img src='{_chart(imagination)}' alt='steps left, and costs'></p>",
        f"<h2>What it imagined at its decisions</h2><p class=small>{READ}</p>",
        *(part for decision in imagination.decisions for part in _decision(imagination, decision)),
    ]
    with writing("report", page):
        page.write_text(
            "<!doctype html><meta charset=utf-8><meta name=viewport content='width=device-width'>"
            f"<title>What it imagined</title><style>{STYLE}{FILMS}</style>{''.join(parts)}",
            encoding="utf-8",
        )
    return page


def _decision(imagination: Imagination, decision: Decision) -> Iterator[str]:
    """What one decision imagined: a heading, a line, and its films."""
    happened, courses = imagination.done.happened, decision.courses
    horizon = len(courses[0].steps_left)
    start = happened[decision.step]
    came = happened[decision.step : decision.step + horizon + 1]
    films = [
        _film("what came", "came", [side_by_side(each) for each in came], horizon + 1),
        _film(TOLD, "told", _pictures(start, decision.told.pictures), horizon + 1),
    ] * bool(decision.told.pictures)
    for rank, course in enumerate(courses):
        kind, named = ("", "cost") if rank else ("taken", "taken,")
        frames = _pictures(start, course.pictures)
        films.append(_film(f"{named} {course.cost:.1f}", kind, frames))
    left, ended = courses[0].steps_left, decision.told.steps_left
    yield f"<h3>Step {decision.step}</h3><p class=small>Plans imagined: {decision.tried:,}. "
    yield f"It believed {imagination.steps_left[decision.step]:.1f} steps left; {horizon} steps "
    yield f"on, by its plan, {left[-1]:.1f}; {len(ended)} steps on, when they had come, "
    yield f"{imagination.steps_left[decision.step + len(ended)]:.1f}.</p>{_films(films)}"


def _pictures(start: Readings, imagined: dict[str, Array]) -> list[Array | None]:
    """A course as frames: where it begins, and each imagined step."""
    count = max(map(len, imagined.values()), default=0)
    seen = {name: start[name] for name in imagined if name in start}
    steps = (side_by_side({name: p[k] for name, p in imagined.items()}) for k in range(count))
    return [side_by_side(seen), *steps]


def _films(films: Sequence[str]) -> str:
    return f"<div class=films>{''.join(films)}</div>"


def _film(told: str, kind: str, frames: Sequence[Array | None], count: int = 0) -> str:
    """Frames as a film of at least so many, or its words alone where no camera saw anything."""
    seen = [Image.fromarray(frame) for frame in frames if frame is not None]
    if not seen:
        return f"<figure class='{kind}'>{told}</figure>"
    seen += seen[-1:] * (max(count - len(seen), 0) + HELD)
    width, height = max(frame.width for frame in seen), seen[0].height
    smaller = max(math.ceil(height / TILE_PX), math.ceil(width * len(seen) / WIDEST_PX))
    seen = [frame.reduce(smaller) for frame in seen]
    width, height = max(frame.width for frame in seen), seen[0].height
    strip = Image.new("RGB", (width * len(seen), height))
    for number, frame in enumerate(seen):
        strip.paste(frame, (number * width, 0))
    return (
        f"<figure class='{kind}'><div class=film role=img aria-label='{told}' style='--n:"
        f'{len(seen)};aspect-ratio:{width}/{height};background-image:url("{_inline(strip)}")'
        f"'></div>{told}</figure>"
    )


def _inline(picture: Image.Image, lossless: bool = False) -> str:
    """A picture as an address that holds it."""
    data = io.BytesIO()
    picture.save(data, "WEBP", quality=QUALITY, lossless=lossless)
    return f"data:image/webp;base64,{base64.b64encode(data.getvalue()).decode()}"


def _chart(imagination: Imagination) -> str:
    """The believed steps left, and the costs of what was planned, over the steps of the trial."""
    import matplotlib  # slow to load, and nothing else needs it

    matplotlib.use("Agg")
    from matplotlib import pyplot

    matplotlib.rc("axes", titlelocation="left", titlesize=10)
    figure, (left, costs) = pyplot.subplots(
        2, 1, figsize=(5.0, 5.5), sharex=True, layout="constrained", height_ratios=(3, 2)
    )
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
    left.plot(imagination.steps_left, color=BLUE, lw=1.8, label="what came")
    left.set_title("steps that it believes are left")
    costs.plot(list(imagination.costs), list(imagination.costs.values()), color=RED,
               label="the plan taken")  # fmt: skip
    costs.set(title="what it believed its plans to cost", xlabel="step")
    for axes in (left, costs):
        axes.set_ylim(0.0, 1.1 * axes.dataLim.y1)
        named = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
        axes.legend(named.values(), named.keys(), frameon=False, fontsize=8)
    data = io.BytesIO()
    figure.savefig(data, dpi=160)
    pyplot.close(figure)
    return _inline(Image.open(data).convert("RGB"), lossless=True)
