"""One flipped byte in each kind of object is told, or mended, and nothing is published half; a stale pointer, too."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines.release import checkpoints
from pipelines.release.build import Built
from pipelines.release.checkpoints import read_log
from pipelines.release.comparison import DifferenceError
from pipelines.release.fetch import FetchedError, pull
from pipelines.release.log import POINTER, Entry, LogError, read_entries
from pipelines.release.manifest import ManifestError
from pipelines.release.publish import PublishError, publish
from pipelines.release.store import ObjectStore, StoreError
from pipelines.release.verify import find_release, verify
from pipelines.resources.folder import FolderStore
from pipelines.resources.s3 import S3Store
from tests.faults.release import overwrite
from tests.unit.released import Content, build, judgment, released

PLAIN = (DifferenceError, FetchedError, LogError, ManifestError, PublishError, StoreError)
"""What a command turns into one message."""

CONTENTS = [
    Content([judgment("i1", who, "yes") for who in people])
    for people in (["ana"], ["ana", "ben"], ["ana", "ben", "cy"])
]
FIRST, SECOND = "log/00000001.json", "log/00000002.json"
LATEST_RELEASE, FIRST_RELEASE = "releases/1.1.0-", "releases/1.0.0-"
FILES = ("judgments/part-00000.parquet", "questions/part-00000.parquet", "CHANGELOG.md", "manifest.json", "SHA256SUMS")
VOUCHED = [*(f"{release}*/{file}" for release in (FIRST_RELEASE, LATEST_RELEASE) for file in FILES), FIRST, SECOND]
"""What the log vouches for, and the log."""
DERIVED = [POINTER, "checkpoints/00000001.jsonl", "checkpoints/00000002.jsonl"]
OTHERS = ["probe/precondition", "intents/1.1.0-*/*"]


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "EVERY", 1)
    monkeypatch.setattr(checkpoints, "pause", lambda _: None)


@dataclass(frozen=True)
class Made:
    """A store of two releases, and a third one that is built."""

    folder: Path
    entries: list[Entry]
    third: Built


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("two")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(checkpoints, "EVERY", 1)
        entries = [released(FolderStore(folder / "store"), content, folder).entry for content in CONTENTS[:2]]
    return Made(folder / "store", entries, build(CONTENTS[2], folder / "third"))


def key_of(store: ObjectStore, pattern: str) -> str:
    """The object of the dataset that fits a pattern."""
    (found,) = (key for key in store.keys("d") if Path(key).match(f"d/{pattern}"))
    return found


def flip(data: bytes, place: float) -> bytes:
    flipped = bytearray(data)
    flipped[round(place * (len(data) - 1))] ^= 1
    return bytes(flipped)


def is_noticed(store: ObjectStore, version: str) -> bool:
    """Whether verifying that release tells a fault; none is told of one that is whole."""
    try:
        return not verify(store, "d", version).is_whole
    except LogError:
        return True


@pytest.mark.parametrize("pattern", [*VOUCHED, *DERIVED, *OTHERS])
@pytest.mark.parametrize("place", [0.3, 1])
def test_a_flipped_byte_is_told_or_mended_and_nothing_is_published_half(
    made: Made, tmp_path: Path, pattern: str, place: float
) -> None:
    store: ObjectStore = FolderStore(shutil.copytree(made.folder, tmp_path / "store"))
    key = key_of(store, pattern)
    held = store.read(key) or b""
    overwrite(store, key, flip(held, place))
    damaged = made.entries[FIRST_RELEASE not in pattern]
    assert is_noticed(store, damaged.version) == (pattern not in OTHERS)
    _pulled_is_right_or_refused(store, damaged, tmp_path, pattern)
    told = None
    try:
        publish(store, made.third, "r")
    except PLAIN as error:
        told = str(error)
    assert len(list(store.keys("d/log"))) == (2 if told else 3)
    if told:
        assert "\n" not in told
        assert pattern in VOUCHED or pattern == POINTER
    if store.read(key) == flip(held, place):
        overwrite(store, key, held)
    landed = publish(store, made.third, "r").entry
    assert read_log(store, "d") == read_entries(store, "d") == [*made.entries, landed]
    assert [verify(store, "d", entry.version).is_whole for entry in [*made.entries, landed]] == [True] * 3


def test_in_a_bucket_a_flipped_byte_is_told(s3_store: S3Store, tmp_path: Path) -> None:
    entries = [released(s3_store, content, tmp_path).entry for content in CONTENTS[:2]]
    for n, pattern in enumerate([*VOUCHED, *DERIVED]):
        key = key_of(s3_store, pattern)
        held = s3_store.read(key) or b""
        overwrite(s3_store, key, flip(held, 0.3))
        damaged = entries[FIRST_RELEASE not in pattern]
        assert is_noticed(s3_store, damaged.version), pattern
        _pulled_is_right_or_refused(s3_store, damaged, tmp_path / str(n), pattern)
        overwrite(s3_store, key, held)
    assert verify(s3_store, "d").is_whole


def _pulled_is_right_or_refused(store: ObjectStore, entry: Entry, folder: Path, pattern: str) -> None:
    try:
        pull(store, find_release(store, "d", entry.version), folder / "pulled")
    except PLAIN:
        assert pattern in VOUCHED or pattern == POINTER
        return
    assert pattern not in VOUCHED or pattern in (FIRST, SECOND) or pattern.endswith("SHA256SUMS")
    assert find_release(store, "d", entry.version) == entry


def test_a_stale_pointer_stops_nobody_and_is_moved_by_the_next(store: ObjectStore, tmp_path: Path) -> None:
    first = released(store, CONTENTS[0], tmp_path).entry
    stale = store.read(f"d/{POINTER}")
    second = released(store, CONTENTS[1], tmp_path).entry
    overwrite(store, f"d/{POINTER}", stale)
    assert find_release(store, "d", None) == second
    assert read_log(store, "d") == [first, second]
    faults = {finding.path: finding.fault for finding in verify(store, "d").findings if finding.fault}
    assert faults == {f"d/{POINTER}": "is behind the log, or one of the two was changed"}
    assert not released(store, CONTENTS[1], tmp_path).is_new
    assert json.loads(store.read(f"d/{POINTER}") or b"")["sequence"] == 2
    assert verify(store, "d").is_whole
