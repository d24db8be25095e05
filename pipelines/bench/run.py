"""One benchmark from start to end: exports of three sizes, every step on each, the bare pass in the same run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pipelines.bench.measure import TINY, measure
from pipelines.bench.report import Report
from pipelines.bench.steps import BARE, GENERATE, PIPELINE, Place

SMALL = 10
"""The small size is this part of the full one."""
LEAST = SMALL * TINY * 2
BARE_REPEATS = 5


def run(folder: Path, judgments: int, on_step: Callable[[str], None] | None = None) -> Report:
    """Measure the pipeline at so many judgments, in a folder that is used for nothing else.

    ``on_step`` is told the name of each step when it starts.

    Raises:
        ValueError: fewer judgments than can be told from the cost of starting.
        BenchError: a step failed, or did not keep every judgment.
    """
    if judgments < LEAST:
        raise ValueError(f"at least {LEAST:,} judgments are needed for a marginal cost, not {judgments:,}")
    places = [
        Place(folder / name, count)
        for name, count in (("tiny", TINY), ("small", judgments // SMALL), ("full", judgments))
    ]
    measured = []
    for step in (GENERATE, BARE, *PIPELINE):
        if on_step:
            on_step(step.name)
        measured.append(measure(step, places, BARE_REPEATS if step is BARE else 1))
    _, bare, *steps = measured
    return Report(places[-1].export.stat().st_size, bare, tuple(steps))
