"""What a join does to the rows of its left side: a left join on a key of the right side keeps each once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from expectations.static_proof.relations import Relation
from expectations.static_proof.scope import Scope, UnknownColumnError, plain

if TYPE_CHECKING:
    from expectations.static_proof.evaluate import Evaluator


def join(evaluator: Evaluator, rows: Relation, scope: Scope, node: exp.Join, alias: str, other: Relation) -> Relation:
    """The rows after a join with ``other``, which is called ``alias``; keys are by (alias.column)."""
    covers = other.has_key(_equal_columns(node, scope, alias, other))
    side, kind = (node.side or "").upper(), (node.kind or "").upper()
    is_left = side == "LEFT" and kind in ("", "OUTER")
    keys = rows.keys if covers and (is_left or (not side and kind in ("", "INNER") and node.args.get("on"))) else None
    if keys is None:
        # A row of the left meets any of the right: only both keys together are unique.
        right = [frozenset(f"{alias}.{name}" for name in key) for key in other.keys]
        keys = frozenset(left | key for left in rows.keys for key in right)
    result = replace(rows, keys=keys, carries=rows.carries or other.carries)
    if result.carries is None:
        return result
    if rows.carries is None:
        message = "judgments stand on the right of a join: they come out as often as the left side matches"
        return result.broken_by(*other.breaks, evaluator.violation(node, "join", message))
    if not is_left:
        told = " ".join(part for part in (side, kind, "JOIN") if part).lower()
        message = f"a {told} leaves out, or adds, rows; judgments are joined from the left, by a left join"
        return result.broken_by(evaluator.violation(node, "join", message))
    if not covers:
        known = " or ".join(sorted(f"({', '.join(sorted(key))})" for key in other.keys)) or "none"
        message = f"may give a row many times: the join does not cover a proved key of {alias} (proved: {known})"
        return result.broken_by(evaluator.violation(node, "join", message))
    return result


def _equal_columns(node: exp.Join, scope: Scope, alias: str, other: Relation) -> set[str]:
    """The columns of the right side that the join holds equal to something on the left."""
    if using := node.args.get("using"):
        return {part.name.lower() for part in using}
    condition = node.args.get("on")
    if condition is None:
        return set()
    both = Scope({**scope.relations, alias: other})
    found: set[str] = set()
    for part in condition.flatten() if isinstance(condition, exp.And) else [condition]:
        equal = plain(part)
        if not isinstance(equal, exp.EQ | exp.NullSafeEQ):
            continue
        for one, other_side in ((equal.this, equal.expression), (equal.expression, equal.this)):
            column = plain(one)
            if not isinstance(column, exp.Column) or _reads(other_side, both, alias):
                continue
            place = _place(column, both)
            if place is not None and place[0] == alias:
                found.add(place[1])
    return found


def _reads(node: exp.Expr, scope: Scope, alias: str) -> bool:
    """Whether an expression reads a relation, so that it is not one value for a row of the other side."""
    places = [_place(part, scope) for part in node.find_all(exp.Column)]
    return any(place is None or place[0] == alias for place in places) or node.find(exp.Query) is not None


def _place(column: exp.Column, scope: Scope) -> tuple[str, str] | None:
    try:
        return scope.place(column)
    except UnknownColumnError:
        return None
