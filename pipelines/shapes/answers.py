"""The SQL of each answer type: from a cell to the canonical answer, its typed columns, or the reason for refusal.

``pipelines.domain.answers`` says the same in Python; a property test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pipelines.contracts.files import AnswerMapping
from pipelines.contracts.questions import Question
from pipelines.domain.vocabulary import AnswerType, Reason
from pipelines.shapes.sql import is_one_of, literal, mapped, text_list

NUMBER = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$"
"""A JSON number token (RFC 8259, section 6)."""


@dataclass(frozen=True)
class AnswerSql:
    """Expressions over ``t`` (the cell's text) and ``r`` (its raw value) of one question's candidates.

    ``value`` is what ``answer``, ``problem`` and ``typed`` refer to as ``v``; ``problem`` is a reason code or
    null and is only asked where an answer is given.
    """

    value: str
    answer: str
    problem: str
    abstains: str
    typed: dict[str, str] = field(default_factory=dict)


def answer_sql(question: Question, mapping: AnswerMapping, *, is_text: bool) -> AnswerSql:
    """How answers to a question are computed. ``is_text``: the container is CSV, whose cells are all text."""
    meant = mapped("t", dict(question.synonyms), otherwise="t")
    unreadable = f"when t is null then {_not_scalar(is_text=is_text)}"
    abstains = is_one_of("v", question.abstain)
    if question.type == AnswerType.CHOICE:
        unknown = f"when not {is_one_of('v', question.options)} then {literal(Reason.ANSWER_UNKNOWN_OPTION)}"
        return AnswerSql(meant, "to_json(v)", f"case {unreadable} {unknown} end", abstains, {"answer_choice": "v"})
    if question.type == AnswerType.RATING:
        return _rating(question, meant, unreadable, abstains)
    if question.type == AnswerType.PAIRWISE:
        return _pairwise(question, meant, unreadable, abstains)
    if question.type == AnswerType.MULTI_CHOICE:
        return _multi_choice(question, mapping, is_text=is_text)
    if question.type == AnswerType.TEXT:
        return AnswerSql("t", "to_json(v)", f"case {unreadable} end", abstains, {"answer_text": "v"})
    raise ValueError(f"questions of type {question.type} cannot be ingested yet")


def _not_scalar(*, is_text: bool) -> str:
    """Why a candidate has no text: nothing was given, or something that is no single value."""
    if is_text:
        return literal(Reason.ANSWER_MISSING)
    missing, malformed = literal(Reason.ANSWER_MISSING), literal(Reason.ANSWER_MALFORMED)
    return f"case when r is null or r = 'null' then {missing} else {malformed} end"


def _rating(question: Question, meant: str, unreadable: str, abstains: str) -> AnswerSql:
    assert question.scale is not None
    bounds = []
    if question.scale.min is not None:
        bounds.append(f"try_cast(v as double) < {literal(question.scale.min)}")
    if question.scale.max is not None:
        bounds.append(f"try_cast(v as double) > {literal(question.scale.max)}")
    arms = [
        unreadable,
        f"when {abstains} then null",
        f"when not regexp_full_match(v, {literal(NUMBER)}) then {literal(Reason.ANSWER_MALFORMED)}",
        f"when not isfinite(try_cast(v as double)) then {literal(Reason.ANSWER_MALFORMED)}",
    ]
    if bounds:
        arms.append(f"when {' or '.join(bounds)} then {literal(Reason.ANSWER_OUT_OF_SCALE)}")
    number = f"case when {abstains} then null else try_cast(v as double) end"
    answer = f"case when {abstains} then to_json(v) else v end"
    return AnswerSql(meant, answer, f"case {' '.join(arms)} end", abstains, {"answer_number": number})


def _pairwise(question: Question, meant: str, unreadable: str, abstains: str) -> AnswerSql:
    preference = mapped("v", {raw: answer.preference for raw, answer in question.answers.items()})
    strength = mapped("v", {raw: answer.strength for raw, answer in question.answers.items()})
    known = is_one_of("v", [*question.answers, *question.abstain])
    plain = f"to_json({preference})"
    graded = f"'{{\"preference\":' || {plain} || ',\"strength\":' || to_json(({strength})::double) || '}}'"
    answer = (
        f"case when {abstains} then to_json(v) when ({strength}) is null then {plain} else {graded} end"
        if any(answer.strength is not None for answer in question.answers.values())
        else f"case when {abstains} then to_json(v) else {plain} end"
    )
    return AnswerSql(
        meant,
        answer,
        f"case {unreadable} when not {known} then {literal(Reason.ANSWER_UNKNOWN_OPTION)} end",
        abstains,
        {"answer_preference": preference, "answer_strength": f"({strength})::double"},
    )


def _multi_choice(question: Question, mapping: AnswerMapping, *, is_text: bool) -> AnswerSql:
    """A set of options; its raw value is a JSON list, or text to be split. The empty set is an answer."""
    if mapping.split is not None:
        given = f"case when t = '' then []::varchar[] else string_split(t, {literal(mapping.split)}) end"
        malformed = f"when t is null then {_not_scalar(is_text=is_text)}"
    else:
        given = "case when json_valid(r) and json_type(r) = 'ARRAY' then json_extract_string(r, '$[*]') end"
        missing, wrong = literal(Reason.ANSWER_MISSING), literal(Reason.ANSWER_MALFORMED)
        malformed = (
            f"when r is null or r = 'null' or r = '' then {missing} when v is null then {wrong}"
            f" when list_count(v) < len(v) then {wrong}"
        )
    meant = mapped("x", dict(question.synonyms), otherwise="x")
    value = f"list_transform({given}, lambda x: {meant})" if question.synonyms else given
    options = text_list(question.options)
    chosen = f"list_filter({options}, lambda x: list_contains(v, x))"
    arms = (
        f"{malformed} when not list_has_all({options}, v) then {literal(Reason.ANSWER_UNKNOWN_OPTION)}"
        f" when len(list_distinct(v)) < len(v) then {literal(Reason.ANSWER_MALFORMED)}"
    )
    return AnswerSql(
        value,
        f"to_json({chosen})",
        f"case {arms} end",
        f"coalesce(list_has_any({text_list(question.abstain)}, v), false)" if question.abstain else "false",
        {"answer_choices": chosen},
    )
