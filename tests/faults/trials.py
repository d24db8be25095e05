"""The trials: publishers that are killed, and publishers that race, each a process of its own, against a real store.

This process starts no threads, so that it may fork: a publisher starts with all that it needs already imported.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.release.fetch import FetchedError
from pipelines.release.log import POINTER, LogError, pointer, read_entries
from pipelines.release.manifest import ManifestError
from pipelines.release.publish import PublishError, publish
from pipelines.release.standing import Standing
from pipelines.release.store import ObjectStore, StoreError
from pipelines.release.verify import verify
from tests.faults.processes import die, ended, fork
from tests.faults.release import DATASET, built, torn

Opens = Callable[[str], ObjectStore]
"""Opens the store of one trial, by its name, anew."""

MOMENTS = ("before", "during", "after")


@dataclass
class Outcome:
    """What came of one kind of trial."""

    trials: int = 0
    killed: int = 0
    torn: int = 0
    lost: int = 0
    unconverged: int = 0
    misplaced: int = 0
    """A commit that was visible although the kill came before it, or the other way round."""
    injected: dict[str, int] = field(default_factory=dict)
    """What a proxy spoilt, by fault, how many requests; or what was collected as garbage, how many folders."""
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether nothing at all went wrong."""
        return not (self.torn or self.lost or self.unconverged or self.misplaced or self.faults)


class Deadly:
    """A store in which the n-th mutating request is this process's last.

    It dies before the request, once it was answered, or some time (``delay_s``) into it.
    """

    def __init__(self, store: ObjectStore, point: int, moment: str, delay_s: float) -> None:
        self._store, self._point, self._moment, self._delay_s = store, point, moment, delay_s
        self._count = 0

    def __getattr__(self, name: str) -> object:
        found = getattr(self._store, name)
        if name not in ("put_if_absent", "replace", "delete"):
            return found

        def mutating(*args: object) -> object:
            self._count += 1
            mine = self._count == self._point
            if mine and self._moment == "before":
                die()
            if mine and self._moment == "during":
                threading.Timer(self._delay_s, die).start()
            try:
                return found(*args)
            finally:  # also where the answer is a refusal, as the probe's wrong checksum is to get
                if mine and self._moment == "after":
                    die()
                while mine and self._moment == "during":
                    time.sleep(1)  # on a busy machine the request may be over first; nothing more is done

        return mutating


