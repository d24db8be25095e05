"""What the assets have in common: keys, owners, and metadata as people want to see it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import dagster as dg

from expectations.laws.verdicts import Verdict
from pipelines.domain.tables import Table
from pipelines.domain.types import plain_name

OWNERS = ["team:data"]
CATALOG = dg.AssetKey(["landing", "catalog"])
LEDGER = dg.AssetKey(["ledger"])
LAST_JUDGMENTS = dg.AssetKey(["judgments"])


def inbox_key(source: str) -> dg.AssetKey:
    """The exports of a source, which somebody else makes."""
    return dg.AssetKey(["inbox", source])


def landing_key(source: str) -> dg.AssetKey:
    """The landed files of a source."""
    return dg.AssetKey(["landing", source])


def release_key(dataset: str) -> dg.AssetKey:
    """The releases of a dataset."""
    return dg.AssetKey(["release", dataset])


def table_schema(table: Table) -> dg.TableSchema:
    """A table's columns as Dagster shows them."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type=plain_name(column.type),
                description=column.description,
                constraints=dg.TableColumnConstraints(nullable=column.nullable),
            )
            for column in table.columns
        ]
    )


def ledger_table(verdicts: Iterable[Verdict]) -> dg.TableMetadataValue:
    """Verdicts as a table: what went in, what came out, and where it went."""
    return dg.MetadataValue.table(
        [
            dg.TableRecord(
                {
                    "step": verdict.step,
                    "source": verdict.source,
                    "law": verdict.law,
                    "in": verdict.count_in,
                    "out": verdict.count_out,
                    "quarantined": verdict.count_quarantined,
                    "withdrawn": verdict.count_withdrawn,
                    "verdict": "held" if verdict.held else "broken",
                    "offending": verdict.offending,
                }
            )
            for verdict in verdicts
        ]
    )


def offender_table(verdicts: Sequence[Verdict]) -> dg.TableMetadataValue:
    """The rows that break a law, by name."""
    return dg.MetadataValue.table(
        [
            dg.TableRecord({"step": verdict.step, "source": verdict.source, "offender": offender})
            for verdict in verdicts
            for offender in verdict.offenders
        ],
        schema=dg.TableSchema([dg.TableColumn("step"), dg.TableColumn("source"), dg.TableColumn("offender")]),
    )
