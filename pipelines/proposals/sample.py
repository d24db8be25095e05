"""The first records of a file nobody has described: its packing, format and dialect, guessed and marked."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from pipelines.contracts.dialect import Dialect
from pipelines.proposals.guess import Guess
from pipelines.readers.containers import open_members
from pipelines.readers.csv_reader import CsvReader
from pipelines.readers.json_reader import RecordMalformedError, parse, read_json, read_jsonl, without_trailing_commas
from pipelines.readers.records import FileRefusedError, utf8_stream
from pipelines.readers.xml_reader import XmlReader

RECORDS = 2_000
"""How many records are looked at."""

_HEAD = 1 << 20
_DELIMITERS = ",\t;|"
_LINES = 200
_TAG = re.compile(rb"<([A-Za-z_][\w.:-]*)(?:\s[^<>]*?)?(/?)>|</([A-Za-z_][\w.:-]*)\s*>")


class SampleError(ValueError):
    """A file of which no record can be shown; the message says why, and what to do."""


@dataclass(frozen=True)
class Sample:
    """Some records of an export.

    Attributes:
        dialect: how the bytes are to be read, as a contract states it; values may be guesses.
        records: nested values, or of a CSV its cells by column.
        is_whole: whether there are no more.
    """

    dialect: dict[str, Any]
    records: list[dict[str, Any]]
    is_whole: bool

    @property
    def is_table(self) -> bool:
        """Whether fields are columns of text."""
        return bool(self.dialect["format"] == "csv")


def take_sample(path: Path) -> Sample:
    """The first records of a file.

    Raises:
        SampleError: it is empty, or in no format that a contract can state.
    """
    try:
        within = _packing(path)
        name, head = _head(path, within)
        dialect = _dialect(name, head)
        if within:
            dialect |= {"within": within}
        if within in ("zip", "tar") and Path(name).suffix:
            dialect["member"] = Guess(f"*{Path(name).suffix}", "the suffix of the first member")
        records = list(islice(_records(path, Dialect.model_validate(_plain(dialect))), RECORDS + 1))
    except FileRefusedError as error:
        raise SampleError(f"{path.name}: {error.message}") from None
    if not records:
        raise SampleError(f"{path.name}: no record could be read of it")
    return Sample(dialect, records[:RECORDS], len(records) <= RECORDS)


def _plain(dialect: dict[str, Any]) -> dict[str, Any]:
    return {name: one.value if isinstance(one, Guess) else one for name, one in dialect.items()}


def _packing(path: Path) -> str | None:
    with path.open("rb") as stream:
        head = stream.read(512)
    if not head:
        raise SampleError(f"{path.name} is empty")
    if head[:4] == b"PK\x03\x04":
        return "zip"
    if head[257:262] == b"ustar" or head[:3] == b"BZh" or head[:6] == b"\xfd7zXZ\0":
        return "tar"
    if head[:2] != b"\x1f\x8b":
        return None
    for member in open_members(path, "gzip"):
        head = member.stream.read(512)
    return "tar" if head[257:262] == b"ustar" else "gzip"


def _head(path: Path, within: str | None) -> tuple[str, bytes]:
    with closing(open_members(path, within)) as members:
        member = next(members)
        return member.name, member.stream.read(_HEAD)


def _dialect(name: str, head: bytes) -> dict[str, Any]:
    encoding = _encoding(head)
    codec = encoding.value if isinstance(encoding, Guess) else encoding or "utf-8"
    text = codecs.getincrementaldecoder(codec)("strict").decode(head).lstrip("\ufeff")
    stated: dict[str, Any] = {"encoding": encoding} if encoding else {}
    begin = text.lstrip()
    if begin[:1] == "<":
        return {"format": "xml", **stated, "record": _record_element(begin.encode())}
    if begin[:1] in ("[", "{"):
        strict = without_trailing_commas(begin.encode()).decode()
        if strict != begin:
            why = "a comma stands behind the last part of a list or object; else such records are no JSON"
            stated["trailing_commas"] = Guess(True, why)
        return {**({"format": "json"} if begin[:1] == "[" else _lines_or_object(name, strict)), **stated}
    return {"format": "csv", **stated, **_table(text)}


def _encoding(head: bytes) -> str | Guess | None:
    if head[:3] == codecs.BOM_UTF8:
        return None
    if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")("strict").decode(head)
    except UnicodeDecodeError:
        try:
            head.decode("cp1252")
        except UnicodeDecodeError:
            return Guess("latin-1", "it is no UTF-8; look at letters such as é in the first rows")
        return Guess("cp1252", "it is no UTF-8; look at letters such as é in the first rows")
    return None


def _lines_or_object(name: str, text: str) -> dict[str, Any]:
    """What begins with an object: one record a line, an object of records, or a document that is one record."""
    first, _, rest = text.partition("\n")
    try:
        line = json.loads(first)
    except ValueError:
        line = None
    if line is not None and (rest.strip() or Path(name).suffix in (".jsonl", ".ndjson")):
        return {"format": "jsonl"}
    try:
        values = json.loads(text).values()
    except ValueError:
        values = ()  # it is longer than what was looked at
    if all(isinstance(one, dict) for one in values):
        return {"format": "json", "records": Guess("object", "the document is one object; its values are the records")}
    if line is not None:
        return {"format": "jsonl"}
    return {"format": "json", "records": Guess("whole", "the document is one object, and not all of it are records")}


def _record_element(text: bytes) -> Guess:
    """The outermost element that there are several of."""
    path: list[str] = []
    seen: Counter[str] = Counter()
    for match in _TAG.finditer(text):
        opened, closes_itself, closed = match.groups()
        if closed:
            if path:
                path.pop()
            continue
        path.append(opened.decode())
        seen["/".join(path)] += 1
        if closes_itself:
            path.pop()
    several = [place for place, count in seen.items() if count > 1 and "/" in place]
    record = min(several, key=lambda place: place.count("/"), default=next(iter(seen), "document"))
    return Guess(record, "the outermost element that there are several of")


def _table(text: str) -> dict[str, Any]:
    lines = text.splitlines(keepends=True)[:_LINES]
    found = {sign: _widths(lines, sign, '"') for sign in _DELIMITERS}
    delimiter = max(_DELIMITERS, key=lambda sign: (_is_even(found[sign]), max(found[sign], default=0)))
    stated: dict[str, Any] = {}
    if delimiter != ",":
        stated["delimiter"] = delimiter
    if not _is_even(found[delimiter]) and _is_even(_widths(lines, delimiter, None)):
        stated["quote"] = Guess(None, "rows have equal lengths only if a quote is a sign like any other")
    names = next(csv.reader(io.StringIO("".join(lines)), delimiter=delimiter), [])
    if any(re.fullmatch(r"\s*-?[0-9.]*\s*", one) for one in names) and _first_row_is_data(names):
        columns = [f"column_{number}" for number in range(1, len(names) + 1)]
        stated["header"] = Guess(columns, "the first row looks like data; name the columns")
    return stated


def _first_row_is_data(names: list[str]) -> bool:
    return any(re.fullmatch(r"\s*-?[0-9]+(\.[0-9]+)?\s*", one) for one in names) or len(set(names)) < len(names)


def _widths(lines: list[str], delimiter: str, quote: str | None) -> Counter[int]:
    text = io.StringIO("".join(lines))
    if quote is None:
        rows = csv.reader(text, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    else:
        rows = csv.reader(text, delimiter=delimiter, quotechar=quote)
    try:
        return Counter(len(row) for row in rows if row)
    except csv.Error:
        return Counter()


def _is_even(widths: Counter[int]) -> bool:
    """Whether all rows but a few have the same number of fields, and more than one; the last may have been cut."""
    if not widths:
        return False
    width, count = widths.most_common(1)[0]
    return width > 1 and count >= widths.total() - max(1, widths.total() // 50)


def _records(path: Path, dialect: Dialect) -> Iterator[dict[str, Any]]:
    for member in open_members(path, dialect.within, dialect.member):
        stream = utf8_stream(member.stream, dialect.encoding)
        yield from _read(stream, dialect)


def _read(stream: BinaryIO, dialect: Dialect) -> Iterator[dict[str, Any]]:
    if dialect.format == "csv":
        for batch in CsvReader(stream, dialect.delimiter, dialect.quote, dialect.header):
            yield from batch.rows.slice(0, RECORDS + 1).to_pylist()
        return
    if dialect.record is not None:
        values = [record.value for record in islice(XmlReader(stream, dialect.record, dialect.encoding), RECORDS + 1)]
        several = {path for value in values for path in _lists(value, ())}
        yield from (_with_lists(value, (), several) for value in values)
        return
    found = read_jsonl(stream) if dialect.format == "jsonl" else read_json(stream, dialect.records)
    for record in found:
        try:
            value, key = parse(record, trailing_commas=dialect.trailing_commas)
        except RecordMalformedError:
            continue
        yield value if key is None else {"$key": key, **value}


def _lists(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Where an element occurs several times."""
    if isinstance(value, list):
        yield path
        for one in value:
            yield from _lists(one, path)
    elif isinstance(value, dict):
        for name, held in value.items():
            yield from _lists(held, (*path, name))


def _with_lists(value: Any, path: tuple[str, ...], several: set[tuple[str, ...]]) -> Any:
    """The same with a list of one wherever another record has several: so a contract that lists them reads it."""
    held = [value] if path in several and not isinstance(value, list) else value
    if isinstance(held, list):
        return [_with_lists(one, path, several - {path}) for one in held]
    if isinstance(held, dict):
        return {name: _with_lists(one, (*path, name), several) for name, one in held.items()}
    return held
