"""The second reader's quick way through CSV: it looks for quotes and line ends only, a block of bytes at a time."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from typing import BinaryIO

import numpy as np

from pipelines.readers.records import MAX_RECORD_BYTES, is_utf8
from pipelines.readers.recount_json import RecountError

_BLOCK = 1 << 18
"""Bytes; what is decoded of it stays within the processor's cache."""

_LF, _CR = 0x0A, 0x0D
_NONE = np.empty(0, dtype=np.intp)


def utf8_blocks(stream: BinaryIO, encoding: str) -> Iterator[bytes]:
    """The text as UTF-8 without byte order mark, a block at a time; a character may lie across two of them.

    Raises:
        UnicodeDecodeError: on iteration; the bytes are not valid in ``encoding``.
    """
    name = "utf-8-sig" if is_utf8(encoding) else codecs.lookup(encoding).name
    decoder = codecs.getincrementaldecoder(name)("strict")
    size = len(codecs.BOM_UTF8)
    while block := stream.read(size):
        text = decoder.decode(block)
        if not is_utf8(encoding):
            block = text.encode()
        elif size < _BLOCK:
            block = block.removeprefix(codecs.BOM_UTF8)
        size = _BLOCK
        if block:
            yield block
    decoder.decode(b"", final=True)


def count_lines(blocks: Iterable[bytes], quote: str | None) -> tuple[int, str]:
    """How many lines are not blank, and the last of them; a line end within quotes, if there are any, ends none.

    Raises:
        RecountError: a quote is still open at the end, or a line is larger than a record may be.
    """
    total = 0
    is_open = False
    is_behind_end = True
    last = b""
    for block in blocks:
        data = np.frombuffer(block, dtype=np.uint8)
        is_end = (data == _LF) | (data == _CR)
        ends = np.flatnonzero(is_end)
        quotes = np.flatnonzero(data == ord(quote)) if quote is not None else _NONE
        ends = ends[(np.searchsorted(quotes, ends) + is_open) % 2 == 0]
        is_open ^= len(quotes) % 2 == 1
        # A line end behind another one ends a blank line, or is the second half of \r\n.
        total += int(np.count_nonzero(~is_end[ends - 1])) if len(ends) else 0
        if len(ends) and ends[0] == 0:
            total += int(is_end[-1]) - int(is_behind_end)
        begins = ends[:-1] if len(ends) and ends[-1] == len(data) - 1 else ends
        begins = begins[~is_end[begins + 1]]
        if len(begins):
            last = block[int(begins[-1]) + 1 :]
        elif is_behind_end and not is_end[0]:
            last = block
        else:
            last += block
        if len(last) > MAX_RECORD_BYTES:
            raise RecountError(f"a line is larger than {MAX_RECORD_BYTES} bytes")
        is_behind_end = len(ends) > 0 and int(ends[-1]) == len(data) - 1
    if is_open:
        raise RecountError("the file ends within a quoted field")
    return total + (not is_behind_end), last.decode()
