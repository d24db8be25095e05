"""The component of a dataset: its declaration becomes the asset that proves and publishes its releases."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import BaseModel

from expectations.laws.verdicts import LawBrokenError, Verdict
from pipelines.components.shared import (
    LEDGER,
    OWNERS,
    laws_table,
    ledger_table,
    offender_table,
    release_key,
)
from pipelines.contracts.dataset import Dataset
from pipelines.domain.tables import MADE_AT_THE_GATE, RELEASED
from pipelines.landing.deliveries import deliveries
from pipelines.project import this_project
from pipelines.resources.workspace import Workspace
from pipelines.warehouse.run_folder import RunFolder

if TYPE_CHECKING:
    from pipelines.release.standing import Standing


class DatasetRelease(dg.Component):
    """A dataset that is released, as its declaration states it."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset

    @classmethod
    def get_model_cls(cls) -> type[BaseModel]:
        """The declaration is the component's schema."""
        return Dataset

    @classmethod
    def load(cls, attributes: BaseModel | None, context: dg.ComponentLoadContext) -> "DatasetRelease":
        """Read the declaration by the one loader that the command uses, too."""
        return cls(this_project().dataset(Path(context.path).name))

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """The release asset."""
        return dg.Definitions(assets=[release_asset(self.dataset)])


def release_asset(dataset: Dataset) -> dg.AssetsDefinition:
    """The asset that proves and publishes a dataset; it yields nothing while a source was never delivered."""

    @dg.asset(
        key=release_key(dataset.dataset),
        deps=[*(dg.AssetKey([name]) for name in RELEASED if name not in MADE_AT_THE_GATE), LEDGER],
        group_name="release",
        description=f"{dataset.description} One row per published version.",
        owners=OWNERS,
        kinds={"parquet"},
        metadata={
            "sources": dg.MetadataValue.text(", ".join(dataset.sources)),
            "licence": dg.MetadataValue.text(dataset.licence),
        },
        output_required=False,
    )
    def release(
        context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]
    ) -> Iterator[dg.MaterializeResult]:
        from pipelines.publication import publish_dataset
        from pipelines.release.verify import standing_of

        absent = [source for source in dataset.sources if not deliveries(source, workspace.home)]
        if absent:
            context.log.info(f"{dataset.dataset}: nothing was delivered yet of {', '.join(absent)}; no release")
            return
        run = RunFolder.of(workspace.home, context.run_id)
        try:
            outcome = publish_dataset(dataset, this_project(), workspace, run, context.run_id)
        except LawBrokenError as error:
            raise dg.Failure(
                description=f"Not published. {error}",
                metadata={
                    "offenders": offender_table(error.verdicts),
                    "ledger": ledger_table(error.verdicts),
                },
                allow_retries=False,
            ) from None
        manifest = outcome.manifest
        judgments = manifest.table("judgments")
        yield dg.MaterializeResult(
            metadata={
                "dagster/row_count": dg.MetadataValue.int(judgments.rows if judgments else 0),
                "version": dg.MetadataValue.text(manifest.version),
                "why this version": dg.MetadataValue.text("; ".join(outcome.published.reasons)),
                "proved": dg.MetadataValue.text(_proved(outcome.verdicts)),
                "new": dg.MetadataValue.bool(outcome.published.is_new),
                "path": dg.MetadataValue.path(outcome.location),
                "digest": dg.MetadataValue.text(manifest.content_digest),
                "releases": _releases(standing_of(workspace.store, dataset.dataset)),
                "laws": laws_table(outcome.verdicts),
                "ledger": ledger_table(outcome.verdicts),
            }
        )

    return release


def _proved(verdicts: Sequence[Verdict]) -> str:
    """What the gate found to hold, in a line: all of it, or there would be no release."""
    laws = {verdict.law for verdict in verdicts}
    return f"{len(laws)} laws, {len(verdicts)} verdicts, on these very files"


def _releases(standing: "Standing") -> dg.MarkdownMetadataValue:
    """The last releases of the dataset, the newest first, with what became of them."""
    lines = ["| version | published | |", "|---|---|---|"]
    for one in reversed(standing.releases[-20:]):
        state = "latest" if one.entry == standing.latest else "" if one.yanked is None else f"yanked: {one.yanked}"
        lines.append(f"| {one.entry.version} | {one.entry.at} | {state.replace('|', ' ')} |")
    return dg.MetadataValue.md("\n".join(lines))
