"""What starts runs by itself: the inbox sensor, one run a delivery, and the daily schedule.

A delivery is known by its content and its place in the source's history, and so are the keys of its runs: a crash
between the request and the cursor asks for the same run again, and never for a second one.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from pipelines.components.shared import CATALOG, LEDGER, landing_key, release_key
from pipelines.contracts.model import SourceContract
from pipelines.instance import fail_dead_runs
from pipelines.landing.deliveries import DeliveredFile, deliveries, file_sha256, listing_digest
from pipelines.landing.inbox import UNFINISHED, InboxError, inbox_listing
from pipelines.landing.writing import is_being_written
from pipelines.project import Project
from pipelines.resources.workspace import Workspace

INTERVAL_S = 10
STABLE_S = 5.0
"""A file that changed within this many seconds may still be being written."""

ATTEMPTS = 3
DELIVERY_TAG = "variorum/delivery"
SOURCE_TAG = "variorum/source"
_FAILED = (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)


@dataclass(frozen=True)
class Look:
    """What lies in a source's inbox folder: a digest of names, sizes and times, or why there is nothing to take."""

    listing: str | None = None
    waits: str | None = None


@dataclass(frozen=True)
class Seen:
    """What the cursor remembers of a source, so that a quiet inbox costs no hashing and no query.

    ``listing`` is the last look, ``delivery`` the delivery that it is, and ``settled`` says how it ended, once it has.
    """

    listing: str
    delivery: str | None = None
    settled: str | None = None


def inbox_sensor(
    project: Project, job: UnresolvedAssetJobDefinition, model_keys: list[dg.AssetKey]
) -> dg.SensorDefinition:
    """The sensor over every source's inbox folder."""

    @dg.sensor(
        name="inbox",
        job=job,
        minimum_interval_seconds=INTERVAL_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Starts one run for each delivery that has arrived whole in a source's inbox folder.",
    )
    def inbox(context: dg.SensorEvaluationContext, workspace: dg.ResourceParam[Workspace]) -> dg.SensorResult:
        fail_dead_runs(context.instance, workspace.home)
        before = read_cursor(context.cursor)
        now: dict[str, Seen] = {}
        requests: list[dg.RunRequest] = []
        told: list[str] = []
        for source, contract in project.contracts.items():
            look = folder_look(contract, workspace.inbox)
            if look.waits:
                told.append(f"{source}: {look.waits}")
            if look.listing is None:
                continue
            seen, attempt = decide(contract, look.listing, before.get(source), workspace, context.instance)
            if attempt:
                requests.append(_request(project, source, f"{source}:{seen.delivery}", attempt, model_keys))
            now[source] = seen
            told.append(f"{source}: {seen.settled or 'looking at what has arrived'}")
        return dg.SensorResult(
            run_requests=requests,
            skip_reason=None if requests else "; ".join(told) or f"nothing has arrived in {workspace.inbox}",
            cursor=json.dumps({source: asdict(seen) for source, seen in now.items()}, sort_keys=True),
        )

    return inbox


def daily_schedule(job: UnresolvedAssetJobDefinition) -> dg.ScheduleDefinition:
    """The schedule that takes, builds and proves everything once a day, once anything has arrived."""

    @dg.schedule(
        name="daily",
        job=job,
        cron_schedule="0 5 * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Every source and every dataset but public ones, at five in the morning, UTC.",
    )
    def daily(workspace: dg.ResourceParam[Workspace]) -> dg.RunRequest | dg.SkipReason:
        arrived = any(folder.is_dir() for root in (workspace.inbox, workspace.home.raw) for folder in root.glob("*"))
        return dg.RunRequest() if arrived else dg.SkipReason(f"nothing has arrived in {workspace.inbox}")

    return daily


def read_cursor(cursor: str | None) -> dict[str, Seen]:
    """What was seen before; nothing where the cursor is empty, or not one of ours."""
    try:
        return {source: Seen(**seen) for source, seen in json.loads(cursor or "{}").items()}
    except (ValueError, TypeError, AttributeError):
        return {}


