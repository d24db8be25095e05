"""Fingerprints are equal exactly where two multisets of judgments are: order is nothing, a null is a value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from expectations.laws.sql import COMPARED, fingerprints
from pipelines.domain.tables import JUDGMENTS
from pipelines.domain.types import BOOLEAN, DOUBLE, INT32, INT64, STRING, TIMESTAMP, ColumnType, ListOf, Struct
from tests.unit.laws_bench import Row, fill, judgment, judgments


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(":memory:")
    yield connection
    connection.close()


def fingerprint(con: duckdb.DuckDBPyConnection, rows: list[Row]) -> list[Any]:
    fill(con, "layer", rows)
    return sorted(con.execute(fingerprints("layer")).fetchall())


def values(kind: ColumnType) -> st.SearchStrategy[Any]:
    """Few values of a type, and values that are easily taken for each other: null, empty, a list of one."""
    if isinstance(kind, ListOf):
        return st.none() | st.lists(values(kind.element), max_size=2)
    if isinstance(kind, Struct):
        return st.none() | st.fixed_dictionaries({name: values(field) for name, field in kind.fields})
    by_type: dict[ColumnType, st.SearchStrategy[Any]] = {
        STRING: st.sampled_from(["", "a", "ab", "null", "a,b", '"', "ä", "a "]),
        DOUBLE: st.sampled_from([0.0, 1.0, 1.5, 0.1 + 0.2, 0.3]),
        BOOLEAN: st.booleans(),
        TIMESTAMP: st.none(),
        INT32: st.sampled_from([0, 1]),
        INT64: st.sampled_from([0, 1]),
    }
    return st.none() | by_type[kind]


_VARIED = [name for name in COMPARED if name != "source_id"]
_ROW = st.dictionaries(st.sampled_from(_VARIED), st.none(), max_size=3).flatmap(
    lambda names: st.fixed_dictionaries({name: values(JUDGMENTS.column(name).type) for name in names})
)
_ROWS = st.lists(_ROW, max_size=4)


def multiset(rows: list[Row]) -> Counter[str]:
    return Counter(repr([row[name] for name in COMPARED]) for row in rows)


def rows_of(changes: list[dict[str, Any]]) -> list[Row]:
    return [judgment("i", "a", "q", "x", 0, **change) for change in changes]


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(one=_ROWS, other=_ROWS, data=st.data())
def test_fingerprints_are_equal_exactly_where_the_multisets_are(
    con: duckdb.DuckDBPyConnection, one: list[dict[str, Any]], other: list[dict[str, Any]], data: st.DataObject
) -> None:
    ours, theirs = rows_of(one), rows_of(other)
    assert (fingerprint(con, ours) == fingerprint(con, theirs)) == (multiset(ours) == multiset(theirs))
    assert fingerprint(con, data.draw(st.permutations(ours))) == fingerprint(con, ours)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(column=st.sampled_from(_VARIED), data=st.data())
def test_one_changed_cell_changes_the_fingerprint(
    con: duckdb.DuckDBPyConnection, column: str, data: st.DataObject
) -> None:
    some = values(JUDGMENTS.column(column).type)
    before, after = data.draw(some), data.draw(some)
    same = fingerprint(con, rows_of([{column: before}])) == fingerprint(con, rows_of([{column: after}]))
    assert same == (repr(before) == repr(after))


def two(kind: ColumnType) -> tuple[Any, Any]:
    """Two values of a type."""
    if isinstance(kind, ListOf):
        return [two(kind.element)[0]], []
    if isinstance(kind, Struct):
        return {name: two(field)[0] for name, field in kind.fields}, None
    pairs: dict[ColumnType, tuple[Any, Any]] = {
        STRING: ("x", "y"),
        DOUBLE: (1.5, 2.5),
        BOOLEAN: (True, False),
        TIMESTAMP: (datetime(2024, 5, 1), datetime(2024, 5, 2)),
        INT32: (1, 2),
        INT64: (1, 2),
    }
    return pairs[kind]


@pytest.mark.parametrize("column", _VARIED)
def test_values_exchanged_between_two_rows_change_the_fingerprint(con: duckdb.DuckDBPyConnection, column: str) -> None:
    one, other = two(JUDGMENTS.column(column).type)
    rows = [judgment("i1", "ann", "q1", "x", 0), judgment("i2", "ben", "q2", "y", 7)]
    before = [rows[0] | {column: one}, rows[1] | {column: other}]
    after = [rows[0] | {column: other}, rows[1] | {column: one}]
    assert fingerprint(con, after) != fingerprint(con, before)


def test_a_fingerprint_is_made_for_each_source_apart(con: duckdb.DuckDBPyConnection) -> None:
    rows = [*judgments(), *(row | {"source_id": "other"} for row in judgments()[:3])]
    assert [(source, count) for source, count, _ in fingerprint(con, rows)] == [("other", 3), ("s", 10)]
