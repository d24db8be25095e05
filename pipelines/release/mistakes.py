"""Mends mistakes without deleting anything: a release is yanked or unyanked, or `latest` is rolled back, in the log.

What readers have pinned stays where it is, byte for byte.
"""

from __future__ import annotations

import uuid
from dataclasses import replace

from pipelines.release.checkpoints import read_log, settle
from pipelines.release.log import entry_key
from pipelines.release.standing import Release, Standing
from pipelines.release.store import ObjectStore, create, pause
from pipelines.release.verify import UnknownReleaseError


class MistakeError(ValueError):
    """What cannot be done to a release; the message says why, and what can."""


def yank(store: ObjectStore, dataset: str, version: str, reason: str) -> Standing:
    """Take a release out of what readers get who name no version. Yanked again, it gets the new reason.

    Raises:
        UnknownReleaseError: there is no such release.
        MistakeError: no reason is given.
        LogError, StoreError: the log is broken; the store cannot be written.
    """
    return _act(store, dataset, "yank", version, _required(reason))


def unyank(store: ObjectStore, dataset: str, version: str, reason: str) -> Standing:
    """Take a yank back.

    Raises:
        MistakeError: it is not yanked, or no reason is given.
        UnknownReleaseError, LogError, StoreError: as ``yank``.
    """
    return _act(store, dataset, "unyank", version, _required(reason))


def rollback(store: ObjectStore, dataset: str, version: str, reason: str) -> Standing:
    """Make an earlier release latest again; what was published after it is no longer, and keeps its version.

    Raises:
        MistakeError: it is yanked, or latest already, or no reason is given.
        UnknownReleaseError, LogError, StoreError: as ``yank``.
    """
    return _act(store, dataset, "rollback", version, _required(reason))


def _act(store: ObjectStore, dataset: str, action: str, version: str, reason: str) -> Standing:
    """Append an entry; where another came first, look again at what is to be done."""
    attempt = f"{action}/{uuid.uuid4().hex[:8]}"
    while True:
        entries = read_log(store, dataset)
        standing = Standing.of(dataset, entries)
        found = _allowed(store, standing, action, version)
        entry = replace(
            found.entry,
            sequence=len(entries) + 1,
            action=action,
            attempt=attempt,
            at=store.now().isoformat(timespec="seconds"),
            previous=entries[-1].digest,
            reason=reason,
        )
        if create(store, entry_key(dataset, entry.sequence), entry.to_json()) == entry.digest:
            return settle(store, dataset, [*entries, entry])
        pause(1)


def _allowed(store: ObjectStore, standing: Standing, action: str, version: str) -> Release:
    found = standing.find(version)
    if found is None:
        known = ", ".join(one.entry.version for one in standing.releases) or "none"
        raise UnknownReleaseError(f"no release {version} of {standing.dataset} in {store.uri}; there are: {known}")
    named = f"{found.entry.version} of {standing.dataset}"
    if action == "unyank" and found.yanked is None:
        raise MistakeError(f"{named} is not yanked")
    if action == "rollback" and found.yanked is not None:
        raise MistakeError(f"{named} is yanked: {found.yanked}; unyank it first, or roll back to another one")
    if action == "rollback" and found.entry == standing.latest:
        raise MistakeError(f"{named} is latest already")
    return found


def _required(reason: str) -> str:
    told = " ".join(reason.split())
    if not told:
        raise MistakeError("say why: the reason stays in the log, for those who have the release")
    return told
