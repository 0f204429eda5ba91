"""Settings: every value of a run's config by name, as a person gives it and as TOML.

A name is that of the field behind those of its tables, "train.updates_per_step". What a field may
be and what it means stand beside the field itself; here they are only found.
"""

import inspect
import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from difflib import get_close_matches
from functools import reduce
from pathlib import Path
from reprlib import repr as short
from textwrap import wrap
from typing import Any, get_type_hints

import msgspec
from msgspec import inspect as kinds

from rumpus.errors import InputError
from rumpus.run.config import RunConfig
from rumpus.run.layout import flat

SHORTHANDS = {"world": "WORLD", "seed": "--seed", "skew_fit.skew_exponent": "--skew",
              "play.random_steps": "--random-steps"}  # fmt: skip
WIDTH = 98  # of a comment
LARGEST_N = 2**53  # beyond it, a number with a point is no longer a certain whole one


@dataclass(frozen=True)
class Setting:
    """One value of a run's config.

    Attributes:
        table: the names of the configs that it is in, with points between; "" for the outermost.
        field: its own name.
        kind: its type, with its limits.
        meaning: what it does, and why its default is as it is.
        about: what its table is, in one sentence.
    """

    table: str
    field: str
    kind: Any
    meaning: str
    about: str

    @property
    def name(self) -> str:
        """By which a person sets it."""
        return f"{self.table}.{self.field}".removeprefix(".")

    @property
    def expected(self) -> str:
        """What it may be, in words."""
        return _expected(kinds.type_info(self.kind))

    def of(self, config: RunConfig) -> Any:
        """Its value in a config."""
        return reduce(getattr, self.name.split("."), config)


def _settings(config: type, table: str) -> Iterator[Setting]:
    """All settings of a config, those of the configs in it last, as TOML wants it."""
    types = get_type_hints(config, include_extras=True)
    text = inspect.getdoc(config) or ""
    told = re.findall(r"^    (\w+): (.+(?:\n {8}.+)*)", text.partition("Attributes:\n")[2], re.M)
    meanings = {name: " ".join(meaning.split()) for name, meaning in told}
    names = [field.name for field in fields(config)]
    for name in sorted(names, key=lambda name: is_dataclass(types[name])):
        if is_dataclass(types[name]):
            yield from _settings(types[name], f"{table}.{name}".removeprefix("."))
        else:
            yield Setting(table, name, types[name], meanings[name], text.partition("\n")[0])


SETTINGS = {setting.name: setting for setting in _settings(RunConfig, "")}


def checked(name: str, value: Any, where: str = "") -> Any:
    """A value as its setting holds it.

    Args:
        name: of the setting.
        value: as TOML has it.
        where: in which file it stands, as " in FILE"; "" where it was given by itself.

    Raises:
        InputError: naming the setting, what came and what is expected, or the name that was meant.
    """
    if name not in SETTINGS:
        own = name.rpartition(".")[2]
        near = [known for known in SETTINGS if own in (SETTINGS[known].field, known.split(".")[0])]
        near = near[:3] or get_close_matches(name, SETTINGS, 1)
        meant = f"did you mean {' or '.join(near)}? See" if near else "see"
        raise InputError(f"There is no setting '{name}'{where}; {meant} `rumpus config`.")
    try:
        return msgspec.convert(_whole(value), SETTINGS[name].kind)
    except msgspec.ValidationError:
        raise InputError(f"The setting {label(name)}{where} is {short(value)}, expected "
                         f"{SETTINGS[name].expected}.") from None  # fmt: skip


def label(name: str) -> str:
    """A setting's name, with the option that is short for it."""
    return f"{name} ({SHORTHANDS[name]})" if name in SHORTHANDS else name


def typed(text: str) -> tuple[str, Any]:
    """A setting that was given as NAME=VALUE; what is no value of TOML's is a word.

    Raises:
        InputError: when it is not given so.
    """
    name, equals, value = text.partition("=")
    if not equals:
        raise InputError(
            f"--set was given '{text}', expected NAME=VALUE, as train.updates_per_step=0.5."
        )
    try:
        return name.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return name.strip(), value.strip()


