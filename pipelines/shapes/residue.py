"""What a record holds beside the mapped fields, so that it can be kept in ``extra`` (law 6)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pipelines.contracts.paths import Every, Select, Unwrapped, is_place, names_of
from pipelines.shapes.paths import NamedStep, selects


class _Plain:
    """Stands in a tree for a value that is neither object nor list."""


class _Each:
    """Stands in a tree for each element of a list, where what is below it are places in that element."""


PLAIN, EACH = _Plain(), _Each()

Key = str | Select | _Plain | _Each
Tree = dict[Key, "Tree | None"]
"""Mapped keys, level by level; None below a key means that all of it is mapped.

A selector covers what is below it in those elements of a list that it selects, and nothing of the others; a number
covers the element of a list at that place, and any other name what each element has by it.
"""

Covered = tuple[Key, ...]
"""A path of such keys."""


def covered_by(path: tuple[NamedStep, ...]) -> list[Covered]:
    """What a path covers: in every element of a list that it goes through, and a value that stands for itself."""
    found: list[Covered] = [()]
    plain: list[Covered] = []
    for step, following in zip(path, [*path[1:], None], strict=True):
        if isinstance(step, Every):
            found = [(*one, EACH) for one in found] if is_place(following) else found
        elif isinstance(step, Unwrapped):
            plain += [(*one, PLAIN) for one in found]
            found = [(*one, step.name) for one in found]
        else:
            key = Select(step.key, step.value, also=step.also) if isinstance(step, Select) else step
            found = [(*one, key) for one in found]
    return found + plain


def tree_of(paths: Iterable[Covered]) -> Tree:
    """The tree that covers every path and all that lies below it."""
    tree: Tree = {}
    for path in paths:
        level: Tree = tree
        for depth, step in enumerate(path):
            if depth == len(path) - 1:
                level[step] = None
                break
            below = level.setdefault(step, {})
            if below is None:
                break
            level = below
    return tree


class Cover:
    """A tree, made ready to be held against many records."""

    def __init__(self, tree: Tree) -> None:
        self._names: dict[str, Cover | None] = {
            step: None if below is None else Cover(below) for step, below in tree.items() if isinstance(step, str)
        }
        self._covers_plain = PLAIN in tree
        self._parts = [(name, below) for name, below in self._names.items() if below is not None]
        self._is_flat = not self._parts
        self._tree = tree
        self._selects = [step for step in tree if isinstance(step, Select)]
        self._places = {int(step): below for step, below in tree.items() if isinstance(step, str) and is_place(step)}
        self._is_by_place = bool(self._places) or EACH in tree
        is_quick = not self._is_by_place and not any(step.also or len(names_of(step.key)) > 1 for step in self._selects)
        keys = {step.key for step in self._selects}
        self._key = keys.pop() if len(keys) == 1 and is_quick else None
        self._chosen: dict[tuple[int | None, tuple[Select, ...]], Cover | None] = {}
        self._by_value = {step.value: self._choice((step,)) for step in self._selects} if self._key else {}

    def residue(self, value: dict[str, Any]) -> dict[str, Any]:
        """The part of a record that the tree does not cover; empty if it covers everything."""
        rests: dict[str, Any] = {}
        for name, below in self._parts:
            held = value.get(name)
            if held is None or (below._is_flat and type(held) is dict and held.keys() <= below._names.keys()):
                continue
            if (rest := below._rest(held)) is not None:
                rests[name] = rest
        names = self._names
        if rests:
            return {key: rests.get(key, held) for key, held in value.items() if key not in names or key in rests}
        if value.keys() <= names.keys():
            return rests
        return {key: held for key, held in value.items() if key not in names}

    def _rest(self, held: Any) -> Any:
        if isinstance(held, dict):
            return self.residue(held) or None
        if isinstance(held, list):
            rests = self._rests(held) if self._selects or self._is_by_place else list(map(self._rest, held))
            return rests if rests.count(None) < len(rests) else None
        return None if self._covers_plain else held

    def _rests(self, elements: list[Any]) -> list[Any]:
        rests: list[Any] = []
        for place, element in enumerate(elements):
            value = element.get(self._key) if type(element) is dict else None
            if type(value) is str and self._key is not None:
                cover = self._by_value.get(value, self)
            else:
                selecting = tuple(step for step in self._selects if selects(step, element))
                cover = self._choice(selecting, place if place in self._places else None)
            if cover is None:
                rests.append(None)
            else:
                rests.append(cover.residue(element) or None if type(element) is dict else cover._rest(element))
        return rests

    def _choice(self, selecting: tuple[Select, ...], place: int | None = None) -> Cover | None:
        """What covers an element that these selectors select, or that is at this place."""
        if not selecting and not self._is_by_place:
            return self
        if (place, selecting) not in self._chosen:
            named = ((step, below) for step, below in self._tree.items() if isinstance(step, str))
            shared: Tree = {step: below for step, below in named if not is_place(step)}
            tree: Tree | None = {**shared, PLAIN: None} if self._covers_plain else shared
            held = [self._tree[step] for step in selecting]
            held += [self._places[place]] if place is not None else []
            held += [self._tree[EACH]] if EACH in self._tree else []
            for below in held:
                tree = None if tree is None or below is None else _union(tree, below)
            for key, _ in (one for step in selecting for one in step.conditions):
                tree = None if tree is None else _union(tree, tree_of([names_of(key)]))
            self._chosen[place, selecting] = None if tree is None else Cover(tree)
        return self._chosen[place, selecting]


def _union(one: Tree, other: Tree) -> Tree:
    tree = dict(one)
    for step, below in other.items():
        held = tree.get(step, {})
        tree[step] = None if held is None or below is None else _union(held, below)
    return tree
