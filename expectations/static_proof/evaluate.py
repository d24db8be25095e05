"""Evaluates a query over abstract relations: which rows it keeps, which columns it copies, which keys it has.

Only what is known to keep rows is let through. A construct that nothing here knows is a violation, not a guess.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from expectations.static_proof.joins import join
from expectations.static_proof.relations import Column, Relation, Violation
from expectations.static_proof.scope import (
    Scope,
    UnknownColumnError,
    is_aggregate,
    line_of,
    multiplying,
    numbered_within,
    own_nodes,
    plain,
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

    def violation(self, node: exp.Expression, rule: str, message: str) -> Violation:
        """What is wrong at a place of the model."""
        text = node.sql(dialect=self.dialect)
        shown = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
        return Violation(self.model, line_of(node), shown, rule, message)

    def _query(self, query: exp.Expression, ctes: Mapping[str, Relation]) -> Relation:
        known = dict(ctes)
        with_ = query.args.get("with_")
        for cte in with_.expressions if with_ else []:
            if with_.args.get("recursive"):
                raise SqlError(f"{self.model}: a recursive query cannot be proved")
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

    def _renamed(self, relation: Relation, alias: exp.Expression | None) -> Relation:
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
            rows = self._filtered(rows, where, scope)
        places: dict[str, tuple[str, str]] = {}
        columns = self._columns(select, scope, places)
        result = self._with_keys(rows, scope, columns, places, where)
        result = self._collapsed(select, result, columns, scope)
        for clause, rule, message in _DROPPING:
            if select.args.get(clause):
                node = select.args[clause]
                at = node if isinstance(node, exp.Expression) else select
                result = _break(result, self.violation(at, rule, message))
        for one in select.expressions:
            if (part := multiplying(one)) is not None:
                message = "may give several rows, or none, for one row, and nothing shows that it does not"
                result = _break(result, self.violation(part, "row count", message))
        if unknown := [name for name, value in select.args.items() if value and name not in _CLAUSES]:
            result = self._unproved(result, select, unknown)
        return result

    def _unproved(self, relation: Relation, node: exp.Expression, clauses: Iterable[str]) -> Relation:
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
        for lateral in select.args.get("laterals") or []:
            message = "a lateral view gives a row for each element, and none for an empty list"
            rows = _break(rows, self.violation(lateral, "row count", message))
        return scope, rows

    def _source(self, node: exp.Expression, ctes: Mapping[str, Relation]) -> tuple[str, Relation]:
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

    def _filtered(self, rows: Relation, where: exp.Expression, scope: Scope) -> Relation:
        del scope
        condition = where.this.sql(dialect=self.dialect)
        allowed = {sqlglot.parse_one(one.where, dialect=self.dialect).sql(dialect=self.dialect) for one in self.filters}
        if rows.carries is None or condition in allowed:
            return rows
        message = "leaves rows out, and no entry in the ledger says where they went"
        return _break(rows, self.violation(where, "filter", message))

    def _columns(
        self, select: exp.Select, scope: Scope, places: dict[str, tuple[str, str]]
    ) -> dict[str, Column]:
        """What the select puts out; ``places`` tells which of them are plain columns of its scope."""
        columns: dict[str, Column] = {}
        for one in select.expressions:
            if isinstance(one, exp.Star) or (isinstance(one, exp.Column) and isinstance(one.this, exp.Star)):
                self._star(one, scope, columns, places)
                continue
            name = one.alias_or_name.lower() or one.sql(dialect=self.dialect).lower()
            self._put(name, one, scope, columns, places)
            scope.named[name] = columns[name]
        return columns

    def _put(
        self,
        name: str,
        node: exp.Expression,
        scope: Scope,
        columns: dict[str, Column],
        places: dict[str, tuple[str, str]],
    ) -> None:
        columns[name] = self._column(name, node, scope)
        inner = plain(node)
        places.pop(name, None)
        if isinstance(inner, exp.Column) and (place := scope.place(inner)) is not None:
            places[name] = place

    def _star(
        self,
        node: exp.Expression,
        scope: Scope,
        columns: dict[str, Column],
        places: dict[str, tuple[str, str]],
    ) -> None:
        star = node.this if isinstance(node, exp.Column) else node
        only = node.table.lower() if isinstance(node, exp.Column) else ""
        left_out = {one.name.lower() for one in star.args.get("except_") or []}
        renamed = {one.this.name.lower(): one.alias.lower() for one in star.args.get("rename") or []}
        replaced = {one.alias.lower(): one for one in star.args.get("replace") or []}
        for alias, relation in scope.relations.items():
            if only and alias != only:
                continue
            for name, column in relation.columns.items():
                shown = renamed.get(name, name)
                if name in left_out or shown in columns:
                    continue
                if name in replaced:
                    self._put(shown, replaced[name], scope, columns, places)
                else:
                    columns[shown] = replace(column, name=shown)
                    places[shown] = (alias, name)

    def _column(self, name: str, node: exp.Expression, scope: Scope) -> Column:
        inner = plain(node)
        if isinstance(inner, exp.Column):
            known = scope.known(inner)
            if inner.name.lower() in (known.name, name) or scope.place(inner) is not None:
                return replace(known, name=name)
        if isinstance(inner, exp.Cast) and isinstance(plain(inner.this), exp.Column):
            known = scope.known(plain(inner.this))
            if known.copy_of and known.type and _type(inner.to, self.dialect) == known.type:
                return replace(known, name=name)
        origins = [scope.known(part).origins for part in own_nodes(inner) if isinstance(part, exp.Column)]
        within = numbered_within(inner, scope)
        return Column(
            name,
            frozenset().union(*origins),
            None,
            how=inner.sql(dialect=self.dialect),
            line=line_of(node),
            model=self.model,
            ranks=None if within is None else frozenset(f"{alias}.{column}" for alias, column in within),
        )

    def _with_keys(
        self,
        rows: Relation,
        scope: Scope,
        columns: dict[str, Column],
        places: dict[str, tuple[str, str]],
        where: exp.Expression | None,
    ) -> Relation:
        """The rows under the names of the output, with what keys its copies and row numbers make."""
        keys = set(rows.keys)
        for column in _first_of_each(where, scope):
            keys.add(frozenset(column))
        shown: dict[str, str] = {}
        for name, (alias, column) in places.items():
            shown.setdefault(f"{alias}.{column}", name)
        named = {frozenset(shown[part] for part in key) for key in keys if all(part in shown for part in key)}
        own = dict(columns)
        for name, column in columns.items():
            if column.ranks is None:
                continue
            if column.model == self.model and name not in places:
                if all(part in shown for part in column.ranks):
                    within = frozenset(shown[part] for part in column.ranks)
                    own[name] = replace(column, ranks=within)
                    named.add(within | {name})
                else:
                    own[name] = replace(column, ranks=None)
            else:
                alias = places[name][0] if name in places else ""
                inner = [f"{alias}.{part}" for part in column.ranks]
                kept = frozenset(shown[part] for part in inner) if all(part in shown for part in inner) else None
                own[name] = replace(column, ranks=kept)
        return Relation(own, frozenset(named), rows.carries, rows.breaks)

    def _collapsed(
        self, select: exp.Select, result: Relation, columns: dict[str, Column], scope: Scope
    ) -> Relation:
        """Grouping, aggregates and distinct: they make new keys, and break what carries rows."""
        group, distinct = select.args.get("group"), select.args.get("distinct")
        aggregates = [one for one in select.expressions if is_aggregate(one)]
        if group is not None:
            keyed = self._grouped(select, group, scope)
            result = replace(result, keys=frozenset({keyed}) if keyed is not None else frozenset())
            message = "makes one row of many: whoever disagrees is no longer there"
            result = _break(result, self.violation(group, "grouping", message))
        elif aggregates:
            result = replace(result, keys=frozenset({frozenset()}))
            message = "makes one value of all rows: a vote, a mean, or a pick"
            result = _break(result, self.violation(aggregates[0], "aggregate", message))
        if distinct is not None:
            result = replace(result, keys=result.keys | {frozenset(columns)})
            message = "removes rows that look alike, and people who agree look alike"
            at = select if not distinct.args.get("on") else distinct
            result = _break(result, self.violation(at, "distinct", message))
        return result

    def _grouped(self, select: exp.Select, group: exp.Expression, scope: Scope) -> frozenset[str] | None:
        """The output columns that are grouped by; None where a grouping column is not put out."""
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


_DROPPING = (
    ("having", "filter", "leaves groups out"),
    ("qualify", "filter", "picks rows by a window, and the others are gone"),
    ("limit", "limit", "takes the first rows, and the others are gone"),
    ("offset", "limit", "skips rows"),
    ("fetch", "limit", "takes the first rows, and the others are gone"),
    ("sample", "sampling", "takes some of the rows by chance"),
)


def _same(one: exp.Expression, part: exp.Expression, name: str, scope: Scope) -> bool:
    if isinstance(part, exp.Column) and isinstance(one, exp.Column):
        try:
            return scope.place(one) == scope.place(part) is not None
        except UnknownColumnError:
            return False
    return one == part or (isinstance(part, exp.Column) and not part.table and part.name.lower() == name)


def _first_of_each(where: exp.Expression | None, scope: Scope) -> list[list[str]]:
    """For each condition ``rank = 1`` on a row number: the columns that it is numbered within, now unique."""
    found: list[list[str]] = []
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
            found.append([f"{place[0]}.{name}" for name in ranks])
    return found


def _project(relation: Relation, named: Sequence[tuple[str, Column]]) -> Relation:
    old = dict(zip(relation.columns, (name for name, _ in named), strict=True))
    keys = frozenset(frozenset(old[name] for name in key) for key in relation.keys)
    return replace(relation, columns={name: replace(column, name=name) for name, column in named}, keys=keys)


def _break(relation: Relation, violation: Violation) -> Relation:
    return relation.broken_by(violation) if relation.carries else relation


def _type(kind: exp.Expression, dialect: str) -> str:
    """A type as the tables name it."""
    text = kind.sql(dialect=dialect).lower()
    return {"text": "string", "varchar": "string", "int": "int32", "integer": "int32", "bigint": "int64"}.get(text, text)
