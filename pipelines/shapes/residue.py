"""What a record holds beside the mapped fields, so that it can be kept in ``extra`` (law 6)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pipelines.contracts.paths import Select
from pipelines.shapes.paths import selects

Tree = dict[str | Select, "Tree | None"]
"""Mapped keys, level by level; None below a key means that all of it is mapped.

A selector covers what is below it in those elements of a list that it selects, and nothing of the others.
"""


def tree_of(paths: Iterable[tuple[str | Select, ...]]) -> Tree:
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


def residue(value: dict[str, Any], tree: Tree) -> dict[str, Any]:
    """The part of a record that the tree does not cover; empty if it covers everything."""
    left: dict[str, Any] = {}
    for key, held in value.items():
        if key not in tree:
            left[key] = held
            continue
        below = tree[key]
        if below is None:
            continue
        rest = _rest(held, below)
        if rest is not None:
            left[key] = rest
    return left


def _rest(held: Any, tree: Tree) -> Any:
    if isinstance(held, dict):
        return residue(held, tree) or None
    if isinstance(held, list):
        rests = [_rest_of_element(element, tree) for element in held]
        return rests if any(rest is not None for rest in rests) else None
    return held


def _rest_of_element(element: Any, tree: Tree) -> Any:
    selecting = [step for step in tree if isinstance(step, Select) and selects(step, element)]
    if not selecting:
        return _rest(element, tree)
    if any(tree[step] is None for step in selecting):
        return None
    covering: list[Tree] = [{step: below for step, below in tree.items() if isinstance(step, str)}]
    covering += [{step.key: None, **(tree[step] or {})} for step in selecting]
    rest = element
    for one in covering:
        rest = _rest(rest, one) if rest is not None else None
    return rest
