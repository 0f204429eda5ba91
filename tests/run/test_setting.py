"""Every setting can be given by name and by file, and nothing that it may not be."""

import json
import math
import tomllib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st
from msgspec import inspect as kinds

from rumpus.errors import InputError
from rumpus.run.config import RunConfig, decode
from rumpus.run.layout import flat, sealed
from rumpus.run.session import Asked
from rumpus.run.setting import SETTINGS, checked, made, read, toml, typed


def values(kind: kinds.Type) -> st.SearchStrategy[Any]:
    """All that a setting may be, by its limits alone."""
    if isinstance(kind, kinds.LiteralType):
        return st.sampled_from(kind.values)
    if isinstance(kind, kinds.VarTupleType):
        each = values(kind.item_type)
        return st.lists(each, min_size=kind.min_length or 0, max_size=kind.max_length).map(tuple)
    if isinstance(kind, kinds.IntType):
        return st.integers(kind.ge, kind.le)
    if isinstance(kind, kinds.FloatType):
        low, high = bounds(kind)
        return st.floats(
            low, high, exclude_min=kind.gt is not None, exclude_max=kind.lt is not None
        )
    return st.text(st.characters(exclude_categories=["Cs"]))


def bounds(kind: kinds.IntType | kinds.FloatType) -> tuple[float, float]:
    low = kind.ge if kind.ge is not None else kind.gt
    high = kind.le if kind.le is not None else kind.lt
    assert low is not None  # each has a least and a most, so that nothing is endless
    assert high is not None
    return low, high


def kind_of(name: str) -> kinds.Type:
    return kinds.type_info(SETTINGS[name].kind)


@st.composite
def overrides(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from(sorted(SETTINGS)), max_size=6, unique=True))
    return {name: draw(values(kind_of(name))) for name in names}


@given(overrides())
def test_any_config_comes_back_from_its_toml_and_from_its_file(given: dict[str, Any]) -> None:
    try:
        config = made(given)
    except InputError:  # two of them do not go together
        reject()
    found = dict(flat(tomllib.loads(toml(config))))
    assert made({name: checked(name, value) for name, value in found.items()}) == config
    written = sealed("", config)
    assert decode(written).config == config
    assert {name for name, _ in flat(json.loads(written)["config"])} == set(SETTINGS)


def test_no_value_of_a_config_is_without_a_setting_and_a_meaning() -> None:
    assert {name for name, _ in flat(asdict(RunConfig()))} == set(SETTINGS)
    assert [name for name, setting in SETTINGS.items() if len(setting.meaning) < 20] == []


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_can_be_set(name: str) -> None:
    usual = SETTINGS[name].of(RunConfig())
    kind = kind_of(name)
    if isinstance(kind, kinds.LiteralType):
        other: Any = next(value for value in kind.values if value != usual)
    elif isinstance(kind, kinds.IntType):
        other = usual + 1
    elif isinstance(kind, kinds.FloatType):
        other = usual * 0.9 or 0.1
    else:
        other = "door" if usual == "" else (8, 8)
    text = f"{name}={list(other) if isinstance(other, tuple) else other}"
    config = made(Asked(settings=[typed(text)]).given)
    assert SETTINGS[name].of(config) == other != usual
    differ = [each for each in SETTINGS.values() if each.of(config) != each.of(RunConfig())]
    assert differ == [SETTINGS[name]]


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_refuses_what_it_may_not_be(name: str) -> None:
    kind = kind_of(name)
    unfit: list[Any] = [True, {}, 1 if isinstance(kind, kinds.StrType) else "word"]
    if isinstance(kind, kinds.VarTupleType):
        unfit += [[], [0], [1.5], [8] * 100]
    if isinstance(kind, kinds.IntType | kinds.FloatType):
        low, high = bounds(kind)
        unfit += [low - 1e-9 if isinstance(low, float) else low - 1, high * 2 + 1, [high]]
        unfit += [math.nan, math.inf, -math.inf, 10**400]
        unfit += [low] * (kind.gt is not None) + [high] * (kind.lt is not None)
    if isinstance(kind, kinds.IntType):
        unfit += [1.5]
    for value in unfit:
        with pytest.raises(InputError) as refused:
            checked(name, value)
        said = str(refused.value)
        assert said.startswith(f"The setting {name}")
        assert said.endswith(f", expected {SETTINGS[name].expected}.")


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (["train.updates_per_stepp=1"], "did you mean train.updates_per_step?"),
        (["learn.updates_per_step=1"], "did you mean train.updates_per_step?"),
        (["updates_per_step=1"], "did you mean train.updates_per_step?"),
        (["train=1"], "did you mean train.train_every or"),
        (["nothing_like_it=1"], "There is no setting 'nothing_like_it'; see `rumpus config`."),
        (["train.train_every"], "--set was given 'train.train_every', expected NAME=VALUE"),
        (["train.train_every=often"], "is 'often', expected a whole number from 1 to"),
        (["train.train_every="], "is '', expected a whole number from 1 to"),
        (
            ["mind.acts_by=whim"],
            "is 'whim', expected one of cem, icem, mppi, policy, random_shooting, rollout.",
        ),
        (["skew_fit.skew_exponent=0.5"], "(--skew) is 0.5, expected a number from -1 to 0."),
        (["seed=-1"], "The setting seed (--seed) is -1"),
        (["train.train_every=3"], "in which not one update is due"),
        (["train.train_every=8", "train.train_every=9"], "was given as 8 and as 9; give it once"),
        (["seed=4"], "The setting seed (--seed) was given as 5 and as 4; give it once."),
        (["world=pusher"], "The setting world (WORLD) was given as door and as pusher"),
    ],
)
def test_a_wrong_setting_is_one_sentence(settings: Sequence[str], says: str) -> None:
    with pytest.raises(InputError) as refused:
        made(Asked("door", 5, settings=[typed(each) for each in settings]).given)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("text", "value"), [("500", 500), ("1e4", 10_000), ("10_000", 10_000), (" 7 ", 7)]
)
def test_numbers_as_people_write_them(text: str, value: int) -> None:
    assert Asked(settings=[typed(f"play.random_steps={text}")]).given["play.random_steps"] == value


def test_what_is_given_counts_more_than_the_file(tmp_path: Path) -> None:
    file = tmp_path / "base.toml"
    file.write_text(
        'world = "pusher"\nseed = 3\n[train]\ntrain_every = 100\n[mind.cem]\nelites=9\n'
    )
    asked = Asked("door", seed=4, settings=[typed("train.train_every=200")], file=file)
    assert asked.given == {
        "world": "door", "seed": 4, "train.train_every": 200, "mind.cem.elites": 9,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"[train", "base.toml are no TOML: Expected ']'"),
        (b"\xff", "base.toml are no TOML"),
        (b"[train]\ntrain_evry = 5", "train_evry' in "),
        (b"[train]\ntrain_every = 0", "base.toml is 0, expected a whole number"),
        (b"train = 1979-05-27", "There is no setting 'train' in "),
        (b"a = " + b"[" * 5000, "are no TOML"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence(
    tmp_path: Path, content: bytes, says: str
) -> None:
    file = tmp_path / "base.toml"
    file.write_bytes(content)
    with pytest.raises(InputError) as refused:
        read(file)
    assert says in str(refused.value)
    with pytest.raises(InputError, match=r"no.toml cannot be read: No such file"):
        read(tmp_path / "no.toml")
