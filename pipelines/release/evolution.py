"""How a built release goes on from the one that is latest: its version, and its changelog."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from pipelines.release.changelog import changelog
from pipelines.release.comparison import Held, compare
from pipelines.release.difference import Difference
from pipelines.release.fetch import fetch_compared, fetch_files
from pipelines.release.log import Entry
from pipelines.release.manifest import CHANGELOG, Manifest
from pipelines.release.standing import Standing
from pipelines.release.store import ObjectStore
from pipelines.release.versions import NextVersion, next_version


@dataclass(frozen=True)
class Evolved:
    """The version of a release that is to be published, and the bytes of its changelog."""

    decided: NextVersion
    changelog: bytes


def evolve(
    store: ObjectStore, standing: Standing, folder: Path, manifest: Manifest, at_least: str | None = None
) -> Evolved:
    """The version and the changelog of a release that lies in a folder, after the one that is latest in a store.

    Raises:
        ManifestError, FetchedError, DifferenceError: the latest release is not what was published, or cannot be
            compared with.
    """
    latest = standing.latest
    if latest is None:
        decided = next_version(standing.highest, None, at_least)
        return Evolved(decided, changelog(manifest, decided, None, None))
    with tempfile.TemporaryDirectory(prefix=".latest-", dir=folder.parent) as scratch:
        new = Held.within(manifest, folder)
        at_hand = {file.sha256: folder / file.path for file in manifest.files}
        old = fetch_compared(store, latest, Path(scratch), at_hand)
        difference = compare(old, new, Path(scratch))
        listed = [file for file in old.manifest.files if file.path == CHANGELOG]
        fetch_files(store, latest, listed, Path(scratch))
        earlier = (Path(scratch) / CHANGELOG).read_bytes() if listed else None
    decided = next_version(standing.highest, difference, at_least)
    return Evolved(decided, changelog(manifest, decided, difference, earlier))


def difference_between(store: ObjectStore, before: Entry, after: Entry) -> Difference:
    """What is different between two published releases; either may be the older one.

    Raises:
        ManifestError, FetchedError, DifferenceError: as ``evolve`` does.
    """
    with tempfile.TemporaryDirectory(prefix="variorum-diff-") as scratch:
        root = Path(scratch)
        old = fetch_compared(store, before, root / "before")
        at_hand = {
            file.sha256: root / "before" / file.path
            for file in old.manifest.files
            if (root / "before" / file.path).exists()
        }
        new = fetch_compared(store, after, root / "after", at_hand)
        return compare(old, new, root)
