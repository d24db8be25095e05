"""CSV bytes to columns of text, through Arrow's streaming parser; nothing is sniffed, nothing becomes null.

Arrow reads ahead, up to 32 blocks (``CHUNK_BYTES`` each): that, and not the file, is what its memory grows to. Since a
row must fit into a block, and the number of blocks cannot be set, a row may not have what a JSON record may.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import pyarrow as pa
from pyarrow import csv

from pipelines.domain.vocabulary import Reason
from pipelines.readers.records import CHUNK_BYTES, FileRefusedError, RecordTooLargeError, RefusedRecord, checked_utf8


@dataclass(frozen=True)
class CsvBatch:
    """Some rows: one text column a field, and each row's ordinal in the file (from 0, header apart)."""

    rows: pa.RecordBatch
    ordinals: pa.Array


class CsvReader:
    """Reads one CSV stream of UTF-8 text, so many bytes at a time.

    Iterating yields batches; ``refused`` grows by the rows with too few or too many fields, which keep
    their ordinal (their bytes are found by the second reader). Blank lines are no records. Without ``quote`` a quote
    is a sign like any other; with ``header`` the first row is a record.

    Raises:
        FileRefusedError: on construction or iteration; the file as a whole cannot be read.
    """

    def __init__(
        self,
        stream: BinaryIO,
        delimiter: str,
        quote: str | None,
        header: Sequence[str] | None = None,
        block_bytes: int | None = None,
    ) -> None:
        self.refused: list[RefusedRecord] = []
        self._rows_before = 1 if header else 2
        self._bad_ordinals: list[int] = []
        try:
            self._reader = csv.open_csv(
                # Arrow decodes a row with too many fields for its handler, and prints where that fails.
                checked_utf8(stream),
                read_options=csv.ReadOptions(
                    use_threads=False, block_size=block_bytes or CHUNK_BYTES, column_names=header
                ),
                parse_options=csv.ParseOptions(
                    delimiter=delimiter,
                    quote_char=quote or False,
                    double_quote=True,
                    escape_char=False,
                    newlines_in_values=quote is not None,
                    invalid_row_handler=self._refuse,
                ),
                convert_options=csv.ConvertOptions(
                    default_column_type=pa.string(),
                    column_types=dict.fromkeys(header or (), pa.string()),
                    strings_can_be_null=False,
                    check_utf8=True,
                ),
            )
        except pa.ArrowInvalid as error:
            raise _refusal(error) from None
        self.columns: tuple[str, ...] = tuple(self._reader.schema.names)
        seen: dict[str, int] = {}
        for position, name in enumerate(self.columns, start=1):
            # By position: a file without header has a person's row for one, and its cells are not ours to tell.
            if name in seen:
                message = f"columns {seen[name]} and {position} have the same name"
                raise FileRefusedError(Reason.FILE_MALFORMED, message)
            seen[name] = position

    def __iter__(self) -> Iterator[CsvBatch]:
        position = 0
        while True:
            try:
                batch = self._reader.read_next_batch()
            except StopIteration:
                return
            except pa.ArrowInvalid as error:
                raise _refusal(error) from None
            if batch.num_rows:
                ordinals = self._ordinals(position, batch.num_rows)
                position = ordinals[-1].as_py() + 1
                yield CsvBatch(batch, ordinals)

    def _refuse(self, row: csv.InvalidRow) -> str:
        ordinal = row.number - self._rows_before
        self._bad_ordinals.append(ordinal)
        self.refused.append(
            RefusedRecord(
                ordinal,
                Reason.RECORD_MALFORMED,
                b"",
                field=f"{row.actual_columns} fields, expected {row.expected_columns}",
            )
        )
        return "skip"

    def _ordinals(self, start: int, count: int) -> pa.Array:
        """Ordinals of the next ``count`` good rows, stepping over the refused ones."""
        bad = np.array(self._bad_ordinals[bisect_left(self._bad_ordinals, start) :], dtype=np.int64)
        is_good = np.ones(count + len(bad), dtype=np.bool_)
        is_good[bad[bad < start + len(is_good)] - start] = False
        return pa.array(start + np.flatnonzero(is_good)[:count])


def _refusal(error: pa.ArrowInvalid) -> FileRefusedError:
    text = str(error)
    if "UTF8" in text or "utf8" in text:
        return FileRefusedError(Reason.FILE_ENCODING, "the bytes are not valid UTF-8")
    if "Empty CSV" in text:
        return FileRefusedError(Reason.FILE_EMPTY, "the file is empty")
    if "straddling" in text:
        message = f"a record is larger than {CHUNK_BYTES >> 20} MiB, or a quote never closes"
        return RecordTooLargeError(Reason.FILE_MALFORMED, message)
    return FileRefusedError(Reason.FILE_MALFORMED, "the file is no valid CSV of the declared dialect")
