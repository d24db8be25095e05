"""Records to acts: one row for each act of judging that a record holds, with the mapped fields as cells.

How a record is taken apart is in ``steps``; what the cells mean is decided in SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import msgspec

from pipelines.contracts.answers import RankedFields, SpanFields
from pipelines.contracts.each import Each
from pipelines.contracts.files import FileMapping
from pipelines.contracts.paths import Looked, parse_path
from pipelines.domain.answers import Span, Spans
from pipelines.readers.json_reader import json_bytes, to_json
from pipelines.shapes.paths import MISSING, AmbiguousPathError, Finder, follow, named_steps
from pipelines.shapes.residue import Cover, tree_of
from pipelines.shapes.slots import Slots, act_path, covered_paths
from pipelines.shapes.steps import RecordShapeError, View, path_of, take_apart

Cell = str | bytes | None
"""A text, or JSON text in UTF-8."""


class Act(NamedTuple):
    """One row: its cells in the order of the flattener's ``columns``, and what is not covered, as JSON text."""

    part: int
    cells: list[Cell]
    extra: bytes | None
    item_extra: bytes | None


class Flattener:
    """Flattens the records of one file mapping.

    ``is_text`` says that values are CSV cells: their raw value is the cell itself, not JSON text.
    ``columns`` are those that the slots were asked for. ``uncovered`` names the fields of the last record that the
    mapping does not account for, to the act's depth.
    ``unseen`` are those of the ``required`` paths, by field, that no act has had so far.
    """

    def __init__(
        self,
        mapping: FileMapping,
        slots: Slots,
        *,
        is_text: bool = False,
        required: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        self.unseen = dict(required or {})
        self._steps = mapping.each
        self._made = mapping.made_fields()
        self._is_text = is_text
        self._paths = [path_of(field, is_text=is_text) for field in slots.fields]
        self._act = act_path(mapping)
        self._outer_is_item = _outer_is_item(mapping, self._act)
        self.uncovered: frozenset[str] = frozenset()
        self._sort_columns(slots)
        covered = covered_paths(mapping)
        if self._act is None:
            self._outer_cover = Cover(tree_of(covered))
            self._act_cover = Cover({})
            self._elements_cover = Cover({"elements": None})
        else:
            depth = len(self._act)
            outside = [path for path in covered if path[:depth] != self._act]
            inside = tree_of([path[depth:] for path in covered if path[:depth] == self._act and path[depth:]])
            self._outer_cover = Cover(tree_of([*outside, self._act]))
            self._act_cover = Cover(inside)
            self._elements_cover = Cover({"elements": inside or None})
        self._prefix = ".".join(self._act or ())

    def _sort_columns(self, slots: Slots) -> None:
        """Which slots are the same in all acts of an outer view, which stand within the act, and which are made."""
        act = self._act or ()
        outer: list[int] = []
        inner: list[int] = []
        self._made_slots: list[int] = []
        for number, path in enumerate(self._paths):
            if any(isinstance(step, Looked) for step in path) or str(path[0])[:1] == "$":
                self._made_slots.append(number)
            else:
                (inner if act and path[: len(act)] == act else outer).append(number)
        self._find_outer = Finder([named_steps(self._paths[number]) for number in outer])
        self._find_inner = Finder([named_steps(self._paths[number])[len(act) :] for number in inner])
        self._cells = [self._columns(part, slots) for part in (outer, inner, self._made_slots)]
        self.columns = [name for cells in self._cells for name, _, _ in cells]

    def _columns(self, numbers: list[int], slots: Slots) -> list[tuple[str, int, Callable[[Any], Cell]]]:
        """Each column of some slots: its name, which of their values it is made of, and how."""
        columns: list[tuple[str, int, Callable[[Any], Cell]]] = []
        for place, number in enumerate(numbers):
            if f"t{number}" in slots.asked:
                columns.append((f"t{number}", place, _text_of(slots.listed.get(number))))
            if f"c{number}" in slots.asked:
                columns.append((f"c{number}", place, content_text))
            if f"r{number}" in slots.asked:
                columns.append((f"r{number}", place, _raw))
        return columns

    def acts(self, record: dict[str, Any], made: dict[str, Any] | None = None) -> Iterator[Act]:
        """The acts of a record, in its own order. ``made`` are fields that its reader made, such as $key.

        Raises:
            RecordShapeError: the record is not shaped as declared; then none of its acts is to be taken.
        """
        outer_columns, inner_columns, made_columns = self._cells
        outside: set[str] = set()
        inside: set[str] = set()
        part = 0
        for outer in self._outer_views({**record, **made} if made else record):
            rest = {name: held for name, held in self._outer_cover.residue(outer).items() if name not in self._made}
            outside.update(rest)
            outer_rest = json_bytes(rest) if rest else None
            outer_cells: list[Cell] | None = None
            inner = take_apart(outer, self._steps[-1], is_text=self._is_text) if self._steps else iter((outer,))
            for view in inner:
                if self.unseen:
                    self.unseen = {field: path for field, path in self.unseen.items() if follow(view, path) is MISSING}
                held = follow(view, self._act) if self._act is not None else MISSING
                left = self._act_residue(held)
                inside.update(left)
                if self._outer_is_item:
                    extra, item_extra = (json_bytes(left) if left else None), outer_rest
                elif left:
                    prefix = self._prefix
                    moved = {f"{prefix}.{name}" if name in rest else name: held for name, held in left.items()}
                    extra, item_extra = json_bytes({**rest, **moved}), None
                else:
                    extra, item_extra = outer_rest, None
                try:
                    if outer_cells is None:
                        found = self._find_outer.find(outer)
                        outer_cells = [make(found[place]) for _, place, make in outer_columns]
                    found = self._find_inner.find(held)
                    cells = outer_cells + [make(found[place]) for _, place, make in inner_columns]
                    if made_columns:
                        found = [follow(view, self._paths[number]) for number in self._made_slots]
                        cells += [make(found[place]) for _, place, make in made_columns]
                except AmbiguousPathError:
                    raise self._ambiguous(view) from None
                yield Act(part, cells, extra, item_extra)
                part += 1
        self.uncovered = frozenset(outside.union(f"{self._prefix}.{name}" for name in inside))

    def _outer_views(self, view: View) -> Iterator[View]:
        return self._apart(view, self._steps[:-1])

    def _apart(self, view: View, steps: Sequence[Each]) -> Iterator[View]:
        if not steps:
            yield view
            return
        for part in take_apart(view, steps[0], is_text=self._is_text):
            yield from self._apart(part, steps[1:])

    def _act_residue(self, held: Any) -> dict[str, Any]:
        if isinstance(held, dict):
            return self._act_cover.residue(held)
        if isinstance(held, list):
            return self._elements_cover.residue({"elements": held})
        return {}

    def _ambiguous(self, view: View) -> RecordShapeError:
        for path in self._paths:
            try:
                follow(view, path)
            except AmbiguousPathError as error:
                return RecordShapeError(".".join(map(str, path)), str(error))
        raise AssertionError("a selector that matched several elements now matches one")


def _outer_is_item(mapping: FileMapping, act: tuple[str, ...] | None) -> bool:
    """Whether what surrounds the acts of a record is about the item: it is, unless it says who judged."""
    if not mapping.each:
        return False
    if mapping.annotator is None:
        return True
    within = ".".join(act) + "." if act else None
    return all(key.startswith("$") or (within is not None and key.startswith(within)) for key in mapping.annotator.key)


def _text_of(listed: SpanFields | RankedFields | None) -> Callable[[Any], Cell]:
    """What makes the text of a value: that of a scalar, or of a list that is one answer."""
    if isinstance(listed, SpanFields):
        return partial(canonical_spans, fields=listed)
    return scalar_text if listed is None else partial(listed_ranks, fields=listed)


def listed_ranks(value: Any, fields: RankedFields) -> str | None:
    """A list of options with their ranks, both as text, in JSON; None where it is no such list."""
    if not isinstance(value, list):
        return None
    ranks = []
    for element in value:
        option, rank = (_single(element, field, fields) for field in (fields.option, fields.rank))
        if option is None or rank is None:
            return None
        ranks.append({"rank": rank, "option": option})
    return to_json(ranks)


def _is_element(element: Any, fields: SpanFields | RankedFields) -> bool:
    return isinstance(element, list if fields.is_by_place else dict)


def _single(element: Any, field: str, fields: RankedFields) -> str | None:
    value = follow(element, parse_path(field)) if _is_element(element, fields) else MISSING
    return None if isinstance(value, list) else scalar_text(value)


def canonical_spans(value: Any, fields: SpanFields) -> str | None:
    """A list of spans in canonical JSON; None where it is no such list."""
    if not isinstance(value, list):
        return None
    try:
        marked = (element for element in value if not _marks_nothing(element, fields))
        return Spans(tuple(_span(element, fields) for element in marked)).canonical()
    except (ValueError, TypeError):
        return None


def _marks_nothing(element: Any, fields: SpanFields) -> bool:
    if fields.nothing_at is None or fields.start is None:
        return False
    return bool(follow(element, parse_path(fields.start)) == fields.nothing_at)


def _span(element: Any, fields: SpanFields) -> Span:
    if not _is_element(element, fields):
        raise ValueError("a span is an object, or a list of its parts")
    return Span(
        start=_offset(element, fields.start),
        end=_offset(element, fields.end),
        label=_part(element, fields.label),
        text=_part(element, fields.text),
        comment=_part(element, fields.comment),
    )


def _offset(element: Any, field: str | None) -> int | None:
    value = follow(element, parse_path(field)) if field is not None else MISSING
    if value is MISSING or value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("an offset is a whole number")
    return value


def _part(element: Any, field: str | None) -> str | None:
    return content_text(follow(element, parse_path(field)) if field is not None else MISSING)


def _raw(value: Any) -> bytes | None:
    return None if value is MISSING else json_bytes(value)


def scalar_text(value: Any) -> str | None:
    """The text of a scalar, or of a list that holds just one; None for anything else.

    Tools wrap single values in lists (Label Studio's ``choices`` and ``text``); a list of two is no scalar.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return scalar_text(value[0]) if len(value) == 1 and not isinstance(value[0], list) else None
    if value is None or value is MISSING or isinstance(value, dict):
        return None
    if isinstance(value, msgspec.Raw):
        return bytes(value).decode()
    return to_json(value)


def content_text(value: Any) -> str | None:
    """What a value says: its text, or, where it is an object or several values, its JSON; None where it is nothing.

    A prompt may be a list of messages, a reason a list of sentences: joining them would lose where one ends.
    """
    text = scalar_text(value)
    if text is not None or value is None or value is MISSING or value == []:
        return text
    return to_json(value)


__all__ = ["Act", "Flattener", "RecordShapeError", "scalar_text"]
