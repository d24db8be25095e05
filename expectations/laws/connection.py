"""The little that all laws share: the connection they need, relations by source, offenders, and the verdict on them."""

from __future__ import annotations

from typing import Any, Protocol

from expectations.laws.definitions import Law
from expectations.laws.verdicts import NAMED_OFFENDERS, Verdict


class Connection(Protocol):
    """The little of a DuckDB connection that the laws need."""

    def execute(self, query: str, parameters: Any = None) -> Any:
        """Run a query; the result has ``fetchall``."""


def literal(text: str) -> str:
    """A text as SQL."""
    return "'" + text.replace("'", "''") + "'"


def of_source(relation: str, source: str) -> str:
    """The rows of one source, as a relation."""
    return f"(select * from {relation} where coalesce(source_id, '') = {literal(source)})"


def count_rows(con: Connection, relation: str) -> int:
    """How many rows a relation has."""
    return int(con.execute(f"select count(*) from {relation}").fetchall()[0][0])


def first_offenders(con: Connection, query: str) -> tuple[int, list[tuple[Any, ...]]]:
    """How many rows a query has, and the first of them."""
    con.execute(f"create or replace temp table offenders as {query}")
    count = con.execute("select count(*) from offenders").fetchall()[0][0]
    rows = con.execute(f"select * from offenders limit {NAMED_OFFENDERS}").fetchall() if count else []
    return count, rows


def verdict(
    law: Law,
    step: str,
    source: str,
    counts: tuple[int, int],
    found: tuple[int, list[str]],
    withdrawn: int = 0,
    prints: tuple[str | None, ...] = (None, None),
    quarantined: int = 0,
) -> Verdict:
    """A verdict from its counts in and out, and from how many offend and which."""
    return Verdict(
        law.code,
        step,
        source,
        *counts,
        count_quarantined=quarantined,
        count_withdrawn=withdrawn,
        fingerprint_in=prints[0],
        fingerprint_out=prints[1],
        offending=found[0],
        offenders=tuple(found[1][:NAMED_OFFENDERS]),
    )
