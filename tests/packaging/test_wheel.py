"""The wheel: it holds what it should, and installs where nothing of the clone is."""

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet", "-w", str(folder), "."]
    subprocess.run(build, cwd=ROOT, check=True, stdin=subprocess.DEVNULL)
    (built,) = folder.glob("rumpus-*.whl")
    return built


def test_it_holds_the_package_its_types_and_its_licence(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "rumpus/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert [name for name in names if not name.startswith(("rumpus/", "rumpus-"))] == []


def test_it_runs_where_nothing_else_of_it_is(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "env", system_site_packages=False, with_pip=True)
    python, limits = str(tmp_path / "env" / "bin" / "python"), str(ROOT / "constraints.txt")
    install = [python, "-m", "pip", "install", "--quiet", "-c", limits, str(wheel)]
    subprocess.run(install, check=True, stdin=subprocess.DEVNULL)
    for asked in (["--help"], ["--version"], ["list"]):
        done = subprocess.run(
            [python, "-m", "rumpus", *asked], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    assert "door" in done.stdout
