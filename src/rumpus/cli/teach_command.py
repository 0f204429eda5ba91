"""The verbs of a wish: teach a robot what success looks like, see what it asks, and answer."""

import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

from tyro.conf import Positional, arg

from rumpus.cli.counting import duration
from rumpus.cli.verb import Device, Json, Run, Whole, answer, deferred, remark, tell

if TYPE_CHECKING:
    from rumpus.memory.labels import Labels, Question, Wish
    from rumpus.run.session import Session

DEFAULT = "positive_unlabelled"  # the one that passes every test of tests/success, see decision 10
Named = Annotated[str, arg(metavar="NAME", help_behavior_hint="")]
Shown = Annotated[tuple[str, ...], arg(metavar="PICTURES", help_behavior_hint="")]
Word = Annotated[tuple[str, ...], arg(metavar="WORD", help_behavior_hint="")]
COLUMNS = 6  # of a sheet of questions
MOST_ASKED = 1_000_000  # steps or questions at once: more are a slip
WHY = {
    "surest": "it is surest of this one", "random": "one of all that it lived",
    "believed": "one of those that it believes", "unsure": "what it was asked for ended so",
    "outcome": "drawn at random from how its attempts ended",
}  # fmt: skip


@deferred
def teach(
    run: Run, wish: Named, examples: Shown = (), words: Word = (),
    camera: Annotated[str, arg(metavar="NAME", help_behavior_hint="")] = "",
    classifier: Named = "", practise: Whole = 3000, questions: Whole = 20,
    device: Device = "auto", json: Json = False,
) -> int:  # fmt: skip
    """Show a robot pictures of success by a name, and let it practise that, asking where unsure.

    Args:
        run: of the robot.
        wish: By which name it is asked for afterwards, as "door open".
        examples: Pictures of success: files, folders of them, remembered steps as memory:NUMBER, or
            now for what its camera sees now.
        words: Other names that mean the same.
        camera: Which camera sees success, where the robot has several. Default: the first.
        classifier: How success is told from pictures: positive_unlabelled, naive_classifier, vice,
            vice_raq, or one of your own. Default: the first, or as the wish was begun.
        practise: For so many steps more; 0 takes in the examples and no more.
        questions: How many it may ask in all.
        device: Where the mind learns and acts.
        json: what is known of the wish.
    """
    from rumpus.cli.progress import telling
    from rumpus.errors import InputError
    from rumpus.goals.wish import WishGoalSource
    from rumpus.memory.labels import open_labels
    from rumpus.play.progress import Progress, Until
    from rumpus.run.folder import check_run
    from rumpus.run.play_loop import Resting, play
    from rumpus.run.session import resume
    from rumpus.run.teaching import TeachConfig, Teaching, WishLearner, doubted, success_rate
    from rumpus.service.interrupt import INTERRUPTED, Interrupted, interruptible

    for asked_n, what in ((practise, "steps of practice"), (questions, "questions")):
        if not 0 <= asked_n <= MOST_ASKED:
            raise InputError(f"{asked_n} {what} were asked for, expected 0 to {MOST_ASKED:,}.")
    check_run(run)
    config, begun_s = TeachConfig(questions=questions), time.monotonic()
    with (
        resume(run, write=True, device=device) as session,
        open_labels(session.memory.path) as labels,
    ):
        known = _taught(session, labels, wish, examples, words, camera, classifier)
        learner = WishLearner(labels, known, session.memory, config, session.run.config.seed)
        if examples and (doubt := doubted(learner)):
            remark(doubt)
        until = Until(steps=len(session.memory) + practise)
        try:
            with interruptible() as check_stop, telling(until, session.mind.schedule) as show:

                def watch(progress: Progress) -> None:
                    show(progress)
                    check_stop()

                if practise:
                    goals = WishGoalSource(session.mind.goals, known.name)
                    begin = partial(Teaching, begin=Resting, learner=learner, goals=goals)
                    play(session, until, watch, begin, goals)
        except Interrupted as stop:
            remark(f"Stopped: {session.memory.acknowledged:,} steps remembered; the same command "
                   "goes on.")  # fmt: skip
            return INTERRUPTED + stop.signal
        asked = labels.questions(known)
        rate, shown = success_rate(asked), len(labels.examples(known))
        open_n = sum(not question.answers for question in asked)
    told = [f"'{known.name}' is known by {shown} pictures and {len(asked) - open_n} answers."]
    if rate:
        low, high = rate.interval
        told.append(f"Of {rate.n} of its attempts, drawn at random, {rate.rate:.0%} came out well "
                    f"({low:.0%} to {high:.0%}).")  # fmt: skip
    if open_n:
        told.append(f"It asks {open_n} questions: rumpus questions {run}")
    told.append(f"Let it do that with: rumpus do {run} --wish '{known.name}'")
    result = {"wish": known, "examples": shown, "answered": len(asked) - open_n, "open": open_n,
              "success": rate, "wall_s": round(time.monotonic() - begun_s, 2)}  # fmt: skip
    return answer(json, result, *told)


