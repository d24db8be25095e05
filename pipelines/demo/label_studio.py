"""The pairwise demo export, as Label Studio writes its JSON export: the course of a project, and its bytes.

Keys, their order, their types, raw UTF-8 and escaped slashes follow an export of label-studio 1.23.2.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from pipelines.demo.dice import Decks, Dice
from pipelines.demo.population import PAIR_ANNOTATORS, PairAnnotator, PairAnswer, compare, individual
from pipelines.demo.wording import PAIRS, REASONS, Pair, Style

SOURCE = "demo_helpfulness"
FILE = "project-1-export.json"
MODELS = ("linnet-2", "wren-1", "dunnock-7b")

_FIRST_TASK, _FIRST_ANNOTATION, _PROJECT = 1201, 5001, 1
_START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
_RESULT_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
_SPANISH = {"left": "izquierda", "right": "derecha"}
_NO_REASON_PERCENT, _CARELESS_NO_REASON_PERCENT = 12, 60


Result = tuple[str, str, str, dict[str, object]]
"""Control, object judged, type and value of one answer."""


@dataclass(frozen=True)
class Task:
    """A pair as it was shown: which response stood left, which model wrote which side, who was asked."""

    index: int
    pair: Pair
    left: Style
    models: tuple[str, str]
    panel: tuple[PairAnnotator, ...]

    def side(self, style: Style) -> str:
        """Return the side, "left" or "right", on which the response `style` stood."""
        return "left" if style == self.left else "right"


@dataclass(frozen=True)
class Act:
    """One press of Submit or Skip, with the results that the form then held; times in milliseconds."""

    task: Task
    annotator: PairAnnotator
    results: tuple[Result, ...]
    lead_ms: int
    is_cancelled: bool = False
    starts_ms: int = 0


def _tasks(dice: Dice) -> Iterator[Task]:
    """Draw the tasks: a contested pair for the whole minority and four others, any other for 4 to 6."""
    people = [individual(annotator, dice) for annotator in PAIR_ANNOTATORS]
    for index, pair in enumerate(PAIRS):
        panel = dice.shuffled(people)
        if pair.majority:
            panel = [a for a in panel if a.is_dissenter] + [a for a in panel if not a.is_dissenter][:4]
        else:
            panel = panel[: dice.between(4, 6)]
        left: Style = dice.pick(("short", "full"))
        models = dice.shuffled(MODELS)
        yield Task(index, pair, left, (models[0], models[1]), tuple(panel))


def _reason(task: Task, annotator: PairAnnotator, answer: PairAnswer, dice: Dice, decks: Decks) -> str | None:
    """Return the written reason for `answer`, or None where the annotator leaves the field empty."""
    careless = answer.motive == "careless"
    if dice.chance(_CARELESS_NO_REASON_PERCENT if careless else _NO_REASON_PERCENT):
        return None
    if answer.preference == "tie":
        return decks.deal(answer.motive, REASONS[answer.motive]).format(topic=task.pair.topic)
    kind = "es" if annotator.writes == "es" else answer.motive
    win = task.side(answer.preference)
    lose = "right" if win == "left" else "left"
    return decks.deal(kind, REASONS[kind]).format(
        win=win,
        Win=win.capitalize(),
        lose=lose,
        win_es=_SPANISH[win],
        lose_es=_SPANISH[lose],
        topic=task.pair.topic,
    )


def _answered(task: Task, annotator: PairAnnotator, answer: PairAnswer, dice: Dice, decks: Decks) -> Act:
    choice = answer.preference if answer.preference == "tie" else task.side(answer.preference)
    stars = {task.side("short"): answer.stars_short, task.side("full"): answer.stars_full}
    reason = _reason(task, annotator, answer, dice, decks)
    results: list[Result] = [
        ("preference", "prompt", "choices", {"choices": [choice]}),
        ("helpfulness_a", "response_a", "rating", {"rating": stars["left"]}),
        ("helpfulness_b", "response_b", "rating", {"rating": stars["right"]}),
    ]
    if reason is not None:
        results.append(("reason", "prompt", "textarea", {"text": [reason]}))
    lead_ms = dice.between(2_500, 9_000) if answer.motive == "careless" else dice.between(18_000, 140_000)
    return Act(task, annotator, tuple(results), lead_ms)


def _repeat(tasks: list[Task], dice: Dice) -> tuple[Task, PairAnnotator, PairAnswer, PairAnswer]:
    """Find who answers a task twice, with another preference the second time: first and second answer."""
    candidates = [
        (task, annotator)
        for task in tasks
        if not task.pair.majority
        for annotator in task.panel
        if not annotator.careless_percent
    ]
    while True:
        task, annotator = dice.pick(candidates)
        first, second = compare(annotator, task.pair, dice), compare(annotator, task.pair, dice)
        if first.preference != second.preference:
            return task, annotator, first, second


def _acts(seed: int) -> list[Act]:
    """Return every act of the project in the order of submission: one skip and one repeat among them."""
    tasks = list(_tasks(Dice(seed, f"{SOURCE}/tasks")))
    dice = Dice(seed, f"{SOURCE}/answers")
    decks = Decks(Dice(seed, f"{SOURCE}/reasons"))
    repeated, repeater, first, second = _repeat(tasks, dice)
    skipped = dice.pick([task for task in tasks if len(task.panel) < 6 and task is not repeated])
    skipper = dice.pick([a for a in PAIR_ANNOTATORS if a.raw_id not in {p.raw_id for p in skipped.panel}])
    acts = []
    for task in tasks:
        for annotator in task.panel:
            is_repeat = task is repeated and annotator is repeater
            answer = first if is_repeat else compare(annotator, task.pair, dice)
            acts.append(_answered(task, annotator, answer, dice, decks))
        if task is skipped:
            partial: Result = ("helpfulness_a", "response_a", "rating", {"rating": dice.between(2, 4)})
            acts.append(Act(task, skipper, (partial,), dice.between(18_000, 60_000), is_cancelled=True))
    again = _answered(repeated, repeater, second, dice, decks)
    return _timed([*acts, again], Dice(seed, f"{SOURCE}/clock"))


def _timed(acts: list[Act], dice: Dice) -> list[Act]:
    """Give every act its start: each annotator takes the tasks in order; the last act is four days later."""
    clocks = {a.raw_id: n * 1_300_000 + dice.below(900_000) for n, a in enumerate(PAIR_ANNOTATORS)}
    timed = []
    for number, act in enumerate(acts, start=1):
        starts_ms = clocks[act.annotator.raw_id] + dice.between(1_000, 30_000)
        if number == len(acts):
            starts_ms += 4 * 86_400_000
        clocks[act.annotator.raw_id] = starts_ms + act.lead_ms
        timed.append(Act(act.task, act.annotator, act.results, act.lead_ms, act.is_cancelled, starts_ms))
    return sorted(timed, key=lambda act: (act.starts_ms + act.lead_ms, act.annotator.raw_id))


def _stamp(milliseconds: int, microseconds: int) -> str:
    moment = _START + timedelta(milliseconds=milliseconds, microseconds=microseconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _annotation(act: Act, annotation_id: int, dice: Dice) -> dict[str, object]:
    ends_ms, micros = act.starts_ms + act.lead_ms, dice.below(900)
    return {
        "id": annotation_id,
        "completed_by": act.annotator.raw_id,
        "result": [
            {
                "id": dice.text(_RESULT_ALPHABET, 10),
                "from_name": from_name,
                "to_name": to_name,
                "type": kind,
                "value": value,
                "origin": "manual",
            }
            for from_name, to_name, kind, value in act.results
        ],
        "was_cancelled": act.is_cancelled,
        "ground_truth": False,
        "created_at": _stamp(ends_ms, micros),
        "updated_at": _stamp(ends_ms, micros + 40),
        "draft_created_at": None,
        "lead_time": act.lead_ms / 1000,
        "prediction": {},
        "result_count": len(act.results),
        "unique_id": str(UUID(bytes=bytes(dice.below(256) for _ in range(16)), version=4)),
        "import_id": None,
        "last_action": None,
        "bulk_created": False,
        "task": _FIRST_TASK + act.task.index,
        "project": _PROJECT,
        "updated_by": act.annotator.raw_id,
        "parent_prediction": None,
        "parent_annotation": None,
        "last_created_by": None,
    }


def _record(task: Task, acts: list[tuple[int, Act]], dice: Dice) -> dict[str, object]:
    last = acts[-1][1]
    pair, right = task.pair, "full" if task.left == "short" else "short"
    response = {"short": pair.short, "full": pair.full}
    cancelled = sum(act.is_cancelled for _, act in acts)
    return {
        "id": _FIRST_TASK + task.index,
        "annotations": [_annotation(act, annotation_id, dice) for annotation_id, act in acts],
        "drafts": [],
        "predictions": [],
        "data": {
            "item_id": f"help-{task.index + 1:03d}",
            "prompt": pair.prompt,
            "response_a": response[task.left],
            "response_b": response[right],
            "model_a": task.models[0],
            "model_b": task.models[1],
            "language": pair.language,
        },
        "meta": {},
        "created_at": _stamp(-86_400_000, 57 * task.index),
        "updated_at": _stamp(last.starts_ms + last.lead_ms + 25, 0),
        "allow_skip": True,
        "inner_id": task.index + 1,
        "total_annotations": len(acts) - cancelled,
        "cancelled_annotations": cancelled,
        "total_predictions": 0,
        "comment_count": 0,
        "unresolved_comment_count": 0,
        "last_comment_updated_at": None,
        "project": _PROJECT,
        "updated_by": last.annotator.raw_id,
        "comment_authors": [],
    }


def files(seed: int) -> dict[str, bytes]:
    """Return the export of `seed` by its path below the inbox."""
    numbered = list(enumerate(_acts(seed), start=_FIRST_ANNOTATION))
    dice = Dice(seed, f"{SOURCE}/ids")
    tasks = sorted({act.task.index: act.task for _, act in numbered}.items())
    records = [_record(task, [(n, act) for n, act in numbered if act.task is task], dice) for _, task in tasks]
    text = json.dumps(records, ensure_ascii=False, separators=(",", ":"))
    return {f"{SOURCE}/{FILE}": text.replace("/", "\\/").encode()}
