"""Takes a picture of every screen, page and plot: docs/pictures/ and the page that shows them.

    python docs/take_pictures.py                       # all of them, in 10 to 15 minutes
    python docs/take_pictures.py --runs /tmp/kept play # some, by their names' beginnings

Each command is really run, in a terminal of its own; what it wrote there is drawn by Chromium, and
so are the pages that it wrote. A robot is trained for it unless --runs names where one was before.
"""

import argparse
import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from io import StringIO
from pathlib import Path

from PIL import Image, ImageChops
from rich.console import Console
from rich.terminal_theme import SVG_EXPORT_THEME
from rich.text import Text

DOCS = Path(__file__).parent
PICTURES, PAGE = DOCS / "pictures", DOCS / "pictures.md"
HEAD = """\
# Pictures of every screen, page and plot

What a person sees of rumpus, command by command, in the order in which one would try it. The robot
is the door's, after {steps:,} steps of play. `make pictures` takes all of them anew.
"""
TAIL = """\
## After more than an hour

What takes longer than a page of pictures is made by the benchmarks: what memory costs with age, and
what the door and the puck come to after their full time of play.

![Train phases, RAM and opening after more and more steps](../benchmarks/results/memory-ageing.png)

![The door: start and goal, what it imagined, what happened](door.png)

![The puck: start and goal, what it imagined, what happened](puck.png)
"""
STEPS = 3000
TERMINAL = """\
<meta charset=utf-8><style>body {{ margin: 0; background: {background} }}
pre {{ font: 15px/1.25 'DejaVu Sans Mono', monospace; margin: 16px; color: {foreground} }}</style>
<pre>{code}</pre>"""
PHONE_PX, DESKTOP_PX, TALLEST_PX = 390, 1100, 12_000
NARROWEST_PX = 500  # no window of Chromium is narrower, but a frame in one may be
FRAME = "<style>body {{ margin: 0 }} iframe {{ border: 0 }}</style><iframe {size} src='{page}'>"
COLOURS = 256  # of a picture's palette
CONTROL = re.compile(r"(\r?\n|\r|\x1b\[[\d;?]*[A-Za-z])")


@dataclass(frozen=True)
class Shot:
    """One picture.

    Attributes:
        name: of its file.
        told: what it shows, in a sentence.
        command: what is run for it, once for all shots that have it.
        columns: of the terminal.
        moment: what stood there last when the screen was taken; "": what stood there in the end.
        file: what the command wrote, to be shown instead of the screen: a page, picture or film.
        width_px: of the window a page is shown in.
    """

    name: str
    told: str
    command: str
    columns: int = 100
    moment: str = ""
    file: str = ""
    width_px: int = DESKTOP_PX

    @property
    def path(self) -> Path:
        """Where the picture is kept."""
        return PICTURES / f"{self.name}{'.webp' if self.file.endswith('.webp') else '.png'}"


PLAY = f"rumpus play door --run runs/door --steps {STEPS}"
SLOW = "rumpus play door --run runs/slow --steps 1000 --set train.train_every=250"
PROGRESS, EVALUATE = "rumpus progress runs/door", "rumpus evaluate runs/door --goals 50"
GOALS, SHOW = "rumpus goals runs/door", "rumpus memory show runs/door --episode 1"
SNAPSHOT = "rumpus snapshot door --out now.png"
DO = f"rumpus do runs/door --goal memory:{STEPS * 2 // 3}"
DO_PICTURE = "rumpus do runs/door --goal now.png"
IMAGINE = "rumpus imagine runs/door --goal angle_rad=0.3"
TEACH = ("rumpus teach runs/door --wish 'as it began' --practise 500 --examples "
         + " ".join(f"memory:{step}" for step in range(0, 16, 2)))  # fmt: skip
