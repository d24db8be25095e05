"""A log with checkpoints reads as one without, whatever became of them; and a long one is read in few requests."""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.release import checkpoints
from pipelines.release.checkpoints import checkpoint, checkpoint_key, read_log, settle
from pipelines.release.log import POINTER, Entry, LogError, entry_key, read_entries
from pipelines.release.store import Held, StoreError, UnsureError
from pipelines.release.verify import verify
from pipelines.resources.folder import FolderStore
from tests.faults.release import overwrite
from tests.unit.logs import DATASET, entries_of, write_log
from tests.unit.released import Content, judgment, released

LATEST = f"{DATASET}/{POINTER}"


class Counting(FolderStore):
    """A folder that counts what is read of it."""

    reads = 0

    def read(self, key: str) -> bytes | None:
        self.reads += 1
        return super().read(key)


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("long")
    write_log(FolderStore(folder / "store"), entries_of(200))
    return folder / "store"


@pytest.fixture
def store(long: Path, tmp_path: Path) -> Counting:
    """A log of 200 entries, and its checkpoints."""
    shutil.copytree(long, tmp_path / "store")
    return Counting(tmp_path / "store")


def test_a_log_of_200_entries_is_read_in_four_requests(store: Counting, caplog: pytest.LogCaptureFixture) -> None:
    assert [key for key in store.keys(f"{DATASET}/checkpoints")] == [
        checkpoint_key(DATASET, n) for n in (50, 100, 150, 200)
    ]
    assert read_log(store, DATASET) == entries_of(200)
    assert store.reads == 4  # the pointer, the checkpoint, its last entry, and the entry that is not there
    assert caplog.text == ""
    store.reads = 0
    overwrite(store, checkpoint_key(DATASET, 200), None)
    assert read_log(store, DATASET) == entries_of(200)
    assert store.reads == 203
    assert "00000200.jsonl" in caplog.text
    assert "it is missing; all entries of the log are read instead" in caplog.text


def forged(entries: list[Entry]) -> bytes:
    """A checkpoint whose chain holds, of another history."""
    return checkpoint(entries_of(len(entries), "forged"))


def forged_within(entries: list[Entry]) -> bytes:
    """The right last entry after another history."""
    return checkpoint([*entries_of(len(entries) - 1, "forged"), entries[-1]])


