import subprocess
import sys
from pathlib import Path

import pytest

from rumpus.catalogue import listings as listed
from rumpus.errors import InputError, WorldError
from rumpus.worlds.base import World
from rumpus.worlds.catalogue import load


def test_every_world_of_rumpus_is_listed_and_loads() -> None:
    listings = {listing.name: listing for listing in listed("world")}
    assert "door" in listings
    for name, listing in listings.items():
        assert not listing.broken, listing.sentence
        assert listing.sentence.endswith(".")
        assert isinstance(load(name, seed=1), World)


def test_a_package_adds_a_world_by_an_entry_point(
    tmp_path: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _install(tmp_path, monkeypatch, dot="outside_image:DotEnv", torn="torn_world:Torn",
             gone="gone_world:Gone", bare="torn_world_too:Bare")  # fmt: skip
    (tmp_path / "torn_world.py").write_text("import a_part_that_is_missing\n")
    (tmp_path / "torn_world_too.py").write_text("")
    listings = {listing.name: listing for listing in listed("world")}
    assert listings["dot"].sentence == (
        "A dot to push about a picture of 32 x 32 pixels; it never ends."
    )
    assert load("dot").spec.action_size == 2
    assert all(listings[name].broken for name in ("torn", "gone", "bare"))
    assert "a_part_that_is_missing" in listings["torn"].sentence
    with pytest.raises(WorldError, match="a_part_that_is_missing"):
        load("torn")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("dor", "did you mean 'door'?"),
        ("zzz", "there are: ball, brick, cap, curtain, die, door, hatch, mark"),
        ("nowhere.at_all:Env", "no module 'nowhere'"),
        ("outside_image:Dot", "its classes are: DotEnv"),
        ("outside_image:SIZE_PX", "no class or function 'SIZE_PX'"),
        ("os:getcwd", "made a str"),
    ],
)
def test_a_wrong_name_is_answered_by_a_sentence(name: str, words: str, outside: Path) -> None:
    with pytest.raises(InputError) as refusal:
        load(name)
    assert words in str(refusal.value)


def test_an_environment_that_cannot_be_made_says_why(outside: Path) -> None:
    (outside / "outside_torn.py").write_text("def Env():\n    raise OSError('no camera')\n")
    with pytest.raises(WorldError, match="OSError: no camera"):
        load("outside_torn:Env")


def test_looking_for_a_world_imports_no_simulator() -> None:
    code = (
        "import sys\n"
        "from rumpus.worlds.catalogue import load\n"
        "try:\n    load('dor')\nexcept Exception as error:\n    print(error)\n"
        "print({'mujoco', 'gymnasium', 'torch'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "did you mean 'door'" in done.stdout
    assert done.stdout.endswith("set()\n")


def _install(folder: Path, monkeypatch: pytest.MonkeyPatch, **worlds: str) -> None:
    """Put an installed package's metadata on the module path."""
    metadata = folder / "stranger-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n")
    lines = [f"{name} = {value}" for name, value in worlds.items()]
    (metadata / "entry_points.txt").write_text("\n".join(["[rumpus.worlds]", *lines]) + "\n")
    monkeypatch.syspath_prepend(folder)


def test_worlds_robots_and_functions_that_ask_for_a_seed_are_given_it(
    outside: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (outside / "outside_seeded.py").write_text(
        "from outside_door import two_eyed_door\n"
        "from outside_parts.slider import Slider\n"
        "from rumpus.worlds.door import Door\n"
        "class Cart(Slider):\n"
        "    def __init__(self, seed, slow=False):\n"
        "        super().__init__(); print('cart', seed, slow)\n"
        "class Gate(Door):\n"
        "    def __init__(self, seed):\n"
        "        super().__init__(seed); print('gate', seed)\n"
        "def gate(seed=9):\n"
        "    return Gate(seed)\n"
    )
    for name in ("Cart,slow=true", "Gate", "gate"):
        load(f"outside_seeded:{name}", seed=4)
    assert load("outside_parts.slider:Slider", seed=4).spec.name == "slider"  # it asks for none
    assert capfd.readouterr().err.splitlines() == ["cart 4 True", "gate 4", "gate 4"]
