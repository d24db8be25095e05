"""What a file is wrapped in: gzip, zip or tar, opened defensively, one member after the other, as streams.

Limits stop bombs; a member that leaves its archive, is a link, is encrypted or is an archive itself refuses the
file, and so does an archive that does not end as it must. Nothing is ever written to disk.
"""

from __future__ import annotations

import bz2
import fnmatch
import gzip
import io
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, BinaryIO, cast

from pipelines.domain.vocabulary import Reason
from pipelines.readers.records import FileRefusedError, chunks


@dataclass(frozen=True)
class Limits:
    """How much a file may unpack to, all its members together.

    ``ratio`` is so many times its packed size; text reaches some 20, a bomb 1,000. Up to ``ratio_free_bytes`` a high
    ratio harms nobody: a file of equal lines is no bomb.
    """

    members: int = 10_000
    bytes: int = 64 << 30
    ratio: int = 200
    ratio_free_bytes: int = 64 << 20


LIMITS = Limits()
_BUFFER = 1 << 18

_ARCHIVES = (".zip", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".7z", ".rar", ".zst")
_END_RECORD = struct.Struct("<4s6xH10x")
_MANY = 0xFFFF
"""What a zip's end record tells where the number stands elsewhere (zip64)."""

_PACKINGS: dict[bytes, Callable[..., Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\0": lzma.open,
}
_BROKEN = (
    EOFError,
    OSError,
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    NotImplementedError,  # so zipfile says that it does not know a compression
    RuntimeError,
    ValueError,
    OverflowError,
)


@dataclass(frozen=True)
class Member:
    """One file within a container: its name there ("" for a bare or gzipped file), and its bytes."""

    name: str
    stream: BinaryIO


def open_members(
    path: Path, within: str | None, pattern: str = "*", limits: Limits = LIMITS
) -> Generator[Member, None, None]:
    """The members of a file that match a glob; each stream must be read before the next.

    ``within`` is None for a bare file, or gzip, zip or tar (bare, or packed by gzip, bzip2 or xz). A zip's members
    come in order of name, a tar's as they lie in it.

    Raises:
        FileRefusedError: on iteration or while reading a stream: the container is broken, truncated, unsafe or too
            large, or no member matches.
    """
    if within is None:
        with path.open("rb") as stream:
            yield Member("", stream)
        return
    meter = _Meter(limits, path.stat().st_size)
    if within == "gzip":
        with _refusing(), gzip.open(path, "rb") as unpacked:
            yield Member("", _guarded(cast(IO[bytes], unpacked), meter))
    elif within == "zip":
        yield from _zip_members(path, pattern, meter)
    else:
        yield from _tar_members(path, pattern, meter)


def _zip_members(path: Path, pattern: str, meter: _Meter) -> Iterator[Member]:
    with _refusing(), zipfile.ZipFile(path) as archive:
        every = archive.infolist()
        if every and min(info.header_offset for info in every) > 0:
            raise _refused("something stands before the archive")
        if _stated_members(path, len(archive.comment)) not in (len(every), _MANY):
            raise _refused("the archive's end tells another number of members than there are")
        names = _Names(meter.limits)
        infos = {names.add(info.filename): info for info in every if not info.is_dir()}
        for name, info in infos.items():
            if info.flag_bits & 0x1:
                raise _refused(f"member {name} is encrypted")
            if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
                raise _refused(f"member {name} is a link or a device")
        for name in _matching(sorted(infos), pattern):
            with archive.open(infos[name]) as stream:
                yield Member(name, _guarded(stream, meter))


def _stated_members(path: Path, comment: int) -> int | None:
    """How many members a zip's end record tells, which the library does not look at; None where it is no end."""
    with path.open("rb") as raw:
        raw.seek(-(_END_RECORD.size + comment), io.SEEK_END)
        sign, members = _END_RECORD.unpack(raw.read(_END_RECORD.size))
    return int(members) if sign == b"PK\x05\x06" else None


def _tar_members(path: Path, pattern: str, meter: _Meter) -> Iterator[Member]:
    """Read from front to end, once, so that nothing is unpacked twice and every byte passes the meter."""
    with _refusing(), _unpacked(path) as unpacked:
        whole = _guarded(unpacked, meter)
        if not whole.peek(1):
            raise _refused("the archive is empty")
        names = _Names(meter.limits)
        is_found = False
        with tarfile.open(fileobj=whole, mode="r|", tarinfo=_Header) as archive:
            for info in archive:
                if info.isdir():
                    continue
                names.add(info.name)
                if not info.isreg() or info.issparse():
                    raise _refused(f"member {info.name} is a link or a device")
                for name in _matching([info.name], pattern, may_be_none=True):
                    stream = archive.extractfile(info)
                    assert stream is not None
                    is_found = True
                    yield Member(name, io.BufferedReader(_Whole(stream, info.size), _BUFFER))
            if not _Header.has_ended(archive):
                raise _refused("the archive breaks off: it has no end")
        if any(piece.strip(b"\0") for piece in chunks(whole, _BUFFER)):
            raise _refused("something stands behind the archive")
        if not is_found:
            raise _refused(f"no member matches {pattern}")


@contextmanager
def _unpacked(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of a tar, whatever it is packed by."""
    with path.open("rb") as raw:
        head = raw.read(6)
    unpack = next((unpack for sign, unpack in _PACKINGS.items() if head.startswith(sign)), open)
    with cast(IO[bytes], unpack(path, "rb")) as opened:
        yield opened


class _Header(tarfile.TarInfo):
    """A member's header. The library ends quietly at a header that is cut or broken; this one remembers."""

    @classmethod
    def fromtarfile(cls, tarfile: tarfile.TarFile) -> _Header:
        """The next header of an archive."""
        try:
            return super().fromtarfile(tarfile)
        except _End:
            tarfile.ended = True  # type: ignore[attr-defined]
            raise

    @staticmethod
    def has_ended(archive: tarfile.TarFile) -> bool:
        """Whether the archive's own end was read."""
        return getattr(archive, "ended", False)


_End = tarfile.EOFHeaderError  # type: ignore[attr-defined]


class _Names:
    """The names of an archive's members: within it, and each only once."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._seen: set[str] = set()

    def add(self, name: str) -> str:
        parts = PurePosixPath(name.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts or (len(name) > 1 and name[1] == ":"):
            raise _refused("a member's name leaves the archive")
        if name in self._seen:
            raise _refused("two members have the same name")
        self._seen.add(name)
        if len(self._seen) > self._limits.members:
            raise _refused(f"the archive has more than {self._limits.members} members")
        return name


def _matching(names: Iterable[str], pattern: str, *, may_be_none: bool = False) -> list[str]:
    chosen = [name for name in names if fnmatch.fnmatchcase(name, pattern)]
    if not chosen and not may_be_none:
        raise _refused(f"no member matches {pattern}")
    if nested := [name for name in chosen if name.lower().endswith(_ARCHIVES)]:
        raise _refused(f"member {nested[0]} is an archive itself")
    return chosen


def _refused(message: str) -> FileRefusedError:
    return FileRefusedError(Reason.FILE_MALFORMED, message)


@contextmanager
def _refusing() -> Iterator[None]:
    """Whatever the unpacking libraries raise means that the file is broken as a whole."""
    try:
        yield
    except FileRefusedError:
        raise
    except _BROKEN as error:
        raise _refused(f"the archive is broken or truncated ({type(error).__name__})") from None


class _Meter:
    """How much a file has unpacked to so far."""

    def __init__(self, limits: Limits, packed: int) -> None:
        self.limits = limits
        self._most = limits.ratio * max(packed, 1)
        self._read = 0

    def add(self, count: int) -> None:
        """So many bytes more."""
        self._read += count
        if self._read > self.limits.bytes:
            raise _refused(f"the file unpacks to more than {self.limits.bytes} bytes")
        if self._read > self.limits.ratio_free_bytes and self._read > self._most:
            raise _refused(f"the file unpacks to more than {self.limits.ratio} times its packed size")


def _guarded(stream: IO[bytes], meter: _Meter) -> io.BufferedReader:
    return io.BufferedReader(_Guarded(stream, meter), _BUFFER)


class _Guarded(io.RawIOBase):
    """Unpacked bytes, with the limits kept and the library's errors turned into refusals."""

    def __init__(self, stream: IO[bytes], meter: _Meter) -> None:
        self._stream = stream
        self._meter = meter

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        with _refusing():
            chunk = self._stream.read(len(buffer))
        self._meter.add(len(chunk))
        buffer[: len(chunk)] = chunk
        return len(chunk)


class _Whole(io.RawIOBase):
    """A tar's member, which must be as long as its header says."""

    def __init__(self, stream: IO[bytes], size: int) -> None:
        self._stream = stream
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        with _refusing():
            chunk = self._stream.read(len(buffer))
        self._left -= len(chunk)
        if not chunk and self._left:
            raise _refused("the archive breaks off within a member")
        buffer[: len(chunk)] = chunk
        return len(chunk)
