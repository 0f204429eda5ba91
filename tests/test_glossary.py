"""Every phase and every number that a person meets is explained in docs/glossary.md."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from rumpus.replay.measured import Measured
from rumpus.update_schedule import DYNAMICS, ENCODING, MODEL, POLICY

ROOT = Path(__file__).parents[1]
GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
# How phases are told in code: to `tick`, to `Progress`, or chosen just before.
NAMED = re.compile(
    r'(?:tick|add_task)\(\s*"([^"]+)"|Progress\(\s*steps, "([^"]+)"'
    r'|phase = "([^"]+)"(?: if .* else "([^"]+)")?'
)


def phases() -> set[str]:
    sources = (p.read_text(encoding="utf-8") for p in (ROOT / "src").rglob("*.py"))
    found = [name for source in sources for match in NAMED.findall(source) for name in match]
    return {name for name in found if name} | {MODEL, ENCODING, DYNAMICS, POLICY}


def test_the_phases_are_found() -> None:
    assert phases() >= {"exploring", "reaching", "filming", "saved", "learning beside", MODEL}


@pytest.mark.parametrize("phase", sorted(phases()))
def test_every_phase_is_in_the_glossary(phase: str) -> None:
    assert f"| {phase} |" in GLOSSARY


@pytest.mark.parametrize("number", [field.name for field in fields(Measured)])
def test_every_number_that_is_measured_is_in_the_glossary(number: str) -> None:
    assert f"`{number}`" in GLOSSARY
