import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "rumpus"
DOCUMENTS = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"]
DOCUMENTS += [str(p.relative_to(ROOT)) for p in sorted(ROOT.glob("docs/decisions/*.md"))]
FILE = re.compile(r"`([\w./-]+(?:\.py|\.md|\.toml|\.txt|/))`")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")
NAMED = re.compile(r"\| `([\w/]+\.py)` \| `(\w+)` \|$", re.MULTILINE)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_that_a_document_names_exists(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    named = [name for name in FILE.findall(text) if "NAME" not in name]
    missing = [n for n in named if not ((ROOT / n).exists() or (PACKAGE / n).exists())]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_leads_to_a_file(document: str) -> None:
    links = LINK.findall((ROOT / document).read_text(encoding="utf-8"))
    assert [link for link in links if not ((ROOT / document).parent / link).exists()] == []


def test_every_station_has_the_name_that_the_architecture_gives_it() -> None:
    named = NAMED.findall((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"))
    assert len(named) >= 20
    for file, name in named:
        source = (PACKAGE / file).read_text(encoding="utf-8")
        assert re.search(rf"^\s*(?:def|class) {name}\b", source, re.MULTILINE), f"{file}: {name}"


def test_no_file_has_a_name_that_says_nothing() -> None:
    stems = {path.stem for path in PACKAGE.rglob("*.py")}
    assert stems & {"utils", "util", "common", "helpers", "helper", "misc", "manager"} == set()
