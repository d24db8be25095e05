"""Evaluates a query over abstract relations: which rows it keeps, which columns it copies, which keys it has.

Only what is known to keep rows is let through. A construct that nothing here knows is a violation, not a guess.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from expectations.static_proof.columns import Output
from expectations.static_proof.joins import join
from expectations.static_proof.keys import grouped, put_out
from expectations.static_proof.relations import Column, Relation, Violation
from expectations.static_proof.scope import (
    Scope,
    UnknownColumnError,
    is_aggregate,
    line_of,
    multiplying,
)

_SHOWN = 80
_CLAUSES = frozenset(
    {"expressions", "from_", "joins", "where", "group", "having", "qualify", "order", "limit", "offset", "fetch"}
    | {"distinct", "with_", "sample", "laterals", "pivots", "hint"}
)
_TABLE = frozenset({"this", "db", "catalog", "alias"})


class SqlError(ValueError):
    """SQL that cannot be read; the message says where."""


@dataclass(frozen=True)
class AllowedFilter:
    """A filter on rows that has its entry in the ledger: its condition as SQL, and where the rows go instead."""

    where: str
    ledger: str


@dataclass
class Evaluator:
    """Evaluates the SQL of one model.

    Attributes:
        model: the model's name, for violations.
        tables: what is known of the tables that it may read, by name (``stg_judgments``, ``landing.judgments``).
        dialect: the SQL dialect, as sqlglot names it.
        filters: filters that are declared, with the ledger entry of what they leave out.
    """

    model: str
    tables: Mapping[str, Relation]
    dialect: str = "duckdb"
    filters: Sequence[AllowedFilter] = ()
    read: set[str] = field(default_factory=set)

    def run(self, sql: str) -> Relation:
        """The relation that a query makes.

        Raises:
            SqlError: it is not one query, or cannot be parsed, or names what it does not read.
        """
        try:
            statements = [one for one in sqlglot.parse(sql, dialect=self.dialect) if one is not None]
        except SqlglotError as error:
            raise SqlError(f"{self.model}: cannot be read as {self.dialect}: {str(error).splitlines()[0]}") from None
        if len(statements) != 1 or not isinstance(statements[0], exp.Query):
            raise SqlError(f"{self.model}: is not one query")
        try:
            return self._query(statements[0], {})
        except UnknownColumnError as error:
            raise SqlError(f"{self.model}: {error}") from None

    def violation(self, node: exp.Expr, rule: str, message: str) -> Violation:
        """What is wrong at a place of the model."""
        text = node.sql(dialect=self.dialect)
        shown = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
        return Violation(self.model, line_of(node), shown, rule, message)

    def _query(self, query: exp.Expr, ctes: Mapping[str, Relation]) -> Relation:
        known = dict(ctes)
        with_ = query.args.get("with_")
        if with_ is not None and with_.args.get("recursive"):
            raise SqlError(f"{self.model}: a recursive query cannot be proved")
        for cte in with_.expressions if with_ is not None else []:
            known[cte.alias.lower()] = self._renamed(self._query(cte.this, known), cte.args.get("alias"))
        if isinstance(query, exp.Select):
            return self._select(query, known)
        if isinstance(query, exp.SetOperation):
            return self._set(query, known)
        if isinstance(query, exp.Subquery):
            inner = self._renamed(self._query(query.this, known), query.args.get("alias"))
            others = [name for name in ("joins", "sample", "pivots", "limit", "where") if query.args.get(name)]
            return self._unproved(inner, query, others) if others else inner
        raise SqlError(f"{self.model}: {type(query).__name__.lower()} cannot be proved")

    def _renamed(self, relation: Relation, alias: exp.Expr | None) -> Relation:
        """With the column names of ``t(a, b)``, where there are any."""
        names = [one.name.lower() for one in alias.args.get("columns") or []] if alias is not None else []
        if not names:
            return relation
        changed = dict(zip(relation.columns, names, strict=False))
        return _project(relation, [(changed.get(name, name), column) for name, column in relation.columns.items()])

    def _set(self, query: exp.SetOperation, ctes: Mapping[str, Relation]) -> Relation:
        left, right = self._query(query.left, ctes), self._query(query.right, ctes)
        is_all = isinstance(query, exp.Union) and not query.args.get("distinct")
        columns = {}
        for (name, one), other in zip(left.columns.items(), right.columns.values(), strict=False):
            same = one.copy_of if one.copy_of == other.copy_of else None
            how = "" if same else query.key
            columns[name] = replace(one, origins=one.origins | other.origins, copy_of=same, how=how, ranks=None)
        keys = frozenset() if is_all else frozenset({frozenset(columns)})
        carries = left.carries or right.carries
        breaks = (*left.breaks, *right.breaks)
        if carries:
            named = query.key.upper()
            message = (
                f"{named} ALL puts rows of several queries together: some may come twice, or from nowhere"
                if is_all
                else f"{named} removes rows that look alike, and people who agree look alike"
            )
            breaks = (*breaks, self._at(query, "set operation", message))
        return Relation(columns, keys, carries, breaks)

    def _at(self, query: exp.SetOperation, rule: str, message: str) -> Violation:
        """A violation of a set operation: it stands where its second query begins."""
        found = self.violation(query.right, rule, message)
        return replace(found, expression=f"{query.key} … {found.expression}"[:_SHOWN])

    def _select(self, select: exp.Select, ctes: Mapping[str, Relation]) -> Relation:
        scope, rows = self._rows(select, ctes)
        if where := select.args.get("where"):
            rows = self._filtered(rows, where)
        output = Output(self.model, self.dialect, scope).fill(select)
        result = self._collapsed(select, put_out(rows, output, where), scope)
        for clause, rule, message in _DROPPING:
            if select.args.get(clause):
                node = select.args[clause]
                at = node if isinstance(node, exp.Expr) else select
                result = _break(result, self.violation(at, rule, message))
        for one in select.expressions:
            if (part := multiplying(one)) is not None:
                message = "may give several rows, or none, for one row, and nothing shows that it does not"
                result = _break(result, self.violation(part, "row count", message))
        if unknown := [name for name, value in select.args.items() if value and name not in _CLAUSES]:
            result = self._unproved(result, select, unknown)
        return result

    def _unproved(self, relation: Relation, node: exp.Expr, clauses: Sequence[str]) -> Relation:
        if "sample" in clauses:
            return _break(relation, self.violation(node, "sampling", _SAMPLED))
        named = ", ".join(name.strip("_") for name in clauses)
        return _break(relation, self.violation(node, "unknown clause", f"nothing shows that {named} keeps every row"))

    def _rows(self, select: exp.Select, ctes: Mapping[str, Relation]) -> tuple[Scope, Relation]:
        """The scope of a select, and the rows of its from and joins, keys by (alias.column)."""
        scope = Scope()
        from_ = select.args.get("from_")
        if from_ is None:
            return scope, Relation()
        alias, base = self._source(from_.this, ctes)
        scope.relations[alias] = base
        rows = replace(base, keys=frozenset(frozenset(f"{alias}.{name}" for name in key) for key in base.keys))
        for one in select.args.get("joins") or []:
            name, other = self._source(one.this, ctes)
            rows = join(self, rows, scope, one, name, other)
            scope.relations[name] = other
            scope.merged |= {(name, part.name.lower()) for part in one.args.get("using") or []}
        for lateral in select.args.get("laterals") or []:
            message = "a lateral view gives a row for each element, and none for an empty list"
            rows = _break(rows, self.violation(lateral, "row count", message))
            made = lateral.args["alias"].args.get("columns") or []
            scope.relations[lateral.alias.lower()] = Relation(
                {one.name.lower(): Column(one.name.lower()) for one in made}
            )
        return scope, rows

    def _source(self, node: exp.Expr, ctes: Mapping[str, Relation]) -> tuple[str, Relation]:
        if isinstance(node, exp.Subquery):
            return (node.alias or "subquery").lower(), self._query(node, ctes)
        if not isinstance(node, exp.Table) or not isinstance(node.this, exp.Identifier):
            raise SqlError(f"{self.model}: {node.sql(dialect=self.dialect)[:_SHOWN]} is no table that is known here")
        name = node.name.lower()
        if not node.db and name in ctes:
            relation = ctes[name]
        else:
            found = [known for known in (f"{node.db.lower()}.{name}", name) if known in self.tables]
            if not found:
                raise SqlError(f"{self.model}: reads {node.sql(dialect=self.dialect)}, which no model or source makes")
            self.read.add(found[0])
            relation = self.tables[found[0]]
        relation = self._renamed(relation, node.args.get("alias"))
        if unknown := [arg for arg, value in node.args.items() if value and arg not in _TABLE]:
            relation = self._unproved(relation, node, unknown)
        return (node.alias or node.name).lower(), relation

    def _filtered(self, rows: Relation, where: exp.Expr) -> Relation:
        condition = where.this.sql(dialect=self.dialect)
        allowed = {sqlglot.parse_one(one.where, dialect=self.dialect).sql(dialect=self.dialect) for one in self.filters}
        if rows.carries is None or condition in allowed:
            return rows
        message = "leaves rows out, and no entry in the ledger says where they went"
        return _break(rows, self.violation(where, "filter", message))

    def _collapsed(self, select: exp.Select, result: Relation, scope: Scope) -> Relation:
        """Grouping, aggregates and distinct: they make new keys, and break what carries rows."""
        group, distinct = select.args.get("group"), select.args.get("distinct")
        aggregates = [one for one in select.expressions if is_aggregate(one)]
        if group is not None:
            keyed = grouped(select, group, scope)
            result = replace(result, keys=frozenset({keyed}) if keyed is not None else frozenset())
            message = "makes one row of many: whoever disagrees is no longer there"
            result = _break(result, self.violation(group, "grouping", message))
        elif aggregates:
            result = replace(result, keys=frozenset({frozenset()}))
            message = "makes one value of all rows: a vote, a mean, or a pick"
            result = _break(result, self.violation(aggregates[0], "aggregate", message))
        if distinct is not None:
            result = replace(result, keys=result.keys | {frozenset(result.columns)})
            message = "removes rows that look alike, and people who agree look alike"
            at = select if not distinct.args.get("on") else distinct
            result = _break(result, self.violation(at, "distinct", message))
        return result


_SAMPLED = "takes some of the rows by chance"
_DROPPING = (
    ("having", "filter", "leaves groups out"),
    ("qualify", "filter", "picks rows by a window, and the others are gone"),
    ("limit", "limit", "takes the first rows, and the others are gone"),
    ("offset", "limit", "skips rows"),
    ("fetch", "limit", "takes the first rows, and the others are gone"),
    ("sample", "sampling", _SAMPLED),
)


def _project(relation: Relation, named: Sequence[tuple[str, Column]]) -> Relation:
    old = dict(zip(relation.columns, (name for name, _ in named), strict=True))
    keys = frozenset(frozenset(old[name] for name in key) for key in relation.keys)
    return replace(relation, columns={name: replace(column, name=name) for name, column in named}, keys=keys)


def _break(relation: Relation, violation: Violation) -> Relation:
    return relation.broken_by(violation) if relation.carries else relation
