"""The trials beside publishing: pulls that are killed, and garbage that is collected while others publish."""

from __future__ import annotations

import io
import os
import random
import signal
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, cast

from pipelines.landing.deliveries import file_sha256
from pipelines.release import gc
from pipelines.release import publish as publishing
from pipelines.release.build import Built
from pipelines.release.fetch import PARTIAL, pull
from pipelines.release.log import POINTER, pointer, read_entries
from pipelines.release.manifest import MANIFEST, SUMS, Manifest
from pipelines.release.publish import PublishError, publish
from pipelines.release.standing import Standing
from pipelines.release.store import ObjectStore, StoreError
from pipelines.release.verify import load_manifest
from tests.faults.processes import die, ended, fork
from tests.faults.release import DATASET, built, torn
from tests.faults.trials import Deadly, Opens, Outcome, requests_of

AGE = timedelta(seconds=3)
"""How old garbage is here, where nobody waits for a week; an attempt may take half of it (a bucket tells seconds)."""


class DeadlyToRead:
    """A store that gives objects in small pieces, and this process dies once it has given so many bytes."""

    def __init__(self, store: ObjectStore, dies_after: int) -> None:
        self._store, self.left = store, dies_after

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def open(self, key: str) -> BinaryIO:
        """As a store does."""
        return cast(BinaryIO, _Pieces(self._store.open(key), self))


class _Pieces(io.RawIOBase):
    def __init__(self, whole: BinaryIO, store: DeadlyToRead) -> None:
        self._whole, self._store = whole, store

    def read(self, size: int = -1) -> bytes:
        if self._store.left <= 0:
            die()
        piece = self._whole.read(7_000)
        self._store.left -= len(piece)
        return piece


def pulls(opens: Opens, folder: Path, count: int) -> Outcome:
    """Kill pulls, each after another number of bytes on the way to the last one, and let them go on.

    Torn: a file has its name and is not whole. Misplaced: sums are there before all is that they list. Lost: what was
    whole is fetched again. Unconverged: pulling again does not end in the release, every byte, and nothing else.
    """
    outcome, began = Outcome(), time.monotonic()
    store = opens("pulled")
    entry = publish(store, built(folder / "release", "pulled"), "r").entry
    manifest = load_manifest(store, entry)
    size = sum(file.size for file in manifest.files)
    for turn in range(count):
        outcome.trials += 1
        target = folder / str(turn)
        deadly = DeadlyToRead(opens("pulled"), size * turn // count)
        child = fork(lambda: pull(deadly, entry, target))  # type: ignore[arg-type] # noqa: B023
        outcome.killed += ended(child) == -signal.SIGKILL
        found = {path: _is_whole(target, path, manifest) for path in _files(target)}
        outcome.torn += not all(found.values())
        outcome.misplaced += SUMS in found
        outcome.lost += not {path for path in found if found[path]} <= set(pull(store, entry, target).kept)
        paths = set(_files(target, with_partial=True))
        is_right = paths == {*(file.path for file in manifest.files), MANIFEST, SUMS}
        outcome.unconverged += not is_right or not all(_is_whole(target, path, manifest) for path in paths)
    outcome.seconds = time.monotonic() - began
    return outcome


def _files(folder: Path, with_partial: bool = False) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and (with_partial or not path.name.endswith(PARTIAL)):
            yield path.relative_to(folder).as_posix()


def _is_whole(folder: Path, path: str, manifest: Manifest) -> bool:
    known = {file.path: file.sha256 for file in manifest.files} | {MANIFEST: manifest.sha256}
    if path == SUMS:
        lines = (folder / SUMS).read_text().splitlines()
        return {line[66:]: line[:64] for line in lines} == known
    return known.get(path) == file_sha256(folder / path)


def collections(
    opens: Opens, folder: Path, publishers: int, rounds: int, age: timedelta = AGE, erases: Opens | None = None
) -> Outcome:
    """Publishers are killed and go on later, about when what they left is garbage, while a collector deletes.

    Torn: the log names a release that is not whole. Lost: one of theirs is not there, or twice. Unconverged: a
    publisher gave up.
    """
    outcome, began = Outcome(), time.monotonic()
    count = len(requests_of(opens, folder / "count"))
    done, told = folder / "done", folder / "collected"
    collector = fork(lambda: told.write_text(str(_collect_until((erases or opens)("collected"), done, age))))
    children = [
        fork(lambda n=n: _publish_all(opens, folder / str(n), n, rounds, count))  # type: ignore[misc]
        for n in range(publishers)
    ]
    codes = [ended(child) for child in children]
    done.touch()
    codes.append(ended(collector))
    store = opens("collected")
    entries, faults = read_entries(store, DATASET), torn(store)
    outcome.trials = outcome.killed = publishers * rounds
    outcome.torn += bool(faults)
    outcome.lost += len({entry.content_digest for entry in entries}) != publishers * rounds
    outcome.lost += len(entries) != publishers * rounds
    outcome.unconverged += sum(code != 0 for code in codes)
    outcome.unconverged += store.read(f"{DATASET}/{POINTER}") != pointer(Standing.of(DATASET, entries))
    outcome.injected = {"collected": int(told.read_text() or 0) if told.exists() else 0}
    outcome.faults = faults
    outcome.seconds = time.monotonic() - began
    return outcome


def _collect_until(store: ObjectStore, done: Path, age: timedelta) -> int:
    deleted = 0
    while not done.exists():
        found = gc.collect(store, DATASET, delete=True, age=age)
        deleted += sum(one.is_deleted and "/releases/" in one.prefix for one in found)
        time.sleep(0.05)
    return deleted


def _publish_all(opens: Opens, folder: Path, publisher: int, rounds: int, count: int) -> None:
    publishing.LONGEST = AGE / 2  # in this process only
    dice = random.Random(publisher)
    for turn in range(rounds):
        release = built(folder / str(turn), f"{publisher}, {turn}")
        point = dice.randrange(6, count - 2)
        child = fork(lambda: publish(Deadly(opens("collected"), point, "after", 0), release, "killed"))  # type: ignore[arg-type] # noqa: B023
        assert ended(child) == -signal.SIGKILL
        time.sleep(dice.uniform(0.5, 1.5) * AGE.total_seconds())
        _insist(opens("collected"), release)


def _insist(store: ObjectStore, release: Built) -> None:
    """Publish; again where it took too long, or what lies there is being collected."""
    for _ in range(50):
        try:
            publish(store, release, "again")
            return
        except (PublishError, StoreError) as error:
            told = str(error)
            time.sleep(0.2)
    print(told)
    os._exit(98)
