"""From an act's columns to one question's cell: its text and its raw value, for one field or for several together."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from pipelines.contracts.answers import AnswerMapping, OneHot
from pipelines.contracts.questions import Question
from pipelines.domain.vocabulary import AnswerType, Reason
from pipelines.shapes.slots import Slots
from pipelines.shapes.sql import is_one_of, literal


@dataclass(frozen=True)
class Cells:
    """SQL over an act: ``text`` and ``raw`` of the answer.

    ``is_absent`` is true where the record holds nothing at all for it; ``said`` is the text that may say that no
    judgment was given, and ``is_null`` whether it is null: of several fields, what all of them hold. ``unreadable``,
    over ``t`` and ``r``, is the reason code of a cell that has no text. ``declined`` is the text of an abstention that
    stands for the answer as a whole, such as an N/A box beside a slider or a word in place of a list; null where there
    is none.
    """

    text: str
    raw: str
    is_absent: str
    unreadable: str
    said: str
    is_null: str
    declined: str = "null::varchar"

    def only_one(self) -> Cells:
        """The same cells where exactly one of several options may be chosen: its own text, else null."""
        one = f"case when json_array_length({self.text}) = 1 then json_extract_string({self.text}, '$[0]') end"
        return replace(self, text=one)


def read_cells(question: Question, code: str, mapping: AnswerMapping, slots: Slots, *, is_text: bool) -> Cells:
    """The cells of a question's answer. Several fields make a raw value that is a JSON object of them."""
    cells = _cells(question, code, mapping, slots, is_text=is_text)
    if mapping.not_applicable is None:
        return cells
    box = mapping.not_applicable
    said = slots.text(box.field)
    overrides = is_one_of(said, box.values)
    if mapping.listed is not None:
        raw = cells.raw
    else:
        own = _object([*_own_fields(mapping), box.field], slots, is_text=is_text)
        raw = f"case when {overrides} then {own} else {cells.raw} end"
    return replace(
        cells,
        raw=raw,
        is_absent=f"({cells.is_absent}) and not {overrides}",
        declined=f"case when {overrides} then {said} else {cells.declined} end",
    )


def _cells(question: Question, code: str, mapping: AnswerMapping, slots: Slots, *, is_text: bool) -> Cells:
    missing, malformed = literal(Reason.ANSWER_MISSING), literal(Reason.ANSWER_MALFORMED)
    empty = "coalesce(r, '') = ''" if is_text else "r is null or r = 'null'"
    scalar = f"case when {empty} then {missing} else {malformed} end"
    abstain = question.abstain
    said, is_null = _whole(mapping, code, slots, is_text=is_text)
    if mapping.listed is not None:
        text, raw = slots.list_columns(code)
        word = f"case when json_type({raw}) = 'VARCHAR' then json_extract_string({raw}, '$') end"
        return Cells(text, raw, f"{raw} is null", scalar, said, is_null, _if_among(word, abstain))
    if mapping.one_hot is not None:
        fields = list(mapping.one_hot.columns.values())
        raw = _object(fields, slots, is_text=is_text)
        absent = _all_absent(fields, slots, is_text=is_text and not mapping.one_hot.may_be_absent)
        return Cells(_one_hot(mapping, slots), raw, absent, malformed, said, is_null)
    if mapping.ranks:
        fields = list(mapping.ranks.values())
        pairs = [(literal(option), slots.text(name)) for option, name in mapping.ranks.items()]
        raw = _object(fields, slots, is_text=is_text)
        word = _if_all_equal([rank for _, rank in pairs])
        absent = _all_absent(fields, slots, is_text=is_text)
        return Cells(_ranks(pairs), raw, absent, malformed, said, is_null, _if_among(word, abstain))
    if mapping.tiers:
        raw = _object(mapping.tiers, slots, is_text=is_text)
        absent = _all_absent(mapping.tiers, slots, is_text=is_text)
        word = _if_all_equal([slots.text(name) for name in mapping.tiers])
        tiers = _tiers([slots.raw(name) for name in mapping.tiers])
        return Cells(tiers, raw, absent, malformed, said, is_null, _if_among(word, abstain))
    if mapping.best is not None and mapping.worst is not None:
        fields = _own_fields(mapping)
        raw = _object(fields, slots, is_text=is_text)
        word = _if_all_equal([slots.text(name) for name in fields])
        absent = _all_absent(fields, slots, is_text=is_text)
        return Cells(raw, raw, absent, missing, said, is_null, _if_among(word, abstain))
    assert mapping.field is not None
    text, raw = slots.text(mapping.field), slots.raw(mapping.field)
    absent = "false" if is_text else f"{raw} is null"
    if mapping.rank_of is not None:
        ranked = _ranks([(slots.text(mapping.rank_of), text)])
        raw = _object(_own_fields(mapping), slots, is_text=is_text)
        ranked = f"case when {text} is not null then {ranked} end"
        return Cells(ranked, raw, absent, scalar, said, is_null, _if_among(text, abstain))
    if question.type == AnswerType.RANKING:
        listed = _listed(text, raw, mapping.split, question)
        return Cells(listed, raw, absent, scalar, said, is_null, _if_among(text, abstain))
    if mapping.strength is not None:
        raw = _object(_own_fields(mapping), slots, is_text=is_text)
    if mapping.several and not is_text:
        content = f"case when {raw} = '[]' then '[]' else {slots.content(mapping.field)} end"
        return Cells(content, raw, absent, scalar, said, is_null)
    alone = text if is_text else f"case when {raw} = '[]' then '[]' else {text} end"
    return Cells(alone, raw, absent, scalar, said, is_null)


