"""The tables of landing: those of the product, less what only all files of a source together can tell."""

from __future__ import annotations

from pipelines.domain.tables import (
    ANNOTATOR_ATTRIBUTES,
    ANNOTATORS,
    ITEMS,
    JUDGMENT_HISTORY,
    JUDGMENTS,
    QUARANTINE,
    QUESTIONS,
    SOURCES,
    UPSTREAM_AGGREGATES,
    Column,
    Table,
)
from pipelines.domain.types import INT32, INT64, STRING

_LOCATOR = (JUDGMENTS.column("file_sha256"), JUDGMENTS.column("record_ordinal"))


def _landed(
    table: Table, *, key: tuple[str, ...] = (), without: tuple[str, ...] = (), adding: tuple[Column, ...] = ()
) -> Table:
    columns = tuple(column for column in table.columns if column.name not in without)
    return Table(table.name, table.grain, key, columns + adding)


_JUDGMENT = (SOURCES.column("source_id"), *_LOCATOR, JUDGMENTS.column("record_part"), JUDGMENTS.column("question_id"))

PLACE = tuple(column.name for column in _JUDGMENT)
"""A landed judgment's place in the raw files: no two have the same."""


LANDED: dict[str, Table] = {
    table.name: table
    for table in (
        _landed(JUDGMENTS, key=PLACE, without=("occurrence", "version")),
        _landed(ITEMS, adding=_LOCATOR),
        _landed(ANNOTATORS, adding=(SOURCES.column("source_id"), *_LOCATOR)),
        _landed(ANNOTATOR_ATTRIBUTES, without=("observation",)),
        _landed(QUARANTINE),
        _landed(UPSTREAM_AGGREGATES),
    )
}
"""What each landed file holds, one folder a table."""

FILES = Table(
    "files",
    "One row per file of the current state of a source and role.",
    ("source_id", "mapping", "file_sha256"),
    (
        SOURCES.column("source_id"),
        Column("mapping", INT32, "Position of the file mapping in the contract.", nullable=False),
        Column("role", STRING, "judgments, items or annotators.", nullable=False),
        _LOCATOR[0],
        Column("delivery", INT32, "Sequence number of the delivery that brought it first.", nullable=False),
        Column("file_position", INT64, "Order of arrival among the source's files.", nullable=False),
    ),
)

CATALOG: dict[str, Table] = {"sources": SOURCES, "questions": QUESTIONS, "files": FILES}
"""What contracts and deliveries tell, beside the landed files."""

VERSIONS = Table(
    "judgment_versions",
    "One row per judgment of the current state that a delivery changed.",
    PLACE,
    (*_JUDGMENT, JUDGMENTS.column("version")),
)

WITHDRAWN = Table(
    "withdrawn",
    "One row per landed judgment that a later file of a correcting source replaced or repeated.",
    PLACE,
    (*_JUDGMENT, Column("why", STRING, "corrected or repeated.", nullable=False)),
)

BEGUN = Table(
    "begun",
    "One row per judgment that the last delivery of a whole-state source brought: corrected or added.",
    PLACE,
    (*_JUDGMENT, JUDGMENTS.column("version")),
)

TRANSITIONS = Table(
    "transitions",
    "One row per whole-state source of more than one delivery: which the last one is compared with.",
    ("source_id",),
    (
        SOURCES.column("source_id"),
        Column("delivery_before", INT32, "Sequence number of the delivery before.", nullable=False),
        Column("delivery_after", INT32, "Sequence number of the last delivery.", nullable=False),
    ),
)

ARRIVALS = Table(
    "arrivals",
    "One row per landed file, those of the same bytes apart: which records are its own, and when it arrived.",
    ("source_id", "file_sha256", "first_record", "file_position"),
    (
        SOURCES.column("source_id"),
        _LOCATOR[0],
        Column("first_record", INT64, "The ordinal of its first record.", nullable=False),
        Column("records", INT64, "How many records it has.", nullable=False),
        FILES.column("file_position"),
    ),
)

HISTORY: dict[str, Table] = {table.name: table for table in (JUDGMENT_HISTORY, VERSIONS, WITHDRAWN, BEGUN, TRANSITIONS)}
"""What comparing deliveries tells, by source; all of it is empty where nothing was ever delivered again."""
