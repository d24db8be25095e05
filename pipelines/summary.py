"""What a run came to, as plain values: its sources with what was quarantined, the laws, the checks, the releases.

It reads receipts and verdicts and prints nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import duckdb

from pipelines.contracts.dataset import Dataset
from pipelines.project import Project
from pipelines.resources.workspace import Workspace
from pipelines.runner import RunOutcome
from pipelines.shapes.sql import literal
from pipelines.warehouse.run_folder import RunFolder
from pipelines.warehouse.state import CatalogError, LandedFile, landed_files


def summarise(
    project: Project, space: Workspace, sources: Sequence[str], datasets: Sequence[Dataset], outcome: RunOutcome
) -> dict[str, Any]:
    """A run's sources, laws, checks and releases, and why it failed if it did."""
    needed = sorted({*sources, *(source for dataset in datasets for source in dataset.sources)})
    conflicts = _item_conflicts(outcome.run)
    rows = [_source(project, space, source, outcome, conflicts) for source in needed]
    return {
        "succeeded": outcome.succeeded,
        "run": outcome.run_id,
        "sources": [row for row in rows if row],
        "laws": {
            "held": sum(verdict.held for verdict in outcome.verdicts),
            "broken": sum(not verdict.held for verdict in outcome.verdicts),
        },
        "checks": {
            "passed": outcome.checks_passed,
            "failed": outcome.checks_failed,
            "warned": outcome.checks_warned,
        },
        "releases": [row for dataset in datasets if (row := _release(dataset, outcome))],
        "failures": list(outcome.failures),
        "data_docs": str(outcome.run.docs / "index.html"),
    }


def _source(
    project: Project, space: Workspace, source: str, outcome: RunOutcome, conflicts: dict[str, int]
) -> dict[str, Any] | None:
    """The books of one source; None where the run did not come to land it."""
    try:
        files = landed_files(project.contract(source), space.key, space.home)
    except CatalogError:
        return None
    receipts = [file.receipt for file in files]
    reasons = Counter[str]()
    for receipt in receipts:
        reasons.update(receipt.reasons)
    if conflicts.get(source):
        reasons["item_conflict"] += conflicts[source]
    out = [verdict.count_out for verdict in outcome.verdicts if (verdict.source, verdict.step) == (source, _LAST_STEP)]
    said = outcome.metadata.get(f"landing/{source}", {})
    return {
        "source": source,
        "records": sum(receipt.records_recounted for receipt in receipts),
        "records_quarantined": sum(receipt.records_refused for receipt in receipts),
        "judgments_in": sum(receipt.candidates for receipt in receipts),
        "judgments_quarantined": sum(receipt.judgments_refused for receipt in receipts),
        "judgments_out": out[0] if out else None,
        "quarantined": dict(sorted(reasons.items())),
        "delivery": said.get("delivery"),
        "new_delivery": said.get("new delivery"),
        "changes": said.get("against the delivery before"),
        "refused_files": [_refused(file) for file in files if file.receipt.refused_as_a_whole],
    }


_LAST_STEP = "intermediate→marts"


def _refused(file: LandedFile) -> dict[str, Any]:
    return {
        "file": file.file.name,
        "role": file.receipt.role,
        "sha256": file.file.sha256,
        "reason": file.receipt.refused_as_a_whole,
        "message": file.receipt.message,
    }


def _item_conflicts(run: RunFolder) -> dict[str, int]:
    """By source, versions of items that contradict an earlier one: only the models see them."""
    mart = run.mart("quarantine")
    if not mart.exists():
        return {}
    with duckdb.connect(":memory:") as con:
        query = f"select source_id, count(*) from read_parquet({literal(str(mart))}) where stage = 'item' group by all"
        return dict(con.execute(query).fetchall())


def _release(dataset: Dataset, outcome: RunOutcome) -> dict[str, Any] | None:
    said = outcome.metadata.get(f"release/{dataset.dataset}")
    if not said:
        return None
    return {
        "dataset": dataset.dataset,
        "version": said["version"],
        "new": said["new"],
        "why": said["why this version"],
        "proved": said["proved"],
        "judgments": said["dagster/row_count"],
        "digest": said["digest"],
        "path": str(said["path"]),
    }
