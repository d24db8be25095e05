"""The abstract relation: what is known of a query's rows and columns without running it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, order=True)
class Origin:
    """A column of a table that no model makes, such as ``landing.judgments`` and ``answer``."""

    table: str
    column: str

    def __str__(self) -> str:
        return f"{self.table}.{self.column}"


@dataclass(frozen=True)
class Column:
    """What is known of one column.

    Attributes:
        name: its name.
        origins: every column that it is computed from.
        copy_of: the column of which it is an unchanged copy, row by row; None where it is computed.
        how: the expression that computes it, as SQL; empty for a copy.
        line: the line of that expression in its model, from 1.
        model: the model in which it was computed.
        type: its engine-neutral type, where it is known.
        ranks: where it is a row number, the columns that it is numbered within.
    """

    name: str
    origins: frozenset[Origin] = frozenset()
    copy_of: Origin | None = None
    how: str = ""
    line: int = 1
    model: str = ""
    type: str | None = None
    ranks: frozenset[str] | None = None


@dataclass(frozen=True)
class Violation:
    """One place where a model may lose, multiply, merge or alter rows: what it is, and why it matters."""

    model: str
    line: int
    expression: str
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.model}:{self.line}: {self.message} ({self.rule}): {self.expression}"


@dataclass(frozen=True)
class Relation:
    """What is known of a query's result.

    Attributes:
        columns: by name, in order.
        keys: sets of columns of which no two rows share all values, null counting as a value.
        carries: the table whose rows it carries, such as ``landing.judgments``; None where it carries none of interest.
        breaks: why its rows may not be exactly those that it carries.
    """

    columns: dict[str, Column] = field(default_factory=dict)
    keys: frozenset[frozenset[str]] = frozenset()
    carries: str | None = None
    breaks: tuple[Violation, ...] = ()

    def has_key(self, columns: Iterable[str]) -> bool:
        """Whether no two rows share all of these columns."""
        chosen = frozenset(columns)
        return any(key <= chosen for key in self.keys)

    def broken_by(self, *violations: Violation) -> Relation:
        """The same relation with more reasons against it."""
        return replace(self, breaks=(*self.breaks, *(one for one in violations if one not in self.breaks)))


def table(name: str, columns: dict[str, str], keys: Iterable[Iterable[str]], *, carries: bool = False) -> Relation:
    """A table that no model makes: every column is its own origin. ``columns`` maps names to engine-neutral types."""
    return Relation(
        {
            column: Column(column, frozenset({Origin(name, column)}), Origin(name, column), type=kind)
            for column, kind in columns.items()
        },
        frozenset(frozenset(key) for key in keys),
        name if carries else None,
    )
