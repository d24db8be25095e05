"""The SQL of the laws: fingerprints, exact differences, and per-item and per-annotator books of two relations.

A relation is a name or a parenthesised query with the landed judgment columns; rows are never sampled.
"""

from __future__ import annotations

from pipelines.domain.tables import JUDGMENTS

COMPARED = tuple(name for name in JUDGMENTS.column_names if name != "occurrence")
"""Every column that a judgment has in all layers. The occurrence is numbered on the way and checked by its rule."""

_LOCATOR = ("file_sha256", "record_ordinal", "record_part", "question_id")


def fingerprints(relation: str) -> str:
    """Per source: count and an order-free 128-bit fingerprint over every column of every row, nulls as values."""
    columns = ", ".join(COMPARED)
    return (
        f"select source_id, count(*) as n, printf('%016x%016x',"
        f" (sum(hash({columns})::hugeint) % 18446744073709551616)::ubigint,"
        f" (sum(hash('second', {columns})::hugeint) % 18446744073709551616)::ubigint) as fingerprint"
        f" from {relation} group by source_id"
    )


def identity_difference(before: str, after: str) -> str:
    """The exact multiset difference, both ways: one row for each judgment that is missing, added or changed.

    Columns: source_id, item_id, annotator_id, question_id, what, changed (names of the columns that differ).
    """
    columns = ", ".join(COMPARED)
    locator = ", ".join(_LOCATOR)
    differing = ", ".join(
        f"case when gone.{name} is distinct from came.{name} then '{name}' end"
        for name in COMPARED
        if name not in _LOCATOR
    )
    keys = ", ".join(
        f"coalesce(gone.{name}, came.{name}) as {name}" for name in ("source_id", "item_id", "annotator_id", *_LOCATOR)
    )
    return (
        f"with signed as (select {columns}, 1 as sign from {before} union all select {columns}, -1 from {after}),"
        f" difference as (select {columns}, sum(sign) as balance from signed group by {columns} having sum(sign) <> 0),"
        f" gone as (select *, row_number() over (partition by {locator} order by hash(answer)) as nth"
        f" from difference where balance > 0),"
        f" came as (select *, row_number() over (partition by {locator} order by hash(answer)) as nth"
        f" from difference where balance < 0)"
        f" select {keys}, case when came.balance is null then 'missing' when gone.balance is null then 'added'"
        f" else 'changed' end as what, list_filter([{differing}], lambda x: x is not null) as changed"
        f" from gone full join came using ({locator}, nth)"
        f" order by file_sha256, record_ordinal, record_part, question_id, what"
    )


def distribution_difference(before: str, after: str) -> str:
    """Items and questions whose number of judgments, annotators or answers differ.

    Columns: source_id, item_id, question_id, n_before, n_after.
    """
    book = (
        "select source_id, item_id, question_id, count(*) as n,"
        " sum(hash(coalesce(annotator_id, ''))::hugeint) as annotators,"
        " sum(hash(answer, status, abstained)::hugeint) as answers from {} group by source_id, item_id, question_id"
    )
    return (
        f"with before as ({book.format(before)}), after as ({book.format(after)})"
        " select coalesce(before.source_id, after.source_id) as source_id,"
        " coalesce(before.item_id, after.item_id) as item_id,"
        " coalesce(before.question_id, after.question_id) as question_id,"
        " coalesce(before.n, 0) as n_before, coalesce(after.n, 0) as n_after"
        " from before full join after using (source_id, item_id, question_id)"
        " where before.n is distinct from after.n or before.annotators is distinct from after.annotators"
        " or before.answers is distinct from after.answers order by source_id, item_id, question_id"
    )


def attribution_difference(before: str, after: str) -> str:
    """Annotators whose judgments differ: lost, gained, or exchanged with somebody else's.

    Columns: source_id, annotator_id, n_before, n_after.
    """
    book = (
        "select source_id, annotator_id, count(*) as n,"
        " sum(hash(item_id, question_id, answer, status, file_sha256, record_ordinal, record_part)::hugeint) as held"
        " from {} group by source_id, annotator_id"
    )
    return (
        f"with before as ({book.format(before)}), after as ({book.format(after)})"
        " select coalesce(before.source_id, after.source_id) as source_id,"
        " coalesce(before.annotator_id, after.annotator_id) as annotator_id,"
        " coalesce(before.n, 0) as n_before, coalesce(after.n, 0) as n_after"
        " from before full join after on before.source_id = after.source_id"
        " and before.annotator_id is not distinct from after.annotator_id"
        " where before.n is distinct from after.n or before.held is distinct from after.held"
        " order by source_id, annotator_id"
    )


def distribution_of(relation: str, source: str, item: str, question: str) -> tuple[str, list[str]]:
    """The answers to one question about one item with their counts, as a query and its parameters."""
    query = (
        f"select answer, count(*) as n from {relation} where source_id = ? and item_id = ? and question_id = ?"
        " group by answer order by n desc, answer"
    )
    return query, [source, item, question]


def wrong_occurrences(relation: str) -> str:
    """Keys whose occurrences are not 1, 2, … without gap, columns: source_id, item_id, annotator_id, question_id."""
    return (
        f"select source_id, item_id, annotator_id, question_id from {relation}"
        " group by source_id, item_id, annotator_id, question_id"
        " having min(occurrence) <> 1 or max(occurrence) <> count(*) or count(distinct occurrence) <> count(*)"
        " order by all"
    )
