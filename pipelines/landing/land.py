"""Lands one raw file: its acts through the contract's plan into Parquet, and a receipt that balances.

A landed file is a folder, written beside its place and moved there whole: it is complete or absent.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.contracts.dialect import Dialect
from pipelines.contracts.files import FileMapping
from pipelines.contracts.model import SourceContract
from pipelines.contracts.paths import bare_name
from pipelines.domain.pseudonyms import PseudonymKey
from pipelines.domain.tables import Table
from pipelines.domain.types import duckdb_type
from pipelines.domain.vocabulary import Reason
from pipelines.landing.ahead import ahead
from pipelines.landing.chunks import Chunk, RawFile
from pipelines.landing.deliveries import DeliveredFile, raw_file
from pipelines.landing.home import Home, locked
from pipelines.landing.parts import PartWriter
from pipelines.landing.receipts import RECEIPT, FileReceipt, folder_of, read_receipt, write_receipt
from pipelines.landing.refusals import Refusal, Refusals
from pipelines.landing.schema import LANDED
from pipelines.readers.records import (
    CHUNK_BYTES,
    SMALL_BLOCK_BYTES,
    FileRefusedError,
    RecordTooLargeError,
    encoding_refusal,
)
from pipelines.readers.recount import Layout, count_records
from pipelines.readers.recount_json import RecountError
from pipelines.shapes.plan import Constant, Plan, Planner
from pipelines.shapes.slots import Slots, required_paths
from pipelines.shapes.xml_forms import xml_forms

MEMORY = "1500MB"
"""What DuckDB may hold in memory where it works on all judgments of a source or a release."""


def land_file(
    contract: SourceContract,
    file: DeliveredFile,
    key: PseudonymKey,
    home: Home,
    on_progress: Callable[[int], None] | None = None,
) -> FileReceipt:
    """Land a delivered file, unless it is there already; one process at a time lands a source's files.

    ``on_progress`` is told the number of records read so far.
    """
    folder = folder_of(contract, file, key, home)
    if (folder / RECEIPT).exists():
        return read_receipt(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with locked(folder.parent):
        if not (folder / RECEIPT).exists():
            building = folder.with_name(f".{folder.name}")
            # What is there was left by a process that died: whoever builds holds the lock.
            shutil.rmtree(building, ignore_errors=True)
            try:
                lander = Lander(contract, file, raw_file(contract.source, file.sha256, home), key, building)
                receipt = lander.land(on_progress)
                _keep_restricted(home, contract, folder.parent.name, folder.name, lander)
                write_receipt(receipt, building)
                building.rename(folder)
            finally:
                shutil.rmtree(building, ignore_errors=True)
    return read_receipt(folder)


class Lander:
    """Runs the plan of one file, chunk by chunk, into ``building``; ``refused`` and ``identities`` stay restricted."""

    def __init__(
        self, contract: SourceContract, file: DeliveredFile, raw: Path, key: PseudonymKey, building: Path
    ) -> None:
        self._contract = contract
        self._file = file
        self._mapping: FileMapping = contract.files[file.mapping]
        self._raw = raw
        self._key = key
        self._building = building
        self._slots = Slots(self._mapping)
        dialect = self._mapping.dialect
        self._made = {"$file": bare_name(file.name, dialect.within)} if self._mapping.reads_file_name else {}
        self._layout = layout_of(dialect)
        self._parts = 0
        self.refused = Refusals(raw, self._layout)
        self.identities: dict[str, str] = {}
        self._counts: Counter[str] = Counter()
        self._questions: dict[str, tuple[int, int]] = {}

    def land(self, on_progress: Callable[[int], None] | None = None) -> FileReceipt:
        """Write every landed table and return the receipt."""
        self._plan(None)  # it asks for the columns that the chunks are to have
        source = self._source(SMALL_BLOCK_BYTES)
        refusal: FileRefusedError | None = None
        recounted = 0
        with connect() as con, PartWriter(self._building) as writer, ThreadPoolExecutor(1) as second:
            self._writer = writer
            recount = second.submit(self._recount, exactly=self._file.copy > 0)
            try:
                try:
                    if self._file.copy:
                        self.refused.first = self._file.copy * recount.result()
                    try:
                        self._land_chunks(con, source, recount, on_progress)
                    except RecordTooLargeError:
                        self._start_over()
                        source = self._source(CHUNK_BYTES)
                        self._land_chunks(con, source, recount, on_progress)
                except FileRefusedError:
                    # What the second reader says of a broken file goes before what the first one says.
                    recounted = recount.result()
                    raise
                recounted = recount.result()
                if source.records != recounted:
                    recounted = self._recount(exactly=True)
                if source.records != recounted:
                    message = f"the first reader sees {source.records} records, the second {recounted}"
                    raise FileRefusedError(Reason.FILE_RECOUNT_DIFFERS, message)
                self.refused.add_records(
                    replace(one, ordinal=self.refused.first + one.ordinal) for one in source.refused
                )
            except FileRefusedError as error:
                refusal = error
                self._start_over()
                self.refused.instead(error, self._file.copy)
            self._write_quarantine()
            self._write_missing()
        counts = self._counts
        return FileReceipt(
            source=self._contract.source,
            mapping=self._file.mapping,
            role=self._mapping.role,
            file_sha256=self._file.sha256,
            size=self._raw.stat().st_size,
            records_recounted=recounted,
            records=0 if refusal else source.records,
            records_refused=recounted if refusal else len(source.refused),
            acts=counts["acts"],
            acts_refused=counts["acts_refused"],
            candidates=counts["candidates"],
            judgments=counts["judgments"],
            judgments_refused=counts["judgments_refused"],
            raw_annotators=len(self.identities),
            annotators=len(set(self.identities.values())),
            refused_as_a_whole=refusal.reason.value if refusal else None,
            message=refusal.message if refusal else None,
            questions=self._questions,
            reasons=self.refused.reasons(),
            uncovered={} if recount.exception() else dict(source.uncovered),
        )

    def _source(self, block_bytes: int) -> RawFile:
        required = required_paths(self._contract, self._mapping)
        forms = xml_forms(self._contract, self._mapping, required)
        return RawFile(
            self._raw, self._mapping, self._slots, required, forms, self._made, self._contract.flatten, block_bytes
        )

    def _land_chunks(
        self,
        con: duckdb.DuckDBPyConnection,
        source: RawFile,
        recount: Future[int],
        on_progress: Callable[[int], None] | None,
    ) -> None:
        with closing(ahead(source.chunks())) as chunks:
            for chunk in chunks:
                if recount.done():
                    recount.result()
                self._land_chunk(con, chunk.counted_from(self.refused.first))
                if on_progress:
                    on_progress(chunk.records)

    def _recount(self, *, exactly: bool = False) -> int:
        try:
            return count_records(self._raw, self._layout, exactly=exactly)
        except UnicodeError as error:
            raise encoding_refusal(error, self._mapping.dialect.encoding) from None
        except RecountError as error:
            raise FileRefusedError(Reason.FILE_MALFORMED, str(error)) from None

    def _plan(self, extra: str | None) -> Plan:
        return Planner(self._contract, self._mapping, self._slots, file_sha256=self._file.sha256, extra=extra).plan()

    def _land_chunk(self, con: duckdb.DuckDBPyConnection, chunk: Chunk) -> None:
        plan = self._plan(chunk.extra_sql)
        con.register("chunk", chunk.acts)
        con.execute(f"create or replace temp table acts as {plan.acts}")
        con.unregister("chunk")
        self._name_annotators(con, plan)
        self._counts["acts"] += chunk.acts.num_rows
        for name, sql in (
            ("items", plan.items),
            ("annotators", plan.annotators),
            ("annotator_attributes", plan.attributes),
            ("upstream_aggregates", plan.aggregates),
        ):
            if sql is not None:
                self._write(con, LANDED[name], sql)
        refused = con.execute(plan.refused_acts).fetchall()
        self._counts["acts_refused"] += len(refused)
        self._refuse(chunk, [(ordinal, part, None, reason, at) for ordinal, part, reason, at in refused], "record")
        if plan.candidates is not None and plan.judgments is not None and plan.refused_judgments is not None:
            con.execute(f"create or replace temp view candidates as {plan.candidates}")
            self._judgments(con, chunk, plan, plan.judgments, plan.refused_judgments)
        self._parts += 1

    def _judgments(self, con: duckdb.DuckDBPyConnection, chunk: Chunk, plan: Plan, taken: str, refused: str) -> None:
        counted = con.execute(
            "select question_id, count(*), count(*) - count(problem) from candidates group by question_id"
        ).fetchall()
        for question, candidates, judgments in counted:
            before = self._questions.get(question, (0, 0))
            self._questions[question] = (before[0] + candidates, before[1] + judgments)
            self._counts["candidates"] += candidates
        self._counts["judgments"] += self._write(con, LANDED["judgments"], taken, plan.constants)
        if any(candidates != judgments for _, candidates, judgments in counted):
            rows = con.execute(refused).fetchall()
            self._counts["judgments_refused"] += len(rows)
            self._refuse(chunk, rows, "judgment")

    def _name_annotators(self, con: duckdb.DuckDBPyConnection, plan: Plan) -> None:
        family, platform = self._contract.annotator_scope
        raws = [row[0] for row in con.execute(plan.raw_annotators).fetchall()] if plan.raw_annotators else []
        for raw in raws:
            if raw not in self.identities:
                self.identities[raw] = self._key.pseudonym(family, platform, raw)
        table = pa.table(
            {
                "raw_annotator": pa.array(raws, pa.string()),
                "annotator_id": pa.array([self.identities[raw] for raw in raws], pa.string()),
            }
        )
        con.register("who_table", table)
        con.execute("create or replace temp table who as select * from who_table")
        con.unregister("who_table")

    def _refuse(self, chunk: Chunk, rows: list[tuple[Any, ...]], stage: str) -> None:
        for ordinal, part, question, reason, at in rows:
            raw = chunk.raws.get(ordinal, b"")
            self.refused.add(Refusal(stage, Reason(reason), raw, ordinal, part, question, at))

    def _start_over(self) -> None:
        """What the first chunks landed is taken back."""
        self._writer.wait()
        shutil.rmtree(self._building, ignore_errors=True)
        self._counts.clear()
        self._questions.clear()
        self.identities.clear()
        self.refused.clear()
        self._parts = 0

    def _write_quarantine(self) -> None:
        rows = self.refused.landed(self._contract.source, self._file.sha256)
        order = [(name, "ascending") for name in ("record_ordinal", "record_part", "question_id")]
        self._writer.write(LANDED["quarantine"], self._parts, rows.sort_by(order))

    def _write(
        self, con: duckdb.DuckDBPyConnection, table: Table, sql: str, constants: Mapping[str, Constant] | None = None
    ) -> int:
        columns = ", ".join(
            f"{column.name}::{duckdb_type(column.type)} as {column.name}"
            for column in table.columns
            if column.name not in (constants or {})
        )
        rows = con.sql(f"select {columns} from ({sql})").to_arrow_table()
        return self._writer.write(table, self._parts, rows, constants)

    def _write_missing(self) -> None:
        """Every landed file has every table, so that a reader finds its columns even where there is no row."""
        for table in LANDED.values():
            if not (self._building / table.name).exists():
                self._writer.write(table, self._parts, pa.table({}), dict.fromkeys(table.column_names))


def layout_of(dialect: Dialect) -> Layout:
    """What the second reader is told of a file, as its contract states it."""
    return Layout(
        dialect.format,
        dialect.encoding,
        dialect.quote,
        dialect.records,
        dialect.within,
        dialect.member,
        dialect.delimiter,
        dialect.header is None,
        dialect.record or "",
    )


def connect(spill: Path | None = None) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection in memory, in UTC and without progress bars; whoever opens it closes it.

    With a folder to spill into, it holds at most ``MEMORY``; DuckDB would otherwise take most of the machine's.
    """
    con = duckdb.connect(":memory:", config={} if spill is None else {"temp_directory": str(spill)})
    con.execute("set timezone = 'UTC'; set enable_progress_bar = false; set preserve_insertion_order = true")
    if spill is not None:
        con.execute(f"set memory_limit = '{MEMORY}'")
    return con


def _keep_restricted(home: Home, contract: SourceContract, reading: str, name: str, lander: Lander) -> None:
    """Refused bytes, and which raw id has which pseudonym, into the restricted raw area."""
    known = dict(sorted(lander.identities.items()))
    identities = pa.table(
        {
            "raw_annotator": pa.array(list(known), pa.string()),
            "annotator_id": pa.array(list(known.values()), pa.string()),
        }
    )
    for folder_name, table in (("quarantine", lander.refused.restricted()), ("identities", identities)):
        folder = home.restricted(contract.source, folder_name, reading)
        building = folder / f".{name}.parquet"
        pq.write_table(table, building, compression="zstd")
        building.chmod(0o600)
        building.replace(folder / f"{name}.parquet")
