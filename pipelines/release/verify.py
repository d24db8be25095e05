"""Audits a published release: every file's hash, the manifest, the log's chain and the pointer."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipelines.release.checkpoints import check_checkpoint, checkpoint_key, checkpoints, due, read_log
from pipelines.release.log import POINTER, Entry, LogError, entry_key, pointer, read_entries
from pipelines.release.manifest import MANIFEST, SUMS, Manifest, ManifestError, ReleaseFile, sums_text
from pipelines.release.signatures import SignatureError, Verifier, require_signature, signature_key
from pipelines.release.standing import Release, Standing
from pipelines.release.store import ObjectStore, StoreError, looked_for, object_sha256


class UnknownReleaseError(ValueError):
    """A dataset or version that the log does not name; the message lists those that are."""


@dataclass(frozen=True)
class Finding:
    """One file of a release: its path from the store's root, and what is wrong with it, or None."""

    path: str
    fault: str | None


@dataclass(frozen=True)
class Audit:
    """What verifying a release found."""

    entry: Entry
    findings: tuple[Finding, ...]

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong."""
        return all(finding.fault is None for finding in self.findings)


def standing_of(store: ObjectStore, dataset: str) -> Standing:
    """How the releases of a dataset stand, by its log.

    Raises:
        LogError: the log is broken.
    """
    return Standing.of(dataset, read_log(store, dataset))


def find(store: ObjectStore, dataset: str, version: str | None) -> Release:
    """A release, and whether it is yanked; the latest one where ``version`` is None or ``latest``.

    Raises:
        UnknownReleaseError: the log names no such release, or every one is yanked.
        LogError: the log is broken.
    """
    return _find(store, standing_of(store, dataset), version)


def _find(store: ObjectStore, standing: Standing, version: str | None) -> Release:
    dataset = standing.dataset
    if found := standing.find(version or "latest"):
        return found
    if not standing.releases:
        raise UnknownReleaseError(f"no release of {dataset} in {store.uri}")
    known = ", ".join(one.entry.version for one in standing.releases)
    if version in (None, "latest"):
        raise UnknownReleaseError(f"every release of {dataset} in {store.uri} is yanked; name one: {known}")
    raise UnknownReleaseError(f"no release {version} of {dataset} in {store.uri}; there are: {known}")


def find_release(store: ObjectStore, dataset: str, version: str | None) -> Entry:
    """As ``find``, the entry that published it.

    Raises:
        UnknownReleaseError, LogError: as ``find`` does.
    """
    return find(store, dataset, version).entry


def load_manifest(store: ObjectStore, entry: Entry) -> Manifest:
    """The manifest of a release, as its log entry vouches for it.

    Raises:
        ManifestError: it is missing, changed or unreadable.
    """
    key = f"{entry.dataset}/releases/{entry.folder}/{MANIFEST}"
    data = looked_for(lambda: store.read(key))
    if data is None:
        raise ManifestError(f"release {entry.version} of {entry.dataset} has no {MANIFEST}")
    if hashlib.sha256(data).hexdigest() != entry.manifest_sha256:
        raise ManifestError(f"{MANIFEST} of release {entry.version} is not what the log vouches for")
    return Manifest.from_json(data)


def last_manifest(store: ObjectStore, dataset: str) -> Manifest | None:
    """The manifest of the latest release of a dataset; None where there is none.

    Raises:
        LogError, ManifestError: as they say.
    """
    latest = standing_of(store, dataset).latest
    return load_manifest(store, latest) if latest else None


def verify(store: ObjectStore, dataset: str, version: str | None = None, verifier: Verifier | None = None) -> Audit:
    """Check every byte of a release against its manifest, the manifest against the log, and what the log comes to.

    The log is read entry by entry; the pointer and the checkpoints are held against it. Where a ``verifier`` is given,
    the release must be signed with its key, too.

    Raises:
        UnknownReleaseError: there is no such release.
        LogError: the log itself is broken, which no release survives.
    """
    entries = read_entries(store, dataset)
    standing = Standing.of(dataset, entries)
    entry = _find(store, standing, version).entry
    prefix = f"{dataset}/releases/{entry.folder}"
    findings = [_pointer(store, standing), *_checkpoints(store, dataset, entries)]
    try:
        manifest = load_manifest(store, entry)
    except ManifestError as error:
        return Audit(entry, (*findings, Finding(f"{prefix}/{MANIFEST}", str(error))))
    findings += [_entry(entry, manifest), Finding(f"{prefix}/{MANIFEST}", None)]
    if verifier:
        findings.append(_signature(store, manifest, verifier))
    listed = {file.path: file for file in manifest.files}
    sums = sums_text((*manifest.files, _stored(store, prefix, MANIFEST)))
    fault = None if store.read(f"{prefix}/{SUMS}") == sums else "is missing or does not list the manifest's digests"
    findings.append(Finding(f"{prefix}/{SUMS}", fault))
    findings.extend(_file(store, prefix, file) for file in manifest.files)
    known = {*listed, MANIFEST, SUMS}
    for key in store.keys(prefix):
        path = key.removeprefix(f"{prefix}/")
        if path not in known:
            findings.append(Finding(key, "is not part of the release"))
    return Audit(entry, tuple(findings))


def _stored(store: ObjectStore, prefix: str, name: str) -> ReleaseFile:
    return ReleaseFile(name, object_sha256(store, f"{prefix}/{name}"), 0)


def _file(store: ObjectStore, prefix: str, file: ReleaseFile) -> Finding:
    key = f"{prefix}/{file.path}"
    try:
        found = object_sha256(store, key)
    except StoreError:
        return Finding(key, "is missing")
    return Finding(key, None if found == file.sha256 else f"has sha256 {found[:16]}…, expected {file.sha256[:16]}…")


def _signature(store: ObjectStore, manifest: Manifest, verifier: Verifier) -> Finding:
    key = signature_key(manifest.dataset, manifest.folder, verifier.key_id)
    try:
        require_signature(store, manifest, verifier)
    except SignatureError as error:
        return Finding(key, f"does not hold: {error}")
    return Finding(key, None)


def _entry(entry: Entry, manifest: Manifest) -> Finding:
    """The entry by its manifest: that of the last entry no later one holds the digest of."""
    said = (entry.dataset, entry.version, entry.content_digest)
    holds = said == (manifest.dataset, manifest.version, manifest.content_digest)
    fault = None if holds else "does not say of the release what its manifest says"
    return Finding(entry_key(entry.dataset, entry.sequence), fault)


def _pointer(store: ObjectStore, standing: Standing) -> Finding:
    key = f"{standing.dataset}/{POINTER}"
    held = store.read(key)
    if held == pointer(standing):
        return Finding(key, None)
    return Finding(key, "is missing" if held is None else "is behind the log, or one of the two was changed")


def _checkpoints(store: ObjectStore, dataset: str, entries: Sequence[Entry]) -> Iterator[Finding]:
    """Each checkpoint that is there, and the one that is to be."""
    newest = due(len(entries))
    wanted = {checkpoint_key(dataset, newest): newest} if newest else {}
    for key in sorted({*store.keys(checkpoints(dataset)), *wanted}):
        name = key.rpartition("/")[2].partition(".")[0]
        sequence = int(name) if name.isdecimal() else 0
        if key == checkpoint_key(dataset, sequence) and 0 < sequence <= len(entries):
            yield Finding(key, check_checkpoint(store.read(key), entries[:sequence]))
        else:
            yield Finding(key, "is no checkpoint of this log")


__all__ = [
    "Audit",
    "Finding",
    "LogError",
    "UnknownReleaseError",
    "find",
    "find_release",
    "last_manifest",
    "load_manifest",
    "standing_of",
    "verify",
]
