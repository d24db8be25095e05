"""The SQL of the laws: fingerprints, exact differences, and per-item and per-annotator books of two relations.

A relation is a name or a parenthesised query with the landed judgment columns; rows are never sampled.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.domain.tables import JUDGMENTS
from pipelines.domain.types import ListOf, Struct

COMPARED = tuple(name for name in JUDGMENTS.column_names if name not in ("occurrence", "version"))
"""Every column that a judgment has in all layers. Occurrence and version are numbered later, and checked by rule."""

LOCATOR = ("file_sha256", "record_ordinal", "record_part", "question_id")
_NESTED = frozenset(column.name for column in JUDGMENTS.columns if isinstance(column.type, ListOf | Struct))
_MODULUS = 2**64


def fingerprints(relation: str, compared: Sequence[str] = COMPARED) -> str:
    """Per source: count and an order-free 128-bit fingerprint over the columns of every row, nulls as values.

    Lists go in as JSON text, for DuckDB hashes an empty list like a null; each row is hashed twice over, so that
    sums do not see values that two rows exchanged.
    """
    columns = ", ".join(f"to_json({name})" if name in _NESTED else name for name in compared)
    return (
        f"select coalesce(source_id, '') as source_id, count(*) as n, printf('%016x%016x',"
        f" (sum(hash(hash({columns}))::hugeint) % {_MODULUS})::ubigint,"
        f" (sum(hash(hash('second', {columns}))::hugeint) % {_MODULUS})::ubigint) as fingerprint"
        f" from {relation} group by all"
    )


def identity_difference(before: str, after: str) -> str:
    """The exact multiset difference, both ways: one row for each judgment that is missing, added or changed.

    A judgment of each side is paired with one of the same locator and question, and is then changed.

    Columns: source_id, item_id, question_id, file_sha256, record_ordinal, annotator_before, annotator_after,
    answer_before, answer_after, what, changed (names of the columns that differ).
    """
    columns = ", ".join(COMPARED)
    locator = ", ".join(LOCATOR)
    differing = ", ".join(
        f"case when gone.{name} is distinct from came.{name} then '{name}' end"
        for name in COMPARED
        if name not in LOCATOR
    )
    keys = ", ".join(
        f"coalesce(gone.{name}, came.{name}) as {name}"
        for name in ("source_id", "item_id", "question_id", "file_sha256", "record_ordinal")
    )
    one_side = (
        "select *, row_number() over (partition by {locator} order by answer, annotator_id, item_id) as nth"
        " from (select * exclude (balance), unnest(range({sign}balance)) from difference where {sign}balance > 0)"
    )
    return (
        f"with signed as (select {columns}, 1 as sign from {before} union all select {columns}, -1 from {after}),"
        f" difference as (select {columns}, sum(sign)::bigint as balance from signed group by {columns}"
        f" having sum(sign) <> 0),"
        f" gone as ({one_side.format(locator=locator, sign='')}),"
        f" came as ({one_side.format(locator=locator, sign='-')})"
        f" select {keys}, gone.annotator_id as annotator_before, came.annotator_id as annotator_after,"
        f" gone.answer as answer_before, came.answer as answer_after,"
        f" case when came.nth is null then 'missing' when gone.nth is null then 'added' else 'changed' end as what,"
        f" list_filter([{differing}], lambda x: x is not null) as changed"
        f" from gone full join came using ({locator}, nth)"
        f" order by file_sha256, record_ordinal, record_part, question_id, what, nth"
    )


def distribution_difference(before: str, after: str) -> str:
    """Items and questions whose number of judgments, annotators or answers differ.

    Columns: source_id, item_id, question_id, n_before, n_after.
    """
    book = (
        "select source_id, item_id, question_id, count(*) as n,"
        " sum(hash(annotator_id)::hugeint) as annotators,"
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


def wrong_occurrences(relation: str, files: str) -> str:
    """Judgments whose occurrence is not their place among the same annotator's answers, in order of arrival.

    ``files`` holds the order in which a source's files arrived: source_id, file_sha256, file_position.
    Columns: source_id, item_id, annotator_id, question_id, occurrence, place.
    """
    key = ("source_id", "item_id", "annotator_id", "question_id")
    keys = ", ".join(key)
    own = ", ".join(f"judgments.{name}" for name in key)
    same = " and ".join(f"judgments.{name} is not distinct from repeated.{name}" for name in key)
    return (
        f"with repeated as (select {keys} from {relation} group by {keys} having count(*) > 1 or max(occurrence) <> 1),"
        f" arrival as (select source_id, file_sha256, min(file_position) as file_position from {files} group by all),"
        f" placed as (select judgments.*, row_number() over (partition by {own}"
        f" order by file_position, record_ordinal, record_part) as place"
        f" from {relation} as judgments join repeated on {same}"
        f" left join arrival on judgments.source_id = arrival.source_id"
        f" and judgments.file_sha256 = arrival.file_sha256)"
        f" select {keys}, occurrence, place from placed where occurrence is distinct from place"
        f" order by {keys}, place"
    )
