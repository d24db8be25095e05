"""Raw bytes as records: containers, encodings, CSV, JSON and JSON Lines, by the standard library alone.

A record is yielded in the order of the file; one that cannot be parsed is yielded as ``Unreadable``.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import IO, Any

from expectations.recount.values import Token, Unreadable, json_of
from pipelines.contracts.dialect import Dialect

_BLOCK = 1 << 20
_SPACE = " \t\r\n"
_SPACES = re.compile(r"[ \t\r\n]*")
_SIGNS = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{},]', re.DOTALL)
_PARTS = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s"]', re.DOTALL)
_LEVELS = 64


def members(raw: Path, dialect: Dialect) -> Iterator[tuple[str, IO[bytes]]]:
    """The texts in a file, in the order of its container, each with its name there (empty where it has none)."""
    if dialect.within == "zip":
        with zipfile.ZipFile(raw) as archive:
            for info in archive.infolist():
                if not info.is_dir() and fnmatchcase(info.filename, dialect.member):
                    with archive.open(info) as stream:
                        yield info.filename, stream
    elif dialect.within == "tar":
        with tarfile.open(raw, "r:*") as tar:
            for member in tar:
                if member.isfile() and fnmatchcase(member.name, dialect.member):
                    found = tar.extractfile(member)
                    if found is not None:
                        yield member.name, found
    elif dialect.within == "gzip":
        with gzip.open(raw) as packed:
            yield "", packed  # type: ignore[misc]
    else:
        with raw.open("rb") as bare:
            yield "", bare


def text_of(stream: IO[bytes], dialect: Dialect) -> io.TextIOWrapper:
    """A stream's text, its line ends as they are; a byte order mark at its beginning is no part of it."""
    encoding = "utf-8-sig" if dialect.encoding == "utf-8" else dialect.encoding
    return io.TextIOWrapper(stream, encoding=encoding, newline="\n" if dialect.format == "jsonl" else "")


def csv_rows(text: Iterable[str], dialect: Dialect) -> Iterator[list[str]]:
    """The rows of a CSV text, the header among them; a blank line is none."""
    csv.field_size_limit(1 << 30)
    if dialect.quote is None:
        rows = csv.reader(text, delimiter=dialect.delimiter, quoting=csv.QUOTE_NONE, quotechar=None)
    else:
        rows = csv.reader(text, delimiter=dialect.delimiter, quotechar=dialect.quote, doublequote=True)
    return filter(None, rows)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is there twice")
    return found


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number")


_SCAN: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder(
    parse_float=Token, parse_int=Token, parse_constant=_no_number, object_pairs_hook=_object
).scan_once  # type: ignore[attr-defined] # what raw_decode calls, without its errors' line numbers


def _value(text: str, at: int) -> tuple[Any, int]:
    """The JSON value that begins at a place, and where it ends.

    Raises:
        ValueError: there is none, or not all of it.
    """
    try:
        return _SCAN(text, at)
    except (StopIteration, RecursionError):
        raise ValueError("no JSON value") from None


def without_trailing_commas(text: str) -> str:
    """A JSON text less each comma that the end of a list or an object follows, and a part of it goes before."""
    kept: list[str] = []
    begin, comma, before = 0, -1, ","
    for found in _PARTS.finditer(text):
        sign = found[0]
        if sign in ("]", "}") and comma >= 0:
            kept.append(text[begin:comma])
            begin = comma + 1
        comma = found.start() if sign == "," and before not in (",", "[", "{") else -1
        before = sign
    return "".join([*kept, text[begin:]])


def as_record(value: Any) -> Any:
    """A JSON value as a record, which is an object."""
    return value if type(value) is dict else Unreadable("is no object", record=True)


def json_lines(text: Iterable[str], *, trailing_commas: bool = False) -> Iterator[Any]:
    """The records of JSON Lines: each line stands for itself."""
    for line in map(without_trailing_commas, text) if trailing_commas else text:
        begin = _past_space(line, 0)
        if begin == len(line):
            continue
        try:
            value, end = _value(line, begin)
            if _past_space(line, end) < len(line):
                raise ValueError("more stands behind the value")
        except ValueError:
            yield Unreadable("is no JSON", record=True)
        else:
            yield as_record(value)


def _past_space(text: str, at: int) -> int:
    found = _SPACES.match(text, at)
    return found.end() if found else at


