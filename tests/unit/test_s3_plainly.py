"""What the S3 client cannot do is told in one plain line, without a secret; and what the settings of S3 may say."""

from __future__ import annotations

from pathlib import Path

import pytest
from botocore import exceptions as boto

from pipelines.release.store import ChecksumError, StoreError, UnsureError
from pipelines.resources.folder import FolderStore
from pipelines.resources.s3 import S3Options, S3Store
from pipelines.resources.settings import SettingsError, load_settings
from pipelines.resources.stores import open_store

SECRET = "wJalrXUtnFEMI-secret"


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> S3Store:
    """A store that nobody asks anything."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    return S3Store("bucket", "prefix", S3Options("https://user.example.org", "us-east-1"))


def answered(code: str, status: int) -> boto.ClientError:
    told = {"Error": {"Code": code, "Message": f"{SECRET} {code}"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return boto.ClientError(told, "PutObject")  # type: ignore[arg-type,unused-ignore]


@pytest.mark.parametrize(
    ("error", "kind", "told"),
    [
        (answered("ExpiredToken", 400), StoreError, "the credentials have expired; log in again"),
        (answered("AccessDenied", 403), StoreError, "have no right to s3:PutObject there"),
        (answered("NoSuchBucket", 404), StoreError, "there is no such bucket"),
        (answered("RequestTimeTooSkewed", 403), StoreError, "set the clock"),
        (answered("PermanentRedirect", 301), StoreError, "set VARIORUM_S3_REGION"),
        (answered("TeapotError", 418), StoreError, r"the server answers TeapotError \(418\)"),
        (answered("InternalError", 500), UnsureError, r"the server answers InternalError \(500\); try again later"),
        (answered("SlowDown", 503), UnsureError, "SlowDown"),
        (answered("ConditionalRequestConflict", 409), UnsureError, "ConditionalRequestConflict"),
        (answered("BadDigest", 400), ChecksumError, "do not have the sha256 that was announced"),
        (boto.NoCredentialsError(), StoreError, "no credentials; set AWS_ACCESS_KEY_ID"),
        (boto.ProfileNotFound(profile=SECRET), StoreError, "AWS_PROFILE"),
        (boto.EndpointConnectionError(endpoint_url=f"https://u:{SECRET}@h"), UnsureError, "no connection to user.ex"),
        (boto.ReadTimeoutError(endpoint_url=f"https://u:{SECRET}@h"), UnsureError, "failed"),
        (boto.SSLError(endpoint_url="https://h", error=SECRET), StoreError, "does not prove who it is by TLS"),
        (boto.ParamValidationError(report=SECRET), StoreError, "ParamValidationError; look at the settings"),
        (ValueError(SECRET), StoreError, "look at the settings"),
    ],
)
def test_each_error_is_one_plain_line_without_a_secret(
    store: S3Store, error: Exception, kind: type[StoreError], told: str
) -> None:
    with pytest.raises(StoreError, match=told) as raised, store._plainly("write a/b to"):
        raise error
    assert type(raised.value) is kind
    assert str(raised.value).startswith("cannot write a/b to the store s3://bucket/prefix: ")
    assert SECRET not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("endpoint", ["s3.example.org", "ftp://h", "https://user:pass@h", "https://h/path"])
def test_an_endpoint_is_an_address_and_nothing_more(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VARIORUM_S3_ENDPOINT", endpoint)
    with pytest.raises(SettingsError, match=r"s3_endpoint .*must be https://host or https://host:port"):
        load_settings()


def test_what_is_set_about_s3_reaches_the_store_and_child_processes(
    store: S3Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "variorum.toml"
    file.write_text('s3_endpoint = "https://s3.example.org:9000"\ns3_sse = "AES256"\ns3_path_style = true\n')
    settings = load_settings(file)
    assert settings.of_s3() == {
        "s3_endpoint": "https://s3.example.org:9000",
        "s3_sse": "AES256",
        "s3_path_style": "True",
    }
    opened = open_store("s3://some-bucket/a/b/", settings)
    assert isinstance(opened, S3Store)
    assert (opened.uri, opened._endpoint) == ("s3://some-bucket/a/b", "https://s3.example.org:9000")
    assert opened._encryption == {"ServerSideEncryption": "AES256"}


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("s3://", "not of the form s3://bucket/prefix"),
        ("s3:bucket", "not of the form"),
        ("s3://key:secret@bucket/x", "not of the form"),
        ("gs://bucket", "no store for gs:// addresses"),
    ],
)
def test_an_address_that_names_no_store_is_refused(uri: str, told: str) -> None:
    with pytest.raises(StoreError, match=told) as raised:
        open_store(uri, load_settings())
    assert "secret" not in str(raised.value)


def test_a_folder_is_named_by_its_path_or_as_a_file_address(tmp_path: Path) -> None:
    for uri in (str(tmp_path), f"file://{tmp_path}"):
        opened = open_store(uri, load_settings())
        assert isinstance(opened, FolderStore)
        assert opened.uri == str(tmp_path)
