"""A pull brings a release whole, goes on where it stopped, and takes nothing that was tampered with."""

from __future__ import annotations

import fcntl
import io
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from pipelines.release.fetch import FetchedError, pull
from pipelines.release.log import Entry
from pipelines.release.manifest import ManifestError
from pipelines.release.store import AbsentError, StoreError
from pipelines.resources.folder import FolderStore
from tests.unit.released import Content, judgment, released

FIRST = Content([judgment("i1", "ana", "yes"), judgment("i1", "ben", "no")])
MORE = Content([*FIRST.judgments, judgment("i1", "cy", "yes")])
JUDGMENTS = "judgments/part-00000.parquet"


class Counting(FolderStore):
    """A folder store that notes what is opened, and may break off in the middle of an object."""

    def __init__(self, root: Path, breaks_in: str | None = None) -> None:
        super().__init__(root)
        self.opened: list[str] = []
        self.breaks_in = breaks_in

    def open(self, key: str) -> BinaryIO:
        self.opened.append(key.split("/", 3)[3])
        stream = super().open(key)
        return Breaking(stream) if self.breaks_in and key.endswith(self.breaks_in) else stream


class Breaking(io.BytesIO):
    """A stream that gives ten bytes and then breaks."""

    def __init__(self, whole: BinaryIO) -> None:
        with whole:
            super().__init__(whole.read(10))

    def read(self, size: int | None = -1) -> bytes:
        if block := super().read(size):
            return block
        raise StoreError("the connection was lost")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Entry]:
    folder = tmp_path_factory.mktemp("one")
    return folder / "store", released(FolderStore(folder / "store"), FIRST, folder).entry


@pytest.fixture
def entry(made: tuple[Path, Entry], tmp_path: Path) -> Entry:
    """The release that ``store`` in the test's folder holds."""
    shutil.copytree(made[0], tmp_path / "store")
    return made[1]


def files(folder: Path) -> Iterator[str]:
    return (path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file())


def test_a_pulled_release_is_what_the_store_holds(entry: Entry, tmp_path: Path) -> None:
    target = tmp_path / "a" / "b"
    told: dict[str, int] = {}
    pulled = pull(
        FolderStore(tmp_path / "store"), entry, target, lambda path, n: told.update({path: told.get(path, 0) + n})
    )
    published = tmp_path / "store" / "d" / "releases" / entry.folder
    assert list(files(target)) == list(files(published))
    assert all((target / path).read_bytes() == (published / path).read_bytes() for path in files(published))
    assert (sorted(pulled.fetched), pulled.kept) == (sorted(files(published)), ())
    assert told == {path: (published / path).stat().st_size for path in files(published)}
    done = subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=target, check=False)
    assert done.returncode == 0


def test_a_pull_that_broke_off_goes_on_and_fetches_nothing_twice(entry: Entry, tmp_path: Path) -> None:
    store, target = Counting(tmp_path / "store", breaks_in=JUDGMENTS), tmp_path / "pulled"
    with pytest.raises(StoreError, match="the connection was lost"):
        pull(store, entry, target)
    assert JUDGMENTS not in files(target)
    assert "SHA256SUMS" not in files(target)
    before = set(files(target))
    store.breaks_in, store.opened = None, []
    pulled = pull(store, entry, target)
    assert not before & set(store.opened)
    assert set(pulled.kept) == before


def test_a_partial_or_changed_file_is_replaced(entry: Entry, tmp_path: Path) -> None:
    store, target = Counting(tmp_path / "store"), tmp_path / "pulled"
    pull(store, entry, target)
    whole = (target / JUDGMENTS).read_bytes()
    (target / JUDGMENTS).write_bytes(whole[:-1] + b"?")
    (target / "judgments" / ".part-00000.parquet.partial").write_bytes(whole[:9])  # of a pull that was killed
    (target / "manifest.json").write_bytes(b"{")
    store.opened = []
    assert pull(store, entry, target).fetched == (JUDGMENTS, "manifest.json")
    assert store.opened == [JUDGMENTS, "manifest.json"]
    assert (target / JUDGMENTS).read_bytes() == whole
    assert not list(target.rglob("*.partial"))


