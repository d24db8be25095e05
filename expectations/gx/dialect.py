"""The SQLAlchemy dialect through which Great Expectations reads DuckDB.

GX fetches a result after it has closed the connection, and DuckDB's result is gone by then: here every result is
read at once. GX gets cursors of a connection that the caller opened, so that the file is opened once and its lock
ends with the caller. Nothing else in the product talks to DuckDB through SQLAlchemy.
"""

from __future__ import annotations

import atexit
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb
import duckdb_engine
from sqlalchemy import Connection, text
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg2 import PGExecutionContext_psycopg2
from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy
from sqlalchemy.engine.interfaces import ReflectedColumn, ReflectedPrimaryKeyConstraint
from sqlalchemy.engine.url import URL
from sqlalchemy.pool import NullPool, Pool
from sqlalchemy.types import NullType

DRIVER = "duckdb+lent"

_lent: dict[str, duckdb.DuckDBPyConnection] = {}
_numbers = itertools.count(1)


class _ReadAtOnce(PGExecutionContext_psycopg2):
    def post_exec(self) -> None:
        description = self.cursor.description
        if description is None:
            return
        # by the type's name: SQLAlchemy may keep a description for longer than DuckDB's own types live
        named: list[Any] = [(name, str(kind), *rest) for name, kind, *rest in description]
        self.cursor_fetch_strategy = FullyBufferedCursorFetchStrategy(self.cursor, alternate_description=named)


class LentDuckDB(duckdb_engine.Dialect):
    """DuckDB by way of a connection lent with ``lend``; each of SQLAlchemy's connections is a cursor of it."""

    driver = "lent"
    execution_ctx_cls = _ReadAtOnce
    supports_statement_cache = False

    @classmethod
    def get_pool_class(cls, url: URL) -> type[Pool]:
        """No pool: a cursor costs nothing, and one that is kept would hold the file."""
        return NullPool

    def connect(self, *cargs: Any, **cparams: Any) -> Any:
        """A cursor of the lent connection that the URL names."""
        return duckdb_engine.ConnectionWrapper(_lent[cparams["database"]].cursor())

    def get_columns(
        self, connection: Connection, table_name: str, schema: str | None = None, **_: Any
    ) -> list[ReflectedColumn]:
        """The names of a table's columns, in order; duckdb_engine's way through pg_catalog is slow."""
        found = connection.execute(
            text(
                "select column_name, is_nullable from duckdb_columns() where database_name = current_database()"
                " and lower(schema_name) = lower(coalesce(:schema_name, current_schema()))"
                " and table_name = :table_name order by column_index"
            ),
            {"table_name": table_name, "schema_name": schema},
        )
        return [{"name": name, "type": NullType(), "nullable": nullable, "default": None} for name, nullable in found]

    def get_schema_names(self, connection: Connection, **_: Any) -> list[str]:
        """The names of the schemas; duckdb_engine puts the file's name before each, and GX then misses its schema."""
        found = connection.execute(
            text("select schema_name from duckdb_schemas() where database_name = current_database()")
        )
        return [name for (name,) in found]

    def get_pk_constraint(
        self, connection: Connection, table_name: str, schema: str | None = None, **_: Any
    ) -> ReflectedPrimaryKeyConstraint:
        """None: the marts declare no primary keys to DuckDB."""
        return {"constrained_columns": [], "name": None}


@contextmanager
def lend(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """The URL under which SQLAlchemy reaches the connection, for as long as the block lasts."""
    name = f"lent-{next(_numbers)}"
    _lent[name] = connection
    try:
        yield URL.create(DRIVER, database=name).render_as_string()
    finally:
        del _lent[name]


registry.register("duckdb.lent", __name__, LentDuckDB.__name__)

# With GX imported, duckdb_engine outlives DuckDB's own module at exit, and DuckDB then prints forty lines about leaks.
atexit.register(vars(duckdb_engine).clear)
