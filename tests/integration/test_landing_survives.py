"""The landing area is whole at every moment: killed ingests, several at once, files that are still being written."""

from __future__ import annotations

import errno
import fcntl
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from pipelines.landing.inbox import InboxError
from pipelines.landing.writing import is_being_written
from tests.conftest import ROOT, variorum
from tests.unit.deliveries_bench import Deliveries, contract

POINTS, DELAYS = 14, 6
"""Kills at points spread over an ingest, and after random delays; by hand: python -m tests.integration.ingest_jobs."""


def jobs(*arguments: object) -> str:
    """Run the jobs in a process that has opened no DuckDB, so that it may fork."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.ingest_jobs", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("mode", ["full", "correct"])
def test_a_killed_ingest_leaves_nothing_torn_and_the_next_ends_in_the_same_bytes(tmp_path: Path, mode: str) -> None:
    at_points, after_delays = map(int, jobs("kills", tmp_path, mode, POINTS, DELAYS).split())
    assert at_points >= POINTS
    assert 0 < after_delays <= DELAYS


@pytest.mark.parametrize("mode", ["full", "correct"])
def test_ingests_at_once_on_one_home_all_succeed_and_log_one_delivery(tmp_path: Path, mode: str) -> None:
    jobs("races", tmp_path, mode, 3, 4)


def test_a_home_opened_by_many_at_once_for_the_first_time_is_made_whole(tmp_path: Path) -> None:
    jobs("openings", tmp_path, 2, 4)


def test_two_runs_at_once_on_one_home_both_end_well(tmp_path: Path) -> None:
    where = ["--home", str(tmp_path / "home"), "--store", str(tmp_path / "store")]
    command = ["run", "--dataset", "demo", "--inbox", "pipelines/demo/inbox", *where]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda _: variorum(*command, check=False), range(2)))
    assert [one.returncode for one in done] == [0, 0], [one.stderr for one in done]
    assert len(list((tmp_path / "home" / "raw" / "demo_topics" / "deliveries").iterdir())) == 1
    assert len(list((tmp_path / "store" / "demo" / "log").glob("*.json"))) == 1


def test_a_file_that_somebody_writes_is_not_taken_until_it_is_closed(tmp_path: Path) -> None:
    deliveries = Deliveries(tmp_path, contract("full"))
    deliveries.put({"export": ["1,i1,ana,yes,"]})
    path = deliveries.folder / "export.csv"
    with path.open("a") as growing:
        growing.write("2,i1,bob,")
        growing.flush()
        with pytest.raises(InboxError, match=r"export\.csv is still being written; nothing of the delivery was taken"):
            deliveries.take()
        growing.write("no,\n")
    assert deliveries.take().total("judgments") == 2


def test_the_command_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "inbox" / "demo_topics"
    folder.mkdir(parents=True)
    data = (ROOT / "pipelines" / "demo" / "inbox" / "demo_topics" / "annotations.jsonl").read_bytes()
    with (folder / "annotations.jsonl").open("wb") as growing:
        growing.write(data[: len(data) // 2])
        growing.flush()
        where = ["--inbox", str(tmp_path / "inbox"), "--home", str(tmp_path / "home")]
        done = variorum("run", "--source", "demo_topics", *where, check=False)
    assert done.returncode == 1
    assert "annotations.jsonl is still being written" in done.stderr


@pytest.fixture
def no_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that cannot say who writes."""

    def refuse(descriptor: Any, command: int, argument: int = 0) -> int:
        raise OSError(errno.EINVAL, "no leases here")

    monkeypatch.setattr(fcntl, "fcntl", refuse)


@pytest.mark.usefixtures("no_leases")
def test_where_the_system_cannot_say_a_young_file_is_watched(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text("a\n")
    stop = threading.Event()

    def write() -> None:
        while not stop.wait(0.05):
            with path.open("a") as growing:
                growing.write("more\n")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert is_being_written(path)
    finally:
        stop.set()
        writer.join()
    assert not is_being_written(path)


@pytest.mark.usefixtures("no_leases")
def test_an_old_file_is_not_waited_for(tmp_path: Path) -> None:
    import os

    path = tmp_path / "export.csv"
    path.write_text("a\n")
    os.utime(path, (time.time() - 60, time.time() - 60))
    started = time.monotonic()
    assert not is_being_written(path)
    assert time.monotonic() - started < 0.2
