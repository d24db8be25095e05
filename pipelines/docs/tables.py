"""The tables as a document, generated from their one definition."""

from __future__ import annotations

from pipelines.domain.tables import RELEASED, TABLES
from pipelines.domain.types import plain_name

INTRODUCTION = """\
# Tables

The tables that a run builds, as Parquet. All but `judgment_history`, `quarantine` and `upstream_aggregates` are
released: whoever withdrew an answer is not to find it published. Types are engine-neutral; times are UTC, to the
microsecond.
"""


def markdown() -> str:
    """The reference of the tables."""
    lines = [INTRODUCTION]
    for table in TABLES.values():
        released = "" if table.name in RELEASED else " Not released."
        lines += [f"## {table.name}", "", f"{table.grain}{released} Key: {', '.join(f'`{n}`' for n in table.key)}.", ""]
        lines += ["| column | type | null | meaning |", "|---|---|---|---|"]
        lines += [
            f"| `{column.name}` | {plain_name(column.type)} | {'yes' if column.nullable else 'no'}"
            f" | {column.description} |"
            for column in table.columns
        ]
        lines.append("")
    return "\n".join(lines)
