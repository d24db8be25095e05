"""Files one after the other: each lands whole and with its digest, or leaves a part to go on from.

What belongs here: what may be put where, and when. Not here: HTTP (``transfer``), partial bytes (``part``).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pipelines.fetch.part import Part, PartBusyError, locked_part, work_paths
from pipelines.fetch.transfer import Transfer
from pipelines.fetch.words import FetchedFile, FetchError, FetchFile, FetchProgress, shown

MAX_BYTES = 8 << 30


def fetch(
    files: Sequence[FetchFile],
    folder: Path,
    *,
    on_progress: Callable[[FetchProgress], None] | None = None,
    timeout_s: float = 30.0,
    attempts: int = 5,
    backoff_s: float = 0.5,
    max_bytes: int = MAX_BYTES,
) -> list[FetchedFile]:
    """Fetch files into a folder, one after the other; a file appears there only whole and with its digest.

    What a broken fetch leaves is ``<file>.part`` and ``<file>.origin.part``; the next one goes on from there.
    Files that landed before another one failed stay.

    Args:
        files: what to fetch, under distinct names.
        folder: the source's inbox folder; made where it is missing.
        on_progress: called as bytes arrive.
        timeout_s: the longest silence of a server that is borne, in seconds.
        attempts: how often a file is asked for, where failures may pass; at least 1.
        backoff_s: pause after the first such failure, in seconds; it doubles each time.
        max_bytes: files above this size are refused.

    Returns:
        One entry a file, in the order given.

    Raises:
        FetchError: what is wrong, where, and what to do; never with credentials or the query of a URL.
    """
    _check_distinct(files)
    present = {}
    for file in files:
        with _plain_faults(file, folder):
            present[file.file] = _already_there(file, folder / file.file)
    if all(present.values()):
        return [found for found in present.values() if found]
    import httpx

    # A range counts the bytes as they are sent, so they must not be compressed on the way.
    headers = {"User-Agent": "variorum", "Accept-Encoding": "identity"}
    with httpx.Client(timeout=timeout_s, headers=headers) as client:
        transfer = Transfer(client, on_progress or (lambda _: None), attempts, backoff_s, max_bytes)
        for file in files:
            with _plain_faults(file, folder):
                present[file.file] = present[file.file] or _fetch_one(file, folder / file.file, transfer)
    return [found for found in present.values() if found]


def _check_distinct(files: Sequence[FetchFile]) -> None:
    taken: set[Path] = set()
    for file in files:
        path = Path(file.file)
        names = {path, *work_paths(path)}
        if taken & names:
            raise FetchError(
                f"{file.file} is named twice, or like the unfinished part of another file",
                shown(file.url),
                "give each file a name of its own in the source's contract",
            )
        taken |= names


def _already_there(file: FetchFile, target: Path) -> FetchedFile | None:
    """The file, where it lies there with the right digest, or None where nothing does.

    Raises:
        FetchError: something else lies there.
    """
    if not os.path.lexists(target):
        return None
    found = "is not a plain file"
    if target.is_file():
        with target.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            size = os.fstat(stream.fileno()).st_size
        if digest == file.sha256:
            return FetchedFile(file.file, target, size, "already_there")
        found = f"has sha256 {digest}, where the contract says {file.sha256}"
    raise FetchError(
        f"{file.file} is there already and {found}; it was left alone",
        str(target),
        "move it away and fetch again, or correct the sha256 in the source's contract",
    )


def _fetch_one(file: FetchFile, target: Path, transfer: Transfer) -> FetchedFile:
    with locked_part(target, file.url, file.sha256) as part:
        # Looked at under the lock and at the end: what somebody put there meanwhile is not overwritten.
        found = _already_there(file, target)
        if found is None:
            part.recover()
            if part.size == 0 or part.digest() != file.sha256:
                transfer.fill(part, file)
                _check_digest(file, part)
            found = _already_there(file, target)
        if found:
            part.drop()
            return found
        part.land()
        return FetchedFile(file.file, target, part.size, "resumed" if part.kept else "fetched")


@contextmanager
def _plain_faults(file: FetchFile, folder: Path) -> Iterator[None]:
    """What goes wrong on the disk, as a FetchError."""
    try:
        yield
    except PartBusyError:
        what, todo = f"{file.file} is being fetched by another process", "wait for it, then fetch again"
        raise FetchError(what, str(folder / file.file), todo) from None
    except OSError as error:
        what = f"{file.file} cannot be read or written: {error.strerror or error}"
        where = str(error.filename or folder / file.file)
        raise FetchError(what, where, "mend that and fetch again; what has arrived is kept") from error


def _check_digest(file: FetchFile, part: Part) -> None:
    digest = part.digest()
    if digest == file.sha256:
        return
    part.drop()
    todo = "compare the origin with the contract; put in the new sha256 only if the new version is meant"
    if part.kept:
        todo = f"{part.kept} bytes were left by an earlier fetch: fetch again, from zero; if it stays, {todo}"
    raise FetchError(
        f"{file.file}: expected sha256 {file.sha256}, received {digest}: the origin has changed or the "
        "transfer was tampered with; nothing was kept",
        shown(file.url),
        todo,
    )
