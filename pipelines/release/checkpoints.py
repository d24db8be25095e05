"""Checkpoints of a log: every 50 entries, all entries so far in one object, so that a long log is read at once.

A checkpoint is derived from the log and never believed: its chain of digests must hold, and end in the log's own entry.
Where one is missing or damaged, the entries are read instead, and whoever publishes next writes it anew.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence

from pipelines.release.log import (
    POINTER,
    Entry,
    LogError,
    entry_key,
    move_pointer,
    named_entry,
    parse_entry,
    read_entries,
)
from pipelines.release.standing import Standing
from pipelines.release.store import LOOKS, ObjectStore, StoreError, patiently, pause

EVERY = 50
"""After so many entries there is a checkpoint."""

_log = logging.getLogger(__name__)


def checkpoints(dataset: str) -> str:
    """Where the checkpoints of a dataset's log lie."""
    return f"{dataset}/checkpoints"


def checkpoint_key(dataset: str, sequence: int) -> str:
    """Where the checkpoint of the first so many entries lies."""
    return f"{checkpoints(dataset)}/{sequence:08d}.jsonl"


def checkpoint(entries: Sequence[Entry]) -> bytes:
    """What the checkpoint of these entries holds: each, in a line of JSON."""
    return b"".join(json.dumps(json.loads(entry.to_json()), sort_keys=True).encode() + b"\n" for entry in entries)


def due(sequence: int) -> int:
    """The number of entries that the newest checkpoint of a log of so many holds; 0 where there is to be none yet."""
    return sequence - sequence % EVERY


def read_log(store: ObjectStore, dataset: str) -> list[Entry]:
    """Every entry in order; empty if nothing was ever published. No listing is needed.

    Read are the pointer, the checkpoint that is the newest by it, and the entries from there on.

    Raises:
        LogError: an entry is malformed, the chain of digests does not hold, or the pointer, which never comes first,
            names an entry that is not in the log.
    """
    sequence, digest = named_entry(store.read(f"{dataset}/{POINTER}"))
    entries = read_entries(store, dataset, _held(store, dataset, due(sequence)))
    for attempt in range(1, LOOKS):
        if len(entries) >= sequence:
            break
        pause(attempt)  # a store may show late what is there
        entries = read_entries(store, dataset, entries)
    if len(entries) < sequence:
        _contradict(dataset, len(entries) + 1, f"is missing, although {dataset}/{POINTER} names entry {sequence}")
    if sequence and digest not in (None, entries[sequence - 1].digest):
        _contradict(dataset, sequence, f"is not the one that {dataset}/{POINTER} names")
    return entries


def settle(store: ObjectStore, dataset: str, entries: Sequence[Entry]) -> Standing:
    """What follows from a log once an entry is committed: the newest checkpoint, and then the pointer.

    A checkpoint that cannot be written is a warning: the entries are there.

    Raises:
        StoreError: the pointer cannot be moved.
    """
    known = entries[: due(len(entries))]
    try:
        patiently(lambda: _keep(store, dataset, known))
    except StoreError as error:
        _log.warning("%s; nothing is lost: the log's entries are read instead", error)
    standing = Standing.of(dataset, entries)
    move_pointer(store, standing)
    return standing


def check_checkpoint(data: bytes | None, entries: Sequence[Entry]) -> str | None:
    """What is wrong with the checkpoint of these entries, in words; None where it holds them."""
    if data is None:
        return "is missing; the next publication writes it"
    if data != checkpoint(entries):
        return "does not hold the entries of the log; the next publication writes it anew"
    return None


def _keep(store: ObjectStore, dataset: str, entries: Sequence[Entry]) -> None:
    """Write a checkpoint unless it is there; whoever is first writes the same. A damaged one is exchanged."""
    if not entries:
        return
    key, wanted = checkpoint_key(dataset, len(entries)), checkpoint(entries)
    held = store.held(key)
    if held is None:
        store.put_if_absent(key, wanted)
    elif held.data != wanted:
        store.replace(key, held.tag, wanted)


def _held(store: ObjectStore, dataset: str, sequence: int) -> list[Entry]:
    """The entries that a checkpoint holds; none, and a warning, where it is not there or cannot be believed."""
    if not sequence:
        return []
    key = checkpoint_key(dataset, sequence)
    data = store.read(key)
    try:
        if data is None:
            raise LogError("it is missing")
        entries = _parse(data, dataset)
        if len(entries) != sequence or checkpoint(entries) != data:
            raise LogError("it is torn, or was changed")
        if store.read(entry_key(dataset, sequence)) != entries[-1].to_json():
            raise LogError(f"it does not end in the log's entry {sequence}")
    except LogError as error:
        _log.warning("checkpoint %s in %s: %s; all entries of the log are read instead", key, store.uri, error)
        return []
    return entries


def _parse(data: bytes, dataset: str) -> list[Entry]:
    entries: list[Entry] = []
    for line in data.splitlines():
        try:
            entry = Entry(**json.loads(line))
        except (ValueError, TypeError):
            raise LogError("it is torn, or was changed") from None
        entries.append(parse_entry(entry.to_json(), dataset, len(entries) + 1, entries[-1] if entries else None))
    return entries


def _contradict(dataset: str, sequence: int, what: str) -> None:
    raise LogError(
        f"log entry {entry_key(dataset, sequence)} {what}: one of the two was changed. Put the entry back; or, if it is"
        f" the pointer that is wrong, delete {dataset}/{POINTER}: the next publication makes it anew"
    )
