"""Time and memory of steps, each in a process of its own, so that no step pays or hides what another left behind.

A process runs its step on growing places: first a tiny one, which pays for imports, parsing and caches, then the
small and the full one, which are measured. Their difference is the marginal cost.
"""

from __future__ import annotations

import multiprocessing
import re
import resource
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from pipelines.bench.steps import BenchError, Place, Step

TINY = 1_000
"""Judgments that warm a process up."""


@dataclass(frozen=True)
class Cost:
    """What one step took on one place: wall and processor seconds, and the peak of resident memory in bytes.

    The peak is the process's own (VmHWM), imports and warm-up included.
    """

    judgments: int
    seconds: float
    cpu_seconds: float
    peak_bytes: int


@dataclass(frozen=True)
class Measured:
    """One step, at the small and at the full size."""

    step: str
    within: str | None
    small: Cost
    full: Cost

    @property
    def marginal_seconds(self) -> float:
        """Seconds that one more judgment takes: what is paid once, whatever the size, drops out."""
        return (self.full.seconds - self.small.seconds) / (self.full.judgments - self.small.judgments)

    @property
    def marginal_cpu_seconds(self) -> float:
        """Processor seconds that one more judgment takes."""
        return (self.full.cpu_seconds - self.small.cpu_seconds) / (self.full.judgments - self.small.judgments)


def measure(step: Step, places: Sequence[Place]) -> Measured:
    """Run a step in a fresh process on a tiny, a small and a full place.

    Raises:
        BenchError: the step failed; the message says how.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(step, places, theirs))
    process.start()
    theirs.close()
    try:
        answer = ours.recv()
    except EOFError:
        process.join()
        raise BenchError(f"{step.name}: the process ended with {process.exitcode}") from None
    process.join()
    if isinstance(answer, str):
        raise BenchError(f"{step.name}: {answer}")
    _, small, full = answer
    return Measured(step.name, step.within, small, full)


def median(rounds: Sequence[Measured]) -> Measured:
    """One step measured several times: the median of its times, and the highest of its peaks."""
    first = rounds[0]
    return Measured(
        first.step,
        first.within,
        _median([one.small for one in rounds]),
        _median([one.full for one in rounds]),
    )


def _run(step: Step, places: Sequence[Place], told: Connection) -> None:
    try:
        told.send([_cost(step, place) for place in places])
    except Exception as error:
        told.send(f"{type(error).__name__}: {error}")


def _cost(step: Step, place: Place) -> Cost:
    if step.again:
        step.again(place)
    cpu, wall = _cpu_seconds(), time.perf_counter()
    step.run(place)
    return Cost(place.judgments, time.perf_counter() - wall, _cpu_seconds() - cpu, _peak_bytes())


def _median(costs: Sequence[Cost]) -> Cost:
    return Cost(
        costs[0].judgments,
        statistics.median(cost.seconds for cost in costs),
        statistics.median(cost.cpu_seconds for cost in costs),
        max(cost.peak_bytes for cost in costs),
    )


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _peak_bytes() -> int:
    # getrusage would count what the parent had before exec
    found = re.search(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    if found is None:
        raise BenchError("this system does not tell a process's peak of memory (no VmHWM in /proc/self/status)")
    return int(found[1]) * 1024
