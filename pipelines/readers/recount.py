"""The second reader (law 7): counts the records of a file, and finds their bytes, by other means than the first.

It shares no parsing code with the readers that feed the pipeline: those use Arrow and msgspec, this one a
scan for quotes and newlines (CSV) and the standard library's decoder (JSON).
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Collection, Iterator
from pathlib import Path

_PIECE = 4 << 20


class RecountError(ValueError):
    """The second reader cannot make sense of the file at all."""


def count_records(path: Path, file_format: str, encoding: str, quote: str, records: str) -> int:
    """How many records the file holds.

    Args:
        path: the raw file.
        file_format: csv, json or jsonl.
        encoding: the declared text encoding.
        quote: csv: the quote character.
        records: json: array or object.

    Raises:
        RecountError: the file breaks off within a quoted field or a JSON value.
    """
    if file_format == "csv":
        return max(sum(1 for _ in csv_lines(path, encoding, quote)) - 1, 0)
    if file_format == "jsonl":
        with path.open("r", encoding=_codec(encoding), newline="\n") as lines:
            return sum(1 for line in lines if line.strip(" \t\r\n"))
    return _count_json(path, encoding, records)


def csv_records(path: Path, encoding: str, quote: str, ordinals: Collection[int]) -> dict[int, bytes]:
    """The raw bytes of some records of a CSV file, by ordinal (from 0, header apart)."""
    wanted = set(ordinals)
    found: dict[int, bytes] = {}
    for ordinal, line in enumerate(csv_lines(path, encoding, quote), start=-1):
        if ordinal in wanted:
            found[ordinal] = line.rstrip("\r\n").encode(_codec(encoding).removesuffix("-sig"))
            if len(found) == len(wanted):
                break
    return found


def csv_lines(path: Path, encoding: str, quote: str) -> Iterator[str]:
    """Logical lines of a CSV file: a newline inside quotes does not end one; blank lines are left out."""
    with path.open("r", encoding=_codec(encoding), newline="") as stream:
        pending: list[str] = []
        is_open = False
        for line in stream:
            if line.count(quote) % 2:
                is_open = not is_open
            if is_open or pending:
                pending.append(line)
                if is_open:
                    continue
                line = "".join(pending)
                pending.clear()
            if line.strip("\r\n"):
                yield line
        if is_open:
            raise RecountError("the file ends within a quoted field")


def _count_json(path: Path, encoding: str, records: str) -> int:
    with path.open("r", encoding=_codec(encoding)) as stream:
        return _JsonCounter(stream.read).count(records)


class _JsonCounter:
    """Counts the entries of a top-level JSON container with the standard library, a piece at a time."""

    def __init__(self, read: object) -> None:
        self._read = read
        self._text = ""
        self._at = 0

    def count(self, records: str) -> int:
        opening, closing = ("[", "]") if records == "array" else ("{", "}")
        self._expect(opening)
        if self._peek() == closing:
            return 0
        total = 0
        while True:
            if records == "object":
                self._value()
                self._expect(":")
            self._value()
            total += 1
            if self._peek() == closing:
                return total
            self._expect(",")

    def _more(self) -> bool:
        piece = self._read(_PIECE)  # type: ignore[operator]
        self._text = self._text[self._at :] + piece
        self._at = 0
        return bool(piece)

    def _peek(self) -> str:
        while True:
            while self._at < len(self._text) and self._text[self._at] in " \t\r\n":
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                raise RecountError("the document breaks off")

    def _expect(self, sign: str) -> None:
        if self._peek() != sign:
            raise RecountError(f"expected {sign!r}")
        self._at += 1

    def _value(self) -> None:
        self._peek()
        while True:
            try:
                _, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if not self._more():
                    raise RecountError(f"no valid JSON value: {error.msg}") from None
                continue
            if end == len(self._text) and self._more():
                continue
            self._at = end
            return


_DECODER = json.JSONDecoder(parse_float=str, parse_int=str)


def _codec(encoding: str) -> str:
    name = codecs.lookup(encoding).name
    return "utf-8-sig" if name in ("utf-8", "ascii") else name
