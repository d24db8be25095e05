"""Which output columns no two rows of a select share: by copies of keys, row numbers, grouping and distinct."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from sqlglot import exp

from expectations.static_proof.columns import Output
from expectations.static_proof.relations import Column, Relation
from expectations.static_proof.scope import Scope, UnknownColumnError, is_aggregate, plain


def put_out(rows: Relation, output: Output, where: exp.Expr | None) -> Relation:
    """The rows under the names of the output, with the keys that copies, row numbers and ``n = 1`` make."""
    keys = {*rows.keys, *_first_of_each(where, output.scope)}
    shown: dict[str, list[str]] = {}
    for name, (alias, column) in output.places.items():
        shown.setdefault(f"{alias}.{column}", []).append(name)
    named = {
        frozenset(names)
        for key in keys
        if all(part in shown for part in key)
        for names in product(*(shown[part] for part in key))
    }
    columns: dict[str, Column] = {}
    for name, held in output.columns.items():
        within = _numbered_within(name, held, output, shown)
        columns[name] = replace(held, ranks=within)
        if within is not None and name not in output.places:
            named.add(within | {name})
    return Relation(columns, frozenset(named), rows.carries, rows.breaks)


def _numbered_within(name: str, column: Column, output: Output, shown: dict[str, list[str]]) -> frozenset[str] | None:
    """The output names of what a row number is counted within; None where it is none, or where one is not put out."""
    if column.ranks is None:
        return None
    alias = f"{output.places[name][0]}." if name in output.places else ""
    inner = [f"{alias}{part}" for part in column.ranks]
    return frozenset(shown[part][0] for part in inner) if all(part in shown for part in inner) else None


def grouped(select: exp.Select, group: exp.Expr, scope: Scope) -> frozenset[str] | None:
    """The output columns that a select groups by; None where one of them is not put out."""
    named = {one.alias_or_name.lower(): plain(one) for one in select.expressions}
    if group.args.get("all") or any(part.name.upper() == "ALL" for part in group.expressions):
        return frozenset(name for name, one in named.items() if not is_aggregate(one))
    if any(group.args.get(kind) for kind in ("rollup", "cube", "grouping_sets")):
        return None
    keyed: set[str] = set()
    for part in group.expressions:
        found = [name for name, one in named.items() if _same(one, part, name, scope)]
        if isinstance(part, exp.Literal) and part.is_int and int(part.name) <= len(select.expressions):
            found = [select.expressions[int(part.name) - 1].alias_or_name.lower()]
        if not found:
            return None
        keyed.add(found[0])
    return frozenset(keyed)


def _same(one: exp.Expr, part: exp.Expr, name: str, scope: Scope) -> bool:
    if isinstance(part, exp.Column) and isinstance(one, exp.Column):
        try:
            return scope.place(one) == scope.place(part) is not None
        except UnknownColumnError:
            return False
    return one == part or (isinstance(part, exp.Column) and not part.table and part.name.lower() == name)


def _first_of_each(where: exp.Expr | None, scope: Scope) -> list[frozenset[str]]:
    """For each condition ``n = 1`` on a row number: the columns that it is counted within, now unique."""
    found: list[frozenset[str]] = []
    if where is None:
        return found
    for part in where.this.flatten() if isinstance(where.this, exp.And) else [where.this]:
        condition = plain(part)
        if not isinstance(condition, exp.EQ) or condition.expression.name != "1":
            continue
        column = plain(condition.this)
        place = scope.place(column) if isinstance(column, exp.Column) else None
        ranks = scope.at(place).ranks if place is not None else None
        if place is not None and ranks is not None:
            found.append(frozenset(f"{place[0]}.{name}" for name in ranks))
    return found
