"""Runs the pipeline in this process, through Dagster, and tells what came of it."""

from __future__ import annotations

import logging
import uuid
import warnings
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

import duckdb

from expectations.laws.verdicts import Verdict
from pipelines.contracts.dataset import Dataset
from pipelines.failures import tell_failures
from pipelines.instance import open_instance
from pipelines.project import Project
from pipelines.proof import is_proved, prove_what_is_there, read_verdicts
from pipelines.resources.workspace import Workspace, using
from pipelines.warehouse.run_folder import RunFolder
from pipelines.warehouse.state import CatalogError, state_of_run

LOG = "run.log"
"""What dbt and other steps print during a run started here, in the run's folder."""


@dataclass(frozen=True)
class StepEvent:
    """Something a run did: ``step`` started, finished or failed, or a ``check`` was evaluated."""

    kind: str
    name: str


@dataclass(frozen=True)
class RunOutcome:
    """What a run came to.

    Attributes:
        failures: for people: what failed and why, the first cause first.
        checks_passed: how many checks of the run held, laws and dbt tests and expectations together.
        checks_warned: how many did not hold, and stop nothing.
        metadata: by asset, what its materialization said, as plain values.
        verdicts: the laws, as far as the run came.
    """

    run: RunFolder
    run_id: str
    succeeded: bool
    failures: tuple[str, ...]
    checks_passed: int
    checks_failed: int
    checks_warned: int
    metadata: dict[str, dict[str, Any]]
    verdicts: tuple[Verdict, ...]


def run_pipeline(
    project: Project,
    workspace: Workspace,
    sources: Sequence[str],
    datasets: Sequence[Dataset],
    on_event: Callable[[StepEvent], None] | None = None,
) -> RunOutcome:
    """Ingest the sources, build the tables, prove every step, and publish the datasets."""
    import dagster as dg

    from pipelines.components.shared import CATALOG, LEDGER, landing_key, release_key

    warnings.filterwarnings("ignore", category=dg.BetaWarning)
    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    from assets.transform.warehouse import models
    from pipelines.definitions import defs

    needed = sorted({*sources, *(source for dataset in datasets for source in dataset.sources)})
    selection = [
        *(landing_key(source) for source in sources),
        CATALOG,
        *models.keys,
        LEDGER,
        *(release_key(dataset.dataset) for dataset in datasets),
    ]
    run_id = str(uuid.uuid4())
    run = RunFolder.of(workspace.home, run_id)
    said = (run.root / LOG).open("w", encoding="utf-8")
    with said, redirect_stdout(said), open_instance(workspace.home) as instance, using(workspace):
        if on_event:
            instance.add_event_listener(run_id, lambda record: _tell(record, on_event))
        result = defs.resolve_job_def("pipeline").execute_in_process(
            instance=instance,
            asset_selection=selection,
            run_id=run_id,
            raise_on_error=False,
            run_config={
                "ops": {CATALOG.to_python_identifier(): {"config": {"sources": needed}}},
                "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
            },
        )
        return _outcome(project, workspace, run, run_id, result)


def _tell(record: Any, on_event: Callable[[StepEvent], None]) -> None:
    event = record.dagster_event
    if event is None:
        return
    kinds = {"STEP_START": "start", "STEP_SUCCESS": "success", "STEP_FAILURE": "failure"}
    if event.event_type_value in kinds:
        on_event(StepEvent(kinds[event.event_type_value], event.step_key or ""))
    elif event.event_type_value == "ASSET_MATERIALIZATION":
        on_event(StepEvent("asset", event.asset_key.to_user_string()))
    elif event.event_type_value == "ASSET_CHECK_EVALUATION":
        on_event(StepEvent("check", event.event_specific_data.check_name))


def _outcome(project: Project, workspace: Workspace, run: RunFolder, run_id: str, result: Any) -> RunOutcome:
    from dagster import AssetCheckSeverity

    checks = [
        event.event_specific_data for event in result.all_events if event.event_type_value == "ASSET_CHECK_EVALUATION"
    ]
    warned = sum(not check.passed and check.severity == AssetCheckSeverity.WARN for check in checks)
    failed = sum(not check.passed for check in checks) - warned
    verdicts = _verdicts(project, workspace, run)
    metadata = {
        event.asset_key.to_user_string(): {
            name: getattr(value, "value", None) for name, value in event.materialization.metadata.items()
        }
        for event in result.get_asset_materialization_events()
    }
    return RunOutcome(
        run=run,
        run_id=run_id,
        succeeded=result.success,
        failures=tell_failures(result.all_events, run, verdicts),
        checks_passed=len(checks) - failed - warned,
        checks_failed=failed,
        checks_warned=warned,
        metadata=metadata,
        verdicts=verdicts,
    )


def _verdicts(project: Project, workspace: Workspace, run: RunFolder) -> tuple[Verdict, ...]:
    """The run's verdicts. Where a dbt test stopped it before the laws, they are evaluated now, to name the rows."""
    if is_proved(run):
        return tuple(read_verdicts(run))
    if not run.warehouse.exists():
        return ()
    try:
        state = state_of_run(run.warehouse, project.contracts, workspace.key, workspace.home)
        return tuple(prove_what_is_there(run, state, workspace.home))
    except (CatalogError, duckdb.Error):  # it stopped before there was anything to prove; its own error says why
        return ()
