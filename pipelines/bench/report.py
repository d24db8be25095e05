"""The outcome of a benchmark: its totals and ratios, as a table for people and as values for machines."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from pipelines.bench.measure import Cost, Measured

MEBIBYTE = 1 << 20
VERSIONS = ("variorum", "duckdb", "pyarrow", "dbt-core", "dbt-duckdb", "great-expectations")


@dataclass(frozen=True)
class Report:
    """What was measured in one run, the bare pass included.

    Attributes:
        raw_bytes: size of the full export.
        bare: the bare pass.
        steps: the pipeline's steps in order; those within another step are told, but not counted twice.
    """

    raw_bytes: int
    bare: Measured
    steps: tuple[Measured, ...]

    @property
    def total(self) -> Measured:
        """The whole pipeline: times add up, the peak is the highest of any step."""
        counted = [step for step in self.steps if step.within is None]
        return Measured(
            "whole pipeline", None, _sum([step.small for step in counted]), _sum([step.full for step in counted])
        )

    def ratio(self, step: Measured) -> float:
        """Marginal time of a step, in bare passes over the same bytes."""
        return step.marginal_seconds / self.bare.marginal_seconds

    def cpu_ratio(self, step: Measured) -> float:
        """The same in processor time, which other people's work on the machine disturbs less."""
        return step.marginal_cpu_seconds / self.bare.marginal_cpu_seconds

    def values(self) -> dict[str, Any]:
        """Everything, as plain values; times in seconds, marginal ones in microseconds a judgment."""
        return {
            "judgments": self.bare.full.judgments,
            "small_judgments": self.bare.small.judgments,
            "raw_bytes": self.raw_bytes,
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "versions": {name: version(name) for name in VERSIONS},
            "steps": [
                {
                    "step": step.step,
                    "within": step.within,
                    "seconds": round(step.full.seconds, 3),
                    "small_seconds": round(step.small.seconds, 3),
                    "cpu_seconds": round(step.full.cpu_seconds, 3),
                    "small_cpu_seconds": round(step.small.cpu_seconds, 3),
                    "peak_bytes": step.full.peak_bytes,
                    "marginal_us": round(step.marginal_seconds * 1e6, 4),
                    "ratio": round(self.ratio(step), 3),
                    "cpu_ratio": round(self.cpu_ratio(step), 3),
                }
                for step in (self.bare, *self.steps, self.total)
            ],
        }

    def table(self) -> str:
        """The table, in Markdown."""
        lines = [
            "| step | seconds | CPU seconds | peak memory, MiB | marginal, µs a judgment | bare passes | in CPU time |",
            "|---|--:|--:|--:|--:|--:|--:|",
        ]
        for step in (self.bare, *self.steps, self.total):
            name = f"… of which {step.step}" if step.within else step.step
            lines.append(
                f"| {name} | {step.full.seconds:.2f} | {step.full.cpu_seconds:.2f} |"
                f" {step.full.peak_bytes / MEBIBYTE:,.0f} | {step.marginal_seconds * 1e6:.2f} |"
                f" {self.ratio(step):.2f} | {self.cpu_ratio(step):.2f} |"
            )
        return "\n".join(lines)

    def text(self) -> str:
        """What is printed: what was measured, the table, and the one number that sums it up."""
        full, small = self.bare.full.judgments, self.bare.small.judgments
        return "\n".join(
            (
                f"{full:,} judgments, one a record, in {self.raw_bytes:,} bytes of CSV; {os.cpu_count()} cores",
                f"marginal: ({full:,} less {small:,} judgments); a bare pass is read_csv to Parquet, zstd",
                "",
                self.table(),
                "",
                f"whole pipeline: {self.ratio(self.total):.1f} × a bare pass, marginal;"
                f" peak memory {self.total.full.peak_bytes / MEBIBYTE:,.0f} MiB",
            )
        )


def _sum(costs: Sequence[Cost]) -> Cost:
    return Cost(
        costs[0].judgments,
        sum(cost.seconds for cost in costs),
        sum(cost.cpu_seconds for cost in costs),
        max(cost.peak_bytes for cost in costs),
    )
