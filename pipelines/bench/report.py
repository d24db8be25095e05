"""The outcome of a benchmark: its totals and ratios, as a table for people and as values for machines."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from pipelines.bench.measure import Cost, Measured
from pipelines.bench.steps import INGEST, REST, SECOND_READER, Step

MEBIBYTE = 1 << 20
VERSIONS = ("variorum", "duckdb", "pyarrow", "dbt-core", "dbt-duckdb", "great-expectations")


@dataclass(frozen=True)
class Report:
    """What was measured of one export, the bare pass included.

    Attributes:
        export: which export it was.
        shape: how judgments lie in its records.
        raw_bytes: size of the full export.
        bare: the bare pass.
        steps: the pipeline's steps in order; those within another step are told, but not counted twice.
    """

    export: str
    shape: str
    raw_bytes: int
    bare: Measured
    steps: tuple[Measured, ...]

    @property
    def ingest(self) -> Measured:
        """Delivery and landing together: times add up, the peak is the higher of the two."""
        return self._sum_of("ingest", INGEST)

    @property
    def total(self) -> Measured:
        """The whole pipeline, where it was run."""
        return self._sum_of("whole pipeline", (*INGEST, *REST))

    def _sum_of(self, name: str, steps: Sequence[Step]) -> Measured:
        names = {step.name for step in steps if step.within is None}
        counted = [step for step in self.steps if step.step in names]
        return Measured(name, None, _sum([step.small for step in counted]), _sum([step.full for step in counted]))

    @property
    def _rows(self) -> tuple[Measured, ...]:
        ingest = self.steps[: len(INGEST)]
        rest = self.steps[len(INGEST) :]
        return (self.bare, *ingest, self.ingest, *rest, *([self.total] if rest else []))

    @property
    def second_reader_share(self) -> float:
        """The second reader's part of the marginal processor time of ingest."""
        reader = next(step for step in self.steps if step.step == SECOND_READER)
        return reader.marginal_cpu_seconds / self.ingest.marginal_cpu_seconds

    def ratio(self, step: Measured) -> float:
        """Marginal time of a step, in bare passes over the same bytes."""
        return step.marginal_seconds / self.bare.marginal_seconds

    def cpu_ratio(self, step: Measured) -> float:
        """The same in processor time, which other people's work on the machine disturbs less."""
        return step.marginal_cpu_seconds / self.bare.marginal_cpu_seconds

    def values(self) -> dict[str, Any]:
        """Everything, as plain values; times in seconds, marginal ones in microseconds a judgment."""
        return {
            "export": self.export,
            "judgments": self.bare.full.judgments,
            "small_judgments": self.bare.small.judgments,
            "raw_bytes": self.raw_bytes,
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "versions": {name: version(name) for name in VERSIONS},
            "second_reader_share": round(self.second_reader_share, 3),
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
                for step in self._rows
            ],
        }

    def table(self) -> str:
        """The table, in Markdown."""
        lines = [
            "| step | seconds | CPU seconds | peak memory, MiB | marginal, µs a judgment | bare passes | in CPU time |",
            "|---|--:|--:|--:|--:|--:|--:|",
        ]
        for step in self._rows:
            name = f"… of which {step.step}" if step.within else step.step
            lines.append(
                f"| {name} | {step.full.seconds:.2f} | {step.full.cpu_seconds:.2f} |"
                f" {step.full.peak_bytes / MEBIBYTE:,.0f} | {step.marginal_seconds * 1e6:.2f} |"
                f" {self.ratio(step):.2f} | {self.cpu_ratio(step):.2f} |"
            )
        return "\n".join(lines)

    def text(self) -> str:
        """What is printed: what was measured, the table, and the numbers that sum it up."""
        full, small = self.bare.full.judgments, self.bare.small.judgments
        total = self._rows[-1]
        return "\n".join(
            (
                f"{self.export}: {full:,} judgments, {self.shape}, in {self.raw_bytes:,} bytes; {os.cpu_count()} cores",
                f"marginal: ({full:,} less {small:,} judgments); a bare pass is DuckDB's reader to Parquet, zstd",
                "",
                self.table(),
                "",
                f"{total.step}: {self.ratio(total):.1f} × a bare pass, marginal;"
                f" peak memory {total.full.peak_bytes / MEBIBYTE:,.0f} MiB;"
                f" the second reader takes {self.second_reader_share:.0%} of ingest's processor time",
            )
        )


def _sum(costs: Sequence[Cost]) -> Cost:
    return Cost(
        costs[0].judgments,
        sum(cost.seconds for cost in costs),
        sum(cost.cpu_seconds for cost in costs),
        max(cost.peak_bytes for cost in costs),
    )
