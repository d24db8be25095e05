"""One raw file as chunks of acts: reader and flattener joined, in bounded memory.

A chunk is an Arrow table (record_ordinal, record_part, t0…, r0…, extra columns); the records that could not be
read or flattened are kept aside with their bytes.
"""

from __future__ import annotations

from collections import Counter
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
from pipelines.readers.json_cells import with_json_cells
from pipelines.readers.json_reader import RecordMalformedError, parse, read_json, read_jsonl
from pipelines.readers.records import CHUNK_BYTES, FileRefusedError, RawRecord, RefusedRecord, utf8_stream
from pipelines.readers.xml_reader import XmlReader, XmlRecord
from pipelines.shapes.beside import load_flatten
from pipelines.shapes.flatten import Act, Cell, Flattener, RecordShapeError
from pipelines.shapes.slots import Slots, covered_fields, optional_columns
from pipelines.shapes.sql import literal
from pipelines.shapes.xml_forms import XmlForms

CHUNK_ACTS = 500_000
CHUNK_RAW_BYTES = 32 << 20


@dataclass
class Chunk:
    """Acts of some records.

    Attributes:
        extra_sql: SQL over the acts for what no field covers, as JSON text; None where everything is covered.
        records: how many records were read up to here, refused ones included.
        raws: the raw bytes of its records, where the reader has them.
    """

    acts: pa.Table
    extra_sql: str | None
    records: int
    raws: dict[int, bytes] = field(default_factory=dict)

    def counted_from(self, first: int) -> Chunk:
        """The same acts, of a file whose first record has that ordinal."""
        if first == 0:
            return self
        at = self.acts.schema.get_field_index("record_ordinal")
        ordinals = pc.add(self.acts.column(at), first)
        raws = {first + ordinal: raw for ordinal, raw in self.raws.items()}
        return replace(self, acts=self.acts.set_column(at, "record_ordinal", ordinals), raws=raws)


