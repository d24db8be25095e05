"""What a file's landing refused: gathered with reasons, told without content, kept with bytes in the restricted area.

Why something is refused is decided by readers and shapes; here it is only kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipelines.domain.vocabulary import Reason
from pipelines.readers.records import FileRefusedError, RefusedRecord, exact_codec, is_utf8
from pipelines.readers.recount import Layout, csv_records


@dataclass(frozen=True)
class Refusal:
    """One refused file, record, act or judgment; ``raw`` is UTF-8, or empty where the second reader is to find it."""

    stage: str
    reason: Reason
    raw: bytes
    ordinal: int | None = None
    part: int | None = None
    question: str | None = None
    field: str | None = None


class Refusals:
    """The refusals of one file. Add first, then read: the bytes are looked up once.

    ``first`` is the ordinal of the file's first record: a second file of the same bytes counts on.
    """

    def __init__(self, path: Path, layout: Layout) -> None:
        self._path = path
        self._layout = layout
        self._refused: list[Refusal] = []
        self.first = 0

    def __len__(self) -> int:
        return len(self._refused)

    def add(self, refusal: Refusal) -> None:
        """One more."""
        self._refused.append(refusal)

    def add_records(self, records: Iterable[RefusedRecord]) -> None:
        """Records that could not be read or taken apart."""
        for one in records:
            self.add(Refusal("record", one.reason, one.raw, one.ordinal, one.part, None, one.field))

    def clear(self) -> None:
        """None at all."""
        self._refused.clear()

    def instead(self, error: FileRefusedError, copy: int) -> None:
        """The file, the ``copy``-th further one of its bytes, is refused; what was refused of it does not count."""
        field = error.field if copy == 0 else f"file {copy + 1} of the same bytes"
        self._refused = [Refusal("file", error.reason, b"", field=field)]

    def reasons(self) -> dict[str, int]:
        """How often each reason code was given."""
        return dict(Counter(one.reason.value for one in self._refused))

    def landed(self, source: str, file_sha256: str) -> pa.Table:
        """The rows of the quarantine table: where, why, and a digest of the bytes; never the bytes."""
        one = self._refused
        digests = [
            file_sha256 if refusal.stage == "file" else sha256(raw).hexdigest()
            for refusal, raw in zip(one, self._raws, strict=True)
        ]
        columns: dict[str, list[Any]] = {
            "source_id": [source] * len(one),
            "file_sha256": [file_sha256] * len(one),
            "record_ordinal": [refusal.ordinal for refusal in one],
            "record_part": [refusal.part for refusal in one],
            "question_id": [refusal.question for refusal in one],
            "stage": [refusal.stage for refusal in one],
            "reason": [refusal.reason.value for refusal in one],
            "field": [refusal.field for refusal in one],
            "raw_sha256": digests,
        }
        return pa.table({name: pa.array(column) for name, column in columns.items()})

    def restricted(self) -> pa.Table:
        """The refused bytes as they stood in the file, for the restricted raw area alone."""
        one = self._refused
        return pa.table(
            {
                "record_ordinal": pa.array([refusal.ordinal for refusal in one], pa.int64()),
                "record_part": pa.array([refusal.part for refusal in one], pa.int32()),
                "question_id": pa.array([refusal.question for refusal in one], pa.string()),
                "stage": pa.array([refusal.stage for refusal in one], pa.string()),
                "reason": pa.array([refusal.reason.value for refusal in one], pa.string()),
                "field": pa.array([refusal.field for refusal in one], pa.string()),
                "raw": pa.array(self._raws, pa.binary()),
            }
        )

    @cached_property
    def _raws(self) -> list[bytes]:
        """Each refusal's own bytes: a CSV row's are found by the second reader, a JSON record's encoded again."""
        if self._layout.format == "csv":
            places = [None if one.ordinal is None else one.ordinal - self.first for one in self._refused]
            wanted = {place for place in places if place is not None}
            found = csv_records(self._path, self._layout, wanted) if wanted else {}
            return [found.get(place, b"") if place is not None else b"" for place in places]
        if is_utf8(self._layout.encoding):
            return [one.raw for one in self._refused]
        with self._path.open("rb") as stream:
            codec = exact_codec(self._layout.encoding, stream.read(4))
        return [one.raw.decode().encode(codec) for one in self._refused]