@deferred
def questions(
    run: Run, all_of_them: Annotated[bool, arg(name="all")] = False,
    serve: bool = False, port: Whole = 8765, json: Json = False,
) -> int:  # fmt: skip
    """List what a robot asks about pictures of its own, and draw these; or serve a page of thumbs.

    Args:
        run: of the robot.
        all_of_them: Those that were answered, too.
        serve: Open a page on this machine, on which a batch is answered by thumbs, until stopped.
        port: Of that page.
        json: the questions.
    """
    from rumpus.memory.labels import open_labels
    from rumpus.memory.memory import Memory
    from rumpus.report.sheet import Tile, write_sheet
    from rumpus.run.folder import open_run

    begun = open_run(run)
    if serve:
        from rumpus.watch import thumbs

        listening = thumbs.listen(port)
        tell(f"Answer at http://127.0.0.1:{port}, and stop this with Ctrl-C.")
        thumbs.serve(begun.memory, listening)
        return 0
    with open_labels(begun.memory) as labels, Memory.open(begun.memory, write=False) as memory:
        sensors = {wish.name: wish.sensor for wish in labels.wishes()}
        found = [q for q in labels.questions() if all_of_them or not q.answers]
        tiles = [Tile(f"{q.id}: {q.wish}?", memory.readings(q.step).get(sensors[q.wish]))
                 for q in found]  # fmt: skip
    lines = [_line(question) for question in found] or ["It asks nothing now."]
    picture = begun.report / "questions.png"
    rows = [tiles[k : k + COLUMNS] for k in range(0, len(tiles), COLUMNS)]
    if found and write_sheet(picture, rows):
        lines += [f"Pictures: {picture}", f"Answer with: rumpus answer {run} {found[0].id} yes"]
    return answer(json, found, *lines)


@deferred
def answer_question(
    run: Run, question: Annotated[Positional[int], arg(metavar="ID")],
    verdict: Annotated[Positional[Literal["yes", "no", "unsure"]], arg(metavar="VERDICT")],
    person: Named = "", json: Json = False,
) -> int:  # fmt: skip
    """Answer what a robot asked: whether that picture shows what was wished.

    Args:
        run: of the robot.
        question: Its number, see `rumpus questions`.
        verdict: yes, no or unsure; who answers again has changed their mind.
        person: Who says so, where several answer: what most say counts.
        json: the question with its answers.
    """
    from rumpus.memory.labels import open_labels
    from rumpus.run.folder import open_run

    with open_labels(open_run(run).memory) as labels:
        now = labels.answer(question, verdict, person)
        left = sum(not each.answers for each in labels.questions())
    return answer(json, now, f"{_line(now)}. {left} questions are open.")


def _taught(
    session: "Session", labels: "Labels", name: str, examples: tuple[str, ...],
    words: tuple[str, ...], camera: str, classifier: str,
) -> "Wish":  # fmt: skip
    """The wish of that name, begun where it is new, with more examples and words."""
    from rumpus.catalogue import find
    from rumpus.errors import InputError
    from rumpus.goals.picture import camera_of
    from rumpus.memory.labels import Wish, check_name
    from rumpus.play.examples import load_examples

    check_name(name)
    find("success classifier", classifier or DEFAULT)
    known = {wish.name: wish for wish in labels.wishes()}
    memory, first_step = session.memory, len(session.memory)
    wish = Wish(name, first_step, camera_of(memory.spec, camera).name,
                classifier or DEFAULT, words)  # fmt: skip
    if name in known:
        wish = replace(known[name], words=words)
    if not (examples or name in known):
        raise InputError(f"Nothing shows '{name}' yet; give pictures of success as --examples.")
    for what, asked, has in (("camera", camera, wish.sensor),
                             ("classifier", classifier, wish.classifier)):  # fmt: skip
        if asked not in ("", has):
            raise InputError(f"'{name}' was taught with the {what} {has}, not {asked}; go on with "
                             "that, or teach another name.")  # fmt: skip
    sensor = camera_of(memory.spec, wish.sensor)
    loaded = load_examples(examples, sensor, memory, session.robot.observe)
    memory.flush()  # what the labels name is durable before they are
    for notice in loaded.notices:
        remark(notice)
    labels.teach(wish, loaded.steps)
    return labels.wish(name)


def _line(question: "Question") -> str:
    said = ", ".join(f"{count} {verdict}" for verdict, count in question.answers.items())
    asked = duration(max(time.time() - question.asked_unix_s, 0.0))
    return (f"{question.id:4}  Does step {question.step:,} show '{question.wish}'?  "
            f"It believes {question.belief:.0%}; {WHY[question.why]}; asked {asked} ago; "
            f"{said or 'not answered'}")  # fmt: skip
