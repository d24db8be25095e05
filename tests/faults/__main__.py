"""`make faults`: every trial at full size against a real S3 server and a folder; a table of what came of it.

``--small`` runs the sizes of `make test`; ``--json`` prints the outcomes for machines; ``--only`` runs the trials of
one kind of store. ``--only broken`` runs them on stores that break the protocol, and must find that out. It exits with
1 if anything at all went wrong.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO
from unittest import mock

import boto3

from pipelines.release import checkpoints, fetch
from pipelines.release.fetch import _fetch
from pipelines.release.log import Entry
from pipelines.release.manifest import ReleaseFile
from pipelines.release.store import ObjectStore
from pipelines.resources.folder import FolderStore
from pipelines.resources.s3 import S3Options, S3Store
from tests.faults.beside import collections, pulls
from tests.faults.proxy import fault_proxy
from tests.faults.trials import Opens, Outcome, faulty, kills, races
from tests.s3_server import BUCKET, ERASER, REGION, S3Server, s3_server

SMALL = {"points": 10, "rounds": 3, "publishers": 4, "races": 5, "faulty": 3, "pulls": 10, "collected": 1}
FULL = {"points": 15, "rounds": 20, "publishers": 8, "races": 50, "faulty": 50, "pulls": 300, "collected": 10}
SHARES = (0.05, 0.1, 0.2)
"""Of all requests, how many the proxy spoils."""


def trials(
    kind: str, opens: Opens, folder: Path, size: dict[str, int], erases: Opens | None = None
) -> Iterator[tuple[str, Outcome]]:
    """Each kind of trial against one kind of store: half of the races with one release, half with distinct ones."""
    points, rounds = size["points"], size["rounds"]
    yield f"{kind}: publish, kill -9, {points} points × {rounds}", kills(opens, folder / "kills", points, rounds)
    yield f"{kind}: pull, kill -9, {size['pulls']} points", pulls(opens, folder / "pulls", size["pulls"])
    for distinct in (False, True):
        told = "distinct releases" if distinct else "one release"
        found = races(opens, folder / "races", size["publishers"], size["races"], distinct)
        yield f"{kind}: {size['publishers']} publishers, {told}, {size['races']} races", found
    turns = size["collected"]
    told = f"{kind}: {size['publishers']} publishers × {turns}, killed, going on while garbage is collected"
    yield told, collections(opens, folder / "collections", size["publishers"], turns, erases=erases)


def on_folder(folder: Path, size: dict[str, int]) -> Iterator[tuple[str, Outcome]]:
    """Every trial on a folder."""
    yield from trials("folder", lambda name: FolderStore(folder / "stores" / name), folder / "folder", size)


class _Lazy(FolderStore):
    """It says that a README is stored, and gives it back, but keeps it in memory until the process ends well."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._kept: dict[str, bytes] = {}

    def put_if_absent(self, key: str, source: Path | bytes, sha256: str | None = None) -> bool:
        if key.endswith("README.md") and isinstance(source, Path):
            self._kept[key] = source.read_bytes()
            return True
        if key.endswith("latest.json"):
            self._flush()
        return super().put_if_absent(key, source, sha256)

    def replace(self, key: str, tag: str, data: bytes) -> bool:
        self._flush()
        return super().replace(key, tag, data)

    def open(self, key: str) -> BinaryIO:
        return io.BytesIO(self._kept[key]) if key in self._kept else super().open(key)

    def _flush(self) -> None:
        for key, data in self._kept.items():
            super().put_if_absent(key, data)


class _Overwriting(FolderStore):
    """It takes no notice of what is there."""

    def put_if_absent(self, key: str, source: Path | bytes, sha256: str | None = None) -> bool:
        if "/log/" in key:
            (self._root / key).unlink(missing_ok=True)
        return super().put_if_absent(key, source, sha256)


def _hasty(store: ObjectStore, entry: Entry, file: ReleaseFile, target: Path, on_bytes: None) -> None:
    """A fetch that gives a file its name before it is whole."""
    named = target.with_name(file.path.rpartition("/")[2])
    _fetch(store, entry, file, named, on_bytes)
    shutil.copyfile(named, target)


