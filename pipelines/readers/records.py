"""What readers yield and how they refuse: shared by every container."""

from __future__ import annotations

import codecs
import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import pyarrow as pa

from pipelines.domain.vocabulary import Reason

CHUNK_BYTES = 8 << 20
SMALL_BLOCK_BYTES = 1 << 20
"""What a parser gets at a time where no record is larger: it holds many blocks at once."""

MAX_RECORD_BYTES = 64 << 20


class FileRefusedError(Exception):
    """A file that cannot be read as what its contract declares; nothing of it is taken."""

    def __init__(self, reason: Reason, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.field = field


class RecordTooLargeError(FileRefusedError):
    """A record does not fit into the blocks that the file was read by; larger ones might hold it."""


@dataclass(frozen=True)
class RefusedRecord:
    """One record that could not be read: its ordinal in the file, why, and its bytes.

    ``part`` is the act within the record where only one of several is refused.
    """

    ordinal: int
    reason: Reason
    raw: bytes
    field: str | None = None
    part: int | None = None


@dataclass(frozen=True)
class RawRecord:
    """One JSON record as it stands in the file; ``is_entry`` where records are an object's entries, key and all."""

    ordinal: int
    raw: bytes
    is_entry: bool = False


def is_utf8(encoding: str) -> bool:
    """Whether a text encoding is UTF-8, with byte order mark or without."""
    return codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")


def exact_codec(encoding: str, head: bytes) -> str:
    """The codec that turns parts of a text into its own bytes again, given the first bytes of the file.

    It writes no byte order mark, and keeps the byte order that the mark told.
    """
    name = codecs.lookup(encoding).name
    if name in ("utf-16", "utf-32"):
        big = codecs.BOM_UTF16_BE if name == "utf-16" else codecs.BOM_UTF32_BE
        return f"{name}-be" if head.startswith(big) else f"{name}-le"
    return name.removesuffix("-sig")


def utf8_stream(stream: BinaryIO, encoding: str) -> BinaryIO:
    """The same text as UTF-8 bytes without byte order mark.

    UTF-8 passes through (its readers validate it themselves); any other encoding is decoded strictly.

    Raises:
        FileRefusedError: the byte order mark is UTF-8's and ``encoding`` another; or, on reading, the bytes are not
            valid in ``encoding``.
    """
    head = stream.read(len(codecs.BOM_UTF8))
    if is_utf8(encoding):
        return io.BufferedReader(_Rest(b"" if head == codecs.BOM_UTF8 else head, stream), CHUNK_BYTES)
    if head == codecs.BOM_UTF8:
        raise FileRefusedError(Reason.FILE_ENCODING, f"the byte order mark says UTF-8, the contract {encoding}")
    whole = io.BufferedReader(_Rest(head, stream), CHUNK_BYTES)
    return io.BufferedReader(_Transcoded(whole, encoding), CHUNK_BYTES)


def checked_utf8(stream: BinaryIO) -> BinaryIO:
    """The same bytes, for a reader that looks into text before it has checked it.

    Raises:
        FileRefusedError: on reading, where the bytes are not valid UTF-8.
    """
    return io.BufferedReader(_Checked(stream), CHUNK_BYTES)


class _Checked(io.RawIOBase):
    """A stream that is checked on its way, and handed on as it is.

    Arrow checks, ten times as fast as Python decodes; which byte is wrong is then said by Python.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._begun = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        chunk = self._stream.read(len(buffer))
        text = self._begun + chunk
        whole = len(text) - (_unfinished(text) if chunk else 0)
        self._begun = text[whole:]
        if not _decodes(text[:whole]):
            try:
                text[:whole].decode()
            except UnicodeError as error:
                raise encoding_refusal(error, "utf-8") from None
        buffer[: len(chunk)] = chunk
        return len(chunk)


def _unfinished(text: bytes) -> int:
    """How many bytes at the end may begin a character that goes on in what follows."""
    for length in range(1, min(3, len(text)) + 1):
        byte = text[-length]
        if byte >= 0b1100_0000:
            needed = 2 if byte < 0b1110_0000 else 3 if byte < 0b1111_0000 else 4
            return length if length < needed else 0
        if byte < 0b1000_0000:
            return 0
    return 0


def _decodes(text: bytes) -> bool:
    ends = pa.py_buffer(struct.pack("<ii", 0, len(text)))
    try:
        pa.Array.from_buffers(pa.string(), 1, [None, ends, pa.py_buffer(text)]).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


class _Rest(io.RawIOBase):
    """Some bytes that were read ahead, then the rest of a stream."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        self._head = head
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        chunk = self._head or self._stream.read(len(buffer))
        taken, self._head = chunk[: len(buffer)], self._head[len(buffer) :] if self._head else b""
        buffer[: len(taken)] = taken
        return len(taken)


class _Transcoded(io.RawIOBase):
    """A stream in another encoding, decoded strictly and handed on as UTF-8."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream = stream
        self._encoding = encoding
        self._decoder = codecs.getincrementaldecoder(encoding)("strict")
        self._pending = b""
        self._ended = False
        self._first = True

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._pending and not self._ended:
            chunk = self._stream.read(CHUNK_BYTES)
            self._ended = not chunk
            text = self._decode(chunk)
            if self._first and text:
                text, self._first = text.removeprefix("\ufeff"), False
            self._pending = text.encode("utf-8")
        taken, self._pending = self._pending[: len(buffer)], self._pending[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)

    def _decode(self, chunk: bytes) -> str:
        try:
            return self._decoder.decode(chunk, final=not chunk)
        except UnicodeError as error:
            raise encoding_refusal(error, self._encoding) from None


def encoding_refusal(error: UnicodeError, encoding: str) -> FileRefusedError:
    """The refusal of a file that cannot be decoded; a missing byte order mark is told in other words than a byte."""
    what = str(error)
    if isinstance(error, UnicodeDecodeError):
        what = f"byte {error.object[error.start]:#04x} is not valid {encoding}: {error.reason}"
    return FileRefusedError(Reason.FILE_ENCODING, what)


def chunks(stream: BinaryIO, size: int = CHUNK_BYTES) -> Iterator[bytes]:
    """The stream in pieces of at most ``size`` bytes."""
    while chunk := stream.read(size):
        yield chunk
