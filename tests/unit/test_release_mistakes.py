"""Yank, unyank and rollback: entries are appended, nothing is deleted, and default reads follow."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.release.checkpoints import read_log
from pipelines.release.log import Entry, LogError, entry_key
from pipelines.release.mistakes import MistakeError, rollback, unyank, yank
from pipelines.release.standing import Standing
from pipelines.release.verify import UnknownReleaseError, find, find_release, last_manifest, verify
from pipelines.resources.folder import FolderStore
from tests.unit.released import Content, judgment, released

CONTENTS = [
    Content([judgment("i1", who, "yes") for who in people])
    for people in (["ana"], ["ana", "ben"], ["ana", "ben", "cy"])
]
FOURTH = Content([judgment("i1", who, "no") for who in ("ana", "ben", "cy", "dee")])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("three")
    for content in CONTENTS:
        released(FolderStore(folder / "store"), content, folder)
    return folder / "store"


@pytest.fixture
def store(made: Path, tmp_path: Path) -> FolderStore:
    """Three releases: 1.0.0, 1.1.0 and 1.2.0."""
    shutil.copytree(made, tmp_path / "store")
    return FolderStore(tmp_path / "store")


def latest(store: FolderStore) -> str | None:
    """By the log, the pointer and the audit, which must agree."""
    assert verify(store, "d", "1.0.0").is_whole
    pointed = json.loads(store.read("d/latest.json") or b"")["version"]
    standing = Standing.of("d", read_log(store, "d"))
    assert pointed == (standing.latest.version if standing.latest else None)
    return pointed


def test_a_yanked_release_is_passed_over_and_stays(store: FolderStore) -> None:
    yank(store, "d", "1.2.0", "two files were exchanged")
    assert latest(store) == "1.1.0"
    assert find_release(store, "d", None).version == "1.1.0"
    manifest = last_manifest(store, "d")
    assert manifest is not None
    assert manifest.version == "1.1.0"
    pinned = find(store, "d", "1.2.0")
    assert pinned.yanked == "two files were exchanged"
    assert verify(store, "d", "1.2.0").is_whole


def test_an_older_yanked_release_leaves_latest_alone(store: FolderStore) -> None:
    yank(store, "d", "1.1.0", "wrong")
    assert latest(store) == "1.2.0"
    rollback(store, "d", "1.0.0", "wrong")
    assert latest(store) == "1.0.0"


def test_a_yank_is_taken_back(store: FolderStore) -> None:
    yank(store, "d", "1.2.0", "wrong")
    unyank(store, "d", "1.2.0", "it was right")
    assert latest(store) == "1.2.0"
    assert find(store, "d", "1.2.0").yanked is None


def test_a_rollback_takes_back_what_came_after(store: FolderStore) -> None:
    rollback(store, "d", "1.0.0", "too early")
    assert latest(store) == "1.0.0"
    assert [one.yanked for one in Standing.of("d", read_log(store, "d")).releases] == [None, None, None]
    yank(store, "d", "1.0.0", "wrong")
    assert latest(store) is None  # what was rolled back does not come back by itself
    rollback(store, "d", "1.2.0", "after all")
    assert latest(store) == "1.2.0"


def test_where_all_are_yanked_there_is_no_default(store: FolderStore, tmp_path: Path) -> None:
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        yank(store, "d", version, "wrong")
    assert latest(store) is None
    with pytest.raises(UnknownReleaseError, match=r"every release of d in .* is yanked; name one: 1.0.0, 1.1.0, 1.2.0"):
        find(store, "d", None)
    assert find(store, "d", "1.1.0").entry.version == "1.1.0"
    published = released(store, FOURTH, tmp_path)
    assert (published.entry.version, published.reasons) == ("2.0.0", ("every release before it was yanked",))
    assert latest(store) == "2.0.0"


@pytest.mark.parametrize(("act", "told"), [(yank, "yanked: by mistake"), (rollback, "rolled back")])
def test_the_next_run_does_not_undo_what_somebody_took_back(
    store: FolderStore, tmp_path: Path, act: Callable[..., Standing], told: str
) -> None:
    act(store, "d", "1.2.0" if act is yank else "1.1.0", "by mistake")
    published = released(store, CONTENTS[2], tmp_path)
    assert not published.is_new
    assert published.reasons == (f"nothing new: the same as 1.2.0, which was {told}",)
    assert latest(store) == "1.1.0"


def test_what_comes_after_a_yank_is_compared_with_what_readers_have(store: FolderStore, tmp_path: Path) -> None:
    yank(store, "d", "1.2.0", "wrong")
    published = released(store, FOURTH, tmp_path)
    assert published.entry.version == "1.3.0"  # no version is given twice
    assert published.reasons[0] == "s: 2 judgments added"
    text = (store.read(f"d/releases/{published.entry.folder}/CHANGELOG.md") or b"").decode()
    assert "## 1.3.0, after 1.1.0" in text
    assert "1.2.0" not in text


def test_nothing_is_deleted_and_the_chain_holds(store: FolderStore) -> None:
    before = {key: store.read(key) for key in store.keys("d") if not key.endswith("latest.json")}
    yank(store, "d", "1.2.0", "a")
    unyank(store, "d", "1.2.0", "b")
    rollback(store, "d", "1.0.0", "c")
    after = {key: store.read(key) for key in store.keys("d") if not key.endswith("latest.json")}
    assert after.items() >= before.items()
    added = [entry for entry in read_log(store, "d") if entry.sequence > 3]
    assert [(entry.action, entry.version, entry.reason) for entry in added] == [
        ("yank", "1.2.0", "a"),
        ("unyank", "1.2.0", "b"),
        ("rollback", "1.0.0", "c"),
    ]


REFUSED: dict[str, tuple[Callable[[FolderStore], object], type[Exception], str]] = {
    "a yank without a reason": (lambda store: yank(store, "d", "1.0.0", " \n"), MistakeError, "say why"),
    "a yank of nothing": (lambda store: yank(store, "d", "9.0.0", "x"), UnknownReleaseError, "there are: 1.0.0, 1.1.0"),
    "an unyank of what is not yanked": (lambda store: unyank(store, "d", "1.0.0", "x"), MistakeError, "not yanked"),
    "a rollback to latest": (lambda store: rollback(store, "d", "1.2.0", "x"), MistakeError, "is latest already"),
    "a rollback to a yanked one": (
        lambda store: (yank(store, "d", "1.0.0", "bad"), rollback(store, "d", "1.0.0", "x")),
        MistakeError,
        "1.0.0 of d is yanked: bad; unyank it first",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_makes_no_sense_is_refused(store: FolderStore, name: str) -> None:
    act, error, told = REFUSED[name]
    with pytest.raises(error, match=told):
        act(store)
    assert latest(store) == "1.2.0"


def test_an_entry_that_is_changed_breaks_the_chain(store: FolderStore, tmp_path: Path) -> None:
    yank(store, "d", "1.2.0", "wrong")
    unyank(store, "d", "1.2.0", "right")
    path = tmp_path / "store" / entry_key("d", 4)
    path.chmod(0o644)
    path.write_text(path.read_text().replace("wrong", "wronk"))
    with pytest.raises(LogError, match="does not follow from the entry before it"):
        find(store, "d", None)


_NOT_ITS_MANIFEST = ["does not say of the release what its manifest says"]


def test_a_last_entry_that_does_not_fit_its_manifest_is_found(store: FolderStore, tmp_path: Path) -> None:
    path = tmp_path / "store" / entry_key("d", 3)
    digest = json.loads(path.read_text())["content_digest"]
    path.chmod(0o644)
    path.write_text(path.read_text().replace(digest, "0" * 64))
    faults = [finding.fault for finding in verify(store, "d").findings if finding.fault]
    assert faults == ["is behind the log, or one of the two was changed", *_NOT_ITS_MANIFEST]
    (tmp_path / "store" / "d" / "latest.json").unlink()
    faults = [finding.fault for finding in verify(store, "d").findings if finding.fault]
    assert faults == ["is missing", *_NOT_ITS_MANIFEST]


def _appended(store: FolderStore, **changes: str) -> None:
    entries = read_log(store, "d")
    last = entries[-1]
    entry: Entry = replace(last, sequence=len(entries) + 1, previous=last.digest, **changes)
    assert store.put_if_absent(entry_key("d", entry.sequence), entry.to_json())


@pytest.mark.parametrize(
    ("changes", "told"),
    [({"action": "bless"}, "no action 'bless'"), ({"action": "yank", "folder": "7.0.0-0"}, "was never published")],
)
def test_an_entry_that_this_version_does_not_know_is_not_passed_over(
    store: FolderStore, changes: dict[str, str], told: str
) -> None:
    _appended(store, **changes)
    with pytest.raises(LogError, match=told):
        find(store, "d", None)


class Racing(FolderStore):
    """A store in which another publisher comes first, once."""

    def __init__(self, root: Path, first: Callable[[FolderStore], object]) -> None:
        super().__init__(root)
        self._others: list[Callable[[FolderStore], object]] = [first]
        self._plain = FolderStore(root)

    def put_if_absent(self, key: str, source: Path | bytes, sha256: str | None = None) -> bool:
        if "/log/" in key and self._others:
            self._others.pop()(self._plain)
        return super().put_if_absent(key, source, sha256)


def test_a_yank_that_loses_a_race_is_done_after_the_other(store: FolderStore, tmp_path: Path) -> None:
    racing = Racing(tmp_path / "store", lambda plain: released(plain, FOURTH, tmp_path))
    yank(racing, "d", "1.2.0", "wrong")
    assert [entry.action for entry in read_log(store, "d")] == ["publish"] * 4 + ["yank"]
    assert latest(store) == "1.3.0"


def test_a_rollback_that_is_overtaken_by_a_yank_of_its_release_is_refused(store: FolderStore, tmp_path: Path) -> None:
    racing = Racing(tmp_path / "store", lambda plain: yank(plain, "d", "1.0.0", "wrong"))
    with pytest.raises(MistakeError, match=r"1\.0\.0 of d is yanked"):
        rollback(racing, "d", "1.0.0", "back")
    assert latest(store) == "1.2.0"
