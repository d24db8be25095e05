"""The log of a dataset: one immutable, hash-chained entry an action, and the pointer to the latest release.

What the log names is complete and verified; the pointer can be rebuilt from it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pipelines.release.store import TRIES, ObjectStore, StoreError, UnsureError, pause

if TYPE_CHECKING:
    from pipelines.release.standing import Standing

POINTER = "latest.json"
ACTIONS = ("publish", "yank", "unyank", "rollback")
"""What an entry can do to the release that it names. Nothing is ever deleted."""


class LogError(RuntimeError):
    """The log is broken: an entry is missing, malformed, or does not fit the one before."""


@dataclass(frozen=True)
class Entry:
    """One entry: what was done to which release, when and by which attempt, and the digest of the entry before.

    ``at`` is by the store's clock. ``reason`` is why, in somebody's words; a publication needs none, and its entry does
    not hold the field.
    """

    sequence: int
    action: str
    dataset: str
    version: str
    folder: str
    content_digest: str
    manifest_sha256: str
    attempt: str
    at: str
    previous: str | None
    reason: str | None = None

    def to_json(self) -> bytes:
        """The entry as it is stored."""
        fields = {name: value for name, value in asdict(self).items() if name != "reason" or value is not None}
        return (json.dumps(fields, indent=2, sort_keys=True) + "\n").encode()

    @property
    def digest(self) -> str:
        """sha256 of the stored entry, in hex."""
        return hashlib.sha256(self.to_json()).hexdigest()


def entry_key(dataset: str, sequence: int) -> str:
    """Where an entry lies in the store."""
    return f"{dataset}/log/{sequence:08d}.json"


def read_entries(store: ObjectStore, dataset: str, known: Sequence[Entry] = ()) -> list[Entry]:
    """Every entry in order, each one read but for the first ones, where they are known. No listing is needed.

    Raises:
        LogError: an entry is malformed, or the chain of digests does not hold.
    """
    entries = list(known)
    while (data := store.read(entry_key(dataset, len(entries) + 1))) is not None:
        entries.append(parse_entry(data, dataset, len(entries) + 1, entries[-1] if entries else None))
    return entries


def pointer(standing: Standing) -> bytes:
    """What ``latest.json`` holds: the latest release as of the last entry; nulls where every release is yanked.

    It names that entry by its digest, for no later entry does yet.
    """
    latest = standing.latest
    fields: dict[str, Any] = {
        "dataset": standing.dataset,
        "sequence": standing.sequence,
        "entry_sha256": standing.digest,
        "version": latest.version if latest else None,
        "folder": f"releases/{latest.folder}" if latest else None,
        "manifest_sha256": latest.manifest_sha256 if latest else None,
    }
    return (json.dumps(fields, indent=2, sort_keys=True) + "\n").encode()


def move_pointer(store: ObjectStore, standing: Standing) -> None:
    """Point ``latest.json`` at the latest release, never back to what an earlier entry came to."""
    key, wanted = f"{standing.dataset}/{POINTER}", pointer(standing)
    for attempt in range(TRIES):
        held = store.held(key)
        if held is not None and (held.data == wanted or named_entry(held.data)[0] > standing.sequence):
            return
        try:
            moved = store.replace(key, held.tag, wanted) if held else store.put_if_absent(key, wanted)
        except UnsureError:
            moved = False  # the next look says
        except StoreError as error:
            raise StoreError(f"{error}; the log has its entry all the same, and the next run moves {POINTER}") from None
        if moved:
            return
        pause(attempt)
    raise StoreError(
        f"{key} in {store.uri} cannot be moved; the log has its entry all the same, and the next run moves it"
    )


def named_entry(held: bytes | None) -> tuple[int, str | None]:
    """The number of the entry that a pointer names, and its digest; a damaged one names none, so that it is rebuilt."""
    try:
        fields = json.loads(held or b"")
        sequence, digest = fields["sequence"], fields.get("entry_sha256")
    except (ValueError, KeyError, TypeError, AttributeError):
        return 0, None
    is_sound = type(sequence) is int and sequence > 0 and (digest is None or isinstance(digest, str))
    return (sequence, digest) if is_sound else (0, None)


def parse_entry(data: bytes, dataset: str, sequence: int, before: Entry | None) -> Entry:
    """An entry as it is stored, after the one before.

    Raises:
        LogError: it is malformed, another one, or does not follow.
    """
    where = entry_key(dataset, sequence)
    try:
        entry = Entry(**json.loads(data))
    except (ValueError, TypeError):
        raise LogError(f"log entry {where} is malformed") from None
    if entry.to_json() != data or entry.sequence != sequence or entry.dataset != dataset:
        raise LogError(f"log entry {where} is not what was written")
    if entry.previous != (before.digest if before else None):
        raise LogError(f"log entry {where} does not follow from the entry before it: one of the two was changed")
    return entry
