"""Records to acts: one row for each act of judging that a record holds, with the mapped fields as cells.

How a record is taken apart is in ``steps``; what the cells mean is decided in SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from pipelines.contracts.answers import SpanFields
from pipelines.contracts.each import Each
from pipelines.contracts.files import FileMapping
from pipelines.contracts.paths import parse_path
from pipelines.domain.answers import Span, Spans
from pipelines.readers.json_reader import to_json
from pipelines.shapes.paths import MISSING, AmbiguousPathError, follow
from pipelines.shapes.residue import Tree, residue, tree_of
from pipelines.shapes.slots import Slots, act_path, covered_paths
from pipelines.shapes.steps import RecordShapeError, View, path_of, take_apart


@dataclass(frozen=True)
class Act:
    """One row: texts and raw values by slot, and what the mapping does not cover, as JSON text."""

    part: int
    texts: list[str | None]
    raws: list[str | None]
    extra: str | None
    item_extra: str | None


class Flattener:
    """Flattens the records of one file mapping.

    ``is_text`` says that values are CSV cells: their raw value is the cell itself, not JSON text.
    ``uncovered`` names the fields of the last record that the mapping does not account for, to the act's depth.
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
        self._raw: Callable[[Any], str] = str if is_text else to_json
        self._spans = slots.spans
        self._paths = [path_of(field, is_text=is_text) for field in slots.fields]
        self._act = act_path(mapping)
        self._outer_is_item = _outer_is_item(mapping, self._act)
        self.uncovered: frozenset[str] = frozenset()
        covered = covered_paths(mapping)
        if self._act is None:
            self._outer_tree: Tree = tree_of(covered)
            self._act_tree: Tree = {}
        else:
            depth = len(self._act)
            outside = [path for path in covered if path[:depth] != self._act]
            self._outer_tree = tree_of([*outside, self._act])
            self._act_tree = tree_of([path[depth:] for path in covered if path[:depth] == self._act and path[depth:]])

    def acts(self, record: dict[str, Any], made: dict[str, Any] | None = None) -> Iterator[Act]:
        """The acts of a record, in its own order. ``made`` are fields that its reader made, such as $key.

        Raises:
            RecordShapeError: the record is not shaped as declared; then none of its acts is to be taken.
        """
        uncovered: set[str] = set()
        part = 0
        for outer in self._outer_views({**record, **made} if made else record):
            rest = {name: held for name, held in residue(outer, self._outer_tree).items() if name not in self._made}
            uncovered.update(rest)
            outer_rest = to_json(rest) if rest else None
            inner = take_apart(outer, self._steps[-1], is_text=self._is_text) if self._steps else iter((outer,))
            for view in inner:
                if self.unseen:
                    self.unseen = {field: path for field, path in self.unseen.items() if follow(view, path) is MISSING}
                left = self._act_residue(view)
                uncovered.update(f"{'.'.join(self._act or ())}.{name}" for name in left)
                if self._outer_is_item:
                    extra, item_extra = (to_json(left) if left else None), outer_rest
                else:
                    prefix = ".".join(self._act or ())
                    both = {
                        **rest,
                        **{f"{prefix}.{name}" if name in rest else name: held for name, held in left.items()},
                    }
                    extra, item_extra = (to_json(both) if both else None), None
                texts, raws = self._cells(view)
                yield Act(part, texts, raws, extra, item_extra)
                part += 1
        self.uncovered = frozenset(uncovered)

    def _outer_views(self, view: View) -> Iterator[View]:
        return self._apart(view, self._steps[:-1])

    def _apart(self, view: View, steps: Sequence[Each]) -> Iterator[View]:
        if not steps:
            yield view
            return
        for part in take_apart(view, steps[0], is_text=self._is_text):
            yield from self._apart(part, steps[1:])

    def _act_residue(self, view: View) -> dict[str, Any]:
        held = follow(view, self._act) if self._act is not None else None
        if isinstance(held, dict):
            return residue(held, self._act_tree)
        if isinstance(held, list):
            return residue({"elements": held}, {"elements": self._act_tree or None})
        return {}

    def _cells(self, view: View) -> tuple[list[str | None], list[str | None]]:
        texts: list[str | None] = []
        raws: list[str | None] = []
        for number, path in enumerate(self._paths):
            try:
                value = follow(view, path)
            except AmbiguousPathError as error:
                raise RecordShapeError(".".join(map(str, path)), str(error)) from None
            spans = self._spans.get(number)
            texts.append(scalar_text(value) if spans is None else canonical_spans(value, spans))
            raws.append(None if value is MISSING else self._raw(value))
        return texts, raws


def _outer_is_item(mapping: FileMapping, act: tuple[str, ...] | None) -> bool:
    """Whether what surrounds the acts of a record is about the item: it is, unless it says who judged."""
    if not mapping.each:
        return False
    if mapping.annotator is None:
        return True
    within = ".".join(act) + "." if act else None
    return all(key.startswith("$") or (within is not None and key.startswith(within)) for key in mapping.annotator.key)


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
    if not isinstance(element, dict):
        raise ValueError("a span is an object")
    return Span(
        start=_offset(element, fields.start),
        end=_offset(element, fields.end),
        label=_part(element, fields.label),
        text=_part(element, fields.text),
        comment=_part(element, fields.comment),
    )


def _offset(element: dict[str, Any], field: str | None) -> int | None:
    value = follow(element, parse_path(field)) if field is not None else MISSING
    if value is MISSING or value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("an offset is a whole number")
    return value


def _part(element: dict[str, Any], field: str | None) -> str | None:
    """A part of a span as text; a list of several texts stays a JSON list, for joining them would lose where."""
    value = follow(element, parse_path(field)) if field is not None else MISSING
    if value is MISSING or value is None or value == []:
        return None
    text = scalar_text(value)
    return text if text is not None else to_json(value)


def scalar_text(value: Any) -> str | None:
    """The text of a scalar, or of a list that holds just one; None for anything else.

    Tools wrap single values in lists (Label Studio's ``choices`` and ``text``); a list of two is no scalar.
    """
    if isinstance(value, str):
        return value
    if value is None or value is MISSING or isinstance(value, dict):
        return None
    if isinstance(value, list):
        return scalar_text(value[0]) if len(value) == 1 and not isinstance(value[0], list) else None
    if isinstance(value, msgspec.Raw):
        return bytes(value).decode()
    return to_json(value)


__all__ = ["Act", "Flattener", "RecordShapeError", "scalar_text"]
