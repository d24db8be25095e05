"""Garbage: what attempts to publish left in a store, and no log entry names. Nothing else is ever deleted."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipelines.release.attempts import PROBE, collecting, intents
from pipelines.release.checkpoints import checkpoint_key, checkpoints, due, read_log
from pipelines.release.store import ObjectStore, Stored, create

AGE = timedelta(days=7)
"""What is younger, by the store's clock, may belong to an attempt that is still at work."""

_INTERRUPTED = timedelta(hours=1)


@dataclass(frozen=True)
class Garbage:
    """What lies below one prefix: how many objects and bytes, and whether they were deleted."""

    prefix: str
    objects: int
    size: int
    is_deleted: bool


def collect(store: ObjectStore, dataset: str, delete: bool = False, age: timedelta = AGE) -> list[Garbage]:
    """Find, and with ``delete`` remove, releases and signatures that no log entry names, and what is no longer needed.

    A folder is left alone while one object in it is younger than ``age``, or an attempt announced itself within it.
    No longer needed are announcements, and checkpoints but for the newest two, once they are as old.

    Raises:
        LogError: the log is broken: what is garbage cannot be told.
    """
    before = store.now() - age
    entries = read_log(store, dataset)
    named = {entry.folder for entry in entries}
    found: list[Garbage] = []
    for prefix in (f"{dataset}/releases", f"{dataset}/signatures"):
        for folder, objects in _folders(store, prefix).items():
            if folder in named or not _are_old(objects, before) or _is_announced(store, dataset, folder, before):
                continue
            is_deleted = delete and _delete_folder(store, dataset, folder, objects, before)
            found.append(_garbage(f"{prefix}/{folder}", objects, is_deleted))
    newest = due(len(entries))
    kept = {f"{dataset}/probe/{PROBE}", *(checkpoint_key(dataset, n) for n in (newest, due(newest - 1)))}
    for prefix in (f"{dataset}/intents", f"{dataset}/probe", checkpoints(dataset)):
        old = [one for one in store.listing(prefix) if _are_old([one], before) and one.key not in kept]
        for one in old if delete else ():
            store.delete(one.key)
        if old:
            found.append(_garbage(prefix, old, delete))
    return found


def _delete_folder(store: ObjectStore, dataset: str, folder: str, objects: list[Stored], before: datetime) -> bool:
    """Delete a folder, unless somebody turns out to want it: who does announces it first and then looks here."""
    mark = collecting(dataset, folder)
    marks = [one for one in store.listing(f"{dataset}/collecting") if one.key == mark]
    if marks and store.now() - marks[0].modified_at < _INTERRUPTED:
        return False
    create(store, mark, b"collecting\n")
    is_wanted = _is_announced(store, dataset, folder, before) or folder in {
        entry.folder for entry in read_log(store, dataset)
    }
    if not is_wanted:
        for one in objects:
            store.delete(one.key)
    store.delete(mark)
    return not is_wanted


def _folders(store: ObjectStore, prefix: str) -> dict[str, list[Stored]]:
    folders: dict[str, list[Stored]] = defaultdict(list)
    for one in store.listing(prefix):
        folders[one.key.removeprefix(f"{prefix}/").split("/")[0]].append(one)
    return folders


def _is_announced(store: ObjectStore, dataset: str, folder: str, before: datetime) -> bool:
    return any(not _are_old([one], before) for one in store.listing(intents(dataset, folder)))


def _are_old(objects: list[Stored], before: datetime) -> bool:
    return all(one.modified_at < before for one in objects)


def _garbage(prefix: str, objects: list[Stored], is_deleted: bool) -> Garbage:
    return Garbage(prefix, len(objects), sum(one.size for one in objects), is_deleted)
