"""Builds a release from a run's marts into a local folder: deterministic Parquet, hashed and reopened.

The laws are proved here again, on the very files that will be published.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb

from expectations.laws.deliveries import DeliveryRelations, prove_versions
from expectations.laws.prove import Layer, prove_occurrences, prove_step
from expectations.laws.verdicts import LawBrokenError, Verdict, broken, sort_key
from pipelines.contracts.dataset import Dataset
from pipelines.contracts.model import SourceContract
from pipelines.domain.tables import LEDGER, RELEASED, TABLES, Table
from pipelines.domain.types import duckdb_type, plain_name
from pipelines.landing.deliveries import file_sha256
from pipelines.release.card import card
from pipelines.release.manifest import (
    MANIFEST,
    SUMS,
    Manifest,
    ReleaseFile,
    ReleaseSource,
    ReleaseTable,
    sums_text,
)
from pipelines.shapes.sql import literal
from pipelines.warehouse.run_folder import RunFolder

DEPENDENCIES = ("duckdb", "pyarrow", "msgspec", "dbt-core", "dbt-duckdb")
"""What shapes the released bytes, beside our own code."""


class BuildError(RuntimeError):
    """A release that cannot be built; the message says what is missing."""


@dataclass(frozen=True)
class Built:
    """A release as it lies in its local folder, and the verdicts on it."""

    folder: Path
    manifest: Manifest
    verdicts: tuple[Verdict, ...]


def build(
    dataset: Dataset,
    contracts: Sequence[SourceContract],
    run: RunFolder,
    verdicts: Iterable[Verdict],
    raw_files: dict[str, list[str]],
    quarantined: dict[str, dict[str, int]],
    key_fingerprint: str,
) -> Built:
    """Write the release's files and prove them.

    Args:
        dataset: what is to be released.
        contracts: the contracts of its sources.
        run: the run whose marts are released.
        verdicts: those of the earlier steps, for the ledger; of other sources, too.
        raw_files: by source, the digests of the raw files of its current state.
        quarantined: by source, how much is in quarantine, by reason code.
        key_fingerprint: which pseudonym key was used.

    Raises:
        LawBrokenError: a law does not hold on the files; nothing may be published.
        BuildError: a source of the dataset has no judgments in the run.
    """
    folder = run.releases / dataset.dataset
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    earlier = [verdict for verdict in verdicts if verdict.source in dataset.sources]
    con = duckdb.connect(str(run.warehouse), read_only=True)
    try:
        con.execute("set timezone = 'UTC'; set enable_progress_bar = false")
        con.execute("set preserve_insertion_order = true")
        _check_sources(con, dataset)
        for name in RELEASED:
            if name != "ledger":
                _write(con, TABLES[name], _mart(con, run, name, dataset), folder)
        proved = prove_release(con, folder, dataset.sources)
        if found := broken([*earlier, *proved]):
            raise LawBrokenError(found)
        ledger = sorted([*earlier, *proved], key=sort_key)
        _write_ledger(con, ledger, folder)
        tables = tuple(_table(con, TABLES[name], folder) for name in RELEASED)
    finally:
        con.close()
    sources = tuple(
        _source(contract, raw_files[contract.source], quarantined.get(contract.source, {})) for contract in contracts
    )
    described = Manifest(
        dataset=dataset.dataset,
        title=dataset.title,
        licence=dataset.licence,
        tier=dataset.tier,
        key_fingerprint=key_fingerprint,
        tables=tables,
        sources=sources,
        files=(),
        laws=_laws(ledger),
        code={"variorum": version("variorum"), **{name: version(name) for name in DEPENDENCIES}},
    )
    (folder / "README.md").write_bytes(card(dataset, contracts, described))
    files = tuple(sorted((_file(path, folder) for path in folder.rglob("*") if path.is_file()), key=lambda f: f.path))
    manifest = replace(described, files=files)
    return Built(folder, manifest, tuple(ledger))


def finish(built: Built, version_number: str) -> Manifest:
    """Write the manifest and the sums, once the version is known."""
    manifest = replace(built.manifest, version=version_number)
    (built.folder / MANIFEST).write_bytes(manifest.to_json())
    listed = (*manifest.files, _file(built.folder / MANIFEST, built.folder))
    (built.folder / SUMS).write_bytes(sums_text(listed))
    return manifest


def prove_release(con: duckdb.DuckDBPyConnection, folder: Path, sources: Sequence[str]) -> list[Verdict]:
    """The laws between landing and the release's own files, exactly, judgment by judgment."""
    chosen = ", ".join(literal(source) for source in sources)
    landing = Layer("landing", f"(select * from landing.judgments where source_id in ({chosen}))")
    files = literal(str(folder / "judgments" / "*.parquet"))
    release = Layer("release", f"(select * from read_parquet({files}))")
    held = DeliveryRelations()
    return [
        *prove_step(con, landing, release, exact=True, withdrawn=held.withdrawn),
        *prove_occurrences(con, release, sources, held.files),
        *prove_versions(con, release.name, release.relation, sources, held),
    ]


def _check_sources(con: duckdb.DuckDBPyConnection, dataset: Dataset) -> None:
    present = {row[0] for row in con.execute("select distinct source_id from landing.files").fetchall()}
    if missing := [source for source in dataset.sources if source not in present]:
        raise BuildError(
            f"dataset {dataset.dataset} holds {', '.join(missing)}, of which nothing was delivered yet;"
            f" deliver it, or run: variorum run --dataset {dataset.dataset}"
        )


def _mart(con: duckdb.DuckDBPyConnection, run: RunFolder, name: str, dataset: Dataset) -> str:
    table = TABLES[name]
    mart = f"read_parquet({literal(str(run.mart(name)))})"
    held = {column for column, *_ in con.execute(f"describe select * from {mart}").fetchall()}
    if lacking := [column for column in table.column_names if column not in held]:
        raise BuildError(f"mart {name} has no column {', '.join(lacking)}; build it anew: variorum run")
    columns = ", ".join(f"{column.name}::{duckdb_type(column.type)} as {column.name}" for column in table.columns)
    chosen = ", ".join(literal(source) for source in dataset.sources)
    condition = (
        f"annotator_id in (select annotator_id from landing.annotators where source_id in ({chosen}))"
        if name == "annotators"
        else f"source_id in ({chosen})"
    )
    return f"select {columns} from {mart} where {condition}"


def _write(con: duckdb.DuckDBPyConnection, table: Table, query: str, folder: Path) -> None:
    (folder / table.name).mkdir()
    target = literal(str(folder / table.name / "part-00000.parquet"))
    con.execute(f"copy ({query}) to {target} (format parquet, compression zstd)")


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
    _write(con, LEDGER, "select * from ledger", folder)


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


def _file(path: Path, folder: Path) -> ReleaseFile:
    return ReleaseFile(path.relative_to(folder).as_posix(), file_sha256(path), path.stat().st_size)
