"""What a select can see: the relations of its from and joins by alias, and what an expression over them comes to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlglot import exp

from expectations.static_proof.relations import Column, Relation

Place = tuple[str, str]
"""A column within a scope: alias of its relation, and name."""

ONE_VALUE = frozenset({"STRUCT_EXTRACT_AT", "LIST_CONTAINS", "LIST_TRANSFORM", "LIST_FILTER", "LEN", "TRY_STRPTIME"})
"""Functions that the parser does not know, but that are known to give one value for each row."""


_MULTIPLYING = (exp.UDTF, exp.Explode, exp.Posexplode, exp.Inline, exp.Unnest, exp.Stack)


class UnknownColumnError(ValueError):
    """A column that nothing in scope has, or that several have."""


@dataclass
class Scope:
    """The relations that a select reads, by alias, and the columns that it has named itself so far.

    ``merged`` are columns of right sides that a ``using`` made one with those of the left.
    """

    relations: dict[str, Relation] = field(default_factory=dict)
    named: dict[str, Column] = field(default_factory=dict)
    merged: set[Place] = field(default_factory=set)

    def place(self, column: exp.Column) -> Place | None:
        """Where a column comes from; None where it is a name of the select's own, or a field of a struct.

        Raises:
            UnknownColumnError: nothing has it, or several have it.
        """
        name, alias = column.name.lower(), column.table.lower()
        if alias in self.relations:
            if name not in self.relations[alias].columns:
                raise UnknownColumnError(f"{alias} has no column {name}")
            return alias, name
        if alias:
            self._find(alias)
            return None
        return self._find(name)

    def _find(self, name: str) -> Place | None:
        held = [(alias, name) for alias, relation in self.relations.items() if name in relation.columns]
        found = [place for place in held if place not in self.merged]
        if len(found) == 1:
            return found[0]
        if found:
            raise UnknownColumnError(f"{name} may be a column of {' or '.join(alias for alias, _ in found)}")
        if name in self.named:
            return None
        raise UnknownColumnError(f"no column {name} is known here")

    def at(self, place: Place) -> Column:
        """The column at a place."""
        return self.relations[place[0]].columns[place[1]]

    def is_plain(self, column: exp.Column) -> bool:
        """Whether it is a column itself, and no field of a struct."""
        return self.place(column) is not None or (not column.table and column.name.lower() in self.named)

    def known(self, column: exp.Column) -> Column:
        """What is known of a column that an expression names."""
        place = self.place(column)
        if place is not None:
            return self.at(place)
        name = column.table.lower() or column.name.lower()
        if name in self.named:
            return self.named[name]
        found = self._find(name)
        assert found is not None
        return self.at(found)


def plain(expression: exp.Expr) -> exp.Expr:
    """An expression without alias and brackets."""
    while isinstance(expression, exp.Alias | exp.Paren):
        expression = expression.this
    return expression


def line_of(node: exp.Expr) -> int:
    """The line on which an expression begins, from 1."""
    lines = [int(part.meta["line"]) for part in node.walk() if "line" in part.meta]
    return min(lines, default=1)


def own_nodes(node: exp.Expr) -> Iterator[exp.Expr]:
    """The nodes of an expression, those of queries within it left out."""
    yield from node.walk(prune=lambda part: isinstance(part, exp.Query))


def is_aggregate(node: exp.Expr) -> bool:
    """Whether an expression makes one value of many rows, so that its select collapses them."""
    return any(isinstance(part, exp.AggFunc) and not _is_windowed(part) for part in own_nodes(node))


def _is_windowed(node: exp.Expr) -> bool:
    parent = node.parent
    while isinstance(parent, exp.Filter | exp.IgnoreNulls | exp.RespectNulls | exp.WithinGroup):
        parent = parent.parent
    return isinstance(parent, exp.Window) and parent.this is not None


def multiplying(node: exp.Expr) -> exp.Expr | None:
    """The part of an expression that may give several rows, or none, for one row; None where there is none."""
    for part in own_nodes(node):
        if isinstance(part, _MULTIPLYING):
            return part
        if isinstance(part, exp.Anonymous) and part.name.upper() not in ONE_VALUE:
            return part
    return None


def numbered_within(node: exp.Expr, scope: Scope) -> list[Place] | None:
    """The columns that a row number is counted within; None where it is no row number over plain columns."""
    inner = plain(node)
    while isinstance(inner, exp.Cast):
        inner = plain(inner.this)
    if not isinstance(inner, exp.Window) or not isinstance(inner.this, exp.RowNumber):
        return None
    places: list[Place] = []
    for part in inner.args.get("partition_by") or []:
        place = scope.place(part) if isinstance(part, exp.Column) else None
        if place is None:
            return None
        places.append(place)
    return places
