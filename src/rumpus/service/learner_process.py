"""A learner beside the robot: it learns in a process of its own, and the robot keeps its rate.

The learner's process reads the memory that the robot's process writes, pays what is owed, saves the
mind, and leaves a new actor in the run's folder. A thread of the robot's process loads it; between
two steps the robot looks whether one is there, and waits for nobody.
"""

import json
import multiprocessing
import os
import queue
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rumpus.actor import Actor, fresh_nets
from rumpus.errors import MemoryFault, RumpusError, RunError, limit_met, writing
from rumpus.goals.base import Candidates
from rumpus.memory.films import SEGMENT_STEPS
from rumpus.memory.memory import Memory
from rumpus.memory.writer_thread import Writer
from rumpus.model.device import Device
from rumpus.model.part import join, split
from rumpus.play.control import DurableKeeper
from rumpus.play.progress import Until
from rumpus.replay.measured import Measured
from rumpus.run import checkpoint, tensor_file
from rumpus.run.config import RunConfig
from rumpus.run.folder import open_run
from rumpus.run.meter import Meter
from rumpus.run.metrics import newest
from rumpus.run.session import Session, make_mind, wake
from rumpus.service.interrupt import handled_by
from rumpus.spec import RobotSpec
from rumpus.update_schedule import Tick, Trained

ACTOR = "actor.safetensors"  # in the run's folder: what the robot is to act by
FAILED = "learner-failed.txt"  # why the learner could not go on
LOOK_EVERY_S = 0.1
FINISH, STOP = "finish", "stop"


class Beside:
    """What a playing robot knows of the learner beside it; see `run.play_loop.Training`.

    Attributes:
        process: of the learner.
    """

    def __init__(self, session: Session, until: Until, device: Device) -> None:
        """Start the learner's process, which opens the run's memory to read."""
        self._session, self._until = session, until
        self._orders: Any = multiprocessing.get_context("spawn").Queue()
        # The robot's own stream of chance: the learner goes on with the one that was saved.
        fresh = np.random.default_rng((session.run.config.seed, len(session.memory), 1))
        session.mind.rng.bit_generator.state = fresh.bit_generator.state
        arguments = (session.run.path, device, self._orders, os.getpid())
        self.process = multiprocessing.get_context("spawn").Process(
            target=learn, args=arguments, name="rumpus learner", daemon=True
        )
        self._sent: list[tuple[int, bool]] | None = None
        (session.run.path / FAILED).unlink(missing_ok=True)
        self._watch = ActorWatch(session)
        # The learner inherits that it does not hear these: the robot's process does, and tells it.
        with handled_by(signal.SIG_IGN):
            self.process.start()

    @property
    def measured(self) -> Measured | None:
        """See `Training`; as the learner told it with the actor that came last."""
        return self._watch.measured

    def wake(self, tick: Tick) -> Trained | None:
        """See `Training`."""
        return wake(self._session, tick)

    def after_step(self, steps: int, keeper: DurableKeeper, tick: Tick) -> Trained | None:
        """See `Training`; it only looks whether a new actor came, but after the last step.

        Raises:
            RunError: when the learner could not go on.
        """
        self._check()
        attempts = self._session.mind.goals.attempts
        if attempts is not self._sent:
            self._orders.put(attempts)  # a thread of the queue's own sends it
            self._sent = attempts
        if isinstance(keeper, Writer) and steps % SEGMENT_STEPS == 0:
            with suppress(MemoryFault):  # of the film before: its pictures stay where they are
                keeper.film()
        if self._until.steps is not None and steps >= self._until.steps:
            self._session.robot.rest()
            keeper.flush()
            self._finish(tick)
        return self._watch.take()

    def save(self) -> None:
        """See `Training`: end the learner, which saves what it learned, and take that over.

        Raises:
            RunError: when the learner could not go on; what it saved before stays.
        """
        self._orders.put(STOP)  # first: whatever comes, the learner is told
        try:
            self._watch.end()
            self.process.join()
        except BaseException:  # who insists does not wait
            self.process.kill()
            raise
        session = self._session
        saved = checkpoint.read(session.run)
        if saved is not None:
            checkpoint.restore(saved, session.mind)
        self._check()

    def _finish(self, tick: Tick) -> None:
        """Let the learner pay all that is owed for what is in memory, as long as `tick` says so."""
        self._orders.put(FINISH)
        while self.process.is_alive() and tick("learning beside", 0, 0):
            self.process.join(LOOK_EVERY_S)

    def _check(self) -> None:
        if self.process.exitcode:
            path = self._session.run.path / FAILED
            said = (
                path.read_text(encoding="utf-8")
                if path.exists()
                else f"its process ended with {self.process.exitcode}."
            )
            raise RunError(
                f"The learner beside the robot could not go on: {said} The same command goes on "
                "from what was saved."
            )


