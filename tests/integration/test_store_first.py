"""A store that cannot be published to is told by `variorum run` before anything is built, in one line."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from pipelines.release.attempts import require_store
from pipelines.release.log import LogError, entry_key
from pipelines.release.store import ObjectStore, StoreError
from pipelines.resources.folder import FolderStore
from pipelines.resources.s3 import S3Options, S3Store
from tests.conftest import variorum
from tests.faults.proxy import NO_PRECONDITIONS, fault_proxy
from tests.s3_server import ADMIN, BUCKET, READER, REGION, S3Server


def refused(tmp_path: Path, store: str, **environment: str) -> str:
    """What a run says that must end before it builds."""
    home = tmp_path / "home"
    command = ["run", "--dataset", "demo", "--inbox", "pipelines/demo/inbox", "--home", str(home), "--store", store]
    done = variorum(*command, check=False, **environment)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    assert not home.exists()
    return done.stderr.splitlines()[-1]


def test_a_missing_bucket(s3: S3Server, tmp_path: Path) -> None:
    told = refused(tmp_path, "s3://nowhere/x", **s3.environment(ADMIN))
    assert told == (
        "variorum: cannot write demo/probe/precondition to the store s3://nowhere/x: there is no such bucket; make it,"
        " or name another one with --store"
    )


def test_credentials_that_may_only_read(s3: S3Server, s3_store: S3Store, tmp_path: Path) -> None:
    told = refused(tmp_path, s3_store.uri, **s3.environment(READER))
    assert "have no right to s3:PutObject there; look at the bucket's name, or ask for the role publisher" in told


def test_a_wrong_secret(s3: S3Server, s3_store: S3Store, tmp_path: Path) -> None:
    told = refused(tmp_path, s3_store.uri, **s3.environment(("publisher", "a-wrong-secret")))
    assert "the secret key is not the access key's" in told
    assert "a-wrong-secret" not in told


def test_a_server_that_ignores_preconditions(s3: S3Server, s3_store: S3Store, tmp_path: Path) -> None:
    with fault_proxy(s3.endpoint, 1, (NO_PRECONDITIONS,)) as proxy:
        behind = {**s3.environment(), "VARIORUM_S3_ENDPOINT": f"http://127.0.0.1:{proxy.server_port}"}
        told = refused(tmp_path, s3_store.uri, **behind)
    assert "it overwrites an object that is to be created only where none is (If-None-Match)" in told
    assert list(s3_store.keys("")) == ["demo/probe/precondition"]


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "file/store: Not a directory" in refused(tmp_path, str(tmp_path / "file" / "store"))


def test_a_server_that_is_not_there(s3_store: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    with pytest.raises(StoreError, match=r"no connection to 127\.0\.0\.1:9; is it the right address"):
        require_store(S3Store(BUCKET, "x", S3Options("http://127.0.0.1:9", REGION)), ["demo"])


def test_a_broken_log(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    store.put_if_absent(entry_key("demo", 1), b"{}")
    with pytest.raises(LogError, match=r"demo/log/00000001\.json is malformed"):
        require_store(store, ["demo"])


def test_a_store_that_is_well_is_asked_little(store: ObjectStore) -> None:
    require_store(store, ["demo", "other"])
    assert list(store.keys("")) == ["demo/probe/precondition", "other/probe/precondition"]
