"""The page of thumbs shows what is asked, and takes answers from this machine's own page alone."""

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import pytest
import uvicorn

from rumpus.errors import InputError
from rumpus.memory.labels import Wish, open_labels
from rumpus.watch.thumbs import application, listen

HOST = "127.0.0.1"


@pytest.fixture
def asked(dot: Path) -> Path:
    """A memory with two open questions and one that was answered."""
    memory = dot / "memory"
    with open_labels(memory) as labels:
        wish = Wish("<left>", 60, "observation", "vice")
        labels.teach(wish, [1, 2])
        for step in (10, 20, 30):
            labels.ask(wish, step, "surest", 0.25)
        labels.answer(1, "no")
    return memory


@contextmanager
def served(memory: Path) -> Iterator[int]:
    """The page, really served; its port."""
    with socket.socket() as listening:
        listening.bind((HOST, 0))
        config = uvicorn.Config(application(memory), log_level="warning")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield int(listening.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join()


def call(port: int, method: str, path: str, body: str = "", **headers: str) -> tuple[int, str]:
    connection = HTTPConnection(HOST, port, timeout=20)
    connection.request(method, path, body or None, headers)
    response = connection.getresponse()
    told = response.read().decode()
    connection.close()
    return response.status, told


def said(**answer: str) -> str:
    return urlencode(answer)


def test_a_batch_is_shown_and_answered_by_thumbs(asked: Path) -> None:
    with served(asked) as port:
        status, page = call(port, "GET", "/")
        assert (status, page.count("<form")) == (200, 2)
        assert "<h1>2 questions</h1>" in page
        assert "<h2>&lt;left&gt;?</h2>" in page  # a name is text, whatever is in it
        assert page.count("data:image/png;base64,") == 2 * (1 + 2)  # and two examples beside each
        assert re.findall(r"name=question value=(\d+)", page) == ["2", "3"]
        origin = f"http://{HOST}:{port}"
        assert (
            call(port, "POST", "/answer", said(question="2", verdict="yes"), Origin=origin)[0]
            == 303
        )
        assert call(port, "POST", "/answer", said(question="3", verdict="unsure"))[0] == 303
        assert "It asks nothing now." in call(port, "GET", "/")[1]
    with open_labels(asked) as labels:
        assert [question.verdict for question in labels.questions()] == ["no", "yes", "unsure"]


def test_another_page_another_name_and_what_is_no_answer_are_refused(asked: Path) -> None:
    yes = said(question="2", verdict="yes")
    with served(asked) as port:
        assert call(port, "POST", "/answer", yes, Origin="http://evil.example")[0] == 403
        assert call(port, "POST", "/answer", yes, Host="evil.example")[0] == 400
        assert call(port, "GET", "/", Host="evil.example")[0] == 400
        for wrong in ({"question": "x"}, {"question": "9" * 30}, {"verdict": "perhaps"}):
            answer = said(**({"question": "2", "verdict": "yes"} | wrong))
            assert call(port, "POST", "/answer", answer)[0] == 400
        assert call(port, "POST", "/answer", "\xff" * 9)[0] == 400
        assert call(port, "POST", "/answer", "x" * 20_000)[0] == 413
        status, told = call(port, "POST", "/answer", said(question="77", verdict="yes"))
        assert (status, told) == (404, "There is no question 77; open are: 2, 3.")
    with open_labels(asked) as labels:
        assert [question.verdict for question in labels.questions()] == ["no", "", ""]


def test_a_port_that_cannot_be_had_is_told() -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = int(taken.getsockname()[1])
        with pytest.raises(InputError, match=f"port {port} cannot be had: Address already in use"):
            listen(port)
    for port in (0, 70_000):
        with pytest.raises(InputError, match="expected 1 to 65,535"):
            listen(port)
