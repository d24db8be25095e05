"""Builds a release from a run's marts into a local folder: deterministic Parquet, hashed before it is proved.

What is proved are the files, not the tables that they were written from; a file that changes after that has another
digest than the manifest says, and is not published.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb

from expectations.laws.neutral import neutral_fingerprints
from expectations.laws.verdicts import Verdict, sort_key
from pipelines.contracts.dataset import Dataset, unanswered, unlicensed
from pipelines.contracts.model import SourceContract
from pipelines.domain.tables import FINGERPRINTS, LEDGER, MADE_AT_THE_GATE, RELEASED, TABLES, Table
from pipelines.domain.types import duckdb_type, plain_name
from pipelines.landing.deliveries import file_sha256
from pipelines.release.card import card
from pipelines.release.croissant import croissant
from pipelines.release.descriptors import citation, datapackage
from pipelines.release.manifest import (
    CHANGELOG,
    MANIFEST,
    SUMS,
    Manifest,
    ReleaseFile,
    ReleaseSource,
    ReleaseTable,
    listed,
    sums_text,
)
from pipelines.release.measures import Measures, measure
from pipelines.release.names import Names
from pipelines.release.parquet import write_parquet
from pipelines.shapes.sql import literal
from pipelines.warehouse.catalog import ANEW
from pipelines.warehouse.run_folder import RunFolder
from pipelines.warehouse.state import State

DEPENDENCIES = ("duckdb", "pyarrow", "msgspec", "dbt-core", "dbt-duckdb")
"""What shapes the released bytes, beside our own code."""


class BuildError(RuntimeError):
    """A release that cannot be built; the message says what is missing."""


@dataclass(frozen=True)
class Written:
    """The tables of a release, all but those made at the gate, in its local folder, with the digest of each file."""

    folder: Path
    files: tuple[ReleaseFile, ...]


@dataclass(frozen=True)
class Built:
    """A release as it lies in its local folder, and the verdicts on it."""

    folder: Path
    manifest: Manifest
    verdicts: tuple[Verdict, ...]


def write_tables(dataset: Dataset, run: RunFolder, con: duckdb.DuckDBPyConnection, names: Names) -> Written:
    """Write what the marts of a run hold of a dataset, with annotators under the names of its tier.

    ``con`` is the run's warehouse, as ``bound_anew`` opens it.

    Raises:
        BuildError: a mart lacks a column.
    """
    folder = run.releases / dataset.dataset
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in RELEASED:
        if name not in MADE_AT_THE_GATE:
            write_parquet(con, TABLES[name], names.given(name, _mart(con, run, name, dataset)), folder / name)
    return Written(folder, _files(folder))


def finish_build(
    written: Written,
    dataset: Dataset,
    state: State,
    con: duckdb.DuckDBPyConnection,
    verdicts: Iterable[Verdict],
    expectations: dict[str, int],
    quarantined: dict[str, dict[str, int]],
    key_fingerprint: str,
) -> Built:
    """Add the ledger, the fingerprints, the descriptions and the manifest to tables that were proved.

    Args:
        written: the tables; their digests are those of before the proof.
        dataset: what is to be released.
        state: what its sources hold.
        con: as for ``write_tables``.
        verdicts: every verdict on the way from the raw bytes to these files.
        expectations: by table, how many expectations held on its files.
        quarantined: by source, how much is in quarantine, by reason code.
        key_fingerprint: which key the release's pseudonyms are made with.
    """
    folder = written.folder
    ledger = sorted(verdicts, key=sort_key)
    _write_ledger(con, ledger, folder)
    write_parquet(con, FINGERPRINTS, _variations(folder), folder / FINGERPRINTS.name)
    raw_files = {
        source: [one.file.sha256 for one in state.files if one.contract.source == source] for source in state.sources
    }
    contracts = [contract for source in dataset.sources for contract in state.contracts if contract.source == source]
    described = Manifest(
        dataset=dataset.dataset,
        title=dataset.title,
        licence=dataset.licence,
        tier=dataset.tier,
        key_fingerprint=key_fingerprint,
        tables=tuple(_table(con, TABLES[name], folder) for name in RELEASED),
        sources=tuple(
            _source(contract, raw_files[contract.source], quarantined.get(contract.source, {}))
            for contract in contracts
        ),
        files=(),
        laws=_laws(ledger),
        expectations=expectations,
        fingerprints=_fingerprints(con, folder),
        code={"variorum": version("variorum"), **{name: version(name) for name in DEPENDENCIES}},
    )
    proved = {file.path: file for file in written.files}
    tables = {file.path: proved.get(file.path, file) for file in _files(folder)}
    _describe(dataset, contracts, described, tables, measure(con, folder), folder)
    files = tuple(tables.get(file.path, file) for file in _files(folder))
    return Built(folder, replace(described, files=files), tuple(ledger))


def _describe(
    dataset: Dataset,
    contracts: Sequence[SourceContract],
    manifest: Manifest,
    tables: Mapping[str, ReleaseFile],
    measures: Measures,
    folder: Path,
) -> None:
    """Write what tells people and other programs of the tables."""
    (folder / "README.md").write_bytes(card(dataset, contracts, manifest, measures))
    (folder / "CITATION.cff").write_bytes(citation(dataset, contracts))
    (folder / "datapackage.json").write_bytes(datapackage(dataset, contracts, manifest, tables))
    (folder / "croissant.json").write_bytes(croissant(dataset, contracts, manifest, tables, measures))


def refuse_unready(dataset: Dataset, contracts: Iterable[SourceContract]) -> None:
    """Refuse to make public what does not say of itself what it must, or holds what may not be passed on.

    Raises:
        BuildError: it names each answer and each source.
    """
    problems = unanswered(dataset) + unlicensed(dataset, {contract.source: contract for contract in contracts})
    if problems:
        told = "\n".join(f"  {'.'.join(map(str, where))}: {message}" for where, message in problems)
        raise BuildError(f"Not published: {dataset.dataset} is public, and not ready to be.\n{told}")


def finish(built: Built, version_number: str, changelog: bytes) -> Manifest:
    """Write the changelog, the manifest and the sums, once the version is known."""
    changes = ReleaseFile(CHANGELOG, hashlib.sha256(changelog).hexdigest(), len(changelog))
    others = [file for file in built.manifest.files if file.path != CHANGELOG]
    files = tuple(sorted((*others, changes), key=lambda file: file.path))
    manifest = replace(built.manifest, version=version_number, files=files)
    (built.folder / CHANGELOG).write_bytes(changelog)
    (built.folder / MANIFEST).write_bytes(manifest.to_json())
    (built.folder / SUMS).write_bytes(sums_text(listed(manifest)))
    return manifest


def _mart(con: duckdb.DuckDBPyConnection, run: RunFolder, name: str, dataset: Dataset) -> str:
    table = TABLES[name]
    mart = f"read_parquet({literal(str(run.mart(name)))})"
    held = {column for column, *_ in con.execute(f"describe select * from {mart}").fetchall()}
    if lacking := [column for column in table.column_names if column not in held]:
        raise BuildError(f"mart {name} has no column {', '.join(lacking)}; build it anew: variorum run")
    columns = ", ".join(f"{column.name}::{duckdb_type(column.type)} as {column.name}" for column in table.columns)
    chosen = ", ".join(literal(source) for source in dataset.sources)
    condition = (
        f"annotator_id in (select annotator_id from {ANEW}.annotators where source_id in ({chosen}))"
        if name == "annotators"
        else f"source_id in ({chosen})"
    )
    return f"select {columns} from {mart} where {condition}"


def _write_ledger(con: duckdb.DuckDBPyConnection, verdicts: Sequence[Verdict], folder: Path) -> None:
    con.execute(
        "create or replace temp table ledger ("
        + ", ".join(f"{column.name} {duckdb_type(column.type)}" for column in LEDGER.columns)
        + ")"
    )
    marks = ", ".join("?" for _ in LEDGER.columns)
    for verdict in verdicts:
        row = verdict.ledger_row()
        con.execute(f"insert into ledger values ({marks})", [row[name] for name in LEDGER.column_names])
    write_parquet(con, LEDGER, "select * from ledger", folder / LEDGER.name)


def _table(con: duckdb.DuckDBPyConnection, table: Table, folder: Path) -> ReleaseTable:
    """Reopen what was written: its rows and columns are read from the file, not remembered."""
    files = sorted((folder / table.name).glob("*.parquet"))
    source = f"read_parquet([{', '.join(literal(str(path)) for path in files)}])"
    row = con.execute(f"select count(*) from {source}").fetchone()
    described = con.execute(f"describe select * from {source}").fetchall()
    expected = [(column.name, duckdb_type(column.type)) for column in table.columns]
    found = [(name, kind.lower().replace('"', "")) for name, kind, *_ in described]
    if found != [(name, kind.replace('"', "")) for name, kind in expected]:
        raise BuildError(f"table {table.name} as written has columns {found}, expected {expected}")
    by_source: dict[str, int] = {}
    if "source_id" in table.column_names:
        rows = con.execute(f"select source_id, count(*) from {source} group by source_id order by source_id").fetchall()
        by_source = {str(name): int(count) for name, count in rows}
    return ReleaseTable(
        name=table.name,
        grain=table.grain,
        columns=tuple((column.name, plain_name(column.type)) for column in table.columns),
        rows=int(row[0]) if row else 0,
        rows_by_source=by_source,
        files=tuple(path.relative_to(folder).as_posix() for path in files),
    )


def _source(contract: SourceContract, raw_files: list[str], quarantined: dict[str, int]) -> ReleaseSource:
    questions = json.dumps(
        {code: question.model_dump(mode="json") for code, question in contract.questions.items()},
        sort_keys=True,
    )
    return ReleaseSource(
        source=contract.source,
        licence=contract.licence,
        contract_sha256=contract.digest(),
        questions_sha256=hashlib.sha256(questions.encode()).hexdigest(),
        raw_files=tuple(sorted(raw_files)),
        quarantined=quarantined,
    )


def _laws(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    laws: dict[str, Any] = {}
    for verdict in verdicts:
        law = laws.setdefault(verdict.law, {"held": 0, "fingerprints": {}})
        law["held"] += 1
        if verdict.step == "landing→release" and verdict.fingerprint_out:
            law["fingerprints"][verdict.source] = verdict.fingerprint_out
    return laws


def _variations(folder: Path) -> str:
    """The fingerprint of each question about each item."""
    keys = FINGERPRINTS.key
    found = neutral_fingerprints(f"read_parquet({literal(str(folder / 'judgments' / '*.parquet'))})", keys)
    return f"select {', '.join(keys)}, n as judgments, fingerprint from ({found}) order by {', '.join(keys)}"


def _fingerprints(con: duckdb.DuckDBPyConnection, folder: Path) -> dict[str, str]:
    """By source, the fingerprint that anyone can compute from the released judgments."""
    query = neutral_fingerprints(f"read_parquet({literal(str(folder / 'judgments' / '*.parquet'))})", ["source_id"])
    return {source: fingerprint for source, _, fingerprint in sorted(con.execute(query).fetchall())}


def _files(folder: Path) -> tuple[ReleaseFile, ...]:
    """Every file of a release's folder, hashed."""
    found = (_file(path, folder) for path in folder.rglob("*") if path.is_file())
    return tuple(sorted(found, key=lambda file: file.path))


def _file(path: Path, folder: Path) -> ReleaseFile:
    return ReleaseFile(path.relative_to(folder).as_posix(), file_sha256(path), path.stat().st_size)
