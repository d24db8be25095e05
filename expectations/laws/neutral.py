"""The engine-neutral fingerprint of judgments: whoever can compute an md5 can compute it, in whatever order rows come.

Each of ``NEUTRAL`` is written as text: a boolean as ``true`` or ``false``, the order of presentation as a JSON array
without white space, anything else as it is. A null is ``-``; another value is its length in UTF-8 bytes, ``:``, and
itself. These, one behind the other, are a row's text. Its md5 is read as a number whose first byte counts least; the
fingerprint is the sum of the numbers' upper halves and the sum of their lower halves, each modulo 2**64, in hex.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import md5
from struct import Struct

from pipelines.domain.answers import json_text

NEUTRAL = (
    "source_id",
    "item_id",
    "annotator_id",
    "question_id",
    "annotator_kind",
    "answer_type",
    "answer",
    "raw_answer",
    "status",
    "abstained",
    "rationale",
    "confidence",
    "presentation_order",
    "judgment_key",
)
"""What of a judgment goes in, in this order: who said what of which item, and how; no place, no time, no number."""

_MASK = 2**64 - 1
_unpack = Struct("<QQ").unpack


@dataclass(frozen=True)
class Fingerprint:
    """How many rows there are, and 32 hex digits that tell their multiset from others."""

    count: int
    digest: str

    @staticmethod
    def none() -> Fingerprint:
        """That of no row at all."""
        return Fingerprint(0, "0" * 32)

    def __add__(self, other: Fingerprint) -> Fingerprint:
        """That of the rows of both."""
        halves = ((int(self.digest[at:][:16], 16) + int(other.digest[at:][:16], 16)) & _MASK for at in (0, 16))
        return Fingerprint(self.count + other.count, "{:016x}{:016x}".format(*halves))


class Sum:
    """A fingerprint that grows, row by row."""

    __slots__ = ("_lower", "_upper", "count")

    def __init__(self) -> None:
        self.count = self._upper = self._lower = 0

    def add(self, *texts: bytes) -> None:
        """More rows, each as its text in UTF-8."""
        for text in texts:
            lower, upper = _unpack(md5(text, usedforsecurity=False).digest())
            self._upper += upper
            self._lower += lower
        self.count += len(texts)

    def fingerprint(self) -> Fingerprint:
        """What came of it so far."""
        return Fingerprint(self.count, f"{self._upper & _MASK:016x}{self._lower & _MASK:016x}")


def written(value: str | None) -> bytes:
    """A value as part of a row's text.

    Raises:
        UnicodeEncodeError: it holds a lone surrogate, which is no text.
    """
    if value is None:
        return b"-"
    text = value.encode()
    return b"%d:%b" % (len(text), text)


def number_of(text: bytes) -> int:
    """The number of one text, as DuckDB's ``md5_number`` has it."""
    return int.from_bytes(md5(text, usedforsecurity=False).digest(), "little")


def written_order(order: Sequence[str | None] | None) -> bytes:
    """An order of presentation as part of a row's text."""
    return written(None if order is None else json_text(list(order)))


def of_rows(rows: Iterable[Sequence[object]]) -> Fingerprint:
    """The fingerprint of rows that hold the values of ``NEUTRAL``."""
    found = Sum()
    for row in rows:
        found.add(b"".join(map(_part, row)))
    return found.fingerprint()


def _part(value: object) -> bytes:
    if isinstance(value, bool):
        return written("true" if value else "false")
    if isinstance(value, list | tuple):
        return written_order(value)
    if value is None or isinstance(value, str):
        return written(value)
    raise TypeError(f"a judgment holds no {type(value).__name__}")


def neutral_fingerprints(relation: str, by: Sequence[str]) -> str:
    """DuckDB's SQL for the same: one row for each group of ``by`` (columns), with ``n`` and ``fingerprint``."""
    as_text = {"abstained": "abstained::varchar", "presentation_order": "to_json(presentation_order)::varchar"}
    texts = (as_text.get(name, name) for name in NEUTRAL)
    row = " || ".join(f"coalesce(strlen({text}) || ':' || {text}, '-')" for text in texts)
    keys = "".join(f"{name}, " for name in by)
    return summed(f"select {keys}md5_number({row}) as digest from {relation}", by)


def summed(digests: str, by: Sequence[str] = ()) -> str:
    """DuckDB's SQL for the fingerprints of a query's column ``digest``: one row for each group, as above."""
    keys = "".join(f"{name}, " for name in by)
    grouped = f" group by {', '.join(by)}" if by else ""
    halves = ("digest >> 64", f"digest & {_MASK}::uhugeint")
    sums = ", ".join(f"(coalesce(sum(({half})::ubigint), 0) & {_MASK})::ubigint" for half in halves)
    return f"select {keys}count(*) as n, printf('%016x%016x', {sums}) as fingerprint from ({digests}){grouped}"
