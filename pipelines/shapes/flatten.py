"""Records to acts: one row for each act of judging that a record holds, with the mapped fields as cells.

The elements of a list, some columns, or parallel lists become rows here; what the cells mean is decided in SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from pipelines.contracts.files import EachColumn, EachElement, EachParallel, FileMapping
from pipelines.readers.json_reader import to_json
from pipelines.shapes.paths import MISSING, AmbiguousPathError, Step, follow, parse_path
from pipelines.shapes.residue import Tree, residue, tree_of
from pipelines.shapes.slots import Slots, covered_paths, list_path


class RecordShapeError(ValueError):
    """A record that does not have the declared shape; ``field`` says where."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


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
    ``uncovered`` names the top-level fields of the last record that the mapping does not account for.
    """

    def __init__(self, mapping: FileMapping, slots: Slots, *, is_text: bool = False) -> None:
        self._each = mapping.each
        self._is_text = is_text
        self._raw: Callable[[Any], str] = str if is_text else to_json
        self._paths: list[tuple[Step, ...]] = [self._path(field) for field in slots.fields]
        self._list = list_path(mapping)
        self.uncovered: frozenset[str] = frozenset()
        covered = covered_paths(mapping)
        if self._list is None:
            self._record_tree: Tree = tree_of(covered)
            self._act_tree: Tree = {}
        else:
            depth = len(self._list)
            self._record_tree = tree_of([path for path in covered if path[:depth] != self._list] + [self._list])
            self._act_tree = tree_of([path[depth:] for path in covered if path[:depth] == self._list and path[depth:]])

    def _path(self, field: str) -> tuple[Step, ...]:
        return (field,) if self._is_text or field.startswith("$") else parse_path(field)

    def acts(self, record: dict[str, Any], key: str | None = None) -> Iterator[Act]:
        """The acts of a record, in its own order.

        Raises:
            RecordShapeError: the record is not shaped as declared; then none of its acts is to be taken.
        """
        rest = residue(record, self._record_tree)
        record_rest = to_json(rest) if rest else None
        uncovered = set(rest)
        for part, (view, element) in enumerate(self._views(record, key)):
            if self._each is None:
                extra, item_extra = record_rest, None
            else:
                left = residue(element, self._act_tree) if element is not None else {}
                extra, item_extra = (to_json(left) if left else None), record_rest
                uncovered.update(f"{'.'.join(self._list or ())}.{name}" for name in left)
            texts: list[str | None] = []
            raws: list[str | None] = []
            for path in self._paths:
                try:
                    value = follow(view, path)
                except AmbiguousPathError as error:
                    raise RecordShapeError(".".join(map(str, path)), str(error)) from None
                texts.append(scalar_text(value))
                raws.append(None if value is MISSING else self._raw(value))
            yield Act(part, texts, raws, extra, item_extra)
        self.uncovered = frozenset(uncovered)

    def _views(self, record: dict[str, Any], key: str | None) -> Iterator[tuple[dict[str, Any], dict[str, Any] | None]]:
        """Each act as the record would look if it held that act alone."""
        base = {**record, "$key": key} if key is not None else record
        each = self._each
        if each is None:
            yield base, None
        elif isinstance(each, EachColumn):
            for column in each.columns:
                value = follow(record, self._path(column))
                if value is MISSING:
                    raise RecordShapeError(column, "the column is not in the record")
                yield {**base, "$column": column, "$value": value}, None
        elif isinstance(each, EachParallel):
            for row in self._parallel(record, each):
                yield {**base, **row}, None
        else:
            yield from self._elements(base, each)

    def _parallel(self, record: dict[str, Any], each: EachParallel) -> Iterator[dict[str, Any]]:
        lists: dict[str, list[Any]] = {}
        for name, field in each.zip.items():
            value = follow(record, self._path(field))
            if each.split is not None and isinstance(value, str):
                value = value.split(each.split) if value else []
            if not isinstance(value, list):
                raise RecordShapeError(field, "is no list")
            lists[name] = value
        lengths = {name: len(value) for name, value in lists.items()}
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"{name} has {length}" for name, length in lengths.items())
            raise RecordShapeError(next(iter(each.zip.values())), f"parallel lists differ in length: {told}")
        for values in zip(*lists.values(), strict=True):
            yield {f"${name}": value for name, value in zip(lists, values, strict=True)}

    def _elements(
        self, base: dict[str, Any], each: EachElement
    ) -> Iterator[tuple[dict[str, Any], dict[str, Any] | None]]:
        assert self._list is not None
        elements = follow(base, self._list)
        if elements is MISSING or not isinstance(elements, list):
            raise RecordShapeError(each.list, "is no list")
        for element in elements:
            if not isinstance(element, dict):
                raise RecordShapeError(each.list, "an element is no object")
            yield _rebound(base, self._list, element), element


def _rebound(base: dict[str, Any], path: tuple[str, ...], element: Any) -> dict[str, Any]:
    """The record with one element in the place of its list."""
    if len(path) == 1:
        return {**base, path[0]: element}
    return {**base, path[0]: _rebound(base[path[0]], path[1:], element)}


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
