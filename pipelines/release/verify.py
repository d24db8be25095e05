"""Audits a published release: every file's hash, the manifest, the log's chain and the pointer."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from pipelines.release.log import POINTER, Entry, LogError, entry_key, pointer, read_log
from pipelines.release.manifest import MANIFEST, SUMS, Manifest, ManifestError, ReleaseFile, sums_text
from pipelines.release.store import ObjectStore, StoreError, object_sha256


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


def find_release(store: ObjectStore, dataset: str, version: str | None) -> Entry:
    """The log entry of a version; of the latest one where ``version`` is None or ``latest``.

    Raises:
        UnknownReleaseError: the log names no such release.
        LogError: the log is broken.
    """
    entries = read_log(store, dataset)
    if not entries:
        raise UnknownReleaseError(f"no release of {dataset} in {store.uri}")
    if version in (None, "latest"):
        return entries[-1]
    for entry in reversed(entries):
        if version in (entry.version, entry.folder):
            return entry
    known = ", ".join(entry.version for entry in entries)
    raise UnknownReleaseError(f"no release {version} of {dataset} in {store.uri}; there are: {known}")


def load_manifest(store: ObjectStore, entry: Entry) -> Manifest:
    """The manifest of a release, as its log entry vouches for it.

    Raises:
        ManifestError: it is missing, changed or unreadable.
    """
    data = store.read(f"{entry.dataset}/releases/{entry.folder}/{MANIFEST}")
    if data is None:
        raise ManifestError(f"release {entry.version} of {entry.dataset} has no {MANIFEST}")
    if hashlib.sha256(data).hexdigest() != entry.manifest_sha256:
        raise ManifestError(f"{MANIFEST} of release {entry.version} is not what the log vouches for")
    return Manifest.from_json(data)


def last_manifest(store: ObjectStore, dataset: str) -> Manifest | None:
    """The manifest of the latest release of a dataset; None where nothing was published yet.

    Raises:
        LogError, ManifestError: as they say.
    """
    entries = read_log(store, dataset)
    return load_manifest(store, entries[-1]) if entries else None


def verify(store: ObjectStore, dataset: str, version: str | None = None) -> Audit:
    """Check every byte of a release against its manifest, the manifest against the log, and the pointer.

    Raises:
        UnknownReleaseError: there is no such release.
        LogError: the log itself is broken, which no release survives.
    """
    entry = find_release(store, dataset, version)
    prefix = f"{dataset}/releases/{entry.folder}"
    findings = [Finding(entry_key(dataset, entry.sequence), None), _pointer(store, dataset)]
    try:
        manifest = load_manifest(store, entry)
    except ManifestError as error:
        return Audit(entry, (*findings, Finding(f"{prefix}/{MANIFEST}", str(error))))
    findings.append(Finding(f"{prefix}/{MANIFEST}", None))
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


def _pointer(store: ObjectStore, dataset: str) -> Finding:
    key = f"{dataset}/{POINTER}"
    entries = read_log(store, dataset)
    held = store.read(key)
    if held == pointer(entries[-1]):
        return Finding(key, None)
    return Finding(key, "is missing" if held is None else "does not point at the log's last entry")


__all__ = [
    "Audit",
    "Finding",
    "LogError",
    "UnknownReleaseError",
    "find_release",
    "last_manifest",
    "load_manifest",
    "verify",
]
