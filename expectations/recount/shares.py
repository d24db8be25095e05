"""A recount in shares: each of several processes takes every so many-th record of a file, and their sums are added.

A fingerprint is a sum, so that it does not matter who adds up which records. Processes, since plain Python works on one
core; started as programs of their own, since a fork of a process with threads may hang.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from expectations.laws.neutral import Fingerprint
from expectations.recount.recount import Recount, recount_file
from expectations.recount.taking import SHOWN, Share

SHARED_BYTES = 16 << 20
"""Smaller files are recounted in seconds, and not worth processes of their own."""


class ShareError(RuntimeError):
    """A process that recounts died; nothing is known of its share, and nothing is proved."""


@dataclass(frozen=True)
class _Task:
    arguments: tuple[Any, ...]
    options: dict[str, Any]
    with_contents: bool


def recount_in_shares(raw: Path, *arguments: Any, contents: set[int] | None, **options: Any) -> Recount:
    """``recount_file`` with as many processes as there are cores, where the file is large enough; its arguments.

    Raises:
        ShareError: one of the processes died.
    """
    number = _cores() if raw.stat().st_size >= SHARED_BYTES else 1
    if number == 1:
        return recount_file(*arguments, contents=contents, **options)
    task = _Task(arguments, options, contents is not None)
    with ThreadPoolExecutor(number) as threads:
        done = list(threads.map(lambda place: _in_process(task, Share(place, number)), range(number)))
    if contents is not None:
        for _, found in done:
            contents |= found
    return joined([recount for recount, _ in done])


def joined(recounts: Sequence[Recount]) -> Recount:
    """What the shares of one file came to, as if it had been recounted by one."""
    none = Fingerprint.none()
    by_variation: dict[tuple[str, str], Fingerprint] = {}
    unnamed = Counter[str]()
    for one in recounts:
        unnamed.update(one.unnamed)
        for place, found in one.by_variation.items():
            by_variation[place] = by_variation.get(place, none) + found
    moments = [one.moments for one in recounts]
    faults = [fault for one in recounts for fault in one.faults]
    told = tuple(dict.fromkeys(faults))  # what concerns the whole file may have been met by each
    total = sum((one.total for one in recounts), none)
    return Recount(
        recounts[0].records,
        total.count,
        recounts[0].refused,
        total,
        by_variation,
        told[:SHOWN],
        sum(one.fault_count for one in recounts) - len(faults) + len(told),
        dict(unnamed),
        None if None in moments else sum((one for one in moments if one is not None), none),
    )


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _in_process(task: _Task, share: Share) -> tuple[Recount, set[int]]:
    """One share by a program of its own. What it is to do, the key with it, goes through a pipe and is never shown."""
    done = subprocess.run(
        [sys.executable, "-m", "expectations.recount.shares"],
        input=pickle.dumps((task, share)),
        capture_output=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path)},
        check=False,
    )
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise ShareError(f"share {share.place + 1} of {share.of} of the recount ended: {last[0]}")
    found: tuple[Recount, set[int]] = pickle.loads(done.stdout)  # noqa: S301 - by a process of our own
    return found


def _main() -> None:
    out, sys.stdout = sys.stdout.buffer, sys.stderr  # what a flatten.py prints is no result
    task, share = pickle.load(sys.stdin.buffer)  # noqa: S301 - from the process that started this one
    contents: set[int] | None = set() if task.with_contents else None
    recount = recount_file(*task.arguments, contents=contents, share=share, **task.options)
    pickle.dump((recount, contents or set()), out)


if __name__ == "__main__":
    # By its own name, so that what is pickled here is known there.
    from expectations.recount import shares

    shares._main()
