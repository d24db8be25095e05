"""Deliveries: what lay in a source's inbox folder, kept by sha256, in order of arrival, never changed.

The raw area of a source holds ``files/<sha256>`` and ``deliveries/<sequence>.json``. A delivery is the listing of
the folder at one moment; the same listing again is no new delivery.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from pipelines.contracts.model import SourceContract
from pipelines.landing.home import Home, write_private

_BLOCK = 1 << 20
UNFINISHED = (".part", ".tmp", ".crdownload", ".partial")
"""How the names of files end that are still being written."""


class InboxError(RuntimeError):
    """The inbox does not hold what a contract expects; the message says what and where."""


@dataclass(frozen=True)
class DeliveredFile:
    """One file of a delivery: which mapping reads it, its name in the inbox folder, its content's digest and size."""

    mapping: int
    name: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Delivery:
    """One arrival of a source's files. ``redelivered`` counts files whose content the same delivery holds already."""

    source: str
    sequence: int
    files: tuple[DeliveredFile, ...]
    redelivered: tuple[DeliveredFile, ...] = ()

    @property
    def id(self) -> str:
        """Digest of what was delivered, whatever the file system's order or dates."""
        return listing_digest(self.files + self.redelivered)


@dataclass(frozen=True)
class Receipt:
    """What came of looking at an inbox folder: the source's state, and whether it is new."""

    delivery: Delivery
    is_new: bool
    unmatched: tuple[str, ...]


def listing_digest(files: tuple[DeliveredFile, ...]) -> str:
    """sha256 over the sorted listing, in hex."""
    listing = sorted((file.mapping, file.name, file.sha256) for file in files)
    return hashlib.sha256(json.dumps(listing).encode()).hexdigest()


def inbox_listing(contract: SourceContract, inbox: Path) -> tuple[list[tuple[int, Path]], tuple[str, ...]]:
    """Files in the source's inbox folder as (mapping, path), and the names of files that no pattern matches.

    Raises:
        InboxError: there is no such folder, or a pattern of role judgments matches nothing.
    """
    folder = inbox / contract.inbox_folder
    if not folder.is_dir():
        raise InboxError(f"{contract.source}: there is no inbox folder {folder}; put the export there")
    present = sorted(path for path in folder.rglob("*") if path.is_file() and _is_complete(path, folder))
    matched: list[tuple[int, Path]] = []
    for number, mapping in enumerate(contract.files):
        found = [path for path in present if any(path.relative_to(folder).match(glob) for glob in mapping.pattern)]
        if not found and mapping.role == "judgments":
            patterns = ", ".join(mapping.pattern)
            raise InboxError(f"{contract.source}: no file in {folder} matches {patterns} (role judgments)")
        matched.extend((number, path) for path in found)
    taken = {path for _, path in matched}
    return matched, tuple(str(path.relative_to(folder)) for path in present if path not in taken)


def _is_complete(path: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return not hidden and path.suffix not in UNFINISHED and not path.is_symlink()


def receive(contract: SourceContract, inbox: Path, home: Home) -> Receipt:
    """Take what lies in the inbox folder into the raw area, if it differs from the last delivery.

    Raises:
        InboxError: as ``inbox_listing``; or a file changed while it was being copied.
    """
    matched, unmatched = inbox_listing(contract, inbox)
    folder = inbox / contract.inbox_folder
    with _locked(home.restricted(contract.source)):
        files = tuple(_keep(home, contract.source, number, path, folder) for number, path in matched)
        unique: dict[tuple[int, str], DeliveredFile] = {}
        redelivered: list[DeliveredFile] = []
        for file in files:
            if (file.mapping, file.sha256) in unique:
                redelivered.append(file)
            else:
                unique[file.mapping, file.sha256] = file
        history = deliveries(contract.source, home)
        delivery = Delivery(contract.source, len(history) + 1, tuple(unique.values()), tuple(redelivered))
        if history and history[-1].id == delivery.id:
            return Receipt(history[-1], False, unmatched)
        log = home.restricted(contract.source, "deliveries")
        write_private(log / f"{delivery.sequence:06d}.json", json.dumps(asdict(delivery), indent=1).encode())
    return Receipt(delivery, True, unmatched)


def deliveries(source: str, home: Home) -> list[Delivery]:
    """Every delivery of a source, in order of arrival."""
    folder = home.raw / source / "deliveries"
    return [_delivery(path) for path in sorted(folder.glob("[0-9]*.json"))]


def current_files(contract: SourceContract, home: Home) -> list[tuple[int, DeliveredFile]]:
    """The files that make up the source's state, as (sequence of the delivery that brought it first, file).

    ``full``: the last delivery's files. ``append``: every file ever delivered, once.
    """
    history = deliveries(contract.source, home)
    first: dict[tuple[int, str], tuple[int, DeliveredFile]] = {}
    for delivery in history:
        for file in delivery.files:
            first.setdefault((file.mapping, file.sha256), (delivery.sequence, file))
    if contract.export_mode == "append" or not history:
        return list(first.values())
    return [first[file.mapping, file.sha256] for file in history[-1].files]


def raw_file(source: str, sha256: str, home: Home) -> Path:
    """Where the raw area keeps a file of that content."""
    return home.raw / source / "files" / sha256


def _delivery(path: Path) -> Delivery:
    data = json.loads(path.read_bytes())
    return Delivery(
        data["source"],
        data["sequence"],
        tuple(DeliveredFile(**file) for file in data["files"]),
        tuple(DeliveredFile(**file) for file in data["redelivered"]),
    )


def _keep(home: Home, source: str, mapping: int, path: Path, folder: Path) -> DeliveredFile:
    """Copy a file into the raw area under its digest, unless it is there; a file that changes meanwhile is refused."""
    name = str(path.relative_to(folder))
    before = path.stat()
    digest = file_sha256(path)
    target = home.restricted(source, "files") / digest
    if not target.exists():
        temporary = target.with_name(f".{digest}.{os.getpid()}")
        shutil.copyfile(path, temporary)
        temporary.chmod(0o600)
        if file_sha256(temporary) != digest:
            temporary.unlink()
            raise InboxError(f"{source}: {name} changed while it was read; deliver it again when it is complete")
        temporary.replace(target)
    after = path.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise InboxError(f"{source}: {name} changed while it was read; deliver it again when it is complete")
    return DeliveredFile(mapping, name, digest, after.st_size)


def file_sha256(path: Path) -> str:
    """The file's sha256, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One process at a time in a source's raw area."""
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
