"""Logs without releases, entry by entry: for what reads a log and looks no further."""

from __future__ import annotations

import hashlib

from pipelines.release import checkpoints
from pipelines.release.checkpoints import settle
from pipelines.release.log import Entry, entry_key
from pipelines.release.store import ObjectStore

DATASET = "d"


def entries_of(count: int, said: str = "") -> list[Entry]:
    """A log of so many publications; other words make another log."""
    made: list[Entry] = []
    for n in range(1, count + 1):
        digest = hashlib.sha256(f"{said}{n}".encode()).hexdigest()
        version = f"1.{n - 1}.0"
        made.append(
            Entry(
                sequence=n,
                action="publish",
                dataset=DATASET,
                version=version,
                folder=f"{version}-{digest[:16]}",
                content_digest=digest,
                manifest_sha256=digest,
                attempt=f"r/{n}",
                at="2026-11-01T00:00:00+00:00",
                previous=made[-1].digest if made else None,
            )
        )
    return made


def write_log(store: ObjectStore, entries: list[Entry]) -> None:
    """Store a log, with its checkpoints and its pointer, as publications leave it."""
    for n, entry in enumerate(entries, 1):
        store.put_if_absent(entry_key(DATASET, n), entry.to_json())
        if n % checkpoints.EVERY == 0:
            settle(store, DATASET, entries[:n])
    settle(store, DATASET, entries)
