"""Prediction step by step, the terms against collapse by hand, and decoding in any size."""

import numpy as np
import pytest
import torch

from rumpus.model.decoder import Decoder
from rumpus.model.dynamics import Dynamics
from rumpus.model.encoder import EncoderConfig
from rumpus.model.world_model import WorldModel, WorldModelConfig, covariance_loss, variance_loss
from rumpus.spec import RobotSpec, SensorSpec


def test_imagining_many_steps_is_imagining_one_many_times() -> None:
    dynamics = Dynamics(8, 3, 32)
    latent, actions = torch.randn(5, 8), torch.randn(5, 4, 3)
    imagined = dynamics.imagine(latent, actions)
    assert imagined.shape == (5, 4, 8)
    for step in range(4):
        latent = dynamics(latent, actions[:, step])
        torch.testing.assert_close(imagined[:, step], latent, atol=0, rtol=0)


def test_the_action_matters_to_what_is_imagined() -> None:
    dynamics, latent = Dynamics(8, 3, 32), torch.zeros(8)
    assert (dynamics(latent, torch.ones(3)) - dynamics(latent, -torch.ones(3))).abs().max() > 1e-4


def test_variance_loss_by_hand() -> None:
    # Columns with variances 0, 0.25 and 4: hinges of 0.99, 1 - sqrt(0.2501) and 0.
    low, high = 0.5 * 0.5**0.5, 2.0 * 0.5**0.5
    latents = torch.tensor([[3.0, low, high], [3.0, -low, -high]])
    expected = (0.99 + 1.0 - 0.2501**0.5) / 3.0
    assert float(variance_loss(latents)) == pytest.approx(expected, abs=1e-6)


def test_covariance_loss_by_hand() -> None:
    # Columns (1, 0, -1) and (2, 0, -2): covariance 2 off the diagonal, twice; 2 * 2^2 / 2 = 4.
    latents = torch.tensor([[1.0, 12.0], [0.0, 10.0], [-1.0, 8.0]])
    assert float(covariance_loss(latents)) == pytest.approx(4.0, abs=1e-5)
    apart = torch.tensor([[1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]])
    assert float(covariance_loss(apart)) == pytest.approx(0.0, abs=1e-6)


def test_a_collapsed_latent_costs_more() -> None:
    spread = torch.randn(200, 16, generator=torch.Generator().manual_seed(0))
    assert variance_loss(spread) < 0.1 < variance_loss(0.01 * spread)
    assert covariance_loss(spread) < 0.5 < covariance_loss(spread[:, :1].expand(-1, 16))


def test_every_loss_reaches_the_encoder() -> None:
    spec = RobotSpec("toy", (SensorSpec("joint", (3,)),), action_size=2, rate_hz=10.0)
    model = WorldModel(spec, WorldModelConfig(encoder=EncoderConfig(latent_size=8)))
    latents = model.encoder({"joint": torch.randn(16, 5, 3)})
    told = model.loss(latents, actions := torch.rand(16, 5, 2))
    assert {"prediction", "inverse", "variance", "covariance"} <= set(told.parts)
    assert all(torch.isfinite(part) and not part.requires_grad for part in told.parts.values())
    imagined = model.dynamics.imagine(latents[:, 0], actions[:, :-1])
    wrong = (imagined - latents[:, 1:]).square().mean((1, 2))
    torch.testing.assert_close(told.window_error, wrong.detach())
    told.loss.backward()  # type: ignore[no-untyped-call]
    for name, weight in model.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.abs().max() > 0, name


@pytest.mark.parametrize("shape", [(48, 48, 3), (96, 64, 3), (8, 8, 1), (13, 37, 3), (1, 1, 3)])
def test_a_decoded_picture_has_the_size_of_its_sensor(shape: tuple[int, int, int]) -> None:
    decoder = Decoder(SensorSpec("camera", shape), latent_size=8)
    latent = torch.randn(2, 8, requires_grad=True)
    decoded = decoder.decode(latent)
    assert decoded.shape == (2, *shape)
    assert decoded.dtype == torch.uint8
    loss = decoder.loss(latent, torch.randint(256, decoded.shape, dtype=torch.uint8))
    loss.backward()  # type: ignore[no-untyped-call]
    assert latent.grad is not None
    assert latent.grad.abs().max() > 0  # what is decoded wrongly teaches the latent


def test_guessing_the_mean_picture_costs_one() -> None:
    pictures = torch.randint(256, (64, 8, 8, 3), dtype=torch.uint8)
    decoder = Decoder(SensorSpec("camera", (8, 8, 3)), latent_size=2)
    mean = pictures.float().mean(0) / 255.0
    decoder.forward = lambda latent: mean.expand(len(latent), -1, -1, -1)  # type: ignore[method-assign]
    assert 0.98 < float(decoder.loss(torch.zeros(64, 2), pictures)) < 1.02


def test_decoding_can_be_learned() -> None:
    torch.manual_seed(0)
    decoder = Decoder(SensorSpec("camera", (13, 10, 3)), latent_size=2)
    pictures = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (2, 13, 10, 3), np.uint8))
    adam = torch.optim.Adam(decoder.parameters(), 1e-2)
    for _ in range(150):
        loss = decoder.loss(torch.eye(2), pictures)
        adam.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        adam.step()
    far = (decoder.decode(torch.eye(2)).float() - pictures.float()).abs().mean()
    assert far < 20  # of 255; guessing the mean is off by 64
