"""What a select puts out: its columns, which of them are plain copies, and of what."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sqlglot import exp

from expectations.static_proof.relations import Column
from expectations.static_proof.scope import Place, Scope, line_of, numbered_within, own_nodes, plain

_TYPES = {"text": "string", "varchar": "string", "int": "int32", "integer": "int32", "bigint": "int64"}


@dataclass
class Output:
    """The columns of one select, in order; ``places`` tells which of them are plain columns of its scope."""

    model: str
    dialect: str
    scope: Scope
    columns: dict[str, Column] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)

    def fill(self, select: exp.Select) -> Output:
        """Take every projection of a select.

        Raises:
            UnknownColumnError: one names what is not in scope.
        """
        for one in select.expressions:
            if isinstance(one, exp.Star):
                self._star(one, "")
            elif isinstance(one, exp.Column) and isinstance(one.this, exp.Star):
                self._star(one.this, one.table.lower())
            else:
                name = one.alias_or_name.lower() or one.sql(dialect=self.dialect).lower()
                self._put(name, one)
                self.scope.named[name] = self.columns[name]
        return self

    def _put(self, name: str, node: exp.Expr) -> None:
        self.columns[name] = self._column(name, node)
        inner = plain(node)
        self.places.pop(name, None)
        if isinstance(inner, exp.Column) and (place := self.scope.place(inner)) is not None:
            self.places[name] = place

    def _star(self, star: exp.Star, only: str) -> None:
        left_out = {one.name.lower() for one in star.args.get("except_") or []}
        renamed = {one.this.name.lower(): one.alias.lower() for one in star.args.get("rename") or []}
        replaced = {one.alias.lower(): one for one in star.args.get("replace") or []}
        for alias, relation in self.scope.relations.items():
            if only and alias != only:
                continue
            for name, column in relation.columns.items():
                shown = renamed.get(name, name)
                if name in left_out or shown in self.columns:
                    continue
                if name in replaced:
                    self._put(shown, replaced[name])
                else:
                    self.columns[shown] = replace(column, name=shown)
                    self.places[shown] = (alias, name)

    def _column(self, name: str, node: exp.Expr) -> Column:
        inner = plain(node)
        if isinstance(inner, exp.Column) and self.scope.is_plain(inner):
            return replace(self.scope.known(inner), name=name)
        if isinstance(inner, exp.Cast) and not isinstance(inner, exp.TryCast):
            cast = plain(inner.this)
            if isinstance(cast, exp.Column) and self.scope.is_plain(cast):
                known = self.scope.known(cast)
                if known.copy_of and known.type and self._type(inner.to) == known.type:
                    return replace(known, name=name)
        origins = [self.scope.known(part).origins for part in own_nodes(inner) if isinstance(part, exp.Column)]
        within = numbered_within(inner, self.scope)
        return Column(
            name,
            frozenset().union(*origins),
            None,
            how=inner.sql(dialect=self.dialect),
            line=line_of(node),
            model=self.model,
            ranks=None if within is None else frozenset(f"{alias}.{column}" for alias, column in within),
        )

    def _type(self, kind: exp.Expr) -> str:
        """A type as the tables name it; one with a length or scale is no type of theirs."""
        text = kind.sql(dialect=self.dialect).lower()
        return _TYPES.get(text, text)
