"""What an act says beside its judgments: what the item holds, when it was judged, and how long that took."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from expectations.laws.neutral import written
from expectations.recount.acts import Act, Layout
from expectations.recount.values import content_reader, scalar
from pipelines.contracts.files import FileMapping
from pipelines.contracts.mappings import TimeMapping
from pipelines.domain.answers import double_text

_REMEMBERED = 200_000
ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?"
)
_EPOCHS = {
    "epoch_s": (re.compile(r"[0-9]{1,11}(\.[0-9]{1,3})?"), 1_000_000),
    "epoch_ms": (re.compile(r"[0-9]{1,14}"), 1_000),
}
SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]+)?")
_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Moment = tuple[str | None, str | None]
"""When, in microseconds since 1970 UTC, and how long, in seconds; as text."""


class UnsureError(ValueError):
    """A time or duration that one engine may read in another way than another."""


def contents_of(mapping: FileMapping, layout: Layout) -> Callable[[Act, str], bytes | None]:
    """What gives the text of an item's content, as ``content_text`` writes it; None where it gave it just before."""
    item = mapping.item
    assert item is not None
    is_xml = mapping.dialect.format == "xml"

    def reader(field: str | None) -> Callable[[Act], Any]:
        return (lambda _: None) if field is None else layout.get(field)

    def said(field: str | None) -> Callable[[Any], str | None]:
        return (lambda _: None) if field is None else content_reader(field, is_xml=is_xml)

    fields = [item.text, item.prompt, item.language, item.context]
    fields += [name for one in item.responses for name in (one.text, one.model)]
    gets, reads = [reader(field) for field in fields], [said(field) for field in fields]
    keys, always = [written(one.key) for one in item.responses], item.language_is
    known: set[Any] = set()

    def text(act: Act, item_id: str) -> bytes | None:
        values = (item_id, *[get(act) for get in gets])
        try:
            if values in known:
                return None
            if len(known) >= _REMEMBERED:
                known.clear()
            known.add(values)
        except TypeError:  # a list cannot be looked up
            pass
        read = [one(value) for one, value in zip(reads, values[1:], strict=True)]
        words, prompt, language, context, *responses = read
        held = b"".join(
            key + written(responses[2 * place]) + written(responses[2 * place + 1]) for place, key in enumerate(keys)
        )
        language = always if always is not None else language
        return b"".join(map(written, (item_id, words, prompt, language, context))) + held

    return text


def content_text(relation: str) -> str:
    """DuckDB's SQL for the same: item_id and the text of each row of items."""

    def one(column: str) -> str:
        return f"coalesce(strlen({column}) || ':' || {column}, '-')"

    held = f"lambda r: {one('r.key')} || {one('r.text')} || {one('r.model')}"
    fields = " || ".join(map(one, ("item_id", "text", "prompt", "language", "context")))
    return f"select item_id, {fields} || array_to_string(list_transform(responses, {held}), '') as said from {relation}"


def moments_of(mapping: FileMapping, layout: Layout) -> Callable[[Act], Moment]:
    """What tells when an act was, and how long it took.

    Raises:
        UnsureError: by the function: it is not written in the one way that every engine reads alike.
    """
    when, took = mapping.judged_at, mapping.duration_s
    get_when = layout.get(when.field) if when else None
    get_took = layout.get(took) if took else None
    known: dict[str | None, str] = {}

    def moment(act: Act) -> Moment:
        at = _instant(scalar(get_when(act)), when) if get_when and when else None
        if get_took is None:
            return at, None
        text = scalar(get_took(act))
        if (seconds := known.get(text)) is None and text:
            if not SECONDS.fullmatch(text):
                raise UnsureError
            if len(known) >= _REMEMBERED:
                known.clear()
            known[text] = seconds = double_text(float(text))
        return at, seconds

    return moment


def moment_in(text: str, mapping: TimeMapping) -> datetime:
    """A time in a format of its own, with the zone that it names.

    Raises:
        ValueError: it is not written so.
    """
    if not mapping.zones:
        return datetime.strptime(text, mapping.format)
    for name, offset in mapping.zones.items():
        if re.search(rf"(?<![A-Za-z]){name}(?![A-Za-z])", text):
            zone = datetime.strptime(offset, "%z").tzinfo
            return datetime.strptime(text, mapping.format.replace("%Z", name)).replace(tzinfo=zone)
    raise ValueError("names no zone that is declared")


def _instant(text: str | None, mapping: TimeMapping) -> str | None:
    form = mapping.format
    if not text:
        return None
    if form in _EPOCHS:
        pattern, factor = _EPOCHS[form]
        if not pattern.fullmatch(text):
            raise UnsureError
        return str(int(Decimal(text) * factor))
    if form == "iso8601" and not ISO.fullmatch(text):
        raise UnsureError
    try:
        found = datetime.fromisoformat(text) if form == "iso8601" else moment_in(text, mapping)
    except ValueError:
        raise UnsureError from None
    return str(((found if found.tzinfo else found.replace(tzinfo=UTC)) - _BEGIN) // _MICROSECOND)


def moment_text(relation: str) -> str:
    """DuckDB's SQL for a judgment's moment: its item, its question, and who, what and when as one text."""

    def one(text: str) -> str:
        return f"coalesce(strlen({text}) || ':' || {text}, '-')"

    fields = ("source_id", "item_id", "annotator_id", "question_id")
    said = " || ".join(map(one, (*fields, "epoch_us(judged_at)::varchar", "to_json(duration_s)::varchar")))
    return f"select item_id, question_id, {said} as said from {relation}"
