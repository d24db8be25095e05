"""GX's expectation of a row rule, computed once: GX itself runs its SQL twice, for the rows and for their number.

Imports Great Expectations, so it is imported late. Which rows break a rule is said by ``run``.
"""

from __future__ import annotations

from typing import Any, ClassVar

from great_expectations.expectations.core import UnexpectedRowsExpectation


class RowRule(UnexpectedRowsExpectation):
    """Holds if the SQL selects no row."""

    metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.table",)

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: dict[str, Any] | None = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        rows = metrics["unexpected_rows_query.table"]
        return {"success": not rows, "result": {"observed_value": len(rows)}}
