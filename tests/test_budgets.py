"""The house stays small: lines of code by folder, and how far an import reaches down."""

import ast
import io
import tokenize
from functools import cache
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "rumpus"
LONGEST_CHAIN = 14
# Lines of code at most, without blanks, comments and docstrings, so that explaining costs nothing.
# Raised for new capabilities alone (docs/decisions/0007). Parts that are not there count nothing.
BUDGETS: dict[str, tuple[int, list[str]]] = {
    "ground": (340, ["types", "spec", "errors", "finding", "atomic_file", "result"]),
    "mind and replay": (
        2795,
        ["model", "planning", "goals", "objectives", "success", "actor", "learner",
         "update_schedule", "replay"],
    ),
    "body": (1050, ["body"]),
    "catalogue": (150, ["catalogue"]),
    "memory": (
        1700, [f"memory/{p.stem}" for p in PACKAGE.glob("memory/*.py") if p.stem != "labels"],
    ),
    "labels": (180, ["memory/labels"]),
    "exchange": (1532, ["exchange"]),
    "play and run": (2270, ["play", "run"]),
    "bench": (323, ["bench"]),
    "cli and report": (1890, ["cli", "report"]),
    "service and watch": (1200, ["service", "watch"]),
    **{
        f"world {path.stem}": (150, [f"worlds/{path.stem}"])
        for path in sorted(PACKAGE.glob("worlds/*.py"))
        if path.stem not in ("__init__", "base", "catalogue", "check")
    },
}  # fmt: skip

LARGEST_SHARE = 0.2  # of all code in one folder


def code_lines(source: str) -> int:
    """How many lines hold code: neither blank, nor a comment, nor of a docstring."""
    explained: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        body = getattr(node, "body", None)
        if not isinstance(body, list) or not body or not isinstance(body[0], ast.Expr):
            continue
        said = body[0].value
        if isinstance(said, ast.Constant) and isinstance(said.value, str):
            explained |= set(range(said.lineno, (said.end_lineno or said.lineno) + 1))
    empty = {
        tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT,
        tokenize.ENDMARKER,
    }  # fmt: skip
    code: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in empty:
            code |= set(range(token.start[0], token.end[0] + 1))
    return len(code - explained)


def lines_of(part: str) -> int:
    files = [PACKAGE / f"{part}.py", *(PACKAGE / part).rglob("*.py")]
    return sum(code_lines(f.read_text(encoding="utf-8")) for f in files if f.exists())


def test_what_explains_is_not_counted() -> None:
    source = '"""A."""\n\n# a comment\nX = (\n    1,\n)\n\ndef f():\n    """Do.\n\n    It."""\n'
    assert code_lines(source) == 4


@pytest.mark.parametrize("name", BUDGETS)
def test_a_part_is_no_longer_than_its_budget(name: str) -> None:
    budget, parts = BUDGETS[name]
    lines = {part: lines_of(part) for part in parts}
    assert sum(lines.values()) <= budget, lines


@pytest.mark.parametrize("path", sorted(ROOT.glob("benchmarks/worlds/*.py")), ids=lambda p: p.stem)
def test_a_world_of_the_yardstick_is_no_longer_than_a_world(path: Path) -> None:
    assert code_lines(path.read_text(encoding="utf-8")) <= 150


def test_no_folder_holds_more_than_a_fifth_of_the_code() -> None:
    everything = sum(code_lines(f.read_text(encoding="utf-8")) for f in PACKAGE.rglob("*.py"))
    folders = [path.name for path in PACKAGE.iterdir() if path.is_dir()]
    shares = {folder: lines_of(folder) / everything for folder in folders}
    assert {name: share for name, share in shares.items() if share > LARGEST_SHARE} == {}


@cache
def longest(graph: grimp.ImportGraph, module: str) -> tuple[str, ...]:
    """The longest chain of imports that begins at a module."""
    below = (longest(graph, other) for other in graph.find_modules_directly_imported_by(module))
    return (module, *max(below, key=len, default=()))


def test_no_import_reaches_further_down_than_so_many_files() -> None:
    graph = grimp.build_graph("rumpus")
    chain = max((longest(graph, module) for module in graph.modules), key=len)
    assert len(chain) <= LONGEST_CHAIN, chain


def test_a_robot_of_ones_own_is_forty_lines() -> None:
    source = (ROOT / "examples" / "own_robot.py").read_text(encoding="utf-8")
    assert code_lines(source) <= 40
