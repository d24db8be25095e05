"""The run's warehouse: landed files bound by the catalog, tables built by dbt."""

import os
from collections.abc import Iterator, Mapping
from importlib.metadata import version as installed
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtCliResource, dbt_assets
from packaging import version

from expectations.laws.definitions import STATIC
from expectations.laws.verdicts import Verdict, broken, story
from expectations.static_proof.project import ModelProof
from pipelines.components.shared import CATALOG, OWNERS, landing_key, offender_table
from pipelines.project import this_project
from pipelines.resources.workspace import Workspace
from pipelines.static_proof import prove_models, static_verdicts
from pipelines.warehouse.catalog import bind
from pipelines.warehouse.dbt import fresh_manifest, run_environment
from pipelines.warehouse.run_folder import RunFolder, mart_rows
from pipelines.warehouse.state import CatalogError, delivered_sources, present_state

PROJECT = this_project()
PROOF = prove_models(PROJECT.dbt_project)


class CatalogConfig(dg.Config):
    """Which sources the run is about; none named means all that were ever delivered."""

    sources: list[str] = []  # noqa: RUF012  # pydantic copies it


@dg.asset(
    key=CATALOG,
    deps=[landing_key(source) for source in PROJECT.contracts],
    group_name="ingest",
    description="One row per landed file in the current state of its source, bound to the run's warehouse.",
    owners=OWNERS,
    kinds={"duckdb"},
    check_specs=[
        dg.AssetCheckSpec(
            STATIC.code, asset=CATALOG, blocking=True, description=f"{STATIC.statement}\n\n`{STATIC.equation}`"
        )
    ],
)
def catalog(
    context: dg.AssetExecutionContext, config: CatalogConfig, workspace: dg.ResourceParam[Workspace]
) -> dg.MaterializeResult:
    """Bind the landed files of the run's sources."""
    wanted = [PROJECT.contract(source) for source in config.sources] or list(PROJECT.contracts.values())
    contracts = delivered_sources(wanted, workspace.home)
    if not contracts:
        raise CatalogError(f"nothing was delivered yet; put exports into {workspace.inbox}/<source>/")
    state = present_state(contracts, workspace.key, workspace.home)
    rows = bind(RunFolder.of(workspace.home, context.run_id).warehouse, state)
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": rows["files"],
            "sources": ", ".join(contract.source for contract in contracts),
            "rows": dg.MetadataValue.json(rows),
        },
        check_results=[_static_check(static_verdicts(PROOF, ["every source"]))],
    )


def _static_check(verdicts: list[Verdict]) -> dg.AssetCheckResult:
    """Law 8, before any model is built: what it finds stops the run here."""
    failed = broken(verdicts)
    return dg.AssetCheckResult(
        check_name=STATIC.code,
        passed=not failed,
        severity=dg.AssetCheckSeverity.ERROR,
        description=story(failed) if failed else STATIC.statement,
        metadata={
            "models": sum(verdict.count_in for verdict in verdicts),
            "violations": sum(verdict.offending for verdict in failed),
            **({"offenders": offender_table(failed)} if failed else {}),
        },
    )


def column_lineage(proof: ModelProof) -> dg.TableColumnLineage:
    """Each column of a model with the columns that it is computed from, one step away."""
    return dg.TableColumnLineage(
        {
            column: [
                dg.TableColumnDep(asset_key=_key_of(origin.table), column_name=origin.column)
                for origin in sorted(origins)
            ]
            for column, origins in proof.steps.items()
        }
    )


def _key_of(relation: str) -> dg.AssetKey:
    return CATALOG if relation.startswith("landing.") else dg.AssetKey([relation])


class Translator(DagsterDbtTranslator):
    """How dbt's models look in Dagster: one small method an attribute."""

    def get_asset_key(self, dbt_resource_props: dict[str, Any]) -> dg.AssetKey:  # type: ignore[override]
        """A model's own name; sources say theirs in their metadata."""
        if dbt_resource_props["resource_type"] == "model":
            return dg.AssetKey([dbt_resource_props["name"]])
        return super().get_asset_key(dbt_resource_props)

    def get_group_name(self, dbt_resource_props: dict[str, Any]) -> str | None:  # type: ignore[override]
        """The layer: staging, intermediate, marts or derived."""
        return str(dbt_resource_props["fqn"][1])

    def get_metadata(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, Any]:
        """What dbt says, and where each column comes from, read off the SQL."""
        metadata = dict(super().get_metadata(dbt_resource_props))
        if dbt_resource_props["name"] in PROOF.models:
            metadata["dagster/column_lineage"] = column_lineage(PROOF.models[dbt_resource_props["name"]])
        return metadata

    def get_owners(self, dbt_resource_props: dict[str, Any]) -> list[str]:  # type: ignore[override]
        """Everything here has one owner."""
        return OWNERS


class Dbt(DbtCliResource):
    """dbt of this environment; its version is known, so that no process is started to ask for it."""

    @property
    def _cli_version(self) -> version.Version:
        return version.parse(installed("dbt-core"))


@dbt_assets(
    manifest=fresh_manifest(PROJECT.dbt_project),
    dagster_dbt_translator=Translator(
        settings=DagsterDbtTranslatorSettings(enable_asset_checks=True, enable_duplicate_source_asset_keys=True)
    ),
    name="dbt_models",
)
def models(
    context: dg.AssetExecutionContext, dbt: DbtCliResource, workspace: dg.ResourceParam[Workspace]
) -> Iterator[Any]:
    """Build and test the models in the run's own warehouse."""
    run = RunFolder.of(workspace.home, context.run_id)
    os.environ.update(run_environment(run))
    built = dbt.cli(["build", "--exclude-resource-type", "unit_test"], context=context, target_path=run.root / "dbt")
    for event in built.stream():
        if isinstance(event, dg.Output):
            context.add_output_metadata(_said_of(event.output_name, run), output_name=event.output_name)
        yield event


def _said_of(model: str, run: RunFolder) -> dict[str, Any]:
    """What a model's materialization says: where its columns come from, and its rows where it is a mart."""
    said: dict[str, Any] = {}
    if model in PROOF.models:
        said["dagster/column_lineage"] = column_lineage(PROOF.models[model])
    if (rows := mart_rows(run, model)) is not None:
        said["dagster/row_count"] = rows
    return said
