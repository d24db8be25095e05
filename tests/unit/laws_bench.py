"""Small tables of judgments in DuckDB, to try the laws on: one disagreement, repeated, abstained, explained."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import duckdb
import pyarrow as pa

from pipelines.domain.tables import JUDGMENTS
from pipelines.domain.types import duckdb_type

Row = dict[str, Any]

ANNA, BEN, CLEO = "a" + "1" * 32, "a" + "2" * 32, "a" + "3" * 32
FILE = "f1" * 32
FILES = "(select 's' as source_id, repeat('f1', 32) as file_sha256, 0 as file_position)"


def judgment(item: str, who: str | None, question: str, choice: str, record: int, **changes: Any) -> Row:
    """One judgment as landing and the marts hold it; ``changes`` sets any column."""
    row: Row = dict.fromkeys(JUDGMENTS.column_names)
    row.update(
        source_id="s",
        item_id=item,
        annotator_id=who,
        question_id=question,
        occurrence=1,
        annotator_kind="human",
        attribution="stable",
        answer_type="choice",
        answer=f'"{choice}"',
        answer_choice=choice,
        raw_answer=choice,
        status="submitted",
        abstained=False,
        file_sha256=FILE,
        record_ordinal=record,
        record_part=0,
    )
    return row | changes


def judgments() -> list[Row]:
    """Two items, three annotators who disagree, an empty set of topics, a rating, an abstention and a repeat."""
    return [
        judgment("i1", ANNA, "tone", "kind", 0, rationale="she smiles "),
        judgment("i1", BEN, "tone", "rude", 1, rationale="no greeting"),
        judgment("i1", CLEO, "tone", "rude", 2),
        judgment("i2", ANNA, "tone", "rude", 3),
        judgment("i2", BEN, "tone", "kind", 4),
        judgment("i2", CLEO, "tone", "unsure", 5, abstained=True),
        judgment("i1", ANNA, "tone", "kind", 6, occurrence=2),
        judgment("i1", BEN, "stars", "3.50", 7, answer="3.50", answer_choice=None, answer_number=3.5),
        judgment("i2", BEN, "topics", "[]", 8, answer="[]", answer_choice=None, answer_choices=[]),
        judgment("i2", ANNA, "tone", "rude", 9, occurrence=2, status="skipped", abstained=True),
    ]


def fill(con: duckdb.DuckDBPyConnection, name: str, rows: Iterable[Row]) -> None:
    """A table of judgments."""
    columns = ", ".join(f"{column.name} {duckdb_type(column.type)}" for column in JUDGMENTS.columns)
    con.execute(f"create or replace table {name} ({columns})")
    if held := list(rows):
        con.register("given", pa.Table.from_pylist(held))
        con.execute(f"insert into {name} by name select * from given")
        con.unregister("given")
