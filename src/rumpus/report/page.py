"""What a run shows to people: RUN/report/index.html, with figures and pictures beside it."""

import html
import shutil
from collections.abc import Sequence
from pathlib import Path

from rumpus.errors import writing
from rumpus.memory.side_by_side import side_by_side
from rumpus.play.evaluate import Evaluation, Outcome, table
from rumpus.report.overview import read_evaluation
from rumpus.report.sheet import Tile, write_sheet
from rumpus.report.style import page_of, plots, save_plots
from rumpus.result import Row, write_result
from rumpus.run.folder import Run
from rumpus.worlds.base import Measure

TRIALS = (
    "A point is a trial: on the grey line it ended as far from its goal as it began, below the red "
    "one it got there. In brackets stand intervals of 95 %. Of some trials the "
    "pictures: where it began, what it was shown, what it imagined as its end, and its end."
)
FILMS = (
    "Each as a film of all steps, and as a strip of some: what it imagined when it began, and what "
    "then happened. The number is that of its first step in `rumpus memory list`."
)


def report_evaluation(run: Run, evaluation: Evaluation) -> Path:
    """Write an evaluation's figures and pictures into the run's report.

    Returns:
        the report's page.

    Raises:
        RunError: when the disk does not take it.
    """
    slug = evaluation.kind.replace(" ", "-")
    keep_earlier(run.report / f"evaluate-{slug}.json")
    write_result(
        run.report / f"evaluate-{slug}.json", f"evaluate {run.config.world} {evaluation.kind}",
        evaluation.rows, measure=evaluation.measure,
        trials=[
            {"start": o.trial.start, "goal": o.trial.goal, "end": o.end,
             "started": started, "errors": o.errors}
            for started, o in zip(evaluation.started, evaluation.outcomes, strict=True)
        ],
    )  # fmt: skip
    draw_chart(run.report / f"evaluate-{slug}.png", evaluation)
    rows = [_tiles(outcome, evaluation.measure) for outcome in evaluation.outcomes]
    write_sheet(run.report / f"evaluate-{slug}-trials.png", [row for row in rows if row])
    return write_page(run)


def keep_earlier(result: Path) -> None:
    """Put a copy of an evaluation's figures aside before another takes their place.

    Raises:
        RunError: when the disk does not take it.
    """
    if result.exists():
        aside = result.parent / "earlier"
        with writing("earlier figures", aside):
            aside.mkdir(exist_ok=True)
            # Named by when it was written, and copied with that.
            shutil.copy2(result, aside / f"{result.stem}-{result.stat().st_mtime_ns}.json")


def draw_chart(path: Path, evaluation: Evaluation) -> None:
    """Draw every trial's error at the end over its error at the start."""
    measure = evaluation.measure
    figure, axes = plots(1, figsize=(5.0, 4.0))
    axes.axline((0.0, 0.0), slope=1.0, color="0.75", label="as at the start")
    started = [started[measure.name] for started in evaluation.started]
    ended = [outcome.errors[measure.name] for outcome in evaluation.outcomes]
    axes.scatter(started, ended, s=18, color="#1f6fb4", label="the robot")
    axes.axhline(measure.tolerance, color="#c03a2b", linestyle="--", label="tolerance")
    axes.set_xlabel(f"{measure.name} at the start")
    axes.set_ylabel(f"{measure.name} at the end")
    top = 1.05 * max(*started, *ended, measure.tolerance)
    axes.set(xlim=(-0.02 * top, top), ylim=(-0.02 * top, top))  # alike: better lies below the line
    axes.legend(frameon=False)
    save_plots(figure, path)


def write_page(run: Run) -> Path:
    """Write RUN/report/index.html from whatever figures and pictures the report holds.

    Raises:
        RunError: when figures of an earlier evaluation cannot be understood.
    """
    world, where = html.escape(run.config.world), html.escape(str(run.path))
    parts = [f"<h1>{world}</h1>", f"<p class=small>{where}, seed {run.config.seed}</p>"]
    if (learning := run.report / "progress.png").exists():
        parts += ["<h2><a href='progress.html'>Does it learn?</a></h2>", _image(learning, "plot")]
    for result in sorted(run.report.glob("evaluate-*.json")):
        title, figures, circumstances = _told(result)
        own = ((run.report / f"{result.stem}.png", "plot"),
               (run.report / f"{result.stem}-trials.png", ""))  # fmt: skip
        pictures = [_image(picture, kind) for picture, kind in own if picture.exists()]
        pictures = [f"<p class=small>{TRIALS}</p>"] * bool(pictures) + pictures
        earlier = sorted(run.report.glob(f"earlier/{result.stem}-[0-9]*.json"), reverse=True)
        parts += [title, figures, *pictures, circumstances, *map(_earlier, earlier)]
    done = sorted(run.report.glob("do-*.webp")) + sorted(run.report.glob("do-*.png"))
    done.sort(key=lambda path: (len(path.stem), path.stem))  # in the order of their numbers
    parts += [f"<h2>What it was asked for</h2><p class=small>{FILMS}</p>"] * bool(done)
    for path in done:
        is_film = path.suffix == ".webp"
        parts += [f"<h3>{path.stem}</h3>" * is_film, _image(path, "" if is_film else "wide")]
    pages = sorted(run.report.glob("imagine-*.html"), key=lambda path: (len(path.stem), path.stem))
    parts += ["<h2>What it imagined</h2>"] * bool(pages)
    parts += [f"<p><a href='{html.escape(p.name)}'>{html.escape(p.stem)}</a></p>" for p in pages]
    page = run.report / "index.html"
    page.write_text(page_of(world, parts), encoding="utf-8")
    return page


def _told(result: Path) -> tuple[str, str, str]:
    """An evaluation as a title, a table and a line of when and how it was measured."""
    told = read_evaluation(result)
    small = f"<p class=small>{html.escape(told.date)} · {html.escape(told.command)}</p>"
    return f"<h2>{html.escape(told.name)}</h2>", _table(told.rows, told.measure), small


def _earlier(result: Path) -> str:
    """A line of what an earlier evaluation came to."""
    told = read_evaluation(result)
    return f"<p class=small>{html.escape(f'{told.date}: {told.headline}')}</p>"


def _tiles(outcome: Outcome, measure: Measure) -> Sequence[Tile]:
    """One trial as a row of pictures, or nothing where none were kept."""
    shown = outcome.shown
    if shown is None:
        return []
    error = f"after: {measure.name} {outcome.errors[measure.name]:.3f}"
    named = (("start", shown.start), ("goal", shown.goal), ("imagined", shown.imagined),
             (error, shown.end))  # fmt: skip
    return [Tile(label, side_by_side(sensors)) for label, sensors in named]


def _table(rows: Sequence[Row], measure: Measure) -> str:
    head, *cells = (map(html.escape, row) for row in table(rows, measure))
    kinds = (" class=agent" * row.variant.startswith("agent") for row in rows)
    lines = (f"<tr{kind}><td>{'<td>'.join(row)}" for kind, row in zip(kinds, cells, strict=True))
    return f"<table><tr><th>{'<th>'.join(head)}{''.join(lines)}</table>"


def _image(path: Path, kind: str = "") -> str:
    name, told = html.escape(path.name), html.escape(path.stem)
    return f"<p class='{kind}'><img src='{name}' alt='{told}'></p>"
