"""How the pages for people look, and the plots on them."""

from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #28282e; background: #faf9f6;
       max-width: 60rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
table { border-collapse: collapse; margin: 1rem 0; display: block; overflow-x: auto;
        overflow-wrap: normal; }
td, th { padding: .25rem .8rem; border-bottom: 1px solid #ddd; text-align: right; }
td:first-child, th:first-child { text-align: left; }
tr.agent { font-weight: 600; }
img { max-width: 100%; }
.plot img { width: 36rem; }
.small { color: #77777f; font-size: .85rem; }
@media (max-width: 40rem) { h1, h2 { font-size: 1.2rem; }
       td, th { padding: .2rem; font-size: .75rem; }
       .wide { overflow-x: auto; } .wide img { max-width: none; height: 20rem; } }
"""


def page_of(title: str, parts: Iterable[str], style: str = "") -> str:
    """A page of its parts, in HTML, as all are read, on a phone too."""
    return (
        "<!doctype html><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{title}</title><style>{STYLE}{style}</style>{''.join(parts)}"
    )


def plots(rows: int, **shaped: Any) -> tuple[Any, Any]:
    """A figure of so many plots below each other, and their axes."""
    import matplotlib  # slow to load, and nothing else needs it

    matplotlib.use("Agg")
    from matplotlib import pyplot

    matplotlib.rc("axes", titlelocation="left", titlesize=10)
    return pyplot.subplots(rows, layout="constrained", **shaped)


def save_plots(figure: Any, to: Path | IO[bytes]) -> None:
    """Write a figure as a PNG, and let go of it."""
    from matplotlib import pyplot

    figure.savefig(to, format="png", dpi=160)
    pyplot.close(figure)
