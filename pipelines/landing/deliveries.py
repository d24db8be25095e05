"""Deliveries: what lay in a source's inbox folder, kept by sha256, in order of arrival, never changed.

The raw area of a source holds ``files/<sha256>`` and ``deliveries/<sequence>.json``. A delivery is the listing of
the folder at one moment; the same listing again is no new delivery.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from pipelines.contracts.model import SourceContract
from pipelines.landing.home import Home, locked, write_private
from pipelines.landing.inbox import InboxError, inbox_listing, mapping_of, name_in
from pipelines.landing.writing import is_being_written

_BLOCK = 1 << 20


@dataclass(frozen=True)
class DeliveredFile:
    """One file of a delivery: which mapping reads it, its name in the inbox folder, its content's digest and size.

    ``copy`` counts the files of the same bytes before it, in a source's state whose contract reads names.
    """

    mapping: int
    name: str
    sha256: str
    size: int
    copy: int = 0


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


def receive(contract: SourceContract, inbox: Path, home: Home) -> Receipt:
    """Take what lies in the inbox folder into the raw area, if it differs from the last delivery.

    Raises:
        InboxError: as ``inbox_listing``; a file is still being written; or two mappings match files of the same
            content.
    """
    matched, unmatched = inbox_listing(contract, inbox)
    folder = inbox / contract.inbox_folder
    if unfinished := [name_in(path, folder) for _, path in matched if is_being_written(path)]:
        raise InboxError(
            f"{contract.source}: {', '.join(unfinished)} is still being written; nothing of the delivery was taken:"
            f" run again when it is complete and no program holds it open"
        )
    with locked(home.restricted(contract.source)):
        for name in ("files", "deliveries"):
            _sweep(home.restricted(contract.source, name))
        files = tuple(_keep(home, contract.source, number, path, folder) for number, path in matched)
        unique, redelivered = _apart(contract, files)
        history = deliveries(contract.source, home)
        delivery = Delivery(contract.source, len(history) + 1, unique, redelivered)
        if history and history[-1].id == delivery.id:
            return Receipt(history[-1], False, unmatched)
        log = home.restricted(contract.source, "deliveries")
        write_private(log / f"{delivery.sequence:06d}.json", json.dumps(asdict(delivery), indent=1).encode())
    return Receipt(delivery, True, unmatched)


def _apart(
    contract: SourceContract, files: tuple[DeliveredFile, ...]
) -> tuple[tuple[DeliveredFile, ...], tuple[DeliveredFile, ...]]:
    """Files by content: the first of each, and those that repeat one."""
    first: dict[str, DeliveredFile] = {}
    repeated: list[DeliveredFile] = []
    for file in files:
        other = first.setdefault(file.sha256, file)
        if other.mapping != file.mapping:
            raise InboxError(
                f"{contract.source}: {other.name} and {file.name} hold the same bytes, but files[{other.mapping}] reads"
                f" the one and files[{file.mapping}] the other; deliver the content once"
            )
        if other is not file:
            repeated.append(file)
    return tuple(first.values()), tuple(repeated)


def is_told_apart(contract: SourceContract, file: DeliveredFile) -> bool:
    """Whether the contract, as it is now, reads the file's name: its bytes under another name are another file."""
    number = mapping_of(contract, file.name)
    return number is not None and contract.files[number].reads_file_name


def _told_apart(contract: SourceContract, delivery: Delivery) -> list[tuple[tuple[str, str], DeliveredFile]]:
    """A delivery's files by what makes each one of its own: its bytes and, where it is read, its name."""
    named = [file for file in delivery.redelivered if is_told_apart(contract, file)]
    return [
        ((file.sha256, file.name if is_told_apart(contract, file) else ""), file) for file in (*delivery.files, *named)
    ]


def _numbered(files: list[tuple[int, DeliveredFile]]) -> list[tuple[int, DeliveredFile]]:
    """The files of a state, those of the same bytes counted."""
    seen: Counter[str] = Counter()
    numbered = []
    for sequence, file in files:
        numbered.append((sequence, replace(file, copy=seen[file.sha256])))
        seen[file.sha256] += 1
    return numbered


def deliveries(source: str, home: Home) -> list[Delivery]:
    """Every delivery of a source, in order of arrival."""
    folder = home.raw / source / "deliveries"
    return [_delivery(path) for path in sorted(folder.glob("[0-9]*.json"))]


def arrived_at(delivery: Delivery, home: Home) -> datetime:
    """When a delivery was taken, by this machine's clock; its listing holds no time, so that its id depends on none."""
    path = home.raw / delivery.source / "deliveries" / f"{delivery.sequence:06d}.json"
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def current_files(contract: SourceContract, home: Home) -> list[tuple[int, DeliveredFile]]:
    """The files that make up the source's state, as (sequence of the delivery that brought it first, file).

    ``full``: the last delivery's files. ``append`` and ``correct``: every file ever delivered, once, in the order of
    the deliveries that brought them first and of their listings.

    Raises:
        InboxError: an earlier file is no longer matched by the contract.
    """
    history = deliveries(contract.source, home)
    is_whole = contract.export_mode == "full" and bool(history)
    first: dict[tuple[str, str], tuple[int, DeliveredFile]] = {}
    for delivery in history:
        for own, file in _told_apart(contract, delivery):
            first.setdefault(own, (delivery.sequence, file))
    if is_whole:
        return _numbered([(first[own][0], file) for own, file in _told_apart(contract, history[-1])])
    return _numbered([(sequence, _as_read_now(contract, file)) for sequence, file in first.values()])


def states_delivered(contract: SourceContract, home: Home) -> list[tuple[int, list[DeliveredFile]]]:
    """Every delivery of a ``full`` source, in order of arrival: its sequence, and its files as they are read today.

    Raises:
        InboxError: an earlier file is no longer matched by the contract.
    """
    history = deliveries(contract.source, home)
    states = []
    for delivery in history:
        files = [file for _, file in _told_apart(contract, delivery)]
        if delivery is not history[-1]:
            files = [_as_read_now(contract, file) for file in files]
        states.append((delivery.sequence, [file for _, file in _numbered([(0, file) for file in files])]))
    return states


def _as_read_now(contract: SourceContract, file: DeliveredFile) -> DeliveredFile:
    """An earlier delivery's file with the mapping that reads it today: contracts change, names stay."""
    number = mapping_of(contract, file.name)
    if number is None:
        raise InboxError(
            f"{contract.source}: {file.name} was delivered earlier, but no pattern of the present contract matches it;"
            f" its judgments would vanish: let a pattern match it, as it did"
        )
    return replace(file, mapping=number)


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
    name = name_in(path, folder)
    before = path.stat()
    digest = file_sha256(path)
    target = home.restricted(source, "files") / digest
    temporary = target.with_name(f".{digest}")
    if not target.exists():
        shutil.copyfile(path, temporary)
        temporary.chmod(0o600)
    after = path.stat()
    copied = digest if target.exists() else file_sha256(temporary)
    if copied != digest or (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        temporary.unlink(missing_ok=True)
        raise InboxError(f"{source}: {name} changed while it was read; deliver it again when it is complete")
    if not target.exists():
        temporary.replace(target)
    return DeliveredFile(mapping, name, digest, after.st_size)


def _sweep(folder: Path) -> None:
    """Remove what a process left that died while it copied."""
    for left in folder.glob(".*"):
        left.unlink()


def file_sha256(path: Path) -> str:
    """The file's sha256, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
