"""From a proved run to a published release of one dataset. No Dagster."""

from __future__ import annotations

from dataclasses import dataclass

from expectations.laws.verdicts import Verdict
from pipelines.contracts.dataset import Dataset
from pipelines.landing.deliveries import current_files
from pipelines.project import Project
from pipelines.proof import read_verdicts
from pipelines.release.build import build
from pipelines.release.manifest import Manifest
from pipelines.release.publish import Published, publish
from pipelines.release.verify import load_manifest
from pipelines.resources.workspace import Workspace
from pipelines.warehouse.run_folder import RunFolder


@dataclass(frozen=True)
class Publication:
    """What came of it: the release's manifest, where it lies, and the verdicts on its files."""

    dataset: str
    published: Published
    manifest: Manifest
    location: str
    verdicts: tuple[Verdict, ...]


def publish_dataset(
    dataset: Dataset, project: Project, workspace: Workspace, run: RunFolder, run_id: str
) -> Publication:
    """Build, prove and publish a dataset from a run's marts.

    Raises:
        LawBrokenError: a law does not hold; nothing is published.
        BuildError, PublishError, StoreError: as they say.
    """
    contracts = [project.contract(source) for source in dataset.sources]
    raw_files = {
        contract.source: [file.sha256 for _, file in current_files(contract, workspace.home)] for contract in contracts
    }
    built = build(dataset, contracts, run, read_verdicts(run), raw_files, workspace.key.fingerprint)
    published = publish(workspace.store, built, run_id)
    entry = published.entry
    return Publication(
        dataset=dataset.dataset,
        published=published,
        manifest=load_manifest(workspace.store, entry),
        location=f"{workspace.store.uri}/{entry.dataset}/releases/{entry.folder}",
        verdicts=built.verdicts,
    )
