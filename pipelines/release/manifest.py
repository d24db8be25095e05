"""The manifest: what a release holds, with a digest over its content that is the same on any machine."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any

MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
CHANGELOG = "CHANGELOG.md"
"""What is different from the release before. Like the version, it follows from what was published before, too."""

FORMAT = 1


class ManifestError(ValueError):
    """A manifest that cannot be read."""


@dataclass(frozen=True)
class ReleaseFile:
    """One file of a release: its path in the release, digest and size in bytes."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True)
class ReleaseTable:
    """One table of a release: its grain, columns as (name, type), rows, rows by source, and files."""

    name: str
    grain: str
    columns: tuple[tuple[str, str], ...]
    rows: int
    rows_by_source: dict[str, int]
    files: tuple[str, ...]


@dataclass(frozen=True)
class ReleaseSource:
    """What one source contributed: its contract's digest, the raw files' digests, and what is in quarantine of it.

    ``quarantined`` is how often each reason code was given.
    """

    source: str
    licence: str
    contract_sha256: str
    questions_sha256: str
    raw_files: tuple[str, ...]
    quarantined: dict[str, int]


@dataclass(frozen=True)
class Manifest:
    """What a release holds. It names no time, run or machine: the log does.

    Attributes:
        version: semantic version; empty while it is not yet decided.
        laws: by law code, how many verdicts held on these very bytes, and their fingerprints by source.
        expectations: by table, how many expectations held on its files.
        fingerprints: by source, the engine-neutral fingerprint of its judgments (``expectations.laws.neutral``).
    """

    dataset: str
    title: str
    licence: str
    tier: str
    key_fingerprint: str
    tables: tuple[ReleaseTable, ...]
    sources: tuple[ReleaseSource, ...]
    files: tuple[ReleaseFile, ...]
    laws: dict[str, Any]
    code: dict[str, str]
    expectations: dict[str, int] = field(default_factory=dict)
    fingerprints: dict[str, str] = field(default_factory=dict)
    version: str = ""
    format: int = FORMAT

    @property
    def content_digest(self) -> str:
        """sha256 over everything but the version and its changelog, in hex: the same inputs give the same digest."""
        files = tuple(file for file in self.files if file.path != CHANGELOG)
        return hashlib.sha256(replace(self, version="", files=files).to_json()).hexdigest()

    @property
    def sha256(self) -> str:
        """sha256 of the manifest as it is stored, in hex."""
        return hashlib.sha256(self.to_json()).hexdigest()

    @property
    def folder(self) -> str:
        """Name of the release's folder: version and the first 16 digits of the manifest's own sha256.

        Not of the content's: the changelog may be another one where a publication that came to nothing left it.
        """
        return f"{self.version}-{self.sha256[:16]}"

    def table(self, name: str) -> ReleaseTable | None:
        """The table of that name, if the release has it."""
        return next((table for table in self.tables if table.name == name), None)

    def to_json(self) -> bytes:
        """The manifest as it is stored: sorted keys, two spaces, one newline at the end."""
        return (json.dumps(asdict(self), indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()

    @classmethod
    def from_json(cls, data: bytes) -> Manifest:
        """Read a manifest.

        Raises:
            ManifestError: the bytes are no manifest of a known format.
        """
        try:
            raw = json.loads(data)
            if raw["format"] != FORMAT:
                raise ManifestError(f"manifest format {raw['format']} is not {FORMAT}; use a newer Variorum")
            tables = tuple(
                ReleaseTable(
                    **{
                        **table,
                        "columns": tuple(map(tuple, table["columns"])),
                        "files": tuple(table["files"]),
                    }
                )
                for table in raw["tables"]
            )
            sources = tuple(
                ReleaseSource(**{**source, "raw_files": tuple(source["raw_files"])}) for source in raw["sources"]
            )
            files = tuple(ReleaseFile(**file) for file in raw["files"])
            return cls(**{**raw, "tables": tables, "sources": sources, "files": files})
        except (ValueError, KeyError, TypeError) as error:
            if isinstance(error, ManifestError):
                raise
            raise ManifestError(f"no valid manifest: {type(error).__name__}") from None


def listed(manifest: Manifest) -> tuple[ReleaseFile, ...]:
    """Every file of a release whose digest is told: those that the manifest lists, and the manifest."""
    data = manifest.to_json()
    return (*manifest.files, ReleaseFile(MANIFEST, hashlib.sha256(data).hexdigest(), len(data)))


def sums_text(files: tuple[ReleaseFile, ...]) -> bytes:
    """The files' digests as ``sha256sum -c`` reads them."""
    return "".join(f"{file.sha256}  {file.path}\n" for file in sorted(files, key=lambda file: file.path)).encode()
