"""Publishes a built release: files first, each read back, then one log entry, then what is derived from the log.

Nothing that is in the store is overwritten; a publication is visible exactly when its log entry is there. Whoever is
killed on the way leaves objects that no entry names: the next attempt finds them and goes on, or garbage collection
takes them.
"""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from pipelines.release.attempts import announce, probe
from pipelines.release.build import Built, finish
from pipelines.release.checkpoints import read_log, settle
from pipelines.release.evolution import evolve
from pipelines.release.log import Entry, entry_key
from pipelines.release.manifest import MANIFEST, SUMS, Manifest, listed, sums_text
from pipelines.release.signatures import Signer, sign
from pipelines.release.standing import Standing
from pipelines.release.store import ChecksumError, ObjectStore, create, pause

LONGEST = timedelta(days=1)
"""How long an attempt may take; what is older by several times may be collected as garbage."""


class PublishError(RuntimeError):
    """A release that could not be published; nothing of it is visible."""


@dataclass(frozen=True)
class Published:
    """What came of publishing. ``is_new`` is False where the latest release holds the very same content."""

    entry: Entry
    is_new: bool
    reasons: tuple[str, ...]


def publish(
    store: ObjectStore,
    built: Built,
    run_id: str,
    on_file: Callable[[str], None] | None = None,
    at_least: str | None = None,
    signer: Signer | None = None,
) -> Published:
    """Publish a release, unless the latest one is the same, or the newest one that was yanked or rolled back.

    Where another publisher commits first, the version is decided anew and the release goes after theirs.
    ``on_file`` is told each file once it is in the store and read back; ``at_least`` raises the version by hand. What
    the log names is signed from its first moment, where there is a ``signer``.

    Raises:
        PublishError: the store holds other bytes where ours should be, or gives back others than it was given.
        SignatureError: something else lies where its signature should be.
        ManifestError, FetchedError, DifferenceError: the latest release cannot be compared with.
        StoreError: the store cannot be written, or does not keep what the protocol leans on.
    """
    dataset = built.manifest.dataset
    attempt, began, probed = uuid.uuid4().hex[:16], time.monotonic(), False
    while True:
        entries = read_log(store, dataset)
        standing = Standing.of(dataset, entries)
        if same := _same(standing, built.manifest.content_digest):
            settle(store, dataset, entries)
            return same
        evolved = evolve(store, standing, built.folder, built.manifest, at_least)
        if not probed:
            probe(store, dataset)
            probed = True
        manifest = finish(built, evolved.decided.version, evolved.changelog)
        announce(store, dataset, manifest.folder, attempt)
        _upload(store, built, manifest, on_file)
        if signer:
            sign(store, manifest, signer)
        entry = Entry(
            sequence=len(entries) + 1,
            action="publish",
            dataset=dataset,
            version=manifest.version,
            folder=manifest.folder,
            content_digest=manifest.content_digest,
            manifest_sha256=manifest.sha256,
            attempt=f"{run_id}/{attempt}",
            at=store.now().isoformat(timespec="seconds"),
            previous=entries[-1].digest if entries else None,
        )
        if time.monotonic() - began > LONGEST.total_seconds():
            raise PublishError(f"publishing {dataset} took longer than a day; run it again: what is there stays there")
        if create(store, entry_key(dataset, entry.sequence), entry.to_json()) == entry.digest:
            settle(store, dataset, [*entries, entry])
            return Published(entry, True, evolved.decided.reasons)
        pause(1)


def _same(standing: Standing, content_digest: str) -> Published | None:
    """What there is already of that content, if it is latest, or was published last and then taken back by somebody."""
    latest, newest = standing.latest, standing.newest
    if latest and latest.content_digest == content_digest:
        return Published(latest, False, ("nothing new",))
    if newest and newest.entry.content_digest == content_digest:
        why = f"yanked: {newest.yanked}" if newest.yanked else "rolled back"
        return Published(newest.entry, False, (f"nothing new: the same as {newest.entry.version}, which was {why}",))
    return None


def _upload(store: ObjectStore, built: Built, manifest: Manifest, on_file: Callable[[str], None] | None) -> None:
    """Every file of the release into its folder, the manifest and the sums last, each read back and hashed."""
    prefix = f"{manifest.dataset}/releases/{manifest.folder}"
    expected = {file.path: file.sha256 for file in manifest.files}
    # Of what was proved, not of what lies in the folder now.
    expected[MANIFEST] = manifest.sha256
    expected[SUMS] = hashlib.sha256(sums_text(listed(manifest))).hexdigest()
    for path, digest in expected.items():
        key = f"{prefix}/{path}"
        try:
            found = create(store, key, built.folder / path, digest)
        except ChecksumError:
            raise PublishError(
                f"{path} in {built.folder} holds other bytes than this release: it changed after it was proved"
            ) from None
        if found != digest:
            raise PublishError(f"{key} in {store.uri} holds other bytes than this release; it is not overwritten")
        if on_file:
            on_file(path)