class RawFile:
    """Reads one raw file through one mapping, a CSV file by blocks of so many bytes.

    Attributes:
        records: how many records have been read so far, refused ones included.
        refused: records that could not be read or flattened.
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
        block_bytes: int = CHUNK_BYTES,
    ) -> None:
        self._path = path
        self._block_bytes = block_bytes
        self._forms = forms or XmlForms()
        self._flattener = Flattener(mapping, slots, is_text=mapping.is_table, required=required)
        self._flatten_first = load_flatten(flatten) if mapping.flatten else None
        self._cells = mapping.dialect.json_cells
        self._acts = 0
        self._mapping = mapping
        self._slots = slots
        self._asked = frozenset(slots.asked)
        self.records = 0
        self._first = 0
        self._given = dict(made or {})
        self._made: dict[str, Any] = self._given
        self.refused: list[RefusedRecord] = []
        self.uncovered: Counter[str] = Counter()

    def chunks(self) -> Iterator[Chunk]:
        """The file's acts, some at a time.

        Raises:
            FileRefusedError: the file as a whole cannot be taken.
        """
        dialect, may_be_empty = self._mapping.dialect, self._mapping.may_be_empty
        if self._path.stat().st_size == 0:
            if may_be_empty:
                return
            raise FileRefusedError(Reason.FILE_EMPTY, "the file is empty")
        for member in open_members(self._path, dialect.within, dialect.member):
            self._first = self.records
            self._made = {**self._given, "$member": member.name} if member.name else self._given
            stream = utf8_stream(member.stream, dialect.encoding)
            try:
                if dialect.format == "csv":
                    reader = CsvReader(stream, dialect.delimiter, dialect.quote, dialect.header, self._block_bytes)
                    yield from self._csv(reader)
                else:
                    yield from self._json(stream, dialect)
            except FileRefusedError as error:
                if not may_be_empty or error.reason != Reason.FILE_EMPTY:
                    raise
        if self.records == 0 and not may_be_empty:
            raise FileRefusedError(Reason.FILE_EMPTY, "the file holds no record")
        if unseen := [*(self._flattener.unseen if self._acts else ()), *self._forms.unseen()]:
            told = ", ".join(unseen)
            message = f"no record has the field {told}; where a question may go unanswered, list null in its unanswered"
            raise FileRefusedError(Reason.FILE_COLUMN_MISSING, message, unseen[0])

    def _csv(self, reader: CsvReader) -> Iterator[Chunk]:
        header = set(reader.columns)
        covered = covered_fields(self._mapping) if self._mapping.is_table else list(reader.columns)
        optional = optional_columns(self._mapping)
        missing = [name for name in covered if name not in header and name not in self._mapping.ignored]
        if missing := [name for name in missing if name not in optional]:
            told = ", ".join(repr(name) for name in missing)
            raise FileRefusedError(Reason.FILE_COLUMN_MISSING, f"the file has no column {told}", missing[0])
        uncovered = [name for name in reader.columns if name not in set(covered)]
        flattener = self._flattener if self._mapping.each or not self._mapping.is_table else None
        extra: str | None = "extra"
        if flattener is None:
            pairs = ", ".join(f"{literal(name)}, e{number}" for number, name in enumerate(uncovered))
            extra = f"json_object({pairs})::varchar" if uncovered else None
        pending: list[pa.Table] = []
        held = size = 0
        for batch in reader:
            table = self._csv_columns(batch, uncovered, optional) if flattener is None else self._csv_acts(batch)
            for name in uncovered:
                self.uncovered[name] += batch.rows.num_rows
            pending.append(table)
            held += table.num_rows
            self.records = self._first + int(batch.ordinals[-1].as_py()) + 1
            size += batch.rows.nbytes
            if held >= CHUNK_ACTS or size >= CHUNK_RAW_BYTES:
                yield Chunk(pa.concat_tables(pending), extra, self.records)
                pending, held, size = [], 0, 0
        refused = [replace(one, ordinal=self._first + one.ordinal) for one in reader.refused]
        self.refused.extend(refused)
        self.records = max([self.records, *(one.ordinal + 1 for one in refused)])
        if pending:
            yield Chunk(pa.concat_tables(pending), extra, self.records)

    def _csv_columns(self, batch: CsvBatch, uncovered: list[str], optional: frozenset[str]) -> pa.Table:
        rows = batch.rows
        columns: dict[str, Any] = {
            "record_ordinal": pc.add(batch.ordinals, self._first),
            "record_part": pa.repeat(pa.scalar(0, pa.int32()), rows.num_rows),
        }
        for number, name in enumerate(self._slots.fields):
            if (column := f"t{number}") in self._asked:
                made = self._made.get(name)
                if made is None and name in optional and name not in rows.column_names:
                    columns[column] = pa.nulls(rows.num_rows, pa.string())
                else:
                    columns[column] = rows.column(name) if made is None else pa.repeat(pa.scalar(made), rows.num_rows)
        for number, name in enumerate(uncovered):
            columns[f"e{number}"] = rows.column(name)
        columns["item_extra"] = pa.nulls(rows.num_rows, pa.string())
        return pa.table(columns)

    def _csv_acts(self, batch: CsvBatch) -> pa.Table:
        acts = _Acts(self._flattener.columns)
        for place, row in zip(batch.ordinals.to_pylist(), batch.rows.to_pylist(), strict=True):
            ordinal = self._first + place
            try:
                flat = self._acts_of(with_json_cells(row, self._cells) if self._cells else row, self._made)
            except RecordShapeError as error:
                self.refused.append(RefusedRecord(ordinal, Reason.RECORD_SHAPE, b"", error.field))
                continue
            acts.add(ordinal, flat)
            if not self._mapping.is_table:
                self._count(flat)
        return acts.table()

    def _json(self, stream: Any, dialect: Dialect) -> Iterator[Chunk]:
        records: Iterable[RawRecord]
        if dialect.record is not None:
            records = XmlReader(stream, dialect.record, dialect.encoding, self._forms.root, self._mapping.ignored)
        else:
            records = read_jsonl(stream) if dialect.format == "jsonl" else read_json(stream, dialect.records)
        acts = _Acts(self._flattener.columns)
        raws: dict[int, bytes] = {}
        for found in records:
            record = replace(found, ordinal=self._first + found.ordinal) if self._first else found
            self.records += 1
            if self._flatten(record, acts):
                raws[record.ordinal] = record.raw
            if acts.size >= CHUNK_RAW_BYTES or len(acts) >= CHUNK_ACTS:
                yield Chunk(acts.table(), "extra", self.records, raws)
                acts, raws = _Acts(self._flattener.columns), {}
        if len(acts):
            yield Chunk(acts.table(), "extra", self.records, raws)

    def _flatten(self, record: RawRecord, acts: _Acts) -> bool:
        try:
            value, key = (
                (_shaped(record), None)
                if isinstance(record, XmlRecord)
                else parse(record, trailing_commas=self._mapping.dialect.trailing_commas)
            )
            flat = self._acts_of(value, self._made if key is None else {**self._made, "$key": key})
        except RecordMalformedError:
            self.refused.append(RefusedRecord(record.ordinal, Reason.RECORD_MALFORMED, record.raw))
            return False
        except RecordShapeError as error:
            self.refused.append(RefusedRecord(record.ordinal, Reason.RECORD_SHAPE, record.raw, error.field))
            return False
        acts.add(record.ordinal, flat, len(record.raw))
        self._count(flat)
        return True

    def _acts_of(self, record: dict[str, Any], made: dict[str, Any]) -> list[Act]:
        if self._flatten_first is None:
            return list(self._flattener.acts(record, made))
        acts: list[Act] = []
        uncovered: set[str] = set()
        for one in self._flatten_first(record):
            acts += [act._replace(part=len(acts) + act.part) for act in self._flattener.acts(one, made)]
            uncovered |= self._flattener.uncovered
        self._flattener.uncovered = frozenset(uncovered)
        return acts

    def _count(self, flat: list[Act]) -> None:
        self._acts += len(flat)
        self.uncovered.update(self._flattener.uncovered)


def _shaped(record: XmlRecord) -> dict[str, Any]:
    if record.is_too_deep:
        raise RecordMalformedError("nested too deep")
    if record.misshapen is not None:
        raise RecordShapeError(record.misshapen, "holds attributes or elements, and its text alone is read")
    return record.value


class _Acts:
    """Acts gathered row by row; ``size`` is about what they and their records hold in memory, in bytes."""

    def __init__(self, columns: list[str]) -> None:
        self._columns = columns
        self._places: list[tuple[int, int, bytes | None, bytes | None]] = []
        self._cells: list[tuple[Cell, ...]] = []
        self.size = 0

    def __len__(self) -> int:
        return len(self._places)

    def add(self, ordinal: int, acts: list[Act], size: int = 0) -> None:
        """The acts of one record, which is so many bytes long."""
        self.size += size
        for part, cells, extra, item_extra in acts:
            self._places.append((ordinal, part, extra, item_extra))
            self._cells.append(tuple(cells))  # unlike lists, tuples of texts cost the garbage collector nothing

    def table(self) -> pa.Table:
        ordinals, parts, extras, item_extras = zip(*self._places, strict=True) if self._places else ((), (), (), ())
        cells = zip(*self._cells, strict=True) if self._cells else ((),) * len(self._columns)
        columns = {
            "record_ordinal": pa.array(ordinals, pa.int64()),
            "record_part": pa.array(parts, pa.int32()),
            **{name: pa.array(column, pa.string()) for name, column in zip(self._columns, cells, strict=True)},
            "extra": pa.array(extras, pa.string()),
            "item_extra": pa.array(item_extras, pa.string()),
        }
        return pa.table(columns)
