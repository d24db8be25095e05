"""Binds what became of judgments to a run's warehouse: their history, their versions, and what the laws compare."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import duckdb

from pipelines.domain.tables import JUDGMENT_HISTORY, Table
from pipelines.domain.types import duckdb_type
from pipelines.landing.changes import ENDED, STANDING, WITHDRAWN
from pipelines.landing.history import History
from pipelines.landing.schema import HISTORY, LANDED
from pipelines.shapes.sql import literal

BEFORE = "judgments_before"
"""The judgments of the state before the last delivery, of the sources that ``transitions`` names."""


def bind_histories(con: duckdb.DuckDBPyConnection, histories: Sequence[History], schema: str) -> None:
    """Fill the tables of ``HISTORY`` and the view ``judgments_before``; empty where nothing was delivered again."""
    told = [history for history in histories if history.changes]
    current = [history for history in told if history.is_current]
    whole = [history for history in current if history.states[0].files]
    queries = {
        "judgment_history": [_versions_that_ended(history) for history in told],
        "judgment_versions": [_standing(history, "version", "version > 1") for history in current],
        "withdrawn": [_of_last(history, WITHDRAWN, "why", "true") for history in current],
        "begun": [
            _standing(history, "version", f"came_with = {history.changes[-1].receipt.delivery}") for history in whole
        ],
        "transitions": [
            f"select {literal(history.source)} as source_id, {history.changes[-1].receipt.against} as delivery_before,"
            f" {history.changes[-1].receipt.delivery} as delivery_after"
            for history in whole
        ],
    }
    for name, table in HISTORY.items():
        columns = ", ".join(f"{column.name} {duckdb_type(column.type)}" for column in table.columns)
        con.execute(f"create or replace table {schema}.{name} ({columns})")
        for query in queries[name]:
            con.execute(f"insert into {schema}.{name} by name {query}")
    paths = [path for history in whole for file in history.states[0].files for path in file.paths]
    con.execute(f"create or replace view {schema}.{BEFORE} as {parquet(LANDED['judgments'], map(str, paths))}")


def parquet(table: Table, paths: Iterable[str]) -> str:
    """A query over Parquet files of a table; one without rows where there is no file."""
    if listed := ", ".join(literal(path) for path in paths):
        return f"select * from read_parquet([{listed}])"
    columns = ", ".join(f"null::{duckdb_type(column.type)} as {column.name}" for column in table.columns)
    return f"select {columns} where false"


def _versions_that_ended(history: History) -> str:
    """Every version that ended, with the place of the judgment as it stands now."""
    columns = ", ".join(
        f"now.{column.name.removeprefix('now_')} as {column.name}"
        if column.name.startswith("now_")
        else f"ended.{column.name}"
        for column in JUDGMENT_HISTORY.columns
    )
    ended = " union all by name ".join(f"from {change.rows(ENDED)}" for change in history.changes)
    there = "true" if history.is_current else "false"
    return (
        f"select {columns} from ({ended}) as ended left join (from {history.changes[-1].rows(STANDING)}"
        f" where not is_gone and {there}) as now using (act, slot)"
    )


def _standing(history: History, column: str, condition: str) -> str:
    return _of_last(history, STANDING, column, f"not is_gone and {condition}")


def _of_last(history: History, outcome: str, column: str, condition: str) -> str:
    return (
        f"select {literal(history.source)} as source_id, file_sha256, record_ordinal, record_part, question_id,"
        f" {column} from {history.changes[-1].rows(outcome)} where {condition}"
    )