def json_whole(text: IO[str]) -> Iterator[tuple[str, Any]]:
    """The one record of a text that is one object.

    Raises:
        ValueError: the text is no whole object.
    """
    document = text.read()
    try:
        yield "", as_record(parsed(document))
    except Unreadable as error:
        for _ in JsonRecords(io.StringIO(document), "object"):
            pass
        yield "", Unreadable(error.what, record=True)


class JsonRecords:
    """The elements of a JSON array, or the values of an object, one after the other; no more than one is held.

    Iterating yields (key, record); ``key`` is empty in an array.

    Raises:
        ValueError: the text is no such array or object.
    """

    def __init__(self, text: IO[str], records: str, *, trailing_commas: bool = False) -> None:
        self._stream = text
        self._mends = trailing_commas
        self._opening, self._closing = ("{", "}") if records == "object" else ("[", "]")
        self._text = ""
        self._at = 0
        self._is_whole = False

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        self._take(self._opening)
        if self._sign() == self._closing:
            self._at += 1
        else:
            while True:
                yield self._key(), self._record()
                if self._sign() == self._closing:
                    self._at += 1
                    break
                self._take(",")
        if self._sign():
            raise ValueError("more stands behind the records")

    def _more(self) -> bool:
        """Take in more text, and let go of what was read; False where there is none."""
        block = max(_BLOCK, len(self._text) - self._at)  # as much again, or a large record would be scanned often
        read = self._stream.read(block)
        self._is_whole = not read
        self._text = self._text[self._at :] + read
        self._at = 0
        return bool(read)

    def _sign(self) -> str:
        """The next sign that is no white space; empty at the end."""
        while True:
            self._at = _past_space(self._text, self._at)
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def _take(self, sign: str) -> None:
        if self._sign() != sign:
            raise ValueError(f"there is no {sign!r} where one must be")
        self._at += 1

    def _key(self) -> str:
        if self._opening == "[":
            return ""
        self._sign()
        key = self._scanned()
        if not isinstance(key, str):
            raise ValueError("a record of an object has no key")
        self._take(":")
        return key

    def _record(self) -> Any:
        self._sign()
        found = self._scanned()
        return found if isinstance(found, Unreadable) else as_record(found)

    def _scanned(self) -> Any:
        while True:
            try:
                value, end = _value(self._text, self._at)
                if end < len(self._text) or self._is_whole:
                    self._at = end
                    return value
            except ValueError:
                skipped = self._skipped()
                if skipped is not None:
                    left, self._at = self._text[self._at : skipped], skipped
                    return self._mended(left) if self._mends else Unreadable("is no JSON", record=True)
            if self._is_whole:
                raise ValueError("the text ends within a record")
            self._more()

    def _mended(self, text: str) -> Any:
        try:
            return parsed(without_trailing_commas(text))
        except Unreadable as error:
            return Unreadable(error.what, record=True)

    def _skipped(self) -> int | None:
        """Where what cannot be parsed ends, by its brackets; None where its end is not in sight."""
        depth = 0
        for found in _SIGNS.finditer(self._text, self._at):
            sign = found[0]
            if depth == 0 and sign in (",", "]", "}"):
                return found.start()
            if sign in ("[", "{"):
                depth += 1
            elif sign in ("]", "}"):
                depth -= 1
                if depth == 0:
                    return found.end()
        return None


def with_json(row: dict[str, Any], keys: Mapping[str, str]) -> dict[str, Any]:
    """A row of a CSV text whose columns of those names may hold JSON: an object with the key, or a list of such."""
    for name, key in keys.items():
        cell = row.get(name)
        if type(cell) is not str or cell[:1] not in ("{", "["):
            continue
        try:
            value = parsed(cell)
            json_of(value).encode()
        except (Unreadable, UnicodeEncodeError, RecursionError):
            continue
        elements = value if type(value) is list else [value]
        if elements and all(type(one) is dict and key in one for one in elements) and not is_deep({"": value}):
            row[name] = value
    return row


def is_deep(value: Any) -> bool:
    """Whether a value has more levels than a record may have."""
    level = [value]
    for _ in range(_LEVELS + 1):
        level = [
            held for one in level if type(one) in (dict, list) for held in (one.values() if type(one) is dict else one)
        ]
        if not level:
            return False
    return True


def parsed(text: str) -> Any:
    """The JSON value that a text is.

    Raises:
        Unreadable: it is none.
    """
    try:
        value, end = _value(text, _past_space(text, 0))
    except ValueError:
        raise Unreadable("is no JSON") from None
    if _past_space(text, end) < len(text):
        raise Unreadable("is more than a JSON value")
    return value
