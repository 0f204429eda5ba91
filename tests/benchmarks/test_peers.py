"""Each part of the peers by itself: a peer that is weak by a slip of ours would flatter us."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from peer.goal_world import GoalWorld
from peer.ogbench import cut, steps_of
from peer.sac import Sac, SacConfig, Transitions
from peer.skewfit import SkewFit, SkewFitConfig, skew_weights, to_bytes, to_floats
from peer.trial import Sight, tried
from peer.vae import Vae, VaeConfig
from peers import Point, compared, curves

from rumpus.memory.memory import Memory
from rumpus.result import Row
from rumpus.spec import RobotSpec, SensorSpec
from rumpus.types import Array, Observation, Step
from rumpus.worlds.catalogue import load

SMALL = SkewFitConfig(warm_up=200, epoch=100, updates=2, batch=100, vae_updates=(2, 1),
                      vae=VaeConfig(batch=8))  # fmt: skip


def squares(count: int) -> Array:
    """Pictures of a light square somewhere along a dark ground, uint8 (count, 48, 48, 3)."""
    pictures = np.full((count, 48, 48, 3), 40, np.uint8)
    for picture, column in zip(
        pictures, np.random.default_rng(0).integers(0, 24, count), strict=True
    ):
        picture[12:36, column : column + 24] = 220
    return pictures


def test_sac_learns_to_bring_a_point_to_a_goal() -> None:
    torch.manual_seed(0)
    sac = Sac(4, 2, SacConfig((64, 64), 3e-3, discount=0.9, target_rate=0.02))

    def moved(at: torch.Tensor, action: torch.Tensor) -> torch.Tensor:
        return (at + 0.3 * action).clamp(-1, 1)

    for _ in range(250):
        at, goal = torch.rand(2, 256, 2) * 2 - 1
        action = torch.rand(256, 2) * 2 - 1
        then = moved(at, action)
        pairs = [torch.hstack([place, goal]) for place in (at, then)]
        sac.update(Transitions(pairs[0], action, -(then - goal).norm(dim=1), pairs[1]))
    at, goal = torch.rand(2, 20, 2) * 2 - 1
    before = (at - goal).norm(dim=1).median()
    for _ in range(12):
        at = moved(at, torch.stack([sac.act(each, False) for each in torch.hstack([at, goal])]))
    assert float((at - goal).norm(dim=1).median()) < 0.15 < float(before)


def test_a_policy_draws_in_play_and_is_decided_in_a_trial() -> None:
    sac, here = Sac(4, 2), torch.zeros(4)
    assert not torch.equal(sac.act(here, True), sac.act(here, True))
    assert torch.equal(sac.act(here, False), sac.act(here, False))


def test_the_vae_reconstructs_better_than_the_mean_picture() -> None:
    torch.manual_seed(0)
    pictures, vae = to_floats(squares(160)), Vae(VaeConfig())
    seen, held_out = pictures[:128], pictures[128:]
    for _ in range(200):
        vae.update(seen[torch.randint(128, (16,))])
    with torch.inference_mode():
        made = vae.decode(vae.encode(held_out)[0])
    mean = (seen.mean(0) - held_out).square().mean()
    assert float((made - held_out).square().mean()) < 0.5 * float(mean)
    odd = torch.rand(32, 3, 48, 48)  # like nothing that it has seen
    assert float(vae.log_density(odd).max()) < float(vae.log_density(held_out).min())


def test_a_picture_comes_back_from_floats() -> None:
    pictures = squares(3)
    np.testing.assert_array_equal(to_bytes(to_floats(pictures) + 1e-4), pictures)


def test_skewed_goals_are_drawn_with_weights_of_density_to_the_alpha() -> None:
    densities = np.array([0.5, 0.25, 0.05])  # Skew-Fit, eqs. 5-6
    for alpha in (-1.0, -0.5, 0.0):
        wanted = densities**alpha / (densities**alpha).sum()
        np.testing.assert_allclose(skew_weights(np.log(densities) - 9000.0, alpha), wanted)


@pytest.fixture(scope="module")
def lived() -> SkewFit:
    """One that has lived at the door and learned a little, with its skew on from the first."""
    peer = SkewFit(load("door", 0), 0, replace(SMALL, skew_after=-1))
    peer.train(400)
    return peer


@pytest.mark.parametrize("_", range(20))
def test_hindsight_takes_its_three_shares_and_rewards_by_latent_distance(
    lived: SkewFit, _: int
) -> None:
    life, batch = lived._life, lived.batch()
    here, goals = batch.observation.numpy()[:, :16], batch.observation.numpy()[:, 16:]
    then = batch.following.numpy()
    np.testing.assert_array_equal(then[:, 16:], goals)
    np.testing.assert_allclose(
        batch.reward.numpy(), -np.linalg.norm(then[:, :16] - goals, axis=1), rtol=1e-5
    )

    def lived_at(latent: Array) -> int:
        return int(np.flatnonzero((life.latents[:401] == latent).all(1))[0])

    at = np.array([lived_at(one) for one in here])
    assert [lived_at(one) for one in then[:, :16]] == (at + 1).tolist()
    of_play = (goals == life.goal_latents[at // 100]).all(1)
    assert of_play[:20].all()
    assert not of_play[20:].any()
    ahead = np.array([lived_at(one) for one in goals[20:]]) - at[20:]
    later = (ahead > 0) & (ahead <= 100 - at[20:] % 100)
    assert later[50:].all()  # in the same path
    assert not later[:50].all()  # anywhere in life


def test_what_is_weighed_heavily_is_drawn_often(lived: SkewFit) -> None:
    assert len(lived._cumulative) == 400
    lived._cumulative = np.cumsum(np.where(np.arange(400) == 7, 1.0, 1e-9))
    assert set(lived._rare(50)) == {7}


def test_the_ring_forgets_the_oldest_and_keeps_pictures_with_their_steps() -> None:
    config = replace(SMALL, capacity=250, warm_up=1000)
    peer, world = SkewFit(load("door", 0), 0, config), load("door", 0)
    peer.train(170)
    forgotten = peer._life.actions[:170].copy()
    peer.train(250)
    life = peer._life
    assert life.kept.tolist() == list(range(170, 420))
    for step in range(420):
        if step >= 170:
            picture = world.observe().readings["camera"]
            np.testing.assert_array_equal(life.pictures[life.row(step)], picture)
        world.act(forgotten[step] if step < 170 else life.actions[life.row(step)])


def test_rig_draws_all_that_was_lived_alike() -> None:
    peer = SkewFit(load("door", 0), 0, replace(SMALL, skew_exponent=0.0, skew_after=-1))
    peer.train(300)
    assert not len(peer._cumulative)


class Still:
    """Does nothing."""

    steps = 500

    def train(self, count: int) -> None: ...

    def act(self, seen: Sight, goal: Sight) -> Array:
        assert seen.readings["camera"].shape == goal.readings["camera"].shape
        return np.zeros(3, np.float32)


def test_trials_are_those_of_rumpus_and_whoever_does_nothing_fails() -> None:
    rows = list(tried(load("door", 1000), Still(), 10, 3))
    assert [(row.variant, row.seed, row.n, row.steps) for row in rows] == [
        ("handle", 3, 10, 500), ("anywhere", 3, 10, 500)
    ]  # fmt: skip
    assert [row.metrics["success_rate"] for row in rows] == [0.0, 0.0]


def test_a_life_is_cut_into_trajectories_and_never_joined_across_episodes(tmp_path: Path) -> None:
    episode = np.repeat([1, 2], [2500, 3])
    assert np.flatnonzero(cut(episode)).tolist() == [999, 1999, 2499, 2502]
    spec = RobotSpec("small", (SensorSpec("camera", (2, 2, 3)),), 1, 10.0)
    with Memory.create(tmp_path / "memory", spec) as memory:
        for k in range(6):
            if k in (0, 4):
                memory.begin_episode("a test")
            seen = Observation({"camera": np.full((2, 2, 3), k, np.uint8)}, k / 10)
            memory.append(Step(seen, np.zeros(1, np.float32), np.ones(1, np.float32)))
        memory.flush()
    camera, steps = steps_of(tmp_path / "memory")
    assert camera == "camera"
    assert steps["observations"][:, 0, 0, 0].tolist() == [0, 1, 2, 4]
    assert steps["next_observations"][:, 0, 0, 0].tolist() == [1, 2, 3, 5]
    assert steps["terminals"].tolist() == [0, 0, 1, 1]
    assert (steps["actions"] < 1).all()


def row(label: str, steps: int, rate: float, wall_s: float, seed: int = 0) -> Row:
    metrics = {"success_rate": rate, "play_wall_s": wall_s}
    return Row(f"door: {label}, handle", seed, 100, steps, 1.0, dict(metrics))


def test_ratios_are_of_what_each_took_to_the_same_success() -> None:
    ours = curves([row("rumpus", 5000, 0.5, 100.0), row("rumpus", 10_000, 0.95, 250.0)])
    theirs = curves([row("skewfit", 40_000, 0.7, 4000.0), row("skewfit", 60_000, 0.92, 6000.0)])
    name = "door, handle"
    assert ours[name][0] == Point(5000, 0, 100.0, [0.5], 100)
    found = compared(ours[name], theirs[name], 0.9)
    assert found is not None
    assert (found["steps_ratio"], found["wall_ratio"], found["reached"]) == (6.0, 24.0, True)
    least = compared(ours[name], theirs[name], 0.95)
    assert least is not None
    assert (least["wall_ratio"], least["reached"]) == (24.0, False)
    assert compared(ours[name], theirs[name], 0.99) is None
    assert compared(ours[name], [], 0.9) is None


def test_a_point_is_the_mean_of_its_seeds() -> None:
    both = curves([row("her", 10, 0.2, 1.0, 0), row("her", 10, 0.6, 3.0, 1)])["door, handle"]
    assert both == [Point(10, 0, 2.0, [0.2, 0.6], 200)]
    assert both[0].rate == pytest.approx(0.4)


def test_a_goal_world_is_never_put_back_and_rewards_what_counts_as_success() -> None:
    world, other = load("door", 0), load("door", 0)
    env, rng = GoalWorld(world, 0), np.random.default_rng(0)
    assert world.state() == other.state()
    goals, cuts, seen = [], [], env.reset()[0]
    for step in range(130):
        goals.append(float(seen["desired_goal"][0]))
        action = rng.uniform(-1, 1, 3).astype(np.float32)
        seen, reward, terminated, truncated, _ = env.step(action)
        other.act(action)
        off = abs(float(seen["achieved_goal"][0]) - goals[-1])
        assert (reward, terminated) == (0.0 if off <= world.measure.tolerance else -1.0, False)
        if truncated:
            cuts.append(step)
            seen = env.reset()[0]
    assert world.state() == other.state()
    assert cuts == [59, 119]
    assert len(set(goals)) == 3
    many = env.compute_reward(np.array([[0.1], [0.3]]), np.array([[0.15], [0.6]]), None)
    np.testing.assert_array_equal(many, [0.0, -1.0])