class Counting:
    """A store that notes each mutating request: which key, in order."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self.mutated: list[str] = []

    def __getattr__(self, name: str) -> object:
        found = getattr(self._store, name)
        if name not in ("put_if_absent", "replace", "delete"):
            return found

        def mutating(*args: object) -> object:
            self.mutated.append(str(args[0]))
            return found(*args)

        return mutating


def requests_of(opens: Opens, folder: Path) -> list[str]:
    """The keys that publishing a second release mutates, in order."""
    store = opens("counted")
    publish(store, built(folder / "first", "first"), "r")
    counting = Counting(store)
    publish(counting, built(folder / "second", "second"), "r")  # type: ignore[arg-type]
    return counting.mutated


def kills(opens: Opens, folder: Path, points: int, rounds: int) -> Outcome:
    """Kill a publisher of a second release at ``points`` of its mutating requests, at ``rounds`` moments each.

    The points are spread over all requests and hold the first, the commit and the pointer.
    """
    outcome, began = Outcome(), time.monotonic()
    mutated = requests_of(opens, folder / "count")
    commit = next(place for place, key in enumerate(mutated, 1) if "/log/" in key)
    for point in _spread(len(mutated), points, {1, commit, len(mutated)}):
        for turn in range(rounds):
            moment = MOMENTS[turn % 3]
            name = f"kill-{point}-{turn}"
            delay_s = 0.0004 * (1 + turn // 3) * (1 + point % 3)
            _one_kill(opens, name, folder / name, point, moment, delay_s, commit, outcome)
    outcome.seconds = time.monotonic() - began
    return outcome


def _one_kill(
    opens: Opens, name: str, folder: Path, point: int, moment: str, delay_s: float, commit: int, outcome: Outcome
) -> None:
    outcome.trials += 1
    store = opens(name)
    first = publish(store, built(folder / "first", "first"), "first").entry
    second = built(folder / "second", "second")
    child = fork(lambda: publish(Deadly(opens(name), point, moment, delay_s), second, "killed"))  # type: ignore[arg-type]
    was_killed = ended(child) == -signal.SIGKILL
    store = opens(name)
    entries = read_entries(store, DATASET)
    faults = torn(store)
    outcome.torn += bool(faults)
    outcome.killed += was_killed
    outcome.lost += not entries or entries[0] != first
    committed = (point > commit) or (point == commit and moment == "after")
    is_sure = point != commit or moment != "during"
    if is_sure and (len(entries) == 2) != committed:
        outcome.misplaced += 1
        faults.append(f"{len(entries)} entries, killed at request {point}, and {commit} commits")
    again = publish(store, second, "again")
    entries = read_entries(store, DATASET)
    outcome.unconverged += (
        len(entries) != 2
        or again.entry != entries[-1]
        or again.entry.content_digest != second.manifest.content_digest
        or store.read(f"{DATASET}/{POINTER}") != pointer(Standing.of(DATASET, entries))
        or bool(torn(store))
        or not verify(store, DATASET).is_whole
    )
    outcome.faults += [f"{name} ({moment}): {fault}" for fault in faults]


def races(opens: Opens, folder: Path, publishers: int, rounds: int, distinct: bool) -> Outcome:
    """Let publishers publish at once: all one release, and one must win, or each its own, and all must land."""
    outcome, began = Outcome(), time.monotonic()
    for turn in range(rounds):
        outcome.trials += 1
        name = f"race-{'distinct' if distinct else 'same'}-{turn}"
        _one_race(opens, name, folder / name, publishers, distinct, outcome)
    outcome.seconds = time.monotonic() - began
    return outcome


def _one_race(opens: Opens, name: str, folder: Path, publishers: int, distinct: bool, outcome: Outcome) -> None:
    releases = [built(folder / str(n), f"release {n if distinct else 0}") for n in range(publishers)]
    gate_read, gate_write = os.pipe()

    def race(n: int) -> None:
        os.close(gate_write)
        store = opens(name)
        os.read(gate_read, 1)  # ends for all at once, when the parent closes its end
        done = publish(store, releases[n], f"publisher-{n}")
        os._exit(10 if done.is_new else 11)

    children = [fork(lambda n=n: race(n)) for n in range(publishers)]  # type: ignore[misc]
    os.close(gate_read)
    os.close(gate_write)
    codes = [ended(child) for child in children]
    store = opens(name)
    faults = torn(store)
    outcome.torn += bool(faults)
    try:
        entries = read_entries(store, DATASET)
    except LogError:
        entries = []
    wanted = {release.manifest.content_digest for release in releases}
    outcome.lost += bool(wanted - {entry.content_digest for entry in entries})
    winners = publishers if distinct else 1
    is_right = (
        codes.count(10) == winners
        and codes.count(11) == publishers - winners
        and len(entries) == winners
        and len({entry.version for entry in entries}) == winners
        and not faults
        and store.read(f"{DATASET}/{POINTER}") == pointer(Standing.of(DATASET, entries))
    )
    outcome.unconverged += not is_right
    outcome.faults += [f"{name}: {fault}" for fault in faults]
    if not is_right:
        outcome.faults.append(f"{name}: exits {codes}, {len(entries)} entries")


def faulty(opens: Opens, behind: Opens, folder: Path, rounds: int) -> Outcome:
    """Publish two releases one after the other through a store's faults, and look behind them at what is there."""
    outcome, began = Outcome(), time.monotonic()
    for turn in range(rounds):
        outcome.trials += 1
        name = f"fault-{turn}"
        done = []
        for said in ("first", "second"):
            release = built(folder / name / said, said)
            try:
                done.append(publish(opens(name), release, said).entry)
            except (FetchedError, PublishError, StoreError, ManifestError) as error:
                outcome.faults.append(f"{name}: {error}")
        store = behind(name)
        entries, faults = read_entries(store, DATASET), torn(store)
        outcome.torn += bool(faults)
        outcome.lost += entries != done
        outcome.unconverged += len(done) < 2 or store.read(f"{DATASET}/{POINTER}") != pointer(
            Standing.of(DATASET, done)
        )
        outcome.faults += [f"{name}: {fault}" for fault in faults]
    outcome.seconds = time.monotonic() - began
    return outcome


def _spread(count: int, points: int, wanted: set[int]) -> list[int]:
    """So many of the numbers 1 to count, evenly, among them those that are wanted."""
    found = set(wanted)
    for place in range(points):
        if len(found) < points:
            found.add(1 + place * (count - 1) // max(points - 1, 1))
    rest = (one for one in range(1, count + 1) if one not in found)
    while len(found) < min(points, count):
        found.add(next(rest))
    return sorted(found)
