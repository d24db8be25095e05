"""Ingests in processes of their own that die or race, for the tests of the landing area.

The parent opens no DuckDB: each job is forked from it, so that a hundred of them cost a hundred ingests and one start.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from pipelines.ingest import ingest_source
from pipelines.landing.receipts import RECEIPT
from tests.unit.deliveries_bench import KEY, Deliveries, contract

FILES = ("open", "os.rename", "os.mkdir", "os.rmdir", "os.remove", "os.chmod")
ROWS = 400


def rows(change: int) -> list[str]:
    """An export; with ``change`` some answers are others, some rows are gone, and some are new."""
    kept = [
        f"{n},i{n % 40},w{n // 40},{('yes', 'no', 'unsure')[(n * 7 + (change if n % 10 == 0 else 0)) % 3]},because"
        for n in range(ROWS)
        if not (change and n % 97 == 5)
    ]
    return [*kept, *(f"{ROWS + n},new{n},w1,yes," for n in range(change * 3)), f"{ROWS + 99},i1,w1,maybe,"]


def prepared(root: Path, mode: str) -> Deliveries:
    """A source that took one delivery, with the next one in its inbox."""
    deliveries = Deliveries(root, contract(mode))
    deliveries.put({"one": rows(0)})
    in_child(lambda: deliveries.take())
    deliveries.put({"two" if mode == "correct" else "one": rows(1)})
    return deliveries


def in_child(job: Callable[[], Any]) -> int:
    """Run a job in a fork of this process; how it ended, as ``os.waitstatus_to_exitcode`` says it."""
    sys.stdout.flush()
    if pid := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    try:
        job()
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        os._exit(1)
    os._exit(0)


def digests(deliveries: Deliveries) -> dict[str, str]:
    """What a reader of the raw and landing areas sees, by path: the digest of its bytes; hidden files are nobody's."""
    home = deliveries.home
    return {
        str(path.relative_to(home.root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for area in (home.raw, home.landing)
        for path in sorted(area.rglob("*"))
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(home.root).parts)
    }


def litter(deliveries: Deliveries) -> list[str]:
    """Hidden files and folders that are not locks."""
    home = deliveries.home
    found = (path for area in (home.raw, home.landing) for path in area.rglob(".*") if path.name != ".lock")
    return sorted(str(path.relative_to(home.root)) for path in found)


def copied(deliveries: Deliveries, root: Path) -> Deliveries:
    """The same home and inbox elsewhere."""
    copy = Deliveries(root, deliveries.contract)
    shutil.copytree(deliveries.inbox, copy.inbox, dirs_exist_ok=True)
    shutil.copytree(deliveries.home.root, copy.home.root)
    return copy


def take(deliveries: Deliveries) -> None:
    """Ingest."""
    ingest_source(deliveries.contract, deliveries.inbox, deliveries.home, KEY)


def taken_counting(deliveries: Deliveries, die_at: int | None, counted: Path | None = None) -> None:
    """Ingest, and die before the n-th touch of a file below the home; ``counted`` is told how many there were."""
    home, seen = str(deliveries.home.root), 0

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        if event in FILES and str(arguments[0]).startswith(home):
            seen += 1
            if seen == die_at:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    take(deliveries)
    if counted:
        counted.write_text(str(seen))


def check_killed(before: Deliveries, whole: dict[str, str], root: Path, job: Callable[[Deliveries], int]) -> bool:
    """Let a job be killed on a copy of a home, look at what is left, run again, and compare; whether it was killed."""
    copy = copied(before, root)
    ended = job(copy)
    assert ended in (0, -signal.SIGKILL), f"the job ended with {ended}"
    left = digests(copy)
    assert left.items() <= whole.items(), f"torn: {sorted(set(left.items()) - set(whole.items()))}"
    landed = [path for path in copy.home.landing.glob("*/*/*") if "-" in path.name and path.name[0] != "."]
    assert all((path / RECEIPT).exists() for path in landed)
    assert in_child(lambda: take(copy)) == 0
    assert digests(copy) == whole, "the rerun does not converge"
    assert litter(copy) == [], f"left behind: {litter(copy)}"
    shutil.rmtree(root)
    return ended != 0


def kills(root: Path, mode: str, points: int, delays: int) -> tuple[int, int]:
    """Kill ingests at points spread over all touches of files, and after random delays; how many died of each."""
    before = prepared(root / "before", mode)
    calm = copied(before, root / "calm")
    counted = root / "counted"
    started = time.monotonic()
    assert in_child(lambda: taken_counting(calm, None, counted)) == 0
    lasts = time.monotonic() - started
    whole, total = digests(calm), int(counted.read_text())
    step = max(total // points, 1)
    at_points = 0
    for n in range(1, total + 1, step):
        job = partial(killed_at, die_at=n)
        at_points += check_killed(before, whole, root / f"point{n}", job)
    after_delays = sum(
        check_killed(before, whole, root / f"delay{n}", lambda one: killed_after(one, random.uniform(0, lasts)))
        for n in range(delays)
    )
    return at_points, after_delays


def killed_at(deliveries: Deliveries, die_at: int) -> int:
    """Ingest in a fork, killed before its n-th touch of a file."""
    return in_child(lambda: taken_counting(deliveries, die_at))


def killed_after(deliveries: Deliveries, delay_s: float) -> int:
    """Ingest in a fork, killed after some time."""
    pid = os.fork()
    if not pid:
        try:
            take(deliveries)
        finally:
            os._exit(0)
    time.sleep(delay_s)
    os.kill(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def at_once(job: Callable[[], object], racers: int) -> list[int]:
    """The exit codes of processes that begin the job at the same moment."""
    started = time.time() + 0.05
    pids = []
    for _ in range(racers):
        pid = os.fork()
        if not pid:
            time.sleep(max(started - time.time(), 0))
            code = 1
            try:
                job()
                code = 0
            finally:
                os._exit(code)
        pids.append(pid)
    return [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]


def races(root: Path, mode: str, rounds: int, racers: int) -> None:
    """Several ingests at once on one home: all succeed, and the bytes are those of one alone."""
    before = prepared(root / "before", mode)
    calm = copied(before, root / "calm")
    assert in_child(lambda: take(calm)) == 0
    for number in range(rounds):
        copy = copied(before, root / f"race{number}")
        assert at_once(partial(take, copy), racers) == [0] * racers
        assert digests(copy) == digests(calm)
        assert litter(copy) == []


def openings(root: Path, rounds: int, racers: int) -> None:
    """Several processes at once are the first to open a home's Dagster instance: all succeed."""
    import dagster  # noqa: F401 - loaded once, before the forks

    from pipelines.instance import open_instance
    from pipelines.landing.home import Home

    def opened(home: Home) -> None:
        with open_instance(home) as instance:
            instance.get_runs()

    for number in range(rounds):
        home = Home(root / f"home{number}")
        assert at_once(partial(opened, home), racers) == [0] * racers


if __name__ == "__main__":
    what, folder, *arguments = sys.argv[1:]
    if what == "kills":
        print(*kills(Path(folder), arguments[0], *map(int, arguments[1:])))
    elif what == "races":
        races(Path(folder), arguments[0], *map(int, arguments[1:]))
    else:
        openings(Path(folder), *map(int, arguments))
