"""Running suites over a warehouse: GX's verdicts, with its errors kept apart, the offending rows, and Data Docs.

One GX context and one DuckDB connection serve all suites. GX 1.24 makes no outside request; its analytics are
switched off all the same, and it is kept from printing.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from expectations.gx.report import ROWS_SHOWN, ExpectationReport, SuiteReport
from expectations.gx.suite import ROW_RULE, Expectation, Suite, row_rule, row_rule_for_gx

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuiteValidationResult
    from great_expectations.datasource.fluent import SQLDatasource
    from great_expectations.expectations.expectation import Expectation as GXExpectation

_PSEUDONYM = re.compile(r"a[0-9a-f]{32}")
_NO_PSEUDONYM = "(no pseudonym, so not shown)"
_TEXT_SHOWN = 120
_READ_BY_GX = 200
"""GX reads no more rows of a row rule, and buffers what it is given; the true count of a broken one is taken here."""


def validate(
    warehouse: Path, suites: Sequence[Suite], docs_dir: Path | None, schema: str = "main"
) -> list[SuiteReport]:
    """Run the suites over the tables of a schema in a DuckDB file, which is opened read-only.

    ``docs_dir`` is where Data Docs are built; what an earlier run built there is replaced. A missing table or column
    is an error of the expectations that need it, never a verdict.

    Raises:
        duckdb.Error: the file cannot be opened (absent, or held open for writing).
    """
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return validate_on(connection, suites, docs_dir, schema)


def validate_on(
    connection: duckdb.DuckDBPyConnection,
    suites: Sequence[Suite],
    docs_dir: Path | None,
    schema: str,
    rows_shown: int = ROWS_SHOWN,
) -> list[SuiteReport]:
    """As ``validate``, over a connection that is already open, naming at most ``rows_shown`` rows an expectation."""
    with _quiet(), _source(connection) as source:
        runs = [_Run(connection, source, suite, schema, rows_shown) for suite in suites]
        reports = [run.report() for run in runs]
        if docs_dir is None:
            return reports
        from expectations.gx.docs import build_docs

        return build_docs(reports, [run.result for run in runs], docs_dir)


@contextmanager
def _source(connection: duckdb.DuckDBPyConnection) -> Iterator[SQLDatasource]:
    """GX's source of data: the connection."""
    import great_expectations
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    from expectations.gx.dialect import lend

    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False),
    )
    context = great_expectations.get_context(project_config=config, mode="ephemeral")
    with lend(connection) as url:
        yield context.data_sources.add_sql("warehouse", connection_string=url)


