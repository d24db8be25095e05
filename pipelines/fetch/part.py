"""A file that is still arriving: its bytes so far, beside its target, under a lock that one process holds.

What belongs here: how partial bytes lie on disk, and the step that makes them the target. Not here: HTTP.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pipelines.fetch.words import ORIGIN_SUFFIX, PART_SUFFIX


class PartBusyError(Exception):
    """Another fetch holds the part."""


class Part:
    """The bytes of a file so far, and the validator of the version that they are of.

    ``size`` counts the bytes, ``kept`` those of them that an earlier fetch left. The validator is what
    If-Range takes; without one ("") the part cannot be gone on with.
    """

    def __init__(self, target: Path, descriptor: int, url: str, sha256: str) -> None:
        self._target = target
        self._path, self._origin_path = work_paths(target)
        # The URL itself may hold what is not for everyone who reads the folder.
        self._origin = {"url_sha256": hashlib.sha256(url.encode()).hexdigest(), "sha256": sha256}
        self._descriptor = descriptor
        self._hash = hashlib.sha256()
        self.size = self.kept = os.fstat(descriptor).st_size
        self.validator = ""
        self.is_gone = False

    def recover(self) -> None:
        """Take up what an earlier fetch left, if it is whole or can be gone on with; else start from zero."""
        with open(self._descriptor, "rb", closefd=False) as stream:
            self._hash = hashlib.file_digest(stream, "sha256")
        origin = None
        with suppress(FileNotFoundError, ValueError):
            origin = json.loads(self._origin_path.read_text(encoding="utf-8"))
        if isinstance(origin, dict):
            self.validator = str(origin.pop("validator", ""))
        if not (self.validator and origin == self._origin) and self.digest() != self._origin["sha256"]:
            self.restart("")

    def restart(self, validator: str) -> None:
        """Forget all bytes; those to come are of the version that ``validator`` names."""
        os.ftruncate(self._descriptor, 0)
        self._hash = hashlib.sha256()
        self.size = self.kept = 0
        self.validator = validator
        if validator:
            origin = {**self._origin, "validator": validator}
            self._origin_path.write_text(json.dumps(origin), encoding="utf-8")
        else:
            self._origin_path.unlink(missing_ok=True)

    def append(self, chunk: bytes) -> None:
        """Add bytes at the end."""
        rest = memoryview(chunk)
        while rest:
            written = os.write(self._descriptor, rest)
            self._hash.update(rest[:written])
            self.size += written
            rest = rest[written:]

    def digest(self) -> str:
        """The sha256 of the bytes so far, in hex."""
        return self._hash.hexdigest()

    def land(self) -> None:
        """Make the part the target: one step, and one that outlasts a crash of the machine."""
        os.fsync(self._descriptor)
        self._origin_path.unlink(missing_ok=True)
        self._path.rename(self._target)
        self.is_gone = True
        folder = os.open(self._target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def drop(self) -> None:
        """Remove the part."""
        self._origin_path.unlink(missing_ok=True)
        self._path.unlink(missing_ok=True)
        self.is_gone = True


def work_paths(target: Path) -> tuple[Path, Path]:
    """Where the bytes so far, and the note on their version, lie."""
    return target.with_name(target.name + PART_SUFFIX), target.with_name(target.name + ORIGIN_SUFFIX)


@contextmanager
def locked_part(target: Path, url: str, sha256: str) -> Iterator[Part]:
    """The part of a target, for one fetch alone; kept afterwards if it holds bytes.

    Raises:
        PartBusyError: another fetch holds it.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor = _lock(work_paths(target)[0])
    try:
        part = Part(target, descriptor, url, sha256)
        try:
            yield part
        finally:
            if part.size == 0 and not part.is_gone:
                part.drop()
    finally:
        os.close(descriptor)


def _lock(path: Path) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Another fetch may have landed or dropped it in between: the lock is then on a nameless file.
            if _is_at(path, descriptor):
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            raise PartBusyError from None
        os.close(descriptor)


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
