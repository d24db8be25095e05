"""Garbage is collected when it is old and nobody wants it, from a folder and a real bucket, while others publish."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.release import checkpoints, gc
from pipelines.release.attempts import announce, collecting
from pipelines.release.checkpoints import checkpoint_key, read_log
from pipelines.release.log import entry_key
from pipelines.release.publish import publish
from pipelines.release.store import ObjectStore, StoreError, create
from pipelines.resources.folder import FolderStore
from pipelines.resources.s3 import S3Store
from tests.faults.release import DATASET, built, torn
from tests.unit.logs import DATASET as LOGGED
from tests.unit.logs import entries_of, write_log

SECONDS = timedelta(seconds=3)
"""How old garbage is where no test can wait for a week: longer than a publication here takes."""


class Later(FolderStore):
    """A folder whose clock is ahead of when its objects were made, by a number of days."""

    days = 0.0

    def now(self) -> Any:
        return super().now() + timedelta(days=self.days)


def aborted(store: ObjectStore, folder: Path, said: str) -> str:
    """Publish as far as the last file, and no further; the folder's name."""

    def die(path: str) -> None:
        if path == "manifest.json":
            raise KeyboardInterrupt

    made = built(folder, said)
    before = {key.split("/")[2] for key in store.keys(f"{DATASET}/releases")}
    with pytest.raises(KeyboardInterrupt):
        publish(store, made, "r", die)
    (name,) = {key.split("/")[2] for key in store.keys(f"{DATASET}/releases")} - before
    return name


def test_garbage_is_collected_when_it_is_old_and_nobody_wants_it(tmp_path: Path) -> None:
    store = Later(tmp_path / "store")
    publish(store, built(tmp_path / "a", "one"), "r")
    orphan = aborted(store, tmp_path / "b", "two")
    store.days = 6.9
    assert gc.collect(store, DATASET, delete=True) == []
    store.days = 7.1
    (found, old) = gc.collect(store, DATASET)
    assert (found.prefix, found.objects, found.is_deleted) == (f"{DATASET}/releases/{orphan}", 9, False)
    assert old.prefix == f"{DATASET}/intents"
    assert any(orphan in key for key in store.keys(""))
    assert [one.is_deleted for one in gc.collect(store, DATASET, delete=True)] == [True, True]
    assert not any(orphan in key for key in store.keys(""))
    assert torn(store) == []
    assert gc.collect(store, DATASET) == []
    assert publish(store, built(tmp_path / "b", "two"), "r").is_new
    assert torn(store) == []


def test_an_announced_attempt_keeps_what_lies_in_its_folder(tmp_path: Path) -> None:
    store = Later(tmp_path / "store")
    orphan = aborted(store, tmp_path / "b", "two")
    for path in (tmp_path / "store").rglob("*"):
        if path.is_file() and "/releases/" in str(path):
            os.utime(path, (0, 0))
    assert gc.collect(store, DATASET, delete=True) == []
    store.days = 8
    assert next(one.prefix for one in gc.collect(store, DATASET)).endswith(orphan)


def test_who_publishes_into_a_folder_that_is_being_collected_is_told(tmp_path: Path) -> None:
    store = Later(tmp_path / "store")
    orphan = aborted(store, tmp_path / "b", "two")
    store.put_if_absent(collecting(DATASET, orphan), b"")
    with pytest.raises(StoreError, match="is being collected as garbage; run again in a minute"):
        publish(store, built(tmp_path / "b", "two"), "r")
    store.days = 8
    gc.collect(store, DATASET, delete=True)
    assert publish(store, built(tmp_path / "b", "two"), "r").is_new
    assert torn(store) == []


