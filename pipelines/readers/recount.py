"""The second reader (law 7): counts the records of a file, and finds their bytes, by other means than the first.

It shares no parsing code with the readers that feed the pipeline: those use Arrow and msgspec, this one a
scan for quotes and newlines or the standard library's csv (CSV), its decoder (JSON), a scan for tags (XML).
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO

from pipelines.readers.containers import open_members
from pipelines.readers.records import MAX_RECORD_BYTES, exact_codec
from pipelines.readers.recount_entries import count_entries
from pipelines.readers.recount_json import JsonCounter, RecountError
from pipelines.readers.recount_lines import count_lines, utf8_blocks
from pipelines.readers.recount_xml import count_elements

_END = "\udcff"
"""A line that no decoded text holds: behind the last one it shows whether a quoted field is still open."""


@dataclass(frozen=True)
class Layout:
    """What the second reader is told of a file: its format, encoding, packing, and the signs of its format."""

    format: str
    encoding: str
    quote: str | None
    records: str
    within: str | None = None
    member: str = "*"
    delimiter: str = ","
    has_header: bool = True
    record: str = ""


def count_records(path: Path, layout: Layout, *, exactly: bool = False) -> int:
    """How many records the file holds, all its members together.

    CSV is counted by its quotes and newlines, which is quick, and wrong where a quote stands within an unquoted
    field (``5" pipe``), a JSON document by its commas and brackets. ``exactly`` lets the standard library's csv or
    decoder count; so it does where the quick way fails.

    Raises:
        RecountError: the file breaks off within a quoted field or a JSON value.
        UnicodeError: the bytes are not valid in the declared encoding, or lack the byte order mark that it needs.
        FileRefusedError: the archive is broken.
    """
    if exactly:
        return _total(path, layout, exactly=True)
    try:
        return _total(path, layout, exactly=False)
    except RecountError:
        return _total(path, layout, exactly=True)


def csv_records(path: Path, layout: Layout, ordinals: Collection[int]) -> dict[int, bytes]:
    """The raw bytes of some records of a CSV file, without line end, by ordinal (from 0, headers apart)."""
    wanted = set(ordinals)
    found: dict[int, bytes] = {}
    position = 0
    with closing(open_members(path, layout.within, layout.member)) as members:
        for member in members:
            for number, raw in enumerate(_csv_rows(member.stream, layout)):
                is_record = number >= layout.has_header
                if is_record and position in wanted:
                    found[position] = raw
                position += is_record
                if len(found) == len(wanted):
                    return found
    return found


def _total(path: Path, layout: Layout, *, exactly: bool) -> int:
    with closing(open_members(path, layout.within, layout.member)) as members:
        return sum(_count(member.stream, layout, exactly=exactly) for member in members)


def _count(stream: BinaryIO, layout: Layout, *, exactly: bool) -> int:
    if layout.format == "csv" and exactly:
        return max(sum(1 for _ in _csv_rows(stream, layout)) - layout.has_header, 0)
    if layout.format == "csv":
        lines, last = count_lines(utf8_blocks(stream, layout.encoding), layout.quote)
        if layout.quote is not None and layout.quote in last and not _is_closed(last, layout):
            raise RecountError("the file ends within a quoted field")
        return max(lines - layout.has_header, 0)
    if layout.format == "json" and layout.records != "whole" and not exactly:
        return count_entries(utf8_blocks(stream, layout.encoding), layout.records)
    with _text(stream, layout.encoding, "\n" if layout.format == "jsonl" else None) as text:
        if layout.format == "jsonl":
            return sum(1 for line in text if line.strip(" \t\r\n"))
        if layout.format == "xml":
            return count_elements(text.read, layout.record)
        return JsonCounter(text.read).count(layout.records)


@contextmanager
def _text(stream: BinaryIO, encoding: str, newline: str | None) -> Iterator[TextIOWrapper]:
    """The stream as text; whoever opened the stream closes it."""
    name = codecs.lookup(encoding).name
    wrapper = TextIOWrapper(stream, encoding="utf-8-sig" if name == "utf-8" else name, newline=newline)
    try:
        yield wrapper
    finally:
        wrapper.detach()


def _is_closed(line: str, layout: Layout) -> bool:
    with _large_fields():
        rows = list(_reader([*io.StringIO(line, newline=""), _END], layout))
    return len(rows) > 1 and rows[-1] == [_END]


def _csv_rows(stream: BinaryIO, layout: Layout) -> Iterator[bytes]:
    """The bytes of each row, header included, by the standard library's csv; blank lines are left out.

    Raises:
        RecountError: the text ends within a quoted field, or a field is larger than a record may be.
    """
    taken: list[tuple[bytes, bytes]] = []

    def texts() -> Iterator[str]:
        for text, raw, line_end in _physical_lines(stream, layout.encoding):
            taken.append((raw, line_end))
            yield text
        yield _END

    with _large_fields():
        for row in _reader(texts(), layout):
            if row == [_END]:
                if taken:
                    break  # A lone quote opened a field that holds the end.
                return
            if row:
                yield b"".join(raw for raw, _ in taken).removesuffix(taken[-1][1])
            taken.clear()
    raise RecountError("the file ends within a quoted field")


@contextmanager
def _large_fields() -> Iterator[None]:
    """Fields may be as large as a record; the standard library's own limit is 128 KiB, and its errors are its own.

    The limit is the whole process's: it is not set back, for another thread may be reading.
    """
    csv.field_size_limit(MAX_RECORD_BYTES)
    try:
        yield
    except csv.Error as error:
        raise RecountError(str(error)) from None


def _reader(lines: Iterable[str], layout: Layout) -> Iterator[list[str]]:
    if layout.quote is None:
        return csv.reader(lines, delimiter=layout.delimiter, quoting=csv.QUOTE_NONE)
    return csv.reader(lines, delimiter=layout.delimiter, quotechar=layout.quote, doublequote=True, strict=False)


def _physical_lines(stream: BinaryIO, encoding: str) -> Iterator[tuple[str, bytes, bytes]]:
    """Each line's text, its own bytes, and which of them are its end."""
    head = stream.peek(4) if isinstance(stream, io.BufferedReader) else b""
    codec = exact_codec(encoding, head)
    if codec.startswith(("utf-16", "utf-32")):
        with _text(stream, encoding, "") as lines:
            for line in lines:
                yield line, line.encode(codec), line[len(line.rstrip("\r\n")) :].encode(codec)
        return
    mark = codecs.BOM_UTF8 if codec == "utf-8" else b""
    for block in stream:
        for raw in block.splitlines(keepends=True):
            yield raw.removeprefix(mark).decode(codec), raw, raw[len(raw.rstrip(b"\r\n")) :]
            mark = b""
