"""A small release to publish, made without a run, and the question whether a store is whole."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pipelines.release.build import Built
from pipelines.release.checkpoints import checkpoints, read_log
from pipelines.release.log import POINTER, LogError, pointer, read_entries
from pipelines.release.manifest import Manifest, ReleaseFile
from pipelines.release.standing import Standing
from pipelines.release.store import ObjectStore
from pipelines.release.verify import Finding, verify
from pipelines.resources.folder import FolderStore

DATASET = "small"
FILES = (
    "README.md",
    "annotators/part-00000.parquet",
    "items/part-00000.parquet",
    "judgments/part-00000.parquet",
    "ledger/part-00000.parquet",
    "questions/part-00000.parquet",
    "sources/part-00000.parquet",
)


def built(folder: Path, said: str) -> Built:
    """A release as it lies after its build, ready to be published; other words make other bytes.

    It tells of no table, so that publishers compare none: what is tried is the protocol.
    """
    for name in FILES:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(f"{name}: {said}\n".encode() * 2_000)
    files = tuple(
        ReleaseFile(name, hashlib.sha256((folder / name).read_bytes()).hexdigest(), (folder / name).stat().st_size)
        for name in FILES
    )
    manifest = Manifest(DATASET, "Small", "CC0-1.0", "public", "k", (), (), files, {}, {})
    return Built(folder, manifest, ())


def torn(store: ObjectStore) -> list[str]:
    """What is wrong with what the store's log names: every release of it is verified, and the pointer."""
    try:
        entries = read_entries(store, DATASET)
        if read_log(store, DATASET) != entries:
            return ["the checkpoint holds another log than its entries"]
    except LogError as error:
        return [str(error)]
    found = [
        f"{entry.version}: {finding.path} {finding.fault}"
        for entry in entries
        for finding in verify(store, DATASET, entry.folder).findings
        # Who is killed after the commit leaves the pointer behind, or the checkpoint; the next attempt writes them.
        if finding.fault and not finding.path.endswith(POINTER) and not _is_due(finding)
    ]
    held = store.read(f"{DATASET}/{POINTER}")
    if held is not None and held not in [pointer(Standing.of(DATASET, entries[: n + 1])) for n in range(len(entries))]:
        found.append("latest.json points at what the log does not name")
    return found


def _is_due(finding: Finding) -> bool:
    return checkpoints(DATASET) in finding.path and (finding.fault or "").startswith("is missing")


def overwrite(store: ObjectStore, key: str, data: bytes | None) -> None:
    """Change an object as somebody can who is no publisher; None removes it."""
    if isinstance(store, FolderStore):
        path = Path(store.uri) / key
        path.unlink(missing_ok=True)
        if data is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    elif data is None:
        store.delete(key)
    else:
        held = store.held(key)
        assert store.replace(key, held.tag, data) if held else store.put_if_absent(key, data)
