"""The component of the expectations: the suites become blocking checks on the marts, at the gate."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import dagster as dg
from pydantic import BaseModel, ConfigDict, Field

from expectations.gx.report import SuiteReport
from expectations.gx.suite import Suite, load_suites
from pipelines.contracts.load import DECLARATION, load_declaration
from pipelines.project import this_project
from pipelines.resources.workspace import Workspace
from pipelines.warehouse.run_folder import RunFolder

COMPONENT = "pipelines.components.ExpectationSuite"


class ExpectationSettings(BaseModel):
    """Which suites guard the marts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    suites: list[str] = Field(min_length=1, description="names of suites in expectations/suites")


class ExpectationSuite(dg.Component):
    """Great Expectations suites over the marts."""

    def __init__(self, suites: Sequence[Suite]) -> None:
        self.suites = tuple(suites)

    @classmethod
    def get_model_cls(cls) -> type[BaseModel]:
        """The names of the suites are all there is to declare."""
        return ExpectationSettings

    @classmethod
    def load(cls, attributes: BaseModel | None, context: dg.ComponentLoadContext) -> "ExpectationSuite":
        """Read the declaration and the suites that it names."""
        settings = load_declaration(Path(context.path) / DECLARATION, ExpectationSettings, COMPONENT)
        known = {suite.name: suite for suite in load_suites(this_project().suites)}
        if unknown := [name for name in settings.suites if name not in known]:
            raise ValueError(f"no suite {', '.join(unknown)}; known suites: {', '.join(known)}")
        return cls([known[name] for name in settings.suites])

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """One blocking check a suite, on the table that it is about; all run together."""
        suites = self.suites

        @dg.multi_asset_check(
            name="expectations",
            specs=[
                dg.AssetCheckSpec(
                    "expectations",
                    asset=dg.AssetKey([suite.table]),
                    blocking=True,
                    description=suite.description,
                )
                for suite in suites
            ],
        )
        def expectations(
            context: dg.AssetCheckExecutionContext, workspace: dg.ResourceParam[Workspace]
        ) -> Iterator[dg.AssetCheckResult]:
            from expectations.gx.canary import canary
            from expectations.gx.run import validate

            run = RunFolder.of(workspace.home, context.run.run_id)
            sung = canary(suites)
            if not sung.trusted:
                raise dg.Failure(f"The expectations cannot be trusted: {'; '.join(sung.failures)}", allow_retries=False)
            for report in validate(run.warehouse, suites, run.docs):
                yield _check_result(report)

        return dg.Definitions(asset_checks=[expectations])


def _check_result(report: SuiteReport) -> dg.AssetCheckResult:
    broken = [one for one in report.expectations if one.outcome == "broken"]
    errors = [one for one in report.expectations if one.outcome == "error"]
    told = [f"broken: {one.meaning} ({one.observed})" for one in broken]
    told += [f"could not be evaluated: {one.meaning} ({one.error})" for one in errors]
    metadata: dict[str, dg.MetadataValue] = {
        "held": dg.MetadataValue.int(len(report.expectations) - len(broken) - len(errors)),
        "broken": dg.MetadataValue.int(len(broken)),
        "errors": dg.MetadataValue.int(len(errors)),
        "expectations": dg.MetadataValue.table(
            [
                dg.TableRecord({"expectation": one.meaning, "outcome": one.outcome, "observed": one.observed or ""})
                for one in report.expectations
            ]
        ),
    }
    if report.docs is not None:
        metadata["data docs"] = dg.MetadataValue.path(report.docs)
    return dg.AssetCheckResult(
        asset_key=dg.AssetKey([report.suite]),
        check_name="expectations",
        passed=not broken and not errors,
        severity=dg.AssetCheckSeverity.ERROR,
        description="\n".join(told) or report.description,
        metadata=metadata,
    )
