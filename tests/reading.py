"""Rows as readers give them, without the dress of their libraries, so that they can be compared."""

from __future__ import annotations

import math
from typing import Any

import datasets
import duckdb
import pandas
import polars

Rows = list[tuple[Any, ...]]


def plain(value: Any) -> Any:
    """A value without the dress of its library."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if value is None or value is pandas.NaT or (isinstance(value, float) and math.isnan(value)):
        return None
    return value.to_pydatetime() if isinstance(value, pandas.Timestamp) else value


def rows_of(read: Any) -> Rows:
    """The rows that a reader gave, whichever it is."""
    if isinstance(read, pandas.DataFrame):
        found = read.astype(object).itertuples(index=False, name=None)
    elif isinstance(read, polars.DataFrame):
        found = iter(read.rows())
    elif isinstance(read, datasets.Dataset):
        found = (tuple(row.values()) for row in read.to_list())
    elif isinstance(read, duckdb.DuckDBPyRelation):
        found = iter(read.fetchall())
    else:
        found = (tuple(row.values()) for row in read.to_pylist())
    return [tuple(plain(value) for value in row) for row in found]
