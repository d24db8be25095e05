"""Reads ahead: the next chunk is made in a thread while its consumer works on the one before."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Thing = TypeVar("Thing")


def ahead(things: Iterator[Thing]) -> Generator[Thing, None, None]:
    """The same things in the same order, each made while the one before is used; two are held at a time.

    What making one raises is raised where it would have come. Whoever stops early waits for the one in the making.
    """
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, things, None)
        while (thing := coming.result()) is not None:
            coming = thread.submit(next, things, None)
            yield thing
