"""One encoder for every robot: its front ends are chosen by the shapes of the sensors alone."""

from collections.abc import Mapping

import numpy as np
import pytest
import torch

from rumpus.model.decoder import Decoders
from rumpus.model.device import all_to_device
from rumpus.model.encoder import Encoder, EncoderConfig, PictureFront, VectorFront
from rumpus.spec import RobotSpec, SensorSpec
from rumpus.types import Array

CPU = torch.device("cpu")
SMALL = EncoderConfig(latent_size=16)
SHAPES: list[tuple[tuple[int, ...], ...]] = [
    ((48, 48, 3),), ((96, 64, 3),), ((8, 8, 1),), ((3, 50, 3),), ((7,),), ((1,),),
    ((48, 48, 3), (16, 16, 1), (5,)),
]  # fmt: skip


def robot(*shapes: tuple[int, ...]) -> RobotSpec:
    sensors = tuple(SensorSpec(f"sensor {k}", shape) for k, shape in enumerate(shapes))
    return RobotSpec("toy", sensors, action_size=2, rate_hz=10.0)


def readings(spec: RobotSpec, *lead: int, seed: int = 0) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    return {
        s.name: rng.integers(0, 256, (*lead, *s.shape), dtype=np.uint8)
        if s.is_picture
        else rng.normal(size=(*lead, *s.shape)).astype(np.float32)
        for s in spec.sensors
    }


def encoder(spec: RobotSpec) -> Encoder:
    torch.manual_seed(0)
    return Encoder(spec, SMALL).eval()


@torch.no_grad()
def encode(made: Encoder, sensors: Mapping[str, Array]) -> Array:
    latents: Array = made(all_to_device(sensors, CPU)).numpy()
    return latents


@pytest.mark.parametrize("shapes", SHAPES)
@pytest.mark.parametrize("lead", [(), (3,), (2, 4)])
def test_any_sensors_become_one_finite_latent(
    shapes: tuple[tuple[int, ...], ...], lead: tuple[int, ...]
) -> None:
    spec = robot(*shapes)
    latents = encode(encoder(spec), readings(spec, *lead))
    assert latents.shape == (*lead, 16)
    assert np.isfinite(latents).all()


@pytest.mark.parametrize("shapes", SHAPES)
def test_the_front_end_goes_by_the_shape(shapes: tuple[tuple[int, ...], ...]) -> None:
    fronts = encoder(robot(*shapes)).fronts.values()
    for shape, front in zip(shapes, fronts, strict=True):
        assert isinstance(front, PictureFront if len(shape) == 3 else VectorFront)


def test_every_sensor_counts() -> None:
    spec = robot((48, 48, 3), (16, 16, 1), (5,))
    made, first, second = encoder(spec), readings(spec), readings(spec, seed=1)
    before = encode(made, first)
    for sensor in spec.sensors:
        after = encode(made, {**first, sensor.name: second[sensor.name]})
        assert np.abs(after - before).max() > 1e-3, sensor.name


@pytest.mark.parametrize("level", [0, 255])
def test_a_black_or_white_picture_and_a_large_reading_stay_finite(level: int) -> None:
    spec = robot((48, 48, 3), (2,))
    made, black = encoder(spec), readings(spec)
    black["sensor 0"][:] = level
    black["sensor 1"][:] = 1e6
    assert np.isfinite(encode(made, black)).all()


def test_a_batch_means_what_its_steps_mean_alone() -> None:
    spec = robot((48, 48, 3), (5,))
    made, batch = encoder(spec), readings(spec, 6)
    alone = [encode(made, {name: r[k] for name, r in batch.items()}) for k in range(6)]
    np.testing.assert_allclose(encode(made, batch), np.stack(alone), atol=0.05)  # bf16


def test_vector_readings_are_scaled_by_what_was_seen() -> None:
    """A reading in millimetres and one in kilometres say the same after some practice."""
    made = encoder(robot((2,)))
    front = made.fronts["sensor 0"]
    assert isinstance(front, VectorFront)
    made.train()
    scale, offset = torch.tensor([1e-3, 1e3]), torch.tensor([5.0, -2000.0])
    for _ in range(200):
        made.tokens({"sensor 0": torch.randn(64, 2) * scale + offset})
    torch.testing.assert_close(front.spread / scale, torch.ones(2), atol=0.1, rtol=0)
    torch.testing.assert_close((front.mean - offset) / scale, torch.zeros(2), atol=0.1, rtol=0)
    made.eval()
    usual = torch.randn(64, 2)
    scaled = front(usual * scale + offset)
    torch.testing.assert_close(scaled, front.net(usual), atol=0.1, rtol=0)
    kept = front.mean.clone()
    made.tokens({"sensor 0": torch.randn(64, 2)})
    torch.testing.assert_close(front.mean, kept, atol=0, rtol=0)


