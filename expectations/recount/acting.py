"""What an act says beside its answers: which item, who judged, what became of it, in which order things were shown."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from expectations.laws.neutral import written, written_order
from expectations.recount.acts import Act, Get, Layout
from expectations.recount.answers import parsed_list
from expectations.recount.beside import ISO, SECONDS, contents_of, moment_in, moments_of
from expectations.recount.judging import Asked, Order
from expectations.recount.people import REMEMBERED, by_somebody, key_of, nobody_of, who_of
from expectations.recount.values import ABSENT, Unreadable, content_reader, json_of, scalar, single
from pipelines.contracts.companions import KindMapping, OrderMapping
from pipelines.contracts.files import FileMapping
from pipelines.contracts.mappings import TimeMapping
from pipelines.contracts.model import SourceContract
from pipelines.domain.pseudonyms import PseudonymKey
from pipelines.domain.vocabulary import AnnotatorKind, Status


class Acting:
    """A file mapping, compiled for records of one layout."""

    def __init__(self, contract: SourceContract, mapping: FileMapping, layout: Layout, key: PseudonymKey) -> None:
        self._layout = layout
        self._mapping = mapping
        self.asked = [
            Asked(code, contract.questions[code], answer, mapping, layout) for code, answer in mapping.answers.items()
        ]
        self._is_nobody = nobody_of(mapping, layout)
        if self._is_nobody is not None:
            for one in self.asked:
                one.judge = by_somebody(one.judge, self._is_nobody)
        self.judges = [(one.code, one.judge, one.beside) for one in self.asked]
        self._item = _item_of(contract, mapping, layout)
        self._who = who_of(contract, mapping, layout, key)
        self._kind = _kind_of(mapping.annotator.kind if mapping.annotator else None, layout)
        self._status = self._status_of()
        self._order = self._order_of()
        self._own = self._own_key()
        self.content = contents_of(mapping, layout)
        self.moment = moments_of(mapping, layout)
        self._plain = not (mapping.presentation_order or mapping.judgment)

    def said(self, act: Act) -> tuple[str, str, Status, Order, bytes, bytes]:
        """The act's item, kind, status and order, and what a judgment's text begins and ends with.

        Raises:
            Unreadable: something of it cannot be told.
        """
        item, head = self._item(act)
        kind = self._kind(act)
        is_nobody = self._is_nobody is not None and self._is_nobody(act)
        who = b"-" if is_nobody else self._who(act, item, kind)
        status = self._status(act)
        if self._plain:
            return item, kind, status, None, head + who, b"--"
        order = self._order(act)
        own = b"-" if is_nobody else self._own(act)
        return item, kind, status, order, head + who, written_order(order) + own

    def may_be_refused(self, act: Act) -> bool:
        """Whether time or duration, which no recount needs, may be what an act was refused for."""
        time, took = self._mapping.judged_at, self._mapping.duration_s
        return (time is not None and not _is_time(scalar(self._layout.get(time.field)(act)), time)) or (
            took is not None and not _is_duration(scalar(self._layout.get(took)(act)))
        )

    def look_everywhere(self, act: Act) -> None:
        """Follow every field that the mapping names; Unreadable where one leads to several places."""
        for field in self._mapping.fields():
            self._layout.get(field)(act)
        if self._mapping.dialect.format == "xml":
            for field in self._contents():
                content_reader(field, is_xml=True)(self._layout.get(field)(act))

    def _contents(self) -> list[str]:
        """Fields in which a text is read, whatever it says."""
        item, annotator = self._mapping.item, self._mapping.annotator
        found: list[str | None] = [item.text, item.prompt, item.language, item.context] if item else []
        found += [name for response in (item.responses if item else []) for name in (response.text, response.model)]
        found += [annotator.pool, *(one.field for one in annotator.attributes.values())] if annotator else []
        found += [name for one in self._mapping.answers.values() for name in (one.rationale, one.confidence)]
        return [name for name in found if name is not None]

    def _status_of(self) -> Callable[[Act], Status]:
        mapped = self._mapping.status
        if mapped is None:
            return lambda _: Status.SUBMITTED
        get, values = self._layout.get(mapped.field), mapped.values
        nothing, absent = "" if self._mapping.is_table else ABSENT, mapped.absent

        def status(act: Act) -> Status:
            held = get(act)
            if absent is not None and held == nothing:
                return absent
            text = scalar(held)
            if text not in values or text is None:
                raise Unreadable("has a status that is none of the declared ones")
            return values[text]

        return status

    def _own_key(self) -> Callable[[Act], bytes]:
        if self._mapping.judgment is None:
            return lambda _: b"-"
        gets = [self._layout.get(name) for name in self._mapping.judgment.key]
        return lambda act: written(key_of([get(act) for get in gets], "judgment's own id"))

    def _order_of(self) -> Callable[[Act], Order]:
        mapped = self._mapping.presentation_order
        if mapped is None:
            return lambda _: None
        if mapped.always:
            always = tuple(mapped.always)
            return lambda _: always
        assert mapped.field is not None
        get, is_table = self._layout.get(mapped.field), self._mapping.is_table
        responses = sorted(one.key for one in self._mapping.item.responses) if self._mapping.item else []

        def order(act: Act) -> Order:
            value = get(act)
            if (
                value is None
                or value is ABSENT
                or scalar(value) == ""
                or (value == [] and (mapped.values or mapped.split))
            ):
                return None
            keys = _keys(value, mapped, is_table=is_table)
            if responses and sorted(map(str, keys)) != responses:
                raise Unreadable("has an order that does not name each response once")
            return tuple(keys)

        return order


def _keys(value: Any, mapped: OrderMapping, *, is_table: bool) -> Sequence[str | None]:
    if mapped.values:
        text = scalar(value)
        if text is None or text not in mapped.values:
            raise Unreadable("has an order that is none of the declared ones")
        return mapped.values[text]
    if mapped.split:
        text = scalar(value)
        if text is None:
            raise Unreadable("has an order that is no text")
        return text.split(mapped.split)
    keys = parsed_list(value) if is_table else value
    if type(keys) is not list:
        raise Unreadable("has an order that is no list")
    return [None if one is None else json_of(one) if single(one) is None else single(one) for one in keys]


def _item_of(contract: SourceContract, mapping: FileMapping, layout: Layout) -> Callable[[Act], tuple[str, bytes]]:
    """What tells an act's item, with the beginning of its judgments' text."""
    assert mapping.item is not None
    gets, is_digest = [layout.get(name) for name in mapping.item.key], mapping.item.key_digest
    source = written(contract.source)
    known: dict[Any, tuple[str, bytes]] = {}

    def made(values: Sequence[Any]) -> tuple[str, bytes]:
        text = key_of(values, "item")
        item = sha256(text.encode()).hexdigest()[:32] if is_digest else text
        return item, source + written(item)

    return _remembering(gets, known, made)


def _remembering(
    gets: Sequence[Get], known: dict[Any, tuple[str, bytes]], made: Callable[[Sequence[Any]], tuple[str, bytes]]
) -> Callable[[Act], tuple[str, bytes]]:
    """What is made of some fields, each time anew only where it was not made before."""
    first = gets[0]
    is_one = len(gets) == 1

    def item(act: Act) -> tuple[str, bytes]:
        values = first(act) if is_one else tuple([get(act) for get in gets])
        try:
            return known[values]
        except TypeError:  # a list cannot be looked up
            return made([values] if is_one else values)
        except KeyError:
            if len(known) >= REMEMBERED:
                known.clear()
            known[values] = found = made([values] if is_one else values)
            return found

    return item


def _kind_of(mapped: KindMapping | None, layout: Layout) -> Callable[[Act], str]:
    if mapped is None or mapped.field is None:
        always = ((mapped.always if mapped else None) or AnnotatorKind.HUMAN).value
        return lambda _: always
    get, values, otherwise = layout.get(mapped.field), mapped.values, mapped.otherwise

    def kind(act: Act) -> str:
        text = scalar(get(act))
        found = values.get(text) if text is not None else None
        found = found or (otherwise if text else None)
        if found is None:
            raise Unreadable("does not say whether a person or a machine judged")
        return found.value

    return kind


def _is_time(text: str | None, mapping: TimeMapping) -> bool:
    """Whether a time can surely be read."""
    form = mapping.format
    if not text:
        return True
    if form in ("epoch_s", "epoch_ms"):
        return SECONDS.fullmatch(text) is not None
    try:
        if form == "iso8601":
            return ISO.fullmatch(text) is not None and datetime.fromisoformat(text) is not None
        return moment_in(text, mapping) is not None
    except ValueError:
        return False


def _is_duration(text: str | None) -> bool:
    """Whether a duration can surely be read."""
    return not text or (SECONDS.fullmatch(text) is not None and math.isfinite(float(text)))
