"""What a record holds beside the mapped fields, so that it can be kept in ``extra`` (law 6)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pipelines.contracts.paths import Every, Select, Unwrapped
from pipelines.shapes.paths import NamedStep, selects


class _Plain:
    """Stands in a tree for a value that is neither object nor list."""


PLAIN = _Plain()

Tree = dict["str | Select | _Plain", "Tree | None"]
"""Mapped keys, level by level; None below a key means that all of it is mapped.

A selector covers what is below it in those elements of a list that it selects, and nothing of the others.
"""

Covered = tuple["str | Select | _Plain", ...]
"""A path of such keys."""


def covered_by(path: tuple[NamedStep, ...]) -> list[Covered]:
    """What a path covers: in every element of a list that it goes through, and a value that stands for itself."""
    found: list[Covered] = [()]
    plain: list[Covered] = []
    for step in path:
        if isinstance(step, Every):
            continue
        if isinstance(step, Unwrapped):
            plain += [(*one, PLAIN) for one in found]
            found = [(*one, step.name) for one in found]
        else:
            key = Select(step.key, step.value) if isinstance(step, Select) else step
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
        keys = {step.key for step in self._selects}
        self._key = keys.pop() if len(keys) == 1 else None
        self._chosen: dict[tuple[Select, ...], Cover | None] = {(): self}
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
            rests = self._rests(held) if self._selects else list(map(self._rest, held))
            return rests if rests.count(None) < len(rests) else None
        return None if self._covers_plain else held

    def _rests(self, elements: list[Any]) -> list[Any]:
        rests: list[Any] = []
        for element in elements:
            value = element.get(self._key) if type(element) is dict else None
            if type(value) is str and self._key is not None:
                cover = self._by_value.get(value, self)
            else:
                cover = self._choice(tuple(step for step in self._selects if selects(step, element)))
            if cover is None:
                rests.append(None)
            else:
                rests.append(cover.residue(element) or None if type(element) is dict else cover._rest(element))
        return rests

    def _choice(self, selecting: tuple[Select, ...]) -> Cover | None:
        if selecting not in self._chosen:
            tree: Tree | None = {step: below for step, below in self._tree.items() if isinstance(step, str)}
            for step in selecting:
                below = self._tree[step]
                tree = None if tree is None or below is None else _union(tree, {step.key: None, **below})
            self._chosen[selecting] = None if tree is None else Cover(tree)
        return self._chosen[selecting]


def _union(one: Tree, other: Tree) -> Tree:
    tree = dict(one)
    for step, below in other.items():
        held = tree.get(step, {})
        tree[step] = None if held is None or below is None else _union(held, below)
    return tree