def _hurried(folder: Path) -> Outcome:
    """A collection of what is young. Whether it meets a publisher is chance, so it is tried until one was harmed."""
    for attempt in range(20):
        opens: Opens = lambda name: FolderStore(folder / "young" / str(attempt) / name)  # noqa: B023, E731
        outcome = collections(opens, folder / "hurried" / str(attempt), 3, 1, timedelta(0))
        if not outcome.is_clean:
            break
    return outcome


def on_broken(folder: Path, size: dict[str, int]) -> Iterator[tuple[str, Outcome]]:
    """Trials that must not be clean."""
    with mock.patch.object(fetch, "_fetch", _hasty):
        yield "broken: pull", pulls(lambda name: FolderStore(folder / "hasty" / name), folder / "pulls", 9)
    yield "broken: what is young is collected", _hurried(folder)
    yield "broken: publish, kill -9", kills(lambda name: _Lazy(folder / "lazy" / name), folder / "kills", 3, 3)
    for distinct in (False, True):
        opens: Opens = lambda name: _Overwriting(folder / "overwriting" / name)  # noqa: E731
        yield f"broken: races, {distinct=}", races(opens, folder / "races", size["publishers"], size["races"], distinct)


def on_s3(folder: Path, size: dict[str, int]) -> Iterator[tuple[str, Outcome]]:
    """Every trial on a real S3 server."""
    with s3_server(folder / "server") as server:
        os.environ.update(server.environment())
        # Each store makes its client from it: what boto3 knows of S3 is read once, not hundreds of times.
        made = boto3.session.Session
        session = made()
        boto3.session.Session = lambda: session

        def s3_store(name: str) -> ObjectStore:
            return S3Store(BUCKET, name, S3Options(server.endpoint, REGION))

        def as_eraser(name: str) -> ObjectStore:
            """As who may delete, and not publish; called by a process of its own."""
            os.environ.update(server.environment(ERASER))
            boto3.session.Session = made
            return s3_store(name)

        yield from trials("S3", s3_store, folder / "s3", size, as_eraser)
        # Last, since proxies have threads, and who has threads does not fork.
        for share in SHARES:
            yield through_proxy(server, share, s3_store, folder / f"proxy-{share}", size["faulty"])


def through_proxy(server: S3Server, share: float, behind: Opens, folder: Path, rounds: int) -> tuple[str, Outcome]:
    """Publish through a proxy that spoils a share of the requests, by every fault in turn."""
    with fault_proxy(server.endpoint, share) as proxy:
        options = S3Options(f"http://127.0.0.1:{proxy.server_port}", REGION)
        told = f"proxy-{round(100 * share)}"
        found = faulty(
            lambda name: S3Store(BUCKET, f"{told}/{name}", options),
            lambda name: behind(f"{told}/{name}"),
            folder,
            rounds,
        )
        found.injected = dict(proxy.injected)
    return f"S3: {share:.0%} of requests spoilt, {rounds} × 2 publications", found


def row(name: str, outcome: Outcome) -> str:
    """One line of the table."""
    cells = (
        outcome.trials,
        outcome.killed,
        outcome.torn,
        outcome.lost,
        outcome.misplaced,
        outcome.unconverged,
        sum(outcome.injected.values()),
        f"{outcome.seconds:.0f} s",
    )
    return f"| {name} | " + " | ".join(str(cell) for cell in cells) + " |"


KINDS = {"folder": on_folder, "s3": on_s3, "broken": on_broken}


def main() -> int:
    """The table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", choices=KINDS)
    given = parser.parse_args()
    chosen = [given.only] if given.only else ["folder", "s3"]
    checkpoints.EVERY = 2  # so that the second publication writes one
    found: dict[str, Outcome] = {}
    if not given.json:
        print("| trial | trials | killed | torn | lost | seen too soon or late | unconverged | faults | time |")
        print("|---|---|---|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory(prefix="variorum-faults-") as name:
        size = SMALL if given.small else FULL
        for told, outcome in (one for kind in chosen for one in KINDS[kind](Path(name) / kind, size)):
            found[told] = outcome
            if not given.json:
                print(row(told, outcome), flush=True)
            for fault in outcome.faults:
                print(f"{told}: {fault}", file=sys.stderr)
    if given.json:
        print(json.dumps({told: asdict(outcome) for told, outcome in found.items()}))
    return 0 if all(outcome.is_clean for outcome in found.values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())