@pytest.mark.parametrize("kind", [JUDGMENTS, "ledger/part-00000.parquet", "CHANGELOG.md", "SHA256SUMS"])
def test_a_tampered_file_is_refused_and_is_not_there(entry: Entry, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "store" / "d" / "releases" / entry.folder / kind
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)
    with pytest.raises(FetchedError, match=f"{kind} in .* is not what was published: .* it was not taken"):
        pull(FolderStore(tmp_path / "store"), entry, tmp_path / "pulled")
    assert kind not in files(tmp_path / "pulled")
    assert not list((tmp_path / "pulled").rglob("*.partial"))


def test_a_tampered_manifest_is_refused_by_the_log(entry: Entry, tmp_path: Path) -> None:
    path = tmp_path / "store" / "d" / "releases" / entry.folder / "manifest.json"
    path.chmod(0o644)
    path.write_text(path.read_text().replace('"CC0-1.0"', '"none"'))
    with pytest.raises(ManifestError, match="is not what the log vouches for"):
        pull(FolderStore(tmp_path / "store"), entry, tmp_path / "pulled")
    assert not (tmp_path / "pulled").exists()


def test_a_missing_and_a_cut_off_file_are_refused(entry: Entry, tmp_path: Path) -> None:
    path = tmp_path / "store" / "d" / "releases" / entry.folder / JUDGMENTS
    whole = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(whole[:100])
    with pytest.raises(FetchedError, match=f"100 bytes of sha256 .*, expected {len(whole):,} of "):
        pull(FolderStore(tmp_path / "store"), entry, tmp_path / "pulled")
    path.unlink()
    with pytest.raises(FetchedError, match=f"release 1.0.0 cannot be read: .* has no object .*{JUDGMENTS}"):
        pull(FolderStore(tmp_path / "store"), entry, tmp_path / "pulled")


def test_a_file_that_the_store_shows_late_is_looked_for_again(entry: Entry, tmp_path: Path) -> None:
    class Late(FolderStore):
        shown = 0

        def open(self, key: str) -> BinaryIO:
            self.shown += 1
            if self.shown % 3:
                raise AbsentError(f"{self.uri} has no object {key}")
            return super().open(key)

    pulled = pull(Late(tmp_path / "store"), entry, tmp_path / "pulled")
    assert JUDGMENTS in pulled.fetched


def test_a_folder_with_other_files_or_another_release_is_left_alone(entry: Entry, tmp_path: Path) -> None:
    store, target = FolderStore(tmp_path / "store"), tmp_path / "pulled"
    (target / "judgments").mkdir(parents=True)
    (target / "judgments" / "part-00001.parquet").write_bytes(b"mine")
    with pytest.raises(FetchedError, match=r"holds what is no part of this release: judgments/part-00001.parquet"):
        pull(store, entry, target)
    assert list(files(target)) == ["judgments/part-00001.parquet"]
    pull(store, entry, tmp_path / "first")
    later = released(store, MORE, tmp_path).entry
    with pytest.raises(FetchedError, match=r"holds 1\.0\.0 of d; give a folder of its own"):
        pull(store, later, tmp_path / "first")


def test_one_pull_at_a_time_works_in_a_folder(entry: Entry, tmp_path: Path) -> None:
    (tmp_path / "pulled").mkdir()
    held = os.open(tmp_path / "pulled", os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    with pytest.raises(FetchedError, match="another pull works in"):
        pull(FolderStore(tmp_path / "store"), entry, tmp_path / "pulled")
    os.close(held)
    pull(FolderStore(tmp_path / "store"), entry, tmp_path / "pulled")


def test_a_folder_that_cannot_be_written_is_a_plain_error(entry: Entry, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FetchedError, match=r"cannot write to .*: (Not a directory|File exists)"):
        pull(FolderStore(tmp_path / "store"), entry, tmp_path / "file")
