"""The object store: the few operations that the publish protocol needs, and a folder that offers them.

Keys are relative paths with '/'. Nothing that is there is ever overwritten, but for the pointer, by
compare-and-swap. Stores that need a client of their own are in ``pipelines/resources``.
"""

from __future__ import annotations

import hashlib
import os
import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar

T = TypeVar("T")

TRIES = 8
"""How often something is asked of a store that answers vaguely; the pauses between add up to some ten seconds."""

_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")


class StoreError(RuntimeError):
    """The store cannot do what was asked; the message says what and where."""


class UnsureError(StoreError):
    """The store did not say what it did: a time-out, a dropped connection, an error of its own. Look, or ask again."""


class AbsentError(StoreError):
    """There is no such object."""


class ChecksumError(StoreError):
    """The bytes that reached the store do not have the sha256 that was announced; nothing was stored."""


@dataclass(frozen=True)
class Held:
    """An object's bytes, and the tag that ``replace`` takes for exactly these."""

    data: bytes
    tag: str


@dataclass(frozen=True)
class Stored:
    """An object in a listing: its size in bytes, and when it was stored, by the store's clock."""

    key: str
    size: int
    modified_at: datetime


class ObjectStore(Protocol):
    """What a store can do. Anything may raise StoreError; what changes the store may raise UnsureError."""

    @property
    def uri(self) -> str:
        """Where it is, for people; it holds no secret."""

    def put_if_absent(self, key: str, source: Path | bytes, sha256: str | None = None) -> bool:
        """Create an object whole; False, and nothing changed, if the key is taken.

        ``sha256`` (hex) is what the bytes must have, as the store sees them; None: what they have here.

        Raises:
            ChecksumError: they have another.
        """

    def replace(self, key: str, tag: str, data: bytes) -> bool:
        """Replace an object if it is still what ``held`` gave with that tag; False, and nothing changed, if not."""

    def held(self, key: str) -> Held | None:
        """The object's bytes and tag, or None."""

    def read(self, key: str) -> bytes | None:
        """The object's bytes, or None."""

    def open(self, key: str) -> BinaryIO:
        """The object as a stream; AbsentError if there is none."""

    def listing(self, prefix: str) -> Iterator[Stored]:
        """The objects below a prefix (a folder, or '' for all), in order of their keys."""

    def keys(self, prefix: str) -> Iterator[str]:
        """The keys below a prefix, in order."""

    def delete(self, key: str) -> None:
        """Delete an object. Only garbage collection does."""

    def now(self) -> datetime:
        """The time by the store's clock."""


class FolderStore:
    """A folder as object store: objects are created whole by a hard link, which fails if the name is taken."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def uri(self) -> str:
        """The folder's path."""
        return str(self._root)

    def _path(self, key: str) -> Path:
        return self._root / valid_key(key)

    def put_if_absent(self, key: str, source: Path | bytes, sha256: str | None = None) -> bool:
        """Create an object whole; False, and nothing changed, if the key is taken."""
        target = self._path(key)
        if target.exists():
            return False
        with self._plainly(f"write {key} to"):
            temporary = self._write_beside(target, source, sha256)
            try:
                temporary.chmod(0o444)
                os.link(temporary, target)
            except FileExistsError:
                return False
            finally:
                temporary.unlink()
            _sync_folder(target.parent)
        return True

    def replace(self, key: str, tag: str, data: bytes) -> bool:
        """Replace an object if it still has that tag; exchanges are serialised by a lock in the store."""
        import fcntl

        target = self._path(key)
        if not target.exists():
            return False
        with (
            self._plainly(f"write {key} to"),
            (target.parent / f".{target.name}.lock").open("w") as lock,
        ):
            fcntl.flock(lock, fcntl.LOCK_EX)
            held = self.held(key)
            if held is None or held.tag != tag:
                return False
            temporary = self._write_beside(target, data, None)
            temporary.replace(target)
            _sync_folder(target.parent)
        return True

    def held(self, key: str) -> Held | None:
        """The object's bytes, and their sha256 as tag; None if it is absent."""
        data = self.read(key)
        return None if data is None else Held(data, hashlib.sha256(data).hexdigest())

    def read(self, key: str) -> bytes | None:
        """The object's bytes, or None."""
        with self._plainly(f"read {key} from"):
            try:
                return self._path(key).read_bytes()
            except FileNotFoundError:
                return None

    def open(self, key: str) -> BinaryIO:
        """The object as a stream."""
        with self._plainly(f"read {key} from"):
            try:
                return self._path(key).open("rb")
            except FileNotFoundError:
                raise AbsentError(f"{self.uri} has no object {key}") from None

    def listing(self, prefix: str) -> Iterator[Stored]:
        """The objects below a prefix, in order of their keys."""
        folder = self._path(prefix.rstrip("/")) if prefix else self._root
        for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(self._root).as_posix()):
            key = path.relative_to(self._root).as_posix()
            if _KEY.fullmatch(key) and path.is_file():
                stat = path.stat()
                yield Stored(key, stat.st_size, datetime.fromtimestamp(stat.st_mtime, UTC))

    def keys(self, prefix: str) -> Iterator[str]:
        """The keys below a prefix, in order."""
        return (stored.key for stored in self.listing(prefix))

    def delete(self, key: str) -> None:
        """Delete an object, and the folders that it leaves empty."""
        path = self._path(key)
        with self._plainly(f"delete {key} in"):
            path.unlink(missing_ok=True)
        with suppress(OSError):  # the first one that is not empty ends it
            for folder in path.parents:
                if folder == self._root:
                    break
                folder.rmdir()

    def now(self) -> datetime:
        """The time by the clock of whoever serves the folder: that of a file just made in it."""
        import tempfile

        with self._plainly("write to"):
            self._root.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._root, prefix=".now.") as file:
                return datetime.fromtimestamp(Path(file.name).stat().st_mtime, UTC)

    @contextmanager
    def _plainly(self, what: str) -> Iterator[None]:
        """Turns what the system refuses into a plain error."""
        try:
            yield
        except OSError as error:
            raise StoreError(f"cannot {what} the store {self.uri}: {error.strerror}") from None

    def _write_beside(self, target: Path, source: Path | bytes, sha256: str | None) -> Path:
        _make(target.parent)
        temporary = target.parent / f".{target.name}.{os.getpid()}.{os.urandom(4).hex()}"
        digest = hashlib.sha256()
        try:
            with temporary.open("xb") as stream:
                for block in blocks(source):
                    digest.update(block)
                    stream.write(block)
                stream.flush()
                os.fsync(stream.fileno())
            if sha256 not in (None, digest.hexdigest()):
                raise ChecksumError(f"{target.name} does not have the sha256 that was announced; nothing was stored")
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        return temporary


