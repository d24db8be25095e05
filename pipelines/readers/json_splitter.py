"""Cuts a JSON document into its top-level elements without building it: memory is one chunk and one element.

Only structure is looked at here; each element is parsed strictly by ``json_reader``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from pipelines.domain.vocabulary import Reason
from pipelines.readers.records import CHUNK_BYTES, MAX_RECORD_BYTES, FileRefusedError, chunks

WHITE = b" \t\r\n"
"""What JSON calls white space."""

_OPEN = {"array": b"[", "object": b"{"}
_CLOSE = {"array": b"]", "object": b"}"}

Bytes = npt.NDArray[np.uint8]


def split_elements(stream: BinaryIO, container: str, chunk_bytes: int = CHUNK_BYTES) -> Iterator[bytes]:
    """Yield the raw bytes of each top-level element of an ``array``, or each ``"key": value`` of an ``object``.

    ``chunk_bytes`` is how much is looked at in one go; what comes out does not depend on it.

    Raises:
        FileRefusedError: the document is not that container, is truncated, or holds more than one value.
    """
    scan = _Scan()
    pending = b""
    started = ended = False
    count = 0
    for chunk in chunks(stream, chunk_bytes):
        if not started:
            chunk = (pending + chunk).lstrip(WHITE)
            pending = b""
            if not chunk:
                continue
            if chunk[:1] != _OPEN[container]:
                raise _malformed(f"the document does not begin with {_OPEN[container].decode()}")
            started = True
        if ended:
            if chunk.strip(WHITE):
                raise _malformed("there is more after the end of the document")
            continue
        begin = 1 if scan.depth == 0 else 0
        for position, is_end in scan.cuts(chunk):
            element = (pending + chunk[begin:position]).strip(WHITE)
            pending = b""
            begin = position + 1
            if element:
                yield element
                count += 1
            elif not is_end or count:
                raise _malformed(f"element {count} is empty: a comma too many")
            if is_end:
                if chunk[position : position + 1] != _CLOSE[container]:
                    raise _malformed(f"the document does not end with {_CLOSE[container].decode()}")
                ended = True
                if chunk[begin:].strip(WHITE):
                    raise _malformed("there is more after the end of the document")
                break
        if not ended:
            pending += chunk[begin:]
            if len(pending) > MAX_RECORD_BYTES:
                raise _malformed(f"element {count} is larger than {MAX_RECORD_BYTES} bytes")
    if not started:
        raise FileRefusedError(Reason.FILE_EMPTY, "the file is empty")
    if not ended:
        raise _malformed(f"the document ends within element {count}: it is truncated")


def _malformed(message: str) -> FileRefusedError:
    return FileRefusedError(Reason.FILE_MALFORMED, message)


class _Scan:
    """Where the elements end, chunk by chunk; carries strings, escapes and depth across chunks."""

    def __init__(self) -> None:
        self.depth = 0
        self._in_string = False
        self._escaping = False

    def cuts(self, chunk: bytes) -> list[tuple[int, bool]]:
        """Positions in the chunk where an element ends; True where the document ends."""
        data: Bytes = np.frombuffer(chunk, dtype=np.uint8)
        quotes = np.flatnonzero(data == 0x22)
        quotes = quotes[~self._escaped(data, quotes)]
        structural = np.flatnonzero(_STRUCTURAL[data])
        inside = (np.searchsorted(quotes, structural) + int(self._in_string)) % 2 == 1
        structural = structural[~inside]
        self._in_string = (len(quotes) + int(self._in_string)) % 2 == 1
        steps = _STEP[data[structural]]
        depths = self.depth + np.cumsum(steps, dtype=np.int64)
        ends = (depths == 0) & (steps == -1)
        found = np.flatnonzero((steps == 0) & (depths == 1) | ends)
        if len(depths):
            self.depth = int(depths[-1])
        return [(int(structural[index]), bool(ends[index])) for index in found]

    def _escaped(self, data: Bytes, quotes: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
        """Which quotes stand behind an odd run of backslashes."""
        slashes = data == 0x5C
        escaped = np.zeros(len(quotes), dtype=np.bool_)
        before = np.where(quotes > 0, slashes[np.maximum(quotes - 1, 0)], self._escaping)
        for index in np.flatnonzero(before):
            position = int(quotes[index])
            run = 0
            while position - run - 1 >= 0 and slashes[position - run - 1]:
                run += 1
            odd = run % 2 == 1
            escaped[index] = odd != (self._escaping and run == position)
        run = 0
        while run < len(data) and slashes[len(data) - run - 1]:
            run += 1
        self._escaping = (run % 2 == 1) != (self._escaping and run == len(data))
        return escaped


_STRUCTURAL = np.zeros(256, dtype=np.bool_)
_STRUCTURAL[[ord(sign) for sign in "[]{},"]] = True
_STEP = np.zeros(256, dtype=np.int64)
_STEP[[ord("["), ord("{")]] = 1
_STEP[[ord("]"), ord("}")]] = -1
