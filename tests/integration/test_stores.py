"""What every object store must do, asked of a folder and of a real S3 server alike."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipelines.release.log import read_entries
from pipelines.release.publish import publish
from pipelines.release.store import (
    AbsentError,
    ChecksumError,
    ObjectStore,
    StoreError,
    create,
    object_sha256,
    source_sha256,
)
from pipelines.release.verify import verify
from pipelines.resources.folder import FolderStore
from pipelines.resources.s3 import S3Options, S3Store
from tests.faults.release import DATASET, built, torn
from tests.s3_server import BUCKET, READER, S3Server

KEY = "demo/log/00000001.json"


def test_an_object_is_created_once_and_never_overwritten(store: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"one")
    assert store.put_if_absent(KEY, tmp_path / "file")
    assert not store.put_if_absent(KEY, b"two")
    assert store.read(KEY) == b"one"


def test_of_many_who_create_one_object_one_does(store: ObjectStore) -> None:
    with ThreadPoolExecutor(8) as threads:
        won = list(threads.map(lambda n: store.put_if_absent(KEY, f"writer {n}".encode()), range(8)))
    assert won.count(True) == 1
    assert store.read(KEY) == f"writer {won.index(True)}".encode()


def test_bytes_that_do_not_have_the_announced_sha256_are_refused(store: ObjectStore) -> None:
    with pytest.raises(ChecksumError):
        store.put_if_absent(KEY, b"one", hashlib.sha256(b"two").hexdigest())
    assert store.read(KEY) is None
    assert store.put_if_absent(KEY, b"one", hashlib.sha256(b"one").hexdigest())


def test_an_exchange_takes_place_only_from_what_was_read(store: ObjectStore) -> None:
    assert not store.replace(KEY, '"0000"', b"none is there")
    store.put_if_absent(KEY, b"one")
    first = store.held(KEY)
    assert first is not None
    assert store.replace(KEY, first.tag, b"two")
    assert not store.replace(KEY, first.tag, b"three")
    second = store.held(KEY)
    assert second is not None
    assert (second.data, second.tag != first.tag) == (b"two", True)


def test_of_many_who_exchange_one_object_one_does(store: ObjectStore) -> None:
    store.put_if_absent(KEY, b"one")
    held = store.held(KEY)
    assert held is not None
    with ThreadPoolExecutor(8) as threads:
        won = list(threads.map(lambda n: store.replace(KEY, held.tag, f"writer {n}".encode()), range(8)))
    assert won.count(True) == 1
    assert store.read(KEY) == f"writer {won.index(True)}".encode()


def test_an_absent_object_is_none_and_no_stream(store: ObjectStore) -> None:
    assert store.read(KEY) is None
    assert store.held(KEY) is None
    with pytest.raises(AbsentError, match="has no object"):
        store.open(KEY)


def test_a_stream_gives_a_large_object_whole(store: ObjectStore, tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.write_bytes(bytes(range(256)) * 40_000)  # 10 MB: more than one read, and more than one part of SeaweedFS
    assert create(store, KEY, large) == source_sha256(large) == object_sha256(store, KEY)


def test_a_listing_has_sizes_and_times_below_a_folder_only(store: ObjectStore) -> None:
    for key in ("demo/log/b", "demo/log/a", "demo/logs/c", "other/log/d"):
        store.put_if_absent(key, key.encode())
    listed = list(store.listing("demo/log"))
    assert [(one.key, one.size) for one in listed] == [("demo/log/a", 10), ("demo/log/b", 10)]
    assert all(abs(store.now() - one.modified_at) < timedelta(minutes=1) for one in listed)
    assert list(store.keys("")) == ["demo/log/a", "demo/log/b", "demo/logs/c", "other/log/d"]
    assert abs(store.now() - datetime.now(UTC)) < timedelta(minutes=1)


def test_what_others_delete_meanwhile_stops_neither_a_listing_nor_a_writer(tmp_path: Path) -> None:
    """A folder goes with its last object; in a bucket there are none."""
    store = FolderStore(tmp_path / "store")
    store.put_if_absent("demo/a/stays", b"x")
    child = os.fork()
    if child == 0:
        while True:
            for n in range(5):
                FolderStore(tmp_path / "store").delete(f"demo/a/{n}/gone")
    try:
        for _ in range(150):
            assert all(store.put_if_absent(f"demo/a/{n}/gone", b"x") in (True, False) for n in range(5))
            assert "demo/a/stays" in [one.key for one in store.listing("demo")]
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_what_is_deleted_is_gone_and_may_be_so_already(store: ObjectStore) -> None:
    store.put_if_absent(KEY, b"one")
    store.delete(KEY)
    store.delete(KEY)
    assert (store.read(KEY), list(store.keys(""))) == (None, [])


@pytest.mark.parametrize("key", ["../up", "/root", "a//b", ".hidden", "a/../b", ""])
def test_a_key_that_could_leave_the_store_is_refused(store: ObjectStore, key: str) -> None:
    with pytest.raises(StoreError, match="no valid object key"):
        store.put_if_absent(key, b"x")


def test_a_listing_goes_on_after_a_page(s3_store: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.resources.s3.PAGE", 3)
    for n in range(7):
        s3_store.put_if_absent(f"many/{n}", b"x")
    assert [one.key for one in s3_store.listing("many")] == [f"many/{n}" for n in range(7)]


def test_objects_are_encrypted_by_the_server_where_it_is_asked(s3_store: S3Store, s3: S3Server) -> None:
    encrypting = S3Store(BUCKET, "encrypted", S3Options(s3.endpoint, "us-east-1", sse="AES256"))
    assert encrypting.put_if_absent(KEY, b"one")
    assert encrypting.read(KEY) == b"one"
    answer = encrypting._client.head_object(Bucket=BUCKET, Key=f"encrypted/{KEY}")
    assert answer["ServerSideEncryption"] == "AES256"
    s3_store.put_if_absent(KEY, b"one")
    answer = s3_store._client.head_object(**s3_store._key(KEY))
    assert "ServerSideEncryption" not in answer


def test_an_object_too_large_for_one_checksum_is_refused(
    s3_store: S3Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.resources.s3.LARGEST", 2)
    assert s3_store.put_if_absent("a", b"ab")
    with pytest.raises(StoreError, match=r"b has 3 bytes; an object in s3://.* may have 2"):
        s3_store.put_if_absent("b", b"abc")


def expect(error: type[StoreError], told: str, store: ObjectStore, secret: str = "a-wrong-secret") -> None:
    """Both reading and writing end in a plain message, without a secret."""
    for attempt in (lambda: store.put_if_absent(KEY, b"x"), lambda: list(store.listing("demo"))):
        with pytest.raises(error) as raised:
            attempt()
        assert told in str(raised.value)
        assert store.uri in str(raised.value)
        assert secret not in str(raised.value)
        assert "\n" not in str(raised.value)


def test_wrong_credentials_and_rights_are_told_plainly(
    s3: S3Server, s3_store: S3Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = S3Options(s3.endpoint, "us-east-1")
    s3_store.put_if_absent(KEY, b"one")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-wrong-secret")
    expect(StoreError, "the secret key is not the access key's", S3Store(BUCKET, "x", options))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    expect(StoreError, "does not know this access key", S3Store(BUCKET, "x", options), "nobody")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    expect(StoreError, "no credentials; set AWS_ACCESS_KEY_ID", S3Store(BUCKET, "x", options))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", READER[0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", READER[1])
    reading = S3Store(BUCKET, s3_store.uri.removeprefix(f"s3://{BUCKET}/"), options)
    assert reading.read(KEY) == b"one"
    with pytest.raises(StoreError, match=r"from the environment have no right to s3:PutObject there"):
        reading.put_if_absent("demo/other", b"x")


@pytest.mark.parametrize(
    ("process", "told"),
    [
        ("cat {expired}", "the credentials have expired; log in again"),
        ("false", "the credentials cannot be fetched from where AWS's settings say"),
        ("no-such-program", "no-such-program cannot be opened: No such file or directory"),
    ],
)
def test_credentials_of_a_helper_that_have_expired_or_are_not_given_are_told_plainly(
    s3: S3Server, s3_store: S3Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, process: str, told: str
) -> None:
    """As single sign-on gives them: for an hour, then no more."""
    given = {"Version": 1, "AccessKeyId": "a", "SecretAccessKey": "a-wrong-secret", "SessionToken": "t"}
    (tmp_path / "expired").write_text(json.dumps({**given, "Expiration": "2020-01-01T00:00:00Z"}))
    helper = process.format(expired=tmp_path / "expired")
    (tmp_path / "config").write_text(f"[default]\ncredential_process = {helper}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(StoreError, match=told) as raised:
        S3Store(BUCKET, "x", S3Options(s3.endpoint, "us-east-1")).read(KEY)
    assert "a-wrong-secret" not in str(raised.value)


def test_credentials_that_cease_to_be_valid_while_they_publish_publish_nothing_half(
    s3_store: S3Store, tmp_path: Path
) -> None:
    first = publish(s3_store, built(tmp_path / "a", "one"), "r").entry
    second = built(tmp_path / "b", "two")
    credentials = s3_store._client._request_signer._credentials
    right = credentials.secret_key

    def expire(path: str) -> None:
        if path == "manifest.json":
            credentials.secret_key = "a-wrong-secret"

    with pytest.raises(StoreError, match=r"cannot write .*SHA256SUMS to .*: the secret key is not the access key's"):
        publish(s3_store, second, "r", expire)
    credentials.secret_key = right
    assert read_entries(s3_store, DATASET) == [first]
    assert torn(s3_store) == []
    assert publish(s3_store, second, "r").entry.sequence == 2
    assert verify(s3_store, DATASET).is_whole


def test_a_missing_bucket_is_told_plainly(s3: S3Server, s3_store: S3Store) -> None:
    expect(StoreError, "there is no such bucket", S3Store("nowhere", "x", S3Options(s3.endpoint, "us-east-1")))


def test_a_server_that_is_not_there_is_told_plainly(s3_store: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    closed = S3Store(BUCKET, "x", S3Options("http://127.0.0.1:9", "us-east-1"))
    expect(StoreError, "no connection to 127.0.0.1:9", closed)


@pytest.mark.parametrize("endpoint", ["http://s3.example.org", "http://192.0.2.1:9000"])
def test_an_endpoint_without_tls_is_refused_unless_it_is_this_machine(endpoint: str) -> None:
    with pytest.raises(StoreError, match="has no TLS"):
        S3Store(BUCKET, "x", S3Options(endpoint, "us-east-1"))
    for allowed in (endpoint.replace("http:", "https:"), "http://localhost:1"):
        assert S3Store(BUCKET, "x", S3Options(allowed, "us-east-1")).uri == f"s3://{BUCKET}/x"


def test_a_folder_that_cannot_be_written_is_told_plainly(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = FolderStore(tmp_path / "file" / "store")
    with pytest.raises(StoreError, match=r"cannot write demo/log/00000001\.json to the store"):
        store.put_if_absent(KEY, b"x")
