"""The object store: the few operations that the publish protocol needs, and a folder that offers them.

Keys are relative paths with '/'. Nothing that is there is ever overwritten, but for the pointer, by
compare-and-swap.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")


class StoreError(RuntimeError):
    """The store cannot do what was asked; the message says what and where."""


class ObjectStore(Protocol):
    """What a store can do."""

    @property
    def uri(self) -> str:
        """Where it is, for people; it holds no secret."""

    def put_if_absent(self, key: str, source: Path | bytes) -> bool:
        """Create an object whole; False, and nothing changed, if the key is taken."""

    def swap(self, key: str, expected: bytes | None, data: bytes) -> bool:
        """Replace an object if it still holds ``expected`` (None: if it is absent)."""

    def read(self, key: str) -> bytes | None:
        """The object's bytes, or None."""

    def open(self, key: str) -> BinaryIO:
        """The object as a stream; StoreError if it is absent."""

    def keys(self, prefix: str) -> Iterator[str]:
        """The keys below a prefix, in order."""


class FolderStore:
    """A folder as object store: objects are created whole by a hard link, which fails if the name is taken."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def uri(self) -> str:
        """The folder's path."""
        return str(self._root)

    def _path(self, key: str) -> Path:
        if _KEY.fullmatch(key) is None:
            raise StoreError(f"no valid object key: {key!r}")
        return self._root / key

    def put_if_absent(self, key: str, source: Path | bytes) -> bool:
        """Create an object whole; False, and nothing changed, if the key is taken."""
        target = self._path(key)
        if target.exists():
            return False
        temporary = self._write_beside(target, source)
        try:
            os.link(temporary, target)
        except FileExistsError:
            return False
        finally:
            temporary.unlink()
        target.chmod(0o444)
        _sync_folder(target.parent)
        return True

    def swap(self, key: str, expected: bytes | None, data: bytes) -> bool:
        """Replace an object if it still holds ``expected``; exchanges are serialised by a lock in the store."""
        import fcntl

        target = self._path(key)
        self._make(target.parent)
        with (target.parent / f".{target.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self.read(key) != expected:
                return False
            temporary = self._write_beside(target, data)
            temporary.replace(target)
            _sync_folder(target.parent)
        return True

    def read(self, key: str) -> bytes | None:
        """The object's bytes, or None."""
        try:
            return self._path(key).read_bytes()
        except FileNotFoundError:
            return None

    def open(self, key: str) -> BinaryIO:
        """The object as a stream."""
        try:
            return self._path(key).open("rb")
        except FileNotFoundError:
            raise StoreError(f"{self.uri} has no object {key}") from None

    def keys(self, prefix: str) -> Iterator[str]:
        """The keys below a prefix, in order."""
        folder = self._path(prefix.rstrip("/")) if prefix else self._root
        found = sorted(path.relative_to(self._root).as_posix() for path in folder.rglob("*") if path.is_file())
        yield from (key for key in found if _KEY.fullmatch(key))

    def _make(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"cannot write to the store {self.uri}: {error.strerror}") from None

    def _write_beside(self, target: Path, source: Path | bytes) -> Path:
        self._make(target.parent)
        temporary = target.parent / f".{target.name}.{os.getpid()}.{os.urandom(4).hex()}"
        try:
            with temporary.open("xb") as stream:
                if isinstance(source, bytes):
                    stream.write(source)
                else:
                    with source.open("rb") as origin:
                        while block := origin.read(1 << 20):
                            stream.write(block)
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise StoreError(f"cannot write {target.name} to the store {self.uri}: {error.strerror}") from None
        return temporary


def open_store(uri: str) -> ObjectStore:
    """The store that an address names: a folder's path, or ``file:`` and a path.

    Raises:
        StoreError: the address names a kind of store that is not supported.
    """
    if "://" in uri and not uri.startswith("file://"):
        raise StoreError(f"no store for {uri.split('://')[0]}:// addresses; give a folder")
    return FolderStore(Path(uri.removeprefix("file://")).expanduser().absolute())


def object_sha256(store: ObjectStore, key: str) -> str:
    """sha256 of an object as the store gives it back, in hex."""
    digest = hashlib.sha256()
    with store.open(key) as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