QUESTIONS = "rumpus questions runs/door"
ANYWHERE = "rumpus evaluate runs/door --goals 50 --kind anywhere"
REPORT = "runs/door/report"
SHOTS = {
    "Before it begins": [
        Shot("help", "What there is to ask for.", "rumpus --help"),
        Shot("play-help", "What one command takes.", "rumpus play --help"),
        Shot("list", "The worlds that can be named.", "rumpus list"),
        Shot("check", "Whether a world lets a robot learn, before hours are spent in it.",
             "rumpus check world door"),
        Shot("refused", "What is refused says what came, what was expected and what to do.",
             "rumpus plya door\nrumpus play dor\nrumpus play door --steps many\n"
             "rumpus evaluate runs/nothing\n"
             "rumpus play door --set train.updates_per_step=-1"),
    ],
    "Playing": [
        Shot("play-explores", "At first it moves at random; after every goal it explores.", PLAY,
             moment="exploring"),
        Shot("play-learns", "It rests while its mind learns; how far that is, what is left, and "
             "the two figures that matter most.", PLAY, moment="training model"),
        Shot("play-reaches", "It goes for goals of its own.", PLAY, moment="reaching"),
        Shot("play", "Played, saved, and what to do next.", PLAY),
        Shot("play-narrow", "The same in a narrow terminal, with a setting of one's own.", SLOW,
             columns=40),
        Shot("learn", "Learning without a robot, until nothing is owed.",
             "rumpus learn runs/door"),
    ],
    "Does it learn?": [
        Shot("progress", "Figures over its life, and what they mean.", PROGRESS),
        Shot("progress-plot", "The plot: prediction, goals, places, novelty.", PROGRESS,
             file=f"{REPORT}/progress.png"),
        Shot("progress-page", "The page that it writes.", PROGRESS,
             file=f"{REPORT}/progress.html"),
        Shot("progress-phone", "That page on a phone.", PROGRESS,
             file=f"{REPORT}/progress.html", width_px=PHONE_PX),
        Shot("firsts", "Its firsts: steps at which it was somewhere for the first time.",
             PROGRESS, file=f"{REPORT}/progress-firsts.png"),
    ],
    "Asking for something": [
        Shot("goals", "Remembered steps to choose from.", GOALS),
        Shot("goals-sheet", "The sheet: as different as can be, with the words for `do`.", GOALS,
             file=f"{REPORT}/goals.png"),
        Shot("do", "One of them is asked for; whether it got there, and how sure that is.", DO),
        Shot("do-strip", "The strip: start and goal, what it imagined, what happened.", DO,
             file=f"{REPORT}/do-*.png"),
        Shot("do-film", "The film of it, with what it imagined beside.", DO,
             file=f"{REPORT}/do-*.webp"),
        Shot("do-number", "A goal by a number of the world's truth.",
             "rumpus do runs/door --goal angle_rad=0.5"),
        Shot("snapshot", "A picture of a world as it begins.", SNAPSHOT),
        Shot("snapshot-picture", "That picture.", SNAPSHOT, file="now.png"),
        Shot("do-picture", "It is asked for.", DO_PICTURE),
        Shot("imagine", "What it imagines on its way is kept, at a cost that is told.", IMAGINE),
        Shot("imagine-page", "The page: its best plans, which move there, and here stand at their "
             "ends, beside what then came.", IMAGINE, file=f"{REPORT}/imagine-*.html"),
        Shot("imagine-phone", "That page on a phone.", IMAGINE,
             file=f"{REPORT}/imagine-*.html", width_px=PHONE_PX),
    ],
    "Wishes": [
        Shot("teach", "Some pictures have something in common; it practises that.", TEACH),
        Shot("questions", "What it asks.", QUESTIONS),
        Shot("questions-sheet", "The sheet: the pictures that it asks about.", QUESTIONS,
             file=f"{REPORT}/questions.png"),
        Shot("answer", "A person answers.", "rumpus answer runs/door 1 yes"),
        Shot("do-wish", "It is asked for by its name.",
             "rumpus do runs/door --wish 'as it began'"),
        Shot("bench", "A classifier of success is attacked, before it learns from what was tried.",
             "rumpus bench cheat --wish cap --classifier naive_classifier --rounds 0"),
    ],
    "Measuring": [
        Shot("evaluate", "How well it does what pictures show, beside trivial baselines.",
             EVALUATE),
        Shot("evaluate-chart", "The chart: each trial's error at the end over that at the start.",
             EVALUATE, file=f"{REPORT}/evaluate-handle.png"),
        Shot("evaluate-trials", "Some of the trials.", EVALUATE,
             file=f"{REPORT}/evaluate-handle-trials.png"),
        Shot("evaluate-anywhere", "The harder kind of trials.", ANYWHERE),
        Shot("report", "The run's page: learning, measures, and what it was asked for.", ANYWHERE,
             file=f"{REPORT}/index.html"),
        Shot("report-phone", "That page on a phone.", ANYWHERE, file=f"{REPORT}/index.html",
             width_px=PHONE_PX),
    ],
    "Runs and settings": [
        Shot("runs", "All runs in a folder.", "rumpus runs"),
        Shot("compare", "Two of them side by side.", "rumpus compare runs/door runs/slow"),
        Shot("config", "Every setting, with its meaning and what it may be (the first ones).",
             "rumpus config | head -n 30"),
    ],
    "What it remembers": [
        Shot("memory-info", "What a memory holds.", "rumpus memory info runs/door"),
        Shot("memory-list", "Its episodes.", "rumpus memory list runs/door"),
        Shot("memory-show", "One of them.", SHOW),
        Shot("memory-strip", "As a film strip.", SHOW, file="episode.png"),
        Shot("memory-verify", "Every byte read; and mended, were there anything to mend.",
             "rumpus memory verify runs/door\nrumpus memory repair runs/door"),
        Shot("memory-film", "Another life is taken over; old pictures become lossless films.",
             "rumpus memory merge runs/slow runs/door\nrumpus memory film runs/door"),
        Shot("memory-export", "For other programs, and back.",
             "rumpus memory export runs/door out --format lerobot\n"
             "rumpus memory import out runs/theirs --format lerobot\n"
             "rumpus memory export runs/door play.mp4 --format film"),
    ],
}  # fmt: skip