def valid_key(key: str) -> str:
    """The key itself.

    Raises:
        StoreError: it could leave the store, or hide in it.
    """
    if _KEY.fullmatch(key) is None:
        raise StoreError(f"no valid object key: {key!r}")
    return key


def blocks(source: Path | bytes) -> Iterator[bytes]:
    """A file's or an object's bytes, a mebibyte at a time."""
    if isinstance(source, bytes):
        yield source
        return
    with source.open("rb") as stream:
        while block := stream.read(1 << 20):
            yield block


def source_sha256(source: Path | bytes) -> str:
    """sha256 of what is to be stored, in hex."""
    digest = hashlib.sha256()
    for block in blocks(source):
        digest.update(block)
    return digest.hexdigest()


def object_sha256(store: ObjectStore, key: str) -> str:
    """sha256 of an object as the store gives it back, in hex."""

    def whole() -> str:
        digest = hashlib.sha256()
        with store.open(key) as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
        return digest.hexdigest()

    return patiently(whole)


def create(store: ObjectStore, key: str, source: Path | bytes, sha256: str | None = None) -> str:
    """Put an object where none is, and read back what is there then: its sha256, in hex.

    It settles every vague answer by looking: what was asked for is there, something else is, or nothing, and then
    it is asked for again.

    Raises:
        ChecksumError: the bytes here do not have ``sha256``.
        StoreError: it cannot be written, or cannot be read back.
    """
    announced = sha256 or source_sha256(source)
    for attempt in range(1, TRIES + 1):
        vague: StoreError | None = None
        try:
            store.put_if_absent(key, source, announced)
        except UnsureError as error:
            vague = error
        except ChecksumError as error:
            if source_sha256(source) != announced:
                raise
            vague = error  # they were garbled on the way
        try:
            found = object_sha256(store, key)
            return found if found == announced else object_sha256(store, key)
        except AbsentError:
            if attempt < TRIES:
                pause(attempt)
            elif vague:
                raise vague from None
    raise StoreError(f"{key} was written to {store.uri}, but cannot be read back")


def patiently(action: Callable[[], T]) -> T:
    """What an action gives, which is tried again where the store does not say.

    Raises:
        UnsureError: the store did not say so many times.
    """
    for attempt in range(1, TRIES):
        try:
            return action()
        except UnsureError:
            pause(attempt)
    return action()


def pause(attempt: int) -> None:
    """Wait before one tries again: longer each time, and not as long as others do."""
    time.sleep(min(0.05 * 2**attempt, 4) * random.uniform(0.5, 1))  # noqa: S311 (a pause is no secret)


def _make(folder: Path) -> None:
    """Make a folder and those above it, so that they outlive a crash, too."""
    missing = [folder, *folder.parents]
    missing = missing[: next(place for place, one in enumerate(missing) if one.exists())]
    folder.mkdir(parents=True, exist_ok=True)
    for made in missing:
        _sync_folder(made.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
