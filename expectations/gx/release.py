"""The suites over the files of a release, at the gate: what the checks of a run said before is not asked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from expectations.gx.report import SuiteReport
from expectations.gx.suite import Suite, quoted

_SCHEMA = "release"


class ExpectationError(RuntimeError):
    """An expectation does not hold on the files of a release, or could not be evaluated; nothing is published."""


def expect_of_release(folder: Path, suites: Sequence[Suite]) -> dict[str, int]:
    """Run the suites of the tables that a release holds over its files.

    Returns:
        by table, how many expectations held.

    Raises:
        ExpectationError: it names each that does not, with the first rows.
    """
    from expectations.gx.run import validate_on

    own = [suite for suite in suites if (folder / suite.table).is_dir()]
    with duckdb.connect() as con:
        con.execute(f"set timezone = 'UTC'; set enable_progress_bar = false; create schema {_SCHEMA}")
        for path in sorted(part for part in folder.iterdir() if part.is_dir()):
            files = str(path / "*.parquet").replace("'", "''")
            con.execute(f"create view {_SCHEMA}.{quoted(path.name)} as select * from read_parquet('{files}')")
        reports = validate_on(con, own, None, _SCHEMA)
    if faults := [fault for report in reports for fault in _faults(report)]:
        raise ExpectationError("Not published: the release's files are not what is expected.\n  " + "\n  ".join(faults))
    return {report.suite: len(report.expectations) for report in reports}


def _faults(report: SuiteReport) -> list[str]:
    return [
        f"{report.suite}: {one.meaning} ({one.observed if one.outcome == 'broken' else f'no verdict: {one.error}'})"
        for one in report.expectations
        if one.outcome != "held"
    ]
