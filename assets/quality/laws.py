"""The laws as checks on each asset that a step ends in, all on the judgments, and the ledger that they fill."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from expectations.gx.laws import LAWS_DOCS, expect_laws
from expectations.laws.definitions import DISTRIBUTION, LAWS, RESIDUE, STATIC, Law
from pipelines.components.shared import (
    CATALOG,
    LAST_JUDGMENTS,
    LEDGER,
    OWNERS,
    divided_table,
    flow_table,
    law_result,
    law_spec,
    ledger_table,
    table_schema,
)
from pipelines.domain.tables import TABLES
from pipelines.project import this_project
from pipelines.proof import divided, prove_run, read_verdicts
from pipelines.release.prove import REQUIRED
from pipelines.resources.workspace import Workspace
from pipelines.warehouse.run_folder import RunFolder
from pipelines.warehouse.state import replays_of, state_of_run

CHECKED = [law for law in LAWS.values() if law not in (STATIC, RESIDUE)]
"""The laws of these checks. The static one is evaluated before any model is built; what takes a whole recount of raw
files, law 6 and the better part of law 7, at the gate; the release shows every law."""

ENDS_IN = {
    "deliveries→files": CATALOG,
    "raw→records": CATALOG,
    "records→landing": CATALOG,
    "raw→landing": CATALOG,
    "landing→staging": dg.AssetKey(["stg_judgments"]),
    "staging→intermediate": dg.AssetKey(["int_judgments_numbered"]),
    "landing→marts items": dg.AssetKey(["items"]),
    "landing→marts questions": dg.AssetKey(["questions"]),
    "landing→marts annotators": dg.AssetKey(["annotators"]),
    "landing→marts quarantine": dg.AssetKey(["quarantine"]),
}
"""The asset that shows a step; the judgments show all steps."""

BUILT_BEFORE_THE_CHECKS = {CATALOG, dg.AssetKey(["stg_judgments"]), dg.AssetKey(["int_judgments_numbered"])}
"""What the judgments themselves are built from, so that its checks cannot hold it up; theirs do, for every step."""


def _by_asset() -> dict[dg.AssetKey, list[Law]]:
    """Which laws are checked on which asset."""
    found: dict[dg.AssetKey, list[Law]] = {LAST_JUDGMENTS: CHECKED}
    for step, wanted in REQUIRED:
        if step in ENDS_IN:
            own = found.setdefault(ENDS_IN[step], [])
            own += [law for law in wanted if law in CHECKED and law not in own]
    return found


@dg.multi_asset_check(
    name="laws",
    specs=[
        law_spec(law, key, blocking=key not in BUILT_BEFORE_THE_CHECKS)
        for key, own in _by_asset().items()
        for law in own
    ],
)
def laws(
    context: dg.AssetCheckExecutionContext, workspace: dg.ResourceParam[Workspace]
) -> Iterator[dg.AssetCheckResult]:
    """Prove every step of the run, from the raw bytes to the marts."""
    run = RunFolder.of(workspace.home, context.run.run_id)
    state = state_of_run(run.warehouse, this_project().contracts, workspace.key, workspace.home)
    verdicts = prove_run(run, state, workspace.home, replays_of(state, workspace.home))
    for key, checked in _by_asset().items():
        for law in checked:
            own = [
                verdict
                for verdict in verdicts
                if verdict.law == law.code and (key == LAST_JUDGMENTS or ENDS_IN.get(verdict.step) == key)
            ]
            result = law_result(key, law, own)
            if (key, law) == (LAST_JUDGMENTS, DISTRIBUTION):
                shown = divided_table(divided(run, state))
                result = result._replace(metadata={**result.metadata, "most divided items": shown})
            yield result


@dg.asset(
    key=LEDGER,
    deps=[LAST_JUDGMENTS],
    group_name="quality",
    description="One row per step, source and law: what went in, what came out, and the verdict.",
    owners=OWNERS,
    kinds={"duckdb"},
    metadata={"dagster/column_schema": dg.MetadataValue.table_schema(table_schema(TABLES["ledger"]))},
    check_specs=[
        dg.AssetCheckSpec(
            "expectations",
            asset=LEDGER,
            blocking=True,
            description="Each law as an expectation on the ledger: it was evaluated, and nothing breaks it.",
        )
    ],
)
def ledger(context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]) -> dg.MaterializeResult:
    """The books of this run, as the laws found them."""
    run = RunFolder.of(workspace.home, context.run.run_id)
    verdicts = read_verdicts(run)
    report = expect_laws(verdicts, CHECKED, run.docs / LAWS_DOCS)
    faults = [f"{one.meaning} ({one.observed or one.error})" for one in report.expectations if one.outcome != "held"]
    docs: Path | None = report.docs
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(verdicts),
            "flow": flow_table(verdicts),
            "ledger": ledger_table(verdicts),
            **({"data docs": dg.MetadataValue.path(docs)} if docs else {}),
        },
        check_results=[
            dg.AssetCheckResult(
                check_name="expectations",
                passed=not faults,
                severity=dg.AssetCheckSeverity.ERROR,
                description="\n".join(faults) or report.description,
            )
        ],
    )
