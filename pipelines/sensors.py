"""The inbox sensor: one run a delivery, once its files are complete and have stopped changing.

The run key is made from what lies in the folder and the number of earlier attempts, so that a crash between the
request and the cursor asks for the same run again, and never for a second one.
"""

import hashlib
import json
import time
from collections.abc import Iterator

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from pipelines.components.shared import CATALOG, LEDGER, landing_key, release_key
from pipelines.contracts.model import SourceContract
from pipelines.landing.deliveries import InboxError, deliveries, inbox_listing
from pipelines.project import Project
from pipelines.resources.workspace import Workspace

STABLE_S = 5.0
"""A file that changed within this many seconds may still be being written."""

ATTEMPTS = 3
DELIVERY_TAG = "variorum/delivery"
SOURCE_TAG = "variorum/source"
_FINISHED_BADLY = [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]


def run_selection(project: Project, sources: list[str], model_keys: list[dg.AssetKey]) -> list[dg.AssetKey]:
    """The assets of a run about some sources: their landing, the models, the ledger and their datasets' releases."""
    return [
        *(landing_key(source) for source in sources),
        CATALOG,
        *model_keys,
        LEDGER,
        *(release_key(dataset.dataset) for dataset in project.datasets_with(sources)),
    ]


def inbox_sensor(
    project: Project, job: UnresolvedAssetJobDefinition, model_keys: list[dg.AssetKey]
) -> dg.SensorDefinition:
    """The sensor over every source's inbox folder."""

    @dg.sensor(
        name="inbox",
        job=job,
        minimum_interval_seconds=10,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Starts one run for each delivery that has arrived whole in a source's inbox folder.",
    )
    def inbox(
        context: dg.SensorEvaluationContext, workspace: dg.ResourceParam[Workspace]
    ) -> dg.SensorResult | dg.SkipReason:
        seen: dict[str, str] = json.loads(context.cursor) if context.cursor else {}
        now: dict[str, str] = {}
        requests: list[dg.RunRequest] = []
        for source, contract in project.contracts.items():
            listing = folder_state(contract, workspace)
            if listing is None:
                continue
            now[source] = listing
            if seen.get(source) == listing:
                requests += _requests(context.instance, project, workspace, contract, listing, model_keys)
        return dg.SensorResult(run_requests=requests, cursor=json.dumps(now, sort_keys=True))

    return inbox


def folder_state(contract: SourceContract, workspace: Workspace) -> str | None:
    """Digest of what lies in the inbox folder by name, size and time; None while it is absent or still changing."""
    try:
        matched, _ = inbox_listing(contract, workspace.inbox)
        stats = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for _, path in matched]
    except (InboxError, OSError):
        return None
    newest = max(changed for _, _, changed in stats)
    if time.time() - newest / 1e9 < STABLE_S:
        return None
    return hashlib.sha256(json.dumps(stats).encode()).hexdigest()[:32]


def _requests(
    instance: dg.DagsterInstance,
    project: Project,
    workspace: Workspace,
    contract: SourceContract,
    listing: str,
    model_keys: list[dg.AssetKey],
) -> Iterator[dg.RunRequest]:
    tag = f"{contract.source}:{listing}"
    records = instance.get_run_records(dg.RunsFilter(tags={DELIVERY_TAG: tag}))
    failed = [record for record in records if record.dagster_run.status in _FINISHED_BADLY]
    if len(failed) < len(records) or len(failed) >= ATTEMPTS:
        return
    if not records and _is_landed(contract, workspace):
        return
    yield dg.RunRequest(
        run_key=f"{tag}:{len(failed) + 1}",
        tags={DELIVERY_TAG: tag, SOURCE_TAG: contract.source},
        asset_selection=run_selection(project, [contract.source], model_keys),
    )


def _is_landed(contract: SourceContract, workspace: Workspace) -> bool:
    """Whether the last delivery already holds exactly these files, so that the command's runs are not repeated."""
    from pipelines.landing.deliveries import DeliveredFile, file_sha256, listing_digest

    history = deliveries(contract.source, workspace.home)
    if not history:
        return False
    matched, _ = inbox_listing(contract, workspace.inbox)
    folder = workspace.inbox / contract.inbox_folder
    files = tuple(
        DeliveredFile(number, str(path.relative_to(folder)), file_sha256(path), 0) for number, path in matched
    )
    return listing_digest(files) == history[-1].id
