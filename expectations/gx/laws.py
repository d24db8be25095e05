"""The laws as a Great Expectations suite over the ledger: one expectation a law, in its own words, with Data Docs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb

from expectations.gx.report import SuiteReport
from expectations.gx.suite import ROW_RULE, Expectation, Suite
from expectations.laws.definitions import Law
from expectations.laws.verdicts import Verdict
from pipelines.domain.tables import LEDGER
from pipelines.domain.types import duckdb_type

LAWS_DOCS = "laws"
"""The folder of these Data Docs within those of a run."""

_SCHEMA = "proof"


def law_suite(laws: Iterable[Law]) -> Suite:
    """One expectation a law: the ledger holds a row of it, and none that is broken."""
    return Suite.model_construct(
        table=LEDGER.name,
        description="The laws that prove that no judgment was lost, merged, moved or made up.",
        named_by=["source_id", "step", "law"],
        expectations=[
            Expectation(
                type=ROW_RULE,
                meaning=f"Law {law.number}, {law.name}. {law.statement}",
                kwargs={"unexpected_rows_query": _broken(law)},
            )
            for law in laws
        ],
        planted=[],
    )


def _broken(law: Law) -> str:
    """Rows of the ledger that break the law; one row where it was never evaluated."""
    return (
        f"select source_id, step, law, offending_count from {{ledger}}"
        f" where law = '{law.code}' and verdict is distinct from 'held'"
        f" union all select 'no source', 'it was never evaluated', '{law.code}', 0"
        f" where not exists (select 1 from {{ledger}} where law = '{law.code}')"
    )


def expect_laws(verdicts: Sequence[Verdict], laws: Iterable[Law], docs: Path | None) -> SuiteReport:
    """Run the suite over verdicts, as the rows of a ledger; ``docs`` is where its Data Docs are built."""
    from expectations.gx.run import validate_on

    columns = ", ".join(f"{column.name} {duckdb_type(column.type)}" for column in LEDGER.columns)
    marks = ", ".join("?" for _ in LEDGER.columns)
    with duckdb.connect() as con:
        con.execute(f"create schema {_SCHEMA}; create table {_SCHEMA}.ledger ({columns})")
        rows = [[verdict.ledger_row()[name] for name in LEDGER.column_names] for verdict in verdicts]
        if rows:
            con.executemany(f"insert into {_SCHEMA}.ledger values ({marks})", rows)
        (report,) = validate_on(con, [law_suite(laws)], docs, _SCHEMA)
    return report
