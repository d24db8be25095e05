"""Engine-neutral column types: the few that DuckDB, Spark and Arrow share without loss.

Only the types themselves live here; what the tables hold is in ``tables``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scalar:
    """A single value. ``name`` is one of ``SCALAR_NAMES``."""

    name: str

    def __post_init__(self) -> None:
        if self.name not in SCALAR_NAMES:
            raise ValueError(f"unknown scalar type {self.name!r}; known: {', '.join(SCALAR_NAMES)}")


@dataclass(frozen=True)
class ListOf:
    """An ordered list of one element type."""

    element: ColumnType


@dataclass(frozen=True)
class Struct:
    """Named fields in a fixed order."""

    fields: tuple[tuple[str, ColumnType], ...]


ColumnType = Scalar | ListOf | Struct

SCALAR_NAMES = ("string", "int32", "int64", "double", "boolean", "timestamp")

STRING = Scalar("string")
INT32 = Scalar("int32")
INT64 = Scalar("int64")
DOUBLE = Scalar("double")
BOOLEAN = Scalar("boolean")
TIMESTAMP = Scalar("timestamp")
"""An instant in UTC, to the microsecond."""

_DUCKDB = {
    "string": "varchar",
    "int32": "integer",
    "int64": "bigint",
    "double": "double",
    "boolean": "boolean",
    "timestamp": "timestamp",
}


def duckdb_type(column_type: ColumnType) -> str:
    """The type as DuckDB writes it, in lower case (``varchar``, ``struct(key varchar, rank integer)[]``)."""
    if isinstance(column_type, Scalar):
        return _DUCKDB[column_type.name]
    if isinstance(column_type, ListOf):
        return f"{duckdb_type(column_type.element)}[]"
    inner = ", ".join(f'"{name}" {duckdb_type(kind)}' for name, kind in column_type.fields)
    return f"struct({inner})"


def plain_name(column_type: ColumnType) -> str:
    """The type as documents show it: ``string``, ``list<string>``, ``list<struct<key: string, rank: int32>>``."""
    if isinstance(column_type, Scalar):
        return column_type.name
    if isinstance(column_type, ListOf):
        return f"list<{plain_name(column_type.element)}>"
    inner = ", ".join(f"{name}: {plain_name(kind)}" for name, kind in column_type.fields)
    return f"struct<{inner}>"
