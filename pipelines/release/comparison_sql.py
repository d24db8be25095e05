"""The SQL that compares two releases; ``comparison`` asks it, and says what the numbers mean.

Every relation is a scan of Parquet; rows that are equal cancel each other out first, so that only what differs is
sorted and joined.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.domain.tables import ANNOTATOR_ATTRIBUTES, TABLES
from pipelines.landing.changes import ACT, LOCATOR, NAMED
from pipelines.shapes.sql import literal

PLACE = (*LOCATOR[:3], "occurrence", "version")
"""What of a judgment is no content: where it stands in the raw files, and what is numbered by that."""

NEEDED = ("source_id", "item_id", "question_id", "answer", "abstained", "annotator_id", "judgment_key")
"""Columns of judgments without which two releases cannot be compared."""

KEYS = {name: table.key for name, table in TABLES.items()}


def rows_apart(name: str, shared: Sequence[str], old: str, new: str) -> str:
    """Make the table ``rows_apart``: one row for each row of a table that only one release has, or that differs.

    Columns: source_id (empty where the table has none), name (the rest of its key), what, columns.
    """
    key = KEYS[name]
    place = LOCATOR[:3] if name == ANNOTATOR_ATTRIBUTES.name else ()
    content = [column for column in shared if column not in (*key, *place)]
    differs = {column: f"was.{_name(column)} is distinct from now.{_name(column)}" for column in content}
    differing = ", ".join(f"case when {test} then {literal(column)} end" for column, test in differs.items())
    columns = ", ".join(_name(column) for column in (*key, *content))
    rest = " || '/' || ".join(f"{_name(column)}::varchar" for column in key if column != "source_id") or "''"
    return (
        f"create or replace temp table rows_apart as"
        f" select {'source_id' if 'source_id' in key else repr('')} as source_id, {rest} as name,"
        " case when was.is_here is null then 'added' when now.is_here is null then 'removed' else 'changed' end"
        " as what,"
        f" list_filter([{differing}]::varchar[], lambda x: x is not null) as columns"
        f" from (select {columns}, true as is_here from {old}) as was"
        f" full join (select {columns}, true as is_here from {new}) as now using ({', '.join(map(_name, key))})"
        f" where was.is_here is null or now.is_here is null or {' or '.join(differs.values()) or 'false'}"
    )


COUNTED = "select source_id, what, count(*) from rows_apart group by source_id, what"
COLUMNS_COUNTED = (
    "select source_id, name, count(*) from (select source_id, unnest(columns) as name from rows_apart"
    " where what = 'changed') group by source_id, name order by source_id, name"
)
NAMED_ROWS = "select source_id, name, what, columns from rows_apart order by source_id, name"


def judgments_apart(shared: Sequence[str], old: str, new: str, *, with_annotators: bool) -> list[str]:
    """Make the tables ``gone`` and ``came``: judgments that only one release holds, numbered within their act."""
    content = [column for column in shared if column not in PLACE and (with_annotators or column != "annotator_id")]
    columns = ", ".join(map(_name, content))
    nobody = "" if with_annotators else ", null::varchar as annotator_id"
    alone = (
        f"create or replace temp table {{name}} as select *, {NAMED} as is_named, {ACT} as act, row_number() over"
        f" (partition by source_id, {ACT} order by {columns}) as nth"
        f" from (select * exclude (balance, copy){nobody} from"
        " (select *, unnest(range(abs(balance))) as copy from apart where balance {sign} 0))"
    )
    return [
        f"create or replace temp table apart as select {columns}, sum(sign)::bigint as balance"
        f" from (select {columns}, -1 as sign from {old} union all select {columns}, 1 as sign from {new})"
        f" group by {columns} having sum(sign) <> 0",
        alone.format(name="gone", sign="<"),
        alone.format(name="came", sign=">"),
        "drop table apart",
    ]


GONE = "select source_id, count(*) from gone group by source_id"
CAME = "select source_id, count(*) from came group by source_id"


def corrections(shared: Sequence[str]) -> tuple[list[str], str]:
    """The columns of judgments that may differ, and a query: by source, corrections, and how many differ in each."""
    names = [column for column in shared if column not in (*PLACE, "source_id", "question_id")]
    counted = ", ".join(f"count_if(gone.{_name(name)} is distinct from came.{_name(name)})" for name in names)
    return names, (
        f"select source_id, count(*), {counted} from gone join came using (source_id, act, nth)"
        " where gone.is_named and came.is_named group by source_id"
    )


VARIED = (
    "wider",
    "narrower",
    "even",
    "new",
    "gone",
    "answers_before",
    "answers_after",
    "answers_gained",
    "answers_lost",
    "abstentions_before",
    "abstentions_after",
)
"""What ``variation`` counts, by the names of ``difference.Variation``."""


def variation(old: str, new: str) -> str:
    """By source: judgments before and after, and then the numbers that ``VARIED`` names."""
    key = "source_id, item_id, question_id"
    answers = (
        f"select {key}, answer, count(*) as n, count_if(abstained) as abstentions from {{}} group by {key}, answer"
    )
    return (
        f"with was as ({answers.format(old)}), now as ({answers.format(new)}),"
        f" tasks as (select {key}, count(was.n) as answers_was, count(now.n) as answers_now,"
        " count_if(was.n is null) as gained, count_if(now.n is null) as lost, coalesce(sum(was.n), 0) as n_was,"
        " coalesce(sum(now.n), 0) as n_now, coalesce(sum(was.abstentions), 0) as abstentions_was,"
        " coalesce(sum(now.abstentions), 0) as abstentions_now"
        f" from was full join now using ({key}, answer) group by {key})"
        " select source_id, sum(n_was)::bigint, sum(n_now)::bigint,"
        " count_if(n_was > 0 and answers_now > answers_was), count_if(n_now > 0 and answers_now < answers_was),"
        " count_if(answers_now = answers_was), count_if(n_was = 0), count_if(n_now = 0),"
        " sum(answers_was)::bigint, sum(answers_now)::bigint, sum(gained)::bigint, sum(lost)::bigint,"
        " sum(abstentions_was)::bigint, sum(abstentions_now)::bigint from tasks group by source_id"
    )


def annotators(old: str, new: str) -> str:
    """By source: annotators before and after, those gained, and those lost."""
    people = "select distinct source_id, annotator_id, true as is_here from {} where annotator_id is not null"
    return (
        f"with was as ({people.format(old)}), now as ({people.format(new)})"
        " select source_id, count(was.is_here), count(now.is_here), count_if(was.is_here is null),"
        " count_if(now.is_here is null) from was full join now using (source_id, annotator_id) group by source_id"
    )


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'