class ActorWatch:
    """A thread that loads each new actor that the learner leaves.

    Attributes:
        measured: when the last of them was learned.
    """

    def __init__(self, session: Session) -> None:
        self.measured: Measured | None = None
        self._run, self._spec = session.run.path, session.memory.spec
        self._path = self._run / ACTOR
        self._config = session.run.config
        self._found: Trained | None = None
        self._fault: RunError | None = None
        self._ended = threading.Event()
        self._path.unlink(missing_ok=True)  # of an earlier time
        self._thread = threading.Thread(target=self._look, name="actor watch", daemon=True)
        self._thread.start()

    def take(self) -> Trained | None:
        """The newest actor, once; None where no newer one came.

        Raises:
            RunError: when one came that cannot be read.
        """
        if self._fault is not None:
            raise self._fault
        found, self._found = self._found, None
        return found

    def end(self) -> None:
        """Look no more."""
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        seen = 0
        while not self._ended.wait(LOOK_EVERY_S) and self._fault is None:
            try:
                if self._path.exists() and (at := self._path.stat().st_mtime_ns) != seen:
                    seen, self._found = at, read_actor(self._path, self._spec, self._config)
                    self.measured = newest(self._run)
            except Exception as error:  # a thread that died unheard would leave an old actor
                self._fault = RunError(
                    f"The actor {self._path} cannot be read: {error}; the same command goes on "
                    "from what was saved."
                )


def learn(path: Path, device: Device, orders: Any, robot_process: int) -> None:
    """What the learner's process does, until it is told to end or the robot's process is gone."""
    try:
        _learn(path, device, orders, robot_process)
    except Exception as error:
        limit = limit_met(error)
        if not (limit or isinstance(error, RumpusError | OSError)):
            raise  # a mistake, which is to be seen
        with suppress(OSError):  # on a full disk the robot says less
            (path / FAILED).write_text(limit or str(error), encoding="utf-8")
        raise SystemExit(2) from None


def _learn(path: Path, device: Device, orders: Any, robot_process: int) -> None:
    run, told = open_run(path), set[str]()
    with Memory.open(run.memory, write=False) as memory:
        mind = make_mind(memory, run.config, device)
        saved = checkpoint.read(run)
        learned_from = checkpoint.restore(saved, mind) if saved else 0
        meter = Meter(run, memory, mind, learned_from)

        def go_on(phase: str, done: int, owed: int) -> bool:
            while True:
                try:
                    order = orders.get_nowait()
                except queue.Empty:
                    break
                if isinstance(order, str):
                    told.add(order)
                else:
                    mind.goals.attempts = order
            return STOP not in told and robot_is_there()

        def robot_is_there() -> bool:
            """Else the run may be another player's by now, and nothing of it may be written."""
            return os.getppid() == robot_process

        while go_on("", 0, 0):
            memory.refresh()
            steps = len(memory)
            every = run.config.train.train_every
            due = FINISH in told or steps - mind.schedule.paid_for >= every
            due = due and steps >= run.config.play.random_steps
            if due and mind.schedule.prepare():
                meter.read()
                begun_s = time.monotonic()
                losses = mind.schedule.train(go_on, every)
                if not robot_is_there():
                    return
                learned_from = steps
                checkpoint.save(run, mind, steps)
                write_actor(path / ACTOR, mind.schedule.trained())
                run.log({
                    "steps": steps, "world_model_updates": mind.learner.world_model_updates,
                    "policy_updates": mind.learner.policy_updates,
                    "train_s": round(time.monotonic() - begun_s, 3), **losses,
                })  # fmt: skip
            elif FINISH in told:
                break
            else:
                time.sleep(LOOK_EVERY_S)
        if robot_is_there():
            checkpoint.save(run, mind, learned_from)


def write_actor(path: Path, trained: Trained | None) -> None:
    """Leave an actor and its candidates for the robot's process, whole or not at all.

    Raises:
        RunError: when the disk does not take it.
    """
    if trained is None:
        return
    actor, candidates = trained.actor, trained.candidates
    found = {
        "points": candidates.points.cpu(),
        "step": torch.from_numpy(candidates.step),
    }
    weights = {name: tensor.cpu() for name, tensor in actor.state_dict().items()}
    versions = {"version": actor.version, "encoder_version": actor.encoder_version}
    tensors = join({"nets": weights, "candidates": found})
    with writing("actor", path):
        tensor_file.write(path, {n: t.numpy() for n, t in tensors.items()}, json.dumps(versions))


def read_actor(path: Path, spec: RobotSpec, config: RunConfig) -> Trained:
    """The actor that the learner left; it acts on the processor."""
    arrays, told = tensor_file.read(path)
    versions, tensors = json.loads(told), {n: torch.from_numpy(a) for n, a in arrays.items()}
    with torch.device("meta"):  # shapes alone: the weights come from the file
        nets = fresh_nets(spec, config.mind)
    nets.load_state_dict(split("nets", tensors), assign=True)
    actor = Actor(spec, config.mind, nets, versions["version"], versions["encoder_version"])
    found = split("candidates", tensors)
    return Trained(actor, Candidates(found["points"], found["step"].numpy()))
