"""Law 8 on single models: what keeps every row is let through, and each way of losing, merging or altering is named."""

from __future__ import annotations

import re

import pytest

from expectations.static_proof.evaluate import AllowedFilter, Evaluator, SqlError
from expectations.static_proof.relations import Relation, table

JUDGMENTS = table(
    "landing.judgments",
    {name: "string" for name in ("item_id", "annotator_id", "question_id", "answer", "status", "rationale")}
    | {"answer_number": "double", "judged_at": "timestamp", "options": "nested"},
    [("item_id", "annotator_id", "question_id")],
    carries=True,
)
TABLES = {
    "judgments": JUDGMENTS,
    "files": table("landing.files", {"file": "string", "item_id": "string", "role": "string"}, [("file", "role")]),
    "items": table("landing.items", {"item_id": "string", "text": "string"}, [("item_id",)]),
}


def proved(sql: str, dialect: str = "duckdb", *filters: AllowedFilter) -> Relation:
    return Evaluator("model", TABLES, dialect, filters).run(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "select * from judgments",
        "with source as (select * from judgments), final as (select * from source) select * from final order by answer",
        "select j.*, i.text from judgments as j left join items as i on j.item_id = i.item_id",
        "select j.* from judgments j left join items i on i.item_id is not distinct from j.item_id",
        "select j.* from judgments j left join items i using (item_id)",
        "select *, row_number() over (partition by item_id order by answer) as n from judgments",
        "with f as (select item_id, min(file) as file from files group by item_id)"
        " select j.*, f.file from judgments j left join f on j.item_id = f.item_id",
        "with f as (select *, row_number() over (partition by item_id order by file) as n from files),"
        " first as (select item_id, file from f where n = 1)"
        " select j.* from judgments j left join first on first.item_id = j.item_id",
        "with f as (select distinct item_id from files) select j.* from judgments j left join f using (item_id)",
        "with counted as (select item_id, count(*) as n from judgments group by all)"
        " select j.*, n from judgments j left join counted using (item_id)",
        "select j.* from (select * from judgments) as j",
        "select item_id, answer from judgments left join items using (item_id)",
        "select (select max(text) from items) as longest, * from judgments",
    ],
)
@pytest.mark.parametrize("dialect", ["duckdb", "spark"])
def test_what_keeps_every_row_is_let_through(sql: str, dialect: str) -> None:
    if dialect == "spark" and ("group by all" in sql or "distinct from" in sql):
        sql = sql.replace("group by all", "group by item_id").replace("is not distinct from", "<=>")
    relation = proved(sql, dialect)
    assert relation.carries == "landing.judgments"
    assert relation.breaks == ()


