"""Brings files of a release from its store to a folder: each is whole and as its manifest says, or it is not there."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from pipelines.landing.deliveries import file_sha256
from pipelines.release.comparison import COMPARED, Held
from pipelines.release.log import Entry
from pipelines.release.manifest import MANIFEST, SUMS, Manifest, ManifestError, ReleaseFile, listed, sums_text
from pipelines.release.signatures import Verifier, require_signature
from pipelines.release.store import AbsentError, ObjectStore, looked_for, patiently
from pipelines.release.verify import load_manifest

PARTIAL = ".partial"


class FetchedError(RuntimeError):
    """A file of a release is not what was published, or cannot be brought; the message says which, and what to do."""


@dataclass(frozen=True)
class Pulled:
    """What pulling came to: the release's manifest, and the paths that were fetched, and that were there already."""

    manifest: Manifest
    fetched: tuple[str, ...]
    kept: tuple[str, ...]


def pull(
    store: ObjectStore,
    entry: Entry,
    folder: Path,
    on_bytes: Callable[[str, int], None] | None = None,
    verifier: Verifier | None = None,
) -> Pulled:
    """Bring a whole release into a folder, and go on where an earlier pull stopped.

    Args:
        store: where it is.
        entry: the log's entry of the release, which vouches for its manifest.
        folder: where to; it is made, or holds what an earlier pull of the same release left.
        on_bytes: told a path, and how many more of its bytes are there.
        verifier: the key that the release must be signed with; None: it need not be.

    Raises:
        SignatureError: it is not signed with that key; nothing is fetched.
        ManifestError: the manifest is missing, or not what the log vouches for.
        FetchedError: a file is missing or was tampered with, the folder holds something else, or cannot be written.
    """
    manifest = load_manifest(store, entry)
    if verifier:
        require_signature(store, manifest, verifier)
    sums = sums_text(listed(manifest))
    # Last: a folder with sums holds all that they list.
    wanted = (*listed(manifest), ReleaseFile(SUMS, hashlib.sha256(sums).hexdigest(), len(sums)))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder):
            _refuse_others(folder, manifest, wanted)
            fetched = fetch_files(store, entry, wanted, folder, on_bytes)
    except OSError as error:
        raise FetchedError(f"cannot write to {folder}: {error.strerror}; what is there stays, pull again") from None
    kept = tuple(file.path for file in wanted if file.path not in fetched)
    return Pulled(manifest, fetched, kept)


def fetch_compared(store: ObjectStore, entry: Entry, folder: Path, at_hand: Mapping[str, Path] | None = None) -> Held:
    """Bring what a comparison needs of a release; files that are at hand, by their sha256, are not brought.

    Raises:
        ManifestError, FetchedError: as ``pull`` does.
    """
    manifest = load_manifest(store, entry)
    by_path = {file.path: file for file in manifest.files}
    tables = {
        table.name: [by_path[path] for path in table.files] for table in manifest.tables if table.name in COMPARED
    }
    known = at_hand or {}
    wanted = [file for files in tables.values() for file in files if file.sha256 not in known]
    fetch_files(store, entry, wanted, folder)
    return Held(
        manifest,
        {name: tuple(known.get(file.sha256, folder / file.path) for file in files) for name, files in tables.items()},
    )


def fetch_files(
    store: ObjectStore,
    entry: Entry,
    files: Iterable[ReleaseFile],
    folder: Path,
    on_bytes: Callable[[str, int], None] | None = None,
) -> tuple[str, ...]:
    """Bring files of a release, but for those that are there already as they are to be; returns which were brought.

    Raises:
        FetchedError: a file is missing, or is not what the manifest says; it is not in the folder.
    """
    fetched = []
    for file in files:
        target = folder / file.path
        if not target.resolve().is_relative_to(folder.resolve()):
            raise FetchedError(f"release {entry.version} names a file outside its folder: {file.path}")
        if target.is_file() and target.stat().st_size == file.size and file_sha256(target) == file.sha256:
            if on_bytes:
                on_bytes(file.path, file.size)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        arriving = target.with_name(f".{target.name}{PARTIAL}")
        try:
            patiently(partial(_fetch, store, entry, file, arriving, on_bytes))
            arriving.replace(target)
        finally:
            arriving.unlink(missing_ok=True)
        _sync(target.parent)
        fetched.append(file.path)
    return tuple(fetched)


def _fetch(
    store: ObjectStore, entry: Entry, file: ReleaseFile, target: Path, on_bytes: Callable[[str, int], None] | None
) -> None:
    digest, size = hashlib.sha256(), 0
    key = f"{entry.dataset}/releases/{entry.folder}/{file.path}"
    stream = looked_for(partial(_opened, store, key))
    if stream is None:
        raise FetchedError(f"release {entry.version} cannot be read: {store.uri} has no object {key}")
    with stream, target.open("wb") as copy:
        while block := stream.read(1 << 20):
            digest.update(block)
            copy.write(block)
            size += len(block)
            if on_bytes:
                on_bytes(file.path, len(block))
        copy.flush()
        os.fsync(copy.fileno())
    if digest.hexdigest() != file.sha256:
        raise FetchedError(
            f"{key} in {store.uri} is not what was published: {size:,} bytes of sha256 {digest.hexdigest()[:16]}…,"
            f" expected {file.size:,} of {file.sha256[:16]}…; it was not taken"
        )


def _opened(store: ObjectStore, key: str) -> BinaryIO | None:
    try:
        return store.open(key)
    except AbsentError:
        return None


def _refuse_others(folder: Path, manifest: Manifest, wanted: Iterable[ReleaseFile]) -> None:
    """Refuse a folder that holds another release, or what is no part of this one: a glob would read both."""
    held = _manifest_in(folder)
    if held is not None and (held.dataset, held.folder) != (manifest.dataset, manifest.folder):
        raise FetchedError(f"{folder} holds {held.version} of {held.dataset}; give a folder of its own")
    own = {folder / file.path for file in wanted}
    own |= {path.with_name(f".{path.name}{PARTIAL}") for path in own}
    if others := sorted(path for path in folder.rglob("*") if not path.is_dir() and path not in own):
        named = ", ".join(str(path.relative_to(folder)) for path in others[:3])
        more = f" and {len(others) - 3} more" if len(others) > 3 else ""
        raise FetchedError(f"{folder} holds what is no part of this release: {named}{more}; give a folder of its own")


def _manifest_in(folder: Path) -> Manifest | None:
    """The manifest that lies in a folder; None where there is none that can be read."""
    try:
        return Manifest.from_json((folder / MANIFEST).read_bytes())
    except (FileNotFoundError, ManifestError):
        return None


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One pull at a time works in a folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise FetchedError(f"another pull works in {folder}") from None
    try:
        yield
    finally:
        os.close(descriptor)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
