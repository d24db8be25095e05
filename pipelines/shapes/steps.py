"""The steps that take a record apart: list elements, object entries, columns, parallel lists.

A step turns one view of a record into several, each as the record would look if it held that part alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from pipelines.contracts.each import Each, EachColumn, EachElement, EachEntry, EachGroup, EachParallel
from pipelines.contracts.paths import Every, Step, parse_path
from pipelines.readers.json_reader import to_json
from pipelines.shapes.paths import MISSING, follow, names

View = dict[str, Any]
_steps = lru_cache(maxsize=1024)(parse_path)


class RecordShapeError(ValueError):
    """A record that does not have the declared shape; ``field`` says where."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def path_of(field: str, *, is_text: bool) -> tuple[Step, ...]:
    """The path of a field; a CSV column and a field made by a step are one name."""
    return (field,) if is_text or (field.startswith("$") and "." not in field) else _steps(field)


def take_apart(view: View, step: Each, *, is_text: bool) -> Iterator[View]:
    """The parts of a view by one step, in the record's own order.

    Raises:
        RecordShapeError: the record does not have what the step names.
    """
    if isinstance(step, EachColumn):
        yield from _columns(view, step, is_text=is_text)
    elif isinstance(step, EachParallel):
        yield from _parallel(view, step, is_text=is_text)
    elif isinstance(step, EachGroup):
        for group in step.zips:
            yield from _group(view, group)
    elif isinstance(step, EachEntry):
        yield from _entries(view, step)
    elif step.by is not None:
        yield from _groups(view, step)
    else:
        path = names(_steps(step.list))
        for place, element in enumerate(_elements(view, step), start=1):
            made = {**view, f"${step.place}": str(place)} if step.place else view
            yield rebound(made, path, element)


def _columns(view: View, step: EachColumn, *, is_text: bool) -> Iterator[View]:
    for column in step.columns:
        value = follow(view, path_of(column, is_text=is_text))
        if value is MISSING:
            raise RecordShapeError(column, "the column is not in the record")
        yield {**view, "$column": column, "$value": value}


def _parallel(view: View, step: EachParallel, *, is_text: bool) -> Iterator[View]:
    lists: dict[str, list[Any]] = {}
    for name, given in step.zip.items():
        if isinstance(given, list):
            lists[name] = [follow(view, path_of(field, is_text=is_text)) for field in given]
            continue
        value = follow(view, path_of(given, is_text=is_text))
        if step.split is not None and isinstance(value, str):
            value = value.split(step.split) if value else []
        if not isinstance(value, list):
            raise RecordShapeError(given, "is no list")
        lists[name] = value
    first = next(iter(step.zip.values()))
    yield from _side_by_side(view, lists, first if isinstance(first, str) else first[0])


def _group(view: View, group: dict[str, str]) -> Iterator[View]:
    """One group of lists; none of its acts where nothing of it is there."""
    lists = {name: follow(view, _steps(path)) for name, path in group.items()}
    if all(value is MISSING or value is None for value in lists.values()):
        return
    for name, value in lists.items():
        if not isinstance(value, list):
            raise RecordShapeError(group[name], "is no list")
        if len(value) != _expected(view, _steps(group[name]), len(value)):
            raise RecordShapeError(group[name], "is not in every element, so that others would take its place")
    yield from _side_by_side(view, lists, next(iter(group.values())))


def _expected(view: View, path: tuple[Step, ...], count: int) -> int:
    """How many elements a path that leads into each of them must find: those that lack it are no gap in a list."""
    if Every() not in path:
        return count
    whole = follow(view, path[: path.index(Every())])
    return len(whole) if isinstance(whole, list) else 0


def _side_by_side(view: View, lists: dict[str, list[Any]], field: str) -> Iterator[View]:
    lengths = {name: len(value) for name, value in lists.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise RecordShapeError(field, f"lists differ in length: {told}")
    for position, values in enumerate(zip(*lists.values(), strict=True)):
        made = {f"${name}": value for name, value in zip(lists, values, strict=True) if value is not MISSING}
        yield {**view, **made, "$index": str(position + 1)}


def _entries(view: View, step: EachEntry) -> Iterator[View]:
    path = _steps(step.entries)
    held = follow(view, path)
    if not isinstance(held, dict):
        raise RecordShapeError(step.entries, "is no object")
    for key, value in held.items():
        yield rebound({**view, f"${step.name}": key}, names(path), value)


def _elements(view: View, step: EachElement) -> list[dict[str, Any]]:
    elements = follow(view, _steps(step.list))
    if not isinstance(elements, list):
        raise RecordShapeError(step.list, "is no list")
    if not all(isinstance(element, dict) for element in elements):
        raise RecordShapeError(step.list, "an element is no object")
    return elements


def _groups(view: View, step: EachElement) -> Iterator[View]:
    assert step.by is not None
    by, path = _steps(step.by), names(_steps(step.list))
    # By JSON text: to Python 1 and true are one key, and a number's own text is none.
    groups: dict[str, tuple[Any, list[dict[str, Any]]]] = {}
    for element in _elements(view, step):
        value = follow(element, by)
        if value is MISSING or isinstance(value, dict | list):
            raise RecordShapeError(f"{step.list}.{step.by}", "an element does not say which act it belongs to")
        groups.setdefault(to_json(value), (value, []))[1].append(element)
    for value, elements in groups.values():
        yield rebound({**view, "$by": value}, path, elements)


def rebound(view: Any, path: tuple[str, ...], value: Any) -> Any:
    """The view with another value in one place."""
    name, below = path[0], path[1:]
    if isinstance(view, list):
        held = list(view)
        held[int(name)] = rebound(view[int(name)], below, value) if below else value
        return held
    return {**view, name: rebound(view[name], below, value) if below else value}
