"""`make faults`: every trial at full size against a real S3 server and a folder; a table of what came of it.

``--small`` runs the sizes of `make test`; ``--json`` prints the outcomes for machines. It exits with 1 if anything at
all went wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import boto3

from pipelines.release.store import FolderStore, ObjectStore
from pipelines.resources.s3 import S3Options, S3Store
from tests.faults.trials import Opens, Outcome, kills, races
from tests.s3_server import BUCKET, REGION, s3_server

SMALL = {"points": 10, "rounds": 3, "publishers": 4, "races": 5}
FULL = {"points": 15, "rounds": 20, "publishers": 8, "races": 50}


def trials(kind: str, opens: Opens, folder: Path, size: dict[str, int]) -> Iterator[tuple[str, Outcome]]:
    """Each kind of trial against one kind of store: half of the races with one release, half with distinct ones."""
    points, rounds = size["points"], size["rounds"]
    yield f"{kind}: kill -9, {points} points × {rounds}", kills(opens, folder / "kills", points, rounds)
    for distinct in (False, True):
        told = "distinct releases" if distinct else "one release"
        found = races(opens, folder / "races", size["publishers"], size["races"], distinct)
        yield f"{kind}: {size['publishers']} publishers, {told}, {size['races']} races", found


def run(folder: Path, size: dict[str, int]) -> Iterator[tuple[str, Outcome]]:
    """Every trial."""

    def folder_store(name: str) -> ObjectStore:
        return FolderStore(folder / "stores" / name)

    yield from trials("folder", folder_store, folder / "folder", size)
    with s3_server(folder / "server") as server:
        os.environ.update(server.environment())
        # Each store makes its client from it: what boto3 knows of S3 is read once, not hundreds of times.
        session = boto3.session.Session()
        boto3.session.Session = lambda: session

        def s3_store(name: str) -> ObjectStore:
            return S3Store(BUCKET, name, S3Options(server.endpoint, REGION))

        yield from trials("S3", s3_store, folder / "s3", size)


def row(name: str, outcome: Outcome) -> str:
    """One line of the table."""
    cells = (
        outcome.trials,
        outcome.killed,
        outcome.torn,
        outcome.lost,
        outcome.misplaced,
        outcome.unconverged,
        f"{outcome.seconds:.0f} s",
    )
    return f"| {name} | " + " | ".join(str(cell) for cell in cells) + " |"


def main() -> int:
    """The table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    found: dict[str, Outcome] = {}
    if not given.json:
        print("| trial | trials | killed | torn | lost | visible at the wrong time | did not converge | time |")
        print("|---|---|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory(prefix="variorum-faults-") as name:
        for told, outcome in run(Path(name), SMALL if given.small else FULL):
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
