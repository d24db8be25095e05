"""The second reader's quick way through a JSON document: strings are cut out, brackets that close are taken away.

What is left of a block is how it leads on from the one before, and the commas between the document's own entries.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable

from pipelines.readers.records import MAX_RECORD_BYTES
from pipelines.readers.recount_json import RecountError

_WHITE = b" \t\r\n"
_COMMA = ord(",")
_NO_STRUCTURE = bytes(sorted(set(range(256)) - set(b'"[]{},\\')))
_ESCAPED = re.compile(rb"\\.", re.DOTALL)
_CLOSED = re.compile(rb"[\[{],*[\]}]")
_ROUNDS = 64
"""Levels of brackets that are taken away at once; what is nested deeper is walked through sign by sign."""


def count_entries(blocks: Iterable[bytes], records: str) -> int:
    """How many elements the ``array``, or entries the ``object``, of a UTF-8 text has, where they are several.

    Raises:
        RecountError: this way cannot tell.
    """
    opening, closing = (0x5B, 0x5D) if records == "array" else (0x7B, 0x7D)
    structure = _Structure()
    depth = commas = entry_bytes = 0
    for block in blocks:
        if depth == 0:
            block = block.removeprefix(codecs.BOM_UTF8).lstrip(_WHITE)
            if block and block[0] != opening:
                raise RecountError("the document is no such container")
            depth = min(len(block), 1)
            block = block[1:]
        entry_bytes += len(block)
        for sign in structure.of(block):
            if sign == _COMMA:
                if depth == 1:
                    commas += 1
                    entry_bytes = 0
            elif sign in b"[{":
                depth += 1
            else:
                depth -= 1
                if depth == 0:
                    if sign != closing or commas == 0:
                        raise RecountError("the document ends in another way, or has less than two entries")
                    return commas + 1
        if entry_bytes > MAX_RECORD_BYTES:
            raise RecountError(f"an entry is larger than {MAX_RECORD_BYTES} bytes")
    raise RecountError("the document breaks off")


class _Structure:
    """Brackets and commas outside of strings, block by block, less those that close within their block."""

    def __init__(self) -> None:
        self._in_string = False
        self._slash = b""

    def of(self, block: bytes) -> bytes:
        """What is left of the next block.

        Raises:
            RecountError: a backslash stands outside of a string.
        """
        if self._slash or b"\\" in block:
            block = self._slash + block
            is_cut = (len(block) - len(block.rstrip(b"\\"))) % 2
            self._slash = b"\\" * is_cut
            block = _ESCAPED.sub(rb"\\", block[: len(block) - is_cut])
        signs = block.translate(None, _NO_STRUCTURE)
        # Two quotes with nothing between them can go, whether they open and close or close and open.
        pieces = (b'"' + signs if self._in_string else signs).replace(b'""', b"").split(b'"')
        self._in_string = len(pieces) % 2 == 0
        left = b"".join(pieces[::2])
        if b"\\" in left:
            raise RecountError("something is escaped outside of a string")
        for _ in range(_ROUNDS):
            before, left = left, _CLOSED.sub(b"", left.replace(b"[]", b"").replace(b"{}", b""))
            if len(left) == len(before):
                break
        return left