def read(file: Path) -> dict[str, Any]:
    """The settings in a TOML file, checked, by name.

    Raises:
        InputError: when it cannot be read, is no TOML, or has a name or value that is none.
    """
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"The settings {file} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:  # neither TOML nor text is among the former
        raise InputError(f"The settings {file} are no TOML: {error}.") from error
    return {name: checked(name, value, f" in {file}") for name, value in flat(found)}


def together(file: Path | None, given: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """What a file says, and what was given beside it, which counts more.

    Raises:
        InputError: when something cannot be used, or was given twice and differently.
    """
    found: dict[str, Any] = {}
    for name, value in given:
        value = checked(name, value)
        if found.setdefault(name, value) != value:
            raise InputError(f"The setting {label(name)} was given as {found[name]} and as "
                             f"{value}; give it once.")  # fmt: skip
    found = (read(file) if file else {}) | found
    # No world is what `rumpus config` has where it knows of none, and nothing that one asks for.
    return {name: value for name, value in found.items() if value != ""}


def made(given: Mapping[str, Any]) -> RunConfig:
    """A config of settings by name; the others are as they are by default.

    Raises:
        InputError: when two of them do not go together.
    """
    tree: dict[str, Any] = {}
    for name, value in given.items():
        *tables, field = name.split(".")
        reduce(lambda node, table: node.setdefault(table, {}), tables, tree)[field] = value
    config: RunConfig = _changed(RunConfig(), tree)
    return config


def _changed(config: Any, tree: Mapping[str, Any]) -> Any:
    """A config with some values changed; as msgspec makes them, defaults would not be written."""
    changes = {
        name: _changed(getattr(config, name), value) if isinstance(value, dict) else value
        for name, value in tree.items()
    }
    return replace(config, **changes)


def toml(config: RunConfig) -> str:
    """A config as TOML, each setting with its meaning; those other than by default are marked."""
    lines, table, default = list[str](), "", RunConfig(config.world)
    for setting in SETTINGS.values():
        if setting.table != table:
            table = setting.table
            lines += [f"[{table}]", f"# {setting.about}", ""]
        value, usual = setting.of(config), setting.of(default)
        told = f"{setting.field}: {setting.meaning.rstrip('.')}. Expected: {setting.expected}."
        lines += _comment(told)
        if value != usual:
            lines += _comment(f"NOT AS BY DEFAULT: that is {_value(usual)}.")
        lines += [f"{setting.field} = {_value(value)}", ""]
    return "\n".join(lines).rstrip() + "\n"


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in wrap(text, WIDTH)]


def _value(value: Any) -> str:
    """A value in TOML: as in JSON, which has no escape for what TOML calls a control character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _whole(value: Any) -> Any:
    """A value with its numbers whole where they are, also 1e4; who wants a fraction gets it."""
    if isinstance(value, list):
        return [_whole(each) for each in value]
    if isinstance(value, float) and abs(value) < LARGEST_N and value == int(value):
        return int(value)
    return value


def _expected(kind: kinds.Type) -> str:
    if isinstance(kind, kinds.LiteralType):
        return f"one of {', '.join(map(str, kind.values))}"
    if isinstance(kind, kinds.VarTupleType):
        return (f"a list, {kind.min_length} to {kind.max_length} long, of which each is "
                f"{_expected(kind.item_type)}")  # fmt: skip
    if not isinstance(kind, kinds.IntType | kinds.FloatType):
        return "a text"
    words = "a whole number" if isinstance(kind, kinds.IntType) else "a number"
    if kind.ge is not None:
        return f"{words} from {_plain(kind.ge)} to {_plain(kind.le)}"
    high = f"less than {kind.lt:g}" if kind.le is None else f"at most {_plain(kind.le)}"
    return f"{words} more than {kind.gt:g} and {high}"


def _plain(limit: float | None) -> str:
    """A limit as people write it: 1,000 and 0.000001."""
    return f"{limit:,.10f}".rstrip("0").rstrip(".")