def _own_fields(mapping: AnswerMapping) -> list[str]:
    """The fields that a raw answer of several fields holds, in its order."""
    several = mapping.one_hot.columns.values() if mapping.one_hot else mapping.ranks.values() or mapping.tiers
    single = [mapping.best, mapping.worst, mapping.rank_of, mapping.field, mapping.strength]
    return [*several, *(name for name in single if name is not None)]


def _whole(mapping: AnswerMapping, code: str, slots: Slots, *, is_text: bool) -> tuple[str, str]:
    """What all fields of a place hold, by which a contract may tell that they hold no answer: a text, or null."""
    if mapping.listed is not None:
        _, raw = slots.list_columns(code)
        word = f"json_extract_string(case when json_type({raw}) = 'VARCHAR' then {raw} end, '$')"
        return f"case when {raw} = '[]' then '[]' else {word} end", f"coalesce({raw} = 'null', false)"
    fields = [mapping.field] if mapping.field else _own_fields(mapping)
    # A list that holds the text [] is none that holds nothing.
    texts = [
        f"case {slots.raw(name)} when '[]' then '[]' when '[\"[]\"]' then null else {slots.text(name)} end"
        for name in fields
    ]
    if mapping.one_hot is not None and mapping.one_hot.may_be_absent:
        texts = [f"coalesce({text}, {literal(mapping.one_hot.unset)})" for text in texts]
    nulls = [f"coalesce({slots.raw(name)} = 'null', false)" for name in fields]
    return _if_all_equal(texts), "false" if is_text else " and ".join(nulls)


def _if_among(word: str, values: Iterable[str]) -> str:
    """A word if it is one of the values, else null."""
    known = is_one_of(word, values)
    return "null::varchar" if known == "false" else f"case when {known} then {word} end"


def _if_all_equal(texts: list[str]) -> str:
    """What several cells hold, where all hold the same; else null."""
    equal = " and ".join(f"{texts[0]} = {other}" for other in texts[1:]) or "true"
    return f"case when {equal} then {texts[0]} end"


