import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from rumpus.cli.command_line import main
from rumpus.model.device import prepare_process

# A busy machine is no failure; what must be fast has a benchmark.
settings.register_profile("rumpus", deadline=None)
settings.load_profile("rumpus")
prepare_process()  # as a run does, also for tests that learn without one

OUTSIDE = Path(__file__).parent / "outside"
DOT = "outside_image:DotEnv"


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the module path, outside the repository, with two strangers' packages."""
    folder = tmp_path / "outside"
    shutil.copytree(OUTSIDE, folder)
    monkeypatch.syspath_prepend(folder)
    yield folder
    for name in [n for n in sys.modules if n.startswith("outside_")]:
        del sys.modules[name]


@pytest.fixture
def strangers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The strangers' packages can be imported, as after PYTHONPATH=tests/outside."""
    monkeypatch.syspath_prepend(OUTSIDE)


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One small run, made once for all tests: a dot that played 60 steps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(OUTSIDE)
        path = tmp_path_factory.mktemp("played") / "dot"
        assert main(["play", DOT, "--run", str(path), "--steps", "60", "--random-steps", "40"]) == 0
        yield path


@pytest.fixture
def dot(played: Path, tmp_path: Path, strangers: None) -> Path:
    """A copy of that run, to do anything with."""
    return shutil.copytree(played, tmp_path / "dot")


ENTRY_POINTS = """
[rumpus.worlds]
two_eyed = outside_door:two_eyed_door
torn = outside_torn:World
[rumpus.sensors]
warmth = outside_parts.thermometer:Thermometer
torn = outside_torn:Sensor
[rumpus.robots]
slider = outside_parts.slider:Slider
torn = outside_torn:Robot
[rumpus.objectives]
last = outside_parts.last_step:LastStep
torn = outside_torn:Objective
[rumpus.goal_sources]
newest = outside_parts.newest:Newest
torn = outside_torn:Source
[rumpus.planners]
torn = outside_torn:Planner
[rumpus.success_classifiers]
torn = outside_torn:Classifier
"""


@pytest.fixture
def outside_installed(outside: Path) -> Path:
    """The same folder, with the metadata of an installed package that names its parts."""
    metadata = outside / "stranger-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(ENTRY_POINTS)
    return outside
