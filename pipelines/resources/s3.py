"""An S3 bucket, or a prefix in one, as object store. Importing boto3 takes a while: import this where it is used.

Each request is made once: a conditional write that is repeated blindly meets the object that its own first try made.
Who asks settles what a vague answer meant, by looking.
"""

from __future__ import annotations

import base64
import email.utils
import hashlib
import io
import ipaddress
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit

import boto3
from botocore import exceptions as boto
from botocore.config import Config

from pipelines.release.store import (
    AbsentError,
    Held,
    Stored,
    StoreError,
    patiently,
    source_sha256,
    valid_key,
)
from pipelines.resources.s3_errors import ABSENT, TAKEN, denial, error_code, plainly

LARGEST = 256 << 20
"""Bytes of the largest object: a single put, whose checksum is that of the whole object."""

PAGE = 1_000
"""Objects that one request lists, at most; no server gives more."""


@dataclass(frozen=True)
class S3Options:
    """How to speak to a server: what the settings ``s3_…`` say. Credentials come from the standard chain of AWS.

    Attributes:
        endpoint: the server's address; None: AWS.
        region: the bucket's region; None: as the environment of AWS says, or us-east-1.
        path_style: whether the bucket stands in the path, not in the host's name; None: where there is an endpoint.
        sse: encryption on the server that each object is stored with: ``AES256`` or ``aws:kms``.
        kms_key: the key for ``aws:kms``; None: the bucket's own.
    """

    endpoint: str | None = None
    region: str | None = None
    path_style: bool | None = None
    sse: str | None = None
    kms_key: str | None = None


