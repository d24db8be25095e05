"""The second reader's way through a JSON document: the standard library's decoder, entry by entry.

An entry that is no valid JSON still counts as one: where it ends is seen by its brackets and quotes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from pipelines.readers.records import MAX_RECORD_BYTES

_PIECE = 4 << 20
_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, strict=False)
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*("?)|[\[\]{},]', re.DOTALL)
_WHITE = re.compile(r"[ \t\r\n]*")


class RecountError(ValueError):
    """The second reader cannot make sense of the file at all."""


class JsonCounter:
    """Counts the entries of a top-level JSON container, a piece of text at a time."""

    def __init__(self, read: Callable[[int], str]) -> None:
        self._read = read
        self._text = ""
        self._at = 0

    def count(self, records: str) -> int:
        """How many elements the ``array``, or entries the ``object``, has; a ``whole`` object is one.

        Raises:
            RecountError: the document is no such container, or breaks off.
        """
        opening, closing = ("[", "]") if records == "array" else ("{", "}")
        if self._peek() == "\ufeff":
            self._at += 1  # A byte order mark; a codec that names its byte order leaves it in.
        self._expect(opening)
        is_whole = records == "whole"
        if self._peek() == closing:
            return int(is_whole)
        total = 0
        while True:
            self._entry(is_keyed=records != "array")
            total += 1
            if self._peek() == closing:
                return 1 if is_whole else total
            self._expect(",")

    def _more(self) -> bool:
        if len(self._text) - self._at > MAX_RECORD_BYTES:
            raise RecountError(f"an entry is larger than {MAX_RECORD_BYTES} characters")
        piece = self._read(_PIECE)
        self._text = self._text[self._at :] + piece
        self._at = 0
        return bool(piece)

    def _peek(self) -> str:
        while True:
            self._at = _white_end(self._text, self._at)
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                raise RecountError("the document breaks off")

    def _expect(self, sign: str) -> None:
        if self._peek() != sign:
            raise RecountError(f"expected {sign!r}")
        self._at += 1

    def _entry(self, *, is_keyed: bool) -> None:
        self._peek()
        while (end := self._entry_end(is_keyed=is_keyed)) is None:
            if not self._more():
                raise RecountError("the document breaks off")
        self._at = end

    def _entry_end(self, *, is_keyed: bool) -> int | None:
        """Where the entry at hand ends, or None if the text read so far does not tell."""
        try:
            end = _white_end(self._text, _decoded(self._text, self._at, is_keyed=is_keyed))
            if self._text[end : end + 1] in (",", "]", "}"):
                return end
        except (json.JSONDecodeError, RecursionError):
            pass
        return _structural_end(self._text, self._at)


def _white_end(text: str, at: int) -> int:
    found = _WHITE.match(text, at)
    return found.end() if found else at


def _decoded(text: str, at: int, *, is_keyed: bool) -> int:
    if is_keyed:
        at = _white_end(text, _DECODER.raw_decode(text, at)[1])
        if text[at : at + 1] != ":":
            raise json.JSONDecodeError("no colon", text, at)
        at = _white_end(text, at + 1)
    return _DECODER.raw_decode(text, at)[1]


def _structural_end(text: str, at: int) -> int | None:
    depth = 0
    for token in _TOKEN.finditer(text, at):
        sign = token[0][0]
        if sign == '"':
            if not token[1]:
                return None
        elif sign in "[{":
            depth += 1
        elif depth == 0:
            return token.start()
        elif sign != ",":
            depth -= 1
    return None
