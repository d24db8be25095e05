"""The SQL that reads single fields: blanks, numbers, times, and JSON objects put together from their entries."""

from __future__ import annotations

from pipelines.contracts.mappings import TimeMapping
from pipelines.shapes.slots import Slots
from pipelines.shapes.sql import literal


def with_entries(extra: str, entries: list[tuple[str, str]]) -> str:
    """A JSON object text with further entries of raw JSON text; absent ones are left out, an empty one is null."""
    texts = [f"case when {raw} is not null then to_json({literal(name)}) || ':' || {raw} end" for name, raw in entries]
    inner = f"concat_ws(',', substr({extra}, 2, length({extra}) - 2), {', '.join(texts)})"
    return f"case when {inner} <> '' then '{{' || {inner} || '}}' end"


def is_blank(key: str) -> str:
    """A part of a key that says nothing: an id of nothing but white space would make many people one."""
    says = f"{key} >= '!'"  # white space sorts before it, and so is not looked for where it cannot be
    return f"case when {says} then false else coalesce(trim({key}, ' ' || chr(9) || chr(10) || chr(13)), '') = '' end"


def is_unread(slots: Slots, field: str, read: str) -> str:
    """A field that holds something which could not be read: text that is not empty, or no text at all."""
    text, raw = slots.text(field), slots.raw(field)
    return f"{read} is null and case when {text} is null then coalesce({raw}, 'null') <> 'null' else {text} <> '' end"


def instant(given: str, mapping: TimeMapping) -> str:
    """A time in UTC, as the contract says that it is written; null where it is not."""
    if mapping.format == "iso8601":
        at = f"(try_cast(case when regexp_matches({given}, '^ *[0-9]') then {given} end as timestamptz))"
        return f"case when isfinite({at}) then make_timestamp(epoch_us({at})) end"
    if mapping.format in ("epoch_s", "epoch_ms"):
        microseconds = 1_000_000 if mapping.format == "epoch_s" else 1_000
        return f"try(make_timestamp(round(({decimal(given)})::decimal(38, 9) * {microseconds})::bigint))"
    read = [
        f"try_strptime({given}, {literal(form)})" + (f" - to_minutes({east})" if east else "")
        for form, east in mapping.written_in()
    ]
    return read[0] if len(read) == 1 else f"coalesce({', '.join(read)})"


def decimal(given: str) -> str:
    """A decimal number as people and tools write one; no infinity, no underscores."""
    pattern = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
    return f"try_cast(case when regexp_full_match(trim({given}), '{pattern}') then {given} end as double)"
