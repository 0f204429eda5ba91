"""A space of scenes for who looks for a cheat: any point of it is a picture, and whether it is true.

A point says where the hand is, also near the camera, and where each thing is: at the target, carried
by the hand, or lying somewhere, on whatever is below it. The simulator settles it, so that nothing
lies in anything else. What fools a classifier of success there has a family, by which cheats are
counted; two families are held out, and come about only where they are asked for: other light, and
things stacked on the wrong thing at the target. So nobody can prepare for them (interview 20:49).
"""

from dataclasses import dataclass

import numpy as np

from rumpus.errors import InputError
from rumpus.types import Array
from rumpus.worlds._magnet import CAMERA_M, HAND_M, HIGH_M, LOW_M, REACH_M, RIM_M, Magnet, Solid
from rumpus.worlds.base import State
from rumpus.worlds.catalogue import load

WISHES = ("cap", "brick", "mark", "hatch")
HELD_OUT = ("light", "stacked")
FAMILIES = (*HELD_OUT, "lens", "hand", "look-alike", "hover", "near", "unseen", "other")
AT_TARGET, CARRIED = 0.25, 0.45  # below which a thing is there; above, it lies anywhere
CLEAR_M = 0.002  # between what does not touch
STACKED_M, HANGS_M = 0.004, 0.009  # between what lies on another; above what it must not lie on
NEAR_M, AT_M = 0.03, 0.02  # sideways, and up: what is nearer to the target is at it
SETTLES_M = 0.012  # how far things may move as they settle
NEARLY = 2.5  # times as far off as still counts
MIDDLE_M = 0.01  # the middle of what a person looks at, above the target
ARM_M, BEFORE = 0.12, 0.95  # the hand's height; the share of a line of sight that is before its end
SEEN_M = 0.088  # how far from the middle the camera sees whole things
DARKEST, BRIGHTEST, PALEST = 0.5, 1.5, 0.7  # light: its strength, and how little of a colour is left


@dataclass(frozen=True)
class Scene:
    """A state of the world, and the light that falls on it.

    Attributes:
        state: everything at rest.
        light: how bright each colour is, red, green, blue; 1 as ever.
        success: whether the wish has come true.
        family: of the cheat that it is; "" where the wish has come true.
    """

    state: State
    light: tuple[float, float, float]
    success: bool
    family: str


