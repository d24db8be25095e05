"""The laws on a release's own files, and whether the proof is whole: every law, on every step, of every source."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb

from expectations.laws import definitions as laws
from expectations.laws.content import Tables, prove_content
from expectations.laws.deliveries import DeliveryRelations, prove_versions
from expectations.laws.prove import Layer, prove_occurrences, prove_path
from expectations.laws.verdicts import Verdict
from pipelines.release.names import Names
from pipelines.shapes.sql import literal
from pipelines.warehouse.catalog import ANEW

_BETWEEN = (laws.ACCOUNTING, laws.IDENTITY, laws.DISTRIBUTION, laws.ATTRIBUTION)

REQUIRED: tuple[tuple[str, tuple[laws.Law, ...]], ...] = (
    ("models", (laws.STATIC,)),
    ("deliveries→files", (laws.ACCOUNTING,)),
    ("raw→records", (laws.ACCOUNTING, laws.INDEPENDENCE)),
    ("records→landing", (laws.ACCOUNTING,)),
    ("raw→landing", (laws.INJECTIVITY, laws.CONTENT, laws.RESIDUE, laws.INDEPENDENCE, laws.ATTRIBUTION)),
    ("raw→landing items", (laws.CONTENT,)),
    ("landing→staging", _BETWEEN),
    ("staging→intermediate", _BETWEEN),
    ("intermediate→marts", _BETWEEN),
    ("marts occurrences", (laws.ATTRIBUTION,)),
    ("marts versions", (laws.ATTRIBUTION,)),
    ("landing→marts items", (laws.CONTENT,)),
    ("landing→marts questions", (laws.CONTENT,)),
    ("landing→marts annotators", (laws.ATTRIBUTION,)),
    ("landing→marts quarantine", (laws.ACCOUNTING,)),
    ("landing→release", _BETWEEN),
    ("release occurrences", (laws.ATTRIBUTION,)),
    ("release versions", (laws.ATTRIBUTION,)),
    ("landing→release items", (laws.CONTENT,)),
    ("landing→release questions", (laws.CONTENT,)),
    ("landing→release annotators", (laws.ATTRIBUTION,)),
)
"""What must have been evaluated of every source before its release may go out; deliveries add more of their own."""


class UnprovedError(RuntimeError):
    """A part of the proof is missing: a release without it would be believed on trust."""


def prove_release(
    con: duckdb.DuckDBPyConnection, folder: Path, sources: Sequence[str], conflicts: str, names: Names
) -> list[Verdict]:
    """The laws between landing and the release's own files, exactly, judgment by judgment.

    ``con`` is the run's warehouse, as ``bound_anew`` opens it; ``conflicts`` as for ``prove_content``; ``names`` are
    what annotators are called in the files.
    """

    def held(table: str) -> str:
        return names.taken_back(table, released(folder, table))

    chosen = ", ".join(literal(source) for source in sources)
    landing = Layer("landing", f"(select * from {ANEW}.judgments where source_id in ({chosen}))")
    release = Layer("release", held("judgments"))
    deliveries = DeliveryRelations.within(ANEW)
    tables = ("items", "annotators", "annotator_attributes", "questions", "sources")
    files = Tables("release", *(held(table) for table in tables))
    return [
        *prove_path(
            con, [landing, release], exact=True, withdrawn={f"{landing.name}→{release.name}": deliveries.withdrawn}
        ),
        *prove_occurrences(con, release, sources, deliveries.files),
        *prove_versions(con, release.name, release.relation, sources, deliveries),
        *prove_content(con, Tables.within("landing", ANEW), files, conflicts, sources),
    ]


def released(folder: Path, table: str) -> str:
    """The rows of a table of a release, as they lie in its files."""
    return f"(select * from read_parquet({literal(str(folder / table / '*.parquet'))}))"


def require_whole(verdicts: Iterable[Verdict], sources: Iterable[str]) -> None:
    """Refuse a proof that leaves a law, a step or a source out.

    Raises:
        UnprovedError: it names what was never evaluated.
    """
    evaluated = {(verdict.source, verdict.step, verdict.law) for verdict in verdicts}
    missing = [
        f"{source}: law {law.number}, {law.name.lower()}, on step {step}"
        for source in sources
        for step, wanted in REQUIRED
        for law in wanted
        if (source, step, law.code) not in evaluated
    ]
    if missing:
        more = f"\n  … and {len(missing) - 10} more" if len(missing) > 10 else ""
        raise UnprovedError("Not published: a part of the proof is missing.\n  " + "\n  ".join(missing[:10]) + more)
