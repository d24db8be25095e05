"""Versions follow from differences, and can be raised by hand only; the changelog tells why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipelines.release.checkpoints import read_log
from pipelines.release.manifest import CHANGELOG
from pipelines.release.publish import Published
from pipelines.release.verify import load_manifest, verify
from pipelines.release.versions import next_version, parse_version
from pipelines.resources.folder import FolderStore
from tests.unit.released import Content, judgment, released

FIRST = Content([judgment("i1", "ana", "yes"), judgment("i1", "ben", "no")])
MORE = Content([*FIRST.judgments, judgment("i1", "cy", "yes")])
MENDED = Content([*FIRST.judgments, judgment("i1", "cy", "no")])


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


def text_of(store: FolderStore, published: Published) -> str:
    entry = published.entry
    return (store.read(f"d/releases/{entry.folder}/{CHANGELOG}") or b"").decode()


def test_versions_go_on_as_the_difference_says(store: FolderStore, tmp_path: Path) -> None:
    versions = [released(store, content, tmp_path).entry.version for content in (FIRST, MORE, MENDED, FIRST)]
    assert versions == ["1.0.0", "1.1.0", "1.1.1", "2.0.0"]


def test_the_changelog_tells_every_version_and_is_audited_like_any_file(store: FolderStore, tmp_path: Path) -> None:
    published = [released(store, content, tmp_path) for content in (FIRST, MORE, MENDED)][-1]
    text = text_of(store, published)
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## 1.1.1, after 1.1.0",
        "## 1.1.0, after 1.0.0",
        "## 1.0.0",
    ]
    assert "- s: 1 judgment corrected (answer 1, raw_answer 1)" in text
    assert "| distinct answers to a question about an item | 2 | 2 | 0 | 0 |" in text
    manifest = load_manifest(store, published.entry)
    assert CHANGELOG in [file.path for file in manifest.files]
    sums = store.read(f"d/releases/{published.entry.folder}/SHA256SUMS") or b""
    assert f"  {CHANGELOG}\n" in sums.decode()
    assert verify(store, "d").is_whole


def test_the_changelog_is_the_same_bytes_wherever_it_is_made(tmp_path: Path) -> None:
    texts = []
    for name in ("one", "other"):
        store = FolderStore(tmp_path / name)
        published = [released(store, content, tmp_path / f"made in {name}") for content in (FIRST, MORE)][-1]
        texts.append((published.entry.folder, text_of(store, published)))
    assert texts[0] == texts[1]


def test_a_changelog_that_was_changed_in_the_store_is_not_gone_on_with(store: FolderStore, tmp_path: Path) -> None:
    from pipelines.release.fetch import FetchedError

    entry = released(store, FIRST, tmp_path).entry
    path = tmp_path / "store" / "d" / "releases" / entry.folder / CHANGELOG
    path.chmod(0o644)
    path.write_text(path.read_text().replace("first", "best"))
    with pytest.raises(FetchedError, match=r"CHANGELOG.md in .* is not what was published"):
        released(store, MORE, tmp_path)
    assert len(read_log(store, "d")) == 1


def test_the_same_content_is_nothing_new_although_its_changelog_would_be_another(
    store: FolderStore, tmp_path: Path
) -> None:
    first, again = released(store, FIRST, tmp_path), released(store, FIRST, tmp_path)
    assert (first.is_new, again.is_new, again.entry) == (True, False, first.entry)
    assert len(read_log(store, "d")) == 1


def test_what_a_dead_publisher_left_does_not_stand_in_the_way(store: FolderStore, tmp_path: Path) -> None:
    """It was to be 1.1.0 after 1.0.0; it becomes 1.1.0 after 1.0.1, with another changelog."""
    fixed = Content([judgment("i1", "ana", "no"), judgment("i1", "ben", "no")])
    released(store, FIRST, tmp_path)

    def die(path: str) -> None:
        if path == "SHA256SUMS":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        released(store, MORE, tmp_path, on_file=die)
    assert released(store, fixed, tmp_path).entry.version == "1.0.1"
    assert released(store, MORE, tmp_path).entry.version == "1.1.0"
    assert verify(store, "d").is_whole


def test_a_version_is_raised_by_hand(store: FolderStore, tmp_path: Path) -> None:
    assert released(store, FIRST, tmp_path, at_least="3.0.0").entry.version == "3.0.0"
    published = released(store, MORE, tmp_path, at_least="4.2.0")
    assert published.entry.version == "4.2.0"
    assert published.reasons[0] == "raised by hand, computed 3.1.0"
    assert "- raised by hand, computed 3.1.0" in text_of(store, published)


@pytest.mark.parametrize("at_least", ["0.1.0", "1.0.0", "2.0.0"])
def test_a_version_is_never_lowered_by_hand(store: FolderStore, tmp_path: Path, at_least: str) -> None:
    released(store, MORE, tmp_path)
    published = released(store, FIRST, tmp_path, at_least=at_least)
    assert published.entry.version == "2.0.0"
    assert not any("by hand" in reason for reason in published.reasons)


def test_the_first_version_and_one_after_nothing_but_yanked_ones() -> None:
    assert next_version(None, None).version == "1.0.0"
    assert next_version("1.4.2", None).version == "2.0.0"


@pytest.mark.parametrize("text", ["1.0", "1.0.0.0", "v1.0.0", "1.0.0-rc1", "01.0.0", "1.²0.0", ""])
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"a version looks like 1\.4\.0"):
        parse_version(text)


def test_a_log_of_before_reasons_reads_as_it_did(store: FolderStore, tmp_path: Path) -> None:
    released(store, FIRST, tmp_path)
    stored = json.loads((tmp_path / "store" / "d" / "log" / "00000001.json").read_text())
    assert "reason" not in stored
