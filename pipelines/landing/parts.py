"""Writes landed rows as Parquet, a part a chunk: the same rows always make the same bytes.

Arrow writes, not DuckDB: most columns of a judgment hold one value throughout a file, which costs it next to nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.domain.tables import Table
from pipelines.domain.types import ColumnType, ListOf, Scalar, Struct

ROW_GROUP = 122_880
"""Rows; as many as DuckDB reads at a time."""

_SCALARS = {
    "string": pa.string(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us"),
}


def arrow_type(column_type: ColumnType) -> pa.DataType:
    """The type as Arrow has it."""
    if isinstance(column_type, Scalar):
        return _SCALARS[column_type.name]
    if isinstance(column_type, ListOf):
        return pa.list_(arrow_type(column_type.element))
    assert isinstance(column_type, Struct)
    return pa.struct([(name, arrow_type(kind)) for name, kind in column_type.fields])


class PartWriter:
    """Writes parts into the folders of their tables, in the background, one after the other.

    Leaving the context waits for the last one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._thread = ThreadPoolExecutor(1)
        self._last: Future[None] | None = None

    def __enter__(self) -> PartWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown()
        if error is None:
            self.wait()

    def wait(self) -> None:
        """Until everything that was given is written.

        Raises:
            OSError: it could not be.
        """
        last, self._last = self._last, None
        if last is not None:
            last.result()

    def write(self, table: Table, part: int, rows: pa.Table, constants: Mapping[str, Any] | None = None) -> int:
        """Write one part of a table: its rows, and the columns that are the same in each of them. How many rows."""
        self.wait()
        folder = self._folder / table.name
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"part-{part:05d}.parquet"
        self._last = self._thread.submit(_write, table, path, rows, constants or {})
        return rows.num_rows


def _write(table: Table, path: Path, rows: pa.Table, constants: Mapping[str, Any]) -> None:
    # Where its batches break must not show in the pages of the file.
    rows = rows.combine_chunks()
    columns = [
        _constant(constants[column.name], arrow_type(column.type), rows.num_rows)
        if column.name in constants
        else rows.column(column.name).cast(arrow_type(column.type))
        for column in table.columns
    ]
    leaves = [leaf for column in table.columns for leaf in _leaves(column.name, column.type)]
    ordinals = [leaf for leaf in leaves if leaf == "record_ordinal"]
    pq.write_table(
        pa.table(columns, names=list(table.column_names)),
        path,
        compression="zstd",
        row_group_size=ROW_GROUP,
        use_dictionary=[leaf for leaf in leaves if leaf not in ordinals],
        column_encoding=dict.fromkeys(ordinals, "DELTA_BINARY_PACKED"),
    )


def _leaves(name: str, column_type: ColumnType) -> list[str]:
    """The paths under which Parquet holds a column's values."""
    if isinstance(column_type, ListOf):
        return _leaves(f"{name}.list.element", column_type.element)
    if isinstance(column_type, Struct):
        return [leaf for field, kind in column_type.fields for leaf in _leaves(f"{name}.{field}", kind)]
    return [name]


def _constant(value: Any, kind: pa.DataType, rows: int) -> pa.Array:
    if value is None:
        return pa.nulls(rows, kind)
    if not pa.types.is_string(kind):
        return pa.repeat(pa.scalar(value, kind), rows)
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, dtype=np.int32)), pa.array([value], kind))
