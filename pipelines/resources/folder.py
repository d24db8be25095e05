"""A folder as object store."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO

from pipelines.release.store import KEY, TRIES, AbsentError, ChecksumError, Held, Stored, StoreError, blocks, valid_key


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
        """The objects below a prefix, in order of their keys; what is deleted meanwhile may be among them, or not."""
        with self._plainly("list"):
            found = list(self._walk(self._path(prefix.rstrip("/")) if prefix else self._root))
        yield from sorted(found, key=lambda one: one.key)

    def _walk(self, folder: Path) -> Iterator[Stored]:
        for place, _, names in os.walk(folder, onerror=_unless_gone):
            for path in (Path(place, name) for name in names):
                key = path.relative_to(self._root).as_posix()
                with suppress(FileNotFoundError):
                    if KEY.fullmatch(key) and S_ISREG((status := path.stat()).st_mode):
                        yield Stored(key, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))

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
        temporary = target.parent / f".{target.name}.{os.getpid()}.{os.urandom(4).hex()}"
        digest = hashlib.sha256()
        try:
            with _open_new(temporary) as stream:
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


def _unless_gone(error: OSError) -> None:
    """A folder that somebody deletes while it is listed is empty."""
    if not isinstance(error, FileNotFoundError):
        raise error


def _open_new(path: Path) -> BinaryIO:
    """A new file; the folders above it are made, and outlive a crash, too.

    They are made again where somebody who deletes takes them before the file is there.
    """
    attempt = 0
    while True:
        missing = [place for place in path.parents if not place.exists()]
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            stream = path.open("xb")
        except FileNotFoundError:
            attempt += 1
            if attempt == TRIES:
                raise
        else:
            for made in missing:
                _sync_folder(made.parent)
            return stream


def _sync_folder(folder: Path) -> None:
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:  # somebody deleted what it held, and it with that
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
