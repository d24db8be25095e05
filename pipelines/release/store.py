"""The object store: the few operations that the publish protocol needs, and how vague answers to them are settled.

Keys are relative paths with '/'. Nothing that is there is ever overwritten, but for the pointer, by
compare-and-swap. What offers the operations is in ``pipelines/resources``: a folder, and a bucket.
"""

from __future__ import annotations

import hashlib
import random
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar

T = TypeVar("T")

TRIES = 8
"""How often something is asked of a store that answers vaguely; the pauses between add up to some ten seconds."""

LOOKS = 4
"""How often one looks for what is known to be there, within about a second, before it counts as missing."""

KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")
"""What a key is: relative, and neither hidden nor a way out of the store."""


class StoreError(RuntimeError):
    """The store cannot do what was asked; the message says what and where."""


class UnsureError(StoreError):
    """The store did not say what it did: a time-out, a dropped connection, an error of its own. Look, or ask again."""


class AbsentError(StoreError):
    """There is no such object."""


class ChecksumError(StoreError):
    """The bytes that reached the store do not have the sha256 that was announced; nothing was stored."""


@dataclass(frozen=True)
class Held:
    """An object's bytes, and the tag that ``replace`` takes for exactly these."""

    data: bytes
    tag: str


@dataclass(frozen=True)
class Stored:
    """An object in a listing: its size in bytes, and when it was stored, by the store's clock."""

    key: str
    size: int
    modified_at: datetime


class ObjectStore(Protocol):
    """What a store can do. Anything may raise StoreError; what changes the store may raise UnsureError."""

    @property
    def uri(self) -> str:
        """Where it is, for people; it holds no secret."""

    def put_if_absent(self, key: str, source: Path | bytes, sha256: str | None = None) -> bool:
        """Create an object whole; False, and nothing changed, if the key is taken.

        ``sha256`` (hex) is what the bytes must have, as the store sees them; None: what they have here.

        Raises:
            ChecksumError: they have another.
        """

    def replace(self, key: str, tag: str, data: bytes) -> bool:
        """Replace an object if it is still what ``held`` gave with that tag; False, and nothing changed, if not."""

    def held(self, key: str) -> Held | None:
        """The object's bytes and tag, or None."""

    def read(self, key: str) -> bytes | None:
        """The object's bytes, or None."""

    def open(self, key: str) -> BinaryIO:
        """The object as a stream; AbsentError if there is none."""

    def listing(self, prefix: str) -> Iterator[Stored]:
        """The objects below a prefix (a folder, or '' for all), in order of their keys."""

    def keys(self, prefix: str) -> Iterator[str]:
        """The keys below a prefix, in order."""

    def delete(self, key: str) -> None:
        """Delete an object. Only garbage collection does."""

    def now(self) -> datetime:
        """The time by the store's clock."""


def valid_key(key: str) -> str:
    """The key itself.

    Raises:
        StoreError: it could leave the store, or hide in it.
    """
    if KEY.fullmatch(key) is None:
        raise StoreError(f"no valid object key: {key!r}")
    return key


def blocks(source: Path | bytes) -> Iterator[bytes]:
    """A file's or an object's bytes, a mebibyte at a time."""
    if isinstance(source, bytes):
        yield source
        return
    with source.open("rb") as stream:
        while block := stream.read(1 << 20):
            yield block


def source_sha256(source: Path | bytes) -> str:
    """sha256 of what is to be stored, in hex."""
    digest = hashlib.sha256()
    for block in blocks(source):
        digest.update(block)
    return digest.hexdigest()


def object_sha256(store: ObjectStore, key: str) -> str:
    """sha256 of an object as the store gives it back, in hex."""

    def whole() -> str:
        digest = hashlib.sha256()
        with store.open(key) as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
        return digest.hexdigest()

    return patiently(whole)


def create(store: ObjectStore, key: str, source: Path | bytes, sha256: str | None = None) -> str:
    """Put an object where none is, and read back what is there then: its sha256, in hex.

    It settles every vague answer by looking: what was asked for is there, something else is, or nothing, and then
    it is asked for again.

    Raises:
        ChecksumError: the bytes here do not have ``sha256``.
        StoreError: it cannot be written, or cannot be read back.
    """
    announced = sha256 or source_sha256(source)
    for attempt in range(1, TRIES + 1):
        vague: StoreError | None = None
        try:
            store.put_if_absent(key, source, announced)
        except UnsureError as error:
            vague = error
        except ChecksumError as error:
            if source_sha256(source) != announced:
                raise
            vague = error  # they were garbled on the way
        try:
            found = object_sha256(store, key)
            return found if found == announced else object_sha256(store, key)
        except AbsentError:
            if attempt < TRIES:
                pause(attempt)
            elif vague:
                raise vague from None
    raise StoreError(f"{key} was written to {store.uri}, but cannot be read back")


def patiently(action: Callable[[], T]) -> T:
    """What an action gives, which is tried again where the store does not say.

    Raises:
        UnsureError: the store did not say so many times.
    """
    for attempt in range(1, TRIES):
        try:
            return action()
        except UnsureError:
            pause(attempt)
    return action()


def looked_for(look: Callable[[], T | None]) -> T | None:
    """What a look finds of which it is known that it is there; None where it is not there after several looks, either.

    A store may show late what it holds.
    """
    for attempt in range(1, LOOKS):
        if (found := look()) is not None:
            return found
        pause(attempt)
    return look()


def pause(attempt: int) -> None:
    """Wait before one tries again: longer each time, and not as long as others do."""
    time.sleep(min(0.05 * 2**attempt, 4) * random.uniform(0.5, 1))  # noqa: S311 (a pause is no secret)