def page() -> str:
    """The page that shows all pictures, in Markdown."""
    return "\n".join([HEAD.format(steps=STEPS), *_sections(), TAIL])


def _sections() -> Iterator[str]:
    for heading, shots in SHOTS.items():
        yield f"## {heading}\n"
        for shot in shots:
            shown = f" Shown: `{shot.file}`." if shot.file else ""
            yield (f"{shot.told}{shown}\n\n```text\n{shot.command}\n```\n\n"
                   f"![{shot.told}](pictures/{shot.path.name})\n")  # fmt: skip


@cache
def run(command: str, columns: int, folder: Path) -> str:
    """What a terminal of so many columns was told while a command ran in a folder."""
    return "".join(_told(line, columns, folder) for line in command.splitlines())


def _told(line: str, columns: int, folder: Path) -> str:
    print(f"$ {line}", flush=True)
    known = {n: v for n, v in os.environ.items() if n not in ("COLUMNS", "LINES", "NO_COLOR")}
    known |= {"PATH": f"{Path(sys.executable).parent}:{known['PATH']}", "TERM": "xterm-256color"}
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    with subprocess.Popen(
        ["bash", "-c", line], cwd=folder, env=known, stdin=subprocess.DEVNULL,
        stdout=theirs, stderr=theirs,
    ):  # fmt: skip
        os.close(theirs)
        said = b"".join(_pieces(ours))
    os.close(ours)
    return f"\x1b[1m$ {line}\x1b[0m\r\n{said.decode()}"