@pytest.mark.parametrize(
    ("sql", "rule", "named"),
    [
        ("select item_id, mode(answer) as answer from judgments group by item_id", "grouping", "GROUP BY item_id"),
        ("select avg(answer_number) as answer_number from judgments", "aggregate", "AVG(answer_number)"),
        ("select max(answer) filter (where status = 's') as a from judgments", "aggregate", "MAX(answer)"),
        ("select distinct item_id, answer from judgments", "distinct", "SELECT DISTINCT"),
        ("select distinct on (item_id) * from judgments", "distinct", "DISTINCT ON"),
        ("select * from judgments where answer <> 'unsure'", "filter", "WHERE answer <> 'unsure'"),
        ("select item_id from judgments group by item_id having count(*) > 2", "filter", "HAVING"),
        (
            "select * from judgments qualify row_number() over (partition by item_id order by answer) = 1",
            "filter",
            "QUALIFY",
        ),
        ("select * from judgments limit 1000000", "limit", "LIMIT 1000000"),
        ("select * from judgments order by answer offset 3", "limit", "OFFSET 3"),
        ("select * from judgments using sample 99%", "sampling", "SAMPLE"),
        ("select * from judgments tablesample bernoulli(50%)", "sampling", "judgments"),
        ("select * from judgments union select * from judgments", "set operation", "union"),
        ("select * from judgments union all select * from judgments", "set operation", "union"),
        ("select * from judgments except select * from judgments", "set operation", "except"),
        ("select * from judgments intersect all select * from judgments", "set operation", "intersect"),
        ("select j.* from judgments j join items i on i.item_id = j.item_id", "join", "JOIN items"),
        ("select j.* from judgments j, items i where i.item_id = j.item_id", "join", "items"),
        ("select j.* from judgments j cross join items i", "join", "CROSS JOIN"),
        ("select j.* from judgments j full join items i using (item_id)", "join", "FULL"),
        ("select j.* from judgments j semi join items i using (item_id)", "join", "SEMI"),
        ("select j.* from judgments j anti join items i using (item_id)", "join", "ANTI"),
        ("select j.* from judgments j asof join items i on j.item_id >= i.item_id", "join", "ASOF"),
        ("select j.* from judgments j left join files f on f.item_id = j.item_id", "join", "LEFT JOIN files"),
        ("select j.* from judgments j left join items i on i.item_id > j.item_id", "join", "LEFT JOIN items"),
        ("select j.* from judgments j left join items i on i.item_id = i.text", "join", "LEFT JOIN items"),
        (
            "select j.* from judgments j left join items i on i.item_id = j.item_id or i.text = j.answer",
            "join",
            "LEFT JOIN items",
        ),
        ("select j.* from items i left join judgments j on i.item_id = j.item_id", "join", "LEFT JOIN judgments"),
        ("select *, unnest(options) as o from judgments", "row count", "UNNEST(options)"),
        ("select *, my_function(answer) as o from judgments", "row count", "MY_FUNCTION(answer)"),
    ],
)
def test_what_may_lose_or_multiply_rows_is_named(sql: str, rule: str, named: str) -> None:
    relation = proved(sql)
    assert rule in {one.rule for one in relation.breaks}, relation.breaks
    assert any(named.lower() in one.expression.lower() for one in relation.breaks if one.rule == rule), relation.breaks


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        ("select *, explode(options) as o from judgments", "row count"),
        ("select *, posexplode(options) from judgments", "row count"),
        ("select j.*, o from judgments j lateral view explode(options) x as o", "row count"),
        ("select * from judgments tablesample (10 percent)", "sampling"),
        ("select j.* from judgments j left semi join items i on i.item_id = j.item_id", "join"),
        ("select first(answer) as answer from judgments group by item_id", "grouping"),
        ("select * from judgments minus select * from judgments", "set operation"),
    ],
)
def test_the_ways_of_spark_are_known_too(sql: str, rule: str) -> None:
    assert rule in {one.rule for one in proved(sql, "spark").breaks}


def test_a_violation_is_found_behind_later_steps_and_names_its_line() -> None:
    sql = (
        "with source as (\n  select * from judgments\n),\n\nkept as (\n  select *\n  from source\n"
        "  where status = 'x'\n),\n\nfinal as (select * from kept)\n\nselect * from final"
    )
    (violation,) = proved(sql).breaks
    assert (violation.line, violation.rule) == (8, "filter")
    assert str(violation).startswith("model:8: leaves rows out")


def test_a_filter_with_its_ledger_entry_is_let_through_and_no_other() -> None:
    declared = AllowedFilter("not withdrawn", "withdrawn")
    sql = "with w as (select *, false as withdrawn from judgments) select * from w where {}"
    assert proved(sql.format("not   withdrawn"), "duckdb", declared).breaks == ()
    assert proved(sql.format("not withdrawn and status = 'x'"), "duckdb", declared).breaks
    assert proved(sql.format("not withdrawn")).breaks


