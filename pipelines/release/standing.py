"""What a log comes to: which releases there are, which of them are yanked and why, and which is latest. No IO.

A release that is published becomes latest. One that is yanked is passed over for the one before it, until it is
unyanked. A rollback takes back what became latest after the release that it names; what is rolled back to, if that was
rolled back itself, becomes latest again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.release.log import ACTIONS, Entry, LogError
from pipelines.release.versions import parse_version


@dataclass(frozen=True)
class Release:
    """A release, by the entry that published it, and why it was yanked, if it is."""

    entry: Entry
    yanked: str | None


@dataclass(frozen=True)
class Standing:
    """How the releases of a dataset stand.

    Attributes:
        releases: every release, in the order of publication.
        latest: what a reader gets who names no version; None where nothing was published, or all is yanked.
        sequence: the number of the last entry.
        digest: the last entry's digest; None where there is none.
    """

    dataset: str
    releases: tuple[Release, ...]
    latest: Entry | None
    sequence: int
    digest: str | None

    @classmethod
    def of(cls, dataset: str, entries: Sequence[Entry]) -> Standing:
        """The standing after all entries of a log, in order.

        Raises:
            LogError: an entry is of an action that is not known, or names a release that was never published.
        """
        published: dict[str, Entry] = {}
        yanked: dict[str, str] = {}
        order: list[str] = []
        for entry in entries:
            if entry.action not in ACTIONS:
                raise LogError(f"log entry {entry.sequence}: no action {entry.action!r}; use a newer Variorum")
            if entry.action == "publish":
                published[entry.folder] = entry
                order.append(entry.folder)
                continue
            if entry.folder not in published:
                raise LogError(f"log entry {entry.sequence} names {entry.folder}, which was never published")
            if entry.action == "yank":
                yanked[entry.folder] = entry.reason or "no reason was given"
            elif entry.action == "unyank":
                yanked.pop(entry.folder, None)
            elif entry.folder in order:
                del order[order.index(entry.folder) + 1 :]
            else:
                order.append(entry.folder)
        standing = [folder for folder in order if folder not in yanked]
        return cls(
            dataset=dataset,
            releases=tuple(Release(entry, yanked.get(folder)) for folder, entry in published.items()),
            latest=published[standing[-1]] if standing else None,
            sequence=len(entries),
            digest=entries[-1].digest if entries else None,
        )

    @property
    def newest(self) -> Release | None:
        """The release that was published last, whatever became of it."""
        return self.releases[-1] if self.releases else None

    @property
    def highest(self) -> str | None:
        """The highest version that was ever published."""
        return max((one.entry.version for one in self.releases), key=parse_version, default=None)

    def find(self, version: str) -> Release | None:
        """The release of a version, or of a folder's name; ``latest`` is the latest one."""
        if version == "latest":
            return next((one for one in self.releases if one.entry == self.latest), None)
        return next((one for one in self.releases if version in (one.entry.version, one.entry.folder)), None)
