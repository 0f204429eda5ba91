"""Parts are found by themselves: by their file, by an entry point, or by module and name."""

import subprocess
import sys
from pathlib import Path

import pytest

from rumpus.body.sensors.base import Sensor
from rumpus.catalogue import FOLDERS, Kind, find, listings, make, names
from rumpus.errors import InputError, WorldError
from rumpus.goals.skew_fit import SkewFit, SkewFitConfig

KINDS = list(FOLDERS)
HERE: dict[Kind, set[str]] = {
    "world": {"door", "pusher"},
    "sensor": {"camera", "joints"},
    "robot": {"gymnasium"},
    "objective": {"latent_distance", "temporal_distance"},
    "goal source": {"skew_fit"},
    "planner": {"cem", "icem", "mppi", "random_shooting", "rollout"},
    "success classifier": {"naive_classifier", "positive_unlabelled", "vice", "vice_raq"},
}
OUTSIDE: dict[Kind, tuple[str, str]] = {
    "sensor": ("warmth", "outside_parts.thermometer:Thermometer"),
    "robot": ("slider", "outside_parts.slider:Slider"),
    "objective": ("last", "outside_parts.last_step:LastStep"),
    "goal source": ("newest", "outside_parts.newest:Newest"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_in_a_folder_is_found_and_says_what_it_is(kind: Kind) -> None:
    assert set(names(kind)) >= HERE[kind]
    assert not {"base", "contract", "suite", "scene", "picture", "gymnasium_env"} & set(names(kind))
    for listing in listings(kind):
        assert not listing.broken, listing.sentence
        assert listing.sentence.endswith(".")


@pytest.mark.parametrize("kind", OUTSIDE)
def test_a_package_adds_a_part_by_an_entry_point(kind: Kind, outside_installed: Path) -> None:
    name, source = OUTSIDE[kind]
    assert name in names(kind)
    assert find(kind, name) is find(kind, source)
    assert make(kind, name, {}) is not None
    told = {listing.name: listing for listing in listings(kind)}
    assert not told[name].broken
    assert told[name].sentence.endswith(".")


@pytest.mark.parametrize("kind", KINDS)
def test_a_broken_part_is_listed_with_its_error(
    kind: Kind, outside_installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (outside_installed / "outside_torn.py").write_text("import a_part_that_is_missing\n")
    told = {listing.name: listing for listing in listings(kind)}
    assert told["torn"].broken
    assert f"The {kind} 'torn' cannot be loaded" in told["torn"].sentence
    assert "a_part_that_is_missing" in told["torn"].sentence


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        ("sensor", "camrea", "There is no sensor 'camrea'; did you mean 'camera'?"),
        ("objective", "zzz", "there are: latent_distance"),
        ("goal source", "skewfit", "did you mean 'skew_fit'?"),
        ("planner", "nowhere.at_all:Cem", "The planner 'nowhere.at_all:Cem' cannot be found"),
        ("robot", "outside_parts.slider:Slide", "its classes are: Slider, Ruler"),
        ("sensor", "outside_parts.thermometer:time", "no class or function 'time'"),
    ],
)
def test_a_wrong_name_is_answered_by_a_sentence(
    kind: Kind, name: str, words: str, outside: Path
) -> None:
    with pytest.raises(InputError) as refusal:
        find(kind, name)
    assert words in str(refusal.value)


def test_a_part_is_made_of_what_it_asks_for_by_name(outside: Path) -> None:
    made = make("goal source", "skew_fit", {})
    assert isinstance(made, SkewFit)
    assert made.config == SkewFitConfig()
    (outside / "outside_asking.py").write_text(
        "def ruler(length_m):\n    return length_m\n"
        "def heavy(mass_kg, *rest, colour='red', **more):\n    return mass_kg, colour\n"
        "class Torn:\n    def __init__(self):\n        raise OSError('no cable')\n"
    )
    assert make("sensor", "outside_asking:ruler", {"length_m": lambda: 3}) == 3
    with pytest.raises(WorldError, match="asks for mass_kg, but a sensor is made of scene, config"):
        make("sensor", "outside_asking:heavy", {"scene": lambda: None})
    with pytest.raises(WorldError, match=r"'outside_asking:Torn' cannot be loaded: OSError: no ca"):
        make("sensor", "outside_asking:Torn", {})


def test_what_is_not_asked_for_is_not_made(outside: Path) -> None:
    def expensive() -> None:
        raise AssertionError("made for nobody")

    sensor = make("sensor", "outside_parts.thermometer:Thermometer", {"scene": expensive})
    assert isinstance(sensor, Sensor)


def test_naming_parts_and_looking_for_one_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from rumpus.catalogue import FOLDERS, find, names\n"
        "for kind in FOLDERS:\n"
        "    assert names(kind)\n"
        "    try:\n        find(kind, 'zzz')\n"
        "    except Exception as error:\n        print(error)\n"
        "print({'mujoco', 'gymnasium', 'torch', 'numpy'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.count("There is no") == len(KINDS)
    assert done.stdout.endswith("set()\n")