def folder_look(contract: SourceContract, inbox: Path) -> Look:
    """Look at a source's inbox folder, without reading a file; whatever is wrong with it is a reason to wait."""
    folder = inbox / contract.inbox_folder
    try:
        if not folder.exists():
            return Look()
        if unfinished := _unfinished(folder):
            return Look(waits=f"waiting for {unfinished}, which is still being written")
        matched, _ = inbox_listing(contract, inbox)
        if held := [str(path.relative_to(folder)) for _, path in matched if is_being_written(path)]:
            return Look(waits=f"waiting for {held[0]}, which is still being written")
        stats = [(number, str(path.relative_to(folder)), path.stat()) for number, path in matched]
    except InboxError as error:
        return Look(waits=str(error).removeprefix(f"{contract.source}: "))
    except OSError as error:
        return Look(waits=f"{error.filename or folder} cannot be read: {error.strerror}")
    age = time.time() - max(stat.st_mtime for _, _, stat in stats)
    if 0 <= age < STABLE_S:
        return Look(waits=f"waiting until nothing has changed for {STABLE_S:.0f} s")
    listing = [(number, name, stat.st_size, stat.st_mtime_ns) for number, name, stat in stats]
    return Look(listing=hashlib.sha256(json.dumps(listing).encode()).hexdigest()[:32])


def decide(
    contract: SourceContract, listing: str, before: Seen | None, workspace: Workspace, instance: dg.DagsterInstance
) -> tuple[Seen, int]:
    """What to remember of a source, and which attempt to start for it; 0 for none.

    A listing that was not seen at the tick before is only remembered: it may still change.
    """
    if before is None or before.listing != listing:
        return Seen(listing), 0
    if before.settled:
        return before, 0
    if before.delivery is None:
        try:
            before = replace(before, delivery=_delivery(contract, workspace))
        except (OSError, InboxError):
            return Seen("unreadable"), 0
        if folder_look(contract, workspace.inbox).listing != listing:
            return Seen("changed"), 0
    records = instance.get_run_records(dg.RunsFilter(tags={DELIVERY_TAG: f"{contract.source}:{before.delivery}"}))
    statuses = [record.dagster_run.status for record in records]
    failed = sum(status in _FAILED for status in statuses)
    if dg.DagsterRunStatus.SUCCESS in statuses:
        return replace(before, settled="taken"), 0
    if failed < len(statuses):
        return before, 0
    if failed >= ATTEMPTS:
        return replace(before, settled=f"given up after {failed} failed runs; mend it and start the job pipeline"), 0
    if not statuses and before.delivery == _last_delivery(contract, workspace):
        return replace(before, settled="taken"), 0
    return before, failed + 1


def _request(
    project: Project, source: str, delivery: str, attempt: int, model_keys: list[dg.AssetKey]
) -> dg.RunRequest:
    if project.contract(source).is_aggregate_only:  # nothing of it can be proved or released alone
        return dg.RunRequest(
            run_key=f"{delivery}:{attempt}",
            tags={DELIVERY_TAG: delivery, SOURCE_TAG: source},
            asset_selection=[landing_key(source)],
        )
    datasets = project.datasets_with([source])
    needed = sorted({source, *(other for dataset in datasets for other in dataset.sources)})
    return dg.RunRequest(
        run_key=f"{delivery}:{attempt}",
        tags={DELIVERY_TAG: delivery, SOURCE_TAG: source},
        asset_selection=[
            landing_key(source),
            CATALOG,
            *model_keys,
            LEDGER,
            *(release_key(dataset.dataset) for dataset in datasets),
        ],
        run_config={"ops": {CATALOG.to_python_identifier(): {"config": {"sources": needed}}}},
    )


def _unfinished(folder: Path) -> str | None:
    """The name of a file that is still being written; unlike a glob, this stops at a folder that cannot be read."""
    for root, _, names in os.walk(folder, onerror=_raise):
        for name in sorted(names):
            if name.endswith(UNFINISHED):
                return str((Path(root) / name).relative_to(folder))
    return None


def _raise(error: OSError) -> None:
    raise error


def _delivery(contract: SourceContract, workspace: Workspace) -> str:
    """The delivery that the folder holds: its place in the source's history, and its content."""
    matched, _ = inbox_listing(contract, workspace.inbox)
    folder = workspace.inbox / contract.inbox_folder
    files = [DeliveredFile(number, str(path.relative_to(folder)), file_sha256(path), 0) for number, path in matched]
    content = listing_digest(tuple(files))
    history = deliveries(contract.source, workspace.home)
    if history and history[-1].id == content:
        return _name(history[-1].sequence, content)
    return _name(len(history) + 1, content)


def _last_delivery(contract: SourceContract, workspace: Workspace) -> str | None:
    history = deliveries(contract.source, workspace.home)
    return _name(history[-1].sequence, history[-1].id) if history else None


def _name(sequence: int, content: str) -> str:
    return f"{sequence}-{content[:32]}"
