"""JSON and JSONL bytes to records; number tokens keep their own text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from io import BytesIO
from itertools import accumulate
from typing import Any, BinaryIO

import msgspec

from pipelines.domain.vocabulary import Reason
from pipelines.readers.json_splitter import WHITE, split_elements
from pipelines.readers.records import MAX_RECORD_BYTES, FileRefusedError, RawRecord, chunks

MAX_DEPTH = 64

_MINUS_ZERO = re.compile(rb"(?s)-0[\s,\]}](?<=[\[:,\s]...)")
"""The one number that is a whole one and loses a sign by being read."""

_SAID = re.compile(rb'(?s)"(?:[^"\\]|\\.)*"|[\[{][ \t\r\n]*,|,(?=[ \t\r\n]*[\]}])')
"""What must be told from a comma that trails: one in a string, and one that nothing stands before."""

_ESCAPED = re.compile(rb"(?s)\\.")
_NO_STRUCTURE = bytes(sorted(set(range(256)) - set(b'"{}[]:')))


def _number(token: str) -> msgspec.Raw:
    return msgspec.Raw(token.encode())


def _whole(digits: str) -> msgspec.Raw | int:
    return _number(digits) if digits == "-0" else int(digits)


_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=_number)
_encode = msgspec.json.Encoder().encode


class RecordMalformedError(ValueError):
    """A record that is no valid JSON object; ``message`` says where it breaks."""


def read_json(stream: BinaryIO, container: str) -> Iterator[RawRecord]:
    """Records of a JSON document: the elements of an ``array``, the entries of an ``object``, or the ``whole`` object.

    Raises:
        FileRefusedError: the document as a whole is broken.
    """
    if container == "whole":
        yield RawRecord(0, _one_object(stream))
        return
    for ordinal, element in enumerate(split_elements(stream, container)):
        yield RawRecord(ordinal, element, is_entry=container == "object")


def _one_object(stream: BinaryIO) -> bytes:
    """A document that is one object, no larger than a record may be."""
    whole = b""
    for chunk in chunks(stream):
        whole += chunk
        if len(whole) > MAX_RECORD_BYTES:
            raise FileRefusedError(Reason.FILE_MALFORMED, f"the document is larger than {MAX_RECORD_BYTES} bytes")
    for _ in split_elements(BytesIO(whole), "object"):
        pass
    return whole.strip(WHITE)


def read_jsonl(stream: BinaryIO) -> Iterator[RawRecord]:
    """Records of a JSONL stream, one a line; blank lines are no records.

    Raises:
        FileRefusedError: the stream is empty, or a line is longer than the limit.
    """
    ordinal = 0
    pending = b""
    for chunk in chunks(stream):
        lines = (pending + chunk).split(b"\n")
        pending = lines.pop()
        for line in lines:
            if line.strip(WHITE):
                yield RawRecord(ordinal, line.rstrip(b"\r"))
                ordinal += 1
        if len(pending) > MAX_RECORD_BYTES:
            raise FileRefusedError(Reason.FILE_MALFORMED, f"line {ordinal} is longer than {MAX_RECORD_BYTES} bytes")
    if pending.strip(WHITE):
        yield RawRecord(ordinal, pending.rstrip(b"\r"))
        ordinal += 1
    if ordinal == 0:
        raise FileRefusedError(Reason.FILE_EMPTY, "the file is empty")


def parse(record: RawRecord, *, trailing_commas: bool = False) -> tuple[dict[str, Any], str | None]:
    """The record as plain Python values, and its key where records are entries of an object.

    A fraction or exponent stays raw text, so that no digit is lost. With ``trailing_commas`` a comma behind the last
    part of a list or an object says nothing.

    Raises:
        RecordMalformedError: it is no JSON object, names a key twice, or is nested deeper than ``MAX_DEPTH``.
    """
    text = b"{" + record.raw + b"}" if record.is_entry else record.raw
    if trailing_commas:
        text = without_trailing_commas(text)
    try:
        value = _decoder.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RecordMalformedError(str(error)) from None
    except RecursionError:
        raise RecordMalformedError("nested too deep") from None
    written = _skeleton(text)
    if not _is_shallow(written, MAX_DEPTH + record.is_entry):
        raise RecordMalformedError(f"nested deeper than {MAX_DEPTH} levels")
    # Outside of strings a colon follows each key, and nothing else: a key that was written twice is held once.
    if written.count(b":") != _skeleton(_encode(value)).count(b":"):
        raise RecordMalformedError("a key is named twice")
    if _MINUS_ZERO.search(text):
        value = json.loads(text, parse_int=_whole, parse_float=_number)
    key = None
    if record.is_entry:
        key, value = next(iter(value.items()), (None, None))
    if not isinstance(value, dict):
        raise RecordMalformedError("the record is no JSON object")
    return value, key


def without_trailing_commas(text: bytes) -> bytes:
    """A text less each comma behind the last part of a list or an object, with which it is no JSON."""
    return _SAID.sub(lambda found: b"" if found[0] == b"," else found[0], text)


def json_bytes(value: Any) -> bytes:
    """A parsed value as JSON text in UTF-8, number tokens as they stood in the file."""
    return _encode(value)


def to_json(value: Any) -> str:
    """The same as text."""
    return _encode(value).decode()


def _skeleton(text: bytes) -> bytes:
    """Brackets and colons of a valid JSON text, without its strings."""
    if b"\\" in text:
        text = _ESCAPED.sub(b"", text)
    # Two quotes with nothing between them can go, whether they open and close a string or close one and open the next.
    return b"".join(text.translate(None, _NO_STRUCTURE).replace(b'""', b"").split(b'"')[::2])


def _is_shallow(skeleton: bytes, limit: int) -> bool:
    """Whether brackets are nested no deeper than so many levels."""
    left = brackets = skeleton.replace(b":", b"")
    for _ in range(limit // 2):  # each round takes away the innermost level, or two of them
        left = left.replace(b"[]", b"").replace(b"{}", b"")
        if not left:
            return True
    return max(accumulate(1 if sign in b"[{" else -1 for sign in brackets)) <= limit
