"""What landing's quarantine holds of one file: the places that a recount is to leave out, and to find unreadable."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

Part = tuple[int | None, str | None]
"""Which part of a record (None: all of it), and which question (None: the whole act)."""


@dataclass(frozen=True)
class Refused:
    """The refused parts of a file's records, by the record's place in the file; ``whole``: nothing of it was taken."""

    by_record: dict[int, frozenset[Part]] = field(default_factory=dict)
    whole: bool = False

    def __len__(self) -> int:
        return self.whole + sum(map(len, self.by_record.values()))

    @staticmethod
    def of_rows(rows: Iterable[tuple[int | None, int | None, str | None, str]], first: int = 0) -> Refused:
        """From rows of (record_ordinal, record_part, question_id, stage); ``first`` is the file's first ordinal.

        That is 0 but for a further file of the same bytes, whose records count on.
        """
        found: dict[int, set[Part]] = defaultdict(set)
        is_whole = False
        for ordinal, part, question, stage in rows:
            if stage == "file":
                is_whole = True
            elif stage in ("record", "judgment") and ordinal is not None:
                found[ordinal - first].add((part, question))
        return Refused({ordinal: frozenset(parts) for ordinal, parts in found.items()}, is_whole)


def refused_of(folder: Path, first: int = 0) -> Refused:
    """What a landed file's folder says that was refused of it; ``first`` as in ``Refused.of_rows``."""
    import pyarrow.parquet as pq  # late: a recount itself needs no engine

    columns = ["record_ordinal", "record_part", "question_id", "stage"]
    rows: list[tuple[int | None, int | None, str | None, str]] = []
    for path in sorted((folder / "quarantine").glob("*.parquet")):
        table = pq.ParquetFile(path).read(columns=columns)
        rows += zip(*(table.column(name).to_pylist() for name in columns), strict=True)
    return Refused.of_rows(rows, first)
