"""The SQL of each answer type: from cells to the canonical answer, its typed columns, or the reason for refusal.

``pipelines.domain.answers`` says the same in Python; a property test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pipelines.contracts.answers import AnswerMapping
from pipelines.contracts.questions import Question
from pipelines.domain.tables import JUDGMENTS
from pipelines.domain.types import duckdb_type
from pipelines.domain.vocabulary import AnswerType, Preference, Reason
from pipelines.shapes.cells import Cells, read_cells
from pipelines.shapes.slots import Slots
from pipelines.shapes.sql import is_one_of, literal, mapped, text_list

NUMBER = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$"
"""A JSON number token (RFC 8259, section 6)."""


@dataclass(frozen=True)
class AnswerSql:
    """Expressions for one question's candidates.

    ``cells`` gives ``t`` (the cell's text) and ``r`` (its raw value); ``value``, over these, is what the others
    refer to as ``v``; ``problem`` is a reason code or null and is only asked where an answer is given.
    """

    cells: Cells
    value: str
    answer: str
    problem: str
    abstains: str
    typed: dict[str, str] = field(default_factory=dict)


def answer_sql(
    question: Question, code: str, mapping: AnswerMapping, slots: Slots, *, is_text: bool, first: str | None = None
) -> AnswerSql:
    """How answers to a question are computed.

    ``is_text``: the container is CSV, whose cells are all text. ``first`` is the key of the item's first response.
    """
    cells = read_cells(question, code, mapping, slots, is_text=is_text)
    if mapping.one_hot is not None and question.type != AnswerType.MULTI_CHOICE:
        cells = cells.only_one()
    meant = mapped("t", dict(question.synonyms), otherwise="t")
    unreadable = f"when t is null then {cells.unreadable}"
    abstains = is_one_of("v", question.abstain)
    if question.type == AnswerType.CHOICE:
        problem = f"case {unreadable} {_unknown(is_one_of('v', question.options))} end"
        return AnswerSql(cells, meant, "to_json(v)", problem, abstains, {"answer_choice": "v"})
    if question.type == AnswerType.RATING:
        return _rating(question, cells, meant, unreadable, abstains)
    if question.type == AnswerType.PAIRWISE:
        strength = (slots.text(mapping.strength), slots.raw(mapping.strength)) if mapping.strength else None
        return _pairwise(question, cells, meant, unreadable, abstains, strength, first)
    if question.type == AnswerType.MULTI_CHOICE:
        return _multi_choice(question, mapping, cells, is_text=is_text)
    if question.type == AnswerType.TEXT:
        listed = "" if is_text else f" when t = '[]' and r = '[]' then {literal(Reason.ANSWER_MISSING)}"
        return AnswerSql(cells, "t", "to_json(v)", f"case {unreadable}{listed} end", abstains, {"answer_text": "v"})
    if question.type == AnswerType.RANKING:
        return _ranking(question, cells)
    if question.type == AnswerType.BEST_WORST:
        return _best_worst(question, mapping, cells, slots)
    return _spans(cells)


def _rating(question: Question, cells: Cells, meant: str, unreadable: str, abstains: str) -> AnswerSql:
    assert question.scale is not None
    bounds = []
    if question.scale.min is not None:
        bounds.append(f"try_cast(v as double) < {literal(question.scale.min)}")
    if question.scale.max is not None:
        bounds.append(f"try_cast(v as double) > {literal(question.scale.max)}")
    arms = [
        unreadable,
        f"when {abstains} then null",
        f"when t = '' then {literal(Reason.ANSWER_MISSING)}",
        f"when not regexp_full_match(v, {literal(NUMBER)}) then {literal(Reason.ANSWER_MALFORMED)}",
        f"when not isfinite(try_cast(v as double)) then {literal(Reason.ANSWER_MALFORMED)}",
    ]
    if bounds:
        arms.append(f"when {' or '.join(bounds)} then {literal(Reason.ANSWER_OUT_OF_SCALE)}")
    number = f"case when {abstains} then null else try_cast(v as double) end"
    answer = f"case when {abstains} then to_json(v)::varchar else v end"
    return AnswerSql(cells, meant, answer, f"case {' '.join(arms)} end", abstains, {"answer_number": number})


def _pairwise(
    question: Question,
    cells: Cells,
    meant: str,
    unreadable: str,
    abstains: str,
    strength: tuple[str, str] | None,
    first: str | None,
) -> AnswerSql:
    """A preference by the item's responses; ``strength``: a cell beside it, text and raw; ``first``: its first key."""
    unknown = _unknown(is_one_of("v", [*question.answers, *question.abstain]))
    told = {raw: answer.preference for raw, answer in question.answers.items()}
    preference, arms = mapped("v", told), [unreadable, unknown]
    if question.sides == "shown":
        turned = {"left": Preference.RIGHT.value, "right": Preference.LEFT.value}
        other = mapped("v", {raw: turned.get(one, one) for raw, one in told.items()})
        preference = f"case when presentation_order[1] = {literal(first)} then {preference} else {other} end"
        sided = is_one_of("v", [raw for raw, one in told.items() if one in turned])
        arms.append(f"when {sided} and presentation_order is null then {literal(Reason.ORDER_UNKNOWN)}")
    graded = mapped("v", {raw: answer.strength for raw, answer in question.answers.items()})
    if strength is not None:
        text, raw = strength
        graded = f"try_cast(nullif({text}, '') as double)"
        number = f"regexp_full_match({text}, {literal(NUMBER)})"
        arms.append(
            f"when ({text} <> '' and not coalesce({number} and isfinite({graded}) and {graded} >= 0, false))"
            f" or ({text} is null and {raw} <> 'null') then {literal(Reason.ANSWER_MALFORMED)}"
        )
    canonical = (
        f"case when ({graded}) is null then to_json({preference})::varchar else '{{\"preference\":' ||"
        f" to_json({preference}) || ',\"strength\":' || to_json(({graded})::double) || '}}' end"
    )
    return AnswerSql(
        cells,
        meant,
        f"case when {abstains} then to_json(v)::varchar else {canonical} end",
        f"case {' '.join(arms)} end",
        abstains,
        {"answer_preference": preference, "answer_strength": f"({graded})::double"},
    )


def _unknown(known: str) -> str:
    """What to say of a value that is not known: an empty one is none."""
    missing, unknown = literal(Reason.ANSWER_MISSING), literal(Reason.ANSWER_UNKNOWN_OPTION)
    return f"when not {known} then case when t = '' then {missing} else {unknown} end"


def _joined_levels(is_list: str, separator: str) -> str:
    """Options that are lists of texts, each as its parts joined; null where one is no such list, or holds the sign."""
    options = f"json_extract(case when {is_list} then r end, '$[*]')"
    sign = literal(separator)
    kinds = "list_distinct(json_type(x, '$[*]')) = ['VARCHAR']"
    whole = f"json_type(x) = 'ARRAY' and {kinds} and not list_bool_or(list_transform(json_extract_string(x, '$[*]'),"
    whole += f" lambda y: contains(y, {sign})))"
    return (
        f"list_transform({options}, lambda x: case when {whole}"
        f" then array_to_string(json_extract_string(x, '$[*]'), {sign}) end)"
    )


def _multi_choice(question: Question, mapping: AnswerMapping, cells: Cells, *, is_text: bool) -> AnswerSql:
    """A set of options; its cell is a JSON list, or text to be split. The empty set is an answer."""
    missing, wrong = literal(Reason.ANSWER_MISSING), literal(Reason.ANSWER_MALFORMED)
    if mapping.split is not None:
        given = f"case when t = '' then []::varchar[] else string_split(t, {literal(mapping.split)}) end"
        malformed = f"when t is null then {cells.unreadable}"
    elif mapping.one_hot is not None:
        given = "from_json(t, '[\"varchar\"]')"
        malformed = f"when t is null then {wrong}"
    else:
        # The inner case guards the outer: DuckDB may weigh both sides of an `and`, and json_type fails on no JSON.
        is_list = "json_type(case when json_valid(r) then r end) = 'ARRAY'"
        given = f"case when {is_list} then json_extract_string(r, '$[*]') end"
        if mapping.levels is not None:
            given = _joined_levels(is_list, mapping.levels)
        elif not is_text:  # a text alone is a set of one
            alone = "json_type(case when json_valid(r) then r end) = 'VARCHAR' and t <> ''"
            given = f"case when {alone} then [t] when {is_list} then json_extract_string(r, '$[*]') end"
        # DuckDB writes a fraction anew (1.10 as 1.1): which option is meant could not be told.
        kinds = f"list_transform(json_extract(case when {is_list} then r end, '$[*]'), lambda x: json_type(x))"
        malformed = (
            f"when r is null or r = 'null' or r = '' then {missing} when v is null then {wrong}"
            f" when list_count(v) < len(v) then {wrong}"
            f" when list_contains({kinds}, 'DOUBLE') then {wrong}"
        )
    meant = mapped("x", dict(question.synonyms), otherwise="x")
    value = f"list_transform({given}, lambda x: {meant})" if question.synonyms else given
    options = text_list(question.options)
    chosen = f"list_filter({options}, lambda x: list_contains(v, x))"
    arms = (
        f"{malformed} when not list_has_all({options}, v) then {literal(Reason.ANSWER_UNKNOWN_OPTION)}"
        f" when len(list_distinct(v)) < len(v) then {wrong}"
    )
    return AnswerSql(
        cells,
        value,
        f"to_json({chosen})",
        f"case {arms} end",
        f"coalesce(list_has_any({text_list(question.abstain)}, v), false)" if question.abstain else "false",
        {"answer_choices": chosen},
    )


def _ranking(question: Question, cells: Cells) -> AnswerSql:
    """Options with ranks; ``t`` is a JSON list of them, each with its rank's text."""
    typed = duckdb_type(JUDGMENTS.column("answer_ranking").type)
    value = (
        'list_sort(list_transform(from_json(t, \'[{"rank":"varchar","option":"varchar"}]\'),'
        " lambda x: {'rank': try_cast(case when regexp_full_match(x.rank, '[1-9][0-9]*') then x.rank end as integer),"
        " 'option': x.option}))"
    )
    wrong = literal(Reason.ANSWER_MALFORMED)
    ranked = "list_transform(v, lambda x: x.option)"
    known = f"not list_has_all({text_list(question.options)}, {ranked})" if question.options else "false"
    problem = (
        f"case when t is null then {cells.unreadable}"
        f" when len(list_filter(v, lambda x: x.rank is not null and x.option is not null)) < len(v)"
        f" or len(v) = 0 then {wrong}"
        f" when len(list_distinct({ranked})) < len(v) then {wrong}"
        f" when {known} then {literal(Reason.ANSWER_UNKNOWN_OPTION)} end"
    )
    return AnswerSql(
        cells,
        value,
        "'[' || array_to_string(list_transform(v, lambda x: '[' || to_json(x.option) || ',' || x.rank || ']'), ',')"
        " || ']'",
        problem,
        "false",
        {"answer_ranking": f"list_transform(v, lambda x: {{'option': x.option, 'rank': x.rank}})::{typed}"},
    )


def _best_worst(question: Question, mapping: AnswerMapping, cells: Cells, slots: Slots) -> AnswerSql:
    assert mapping.best is not None
    assert mapping.worst is not None
    best, worst = slots.text(mapping.best), slots.text(mapping.worst)
    arms = [f"when coalesce({best}, '') = '' or coalesce({worst}, '') = '' then {literal(Reason.ANSWER_MISSING)}"]
    if question.abstain:
        # Both abstain together, which is an abstention; one alone is half an answer.
        halves = " or ".join(is_one_of(text, question.abstain) for text in (best, worst))
        arms.append(f"when {halves} then {literal(Reason.ANSWER_MALFORMED)}")
    if mapping.among:
        among = ", ".join(slots.text(name) for name in mapping.among)
        arms.append(
            f"when not coalesce({best} in ({among}) and {worst} in ({among}), false)"
            f" then {literal(Reason.ANSWER_UNKNOWN_OPTION)}"
        )
    return AnswerSql(
        cells,
        "t",
        f"'{{\"best\":' || to_json({best}) || ',\"worst\":' || to_json({worst}) || '}}'",
        f"case {' '.join(arms)} end",
        "false",
        {"answer_best": best, "answer_worst": worst},
    )


def _spans(cells: Cells) -> AnswerSql:
    """Spans arrive in canonical form; the typed column is read from it."""
    typed = duckdb_type(JUDGMENTS.column("answer_spans").type)
    structure = '[{"start":"BIGINT","end":"BIGINT","text":"VARCHAR","label":"VARCHAR","comment":"VARCHAR"}]'
    return AnswerSql(
        cells,
        "t",
        "v",
        f"case when t is null then {cells.unreadable} end",
        "false",
        {"answer_spans": f"from_json(v, {literal(structure)})::{typed}"},
    )
