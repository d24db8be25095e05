"""Follows field paths through parsed records, and says when a field is not there."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import Any, Final

import msgspec

from pipelines.contracts.paths import Every, Looked, Select, Step, Unwrapped, is_place, names_of

NamedStep = str | Select | Every | Unwrapped
"""A step that is the same in every record."""


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
"""What a path finds where the field is absent; JSON null is None, another thing."""


class AmbiguousPathError(ValueError):
    """A selector that matches several elements: which one is meant is not ours to say."""


def follow(record: Any, steps: tuple[Step, ...]) -> Any:
    """What stands at the path of a record, or ``MISSING``.

    Raises:
        AmbiguousPathError: a selector matches more than one element.
    """
    value = record
    for step in steps:
        if isinstance(step, Looked):
            step = record.get(step.name, MISSING)
            if not isinstance(step, str):
                return MISSING
        if isinstance(step, str):
            value = _below(value, step)
            if value is MISSING:
                return MISSING
        elif isinstance(step, Unwrapped):
            if isinstance(value, dict):
                if step.name not in value:
                    return MISSING
                value = value[step.name]
        else:
            if isinstance(step, Every) and isinstance(value, dict) and step is steps[-1]:
                return list(value.values())
            if not isinstance(value, list):
                return MISSING
            if isinstance(step, Every) or step.every:
                return _held_by_each(value, step, steps[steps.index(step) + 1 :])
            matches = [element for element in value if selects(step, element)]
            if len(matches) > 1:
                told = ", ".join(f"{key} = {wanted!r}" for key, wanted in step.conditions)
                raise AmbiguousPathError(f"{len(matches)} elements have {told}")
            if not matches:
                return MISSING
            value = matches[0]
    return value


def _held_by_each(elements: list[Any], step: Every | Select, rest: tuple[Step, ...]) -> list[Any]:
    """What several elements hold at the rest of a path; what one of them lacks is left out."""
    chosen = [one for one in elements if isinstance(step, Every) or selects(step, one)]
    found = [held for held in (follow(one, rest) for one in chosen) if held is not MISSING]
    return [part for held in found for part in held] if _is_several(rest) else found


def _below(value: Any, name: str) -> Any:
    """What a name leads to: in an object its value, in a list, where it is a number, the element at that place."""
    if isinstance(value, dict):
        return value.get(name, MISSING)
    if isinstance(value, list) and is_place(name) and int(name) < len(value):
        return value[int(name)]
    return MISSING


def _is_several(steps: Sequence[Step]) -> bool:
    """Whether a path leads to a list of what several elements hold."""
    return any(isinstance(step, Every) or (isinstance(step, Select) and step.every) for step in steps)


class Finder:
    """Follows many paths through a value at once: where they share a beginning, it is walked once."""

    def __init__(self, paths: Sequence[tuple[NamedStep, ...]]) -> None:
        self._count = len(paths)
        self._root = _Fork()
        for number, path in enumerate(paths):
            self._root.add(path, number)

    def find(self, value: Any) -> list[Any]:
        """What ``follow`` finds for each path.

        Raises:
            AmbiguousPathError: a selector of one of them matches more than one element.
        """
        found: list[Any] = [MISSING] * self._count
        self._root.fill(value, found)
        return found


class _Fork:
    """Where paths part: which of them end here, and which lead on by which key or selector."""

    def __init__(self) -> None:
        self._ends: list[int] = []
        self._leaves: list[tuple[str, int]] = []
        self._twigs: list[tuple[str, str, int]] = []
        self._names: dict[str, _Fork] = {}
        self._selects: dict[str, dict[str, _Fork]] = {}
        self._branching: list[tuple[tuple[NamedStep, ...], int]] = []

    def add(self, path: tuple[NamedStep, ...], number: int) -> None:
        """One more path from here on."""
        if not path:
            self._ends.append(number)
        elif _is_branching(step := path[0]) or isinstance(step, Every | Unwrapped):
            self._branching.append((path, number))
        elif isinstance(step, Select):
            self._selects.setdefault(step.key, {}).setdefault(step.value, _Fork()).add(path[1:], number)
        elif len(path) == 1:
            self._leaves.append((step, number))
        elif len(path) == 2 and isinstance(path[1], str) and not is_place(path[1]):
            self._twigs.append((step, path[1], number))
        else:
            self._names.setdefault(step, _Fork()).add(path[1:], number)

    def fill(self, value: Any, found: list[Any]) -> None:
        """Put what stands at the ends of the paths where their numbers say."""
        for number in self._ends:
            found[number] = value
        if self._branching:
            for path, number in self._branching:
                found[number] = follow(value, path)
        if type(value) is dict:
            self._fill_from_object(value, found)
        elif type(value) is list:
            for key, forks in self._selects.items():
                chosen: set[str] = set()
                is_name = names_of(key) == (key,)
                for element in value:
                    named = element.get(key) if type(element) is dict and is_name else None
                    if type(named) is not str:
                        named = _selectable(element, key)
                    if named in forks:
                        if named in chosen:
                            raise AmbiguousPathError(f"several elements have {key} = {named!r}")
                        chosen.add(named)
                        fork = forks[named]
                        if fork._ends or fork._branching or type(element) is not dict:
                            fork.fill(element, found)
                        else:
                            fork._fill_from_object(element, found)

    def _fill_from_object(self, value: dict[str, Any], found: list[Any]) -> None:
        for name, number in self._leaves:
            found[number] = value.get(name, MISSING)
        for name, leaf, number in self._twigs:
            below = value.get(name)
            if type(below) is dict:
                found[number] = below.get(leaf, MISSING)
        for name, fork in self._names.items():
            if name in value:
                fork.fill(value[name], found)


def _is_branching(step: NamedStep) -> bool:
    """Whether a name or a selector is walked path by path, and not with others that share it."""
    if isinstance(step, Select):
        return step.every or bool(step.also)
    return is_place(step)


def selects(step: Select, element: Any) -> bool:
    """Whether a list's element is the one that a selector means; a number or true is compared by its JSON text."""
    if step.also:
        return all(_selectable(element, key) == wanted for key, wanted in step.conditions)
    return _selectable(element, step.key) == step.value


def _selectable(element: Any, key: str) -> str | None:
    """What selectors compare of an element."""
    found = element
    for name in names_of(key):
        found = _below(found, name)
    if found is MISSING:
        return None
    if isinstance(found, str):
        return found
    if found is None or isinstance(found, dict | list):
        return None
    return msgspec.json.encode(found).decode()


def named_steps(steps: tuple[Step, ...]) -> tuple[NamedStep, ...]:
    """The path up to a key that the record names: what it says of the record's form."""
    return tuple(takewhile(lambda step: not isinstance(step, Looked), steps))  # type: ignore[arg-type]


def names(steps: tuple[Step, ...]) -> tuple[str, ...]:
    """The path without selectors, up to a key that the record names: which keys it passes through."""
    return tuple(step for step in named_steps(steps) if isinstance(step, str))
