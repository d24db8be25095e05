"""The component of a source: its contract becomes the asset that lands its exports."""

from collections import Counter
from pathlib import Path

import dagster as dg
from pydantic import BaseModel

from pipelines.components.shared import OWNERS, columns, inbox_key, landing_key, table_schema
from pipelines.contracts.load import DECLARATION, load_contract
from pipelines.contracts.losses import LOSSES
from pipelines.contracts.model import SourceContract
from pipelines.ingest import IngestReport, ingest_source
from pipelines.landing.deliveries import deliveries
from pipelines.landing.schema import LANDED
from pipelines.resources.workspace import Workspace

NOTHING_QUARANTINED = "nothing_quarantined"


class AnnotationSource(dg.Component):
    """A source of annotation exports, as its contract states it."""

    def __init__(self, contract: SourceContract) -> None:
        self.contract = contract

    @classmethod
    def get_model_cls(cls) -> type[BaseModel]:
        """The contract is the component's schema."""
        return SourceContract

    @classmethod
    def load(cls, attributes: BaseModel | None, context: dg.ComponentLoadContext) -> "AnnotationSource":
        """Read the contract by the one loader that the command uses, too."""
        return cls(load_contract(Path(context.path) / DECLARATION))

    def build_defs(self, context: dg.ComponentLoadContext) -> dg.Definitions:
        """The landing asset, and the inbox folder that it reads as an external asset."""
        contract = self.contract
        inbox = dg.AssetSpec(
            inbox_key(contract.source),
            group_name="inbox",
            description=f"Exports of {contract.title}, as they arrive. One row per file.",
            owners=OWNERS,
            kinds={"file"},
        )

        @dg.asset(
            key=landing_key(contract.source),
            deps=[inbox.key],
            group_name="ingest",
            description=_description(contract),
            owners=OWNERS,
            kinds={"python", "parquet"},
            metadata=_static_metadata(contract),
            check_specs=[
                dg.AssetCheckSpec(
                    NOTHING_QUARANTINED,
                    asset=landing_key(contract.source),
                    description="Everything that was delivered could be taken. What could not is kept, with a reason.",
                )
            ],
        )
        def land(context: dg.AssetExecutionContext, workspace: dg.ResourceParam[Workspace]) -> dg.MaterializeResult:
            folder = workspace.inbox / contract.inbox_folder
            if not folder.is_dir() and not deliveries(contract.source, workspace.home):
                context.log.info(f"{contract.source}: nothing was delivered yet")
                return dg.MaterializeResult(
                    metadata={"state": "nothing was delivered yet"},
                    check_results=[dg.AssetCheckResult(passed=True, check_name=NOTHING_QUARANTINED)],
                )
            report = ingest_source(contract, workspace.inbox, workspace.home, workspace.key, workspace.on_progress)
            return dg.MaterializeResult(metadata=_report_metadata(report), check_results=[_quarantine_check(report)])

        return dg.Definitions(assets=[inbox, land])


def _description(contract: SourceContract) -> str:
    lines = [f"{contract.title}. One row per judgment, as delivered, under the contract's names."]
    if contract.known_losses:
        lines += ["", "Lost before it arrived here:"]
        lines += [f"- {loss}: {LOSSES[loss]}" for loss in contract.known_losses]
    return "\n".join(lines)


def _static_metadata(contract: SourceContract) -> dict[str, dg.MetadataValue]:
    metadata: dict[str, dg.MetadataValue] = {
        "dagster/column_schema": dg.MetadataValue.table_schema(table_schema(LANDED["judgments"])),
        "licence": dg.MetadataValue.text(contract.licence),
        "attribution": dg.MetadataValue.text(contract.attribution.value),
        "questions": dg.MetadataValue.text(
            ", ".join(f"{code} ({question.type.value})" for code, question in contract.questions.items())
        ),
    }
    if contract.known_losses:
        metadata["lost upstream"] = dg.MetadataValue.text(", ".join(contract.known_losses))
    if contract.url:
        metadata["origin"] = dg.MetadataValue.url(contract.url)
    return metadata


def _quarantine_check(report: IngestReport) -> dg.AssetCheckResult:
    """A warning above none: the good rows go on, and what is too much is decided where a release is made."""
    reasons = _reasons(report)
    return dg.AssetCheckResult(
        passed=not reasons,
        check_name=NOTHING_QUARANTINED,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"reasons": dg.MetadataValue.json(reasons)} if reasons else {},
        description=f"its bytes: variorum quarantine show {report.source}" if reasons else None,
    )


def _reasons(report: IngestReport) -> dict[str, int]:
    reasons = Counter[str]()
    for receipt in report.receipts:
        reasons.update(receipt.reasons)
    return dict(sorted(reasons.items()))


def _by_question(report: IngestReport) -> list[dg.TableRecord]:
    candidates, judgments = Counter[str](), Counter[str]()
    for receipt in report.receipts:
        for question, (came, taken) in receipt.questions.items():
            candidates[question] += came
            judgments[question] += taken
    return [
        dg.TableRecord({"question": one, "judgments": judgments[one], "quarantined": came - judgments[one]})
        for one, came in candidates.items()
    ]


def _report_metadata(report: IngestReport) -> dict[str, dg.MetadataValue]:
    reasons = _reasons(report)
    metadata: dict[str, dg.MetadataValue] = {
        "dagster/row_count": dg.MetadataValue.int(report.total("judgments")),
        "delivery": dg.MetadataValue.int(report.delivery.sequence),
        "new delivery": dg.MetadataValue.bool(report.is_new),
        "records": dg.MetadataValue.int(report.total("records")),
        "records by the second reader": dg.MetadataValue.int(report.total("records_recounted")),
        "questions": dg.MetadataValue.table(
            _by_question(report), schema=columns("question", "judgments", "quarantined")
        ),
        "files": dg.MetadataValue.table(
            [
                dg.TableRecord(
                    {
                        "sha256": receipt.file_sha256[:16],
                        "role": receipt.role,
                        "records": receipt.records,
                        "records quarantined": receipt.records_refused,
                        "judgments": receipt.judgments,
                        "judgments quarantined": receipt.judgments_refused,
                        "refused": receipt.refused_as_a_whole or "",
                    }
                )
                for receipt in report.receipts
            ]
        ),
    }
    if report.change is not None:
        metadata["against the delivery before"] = dg.MetadataValue.json(report.change)
    if report.skipped:
        metadata["deliveries that are no states"] = dg.MetadataValue.text(", ".join(map(str, report.skipped)))
    if reasons:
        metadata["quarantine"] = dg.MetadataValue.json(reasons)
    if report.unmatched:
        metadata["files that no pattern matches"] = dg.MetadataValue.int(len(report.unmatched))
    return metadata