class S3Store:
    """A bucket, or what is below a prefix in it."""

    def __init__(self, bucket: str, prefix: str = "", options: S3Options | None = None) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        options = options or S3Options()
        self._encryption: dict[str, str] = {"ServerSideEncryption": options.sse} if options.sse else {}
        if options.kms_key:
            self._encryption["SSEKMSKeyId"] = options.kms_key
        self._endpoint = options.endpoint or ""
        with self._plainly("reach"):
            self._session = boto3.session.Session()
            self._client = _client(self._session, options)
        self._endpoint = str(self._client.meta.endpoint_url)
        _require_tls(self._endpoint)

    @property
    def uri(self) -> str:
        """``s3://bucket/prefix``."""
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    def _key(self, key: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + valid_key(key)}

    def put_if_absent(self, key: str, source: Path | bytes, sha256: str | None = None) -> bool:
        """Create an object whole, with its sha256 checked by the server; False if the key is taken."""
        with self._plainly(f"write {key} to"):
            size = len(source) if isinstance(source, bytes) else source.stat().st_size
        if size > LARGEST:
            raise StoreError(
                f"{key} has {size:,} bytes; an object in {self.uri} may have {LARGEST:,}, so that the server's checksum"
                " is of all of it: split the table, or publish fewer sources in one dataset"
            )
        return self._put(key, source, sha256 or source_sha256(source), IfNoneMatch="*")

    def replace(self, key: str, tag: str, data: bytes) -> bool:
        """Replace an object if its ETag is still that one."""
        return self._put(key, data, hashlib.sha256(data).hexdigest(), IfMatch=tag)

    def _put(self, key: str, source: Path | bytes, sha256: str, **condition: str) -> bool:
        checksum = base64.b64encode(bytes.fromhex(sha256)).decode()
        with (
            self._plainly(f"write {key} to"),
            io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as body,
        ):
            try:
                self._client.put_object(
                    **self._key(key), Body=body, ChecksumSHA256=checksum, **condition, **self._encryption
                )
            except boto.ClientError as error:
                # AWS answers 404 where an object that is to be replaced is gone, others 412.
                if error_code(error) in TAKEN or ("IfMatch" in condition and error_code(error) in ABSENT):
                    return False
                raise
        return True

    def held(self, key: str) -> Held | None:
        """The object's bytes and ETag, or None."""

        def get() -> Held | None:
            with self._plainly(f"read {key} from"):
                try:
                    answer = self._client.get_object(**self._key(key))
                    return Held(answer["Body"].read(), answer["ETag"])
                except boto.ClientError as error:
                    if error_code(error) in ABSENT:
                        return None
                    raise

        return patiently(get)

    def read(self, key: str) -> bytes | None:
        """The object's bytes, or None."""
        held = self.held(key)
        return held.data if held else None

    def open(self, key: str) -> BinaryIO:
        """The object as a stream; reading it raises UnsureError where the connection breaks."""

        def get() -> Any:
            with self._plainly(f"read {key} from"):
                try:
                    return self._client.get_object(**self._key(key))["Body"]
                except boto.ClientError as error:
                    if error_code(error) in ABSENT:
                        raise AbsentError(f"{self.uri} has no object {key}") from None
                    raise

        return cast(BinaryIO, io.BufferedReader(_Body(patiently(get), self, key), 1 << 20))

    def listing(self, prefix: str) -> Iterator[Stored]:
        """The objects below a prefix, in order of their keys, a page a request."""
        below = f"{valid_key(prefix.rstrip('/'))}/" if prefix else ""
        more: dict[str, str] = {}
        while True:
            page = self._page(below, more)
            for one in page.get("Contents", []):
                key = str(one["Key"]).removeprefix(self._prefix)
                yield Stored(key, int(one["Size"]), one["LastModified"])
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def _page(self, below: str, more: dict[str, str], most: int | None = None) -> dict[str, Any]:
        def get() -> dict[str, Any]:
            with self._plainly("list"):
                where = {"Bucket": self._bucket, "Prefix": self._prefix + below}
                return cast(dict[str, Any], self._client.list_objects_v2(**where, MaxKeys=most or PAGE, **more))

        return patiently(get)

    def keys(self, prefix: str) -> Iterator[str]:
        """The keys below a prefix, in order."""
        return (stored.key for stored in self.listing(prefix))

    def delete(self, key: str) -> None:
        """Delete an object; where the bucket keeps versions, it stays as one."""

        def remove() -> None:
            with self._plainly(f"delete {key} in"):
                self._client.delete_object(**self._key(key))

        patiently(remove)

    def now(self) -> datetime:
        """The time that the server's answers carry."""
        page = self._page("", {}, most=1)
        return email.utils.parsedate_to_datetime(page["ResponseMetadata"]["HTTPHeaders"]["date"])

    def _plainly(self, what: str) -> AbstractContextManager[None]:
        server = urlsplit(self._endpoint).netloc.rpartition("@")[2]
        return plainly(f"cannot {what} the store {self.uri}", server, lambda: denial(what, self._session))


class _Body(io.RawIOBase):
    """The body of an answer as a plain stream, with plain errors."""

    def __init__(self, body: Any, store: S3Store, key: str) -> None:
        super().__init__()
        self._body, self._store, self._what = body, store, f"read {key} from"

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with self._store._plainly(self._what):
            data = self._body.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._body.close()
        super().close()


def _client(session: boto3.session.Session, options: S3Options) -> Any:
    return session.client(
        "s3",
        endpoint_url=options.endpoint,
        region_name=options.region,
        config=Config(
            connect_timeout=5,
            read_timeout=60,
            retries={"total_max_attempts": 1},
            signature_version="s3v4",
            request_checksum_calculation="when_required",
            s3={"addressing_style": "path" if _path_style(options) else "auto"},
        ),
    )


def _path_style(options: S3Options) -> bool:
    return options.endpoint is not None if options.path_style is None else options.path_style


def _require_tls(endpoint: str) -> None:
    parts = urlsplit(endpoint)
    if parts.scheme != "https" and not _is_loopback(parts.hostname or ""):
        raise StoreError(
            f"the S3 endpoint {parts.scheme}://{parts.hostname} has no TLS: releases and credentials' signatures would"
            " travel in the clear; use https:// (http:// is for this machine alone)"
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
