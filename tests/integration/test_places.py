"""A full disk and a read-only folder, real ones: a plain error, nothing published half, and recovery."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipelines.commands.console import of_the_machine
from pipelines.release.fetch import FetchedError, pull
from pipelines.release.log import read_entries
from pipelines.release.publish import publish
from pipelines.release.store import StoreError
from pipelines.release.verify import verify
from pipelines.resources.folder import FolderStore
from pipelines.resources.s3 import S3Options, S3Store
from tests.conftest import variorum
from tests.faults.release import DATASET, built, torn
from tests.s3_server import BUCKET, REGION, s3_server


@contextmanager
def mounted(place: Path, size: str) -> Iterator[Path]:
    """A disk of its own, of that size, in memory."""
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(place)], capture_output=True)
    if done.returncode:
        pytest.skip("only root may mount a disk")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two mebibytes."""
    with mounted(tmp_path / "disk", "2m") as place:
        yield place


def fill(place: Path, free: int) -> None:
    """Leave so many bytes free on a disk."""
    filler = place / "filler"
    filler.unlink(missing_ok=True)
    found = os.statvfs(place)
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(found.f_bavail * found.f_frsize - free, 1))


def hidden(folder: Path) -> list[str]:
    """Half-written files; locks are none."""
    return [path.name for path in folder.rglob(".*") if not path.name.endswith(".lock")]


def test_a_full_disk_stops_a_publication_wherever_it_is_and_it_goes_on(disk: Path, tmp_path: Path) -> None:
    store = FolderStore(disk / "store")
    first = publish(store, built(tmp_path / "a", "one"), "r").entry
    second = built(tmp_path / "b", "two")
    told = []
    for free in range(0, 1 << 20, 4096 * 20):
        fill(disk, free)
        try:
            landed = publish(store, second, "r").entry
            break
        except StoreError as error:
            told.append(str(error))
        assert read_entries(store, DATASET) == [first]
        assert torn(store) == []
        assert hidden(disk) == []
    assert len(told) > 2
    assert all(line.startswith("cannot write") and line.endswith("No space left on device") for line in told)
    assert read_entries(store, DATASET) == [first, landed]
    assert verify(store, DATASET).is_whole


def test_a_disk_that_is_full_after_the_commit_leaves_the_release_and_says_so(disk: Path, tmp_path: Path) -> None:
    class Filling(FolderStore):
        def replace(self, key: str, tag: str, data: bytes) -> bool:
            if key.endswith("latest.json"):
                fill(disk, 0)
            return super().replace(key, tag, data)

    store = FolderStore(disk / "store")
    publish(store, built(tmp_path / "a", "one"), "r")
    second = built(tmp_path / "b", "two")
    with pytest.raises(StoreError, match="No space left on device; the log has its entry all the same, and the next r"):
        publish(Filling(disk / "store"), second, "r")
    assert len(read_entries(store, DATASET)) == 2
    assert torn(store) == []
    (disk / "filler").unlink()
    assert not publish(store, second, "r").is_new
    assert verify(store, DATASET).is_whole


def test_a_file_may_not_grow_beyond_a_limit(tmp_path: Path) -> None:
    """A quota, as anybody may set it for a process."""
    store, before = FolderStore(tmp_path / "store"), resource.getrlimit(resource.RLIMIT_FSIZE)
    made = built(tmp_path / "a", "one")
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(StoreError, match=r"cannot write small/releases/.* to the store .*: File too large"):
            publish(store, made, "r")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert read_entries(store, DATASET) == []
    assert hidden(tmp_path / "store") == []
    assert publish(store, made, "r").is_new
    assert verify(store, DATASET).is_whole


def test_a_pull_onto_a_full_disk_stops_and_goes_on(disk: Path, tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    entry = publish(store, built(tmp_path / "a", "one"), "r").entry
    fill(disk, 150_000)
    with pytest.raises(FetchedError, match=r"cannot write to .*: No space left on device; what is there stays, pull a"):
        pull(store, entry, disk / "pulled")
    assert hidden(disk) == []
    (disk / "filler").unlink()
    pulled = pull(store, entry, disk / "pulled")
    assert pulled.kept
    assert len(pulled.fetched) > 2
    done = subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=disk / "pulled", check=False)
    assert done.returncode == 0


def test_a_read_only_folder_can_be_read_and_is_refused_at_once(disk: Path, tmp_path: Path) -> None:
    store = FolderStore(disk / "store")
    first = publish(store, built(tmp_path / "a", "one"), "r").entry
    before = sorted(disk.rglob("*"))
    second = built(tmp_path / "b", "two")
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    with pytest.raises(StoreError, match=r"cannot write small/probe/precondition to .*: Read-only file system"):
        publish(store, second, "r")
    assert sorted(disk.rglob("*")) == before
    assert verify(store, DATASET).is_whole
    assert pull(store, first, tmp_path / "pulled").fetched
    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    assert publish(store, second, "r").is_new


def test_a_run_whose_home_is_on_a_full_disk_says_so(disk: Path) -> None:
    fill(disk, 100_000)
    command = ["run", "--dataset", "demo", "--inbox", "pipelines/demo/inbox", "--home", str(disk / "home")]
    done = variorum(*command, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("; make room on that disk, or work on another one: --home DIR")
    assert "Traceback" not in done.stderr
    assert read_entries(FolderStore(disk / "home" / "store"), "demo") == []


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(28, "No space left on device", "/home/run.log"), "/home/run.log: No space left on device; make room"),
        (OSError(30, "Read-only file system"), "Read-only file system; give yourself the right"),
        (PermissionError(13, "Permission denied", "/home"), "/home: Permission denied; give yourself the right"),
        (RuntimeError("IO Error: could not write: No space left on device"), "No space left on device; make room"),
        (FileNotFoundError(2, "No such file or directory"), None),
        (RuntimeError("a fault of ours"), None),
    ],
)
def test_what_the_system_refuses_is_told_from_faults_of_ours(error: Exception, told: str | None) -> None:
    try:
        raise ValueError("what came of it") from error
    except ValueError as raised:
        found = of_the_machine(raised)
    assert found is None if told is None else str(found).startswith(told)


def test_a_server_on_a_full_disk_publishes_nothing_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.release.store.pause", lambda _: None)
    with mounted(tmp_path / "disk", "40m") as disk, s3_server(disk / "server") as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        store = S3Store(BUCKET, "x", S3Options(server.endpoint, REGION))
        first = publish(store, built(tmp_path / "a", "one"), "r").entry
        fill(disk, 0)
        with pytest.raises(StoreError, match=r"cannot write small/.* to .*: the server answers InternalError"):
            publish(store, built(tmp_path / "b", "two"), "r")
        assert read_entries(store, DATASET) == [first]
        assert torn(store) == []