class _Run:
    """One suite over one table. ``result`` is what GX made of it, if it came so far."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        source: SQLDatasource,
        suite: Suite,
        schema: str,
        rows_shown: int,
    ) -> None:
        self._connection, self._source = connection, source
        self._suite, self._schema, self._rows_shown = suite, schema, rows_shown
        self.result: ExpectationSuiteValidationResult | None = None

    def report(self) -> SuiteReport:
        """Run the suite and read what GX says, expectation by expectation."""
        expectations = self._suite.expectations
        try:
            self.result = self._validated()
        except Exception as error:  # whatever GX raises leaves every expectation of the suite without a verdict
            text = _first_line(f"{type(error).__name__}: {error}")
            reports = [self._error(expectation, text) for expectation in expectations]
        else:
            # GX returns its results in an order of its own
            results = {
                one.expectation_config.meta["place"]: one for one in self.result.results if one.expectation_config
            }
            reports = [self._one(expectation, results.get(place)) for place, expectation in enumerate(expectations)]
        return SuiteReport(self._suite.name, self._suite.description, tuple(reports))

    def _validated(self) -> ExpectationSuiteValidationResult:
        from great_expectations import ExpectationSuite

        made = [self._made(expectation, place) for place, expectation in enumerate(self._suite.expectations)]
        suite = ExpectationSuite(self._suite.name, expectations=made)
        asset = self._source.add_table_asset(self._suite.name, self._suite.table, schema_name=self._schema)
        batch = asset.get_batch(asset.build_batch_request())
        return batch.validate(
            suite,
            result_format={
                "result_format": "SUMMARY",
                "partial_unexpected_count": self._rows_shown,
                "unexpected_index_column_names": self._suite.named_by,
            },
        )

    def _made(self, expectation: Expectation, place: int) -> GXExpectation:
        """The expectation as GX has it; its place in the suite comes back with its result."""
        from great_expectations.expectations.registry import get_expectation_impl

        from expectations.gx.row_rule import RowRule

        told: dict[str, Any] = {"description": expectation.meaning, "meta": {"place": place}}
        if expectation.type != ROW_RULE:
            return get_expectation_impl(expectation.type)(**expectation.kwargs, **told)
        query = expectation.kwargs["unexpected_rows_query"]
        sql = row_rule_for_gx(query, self._schema, self._suite.table, _READ_BY_GX)
        return RowRule(unexpected_rows_query=sql, **told)

    def _one(self, expectation: Expectation, result: Any) -> ExpectationReport:
        if result is None:
            return self._error(expectation, "Great Expectations returned no result for it")
        if text := _exception(result.exception_info):
            return self._error(expectation, text)
        if result.success:
            return self._verdict(expectation, 0, ())
        if expectation.type == ROW_RULE:
            count, rows = self._offending(expectation)
        else:
            count = result.result["unexpected_count"]
            # of a key of several columns GX gives the values alone, which are the key
            listed = "partial_unexpected_index_list" in result.result
            rows = result.result["partial_unexpected_index_list" if listed else "partial_unexpected_list"]
        if count == 0:
            return self._error(expectation, "Great Expectations says broken, but no row that breaks it is found")
        return self._verdict(expectation, count, rows)

    def _offending(self, expectation: Expectation) -> tuple[int, list[dict[str, Any]]]:
        query = row_rule(expectation.kwargs["unexpected_rows_query"], self._schema)
        cursor = self._connection.execute(f"from (\n{query}\n) order by all limit {self._rows_shown + 1}")
        names = [column[0] for column in cursor.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        if len(rows) <= self._rows_shown:
            return len(rows), rows
        counted = self._connection.execute(f"select count(*) from (\n{query}\n)").fetchall()
        return counted[0][0], rows

    def _verdict(self, expectation: Expectation, count: int, rows: Sequence[Mapping[str, Any]]) -> ExpectationReport:
        observed = "no row breaks it" if count == 0 else f"{count:,} row{'s break' if count > 1 else ' breaks'} it"
        return ExpectationReport(
            self._suite.name,
            expectation.type,
            expectation.meaning,
            "broken" if count else "held",
            observed,
            count,
            tuple(_shown(row) for row in rows[: self._rows_shown]),
        )

    def _error(self, expectation: Expectation, text: str) -> ExpectationReport:
        return ExpectationReport(
            self._suite.name, expectation.type, expectation.meaning, "error", "no verdict", error=text
        )


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row as it may be shown: long text is cut, and what is no pseudonym could be a raw annotator id."""
    shown = dict(row)
    for name, value in row.items():
        if name == "annotator_id" and value is not None and not _PSEUDONYM.fullmatch(str(value)):
            shown[name] = _NO_PSEUDONYM
        elif isinstance(value, str) and len(value) > _TEXT_SHOWN:
            shown[name] = value[:_TEXT_SHOWN] + "…"
    return shown


def _exception(info: Mapping[str, Any]) -> str | None:
    """What was raised, from either of the two forms in which GX tells it: flat, or by metric."""
    for one in (info, *info.values()):
        if isinstance(one, Mapping) and one.get("raised_exception"):
            return _first_line(str(one.get("exception_message") or "an error without a message"))
    return None


def _first_line(text: str) -> str:
    """The error without the SQL that SQLAlchemy and DuckDB append."""
    return text.split("[SQL:")[0].split("\nLINE ")[0].strip()


@contextmanager
def _quiet() -> Iterator[None]:
    """GX warns and logs about its own affairs; what concerns the data is in its results."""
    logger = logging.getLogger("great_expectations")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
