"""Publishing a small release: visible at the commit, convergent, never backwards, and only into a store that can."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.release.attempts import probe
from pipelines.release.build import Built, finish
from pipelines.release.checkpoints import read_log
from pipelines.release.evolution import evolve
from pipelines.release.log import POINTER, move_pointer
from pipelines.release.manifest import Manifest
from pipelines.release.publish import PublishError, publish
from pipelines.release.standing import Standing
from pipelines.release.store import ChecksumError, ObjectStore, StoreError, UnsureError
from pipelines.resources.folder import FolderStore
from pipelines.resources.s3 import S3Store
from tests.conftest import Ran, variorum
from tests.faults.release import DATASET, built, torn
from tests.s3_server import PUBLISHER, READER, S3Server


def test_a_release_is_published_once_and_again_adds_no_object(store: ObjectStore, tmp_path: Path) -> None:
    assert publish(store, built(tmp_path / "a", "one"), "r").is_new
    before = list(store.listing(""))
    again = publish(store, built(tmp_path / "b", "one"), "r2")
    assert (again.is_new, again.entry.version) == (False, "1.0.0")
    assert list(store.listing("")) == before
    second = publish(store, built(tmp_path / "c", "two"), "r3")
    assert (second.is_new, second.entry.version, second.entry.sequence) == (True, "1.0.1", 2)
    assert torn(store) == []


def test_a_pointer_never_moves_backwards_and_is_rebuilt(store: ObjectStore, tmp_path: Path) -> None:
    first = publish(store, built(tmp_path / "a", "one"), "r").entry
    second = publish(store, built(tmp_path / "b", "two"), "r").entry
    key = f"{DATASET}/{POINTER}"
    move_pointer(store, Standing.of(DATASET, [first]))
    assert json.loads(store.read(key) or b"")["sequence"] == 2
    store.delete(key)
    publish(store, built(tmp_path / "b", "two"), "r")
    assert json.loads(store.read(key) or b"")["sequence"] == second.sequence


class Overwrites(FolderStore):
    """A store that takes no notice of If-None-Match."""

    def put_if_absent(self, key: str, source: Path | bytes, sha256: str | None = None) -> bool:
        (self._root / key).unlink(missing_ok=True)
        return super().put_if_absent(key, source, sha256)


class Exchanges(FolderStore):
    """A store that takes no notice of If-Match."""

    def replace(self, key: str, tag: str, data: bytes) -> bool:
        held = self.held(key)
        return super().replace(key, held.tag if held else tag, data)


class Unchecked(FolderStore):
    """A store that takes no notice of checksums."""

    def put_if_absent(self, key: str, source: Path | bytes, sha256: str | None = None) -> bool:
        return super().put_if_absent(key, source)


@pytest.mark.parametrize(
    ("kind", "told"),
    [(Overwrites, "If-None-Match"), (Exchanges, "If-Match"), (Unchecked, "checksum")],
)
def test_a_store_that_does_not_keep_its_promises_is_refused(kind: type[FolderStore], told: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=rf"nothing is published to .*{told}"):
        publish(kind(tmp_path / "store"), built(tmp_path / "a", "one"), "r")
    assert not (tmp_path / "store" / DATASET / "releases").exists()
    assert not (tmp_path / "store" / DATASET / "log").exists()


def test_a_store_that_keeps_its_promises_passes_the_probe_again_and_again(store: ObjectStore) -> None:
    probe(store, "demo")
    before = [one.key for one in store.listing("")]
    probe(store, "demo")
    assert [one.key for one in store.listing("")] == before == ["demo/probe/precondition"]


class Vague(FolderStore):
    """A folder whose first answer about each object is an error, whether it did what was asked or not."""

    def __init__(self, root: Path, applies: bool) -> None:
        super().__init__(root)
        self._applies, self._told = applies, set[str]()

    def put_if_absent(self, key: str, source: Path | bytes, sha256: str | None = None) -> bool:
        if key not in self._told and "/probe/" not in key:
            self._told.add(key)
            if self._applies:
                super().put_if_absent(key, source, sha256)
            raise UnsureError("500")
        return super().put_if_absent(key, source, sha256)

    def replace(self, key: str, tag: str, data: bytes) -> bool:
        if key not in self._told and "/probe/" not in key:
            self._told.add(key)
            if self._applies:
                super().replace(key, tag, data)
            raise UnsureError("500")
        return super().replace(key, tag, data)


@pytest.mark.parametrize("applies", [True, False], ids=["done, and an error", "not done, and an error"])
def test_a_vague_answer_is_settled_by_looking(applies: bool, tmp_path: Path) -> None:
    store = Vague(tmp_path / "store", applies)
    published = publish(store, built(tmp_path / "a", "one"), "r")
    assert published.is_new
    assert [entry.attempt for entry in read_log(store, DATASET)] == [published.entry.attempt]
    assert publish(store, built(tmp_path / "b", "two"), "r").entry.sequence == 2
    assert torn(store) == []


def test_a_store_that_never_answers_clearly_publishes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Never(FolderStore):
        def put_if_absent(self, key: str, source: Path | bytes, sha256: str | None = None) -> bool:
            if "/log/" in key:
                raise UnsureError("the server answers 503")
            return super().put_if_absent(key, source, sha256)

    monkeypatch.setattr("pipelines.release.store.pause", lambda _: None)
    store = Never(tmp_path / "store")
    with pytest.raises(UnsureError, match="503"):
        publish(store, built(tmp_path / "a", "one"), "r")
    assert read_log(store, DATASET) == []


def test_who_loses_the_race_goes_after_the_winner(store: ObjectStore, tmp_path: Path) -> None:
    rival = built(tmp_path / "b", "two")

    def meanwhile(path: str) -> None:
        if path == "SHA256SUMS" and not read_log(store, DATASET):
            publish(store, rival, "rival")

    mine = publish(store, built(tmp_path / "a", "one"), "r", meanwhile)
    assert (mine.entry.sequence, mine.entry.version) == (2, "1.0.1")
    assert torn(store) == []


def test_other_bytes_where_ours_should_be_are_not_overwritten(store: ObjectStore, tmp_path: Path) -> None:
    mine = built(tmp_path / "a", "one")
    changes = evolve(store, Standing.of(DATASET, []), mine.folder, mine.manifest).changelog
    folder = f"{DATASET}/releases/{finish(mine, '1.0.0', changes).folder}"
    store.put_if_absent(f"{folder}/README.md", b"another's")
    with pytest.raises(PublishError, match=r"README\.md in .* holds other bytes than this release; it is not overwr"):
        publish(store, mine, "r")
    assert store.read(f"{folder}/README.md") == b"another's"
    assert read_log(store, DATASET) == []


class Rotting(FolderStore):
    """A store that gives back one flipped byte of what it was given."""

    is_whole = True

    def open(self, key: str) -> Any:
        if key.endswith("README.md") and self.is_whole:
            self.is_whole = False
            path = self._root / key
            path.chmod(0o644)
            data = bytearray(path.read_bytes())
            data[7] ^= 1
            path.write_bytes(data)
        return super().open(key)


def test_what_the_store_gives_back_is_what_counts(tmp_path: Path) -> None:
    store = Rotting(tmp_path / "store")
    with pytest.raises(PublishError, match="holds other bytes than this release"):
        publish(store, built(tmp_path / "a", "one"), "r")
    assert read_log(store, DATASET) == []


def test_garbled_uploads_are_sent_again(tmp_path: Path) -> None:
    class Garbles(FolderStore):
        told = False

        def put_if_absent(self, key: str, source: Path | bytes, sha256: str | None = None) -> bool:
            if key.endswith("README.md") and not self.told:
                self.told = True
                raise ChecksumError("garbled on the way")
            return super().put_if_absent(key, source, sha256)

    assert publish(Garbles(tmp_path / "store"), built(tmp_path / "a", "one"), "r").is_new


# The command, against the server


def test_commands_work_against_the_server_for_who_may_only_read(
    demo: Ran, s3: S3Server, s3_as: Callable[[tuple[str, str]], S3Store], tmp_path: Path
) -> None:
    s3_store = s3_as(PUBLISHER)
    release = shutil.copytree(demo.release("demo"), tmp_path / "release")
    manifest = Manifest.from_json((release / "manifest.json").read_bytes())
    for path in release.rglob("*"):
        path.chmod(0o755)
    assert publish(s3_store, Built(release, manifest, ()), "r").entry.folder == demo.release("demo").name
    where = ["--dataset", "demo", "--store", s3_store.uri]
    reading = s3.environment(READER)
    assert json.loads(variorum("release", "verify", "--json", *where, check=True, **reading).stdout)["whole"] is True
    listed = json.loads(variorum("release", "list", "--json", *where, check=True, **reading).stdout)
    assert [entry["version"] for entry in listed] == ["1.0.0"]
    assert f"{s3_store.uri}/demo/releases/1.0.0-" in variorum("release", "show", *where, check=True, **reading).stdout
    refused = variorum("release", "list", "--store", "s3://nowhere/at-all", check=False, **reading)
    assert refused.returncode == 1
    assert "have no right to s3:ListBucket there; look at the bucket's name" in refused.stderr
    assert "Traceback" not in refused.stderr
