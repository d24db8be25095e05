"""One raw file as chunks of acts: reader and flattener joined, in bounded memory.

A chunk is an Arrow table (record_ordinal, record_part, t0…, r0…, extra columns); the records that could not be
read or flattened are kept aside with their bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.contracts.beside import FlattenSource
from pipelines.contracts.dialect import Dialect
from pipelines.contracts.files import FileMapping
from pipelines.domain.vocabulary import Reason
from pipelines.readers.containers import open_members
from pipelines.readers.csv_reader import CsvBatch, CsvReader
from pipelines.readers.json_reader import RecordMalformedError, parse, read_json, read_jsonl
from pipelines.readers.records import FileRefusedError, RawRecord, RefusedRecord, utf8_stream
from pipelines.readers.xml_reader import XmlReader, XmlRecord
from pipelines.shapes.beside import load_flatten
from pipelines.shapes.flatten import Act, Flattener, RecordShapeError
from pipelines.shapes.slots import Slots, covered_fields
from pipelines.shapes.sql import literal
from pipelines.shapes.xml_forms import XmlForms

CHUNK_ACTS = 500_000
CHUNK_RAW_BYTES = 64 << 20


@dataclass
class Chunk:
    """Acts of some records, and the raw bytes of those records where the reader has them."""

    acts: pa.Table
    raws: dict[int, bytes] = field(default_factory=dict)

    def counted_from(self, first: int) -> Chunk:
        """The same acts, of a file whose first record has that ordinal."""
        if first == 0:
            return self
        at = self.acts.schema.get_field_index("record_ordinal")
        ordinals = pc.add(self.acts.column(at), first)
        raws = {first + ordinal: raw for ordinal, raw in self.raws.items()}
        return Chunk(self.acts.set_column(at, "record_ordinal", ordinals), raws)


class RawFile:
    """Reads one raw file through one mapping.

    Attributes:
        records: how many records have been read so far, refused ones included.
        refused: records that could not be read or flattened.
        extra_sql: SQL over the chunk for what no field covers, as JSON text.
        uncovered: fields found in the file that the mapping does not account for.
    """

    def __init__(
        self,
        path: Path,
        mapping: FileMapping,
        slots: Slots,
        required: Mapping[str, tuple[str, ...]],
        forms: XmlForms | None = None,
        made: Mapping[str, str] | None = None,
        flatten: FlattenSource | None = None,
    ) -> None:
        self._path = path
        self._forms = forms or XmlForms()
        self._flattener = Flattener(mapping, slots, is_text=mapping.is_table, required=required)
        self._flatten_first = load_flatten(flatten) if mapping.flatten else None
        self._acts = 0
        self._mapping = mapping
        self._slots = slots
        self.records = 0
        self._first = 0
        self._given = dict(made or {})
        self._made: dict[str, Any] = self._given
        self.refused: list[RefusedRecord] = []
        self.extra_sql = "extra"
        self.uncovered: dict[str, int] = {}

    def chunks(self) -> Iterator[Chunk]:
        """The file's acts, some at a time.

        Raises:
            FileRefusedError: the file as a whole cannot be taken.
        """
        dialect = self._mapping.dialect
        if self._path.stat().st_size == 0:
            raise FileRefusedError(Reason.FILE_EMPTY, "the file is empty")
        for member in open_members(self._path, dialect.within, dialect.member):
            self._first = self.records
            self._made = {**self._given, "$member": member.name} if member.name else self._given
            stream = utf8_stream(member.stream, dialect.encoding)
            if dialect.format == "csv":
                yield from self._csv(CsvReader(stream, dialect.delimiter, dialect.quote, dialect.header))
            else:
                yield from self._json(stream, dialect)
        if self.records == 0:
            raise FileRefusedError(Reason.FILE_EMPTY, "the file holds no record")
        if unseen := [*(self._flattener.unseen if self._acts else ()), *self._forms.unseen()]:
            told = ", ".join(unseen)
            message = f"no record has the field {told}; where a question may go unanswered, list null in its unanswered"
            raise FileRefusedError(Reason.FILE_COLUMN_MISSING, message, unseen[0])

    def _csv(self, reader: CsvReader) -> Iterator[Chunk]:
        header = set(reader.columns)
        covered = covered_fields(self._mapping) if self._mapping.is_table else list(reader.columns)
        if missing := [name for name in covered if name not in header and name not in self._mapping.ignored]:
            told = ", ".join(repr(name) for name in missing)
            raise FileRefusedError(Reason.FILE_COLUMN_MISSING, f"the file has no column {told}", missing[0])
        uncovered = [name for name in reader.columns if name not in set(covered)]
        flattener = self._flattener if self._mapping.each or self._flatten_first else None
        if flattener is None and uncovered:
            pairs = ", ".join(f"{literal(name)}, e{number}" for number, name in enumerate(uncovered))
            self.extra_sql = f"json_object({pairs})::varchar"
        pending: list[pa.Table] = []
        held = 0
        for batch in reader:
            table = self._csv_columns(batch, uncovered) if flattener is None else self._csv_acts(batch)
            for name in uncovered:
                self.uncovered[name] = self.uncovered.get(name, 0) + batch.rows.num_rows
            pending.append(table)
            held += table.num_rows
            self.records = self._first + int(batch.ordinals[-1].as_py()) + 1
            if held >= CHUNK_ACTS:
                yield Chunk(pa.concat_tables(pending))
                pending, held = [], 0
        refused = [replace(one, ordinal=self._first + one.ordinal) for one in reader.refused]
        self.refused.extend(refused)
        self.records = max([self.records, *(one.ordinal + 1 for one in refused)])
        if pending:
            yield Chunk(pa.concat_tables(pending))

    def _csv_columns(self, batch: CsvBatch, uncovered: list[str]) -> pa.Table:
        rows = batch.rows
        columns: dict[str, Any] = {
            "record_ordinal": pc.add(batch.ordinals, self._first),
            "record_part": pa.repeat(pa.scalar(0, pa.int32()), rows.num_rows),
        }
        for name in self._slots.fields:
            made = self._made.get(name)
            cells = rows.column(name) if made is None else pa.repeat(pa.scalar(made), rows.num_rows)
            columns[self._slots.text(name)] = cells
            columns[self._slots.raw(name)] = cells
        for number, name in enumerate(uncovered):
            columns[f"e{number}"] = rows.column(name)
        columns["extra"] = pa.nulls(rows.num_rows, pa.string())
        columns["item_extra"] = columns["extra"]
        return pa.table(columns)

    def _csv_acts(self, batch: CsvBatch) -> pa.Table:
        acts = _Acts(len(self._slots.fields))
        for place, row in zip(batch.ordinals.to_pylist(), batch.rows.to_pylist(), strict=True):
            ordinal = self._first + place
            try:
                flat = self._acts_of(row, self._made)
            except RecordShapeError as error:
                self.refused.append(RefusedRecord(ordinal, Reason.RECORD_SHAPE, b"", error.field))
                continue
            for act in flat:
                acts.add(ordinal, act.part, act.texts, act.raws, act.extra, act.item_extra)
            if self._flatten_first:
                self._count(flat)
        return acts.table()

    def _json(self, stream: Any, dialect: Dialect) -> Iterator[Chunk]:
        records: Iterable[RawRecord]
        if dialect.record is not None:
            records = XmlReader(stream, dialect.record, dialect.encoding, self._forms.root, self._mapping.ignored)
        else:
            records = read_jsonl(stream) if dialect.format == "jsonl" else read_json(stream, dialect.records)
        acts = _Acts(len(self._slots.fields))
        raws: dict[int, bytes] = {}
        size = 0
        for found in records:
            record = replace(found, ordinal=self._first + found.ordinal)
            self.records += 1
            if self._flatten(record, acts):
                raws[record.ordinal] = record.raw
                size += len(record.raw)
            if size >= CHUNK_RAW_BYTES or len(acts) >= CHUNK_ACTS:
                yield Chunk(acts.table(), raws)
                acts, raws, size = _Acts(len(self._slots.fields)), {}, 0
        if len(acts):
            yield Chunk(acts.table(), raws)

    def _flatten(self, record: RawRecord, acts: _Acts) -> bool:
        try:
            value, key = parse(record) if not isinstance(record, XmlRecord) else (_shaped(record), None)
            flat = self._acts_of(value, self._made if key is None else {**self._made, "$key": key})
        except RecordMalformedError:
            self.refused.append(RefusedRecord(record.ordinal, Reason.RECORD_MALFORMED, record.raw))
            return False
        except RecordShapeError as error:
            self.refused.append(RefusedRecord(record.ordinal, Reason.RECORD_SHAPE, record.raw, error.field))
            return False
        for act in flat:
            acts.add(record.ordinal, act.part, act.texts, act.raws, act.extra, act.item_extra)
        self._count(flat)
        return True

    def _acts_of(self, record: dict[str, Any], made: dict[str, Any]) -> list[Act]:
        if self._flatten_first is None:
            return list(self._flattener.acts(record, made))
        acts: list[Act] = []
        uncovered: set[str] = set()
        for one in self._flatten_first(record):
            acts += [replace(act, part=len(acts) + act.part) for act in self._flattener.acts(one, made)]
            uncovered |= self._flattener.uncovered
        self._flattener.uncovered = frozenset(uncovered)
        return acts

    def _count(self, flat: list[Act]) -> None:
        self._acts += len(flat)
        for name in self._flattener.uncovered:
            self.uncovered[name] = self.uncovered.get(name, 0) + 1


def _shaped(record: XmlRecord) -> dict[str, Any]:
    if record.is_too_deep:
        raise RecordMalformedError("nested too deep")
    if record.misshapen is not None:
        raise RecordShapeError(record.misshapen, "holds attributes or elements, and its text alone is read")
    return record.value


class _Acts:
    """Rows gathered column by column."""

    def __init__(self, slots: int) -> None:
        self._ordinals: list[int] = []
        self._parts: list[int] = []
        self._texts: list[list[str | None]] = [[] for _ in range(slots)]
        self._raws: list[list[str | None]] = [[] for _ in range(slots)]
        self._extras: list[str | None] = []
        self._item_extras: list[str | None] = []

    def __len__(self) -> int:
        return len(self._ordinals)

    def add(
        self,
        ordinal: int,
        part: int,
        texts: list[str | None],
        raws: list[str | None],
        extra: str | None,
        item_extra: str | None,
    ) -> None:
        self._ordinals.append(ordinal)
        self._parts.append(part)
        for column, text in zip(self._texts, texts, strict=True):
            column.append(text)
        for column, raw in zip(self._raws, raws, strict=True):
            column.append(raw)
        self._extras.append(extra)
        self._item_extras.append(item_extra)

    def table(self) -> pa.Table:
        columns: dict[str, Any] = {
            "record_ordinal": pa.array(self._ordinals, pa.int64()),
            "record_part": pa.array(self._parts, pa.int32()),
        }
        for number, (texts, raws) in enumerate(zip(self._texts, self._raws, strict=True)):
            columns[f"t{number}"] = pa.array(texts, pa.string())
            columns[f"r{number}"] = pa.array(raws, pa.string())
        columns["extra"] = pa.array(self._extras, pa.string())
        columns["item_extra"] = pa.array(self._item_extras, pa.string())
        return pa.table(columns)
