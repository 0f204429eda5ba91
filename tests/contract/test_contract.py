"""Every part that is here, found by itself, keeps the promises of its kind; so do a stranger's."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rumpus.body.robots import check as robot_contract
from rumpus.body.sensors import check as sensor_contract
from rumpus.catalogue import Kind, names
from rumpus.cli.command_line import main
from rumpus.finding import Finding
from rumpus.goals import check as goal_contract
from rumpus.objectives import check as objective_contract
from rumpus.planning import check as planner_contract
from rumpus.success import check as success_contract
from rumpus.worlds import check as world_contract
from rumpus.worlds.catalogue import load

EXAMINERS: dict[Kind, Callable[[str], list[Finding]]] = {
    "world": world_contract.examine_named,
    "sensor": sensor_contract.examine_named,
    "robot": robot_contract.examine_named,
    "objective": objective_contract.examine_named,
    "goal source": goal_contract.examine_named,
    "planner": planner_contract.examine_named,
    "success classifier": success_contract.examine_named,
}
PARTS = [(k, n) for k in EXAMINERS for n in names(k)]
# Each lies, and what looks like a cap seldom comes upon the bottle.
SELDOM = re.compile(
    r"((ball|die|peg|plate|block)_z_m|block_x_m) .* parts of its range are hardly ever seen\."
)
ENVS = ["outside_image:DotEnv", "outside_dict:CartEnv"]


def bad(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.verdict != "ok"]


def test_a_strangers_robot_and_sensor_are_tried_out_without_a_simulator(outside: Path) -> None:
    code = (
        "import sys\n"
        f"sys.path.insert(0, {str(outside)!r})\n"
        "from rumpus.body.robots.check import examine_named as robot\n"
        "from rumpus.body.sensors.check import examine_named as sensor\n"
        "found = robot('outside_parts.slider:Slider')\n"
        "found += sensor('outside_parts.thermometer:Thermometer')\n"
        "print({f.verdict for f in found}, {'mujoco', 'gymnasium', 'torch'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "{'ok'} set()\n"


def test_there_are_parts_of_every_kind() -> None:
    assert {kind for kind, _ in PARTS} == set(EXAMINERS)


@pytest.mark.parametrize(("kind", "name"), PARTS)
def test_every_part_keeps_its_promises(kind: Kind, name: str) -> None:
    findings = EXAMINERS[kind](name)
    assert [f for f in bad(findings) if not SELDOM.fullmatch(f.sentence)] == []
    assert len(findings) >= 2
    assert all(finding.sentence.endswith(".") for finding in findings)


@pytest.mark.parametrize("name", [*names("world"), *ENVS])
def test_every_world_is_a_robot_that_keeps_its_promises(name: str, outside: Path) -> None:
    assert bad(robot_contract.examine(lambda: load(name), steps=150)) == []


@pytest.mark.parametrize("env", ENVS)
def test_a_strangers_environment_is_a_robot(env: str, outside: Path) -> None:
    assert bad(EXAMINERS["robot"](env)) == []


@pytest.mark.parametrize(
    ("kind", "name", "says"),
    [
        ("sensor", "warmth", "It gave nothing in 1 of 50 readings, the first one among them."),
        ("robot", "slider", "It says what it executed, and why where that is another action."),
        ("objective", "last", "16 courses to the goal 16 cost less"),
        ("goal_source", "newest", "Asked 20 times, it gave 20 goals, each with a reason."),
        ("world", "two_eyed", "'camera' (48 x 48 x 3 pixels), 'side' (32 x 32 x 3 pixels at 4 Hz)"),
    ],
)
def test_a_strangers_parts_pass_by_an_entry_point_alone(
    kind: str, name: str, says: str, outside_installed: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", kind, name]) == 0
    said = capfd.readouterr().out
    assert says in said
    assert {line.split()[0] for line in said.splitlines()} == {"ok"}


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        ("sensor", "camrea", "did you mean 'camera'?"),
        ("sensor", "os:getcwd", "made a str, expected a rumpus Sensor"),
        ("robot", "os:getcwd", "made a str, expected a rumpus Robot or a gymnasium.Env"),
        ("objective", "latent_distances", "did you mean 'latent_distance'?"),
    ],
)
def test_what_is_no_part_is_refused_in_a_sentence(
    kind: str, name: str, words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", kind, name]) == 2
    assert words in capfd.readouterr().err
