"""Garbage: what attempts to publish left in a store, and no log entry names. Nothing else is ever deleted."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipelines.release.attempts import PROBE, collecting, intents
from pipelines.release.log import read_log
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


def collect(store: ObjectStore, dataset: str, delete: bool = False) -> list[Garbage]:
    """Find, and with ``delete`` remove, releases and signatures that no log entry names, and old announcements.

    A folder is left alone while one object in it is younger than a week, or an attempt announced itself within one.

    Raises:
        LogError: the log is broken: what is garbage cannot be told.
    """
    now = store.now()
    named = {entry.folder for entry in read_log(store, dataset)}
    found: list[Garbage] = []
    for prefix in (f"{dataset}/releases", f"{dataset}/signatures"):
        for folder, objects in _folders(store, prefix).items():
            if folder in named or not _is_old(objects, now) or _is_announced(store, dataset, folder, now):
                continue
            is_deleted = delete and _delete_folder(store, dataset, folder, objects, now)
            found.append(_garbage(f"{prefix}/{folder}", objects, is_deleted))
    for prefix in (f"{dataset}/intents", f"{dataset}/probe"):
        old = [one for one in store.listing(prefix) if _is_old([one], now) and one.key != f"{prefix}/{PROBE}"]
        for one in old if delete else ():
            store.delete(one.key)
        if old:
            found.append(_garbage(prefix, old, delete))
    return found


def _delete_folder(store: ObjectStore, dataset: str, folder: str, objects: list[Stored], now: datetime) -> bool:
    """Delete a folder, unless somebody turns out to want it: who does announces it first and then looks here."""
    mark = collecting(dataset, folder)
    marks = [one for one in store.listing(f"{dataset}/collecting") if one.key == mark]
    if marks and now - marks[0].modified_at < _INTERRUPTED:
        return False
    create(store, mark, b"collecting\n")
    is_wanted = _is_announced(store, dataset, folder, now) or folder in {
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


def _is_announced(store: ObjectStore, dataset: str, folder: str, now: datetime) -> bool:
    return any(not _is_old([one], now) for one in store.listing(intents(dataset, folder)))


def _is_old(objects: list[Stored], now: datetime) -> bool:
    return all(now - one.modified_at > AGE for one in objects)


def _garbage(prefix: str, objects: list[Stored], is_deleted: bool) -> Garbage:
    return Garbage(prefix, len(objects), sum(one.size for one in objects), is_deleted)
