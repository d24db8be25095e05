"""The laws as blocking checks on the judgments, and the ledger that they fill."""

from collections.abc import Iterator

import dagster as dg

from expectations.laws.definitions import LAWS, STATIC
from expectations.laws.verdicts import broken, story
from pipelines.components.shared import (
    LAST_JUDGMENTS,
    LEDGER,
    OWNERS,
    ledger_table,
    offender_table,
    table_schema,
)
from pipelines.domain.tables import TABLES
from pipelines.project import this_project
from pipelines.proof import prove_run, read_verdicts
from pipelines.release.prove import REQUIRED
from pipelines.resources.workspace import Workspace
from pipelines.warehouse.run_folder import RunFolder
from pipelines.warehouse.state import replays_of, state_of_run

CHECKED = [law for law in LAWS.values() if law is not STATIC and any(law in wanted for _, wanted in REQUIRED)]
"""The laws of this check; the static one is evaluated before any model is built."""


@dg.multi_asset_check(
    name="laws",
    specs=[
        dg.AssetCheckSpec(
            law.code, asset=LAST_JUDGMENTS, blocking=True, description=f"{law.statement}\n\n`{law.equation}`"
        )
        for law in CHECKED
    ],
)
def laws(
    context: dg.AssetCheckExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> Iterator[dg.AssetCheckResult]:
    """Prove every step of the run, from the raw bytes to the marts."""
    run = RunFolder.of(workspace.home, context.run.run_id)
    state = state_of_run(run.warehouse, this_project().contracts, workspace.key, workspace.home)
    verdicts = prove_run(run, state, workspace.home, replays_of(state, workspace.home))
    for law in CHECKED:
        own = [verdict for verdict in verdicts if verdict.law == law.code]
        failed = broken(own)
        yield dg.AssetCheckResult(
            asset_key=LAST_JUDGMENTS,
            check_name=law.code,
            passed=bool(own) and not failed,
            severity=dg.AssetCheckSeverity.ERROR,
            description=story(failed) if failed else law.statement if own else "It was not evaluated on any step.",
            metadata={
                "ledger": ledger_table(own),
                "offending": sum(verdict.offending for verdict in failed),
                **({"offenders": offender_table(failed)} if failed else {}),
            },
        )


@dg.asset(
    key=LEDGER,
    deps=[LAST_JUDGMENTS],
    group_name="quality",
    description="One row per step, source and law: what went in, what came out, and the verdict.",
    owners=OWNERS,
    kinds={"duckdb"},
    metadata={"dagster/column_schema": dg.MetadataValue.table_schema(table_schema(TABLES["ledger"]))},
)
def ledger(context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]) -> dg.MaterializeResult:
    """The books of this run, as the laws found them."""
    verdicts = read_verdicts(RunFolder.of(workspace.home, context.run.run_id))
    return dg.MaterializeResult(metadata={"dagster/row_count": len(verdicts), "ledger": ledger_table(verdicts)})
