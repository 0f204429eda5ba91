"""A page of thumbs: what a robot asks about pictures of its own, answered by a tap each.

It reads the memory and writes labels; play goes on in its own process and is never waited for. It
answers this machine alone: no other name or address is taken, nor what another page sends.
"""

import base64
import html
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from socket import SO_REUSEADDR, SOL_SOCKET, socket
from typing import cast, get_args
from urllib.parse import parse_qs

import uvicorn
from PIL import Image
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from rumpus.errors import InputError
from rumpus.memory.labels import Verdict, open_labels
from rumpus.memory.memory import Memory
from rumpus.report.style import page_of
from rumpus.types import Array

HOSTS = ("127.0.0.1", "localhost")
BATCH_N, EXAMPLES_N = 20, 3  # questions on a page; pictures of success beside each
MOST_BYTES = 10_000  # of an answer
THUMBS = {"yes": "&#x2714; yes", "no": "&#x2718; no", "unsure": "? can't tell"}
STYLE = """
.ask { border-bottom: 1px solid #ddd; padding: 1rem 0; }
.ask img { image-rendering: pixelated; height: 9rem; margin-right: .5rem; }
.ask .shown { height: 4rem; opacity: .8; }
button { font-size: 1.4rem; padding: .5rem 1rem; margin: .3rem .5rem .3rem 0; }
"""


def application(memory: Path) -> Starlette:
    """The page for the memory in a folder."""

    def show(request: Request) -> Response:
        return HTMLResponse(page_of("What it asks", _parts(memory), STYLE))

    async def take(request: Request) -> Response:
        origin = request.headers.get("origin", "")
        if origin and origin != f"{request.url.scheme}://{request.url.netloc}":
            return PlainTextResponse("An answer came from another page.", 403)
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > MOST_BYTES:
                return PlainTextResponse("That is no answer: it is too long.", 413)
        said = {name: values[0] for name, values in parse_qs(body.decode("latin-1")).items()}
        number, verdict = said.get("question", ""), said.get("verdict", "")
        if not (number.isascii() and number.isdigit() and len(number) < 19):
            return PlainTextResponse("An answer names the number of its question.", 400)
        if verdict not in get_args(Verdict):
            return PlainTextResponse("An answer is yes, no or unsure.", 400)
        try:
            with open_labels(memory) as labels:
                labels.answer(int(number), cast(Verdict, verdict), said.get("person", ""))
        except InputError as error:
            return PlainTextResponse(str(error), 404)
        return RedirectResponse("/", 303)

    routes = [Route("/", show), Route("/answer", take, methods=["POST"])]
    only_here = Middleware(TrustedHostMiddleware, allowed_hosts=list(HOSTS))
    return Starlette(routes=routes, middleware=[only_here])


def listen(port: int) -> socket:
    """Take a port of this machine, for `serve`.

    Raises:
        InputError: when it is none, or another program has it.
    """
    if not 0 < port < 65536:
        raise InputError(f"The port is {port}, expected 1 to 65,535.")
    taken = socket()
    taken.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)  # also where it was served just before
    try:
        taken.bind((HOSTS[0], port))
    except OSError as error:
        taken.close()
        raise InputError(f"The port {port} cannot be had: {error.strerror}; give another as --port."
                         ) from None  # fmt: skip
    return taken


def serve(memory: Path, listening: socket) -> None:
    """Serve the page for the memory in a folder until stopped."""
    config = uvicorn.Config(application(memory), log_level="warning")
    with listening:
        uvicorn.Server(config).run([listening])


def _parts(folder: Path) -> Iterator[str]:
    with open_labels(folder) as labels, Memory.open(folder, write=False) as memory:
        wishes = {wish.name: wish for wish in labels.wishes()}
        waiting = [question for question in labels.questions() if not question.answers]
        yield f"<h1>{len(waiting)} questions</h1>" if waiting else "<h1>It asks nothing now.</h1>"
        for question in waiting[:BATCH_N]:
            wish = wishes[question.wish]
            name, frames = html.escape(wish.name), memory.frames(wish.sensor)
            shown = labels.examples(wish)[:EXAMPLES_N]
            buttons = "".join(f"<button name=verdict value={verdict}>{thumb}</button>"
                              for verdict, thumb in THUMBS.items())  # fmt: skip
            yield (
                f"<form class=ask method=post action=/answer><h2>{name}?</h2>"
                f"{_image(frames[question.step], f'question {question.id}', '')}"
                + "".join(_image(frames[step], f"an example of {name}", "shown") for step in shown)
                + f"<input type=hidden name=question value={question.id}><div>{buttons}</div>"
                f"<p class=small>Step {question.step:,}; it believes {question.belief:.0%}.</p>"
                "</form>"
            )


def _image(picture: Array, told: str, kind: str) -> str:
    data = BytesIO()
    Image.fromarray(picture.squeeze()).save(data, format="PNG")
    source = base64.b64encode(data.getvalue()).decode()
    return f'<img class="{kind}" alt="{told}" src="data:image/png;base64,{source}">'
