"""JSON and JSONL bytes to records; number tokens keep their own text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec

from pipelines.domain.vocabulary import Reason
from pipelines.readers.json_splitter import WHITE, split_elements
from pipelines.readers.records import MAX_RECORD_BYTES, FileRefusedError, RawRecord, chunks

MAX_DEPTH = 64

_MINUS_ZERO = re.compile(rb"[\[:,\s]-0[\s,\]}]")
"""The one number that is a whole one and loses a sign by being read."""

_CONTAINERS = (dict, list)
_BEFORE_COLONS = (b'":', b" :", b"\t:", b"\r:", b"\n:")


def _number(token: str) -> msgspec.Raw:
    return msgspec.Raw(token.encode())


def _whole(digits: str) -> msgspec.Raw | int:
    return _number(digits) if digits == "-0" else int(digits)


_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=_number)


class RecordMalformedError(ValueError):
    """A record that is no valid JSON object; ``message`` says where it breaks."""


def read_json(stream: BinaryIO, container: str) -> Iterator[RawRecord]:
    """Records of a JSON document: the elements of an ``array``, or the entries of an ``object``.

    Raises:
        FileRefusedError: the document as a whole is broken.
    """
    for ordinal, element in enumerate(split_elements(stream, container)):
        yield RawRecord(ordinal, element, is_entry=container == "object")


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


def parse(record: RawRecord) -> tuple[dict[str, Any], str | None]:
    """The record as plain Python values, and its key where records are entries of an object.

    A fraction or exponent stays raw text, so that no digit is lost.

    Raises:
        RecordMalformedError: it is no JSON object, names a key twice, or is nested deeper than ``MAX_DEPTH``.
    """
    text = b"{" + record.raw + b"}" if record.is_entry else record.raw
    try:
        value = _decoder.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RecordMalformedError(str(error)) from None
    except RecursionError:
        raise RecordMalformedError("nested too deep") from None
    keys, depth = _measure(value)
    if depth > MAX_DEPTH + record.is_entry:
        raise RecordMalformedError(f"nested deeper than {MAX_DEPTH} levels")
    # A colon behind a key follows its quote or white space. So many colons there are at least as there are keys
    # written; where they are no more than the keys held, none was written twice, and only then is it this cheap.
    if keys != sum(map(text.count, _BEFORE_COLONS)):
        json.loads(text, object_pairs_hook=_no_twins, parse_int=str, parse_float=str)
    if b"-0" in text and _MINUS_ZERO.search(text):
        value = json.loads(text, parse_int=_whole, parse_float=_number)
    key = None
    if record.is_entry:
        key, value = next(iter(value.items()), (None, None))
    if not isinstance(value, dict):
        raise RecordMalformedError("the record is no JSON object")
    return value, key


def to_json(value: Any) -> str:
    """A parsed value as JSON text, number tokens as they stood in the file."""
    return msgspec.json.encode(value).decode()


def _measure(value: Any) -> tuple[int, int]:
    """How many keys a value holds at all levels, and how deep it is."""
    keys = depth = 0
    level = [value] if type(value) in _CONTAINERS else []
    while level:
        depth += 1
        below: list[Any] = []
        for node in level:
            if type(node) is dict:
                keys += len(node)
                node = node.values()
            below += [child for child in node if type(child) in _CONTAINERS]
        level = below
    return keys, depth


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of which no key is named twice: of two values, which one is meant is not ours to say."""
    held = dict(pairs)
    if len(held) < len(pairs):
        raise RecordMalformedError("a key is named twice")
    return held