DAMAGES: dict[str, Callable[[list[Entry]], bytes | None]] = {
    "missing": lambda entries: None,
    "empty": lambda entries: b"",
    "torn": lambda entries: checkpoint(entries)[:-7],
    "a line short": lambda entries: checkpoint(entries[:-1]),
    "a line too many": lambda entries: checkpoint(entries_of(len(entries) + 1)),
    "of the entries before": lambda entries: checkpoint(entries[:50]),
    "no entries": lambda entries: b'{}\n[]\n"x"\n',
    "no text": lambda entries: b"\xff\xfe\n",
    "spaced": lambda entries: checkpoint(entries).replace(b": ", b":", 1),
    "a version raised": lambda entries: checkpoint([replace(entries[0], version="9.0.0"), *entries[1:]]),
    "forged": forged,
    "forged, with the right end": forged_within,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_checkpoint_that_cannot_be_believed_is_told_and_the_entries_are_read(
    store: Counting, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    overwrite(store, checkpoint_key(DATASET, 200), DAMAGES[damage](entries_of(200)))
    assert read_log(store, DATASET) == entries_of(200)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "all entries of the log are read instead" in record.getMessage()
    settle(store, DATASET, entries_of(200))
    caplog.clear()
    store.reads = 0
    assert read_log(store, DATASET) == entries_of(200)
    assert (store.reads, caplog.text) == (4, "")


NO_POINTERS = [
    None,
    b"",
    b"{}",
    b"[1]",
    b'{"sequence": true, "entry_sha256": 1}',
    b'{"sequence": 2, "entry_sha256": 1}',
]


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("many")


@settings(max_examples=100)
@given(data=st.data())
def test_reading_by_checkpoints_is_reading_every_entry(many: Path, data: st.DataObject) -> None:
    """Whatever the log's length, and whatever became of each checkpoint and of the pointer."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(checkpoints, "EVERY", 3)
        patched.setattr(checkpoints, "pause", lambda _: None)
        patched.setattr(checkpoints._log, "disabled", True)
        patched.setattr(os, "fsync", lambda _: None)  # nothing here is to outlive a crash
        shutil.rmtree(many / "store", ignore_errors=True)
        store, entries = FolderStore(many / "store"), entries_of(data.draw(st.integers(0, 11)))
        write_log(store, entries)
        for n in range(3, len(entries) + 1, 3):
            if data.draw(st.booleans()):
                damage = data.draw(st.sampled_from(sorted(DAMAGES)))
                overwrite(store, checkpoint_key(DATASET, n), DAMAGES[damage](entries[:n]))
            elif data.draw(st.booleans()):
                held = bytearray(checkpoint(entries[:n]))
                held[data.draw(st.integers(0, len(held) - 1))] ^= 1 << data.draw(st.integers(0, 7))
                overwrite(store, checkpoint_key(DATASET, n), bytes(held))
        if bool(entries) and data.draw(st.booleans()):
            n = data.draw(st.integers(1, len(entries)))
            stale = json.dumps({"sequence": n, "entry_sha256": entries[n - 1].digest}).encode()
            overwrite(store, LATEST, data.draw(st.sampled_from([stale, *NO_POINTERS])))
        assert read_log(store, DATASET) == read_entries(store, DATASET) == entries


def test_a_checkpoint_that_was_believed_unseen_would_be_another_log(
    store: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin of the two tests above: without the look at the log's own entry they would find it."""
    overwrite(store, checkpoint_key(DATASET, 200), forged(entries_of(200)))
    monkeypatch.setattr(checkpoints, "entry_key", lambda dataset, n: "planted")
    overwrite(store, "planted", entries_of(200, "forged")[-1].to_json())
    overwrite(store, LATEST, b'{"sequence": 200}')
    assert read_log(store, DATASET) == entries_of(200, "forged")


# What publishes


ONE, TWO = (Content([judgment("i1", who, "yes") for who in people]) for people in (["ana"], ["ana", "ben"]))


def test_who_is_killed_between_the_commit_and_the_checkpoint_harms_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(FolderStore):
        def put_if_absent(self, key: str, source: Path | bytes, sha256: str | None = None) -> bool:
            if "/checkpoints/" in key:
                raise KeyboardInterrupt
            return super().put_if_absent(key, source, sha256)

    monkeypatch.setattr(checkpoints, "EVERY", 2)
    store = FolderStore(tmp_path / "store")
    released(store, ONE, tmp_path)
    with pytest.raises(KeyboardInterrupt):
        released(Killed(tmp_path / "store"), TWO, tmp_path)
    assert [entry.version for entry in read_log(store, DATASET)] == ["1.0.0", "1.1.0"]
    faults = {finding.path: finding.fault for finding in verify(store, DATASET).findings if finding.fault}
    assert faults == {
        LATEST: "is behind the log, or one of the two was changed",
        checkpoint_key(DATASET, 2): "is missing; the next publication writes it",
    }
    assert not released(store, TWO, tmp_path).is_new
    assert verify(store, DATASET).is_whole
    assert checkpoint_key(DATASET, 2) in {finding.path for finding in verify(store, DATASET).findings}


def test_a_checkpoint_that_cannot_be_written_is_a_warning_and_the_release_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Refusing(FolderStore):
        def put_if_absent(self, key: str, source: Path | bytes, sha256: str | None = None) -> bool:
            if "/checkpoints/" in key:
                raise StoreError("these credentials may not do that")
            return super().put_if_absent(key, source, sha256)

    monkeypatch.setattr(checkpoints, "EVERY", 1)
    assert released(Refusing(tmp_path / "store"), ONE, tmp_path).is_new
    assert "these credentials may not do that; nothing is lost" in caplog.text
    assert find_sequence(FolderStore(tmp_path / "store")) == 1


def find_sequence(store: FolderStore) -> int:
    return int(json.loads(store.read(LATEST) or b"{}")["sequence"])


def test_a_lost_race_and_a_vague_answer_leave_one_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Racing(FolderStore):
        told = 0

        def held(self, key: str) -> Held | None:
            held = super().held(key)
            if "/checkpoints/" in key and not self.told:
                super().put_if_absent(key, checkpoint(read_entries(self, DATASET)))  # a rival, after our look
            return held

        def put_if_absent(self, key: str, source: Path | bytes, sha256: str | None = None) -> bool:
            if "/checkpoints/" in key:
                self.told += 1
                assert not super().put_if_absent(key, source, sha256)
                raise UnsureError("the server answers 503")
            return super().put_if_absent(key, source, sha256)

    monkeypatch.setattr(checkpoints, "EVERY", 1)
    monkeypatch.setattr("pipelines.release.store.pause", lambda _: None)
    store = Racing(tmp_path / "store")
    assert released(store, ONE, tmp_path).is_new
    assert store.told == 1
    assert verify(store, DATASET).is_whole


def test_a_damaged_checkpoint_is_a_finding_of_verify(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "EVERY", 1)
    store = FolderStore(tmp_path / "store")
    released(store, ONE, tmp_path)
    released(store, TWO, tmp_path)
    assert verify(store, DATASET).is_whole
    overwrite(store, checkpoint_key(DATASET, 1), checkpoint(entries_of(1)))
    overwrite(store, checkpoint_key(DATASET, 7), checkpoint(entries_of(7)))
    faults = {finding.path: finding.fault for finding in verify(store, DATASET).findings if finding.fault}
    assert faults == {
        checkpoint_key(DATASET, 1): "does not hold the entries of the log; the next publication writes it anew",
        checkpoint_key(DATASET, 7): "is no checkpoint of this log",
    }


# The pointer


@pytest.mark.parametrize("sequence", [201, 400, 10**12])
def test_a_pointer_that_names_what_is_not_in_the_log_is_told(
    store: Counting, sequence: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "pause", lambda _: None)
    overwrite(store, LATEST, json.dumps({"sequence": sequence}).encode())
    with pytest.raises(LogError, match=r"log/00000201\.json is missing, although d/latest\.json names entry .* delete"):
        read_log(store, DATASET)
    overwrite(store, LATEST, None)
    assert len(read_log(store, DATASET)) == 200


def test_an_entry_that_is_gone_is_not_taken_for_the_end_of_the_log(
    store: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "pause", lambda _: None)
    for n in (200, 150):
        overwrite(store, checkpoint_key(DATASET, n), None)
    overwrite(store, entry_key(DATASET, 130), None)
    assert len(read_entries(store, DATASET)) == 129
    with pytest.raises(LogError, match=r"log/00000130\.json is missing"):
        read_log(store, DATASET)


def test_a_last_entry_that_was_changed_is_not_the_one_that_the_pointer_names(store: Counting) -> None:
    last = entries_of(200)[-1]
    overwrite(store, checkpoint_key(DATASET, 200), None)
    overwrite(store, entry_key(DATASET, 200), replace(last, at="2020-11-01T00:00:00+00:00").to_json())
    assert len(read_entries(store, DATASET)) == 200
    with pytest.raises(LogError, match=r"log/00000200\.json is not the one that d/latest\.json names"):
        read_log(store, DATASET)


def test_a_pointer_of_an_earlier_version_is_completed(store: Counting) -> None:
    pointed = json.loads(store.read(LATEST) or b"")
    del pointed["entry_sha256"]
    overwrite(store, LATEST, json.dumps(pointed).encode())
    assert read_log(store, DATASET) == entries_of(200)
    settle(store, DATASET, entries_of(200))
    assert json.loads(store.read(LATEST) or b"")["entry_sha256"] == entries_of(200)[-1].digest
