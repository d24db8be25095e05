"""JSON and JSONL bytes to records; number tokens keep their own text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec

from pipelines.domain.vocabulary import Reason
from pipelines.readers.json_splitter import split_elements
from pipelines.readers.records import MAX_RECORD_BYTES, FileRefusedError, RawRecord, chunks

MAX_DEPTH = 64


def _number(token: str) -> msgspec.Raw:
    return msgspec.Raw(token.encode())


_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=_number)


class RecordMalformedError(ValueError):
    """A record that is no valid JSON object; ``message`` says where it breaks."""


def read_json(stream: BinaryIO, container: str) -> Iterator[RawRecord]:
    """Records of a JSON document: the elements of an ``array``, or the values of an ``object`` with their keys.

    Raises:
        FileRefusedError: the document as a whole is broken.
    """
    for ordinal, element in enumerate(split_elements(stream, container)):
        if container == "array":
            yield RawRecord(ordinal, element)
            continue
        end = _string_end(element)
        colon = element[end:].lstrip() if end else b""
        if not colon.startswith(b":"):
            raise FileRefusedError(Reason.FILE_MALFORMED, f"entry {ordinal} of the object has no key")
        try:
            key = msgspec.json.decode(element[:end], type=str)
        except msgspec.MsgspecError:
            raise FileRefusedError(Reason.FILE_MALFORMED, f"the key of entry {ordinal} is no text") from None
        yield RawRecord(ordinal, colon[1:].strip(), key)


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
            if line.strip():
                yield RawRecord(ordinal, line.rstrip(b"\r"))
                ordinal += 1
        if len(pending) > MAX_RECORD_BYTES:
            raise FileRefusedError(Reason.FILE_MALFORMED, f"line {ordinal} is longer than {MAX_RECORD_BYTES} bytes")
    if pending.strip():
        yield RawRecord(ordinal, pending.rstrip(b"\r"))
        ordinal += 1
    if ordinal == 0:
        raise FileRefusedError(Reason.FILE_EMPTY, "the file is empty")


def parse(record: RawRecord) -> dict[str, Any]:
    """The record as plain Python values; a fraction or exponent stays raw text, so that no digit is lost.

    Raises:
        RecordMalformedError: it is no JSON object, or nested deeper than ``MAX_DEPTH``.
    """
    try:
        value = _decoder.decode(record.raw)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RecordMalformedError(str(error)) from None
    except RecursionError:
        raise RecordMalformedError("nested too deep") from None
    if not isinstance(value, dict):
        raise RecordMalformedError("the record is no JSON object")
    if record.raw.count(b"{") + record.raw.count(b"[") > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        raise RecordMalformedError(f"nested deeper than {MAX_DEPTH} levels")
    return value


def to_json(value: Any) -> str:
    """A parsed value as JSON text, number tokens as they stood in the file."""
    return msgspec.json.encode(value).decode()


def _string_end(element: bytes) -> int:
    """Position behind a leading JSON string, or 0 if there is none."""
    if element[:1] != b'"':
        return 0
    position = 1
    while position < len(element):
        if element[position : position + 1] == b"\\":
            position += 2
        elif element[position : position + 1] == b'"':
            return position + 1
        else:
            position += 1
    return 0


def _depth(value: Any) -> int:
    deepest = 0
    pending = [(value, 1)]
    while pending:
        node, depth = pending.pop()
        deepest = max(deepest, depth)
        children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
        pending.extend((child, depth + 1) for child in children)
    return deepest
