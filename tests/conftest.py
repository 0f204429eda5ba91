import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is no failure; what must be fast has a benchmark.
settings.register_profile("rumpus", deadline=None)
settings.load_profile("rumpus")

OUTSIDE = Path(__file__).parent / "outside"


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the module path, outside the repository, with two strangers' packages."""
    folder = tmp_path / "outside"
    shutil.copytree(OUTSIDE, folder)
    monkeypatch.syspath_prepend(folder)
    yield folder
    for name in [n for n in sys.modules if n.startswith("outside_")]:
        del sys.modules[name]
