"""The second reader (law 7): counts the records of a file, and finds their bytes, by other means than the first.

It shares no parsing code with the readers that feed the pipeline: those use Arrow and msgspec, this one a
scan for quotes and newlines (CSV) and the standard library's decoder (JSON).
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO

from pipelines.readers.containers import open_members

_PIECE = 4 << 20


class RecountError(ValueError):
    """The second reader cannot make sense of the file at all."""


@dataclass(frozen=True)
class Layout:
    """What the second reader is told of a file: its format, encoding, quote, records and packing."""

    format: str
    encoding: str
    quote: str
    records: str
    within: str | None = None
    member: str = "*"


def count_records(path: Path, layout: Layout) -> int:
    """How many records the file holds, all its members together.

    Raises:
        RecountError: the file breaks off within a quoted field or a JSON value.
        FileRefusedError: the archive is broken.
    """
    return sum(_count(member.stream, layout) for member in open_members(path, layout.within, layout.member))


def csv_records(path: Path, layout: Layout, ordinals: Collection[int]) -> dict[int, bytes]:
    """The raw bytes of some records of a CSV file, by ordinal (from 0, headers apart)."""
    wanted = set(ordinals)
    found: dict[int, bytes] = {}
    codec = _codec(layout.encoding).removesuffix("-sig")
    position = 0
    with closing(open_members(path, layout.within, layout.member)) as members:
        for member in members:
            with _text(member.stream, layout.encoding, "") as lines:
                for number, line in enumerate(csv_lines(lines, layout.quote)):
                    if number and position in wanted:
                        found[position] = line.rstrip("\r\n").encode(codec)
                    position += number > 0
                    if len(found) == len(wanted):
                        return found
    return found


def _count(stream: BinaryIO, layout: Layout) -> int:
    newline = {"csv": "", "jsonl": "\n"}.get(layout.format)
    with _text(stream, layout.encoding, newline) as text:
        if layout.format == "csv":
            return max(sum(1 for _ in csv_lines(text, layout.quote)) - 1, 0)
        if layout.format == "jsonl":
            return sum(1 for line in text if line.strip(" \t\r\n"))
        return _JsonCounter(text.read).count(layout.records)


@contextmanager
def _text(stream: BinaryIO, encoding: str, newline: str | None) -> Iterator[TextIOWrapper]:
    """The stream as text; whoever opened the stream closes it."""
    wrapper = TextIOWrapper(stream, encoding=_codec(encoding), newline=newline)
    try:
        yield wrapper
    finally:
        wrapper.detach()


def csv_lines(stream: Iterable[str], quote: str) -> Iterator[str]:
    """Logical lines of CSV text: a newline inside quotes does not end one; blank lines are left out.

    Raises:
        RecountError: the text ends within a quoted field.
    """
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
