"""The world `die`: a die of twenty faces, rolled under a fingertip until the shown one is up.

It is felt and not seen: raised dots mark each face. The fingertip rolls the die over its edges by
friction, half as far as it goes itself, there and back; lifted a little, it goes elsewhere on the
die. A tray keeps the die so near that the pad feels at least a corner of it almost everywhere: in
about 2 of 100 steps of random motion it feels nothing.

Source: the hardest task of Tian 2019 ("Manipulation by Feel"); interview 15:56.
"""

from collections.abc import Sequence
from itertools import combinations, islice, product

import mujoco
import numpy as np

from rumpus.body.sensors._pad import PadConfig
from rumpus.body.sensors.scene import SensorFactory
from rumpus.types import Array
from rumpus.worlds._fingertip import BACK_M, HAND_M, SQUEEZED_M, Fingertip, fingertip, tray
from rumpus.worlds.base import Measure, State, Trial

DIE_M = 0.010  # from its middle to a corner
GOLDEN = (1 + 5**0.5) / 2
CORNERS_M = np.array([
    np.roll((0.0, one, other * GOLDEN), turn) * DIE_M / np.hypot(1.0, GOLDEN)
    for turn, one, other in product(range(3), (-1, 1), (-1, 1))
])  # fmt: skip
EDGE_M = 2 * DIE_M / np.hypot(1.0, GOLDEN)
FACES = [f for f in combinations(range(12), 3) if all(
    np.linalg.norm(CORNERS_M[a] - CORNERS_M[b]) < 1.01 * EDGE_M for a, b in combinations(f, 2)
)]  # fmt: skip
MIDDLES_M = np.array([CORNERS_M[list(face)].mean(0) for face in FACES])
LYING_M = float(np.linalg.norm(MIDDLES_M[0]))  # from its middle to a face: its height when it lies
NORMALS = MIDDLES_M / LYING_M
ROLL_RAD = float(np.arccos(5**0.5 / 3))  # over an edge, from one face to the next
PAD = PadConfig(side_m=0.024)
TRAY_M = 0.007  # how far from the middle a die may lie and touch no wall of its tray
REACH_M = 0.010
PRESSED_M = 2 * LYING_M - BACK_M - SQUEEZED_M
LIFTED_M = 2 * LYING_M + 0.0001
STEP_M = (0.004, 0.004, 0.002)
OFF_M = 0.002  # how far beside the die's middle the fingertip is in goals and starts
DOT_M, RAISED_M = 0.0014, 0.0008  # radius of a dot on its face, and how far it stands out
BALL_M = (DOT_M**2 + RAISED_M**2) / (2 * RAISED_M)  # of which a dot is the top
NAMES = ("die_x_m", "die_y_m", "die_z_m", "die_qw", "die_qx", "die_qy", "die_qz")
ROLLS = {"one roll": 1, "two rolls": 2, "anywhere": None}


class Die(Fingertip):
    """A die that a fingertip rolls until the face is up that a picture of its gel shows."""

    names = (*HAND_M, *NAMES)
    trial_kinds = tuple(ROLLS)

    def __init__(
        self, seed: int = 0, crude: bool = False, sensors: Sequence[SensorFactory] = ()
    ) -> None:
        """Start with the die under the fingertip, a face drawn from `seed` up.

        Args:
            seed: of the start.
            crude: a worse gel, see `_fingertip.py`.
            sensors: others than the gel and the fingertip's joints.
        """
        low, high = (-REACH_M, -REACH_M, PRESSED_M - 0.0004), (REACH_M, REACH_M, LIFTED_M)
        sensors = sensors or fingertip(crude, PAD)
        super().__init__("die", _things(), ("die",), STEP_M, low, high, sensors, _mesh(), PAD)
        self.measure = Measure("face_error_rad", 0.3, 60)
        self.place(self.anywhere(np.random.default_rng(seed)))

    def face_up(self, state: State) -> int:
        """Which face points up most, of `FACES`."""
        return int(np.argmax(_up(_quaternion(state))))

    def headline_error(self, state: State, goal: State) -> float:
        """How far the face that is up in the goal is turned away from above."""
        up = _up(_quaternion(state))[self.face_up(goal)]
        return float(np.arccos(up.clip(-1.0, 1.0)))  # cosines round beyond one

    def trials(self, count: int, seed: int, kind: str) -> list[Trial]:
        """Faces to be brought up, one or two rolls over an edge away, or any other one."""
        rng, rolls_n, trials = np.random.default_rng(seed), ROLLS[kind], list[Trial]()
        while len(trials) < count:
            start = self.anywhere(rng)
            goal = self.anywhere(rng) if rolls_n is None else self._rolled(start, rolls_n, rng)
            if self.headline_error(start, goal) > self.measure.tolerance:
                trials.append(Trial(start, goal, seed))
        return trials

    def anywhere(self, rng: np.random.Generator) -> State:
        """The die anywhere in the tray, any face up and turned at random, under the fingertip."""
        face, turn_rad = rng.integers(len(FACES)), rng.uniform(0, 2 * np.pi)
        upright = _turn(np.cross(NORMALS[face], [0, 0, 1]), np.arccos(NORMALS[face][2]))
        die = rng.uniform(-TRAY_M, TRAY_M, 2)
        return self._pressed(die, _after(_turn(np.array([0, 0, 1.0]), turn_rad), upright), rng)

    def _rolled(self, state: State, rolls_n: int, rng: np.random.Generator) -> State:
        """The die after so many rolls over edges, none of them back; as it is where walls are."""
        quaternion, at = _quaternion(state), np.array([state["die_x_m"], state["die_y_m"]])
        seen = {int(np.argmax(_up(quaternion)))}
        while len(seen) <= rolls_n:
            corners = _rotated(CORNERS_M[list(FACES[int(np.argmin(_up(quaternion)))])], quaternion)
            aways = -(corners - corners.mean(0)) * [1, 1, 0]  # from a corner, over the edge
            ways = []
            for away in aways[np.abs(at + aways[:, :2]).max(1) < TRAY_M]:
                rolled = _after(_turn(np.cross([0, 0, 1], away), ROLL_RAD), quaternion)
                if (up := int(np.argmax(_up(rolled)))) not in seen:
                    ways.append((up, rolled, at + away[:2]))
            if not ways:
                return state
            up, quaternion, at = ways[rng.integers(len(ways))]
            seen.add(up)
        return self._pressed(at, quaternion, rng)

    def _pressed(self, die: Array, quaternion: Array, rng: np.random.Generator) -> State:
        hand = (die + rng.uniform(-OFF_M, OFF_M, 2)).clip(-REACH_M, REACH_M)
        return self.settled(np.array([*hand, PRESSED_M, *die, LYING_M, *quaternion]))


