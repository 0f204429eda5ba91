"""One small life, lived once for all tests of this folder: a dot that played 60 steps."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from rumpus.cli import main

OUTSIDE = Path(__file__).parent.parent / "outside"
DOT = "outside_image:DotEnv"


@pytest.fixture(autouse=True)
def strangers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The strangers' packages can be imported, as after PYTHONPATH=tests/outside."""
    monkeypatch.syspath_prepend(OUTSIDE)


@pytest.fixture(scope="session")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(OUTSIDE)
        path = tmp_path_factory.mktemp("lived") / "dot"
        assert main(["play", DOT, "--run", str(path), "--steps", "60", "--random-steps", "40"]) == 0
        yield path


@pytest.fixture
def dot(lived: Path, tmp_path: Path) -> Path:
    """A copy of that life, to do anything with."""
    return shutil.copytree(lived, tmp_path / "dot")