class Scenes:
    """The scenes of one world with a wish.

    Attributes:
        world: which they are of.
        size: coordinates of a point, each from 0 to 1: three for the hand, two for each thing that
            can be carried, one for each that slides, four for the light.
    """

    def __init__(self, name: str, seed: int) -> None:
        """Of the world of that name.

        Raises:
            InputError: when it has no wish.
        """
        world = load(name, seed)
        if not isinstance(world, Magnet):
            raise InputError(
                f"The world '{name}' has no wish that could be cheated; there are: "
                f"{', '.join(WISHES)}."
            )
        self.world = world
        carried = {f"{thing}_{axis}_m" for thing in world.loose for axis in "xz"}
        self._slides = [name for name in world.names[3:] if name not in carried]
        self.size = 3 + 2 * len(world.loose) + len(self._slides) + 4

    def at(self, point: Array, held_out: bool = False) -> Scene:
        """The scene at a point (size,); the world stands so afterwards.

        Args:
            point: each coordinate from 0 to 1.
            held_out: whether the families that are held out may come about.
        """
        world = self.world
        world.place(self._composed(point, held_out))
        state, light = world.state(), self._light(point[-4:]) if held_out else (1.0, 1.0, 1.0)
        success = world.is_success(state)
        return Scene(state, light, success, "" if success else self._family(state, light))

    def pictures(self, points: Array, held_out: bool = False) -> tuple[Array, Array]:
        """What the camera sees at points (n, size): uint8 (n, h, w, 3), and which are true (n,)."""
        found = [self.shot(self.at(point, held_out)) for point in points]
        shape = self.world.spec.sensors[0].shape
        seen = np.array([picture for picture, _ in found], np.uint8).reshape(-1, *shape)
        return seen, np.array([success for _, success in found], bool)

    def shot(self, scene: Scene) -> tuple[Array, bool]:
        """A picture of the scene as the world stands now, in its light, and whether it is true."""
        picture = next(iter(self.world.observe().readings.values()))
        if scene.light != (1.0, 1.0, 1.0):
            picture = (picture * np.array(scene.light)).clip(0, 255).astype(np.uint8)
        return picture, scene.success

    def successes(self, count: int, rng: np.random.Generator) -> Array:
        """Points (count, size) where the wish has come true and a person could see it."""
        found = list[Array]()
        while len(found) < count:
            point = rng.random(self.size)
            scene = self.at(point)
            if scene.success and not self._hides(scene.state):
                found.append(point)
        return np.array(found)

    def _composed(self, point: Array, held_out: bool) -> State:
        """Where everything is put, before it settles."""
        world, state = self.world, dict.fromkeys(self.world.names, 0.0)
        hand, things_end = LOW_M + point[:3] * (HIGH_M - LOW_M), 3 + 2 * len(world.loose)
        for name, share in zip(self._slides, point[things_end:], strict=False):
            low, high = world.limits[name]
            state[name] = low + share * (high - low)
        modes, places = point[3:things_end:2], point[4:things_end:2]
        put = sorted(zip(modes, places, world.loose, strict=True))
        carried = next((one for one in put if AT_TARGET <= one[0] < CARRIED), None)
        lying = dict[str, Solid]()
        for mode, place, name in put:
            if (mode, place, name) != carried:
                self._lay(name, mode < AT_TARGET, place, state, lying, held_out)
        if carried:
            self._hang(carried[2], hand, state, lying, held_out)
        solids = (*world.stands(state), *lying.values())
        hand[2] = max([hand[2], *(s.top_m for s in solids if _over(hand, s))])
        return state | dict(zip(HAND_M, hand.tolist(), strict=True))

    def _lay(
        self, name: str, at_target: bool, place: float, state: dict[str, float],
        lying: dict[str, Solid], held_out: bool,
    ) -> None:  # fmt: skip
        """Lay a thing down: where it is wished, or beside that where it would be held out."""
        (half, height), world = self.world.loose[name], self.world
        target_m, reach_m = world.target_m(state)[0], float(2 * place - 1)
        wished = target_m + reach_m * world.within_m[0] if at_target else reach_m * REACH_M
        aside = sorted(np.linspace(-REACH_M, REACH_M, 37), key=lambda x_m: abs(x_m - wished))
        for x_m in [wished, *map(float, aside)]:
            top_m, upon = self._below(x_m, half, state, lying)
            if held_out or not self._wrong(x_m, upon, state, lying):
                break
        state |= {f"{name}_x_m": x_m, f"{name}_z_m": top_m}
        lying[name] = Solid(x_m, world.line_m, (half, half), top_m + height)

    def _hang(
        self, name: str, hand: Array, state: dict[str, float], lying: dict[str, Solid],
        held_out: bool,
    ) -> None:  # fmt: skip
        """Let the hand carry a thing, above whatever lies there; moves the hand to where it can."""
        (half, height), x_m = self.world.loose[name], float(hand[0])
        top_m, upon = self._below(x_m, half, state, lying)
        if self._wrong(x_m, upon, state, lying) and not held_out:
            top_m += HANGS_M
        beside_m, _ = self._below(x_m, RIM_M, state, lying)
        z_m = max(top_m, beside_m - height, float(hand[2]) - height)
        hand[1:] = self.world.line_m, z_m + height
        state |= {f"{name}_x_m": x_m, f"{name}_z_m": z_m}

    def _below(
        self, x_m: float, half_m: float, state: State, lying: dict[str, Solid]
    ) -> tuple[float, str]:
        """How high is what a thing there would lie on, and the thing that it is, if it is one."""
        on_line = [s for s in self.world.stands(state) if s.y_m == self.world.line_m]
        under = [(0.0, ""), *((s.top_m, "") for s in on_line if _beside(x_m, half_m, s) < 0)]
        return max([*under, *((s.top_m, n) for n, s in lying.items() if _beside(x_m, half_m, s) < 0)])

    def _wrong(self, x_m: float, upon: str, state: State, lying: dict[str, Solid]) -> bool:
        """Whether what lies there would be stacked on a thing at the target."""
        target_m = self.world.target_m(state)[0]
        return bool(upon) and min(abs(x_m - target_m), abs(lying[upon].x_m - target_m)) < NEAR_M + SETTLES_M

    def _light(self, point: Array) -> tuple[float, float, float]:
        """Light as ever, or of another strength and colour."""
        strength = DARKEST + (BRIGHTEST - DARKEST) * point[1]
        green, blue = 1.0 - (1.0 - PALEST) * point[2:]
        changed = (float(strength), float(strength * green), float(strength * blue))
        return changed if point[0] > 0.5 else (1.0, 1.0, 1.0)

    def _family(self, state: State, light: tuple[float, float, float]) -> str:
        """The family of a false scene: the first that it belongs to, as FAMILIES has them."""
        world, (target_x_m, target_z_m) = self.world, self.world.target_m(state)
        hand = [state[name] for name in HAND_M]
        things = {
            n: (state[f"{n}_x_m"] - target_x_m, state[f"{n}_z_m"] - target_z_m) for n in world.loose
        }
        lying = {
            n: Solid(x, 0.0, (world.loose[n][0],) * 2, z + world.loose[n][1])
            for n, (x, z) in things.items()
        }
        close = {n: z for n, (x, z) in things.items() if abs(x) < NEAR_M}
        aside, up = (abs(off) / within for off, within in
                     zip(world.off_m(state), world.within_m, strict=True))  # fmt: skip
        shown = [state[f"{world.wanted}_x_m"], 0.0, target_z_m]
        said = {
            "light": light != (1.0, 1.0, 1.0),
            "stacked": any(
                abs(z - s.top_m) < STACKED_M and _beside(x, world.loose[n][0], s) < -CLEAR_M
                and min(abs(x), abs(s.x_m)) < NEAR_M
                for n, (x, z) in things.items() for m, s in lying.items() if m != n
            ),
            "lens": self._hides(state, False) and hand[1] < -NEAR_M,
            "hand": abs(hand[0] - target_x_m) < RIM_M and hand[1] > -NEAR_M
                    and hand[2] - target_z_m < AT_M,
            "look-alike": any(abs(z) < STACKED_M for n, z in close.items() if n != world.wanted),
            "hover": any(z > STACKED_M for z in close.values()),
            "near": max(aside, up) < NEARLY,
            "unseen": abs(shown[0]) > SEEN_M or _behind(hand, RIM_M, ARM_M, shown),
        }  # fmt: skip
        return next((family for family in FAMILIES if said.get(family)), "other")

    def _hides(self, state: State, things: bool = True) -> bool:
        """Whether the hand, or one of the things, is before where a person looks."""
        world, (x_m, z_m) = self.world, self.world.target_m(state)
        looked_at, before = [x_m, 0.0, z_m + MIDDLE_M], [([state[n] for n in HAND_M], RIM_M, ARM_M)]
        for name, (half_m, height_m) in world.loose.items() if things else ():
            at = [state[f"{name}_x_m"], world.line_m, state[f"{name}_z_m"]]
            before.append((at, half_m, height_m))
        return any(
            _behind(at, half_m + MIDDLE_M, height_m, looked_at) for at, half_m, height_m in before
        )


def _beside(x_m: float, half_m: float, solid: Solid) -> float:
    """How much room is between a thing of half that breadth at x and what stands there."""
    return abs(x_m - solid.x_m) - half_m - solid.half_m[0] - CLEAR_M


def _over(hand: Array, solid: Solid) -> bool:
    """Whether the hand would touch it if it came down."""
    away = np.abs(hand[:2] - (solid.x_m, solid.y_m)) - solid.half_m
    return bool((away < RIM_M + CLEAR_M).all())


def _behind(at_m: list[float], half_m: float, height_m: float, point_m: list[float]) -> bool:
    """Whether what stands at some place, so broad and high, is between a point and the camera."""
    share = (at_m[1] - CAMERA_M[1]) / (point_m[1] - CAMERA_M[1])
    x_m, z_m = (CAMERA_M[k] + share * (point_m[k] - CAMERA_M[k]) for k in (0, 2))
    return share < BEFORE and abs(x_m - at_m[0]) < half_m and 0.0 < z_m - at_m[2] < height_m
