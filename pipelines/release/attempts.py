"""What an attempt to publish does before it builds and uploads: try the store, and say what it is about to do.

Both leave small objects, which need no right to delete; garbage collection takes the intents once they are old.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Iterable
from typing import TypeVar

from pipelines.release.checkpoints import read_log
from pipelines.release.store import ChecksumError, ObjectStore, StoreError, UnsureError, create, patiently

T = TypeVar("T")

PROBE = "precondition"
_HELD, _OTHER = b"held\n", b"other\n"


def probe(store: ObjectStore, dataset: str) -> None:
    """Try what the protocol leans on: refused are a second creation, a stale exchange, and a wrong checksum.

    Raises:
        StoreError: the store lets one of them through; releases in it could be overwritten, lost or garbled.
    """
    key = f"{dataset}/probe/{PROBE}"
    create(store, key, _HELD)
    if _insist(lambda: store.put_if_absent(key, _OTHER)):
        _refuse(store, "it overwrites an object that is to be created only where none is (If-None-Match)")
    if _insist(lambda: store.replace(key, f'"{hashlib.sha256(_OTHER).hexdigest()[:32]}"', _OTHER)):
        _refuse(store, "it replaces an object although somebody else did since (If-Match)")
    try:
        announced = hashlib.sha256(_OTHER).hexdigest()
        patiently(lambda: store.put_if_absent(f"{dataset}/probe/{uuid.uuid4().hex}", _HELD, announced))
    except ChecksumError:
        return
    _refuse(store, "it takes bytes that do not have the checksum that was announced (x-amz-checksum-sha256)")


def require_store(store: ObjectStore, datasets: Iterable[str]) -> None:
    """Make sure, before anything is built, that these datasets can be published to a store.

    Raises:
        StoreError: it cannot be reached, read or written, or ``probe`` refuses it.
        LogError: the log of a dataset is broken.
    """
    for dataset in datasets:
        probe(store, dataset)
        read_log(store, dataset)


def intents(dataset: str, folder: str) -> str:
    """Where the attempts to publish into a release's folder are announced."""
    return f"{dataset}/intents/{folder}"


def collecting(dataset: str, folder: str) -> str:
    """What is there while a folder is collected as garbage."""
    return f"{dataset}/collecting/{folder}"


def announce(store: ObjectStore, dataset: str, folder: str, attempt: str) -> None:
    """Say that this attempt publishes into a folder, so that nobody collects what already lies there.

    The announcement comes first and the look second; a collection does it the other way round, so one of the two sees
    the other.

    Raises:
        StoreError: what an earlier attempt left there is being collected.
    """
    intent = json.dumps({"attempt": attempt, "folder": folder}, sort_keys=True) + "\n"
    create(store, f"{intents(dataset, folder)}/{attempt}.json", intent.encode())
    if store.read(collecting(dataset, folder)) is not None:
        raise StoreError(
            f"what an earlier attempt left in {store.uri}/{dataset}/releases/{folder} is being collected as garbage;"
            f" run again in a minute, or, if the collection was interrupted, after: variorum release gc --delete"
            f" --dataset {dataset}"
        )


def _insist(action: Callable[[], T]) -> T:
    """As ``patiently``, also where the bytes are garbled on the way."""

    def asked() -> T:
        try:
            return action()
        except ChecksumError as error:
            raise UnsureError(str(error)) from None

    return patiently(asked)


def _refuse(store: ObjectStore, why: str) -> None:
    raise StoreError(
        f"nothing is published to {store.uri}: {why}. Releases in it could be overwritten or garbled without a word;"
        " use a store that keeps preconditions and checksums: AWS S3 does, and so does a folder"
    )
