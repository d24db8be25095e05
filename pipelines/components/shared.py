"""What the assets have in common: keys, owners, and metadata as people want to see it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import dagster as dg

from expectations.laws.definitions import ACCOUNTING, LAWS, Law
from expectations.laws.evidence import Divided
from expectations.laws.verdicts import Verdict, broken, story
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


_FLOW = (
    ("records", "raw→records", "count_in"),
    ("records taken", "raw→records", "count_out"),
    ("answers found", "records→landing", "count_in"),
    ("landing", "records→landing", "count_out"),
    ("staging", "landing→staging", "count_out"),
    ("intermediate", "staging→intermediate", "count_out"),
    ("marts", "intermediate→marts", "count_out"),
)
"""What is told of the way of a source: a word, the step, and which of its counts."""


def flow_table(verdicts: Sequence[Verdict]) -> dg.TableMetadataValue:
    """How much of each source there is at each layer, and how much was set aside on the way."""
    books = {(one.source, one.step): one for one in verdicts if one.law == ACCOUNTING.code}
    sources = sorted({source for source, _ in books})
    aside = ("count_quarantined", "count_withdrawn")
    return dg.MetadataValue.table(
        [
            dg.TableRecord(
                {
                    "source": source,
                    **{word: int(getattr(books.get((source, step)), count, 0)) for word, step, count in _FLOW},
                    **{
                        name.removeprefix("count_"): sum(
                            int(getattr(books.get((source, step)), name, 0))
                            for step in ("raw→records", "records→landing", "staging→intermediate")
                        )
                        for name in aside
                    },
                }
            )
            for source in sources
        ],
        schema=columns("source", *(word for word, _, _ in _FLOW), "quarantined", "withdrawn"),
    )


def divided_table(divided: Sequence[Divided]) -> dg.TableMetadataValue:
    """The items on which people disagree most: what they said of them, before and after."""
    return dg.MetadataValue.table(
        [
            dg.TableRecord(
                {
                    "source": one.source,
                    "item": one.item,
                    "question": one.question,
                    "entropy in bits": round(one.entropy, 3),
                    "landing": one.before,
                    "marts": one.after,
                }
            )
            for one in divided
        ],
        schema=columns("source", "item", "question", "entropy in bits", "landing", "marts"),
    )


def columns(*names: str) -> dg.TableSchema:
    """A table without rows cannot say what its columns are."""
    return dg.TableSchema([dg.TableColumn(name) for name in names])


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
        ],
        schema=columns("step", "source", "law", "in", "out", "quarantined", "withdrawn", "verdict", "offending"),
    )


def law_spec(law: Law, key: dg.AssetKey, *, blocking: bool) -> dg.AssetCheckSpec:
    """A law as a check on an asset."""
    description = f"{law.statement}\n\n`{law.equation}`"
    return dg.AssetCheckSpec(law.code, asset=key, blocking=blocking, description=description)


def law_result(key: dg.AssetKey, law: Law, verdicts: Sequence[Verdict]) -> dg.AssetCheckResult:
    """What the verdicts of one law come to; a law that nobody evaluated does not hold."""
    failed = broken(verdicts)
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=law.code,
        passed=bool(verdicts) and not failed,
        severity=dg.AssetCheckSeverity.ERROR,
        description=story(failed) if failed else law.statement if verdicts else "It was not evaluated on any step.",
        metadata={
            "ledger": ledger_table(verdicts),
            "in": sum(verdict.count_in for verdict in verdicts),
            "out": sum(verdict.count_out for verdict in verdicts),
            "offending": sum(verdict.offending for verdict in failed),
            **({"offenders": offender_table(failed)} if failed else {}),
        },
    )


def laws_table(verdicts: Sequence[Verdict]) -> dg.TableMetadataValue:
    """One row a law: on how many steps and sources it was evaluated, and whether it holds."""
    rows = []
    for law in LAWS.values():
        own = [verdict for verdict in verdicts if verdict.law == law.code]
        rows.append(
            dg.TableRecord(
                {
                    "law": f"{law.number} {law.name}",
                    "states": law.statement,
                    "steps": len({verdict.step for verdict in own}),
                    "sources": len({verdict.source for verdict in own}),
                    "verdict": ("broken" if broken(own) else "held") if own else "not evaluated",
                }
            )
        )
    return dg.MetadataValue.table(rows, schema=columns("law", "states", "steps", "sources", "verdict"))


def offender_table(verdicts: Sequence[Verdict]) -> dg.TableMetadataValue:
    """The rows that break a law, by name."""
    return dg.MetadataValue.table(
        [
            dg.TableRecord({"step": verdict.step, "source": verdict.source, "offender": offender})
            for verdict in verdicts
            for offender in verdict.offenders
        ],
        schema=columns("step", "source", "offender"),
    )