def _quaternion(state: State) -> Array:
    return np.array([state[name] for name in NAMES[3:]])


def _up(quaternion: Array) -> Array:
    """How squarely each face points up: (4,) to the cosines (20,)."""
    cosines: Array = _rotated(NORMALS, quaternion)[:, 2]
    return cosines


def _rotated(vectors: Array, quaternion: Array) -> Array:
    turned = np.zeros_like(vectors)
    for vector, into in zip(vectors, turned, strict=True):
        mujoco.mju_rotVecQuat(into, vector, quaternion)
    return turned


def _turn(axis: Array, angle_rad: float) -> Array:
    """A quaternion (4,) that turns about an axis of any length."""
    turn = np.zeros(4)
    mujoco.mju_axisAngle2Quat(turn, axis / max(float(np.linalg.norm(axis)), 1e-12), angle_rad)
    return turn


def _after(second: Array, first: Array) -> Array:
    both = np.zeros(4)
    mujoco.mju_mulQuat(both, second, first)
    return both


def _codes() -> list[tuple[int, ...]]:
    """Twenty patterns of seven dots, of which no two differ in fewer than two, turn as one may.

    Seven places: the middle, towards each corner, towards each edge. An even number of dots.
    """
    found = dict[tuple[int, ...], None]()
    for m, a, b, c, p, q, r in product((0, 1), repeat=7):
        turns = ((m, a, b, c, p, q, r), (m, b, c, a, q, r, p), (m, c, a, b, r, p, q))
        if not (m + a + b + c + p + q + r) % 2:
            found[min(turns)] = None
    return list(islice(found, 1, 1 + len(FACES)))  # the first is blank


def _dots() -> str:
    dots = []
    for face, normal, code in zip(FACES, NORMALS, _codes(), strict=True):
        a, b, c = CORNERS_M[list(face)]
        if np.dot(np.cross(b - a, c - a), normal) < 0:
            b, c = c, b
        middle = (a + b + c) / 3
        ways = [0 * a, *(0.56 * (x - middle) for x in (a, b, c)),
                *(0.6 * ((x + y) / 2 - middle) for x, y in ((a, b), (b, c), (c, a)))]  # fmt: skip
        middle = middle - normal * (BALL_M - RAISED_M)
        dots += [middle + way for way, there in zip(ways, code, strict=True) if there]
    return "".join(
        f'<geom class="seen" type="sphere" size="{BALL_M}" pos="{x} {y} {z}"/>' for x, y, z in dots
    )


def _mesh() -> str:
    vertices = " ".join(f"{x}" for corner in CORNERS_M for x in corner)
    return f'<asset><mesh name="die" vertex="{vertices}"/></asset>'


def _things() -> str:
    return f"""{tray(TRAY_M + DIE_M, 0.012)}
    <body name="die" pos="0 0 {LYING_M}">
      <freejoint name="die"/>
      <geom type="mesh" mesh="die" mass="0.004" rgba="0.9 0.85 0.7 1"/>
      {_dots()}
    </body>
    """