@pytest.mark.parametrize(
    ("expression", "is_copy"),
    [
        ("answer", True),
        ("(answer)", True),
        ("cast(answer as varchar)", True),
        ("j.answer", True),
        ("answer_number::integer", False),
        ("round(answer_number)", False),
        ("trim(answer)", False),
        ("lower(answer)", False),
        ("coalesce(answer, 'none')", False),
        ("max(answer) over (partition by item_id)", False),
        ("first_value(answer) over (order by item_id)", False),
        ("case when true then answer end", False),
        ("answer || ''", False),
        ("'yes'", False),
    ],
)
def test_a_column_is_a_copy_or_is_computed(expression: str, is_copy: bool) -> None:
    column = proved(f"select {expression} as answer from judgments j").columns["answer"]
    assert (column.copy_of is not None) is is_copy
    assert is_copy or column.how


def test_columns_are_followed_through_renames_stars_and_steps() -> None:
    relation = proved(
        "with a as (select * exclude (status) replace (upper(answer) as answer), rationale as why from judgments),"
        " b as (select a.*, why as reason, a.item_id as id from a) select * rename (question_id as question) from b"
    )
    assert "status" not in relation.columns
    assert str(relation.columns["reason"].copy_of) == "landing.judgments.rationale"
    assert str(relation.columns["question"].copy_of) == "landing.judgments.question_id"
    assert relation.columns["answer"].copy_of is None
    assert {str(one) for one in relation.columns["answer"].origins} == {"landing.judgments.answer"}
    assert relation.has_key(["id", "annotator_id", "question"])


@pytest.mark.parametrize(
    ("sql", "grain", "holds"),
    [
        ("select item_id, count(*) as n from files group by item_id", ["item_id"], True),
        ("select item_id, count(*) as n from files group by item_id, role", ["item_id"], False),
        ("select item_id, role, count(*) as n from files group by 1, 2", ["item_id", "role"], True),
        ("select item_id, role, count(*) as n from files group by all", ["item_id", "role"], True),
        ("select distinct item_id, role from files", ["item_id", "role"], True),
        ("select * from files", ["file", "role"], True),
        ("select * from files", ["file"], False),
        ("select *, row_number() over (partition by item_id order by file) as n from files", ["item_id", "n"], True),
        ("select *, rank() over (partition by item_id order by file) as n from files", ["item_id", "n"], False),
        (
            "with r as (select *, row_number() over (partition by item_id order by file) as n from files)"
            " select * from r where n = 1 and role = 'x'",
            ["item_id"],
            True,
        ),
        (
            "with r as (select *, row_number() over (partition by item_id order by file) as n from files)"
            " select * from r where n <= 2",
            ["item_id"],
            False,
        ),
        ("select * from files union all select * from files", ["file", "role"], False),
        ("select f.*, i.text from files f join items i on i.item_id = f.item_id", ["file", "role"], True),
        ("select f.*, i.text from items i join files f on i.item_id = f.item_id", ["item_id"], False),
        ("select max(file) as newest from files", [], True),
    ],
)
def test_a_grain_is_shown_by_the_sql_or_it_is_not(sql: str, grain: list[str], holds: bool) -> None:
    assert proved(sql).has_key(grain) is holds


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("select * from nowhere", "reads nowhere, which no model or source makes"),
        ("select nothing from judgments", "no column nothing is known here"),
        ("select item_id from judgments j left join items i on i.item_id = j.item_id", "may be a column of j or i"),
        ("select from where", "cannot be read as duckdb"),
        ("select 1; select 2", "is not one query"),
        ("delete from judgments", "is not one query"),
        ("with recursive r as (select 1 as x union all select x from r) select * from judgments", "recursive"),
        ("select * from read_parquet('x')", "is no table that is known here"),
        ("select j.*, x from judgments j cross join lateral (select 1 as x) t", "is no table that is known here"),
    ],
)
def test_what_cannot_be_read_is_no_proof(sql: str, told: str) -> None:
    with pytest.raises(SqlError, match=f"^model: .*{re.escape(told)}"):
        proved(sql)
