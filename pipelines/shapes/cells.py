"""From an act's columns to one question's cell: its text and its raw value, for one field or for several together."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from pipelines.contracts.answers import AnswerMapping, OneHot
from pipelines.domain.vocabulary import Reason
from pipelines.shapes.slots import Slots
from pipelines.shapes.sql import is_one_of, literal


@dataclass(frozen=True)
class Cells:
    """SQL over an act: ``text`` and ``raw`` of the answer.

    ``is_absent`` is true where the record holds nothing at all for it; ``unreadable``, over ``t`` and ``r``, is the
    reason code of a cell that has no text.
    """

    text: str
    raw: str
    is_absent: str
    unreadable: str

    def only_one(self) -> Cells:
        """The same cells where exactly one of several options may be chosen: its own text, else null."""
        one = f"case when json_array_length({self.text}) = 1 then json_extract_string({self.text}, '$[0]') end"
        return replace(self, text=one)


def read_cells(code: str, mapping: AnswerMapping, slots: Slots, *, is_text: bool) -> Cells:
    """The cells of a question's answer. Several fields make a raw value that is a JSON object of them."""
    missing, malformed = literal(Reason.ANSWER_MISSING), literal(Reason.ANSWER_MALFORMED)
    scalar = missing if is_text else f"case when r is null or r = 'null' then {missing} else {malformed} end"
    if mapping.spans is not None:
        text, raw = slots.span_columns(code)
        return Cells(text, raw, f"{raw} is null", scalar)
    if mapping.one_hot is not None:
        fields = list(mapping.one_hot.columns.values())
        raw = _object(fields, slots, is_text=is_text)
        return Cells(_one_hot(mapping, slots), raw, _all_absent(fields, slots, is_text=is_text), malformed)
    if mapping.ranks:
        fields = list(mapping.ranks.values())
        pairs = [(literal(option), slots.text(name)) for option, name in mapping.ranks.items()]
        raw = _object(fields, slots, is_text=is_text)
        return Cells(_ranks(pairs), raw, _all_absent(fields, slots, is_text=is_text), malformed)
    if mapping.best is not None and mapping.worst is not None:
        fields = [mapping.best, mapping.worst]
        raw = _object(fields, slots, is_text=is_text)
        return Cells(raw, raw, _all_absent(fields, slots, is_text=is_text), missing)
    assert mapping.field is not None
    text, raw = slots.text(mapping.field), slots.raw(mapping.field)
    absent = "false" if is_text else f"{raw} is null"
    if mapping.rank_of is not None:
        fields = [mapping.rank_of, mapping.field]
        ranked = _ranks([(slots.text(mapping.rank_of), text)])
        return Cells(
            f"case when {text} is not null then {ranked} end", _object(fields, slots, is_text=is_text), absent, scalar
        )
    if mapping.not_applicable is not None:
        box = mapping.not_applicable
        overrides = is_one_of(slots.text(box.field), box.values)
        both = _object([mapping.field, box.field], slots, is_text=is_text)
        return Cells(
            f"case when {overrides} then {slots.text(box.field)} else {text} end",
            f"case when {overrides} then {both} else {raw} end",
            f"({absent}) and not {overrides}",
            scalar,
        )
    if is_text:
        return Cells(text, raw, absent, scalar)
    return Cells(f"case when {text} is null and {raw} = '[]' then '[]' else {text} end", raw, absent, scalar)


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
    known = " and ".join(f"{is_one_of(cell, [one_hot.set, one_hot.unset])}" for _, cell in cells)
    chosen = ", ".join(
        f"case when {cell} = {literal(one_hot.set)} then {literal(option)} end" for option, cell in cells
    )
    return f"case when {known} then to_json(list_filter([{chosen}], lambda x: x is not null))::varchar end"


def _ranks(pairs: list[tuple[str, str]]) -> str:
    """A JSON list of ranks (as text, so that nothing is rounded) and options."""
    listed = ", ".join(f"{{'rank': {rank}, 'option': {option}}}" for option, rank in pairs)
    return f"to_json([{listed}])::varchar"
