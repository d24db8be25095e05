"""What a record holds beside the mapped fields, so that it can be kept in ``extra`` (law 6)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Tree = dict[str, "Tree | None"]
"""Mapped keys, level by level; None below a key means that all of it is mapped."""


def tree_of(paths: Iterable[tuple[str, ...]]) -> Tree:
    """The tree that covers every path and all that lies below it."""
    tree: Tree = {}
    for path in paths:
        level: Tree = tree
        for depth, name in enumerate(path):
            if depth == len(path) - 1:
                level[name] = None
                break
            below = level.setdefault(name, {})
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
        rests = [_rest(element, tree) for element in held]
        return rests if any(rest is not None for rest in rests) else None
    return held
