"""Fetching from a real server on 127.0.0.1: what lands, and how a broken fetch is gone on with."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path

import pytest

from pipelines.fetch import FetchedFile, FetchError, FetchFile, FetchProgress, fetch
from pipelines.fetch.part import locked_part
from tests.integration.fetch_origin import (
    BODY,
    HALF,
    OTHER_BODY,
    Origin,
    break_off,
    fetch_one,
    names,
    serving,
    sha256,
    wanted,
)


@pytest.fixture
def origin(monkeypatch: pytest.MonkeyPatch) -> Iterator[Origin]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    origin = Origin()
    with serving(origin) as origin.url:
        yield origin


# --- whole and verified -----------------------------------------------------------------------------------


def test_a_file_lands_with_its_bytes_and_nothing_beside_it(origin: Origin, tmp_path: Path) -> None:
    found = fetch_one(wanted(origin), tmp_path / "inbox")
    assert found == FetchedFile("data.csv", tmp_path / "inbox/data.csv", len(BODY), "fetched")
    assert found.path.read_bytes() == BODY
    assert names(tmp_path / "inbox") == ["data.csv"]
    assert origin.asked[0]["accept-encoding"] == "identity"


def test_several_files_come_in_the_order_given_and_into_folders(origin: Origin, tmp_path: Path) -> None:
    files = [FetchFile(name, origin.url, sha256(BODY)) for name in ("z.csv", "deep/a.csv")]
    assert [found.file for found in fetch(files, tmp_path)] == ["z.csv", "deep/a.csv"]
    assert (tmp_path / "deep/a.csv").read_bytes() == BODY


def test_an_empty_file_is_fetched_like_any_other(origin: Origin, tmp_path: Path) -> None:
    origin.body = b""
    assert fetch_one(wanted(origin, b""), tmp_path).bytes == 0
    assert names(tmp_path) == ["data.csv"]


def test_a_body_of_unstated_length_is_taken_up_to_its_end(origin: Origin, tmp_path: Path) -> None:
    origin.states_length = False
    assert fetch_one(wanted(origin), tmp_path).path.read_bytes() == BODY


def test_a_target_with_the_right_digest_is_left_alone_and_nobody_is_asked(origin: Origin, tmp_path: Path) -> None:
    target = tmp_path / "data.csv"
    target.write_bytes(BODY)
    os.utime(target, (1, 1))
    assert fetch_one(wanted(origin), tmp_path).outcome == "already_there"
    assert target.stat().st_mtime == 1
    assert origin.asked == []


def test_a_target_with_another_digest_is_never_overwritten(origin: Origin, tmp_path: Path) -> None:
    target = tmp_path / "data.csv"
    target.write_bytes(b"mine")
    with pytest.raises(FetchError, match="is there already and has sha256") as caught:
        fetch_one(wanted(origin), tmp_path)
    assert caught.value.where == str(target)
    assert "move it away" in caught.value.what_to_do
    assert target.read_bytes() == b"mine"
    assert origin.asked == []


def test_what_somebody_puts_there_during_the_fetch_is_not_overwritten(origin: Origin, tmp_path: Path) -> None:
    target = tmp_path / "data.csv"
    with pytest.raises(FetchError, match="is there already"):
        fetch_one(wanted(origin), tmp_path, on_progress=lambda _: target.write_bytes(b"mine"))
    assert target.read_bytes() == b"mine"
    target.unlink()
    assert fetch_one(wanted(origin), tmp_path).outcome == "resumed"
    assert len(origin.asked) == 1, "the part was whole"


def test_a_wrong_body_leaves_nothing_and_shows_both_digests(origin: Origin, tmp_path: Path) -> None:
    origin.body = OTHER_BODY
    with pytest.raises(FetchError, match="origin has changed or the transfer was tampered with") as caught:
        fetch_one(wanted(origin), tmp_path)
    assert f"expected sha256 {sha256(BODY)}, received {sha256(OTHER_BODY)}" in caught.value.what
    assert names(tmp_path) == []
    assert len(origin.asked) == 1, "a wrong body is no reason to ask again"


def test_progress_counts_up_to_the_stated_total(origin: Origin, tmp_path: Path) -> None:
    seen: list[FetchProgress] = []
    fetch_one(wanted(origin), tmp_path, on_progress=seen.append)
    assert seen[0] == FetchProgress("data.csv", 0, len(BODY))
    assert seen[-1] == FetchProgress("data.csv", len(BODY), len(BODY))
    assert [step.bytes for step in seen] == sorted(step.bytes for step in seen)


# --- going on ---------------------------------------------------------------------------------------------


def test_a_cut_connection_is_gone_on_with_in_the_same_fetch(origin: Origin, tmp_path: Path) -> None:
    origin.cuts = [HALF]
    assert fetch_one(wanted(origin), tmp_path).outcome == "fetched"
    assert origin.sent == [HALF, len(BODY) - HALF]
    assert (tmp_path / "data.csv").read_bytes() == BODY


@pytest.mark.parametrize(
    ("etag", "last_modified"),
    [('"v1"', None), (None, formatdate(0, usegmt=True)), ('W/"weak"', formatdate(0, usegmt=True))],
    ids=["strong ETag", "Last-Modified", "Last-Modified beside a weak ETag"],
)
def test_a_later_fetch_asks_only_for_what_is_missing(
    origin: Origin, tmp_path: Path, etag: str | None, last_modified: str | None
) -> None:
    origin.etag, origin.last_modified = etag, last_modified
    origin.honours_if_range = etag is None or etag.startswith('"')
    break_off(origin, tmp_path)
    assert fetch_one(wanted(origin), tmp_path).outcome == "resumed"
    assert origin.asked[0]["range"] == f"bytes={HALF}-"
    assert origin.asked[0]["if-range"] == (last_modified or etag)
    assert origin.sent == [len(BODY) - HALF]


def test_a_killed_fetch_is_gone_on_with_from_the_byte_where_it_died(origin: Origin, tmp_path: Path) -> None:
    origin.stall = threading.Event()
    program = (
        "import sys, pathlib; from pipelines.fetch import FetchFile, fetch; "
        "fetch([FetchFile('data.csv', sys.argv[1], sys.argv[2])], pathlib.Path(sys.argv[3]))"
    )
    command = [sys.executable, "-c", program, origin.url, sha256(BODY), str(tmp_path)]
    part = tmp_path / "data.csv.part"
    with subprocess.Popen(command, cwd=Path(__file__).parents[2]) as process:
        deadline = time.monotonic() + 10
        while not (part.exists() and part.stat().st_size == HALF) and time.monotonic() < deadline:
            time.sleep(0.005)
        os.kill(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert names(tmp_path) == ["data.csv.origin.part", "data.csv.part"]
    origin.stall.set()
    origin.stall = None

    assert fetch_one(wanted(origin), tmp_path).outcome == "resumed"
    assert origin.asked[-1]["range"] == f"bytes={HALF}-"
    assert origin.sent == [len(BODY) - HALF]
    assert (tmp_path / "data.csv").read_bytes() == BODY
    assert names(tmp_path) == ["data.csv"]


def test_a_part_that_is_whole_lands_without_a_request(origin: Origin, tmp_path: Path) -> None:
    (tmp_path / "data.csv.part").write_bytes(BODY)
    assert fetch_one(wanted(origin), tmp_path).outcome == "resumed"
    assert origin.asked == []
    assert names(tmp_path) == ["data.csv"]


def test_a_new_version_is_never_glued_to_the_old_one(origin: Origin, tmp_path: Path) -> None:
    break_off(origin, tmp_path)
    origin.body, origin.etag = OTHER_BODY, '"v2"'
    with pytest.raises(FetchError, match=f"received {sha256(OTHER_BODY)}"):
        fetch_one(wanted(origin), tmp_path)
    assert names(tmp_path) == []


def test_a_part_of_what_the_contract_no_longer_names_is_not_gone_on_with(origin: Origin, tmp_path: Path) -> None:
    break_off(origin, tmp_path)
    origin.body = OTHER_BODY  # under the same ETag: only the contract's digest tells
    assert fetch_one(wanted(origin, OTHER_BODY), tmp_path).outcome == "fetched"
    assert "range" not in origin.asked[0]


@pytest.mark.parametrize("honours_if_range", [True, False])
def test_a_version_that_changes_between_attempts_is_taken_from_its_start(
    origin: Origin, tmp_path: Path, honours_if_range: bool
) -> None:
    origin.body, origin.honours_if_range = OTHER_BODY, honours_if_range
    origin.cuts = [HALF]

    def change(step: FetchProgress) -> None:
        if step.bytes == HALF:
            origin.body, origin.etag = BODY, '"v2"'

    assert fetch_one(wanted(origin), tmp_path, on_progress=change).path.read_bytes() == BODY
    assert origin.asked[1]["if-range"] == '"v1"'
    assert origin.sent[-1] == len(BODY)


def test_a_part_whose_bytes_are_wrong_is_dropped_and_the_next_fetch_starts_from_zero(
    origin: Origin, tmp_path: Path
) -> None:
    break_off(origin, tmp_path)
    (tmp_path / "data.csv.part").write_bytes(OTHER_BODY[:HALF])
    with pytest.raises(FetchError, match=f"{HALF} bytes were left by an earlier fetch: fetch again"):
        fetch_one(wanted(origin), tmp_path)
    assert names(tmp_path) == []
    assert fetch_one(wanted(origin), tmp_path).outcome == "fetched"


@pytest.mark.parametrize("note", [b"[]", b'{"validator": "', b"\xff"])
def test_a_part_whose_version_is_unknown_is_not_gone_on_with(origin: Origin, tmp_path: Path, note: bytes) -> None:
    break_off(origin, tmp_path)
    (tmp_path / "data.csv.origin.part").write_bytes(note)
    assert fetch_one(wanted(origin), tmp_path).outcome == "fetched"
    assert "range" not in origin.asked[0]


def test_without_a_validator_a_cut_body_is_asked_for_from_zero(origin: Origin, tmp_path: Path) -> None:
    origin.etag, origin.cuts = None, [HALF]
    assert fetch_one(wanted(origin), tmp_path).path.read_bytes() == BODY
    assert ["range" in asked for asked in origin.asked] == [False, False]

    (tmp_path / "data.csv").unlink()
    origin.cuts = [HALF]
    with pytest.raises(FetchError, match="asked 1 times, 0 bytes are kept"):
        fetch_one(wanted(origin), tmp_path, attempts=1)
    assert names(tmp_path) == []


def test_a_server_that_ignores_ranges_is_taken_from_zero(origin: Origin, tmp_path: Path) -> None:
    break_off(origin, tmp_path)
    origin.takes_ranges = False
    assert fetch_one(wanted(origin), tmp_path).outcome == "fetched"
    assert origin.asked[0]["range"] == f"bytes={HALF}-"
    assert origin.sent == [len(BODY)]


def test_a_range_beyond_the_end_is_answered_with_a_start_from_zero(origin: Origin, tmp_path: Path) -> None:
    break_off(origin, tmp_path)
    with (tmp_path / "data.csv.part").open("ab") as part:
        part.write(bytes(len(BODY)))
    assert fetch_one(wanted(origin), tmp_path, attempts=1).path.read_bytes() == BODY
    assert ["range" in asked for asked in origin.asked] == [True, False]


def test_a_range_that_begins_elsewhere_is_not_taken(origin: Origin, tmp_path: Path) -> None:
    break_off(origin, tmp_path)
    origin.range_shift = -1000
    assert fetch_one(wanted(origin), tmp_path, attempts=1).path.read_bytes() == BODY
    assert ["range" in asked for asked in origin.asked] == [True, False]


def test_a_range_that_ends_early_is_gone_on_with(origin: Origin, tmp_path: Path) -> None:
    break_off(origin, tmp_path)
    origin.range_limit = 100_000
    assert fetch_one(wanted(origin), tmp_path).path.read_bytes() == BODY
    assert origin.sent == [100_000, len(BODY) - HALF - 100_000]


# --- two at once ------------------------------------------------------------------------------------------


def test_of_two_fetches_at_once_the_second_says_so_and_harms_nothing(origin: Origin, tmp_path: Path) -> None:
    refusals: list[str] = []

    def meanwhile(step: FetchProgress) -> None:
        if step.bytes and not refusals:
            with pytest.raises(FetchError) as caught:
                fetch_one(wanted(origin), tmp_path)
            refusals.append(str(caught.value))

    assert fetch_one(wanted(origin), tmp_path, on_progress=meanwhile).outcome == "fetched"
    assert "is being fetched by another process" in refusals[0]
    assert "wait for it" in refusals[0]
    assert (tmp_path / "data.csv").read_bytes() == BODY
    assert names(tmp_path) == ["data.csv"]


def test_what_another_fetch_landed_meanwhile_is_not_fetched_again(origin: Origin, tmp_path: Path) -> None:
    second = FetchFile("second.csv", origin.url, sha256(BODY))

    def meanwhile(_: FetchProgress) -> None:
        fetch_one(second, tmp_path)

    outcomes = [found.outcome for found in fetch([wanted(origin), second], tmp_path, on_progress=meanwhile)]
    assert outcomes == ["fetched", "already_there"]
    assert len(origin.asked) == 2
    assert names(tmp_path) == ["data.csv", "second.csv"]


def test_a_part_that_is_landed_before_its_lock_is_had_is_sought_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, path = tmp_path / "data.csv", tmp_path / "data.csv.part"
    flock = fcntl.flock

    def late(descriptor: int, operation: int) -> None:
        if not target.exists():
            path.rename(target)  # as another fetch does between our open and our lock
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    with locked_part(target, "https://example.org/", sha256(BODY)) as part:
        part.append(b"new")
        assert (target.read_bytes(), path.read_bytes()) == (b"", b"new")


def test_many_fetches_at_once_end_in_one_right_file(origin: Origin, tmp_path: Path) -> None:
    outcomes: list[str] = []

    def run() -> None:
        try:
            outcomes.append(fetch_one(wanted(origin), tmp_path).outcome)
        except FetchError as error:
            outcomes.append(error.what)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("fetched") == 1
    assert set(outcomes) <= {"fetched", "already_there", "data.csv is being fetched by another process"}
    assert (tmp_path / "data.csv").read_bytes() == BODY
    assert names(tmp_path) == ["data.csv"]
