"""Writes a table of a release as Parquet: the same rows always make the same bytes, and the file says what it holds.

DuckDB writes (zstd, dictionaries, statistics); the Arrow schema that goes with it carries each column's meaning.
"""

from __future__ import annotations

import base64
import json
from math import ceil
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.domain.tables import Table
from pipelines.landing.parts import arrow_type
from pipelines.shapes.sql import literal

MOST_BYTES = 256 * 2**20
"""A file of a release is smaller than this: object stores check the whole sum of what goes up in one request only."""


class TooLargeError(RuntimeError):
    """One row alone is larger than a file of a release may be."""


def write_parquet(
    con: duckdb.DuckDBPyConnection, table: Table, query: str, folder: Path, most_bytes: int = MOST_BYTES
) -> None:
    """Write a query's rows, in its order, into ``folder`` as ``part-00000.parquet`` and so on.

    A table that is too large for one file is cut into parts of equal numbers of rows, few enough to fit.

    Raises:
        TooLargeError: no cut makes the parts fit.
    """
    folder.mkdir()
    whole = folder / _part(0)
    _copy(con, table, query, whole)
    if whole.stat().st_size < most_bytes:
        return
    uncut = whole.rename(folder / "uncut.parquet")
    rows = pq.read_metadata(uncut).num_rows
    parts = ceil(uncut.stat().st_size / most_bytes)
    while True:
        parts += ceil(parts / 4)  # parts are not all of one size, and each has a footer
        each = ceil(rows / parts)
        for number, first in enumerate(range(0, rows, each)):
            part = folder / _part(number)
            _copy(con, table, _rows(uncut, first, first + each), part)
            if part.stat().st_size >= most_bytes:
                break
        else:
            uncut.unlink()
            return
        if each == 1:
            raise TooLargeError(f"a row of {table.name} takes more than {most_bytes:,} bytes, the most a file may have")


def arrow_schema(table: Table) -> pa.Schema:
    """The table's schema, with the meaning and the unit of each column in the field's metadata."""
    fields = []
    for column in table.columns:
        told = {"description": column.description} | ({"unit": column.unit} if column.unit else {})
        fields.append(pa.field(column.name, arrow_type(column.type), column.nullable, told))
    return pa.schema(fields, {"description": table.grain, "key": json.dumps(table.key)})


def _copy(con: duckdb.DuckDBPyConnection, table: Table, query: str, target: Path) -> None:
    schema = arrow_schema(table)
    told = {
        # Where Arrow and what builds on it look for a schema that says more than Parquet's own.
        "ARROW:schema": base64.b64encode(schema.serialize().to_pybytes()).decode(),
        # The same for everybody else.
        **{key.decode(): value.decode() for key, value in schema.metadata.items()},
        "columns": json.dumps({column.name: column.description for column in table.columns}, ensure_ascii=False),
    }
    metadata = ", ".join(f"{literal(key)}: {literal(value)}" for key, value in told.items())
    con.execute(
        f"copy ({query}) to {literal(str(target))} (format parquet, compression zstd, kv_metadata {{{metadata}}})"
    )


def _rows(path: Path, first: int, end: int) -> str:
    return (
        f"select * exclude (file_row_number) from read_parquet({literal(str(path))}, file_row_number = true)"
        f" where file_row_number >= {first} and file_row_number < {end}"
    )


def _part(number: int) -> str:
    return f"part-{number:05d}.parquet"
