"""Acts as an export holds them: each field's raw value, and what each of them must land as."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from pipelines.domain.answers import (
    Abstention,
    Answer,
    BestWorst,
    Choice,
    MultiChoice,
    Pairwise,
    Ranking,
    Rating,
    Spans,
    Text,
    canonical,
)
from pipelines.domain.tables import TYPED_ANSWERS
from pipelines.domain.vocabulary import ABSTAINING_STATUSES, Attribution, Reason, Status
from tests.properties.exports.place import Judged, Outcome, Place, Refused, Silent
from tests.properties.exports.values import ABSENT, Token, content, scalar
from tests.properties.exports.world import SPELLINGS, TIMES, Act

BESIDE = {
    "status": "spelled_status",
    "why": "rationale",
    "sure": "confidence",
    "when": "spelled_time",
    "took": "duration",
}
"""Fields beside the answers, and what of an act they hold."""


@dataclass(frozen=True)
class RawAct:
    """An act in raw values: ``fields`` by question, ``beside`` by name (a field is left out where a shape has none).

    ``outcomes`` says what each answer is; ``refusals`` why the act as a whole cannot be taken.
    """

    item: Any
    annotator: Any
    fields: dict[str, dict[str, Any]]
    beside: dict[str, Any]
    outcomes: dict[str, Outcome]
    text: str
    note: str | None = None
    refusals: frozenset[Reason] = frozenset()
    is_touched: bool = False

    def flat(self) -> dict[str, Any]:
        """All fields but those of item and annotator."""
        held = dict(self.beside)
        for values in self.fields.values():
            held.update(values)
        return held

    def other(self, **changes: Any) -> RawAct:
        """The act with changes, marked as one that the model no longer answers for."""
        return replace(self, is_touched=True, **changes)


def raw_act(act: Act, text: str, places: tuple[Place, ...], *, beside: bool, is_text: bool) -> RawAct:
    """What a valid act looks like in places, with or without the fields beside the answers."""
    fields = {one.code: one.write(act.given[one.code]) for one in places}
    outcomes: dict[str, Outcome] = {}
    for one in places:
        given = act.given[one.code]
        outcomes[one.code] = Silent() if given is None else Judged(given.answer)
    held: dict[str, Any] = {}
    if beside:
        for name, of in BESIDE.items():
            value = getattr(act, of)
            held[name] = ("" if is_text else None) if value is None else value
        if not is_text and act.duration:
            held["took"] = Token(act.duration)
    note = act.note if beside else None
    return RawAct(act.item, act.annotator, fields, held, outcomes, text, note)


@dataclass(frozen=True)
class Row:
    """What must land of one answer: a judgment's columns, or a quarantine row's, with the reasons it may have."""

    ordinal: int
    part: int | None
    question: str | None
    columns: dict[str, Any] = field(default_factory=dict)
    stage: str | None = None
    reasons: frozenset[Reason] = frozenset()


def rows_of(raw: RawAct, ordinal: int, part: int, places: tuple[Place, ...], shared: dict[str, Any]) -> Iterator[Row]:
    """What an act of a record must land as; ``shared`` are columns that all judgments of the shape have.

    ``shared["pseudonym"]`` makes a pseudonym of (item, annotator); ``shared["extra"]`` says whether notes are kept.
    """
    nobody = {Reason.ANNOTATOR_MISSING} if shared["attribution"] == Attribution.NONE else set()
    if raw.refusals - nobody:
        yield Row(ordinal, part, None, {}, "record", raw.refusals - nobody)
        return
    status = SPELLINGS[scalar(raw.beside["status"]) or ""] if "status" in raw.beside else Status.SUBMITTED
    for place in places:
        outcome = raw.outcomes[place.code]
        if isinstance(outcome, Refused):
            yield Row(ordinal, part, place.code, {}, "judgment", outcome.reasons)
            continue
        if isinstance(outcome, Silent) and status == Status.SUBMITTED:
            continue
        answer = outcome.answer if isinstance(outcome, Judged) else None
        yield Row(ordinal, part, place.code, _columns(raw, place, answer, status, shared))


def _columns(
    raw: RawAct, place: Place, answer: Answer | None, status: Status, shared: dict[str, Any]
) -> dict[str, Any]:
    beside = {name: None if value is ABSENT else scalar(value) for name, value in raw.beside.items()}
    when = TIMES.get(beside.get("when") or "")
    took = beside.get("took")
    item, who = scalar(raw.item), scalar(raw.annotator)
    assert item is not None
    return {
        "source_id": "made",
        "item_id": item,
        "annotator_id": shared["pseudonym"](item, who),
        "question_id": place.code,
        "annotator_kind": "human",
        "attribution": shared["attribution"].value,
        "answer_type": place.asked.type.value,
        "answer": canonical(answer, status),
        **_typed(answer, place.asked.type.value),
        "raw_answer": place.raw(raw.fields[place.code]),
        "status": status.value,
        "abstained": status in ABSTAINING_STATUSES or _abstains(answer, place),
        "rationale": content(raw.beside.get("why")),
        "confidence": content(raw.beside.get("sure")),
        "presentation_order": None,
        "judged_at": datetime.fromisoformat(when) if when else None,
        "duration_s": float(took) if took else None,
        # What cannot be read as an answer may be kept here, too.
        **({} if raw.is_touched else {"extra": shared["extra"](raw)}),
    }


def _abstains(answer: Answer | None, place: Place) -> bool:
    if isinstance(answer, MultiChoice):
        return bool(set(answer.options) & set(place.asked.abstaining))
    return isinstance(answer, Abstention)


def _typed(answer: Answer | None, kind: str) -> dict[str, Any]:
    columns: dict[str, Any] = dict.fromkeys(column.name for column in TYPED_ANSWERS)
    match answer:
        case Choice(option):
            columns["answer_choice"] = option
        case Abstention(option) if kind == "choice":
            columns["answer_choice"] = option
        case MultiChoice(options):
            columns["answer_choices"] = list(options)
        case Rating():
            columns["answer_number"] = answer.number
        case Pairwise(preference, strength):
            columns["answer_preference"], columns["answer_strength"] = preference.value, strength
        case Ranking(ranks):
            ordered = sorted(ranks, key=lambda pair: (pair[1], pair[0]))
            columns["answer_ranking"] = [{"option": option, "rank": rank} for option, rank in ordered]
        case BestWorst(best, worst):
            columns["answer_best"], columns["answer_worst"] = best, worst
        case Spans(spans):
            names = ("start", "end", "text", "label", "comment")
            columns["answer_spans"] = [{name: getattr(one, name) for name in names} for one in spans]
        case Text(text):
            columns["answer_text"] = text
    return columns
