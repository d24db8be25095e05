"""What a run of the suites says: verdicts and errors, each by expectation, with the offending rows.

Plain values that a check, a command or a page can show; nothing of Great Expectations in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Outcome = Literal["held", "broken", "error"]
"""held and broken are verdicts on the data; error says that there is no verdict."""

ROWS_SHOWN = 20


@dataclass(frozen=True)
class ExpectationReport:
    """What became of one expectation.

    ``unexpected`` names the first offending rows, ``unexpected_count`` says how many there are (null without a
    verdict), ``error`` is what went wrong where there is no verdict.
    """

    suite: str
    type: str
    meaning: str
    outcome: Outcome
    observed: str
    unexpected_count: int | None = None
    unexpected: tuple[Mapping[str, Any], ...] = ()
    error: str | None = None


@dataclass(frozen=True)
class SuiteReport:
    """What became of one suite. ``docs`` is the index.html of the Data Docs, if they were asked for."""

    suite: str
    description: str
    expectations: tuple[ExpectationReport, ...]
    docs: Path | None = None

    @property
    def outcome(self) -> Outcome:
        """Error if any expectation has no verdict, else broken if any is broken, else held."""
        outcomes = {report.outcome for report in self.expectations}
        return "error" if "error" in outcomes else "broken" if "broken" in outcomes else "held"
