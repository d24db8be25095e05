"""One benchmark from start to end: exports of three sizes, every step on each, the bare pass in the same run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from pipelines.bench.exports import EXPORTS, TIDY, Export
from pipelines.bench.measure import TINY, Measured, measure, median
from pipelines.bench.report import Report
from pipelines.bench.steps import BARE, GENERATE, INGEST, REST, Place, Step

SMALL = 10
"""The small size is this part of the full one."""
LEAST = SMALL * TINY * 2
ROUNDS = 3
"""How often the bare pass and ingest are measured, one after the other, so that both meet the same machine."""


def run(
    folder: Path,
    judgments: int,
    exports: Sequence[Export] = EXPORTS,
    *,
    only_ingest: bool = False,
    on_step: Callable[[str], None] = lambda step: None,
) -> list[Report]:
    """Measure the pipeline at so many judgments, in a folder that is used for nothing else.

    The whole pipeline runs over the tidy export, unless ``only_ingest``; the others are ingested. ``on_step`` is told
    the name of each step when it starts.

    Raises:
        ValueError: fewer judgments than can be told from the cost of starting.
        BenchError: a step failed, or did not keep every judgment.
    """
    if judgments < LEAST:
        raise ValueError(f"at least {LEAST:,} judgments are needed for a marginal cost, not {judgments:,}")
    reports = []
    for export in exports:
        places = [
            Place(export, folder / export.file / name, export.round(count))
            for name, count in (("tiny", TINY), ("small", judgments // SMALL), ("full", judgments))
        ]

        def measured(step: Step, export: Export = export, places: list[Place] = places) -> Measured:
            on_step(f"{export.name}: {step.name}")
            return measure(step, places)

        measured(GENERATE)
        rounds = [[measured(step) for step in (BARE, *INGEST)] for _ in range(ROUNDS)]
        bare, *steps = [median(one) for one in zip(*rounds, strict=True)]
        rest = REST if export is TIDY and not only_ingest else ()
        steps += [measured(step) for step in rest]
        reports.append(Report(export.name, export.title, places[-1].file.stat().st_size, bare, tuple(steps)))
    return reports