@pytest.mark.parametrize("reading", [1e30, -1e30, 3e38])
def test_a_reading_gone_wild_blinds_nobody(reading: float) -> None:
    """Neither what it means now nor what is learned from it is anything but numbers."""
    spec = robot((2,))
    made, wild = encoder(spec), readings(spec, 8)
    wild["sensor 0"][3, 1] = reading
    assert np.isfinite(encode(made, wild)).all()
    made.train()
    for _ in range(3):
        encode(made, wild)
    made.eval()
    assert np.isfinite(encode(made, readings(spec, 8, seed=1))).all()


def test_readings_further_off_than_ten_spreads_are_all_alike() -> None:
    made = encoder(robot((1,)))
    near, far, further = ({"sensor 0": np.full(1, v, np.float32)} for v in (9.0, 11.0, 1e3))
    np.testing.assert_array_equal(encode(made, far), encode(made, further))
    assert np.abs(encode(made, near) - encode(made, far)).max() > 1e-3


@pytest.mark.parametrize("name", ["arm.joints", "values", "training", "type", ""])
def test_a_name_that_torch_keeps_for_itself_is_a_sensors_all_the_same(name: str) -> None:
    numbers, eye = SensorSpec(name, (2,)), SensorSpec(f"{name}.eye", (16, 16, 3))
    spec = RobotSpec("toy", (numbers, eye), 2, 10.0)
    seen = readings(spec, 4)
    latents = Encoder(spec, SMALL).eval()({n: torch.from_numpy(r) for n, r in seen.items()})
    assert latents.shape == (4, SMALL.latent_size)
    assert list(Decoders(spec, SMALL.latent_size).decode(latents)) == [eye.name]


@pytest.mark.parametrize(("side", "asked", "made"), [
    (48, (16,), [16]), (48, (8, 16, 32), [8, 16, 32]), (16, (8, 16), [8, 16]),
    (480, (16,), [16, 16, 16]), (480, (8, 16), [8, 16, 16]),
])  # fmt: skip
def test_all_channels_that_were_asked_for_are_there_and_more_where_a_picture_is_large(
    side: int, asked: tuple[int, ...], made: list[int]
) -> None:
    front = PictureFront(SensorSpec("camera", (side, side, 3)), EncoderConfig(channels=asked))
    layers = [layer for layer in front.convolutions if isinstance(layer, torch.nn.Conv2d)]
    assert [layer.out_channels for layer in layers] == [*made, 16]
    assert len(front.grid) <= 24 * 24


def dots(columns: tuple[int, int], n: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Pictures (n, 48, 48, 3) of a dot of 5 pixels, and where it is (n, 2) in pixels."""
    places = np.stack([rng.integers(4, 44, n), rng.integers(*columns, n)], 1)
    pictures = np.full((n, 48, 48, 3), 40, np.uint8)
    for picture, (y, x) in zip(pictures, places, strict=True):
        picture[y - 2 : y + 3, x - 2 : x + 3] = (220, 60, 60)
    return pictures, places.astype(np.float32)


def test_what_it_learns_on_the_left_holds_on_the_right() -> None:
    """A dot is told where none was ever seen, closer than by the middle of those that were."""
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    front = PictureFront(SensorSpec("camera", (48, 48, 3)), SMALL)
    read = torch.nn.Linear(SMALL.latent_size, 2)
    adam = torch.optim.Adam([*front.parameters(), *read.parameters()], 3e-3)
    for _ in range(200):
        pictures, places = dots((4, 24), 64, rng)
        wrong = read(front(torch.from_numpy(pictures))) - torch.from_numpy(places) / 24 + 1
        loss = wrong.square().mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
    pictures, places = dots((28, 44), 200, rng)
    with torch.no_grad():
        told = (read(front(torch.from_numpy(pictures))).numpy() + 1) * 24
    wrong_px = np.sqrt(np.square(told - places).sum(1).mean())
    middle_px = np.sqrt(np.square(np.array([24, 14]) - places).sum(1).mean())
    assert wrong_px < 1 < middle_px / 20
