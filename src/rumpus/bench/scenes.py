"""A space of scenes for who looks for a cheat: any point of it is a picture, true or false.

A point says where the hand is, also near the camera, and where each thing is: at the target,
carried by the hand, or lying somewhere, on whatever is below it. What is wanted comes to the target
only by chance: to cheat is easier than to do it. The simulator settles it all, so that nothing lies
in anything else. What fools a classifier of success there has a family, by which cheats are
counted; two families are held out, and come about only where they are asked for: other light, and
things stacked on the wrong thing at the target. So nobody can prepare for them (interview 20:49).
"""

from dataclasses import dataclass

import numpy as np

from rumpus.errors import InputError
from rumpus.types import Array
from rumpus.worlds._heap import NEAR_M, Heap, room_m
from rumpus.worlds._magnet import CAMERA_M, HAND_M, HIGH_M, LOW_M, REACH_M, RIM_M, Magnet, Solid
from rumpus.worlds.base import State
from rumpus.worlds.catalogue import load

WISHES = ("cap", "brick", "mark", "hatch")
HELD_OUT = ("light", "stacked")
FAMILIES = (*HELD_OUT, "lens", "near", "hand", "look-alike", "hover", "unseen", "other")
AT_TARGET, CARRIED = 0.25, 0.45  # below which a thing is there; above, it lies anywhere
LIGHT = (1.0, 1.0, 1.0)  # as ever
STACKED_M = 0.004  # between what lies on another
AT_M = 0.02  # above the target, as far as a hand is at it
NEARLY = 1.75  # times as far off as still counts
MIDDLE_M = 0.01  # the middle of what a person looks at, above the target
ARM_M, BEFORE = 0.12, 0.95  # the hand's height; the share of a line of sight that is before its end
SEEN_M = 0.088  # how far from the middle the camera sees whole things
DARKEST, BRIGHTEST, PALEST = (
    0.5,
    1.5,
    0.7,
)  # light: its strength, and how little of a colour is left


@dataclass(frozen=True)
class Scene:
    """A state of the world, and the light that falls on it.

    Attributes:
        state: everything at rest.
        light: how bright each colour is, red, green, blue; 1 as ever.
        family: of the cheat that it is; "" where the wish has come true.
    """

    state: State
    light: tuple[float, float, float]
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
        state, light = world.state(), self._light(point[-4:]) if held_out else LIGHT
        return Scene(state, light, self.family(state, light))

    def pictures(self, points: Array, held_out: bool = False) -> tuple[Array, Array]:
        """What the camera sees at points (n, size), uint8 (n, h, w, 3), and their families (n,)."""
        scenes, seen = list[str](), list[Array]()
        for point in points:
            scene = self.at(point, held_out)
            scenes.append(scene.family)
            seen.append(self.shot(scene))
        shape = self.world.spec.sensors[0].shape
        return np.array(seen, np.uint8).reshape(-1, *shape), np.array(scenes, str)

    def shot(self, scene: Scene) -> Array:
        """A picture of the scene that the world stands in now, in its light."""
        picture = next(iter(self.world.observe().readings.values()))
        lit: Array = (picture * np.array(scene.light)).clip(0, 255).astype(np.uint8)
        return lit

    def successes(self, count: int, rng: np.random.Generator) -> Array:
        """Points (count, size) where the wish has come true and a person could see it."""
        found = list[Array]()
        while len(found) < count:
            point = rng.random(self.size)
            scene = self.at(point)
            if not scene.family and not self._hides(scene.state):
                found.append(point)
        return np.array(found)

    def _composed(self, point: Array, held_out: bool) -> State:
        """Where everything is put, before it settles."""
        world, hand = self.world, LOW_M + point[:3] * (HIGH_M - LOW_M)
        state, end = dict.fromkeys(world.names, 0.0), 3 + 2 * len(world.loose)
        for name, share in zip(self._slides, point[end:], strict=False):
            low, high = world.limits[name]
            state[name] = float(low + share * (high - low))
        put = sorted(zip(point[3:end:2], 2 * point[4:end:2] - 1, world.loose, strict=True))
        carried = next((name for mode, _, name in put if AT_TARGET <= mode < CARRIED), None)
        heap, target_m = Heap(world, state, held_out), world.target_m(state)[0]
        for mode, place, name in put:
            if name != carried:
                at_target = mode < AT_TARGET and name != world.wanted
                heap.lay(name, float(target_m + place * world.within_m[0] if at_target
                                     else place * REACH_M))  # fmt: skip
        if carried:
            heap.hang(carried, hand)
        heap.clear(hand)
        return heap.state | dict(zip(HAND_M, hand.tolist(), strict=True))

    def _light(self, point: Array) -> tuple[float, float, float]:
        """Light as ever, or of another strength and colour."""
        strength = DARKEST + (BRIGHTEST - DARKEST) * point[1]
        green, blue = 1.0 - (1.0 - PALEST) * point[2:]
        changed = (float(strength), float(strength * green), float(strength * blue))
        return changed if point[0] > 0.5 else LIGHT

    def family(self, state: State, light: tuple[float, float, float] = LIGHT) -> str:
        """Of what is false the first family that it belongs to, as FAMILIES has them; else ""."""
        if self.world.is_success(state):
            return ""
        world, (target_x_m, target_z_m) = self.world, self.world.target_m(state)
        hand = [state[name] for name in HAND_M]
        things = {n: (state[f"{n}_x_m"] - target_x_m, state[f"{n}_z_m"] - target_z_m)
                  for n in world.loose}  # fmt: skip
        lying = {n: Solid(x, 0.0, (world.loose[n][0],) * 2, z + world.loose[n][1])
                 for n, (x, z) in things.items()}  # fmt: skip
        close = {n: z for n, (x, z) in things.items() if abs(x) < NEAR_M}
        aside, up = (abs(off) / within for off, within in
                     zip(world.off_m(state), world.within_m, strict=True))  # fmt: skip
        shown = [state[f"{world.wanted}_x_m"], 0.0, target_z_m]
        said = {
            "light": light != LIGHT,
            "stacked": any(
                abs(z - s.top_m) < STACKED_M and room_m(x, world.loose[n][0], s) < 0.0
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
        before = [([state[name] for name in HAND_M], RIM_M, ARM_M)]
        before += [([state[f"{name}_x_m"], world.line_m, state[f"{name}_z_m"]], *size)
                   for name, size in world.loose.items() if things]  # fmt: skip
        looked_at = [x_m, 0.0, z_m + MIDDLE_M]
        return any(_behind(at, half + MIDDLE_M, height, looked_at) for at, half, height in before)


def _behind(at_m: list[float], half_m: float, height_m: float, point_m: list[float]) -> bool:
    """Whether what stands at some place, so broad and high, is between a point and the camera."""
    share = (at_m[1] - CAMERA_M[1]) / (point_m[1] - CAMERA_M[1])
    x_m, z_m = (CAMERA_M[k] + share * (point_m[k] - CAMERA_M[k]) for k in (0, 2))
    return share < BEFORE and abs(x_m - at_m[0]) < half_m and 0.0 < z_m - at_m[2] < height_m
