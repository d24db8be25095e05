"""Where everything lies: the folders of a home, and which of them are restricted."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Home:
    """The working folder of an installation.

    ``raw`` and ``secrets`` are restricted (mode 0700): raw annotator ids and the pseudonym key live there only.
    """

    root: Path

    @property
    def raw(self) -> Path:
        """Deliveries as they came, quarantined bytes, and which raw id has which pseudonym. Restricted."""
        return self.root / "raw"

    @property
    def secrets(self) -> Path:
        """The pseudonym key, if this home made its own. Restricted."""
        return self.root / "secrets"

    @property
    def landing(self) -> Path:
        """Canonical Parquet, per source and file."""
        return self.root / "landing"

    @property
    def runs(self) -> Path:
        """One folder a run: its warehouse, marts, verdicts and Data Docs."""
        return self.root / "runs"

    @property
    def dagster(self) -> Path:
        """Dagster's own instance folder."""
        return self.root / "dagster"

    def restricted(self, *parts: str) -> Path:
        """A folder below ``raw``, made if need be, that only its owner can enter."""
        self.root.mkdir(parents=True, exist_ok=True)
        return private_folder(self.raw, *parts)


def private_folder(root: Path, *parts: str) -> Path:
    """A folder that only its owner can enter, with all folders between."""
    folder = root
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)
    for part in parts:
        folder = folder / part
        folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner can read; it is there whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One process at a time in a folder; the lock ends with its holder, however that ends."""
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