def _listed(text: str, raw: str, split: str | None, question: Question) -> str:
    """A ranking from a list of options, best first: a JSON list, or a text to be split; null where it is none."""
    if split is not None and any(split in option for option in question.options):
        # Options that hold the separator are looked for as they are; joined again, they must be the whole text.
        ordered = sorted(question.options, key=len, reverse=True)
        known = "|".join(re.escape(option) for option in ordered)
        found = f"regexp_extract_all({text}, {literal(f'(?s)({known})(?:{re.escape(split)}|$)')}, 1)"
        options = f"case when array_to_string({found}, {literal(split)}) = {text} then {found} end"
    elif split is not None:
        options = f"case when {text} <> '' then string_split({text}, {literal(split)}) end"
    else:
        # The inner case guards the outer: DuckDB may weigh both sides of an `and`, and json_type fails on no JSON.
        given = f"case when json_valid({raw}) then {raw} end"
        plain = f"len(list_filter(json_type({given}, '$[*]'), lambda kind: kind in ('ARRAY', 'OBJECT', 'NULL'))) = 0"
        options = f"case when json_type({given}) = 'ARRAY' and {plain} then json_extract_string({given}, '$[*]') end"
    ranks = f"list_transform({options}, lambda name, place: {{'rank': place::varchar, 'option': name}})"
    return f"case when {options} is not null then to_json({ranks})::varchar end"


def _tiers(raws: list[str]) -> str:
    """A ranking from lists of options that tie, best first; null where one of them is no list of options."""
    ranked, known = [], []
    for tier, raw in enumerate(raws, 1):
        # The inner case guards the outer: DuckDB may weigh both sides of an `and`, and json_type fails on no JSON.
        wrong = "('ARRAY', 'OBJECT', 'NULL', 'DOUBLE')"
        plain = f"len(list_filter(json_type({raw}, '$[*]'), lambda kind: kind in {wrong})) = 0"
        known.append(f"({raw} is null or (json_type({raw}) = 'ARRAY' and {plain}))")
        listed = f"coalesce(json_extract_string({raw}, '$[*]'), []::varchar[])"
        ranked.append(f"list_transform({listed}, lambda name: {{'rank': '{tier}', 'option': name}})")
    whole = ranked[0]
    for further in ranked[1:]:
        whole = f"list_concat({whole}, {further})"
    return f"case when {' and '.join(known)} then to_json({whole})::varchar end"


def _object(fields: list[str], slots: Slots, *, is_text: bool) -> str:
    """A JSON object of several fields' own values; absent ones are left out."""
    entries = [
        f"case when {slots.raw(name)} is not null then {literal(_key(name))} ||"
        f" {f'to_json({slots.raw(name)})' if is_text else slots.raw(name)} end"
        for name in dict.fromkeys(fields)
    ]
    return f"'{{' || concat_ws(',', {', '.join(entries)}) || '}}'"


def _key(name: str) -> str:
    return json.dumps(name, ensure_ascii=False) + ":"


def _all_absent(fields: list[str], slots: Slots, *, is_text: bool) -> str:
    return "false" if is_text else " and ".join(f"{slots.raw(name)} is null" for name in fields)


def _one_hot(mapping: AnswerMapping, slots: Slots) -> str:
    """The chosen options: one option's own text, or a JSON list; null where a cell is neither set nor unset."""
    one_hot: OneHot | None = mapping.one_hot
    assert one_hot is not None
    cells = [(option, slots.text(name)) for option, name in one_hot.columns.items()]
    if one_hot.may_be_absent:
        cells = [
            (option, f"case when {slots.raw(name)} is null then {literal(one_hot.unset)} else {cell} end")
            for (option, cell), name in zip(cells, one_hot.columns.values(), strict=True)
        ]
    known = " and ".join(is_one_of(cell, [one_hot.chosen_by(option), one_hot.unset]) for option, cell in cells)
    chosen = ", ".join(
        f"case when {cell} = {literal(one_hot.chosen_by(option))} then {literal(option)} end" for option, cell in cells
    )
    return f"case when {known} then to_json(list_filter([{chosen}], lambda x: x is not null))::varchar end"


def _ranks(pairs: list[tuple[str, str]]) -> str:
    """A JSON list of ranks (as text, so that nothing is rounded) and options."""
    listed = ", ".join(f"{{'rank': {rank}, 'option': {option}}}" for option, rank in pairs)
    return f"to_json([{listed}])::varchar"