def _pieces(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # Linux says so that nobody writes there any more
            return
        if not piece:  # as macOS does
            return
        yield piece


def stands(said: str, moment: str = "") -> str:
    """What stands on a terminal after it was told all this, up to the last sight of something."""
    if moment:
        seen = said.rindex(moment)
        said = said[: said.find("\r\x1b[2K", seen)]
    lines, row = [""], 0
    for part in CONTROL.split(said):
        if part.endswith("\n"):
            row += 1
            lines += [""] * (row == len(lines))
        elif up := re.fullmatch(r"\x1b\[(\d*)A", part):
            row -= int(up[1] or 1)
        elif part == "\x1b[2K":
            lines[row] = ""
        elif part != "\r" and not re.fullmatch(r"\x1b\[\?\d+[hl]", part):
            lines[row] += part
    return "\n".join(lines).rstrip()


def drawn(text: str, columns: int, scratch: Path) -> Image.Image:
    """What stands on a terminal, as a picture."""
    console = Console(record=True, file=StringIO(), force_terminal=True, color_system="truecolor")
    for line in Text.from_ansi(text).split(allow_blank=True):
        for part in line.divide(range(columns, len(line), columns)):  # as a terminal breaks it
            console.print(part, soft_wrap=True)
    colours = SVG_EXPORT_THEME
    code = console.export_html(theme=colours, inline_styles=True, code_format="{code}")
    screen = scratch / "screen.html"
    screen.write_text(
        TERMINAL.format(
            code=code, background=colours.background_color.hex,
            foreground=colours.foreground_color.hex,
        ),
        encoding="utf-8",
    )  # fmt: skip
    return photographed(screen, max(NARROWEST_PX, 9 * columns + 50), scratch)


def photographed(shown: Path, width_px: int, scratch: Path) -> Image.Image:
    """A page as a window of that width shows it, in all its length."""
    window_px = max(width_px, NARROWEST_PX)
    if width_px < window_px:
        frame = scratch / "frame.html"
        size = f"width={width_px} height={TALLEST_PX}"
        frame.write_text(FRAME.format(size=size, page=shown.resolve().as_uri()), encoding="utf-8")
        shown = frame
    taken = scratch / "taken.png"
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            ["chromium", "--headless", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync",
             "--hide-scrollbars", "--force-prefers-reduced-motion",  # films stand at their end
             *["--no-sandbox"] * (os.geteuid() == 0),
             f"--user-data-dir={profile}", f"--screenshot={taken}",
             f"--window-size={window_px},{TALLEST_PX}", shown.resolve().as_uri()],
            check=True, capture_output=True,
        )  # fmt: skip
    with Image.open(taken) as opened:
        picture = opened.convert("RGB").crop((0, 0, width_px, opened.height))
    empty = Image.new("RGB", picture.size, picture.getpixel((0, picture.height - 1)))
    _, _, _, bottom = ImageChops.difference(picture, empty).getbbox() or (0, 0, 0, 0)
    return picture.crop((0, 0, width_px, min(bottom + 16, picture.height)))


def take(shot: Shot, folder: Path, scratch: Path) -> None:
    """Run a shot's command where that was not done yet, and keep its picture."""
    said = run(shot.command, shot.columns, folder)
    if not shot.file:
        picture = drawn(stands(said, shot.moment), shot.columns, scratch)
    else:
        found = sorted(folder.glob(shot.file), key=lambda path: path.stat().st_mtime)[-1]
        if found.suffix == ".webp":
            with Image.open(found) as film:
                film.save(shot.path, save_all=True, quality=70, method=6)
            return
        if found.suffix == ".html":
            picture = photographed(found, shot.width_px, scratch)
        else:
            with Image.open(found) as opened:
                picture = opened.convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(shot.path, optimize=True)


def main() -> None:
    """Take all pictures, or some."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    asked.add_argument("names", nargs="*", help="only pictures whose names begin like one of these")
    asked.add_argument("--runs", type=Path, help="keep the runs in this folder, to go on from")
    given = asked.parse_args()
    if not shutil.which("chromium"):
        sys.exit("There is no chromium on the PATH, which draws the pictures; install it, "
                 "on Debian with: apt-get install chromium")  # fmt: skip
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.runs or Path(scratch) / "work"
        folder.mkdir(exist_ok=True, parents=True)
        for shot in (shot for shots in SHOTS.values() for shot in shots):
            if shot.name.startswith(tuple(given.names or [""])):
                take(shot, folder, Path(scratch))
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
