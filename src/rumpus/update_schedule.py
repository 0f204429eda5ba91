"""The train phase: go over what is stored, a fixed number of gradient steps for every step.

The schedule owes updates for the steps in memory; when the robot rests, or beside it, it pays them.
A crash during a train phase loses only updates, and they are owed again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean

from torch import Tensor

from rumpus.actor import Actor
from rumpus.goals.base import Candidates
from rumpus.learner import Learner
from rumpus.replay.held_out import held_out
from rumpus.replay.replay import Replay
from rumpus.replay.update_ratio import TrainConfig

Tick = Callable[[str, int, int], bool]  # told (phase, done, owed); False: leave off
MODEL, ENCODING = "training model", "re-encoding"
DYNAMICS, POLICY = "training dynamics", "training policy"


@dataclass(frozen=True)
class Trained:
    """What came of training, to play by.

    Attributes:
        actor: acts.
        candidates: stored steps to choose goals from, as this actor judges them.
    """

    actor: Actor
    candidates: Candidates


@dataclass(frozen=True)
class Predicted:
    """How wrongly steps were foreseen, as shares of the error of "nothing changes".

    Attributes:
        windows: of how many it is.
        acted: by steps ahead, foreseen from what was done.
        shuffled: the same from what was done elsewhere: the control.
    """

    windows: int
    acted: dict[str, float]
    shuffled: dict[str, float]


@dataclass(frozen=True)
class UpdateSchedule:
    """Pays the gradient steps that are owed for the steps in memory.

    Attributes:
        learner: what learns.
        replay: what it learns from.
        config: how much.
    """

    learner: Learner
    replay: Replay
    config: TrainConfig

    def owed(self, steps: int) -> tuple[int, int]:
        """(world-model updates, policy updates) still to be done for so many steps."""
        learner = self.learner
        return self.config.owed(steps, learner.world_model_updates, learner.policy_updates)

    @property
    def paid_for(self) -> int:
        """Steps that the world-model updates so far are for."""
        return self.config.paid_for(self.learner.world_model_updates)

    def prepare(self) -> bool:
        """Take in what is new in memory; whether there is anything to learn, and to learn from."""
        if not any(self.owed(len(self.replay.stored))):
            return False
        self.replay.refresh()
        return self.replay.has_windows

    def train(self, tick: Tick, most_steps: int | None = None) -> dict[str, float]:
        """Learn until nothing is owed; call `prepare` first.

        Args:
            tick: told (phase, done, owed) at every gradient step and every so many steps encoded
                anew; returning False ends the train phase early.
            most_steps: pay for so many steps more than were paid for, at most.

        Returns:
            the means of the losses over this train phase.
        """
        steps = len(self.replay.stored)
        if most_steps is not None:
            steps = min(steps, self.paid_for + most_steps)
        updates, policy_updates = self.owed(steps)
        losses: list[dict[str, float]] = []
        for number in range(updates):
            if not tick(MODEL, number, updates):
                return means(losses)
            batch, starts = self.replay.batch()
            update = self.learner.update_world_model(batch)
            self.replay.report(starts, update.window_error)
            losses.append(update.losses)
        if not self.encode(tick):
            return means(losses)
        dynamics_updates = round(policy_updates * self.config.dynamics_ratio)
        for number in range(dynamics_updates):
            if not tick(DYNAMICS, number, dynamics_updates):
                return means(losses)
            losses.append(self.learner.update_dynamics(self.replay.token_batch()))
        for number in range(policy_updates):
            if not tick(POLICY, number, policy_updates):
                break
            losses.append(self.learner.update_value_and_policy(self.replay.goal_batch()))
        return means(losses)

    def predict(self, first: int) -> Predicted | None:
        """How well the mind foresees steps that it has not learned from yet.

        It draws on no chance, and changes nothing of what is learned afterwards.

        Args:
            first: position of the first of them.

        Returns:
            None where nothing was learned yet, or there is nothing to foresee.
        """
        windows = held_out(self.replay.stored, first)
        if windows is None or not self.learner.world_model_updates:
            return None
        actor = self.learner.snapshot()
        seen = actor.encode(windows.readings, windows.present)
        start, happened = seen[:, 0], seen[:, 1:]

        def error(foreseen: Tensor) -> list[float]:
            squares: list[float] = (foreseen - happened).square().mean((0, 2)).tolist()
            return squares

        ahead = [horizon - 1 for horizon in windows.horizons]
        unmoved = error(seen[:, :1])
        if not all(unmoved):  # nothing changed at all
            return None
        acted, shuffled = (
            {str(horizon): round(wrong / still, 4) for horizon, wrong, still in zip(
                windows.horizons, error(actor.imagine(start, actions)[:, ahead]), unmoved,
                strict=True)}
            for actions in (windows.action, windows.other_action)
        )  # fmt: skip
        return Predicted(len(start), acted, shuffled)

    def encode(self, tick: Tick) -> bool:
        """Encode the working set with the encoder of now; whether it came to the end."""
        actor = self.learner.snapshot()
        return self.replay.encode(
            actor.tokens, actor.encoder_version, lambda done, total: tick(ENCODING, done, total)
        )

    def trained(self) -> Trained | None:
        """What to play by; None where the working set was not encoded to its end."""
        actor = self.learner.snapshot()
        if actor.encoder_version != self.replay.encoder_version:
            return None
        tokens, present, step = self.replay.candidates()
        return Trained(actor, Candidates(actor.goal_embeddings(tokens, present), step))


def means(figures: Sequence[dict[str, float]]) -> dict[str, float]:
    """The mean of each named figure over those that have it."""
    names = {name: None for each in figures for name in each}
    return {name: fmean(f[name] for f in figures if name in f) for name in names}