def test_who_announces_while_a_collection_begins_is_spared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Later(tmp_path / "store")
    orphan = aborted(store, tmp_path / "b", "two")
    store.days = 8
    held = create

    def announced(*args: Any) -> str:
        Path(tmp_path / "store" / DATASET / "intents" / orphan).mkdir(exist_ok=True)
        late = tmp_path / "store" / DATASET / "intents" / orphan / "late.json"
        late.write_text("{}")
        os.utime(late, (late.stat().st_mtime + 8 * 86400,) * 2)
        return held(*args)

    monkeypatch.setattr("pipelines.release.gc.create", announced)
    found = gc.collect(store, DATASET, delete=True)
    assert [one.is_deleted for one in found if "/releases/" in one.prefix] == [False]
    assert any(f"releases/{orphan}" in key for key in store.keys(""))
    assert not any("/collecting/" in key for key in store.keys(""))


def test_a_broken_log_collects_nothing(tmp_path: Path) -> None:
    store = Later(tmp_path / "store")
    publish(store, built(tmp_path / "a", "one"), "r")
    entry = tmp_path / "store" / entry_key(DATASET, 1)
    entry.chmod(0o644)
    entry.write_text("{}")
    store.days = 30
    before = list(store.keys(""))
    with pytest.raises(Exception, match="is malformed"):
        gc.collect(store, DATASET, delete=True)
    assert list(store.keys("")) == before


def test_checkpoints_are_collected_but_for_the_newest_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "EVERY", 2)
    store = Later(tmp_path / "store")
    write_log(store, entries_of(9))
    store.days = 8
    (found,) = gc.collect(store, LOGGED, delete=True)
    assert (found.prefix, found.objects, found.is_deleted) == (f"{LOGGED}/checkpoints", 2, True)
    assert list(store.keys(f"{LOGGED}/checkpoints")) == [checkpoint_key(LOGGED, n) for n in (6, 8)]
    assert read_log(store, LOGGED) == entries_of(9)


# On the real server, whose clock nobody sets


def wait(store: ObjectStore) -> None:
    """Until what is there now is garbage by its age; a bucket tells whole seconds."""
    began = store.now()
    while store.now() - began <= SECONDS + timedelta(seconds=1):
        time.sleep(0.1)


def test_in_a_bucket_garbage_is_collected_while_another_publishes(s3_store: S3Store, tmp_path: Path) -> None:
    publish(s3_store, built(tmp_path / "a", "one"), "r")
    orphan = aborted(s3_store, tmp_path / "b", "two")
    wanted = aborted(s3_store, tmp_path / "c", "three")
    assert gc.collect(s3_store, DATASET, delete=True) == []  # by the command's own age, a week
    wait(s3_store)
    announce(s3_store, DATASET, wanted, "a-live-attempt")
    collected: list[gc.Garbage] = []

    def meanwhile(path: str) -> None:
        if path == "items/part-00000.parquet":
            collected.extend(gc.collect(s3_store, DATASET, delete=True, age=SECONDS))

    mine = publish(s3_store, built(tmp_path / "d", "four"), "r", meanwhile)
    assert [(one.prefix, one.objects, one.is_deleted) for one in collected] == [
        (f"{DATASET}/releases/{orphan}", 9, True),
        (f"{DATASET}/intents", 3, True),
    ]
    assert not any(orphan in key for key in s3_store.keys(""))
    assert any(f"releases/{wanted}" in key for key in s3_store.keys(""))
    assert not any("/collecting/" in key for key in s3_store.keys(""))
    assert (mine.is_new, mine.entry.sequence) == (True, 2)
    assert torn(s3_store) == []
    assert publish(s3_store, built(tmp_path / "c", "three"), "r").is_new
    assert torn(s3_store) == []


def test_without_its_announcement_a_publisher_would_lose_its_files(
    s3_store: S3Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin of the test above: what keeps a publisher's files is that it announced itself, or that they are new."""

    def meanwhile(path: str) -> None:
        if path == "README.md":
            wait(s3_store)
            gc.collect(s3_store, DATASET, delete=True, age=SECONDS)

    monkeypatch.setattr("pipelines.release.publish.announce", lambda *_: None)
    publish(s3_store, built(tmp_path / "a", "one"), "r", meanwhile)
    assert any("README.md is missing" in fault for fault in torn(s3_store))
