"""Binds a state to a run's warehouse: views over landed Parquet, and the tables that contracts and deliveries tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from pipelines.contracts.model import SourceContract
from pipelines.domain.tables import JUDGMENT_HISTORY, QUESTIONS, SOURCES, Table
from pipelines.domain.types import duckdb_type
from pipelines.domain.vocabulary import AnswerType
from pipelines.landing.land import connect
from pipelines.landing.schema import ARRIVALS, CATALOG, FILES, LANDED
from pipelines.shapes.sql import literal
from pipelines.warehouse.histories import bind_histories, parquet
from pipelines.warehouse.run_folder import RunFolder
from pipelines.warehouse.state import LandedFile, State

LANDING = "landing"
"""The schema of a run's warehouse that its models read."""

ANEW = "anew.landing"
"""The schema that proofs read: the same, bound by whoever proves."""


def bind(warehouse: Path, state: State) -> dict[str, int]:
    """Fill the schema ``landing`` of a warehouse with views over the landed files, the catalog's tables and history.

    Returns:
        rows by table.
    """
    with duckdb.connect(str(warehouse)) as con:
        con.execute("set timezone = 'UTC'")
        bind_landing(con, state, LANDING)
        return {name: _count(con, name) for name in (*LANDED, *CATALOG, JUDGMENT_HISTORY.name)}


def bind_landing(con: duckdb.DuckDBPyConnection, state: State, schema: str) -> None:
    """As ``bind``, into a schema of a connection that is already open."""
    con.execute(f"create schema if not exists {schema}")
    for table in LANDED.values():
        paths = [str(path) for one in state.files for path in sorted((one.folder / table.name).glob("*.parquet"))]
        con.execute(f"create or replace view {schema}.{table.name} as {parquet(table, paths)}")
    bind_histories(con, state.histories, schema)
    _fill(con, schema, FILES, _file_rows(state.files))
    _fill(con, schema, ARRIVALS, _arrival_rows(state.files))
    _fill(con, schema, SOURCES, [_source_row(contract) for contract in state.contracts])
    _fill(con, schema, QUESTIONS, [row for contract in state.contracts for row in _question_rows(contract)])


@contextmanager
def bound_anew(run: RunFolder, state: State) -> Iterator[duckdb.DuckDBPyConnection]:
    """A run's warehouse, for reading only, with the state bound anew beside it, in the schema ``ANEW``.

    What the run's own ``landing`` says may have been changed since it was bound; laws hold against landing itself.
    """
    with connect(spill=run.root / "tmp") as con:
        con.execute(f"attach ':memory:' as {ANEW.split('.')[0]}")
        bind_landing(con, state, ANEW)
        con.execute(f"attach {literal(str(run.warehouse))} as warehouse (read_only); use warehouse")
        yield con


def _count(con: duckdb.DuckDBPyConnection, name: str) -> int:
    row = con.execute(f"select count(*) from landing.{name}").fetchone()
    return int(row[0]) if row else 0


def _fill(con: duckdb.DuckDBPyConnection, schema: str, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    columns = ", ".join(f"{column.name} {duckdb_type(column.type)}" for column in table.columns)
    con.execute(f"create or replace table {schema}.{table.name} ({columns})")
    if rows:
        marks = ", ".join("?" for _ in table.columns)
        con.executemany(
            f"insert into {schema}.{table.name} values ({marks})",
            [[row[name] for name in table.column_names] for row in rows],
        )


def _file_rows(files: Sequence[LandedFile]) -> list[dict[str, Any]]:
    """Files by what locators name: those of the same bytes that only their names tell apart are one, at its first."""
    rows = [
        {
            "source_id": landed.contract.source,
            "mapping": landed.file.mapping,
            "role": landed.receipt.role,
            "file_sha256": landed.file.sha256,
            "delivery": landed.delivery,
            "file_position": position,
        }
        for position, landed in enumerate(files)
    ]
    return list({tuple(row[name] for name in FILES.key): row for row in reversed(rows)}.values())[::-1]


def _arrival_rows(files: Sequence[LandedFile]) -> list[dict[str, Any]]:
    """Landed files, each of its own, with the records that it holds."""
    return [
        {
            "source_id": landed.contract.source,
            "file_sha256": landed.file.sha256,
            "first_record": landed.file.copy * landed.receipt.records_recounted,
            "records": landed.receipt.records_recounted,
            "file_position": position,
        }
        for position, landed in enumerate(files)
        if landed.receipt.role == "judgments"
    ]


def _source_row(contract: SourceContract) -> dict[str, Any]:
    family, platform = contract.annotator_scope
    return {
        "source_id": contract.source,
        "title": contract.title,
        "url": contract.url,
        "licence": contract.licence,
        "citation": contract.citation,
        "family": family,
        "platform": platform,
        "attribution": contract.attribution.value,
        "guideline_mode": contract.guideline_mode.value,
        "export_mode": contract.export_mode,
        "known_losses": list(contract.known_losses),
        "contract_sha256": contract.digest(),
    }


def _question_rows(contract: SourceContract) -> list[dict[str, Any]]:
    rows = []
    for code, question in contract.questions.items():
        options = {raw: label for raw, label in question.options.items()}
        if question.type == AnswerType.PAIRWISE:
            options = {raw: answer.preference for raw, answer in question.answers.items()}
        scale = question.scale
        rows.append(
            {
                "source_id": contract.source,
                "question_id": code,
                "prompt": question.prompt,
                "answer_type": question.type.value,
                "scale_kind": scale.kind if scale else None,
                "scale_min": scale.min if scale else None,
                "scale_max": scale.max if scale else None,
                "options": [{"value": raw, "label": label} for raw, label in options.items()],
                "abstaining_options": list(question.abstain),
                "declared_synonyms": [{"raw": raw, "answer": to} for raw, to in question.synonyms.items()],
                "guideline_mode": (question.guideline_mode or contract.guideline_mode).value,
            }
        )
    return rows
