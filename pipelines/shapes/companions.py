"""The SQL of what stands beside an answer: who judged by kind, the order of presentation, who wrote what is judged."""

from __future__ import annotations

from pipelines.contracts.companions import KindMapping, OrderMapping
from pipelines.contracts.files import FileMapping
from pipelines.contracts.mappings import AnnotatorMapping
from pipelines.domain.vocabulary import AnnotatorKind
from pipelines.shapes.slots import Slots
from pipelines.shapes.sql import literal, mapped, text_list


def kind_sql(kind: KindMapping | None, slots: Slots) -> str:
    """Whether a person or a machine judged; null where a field does not say. Unless stated, people judge."""
    if kind is None or kind.field is None:
        return literal(kind.always if kind else AnnotatorKind.HUMAN)
    otherwise = f"case when {slots.text(kind.field)} <> '' then {literal(kind.otherwise)} end" if kind.otherwise else ""
    return mapped(slots.text(kind.field), dict(kind.values), otherwise=otherwise or "null")


def order_sql(mapping: FileMapping, slots: Slots) -> str:
    """The keys in the order shown; null where it is not told or cannot be read."""
    order: OrderMapping | None = mapping.presentation_order
    if order is None:
        return "null::varchar[]"
    if order.field is None:
        return text_list(order.always)
    text, raw = slots.text(order.field), slots.raw(order.field)
    if order.values:
        arms = " ".join(f"when {literal(shown)} then {text_list(keys)}" for shown, keys in order.values.items())
        return f"case {text} {arms} end"
    if order.split is not None:
        given = f"case when {text} <> '' then string_split({text}, {literal(order.split)}) end"
    else:
        # The inner case guards the outer: json_type fails on what is no JSON.
        valid = f"case when json_valid({raw}) then {raw} end"
        given = f"case when json_type({valid}) = 'ARRAY' then json_extract_string({valid}, '$[*]') end"
    if mapping.item is None or not mapping.item.responses:
        return given
    keys = text_list(response.key for response in mapping.item.responses)
    return f"case when list_sort({given}) = list_sort({keys}) then {given} end"


def author_sql(mapping: FileMapping, slots: Slots) -> str:
    """The raw id of who wrote what is judged; null where nobody is named."""
    assert mapping.item is not None
    assert mapping.item.author is not None
    text = slots.text(mapping.item.author)
    return f"nullif({text if mapping.annotator is None else bare_id(text, mapping.annotator)}, '')"


def bare_id(text: str, annotator: AnnotatorMapping) -> str:
    """An annotator's id without what the tool adds to each; null where it lacks that."""
    if annotator.strip_prefix is not None:
        prefix = literal(annotator.strip_prefix)
        text = f"case when starts_with({text}, {prefix}) then substr({text}, length({prefix}) + 1) end"
    if annotator.strip_suffix is not None:
        suffix = literal(annotator.strip_suffix)
        text = f"case when ends_with({text}, {suffix}) then left({text}, length({text}) - length({suffix})) end"
    return text
