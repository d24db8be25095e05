"""What a file is wrapped in: gzip, zip or tar, opened defensively, one member after the other, as streams.

Limits stop bombs; a member that leaves its archive, is a link, is encrypted or is an archive itself refuses the
file. Nothing is ever written to disk.
"""

from __future__ import annotations

import fnmatch
import gzip
import io
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, TypeVar, cast

from pipelines.domain.vocabulary import Reason
from pipelines.readers.records import FileRefusedError

MAX_MEMBERS = 10_000
MAX_BYTES = 64 << 30
MAX_RATIO = 200
"""A member may unpack to so many times its packed size; text reaches some 20, a bomb 1,000."""

RATIO_FREE_BYTES = 64 << 20
"""Below this size a high ratio harms nobody: a file of equal lines is no bomb."""

Info = TypeVar("Info", zipfile.ZipInfo, tarfile.TarInfo)

_ARCHIVES = (".zip", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".7z", ".rar", ".zst")
_BROKEN = (EOFError, OSError, zipfile.BadZipFile, tarfile.TarError, zlib.error, NotImplementedError, RuntimeError)


@dataclass(frozen=True)
class Member:
    """One file within a container: its name there ("" for a bare or gzipped file), and its bytes."""

    name: str
    stream: BinaryIO


def open_members(path: Path, within: str | None, pattern: str = "*") -> Generator[Member, None, None]:
    """The members of a file that match a glob, in order of name; each stream must be read before the next.

    ``within`` is None for a bare file, or gzip, zip or tar (packed or not).

    Raises:
        FileRefusedError: on iteration or while reading a stream: the container is broken, truncated, unsafe or too
            large, or no member matches.
    """
    if within is None:
        with path.open("rb") as stream:
            yield Member("", stream)
    elif within == "gzip":
        with _refusing(), gzip.open(path, "rb") as unpacked:
            yield Member("", _guarded(cast(IO[bytes], unpacked), path.stat().st_size))
    elif within == "zip":
        yield from _zip_members(path, pattern)
    else:
        yield from _tar_members(path, pattern)


def _zip_members(path: Path, pattern: str) -> Iterator[Member]:
    with _refusing(), zipfile.ZipFile(path) as archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
        _check_names([info.filename for info in infos])
        if broken := [info.filename for info in infos if info.flag_bits & 0x1]:
            raise _refused(f"member {broken[0]} is encrypted")
        if linked := [info.filename for info in infos if (info.external_attr >> 16) & 0o170000 == 0o120000]:
            raise _refused(f"member {linked[0]} is a link")
        for info in _matching(infos, pattern, lambda info: info.filename):
            with archive.open(info) as stream:
                yield Member(info.filename, _guarded(stream, info.compress_size))


def _tar_members(path: Path, pattern: str) -> Iterator[Member]:
    with _refusing(), tarfile.open(path, "r:*") as archive:
        infos = [info for info in archive.getmembers() if not info.isdir()]
        _check_names([info.name for info in infos])
        if odd := [info.name for info in infos if not info.isreg()]:
            raise _refused(f"member {odd[0]} is a link or a device")
        for info in _matching(infos, pattern, lambda info: info.name):
            stream = archive.extractfile(info)
            assert stream is not None
            yield Member(info.name, _guarded(stream, path.stat().st_size))


def _matching(infos: list[Info], pattern: str, name_of: Callable[[Info], str]) -> list[Info]:
    chosen = sorted((info for info in infos if fnmatch.fnmatchcase(name_of(info), pattern)), key=name_of)
    if not chosen:
        raise _refused(f"no member matches {pattern}")
    if nested := [name_of(info) for info in chosen if name_of(info).lower().endswith(_ARCHIVES)]:
        raise _refused(f"member {nested[0]} is an archive itself")
    return chosen


def _check_names(names: list[str]) -> None:
    if len(names) > MAX_MEMBERS:
        raise _refused(f"the archive has {len(names)} members, more than {MAX_MEMBERS}")
    for name in names:
        parts = PurePosixPath(name.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts or (len(name) > 1 and name[1] == ":"):
            raise _refused("a member's name leaves the archive")
    if len(set(names)) != len(names):
        raise _refused("two members have the same name")


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


def _guarded(stream: IO[bytes], packed: int) -> BinaryIO:
    return io.BufferedReader(_Guarded(stream, packed), 1 << 20)


class _Guarded(io.RawIOBase):
    """A member's bytes, with the limits kept and the library's errors turned into refusals."""

    def __init__(self, stream: IO[bytes], packed: int) -> None:
        self._stream = stream
        self._packed = max(packed, 1)
        self._read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        with _refusing():
            chunk = self._stream.read(len(buffer))
        self._read += len(chunk)
        if self._read > MAX_BYTES:
            raise _refused(f"a member unpacks to more than {MAX_BYTES} bytes")
        if self._read > RATIO_FREE_BYTES and self._read > MAX_RATIO * self._packed:
            raise _refused(f"a member unpacks to more than {MAX_RATIO} times its packed size")
        buffer[: len(chunk)] = chunk
        return len(chunk)
