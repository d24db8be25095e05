"""Binds the current landed files to a run's warehouse: views over Parquet, and the tables that contracts tell."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipelines.contracts.model import SourceContract
from pipelines.domain.pseudonyms import PseudonymKey
from pipelines.domain.tables import JUDGMENT_HISTORY, QUESTIONS, SOURCES, Table
from pipelines.domain.types import duckdb_type
from pipelines.domain.vocabulary import AnswerType
from pipelines.landing.deliveries import DeliveredFile, current_files, deliveries, is_told_apart
from pipelines.landing.history import History, HistoryError, read_history
from pipelines.landing.home import Home
from pipelines.landing.quarantine import Replay, replayed
from pipelines.landing.receipts import FileReceipt, folder_of, read_receipt
from pipelines.landing.schema import ARRIVALS, CATALOG, FILES, LANDED
from pipelines.warehouse.histories import bind_histories, parquet


class CatalogError(RuntimeError):
    """The landing area does not hold what a run needs; the message says what to do."""


@dataclass(frozen=True)
class LandedFile:
    """A landed file in the current state of its source."""

    contract: SourceContract
    delivery: int
    file: DeliveredFile
    folder: Path
    receipt: FileReceipt


def landed_files(contract: SourceContract, key: PseudonymKey, home: Home) -> list[LandedFile]:
    """The files that make up a source's state, in order of arrival.

    Raises:
        CatalogError: a delivered file has not been landed under the present contract and key.
    """
    found = []
    for delivery, file in current_files(contract, home):
        folder = folder_of(contract, file, key, home)
        if not folder.exists():
            raise CatalogError(
                f"{contract.source}: {file.name} was delivered but is not landed under the present contract;"
                f" run: variorum run --source {contract.source}"
            )
        found.append(LandedFile(contract, delivery, file, folder, read_receipt(folder)))
    return found


def histories(contracts: Iterable[SourceContract], key: PseudonymKey, home: Home) -> list[History]:
    """What became of each source's judgments from delivery to delivery.

    Raises:
        CatalogError: a change is missing, or is no longer what was written.
    """
    try:
        return [read_history(contract, key, home) for contract in contracts]
    except HistoryError as error:
        raise CatalogError(str(error)) from None


def delivered_sources(contracts: Iterable[SourceContract], home: Home) -> list[SourceContract]:
    """The sources of which anything was ever delivered."""
    return [contract for contract in contracts if deliveries(contract.source, home)]


def bind(
    warehouse: Path, files: Sequence[LandedFile], contracts: Sequence[SourceContract], known: Sequence[History]
) -> dict[str, int]:
    """Fill the schema ``landing`` of a warehouse with views over the landed files, the catalog's tables and history.

    Returns:
        rows by table.
    """
    con = duckdb.connect(str(warehouse))
    try:
        con.execute("set timezone = 'UTC'; create schema if not exists landing")
        for table in LANDED.values():
            paths = [str(path) for landed in files for path in sorted((landed.folder / table.name).glob("*.parquet"))]
            con.execute(f"create or replace view landing.{table.name} as {parquet(table, paths)}")
        bind_histories(con, known)
        _fill(con, FILES, _file_rows(files))
        _fill(con, ARRIVALS, _arrival_rows(files))
        _fill(con, SOURCES, [_source_row(contract) for contract in contracts])
        _fill(con, QUESTIONS, [row for contract in contracts for row in _question_rows(contract)])
        return {name: _count(con, name) for name in (*LANDED, *CATALOG, JUDGMENT_HISTORY.name)}
    finally:
        con.close()


def _count(con: duckdb.DuckDBPyConnection, name: str) -> int:
    row = con.execute(f"select count(*) from landing.{name}").fetchone()
    return int(row[0]) if row else 0


def _fill(con: duckdb.DuckDBPyConnection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    columns = ", ".join(f"{column.name} {duckdb_type(column.type)}" for column in table.columns)
    con.execute(f"create or replace table landing.{table.name} ({columns})")
    if rows:
        marks = ", ".join("?" for _ in table.columns)
        con.executemany(
            f"insert into landing.{table.name} values ({marks})",
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


def state_digest(files: Sequence[LandedFile]) -> str:
    """sha256 over what the warehouse is built from: each file's source, content and reading."""
    listing = sorted(f"{landed.contract.source}/{landed.folder.parent.name}/{landed.folder.name}" for landed in files)
    return hashlib.sha256("\n".join(listing).encode()).hexdigest()


def replays_of(files: Sequence[LandedFile], home: Home) -> list[Replay]:
    """What became of the quarantine of each source since its contract was mended, where it was."""
    by_source: dict[str, list[Path]] = {}
    for landed in files:
        by_source.setdefault(landed.contract.source, []).append(landed.folder)
    found = (replayed(source, folders, home) for source, folders in by_source.items())
    return [replay for replay in found if replay is not None]


def files_of_run(
    warehouse: Path, contracts: dict[str, SourceContract], key: PseudonymKey, home: Home
) -> tuple[list[LandedFile], dict[str, int]]:
    """The landed files that a warehouse was bound to, and by source the records of files that a delivery held twice."""
    con = duckdb.connect(str(warehouse), read_only=True)
    try:
        rows = con.execute(
            "select source_id, mapping, file_sha256 from landing.files order by file_position"
        ).fetchall()
    finally:
        con.close()
    bound = {(source, mapping, sha256) for source, mapping, sha256 in rows}
    files = [
        landed
        for source in dict.fromkeys(source for source, _, _ in rows)
        for landed in landed_files(contracts[source], key, home)
        if (source, landed.file.mapping, landed.file.sha256) in bound
    ]
    records = {(one.contract.source, one.file.mapping, one.file.sha256): one.receipt.records_recounted for one in files}
    redelivered = {
        source: sum(
            records[source, twin.mapping, twin.sha256]
            for twin in deliveries(source, home)[-1].redelivered
            if not is_told_apart(contracts[source], twin)
        )
        for source in dict.fromkeys(source for source, _, _ in rows)
    }
    return files, redelivered
