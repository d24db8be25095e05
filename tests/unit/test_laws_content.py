"""Laws 1, 5 and 9 on what stands beside the judgments: whatever is lost, altered or made up there is named."""

from __future__ import annotations

from typing import NamedTuple

import duckdb
import pytest

from expectations.laws.content import Tables, prove_content
from expectations.laws.verdicts import Verdict, broken
from pipelines.domain.tables import TABLES
from pipelines.domain.types import duckdb_type

ROWS = {
    "items": (
        "('s', 'i1', ' a text ', null, [], 'en', null, null)",
        "('s', 'i2', null, 'say it', [{'key': 'x', 'text': 'one', 'model': null}], null, null, '{\"seed\":1}')",
        "('t', 'i1', 'of another source', null, [], null, null, null)",
    ),
    "annotators": ("('ann', 'human', null, 'tool')", "('bot', 'machine', 'llm', 'tool')"),
    "annotator_attributes": (
        "('s', 'ann', 'age', 1, '30', 'given', 'f', 0)",
        "('s', 'ann', 'age', 2, '31', 'given', 'f', 1)",
        "('s', 'bot', 'age', 1, null, 'not_asked', 'f', 2)",
    ),
    "questions": ("('s', 'tone', 'Is it kind?', 'choice', null, null, null, [], [], [], 'descriptive')",),
    "sources": (
        "('s', 'S', null, 'MIT', null, 'fam', 'tool', 'stable', 'unknown', 'full', ['cancelled_dropped'], 'c1')",
    ),
    "quarantine": (
        "('s', 'f', 7, null, null, 'record', 'record_shape', null, 'r')",
        "('s', 'f', 9, null, null, 'item', 'item_conflict', 'i1', 'f')",
    ),
}
OTHER_TEXT = "('s', 'i1', 'another text', null, [], null, null, null)"
BARE = "('s', 'i2', null, null, [], null, null, null)"


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("create schema before; create schema after")
    for schema in ("before", "after"):
        for name, rows in ROWS.items():
            columns = ", ".join(f"{column.name} {duckdb_type(column.type)}" for column in TABLES[name].columns)
            con.execute(
                f"create table {schema}.{name} ({columns}); insert into {schema}.{name} values {', '.join(rows)}"
            )
    con.execute(
        "alter table before.annotators add column source_id varchar; update before.annotators set source_id = 's'"
    )
    # Landing holds many rows of what the marts hold one of.
    con.execute(f"insert into before.items values {ROWS['items'][0]}, {OTHER_TEXT}, {BARE}")
    con.execute("insert into before.annotators values ('ann', 'human', 'pool', 'tool', 's')")
    con.execute("insert into before.annotator_attributes values ('s', 'ann', 'age', 1, '30', 'given', 'g', 5)")
    con.execute("delete from before.quarantine where reason = 'item_conflict'")
    return con


def proved(con: duckdb.DuckDBPyConnection) -> list[Verdict]:
    before, after = Tables.within("landing", "before"), Tables.within("marts", "after")
    return prove_content(con, before, after, "after.quarantine", ["s"])


def test_what_is_there_once_of_what_arrived_many_times_holds(con: duckdb.DuckDBPyConnection) -> None:
    verdicts = {verdict.step: verdict for verdict in proved(con)}
    assert broken(verdicts.values()) == []
    items = verdicts["landing→marts items"]
    assert (items.count_in, items.count_out, items.count_quarantined, items.count_withdrawn) == (4, 2, 1, 1)
    assert items.count_in == items.count_out + items.count_quarantined + items.count_withdrawn
    assert set(verdicts) == {f"landing→marts {name}" for name in ("items", "questions", "annotators", "quarantine")}


class Change(NamedTuple):
    """What is done to the later layer, the law that it breaks, and what is said of it."""

    query: str
    law: int
    told: str


CHANGES = {
    "a text trimmed": Change("update after.items set text = trim(text)", 5, "s/i1 has other content than any that"),
    "a text given to another item": Change(
        "update after.items set text = (select text from after.items where item_id = 'i1' and source_id = 's')"
        " where item_id = 'i2'",
        5,
        "s/i2 has other content",
    ),
    "a model's name dropped": Change(
        "update after.items set responses = list_transform(responses, lambda one:"
        " {'key': one.key, 'text': 'two', 'model': one.model})",
        5,
        "s/i2 has other content",
    ),
    "an item dropped": Change("delete from after.items where item_id = 'i2'", 5, "s/i2 is gone"),
    "an item twice": Change(f"insert into after.items values {ROWS['items'][0]}", 5, "s/i1 stands there 2 times"),
    "an item made up": Change("insert into after.items (source_id, item_id) values ('s', 'i9')", 5, "s/i9 has other"),
    "the bare id taken for the item": Change(
        f"delete from after.items where item_id = 'i2'; insert into after.items values {BARE}",
        5,
        "s/i2 was left without the content",
    ),
    "another content not in quarantine": Change(
        "delete from after.quarantine where reason = 'item_conflict'",
        5,
        "s/i1 had 1 more contents, 0 are in quarantine",
    ),
    "the wording of a question": Change(
        "update after.questions set prompt = 'Kind?'", 5, "s, questions: tone is gone or altered"
    ),
    "a known loss left out": Change(
        "update after.sources set known_losses = []", 5, "s, sources: s is gone or altered"
    ),
    "an annotator dropped": Change(
        "delete from after.annotators where annotator_id = 'bot'", 9, "annotator bot is gone"
    ),
    "a machine made a person": Change(
        "update after.annotators set annotator_kind = 'human'", 9, "annotator bot is gone, or is no longer"
    ),
    "an annotator made up": Change(
        "insert into after.annotators values ('new', 'human', null, 'tool')", 9, "annotator new is nobody that arrived"
    ),
    "an attribute dropped": Change(
        "delete from after.annotator_attributes where value = '31'", 9, "annotator ann lost the attribute age"
    ),
    "an attribute moved": Change(
        "update after.annotator_attributes set annotator_id = 'bot' where value = '31'",
        9,
        "was given the attribute age",
    ),
    "not asked made given": Change(
        "update after.annotator_attributes set attribute_status = 'given'", 9, "annotator bot was given the attribute"
    ),
    "quarantine emptied": Change("delete from after.quarantine where stage = 'record'", 1, "is not in quarantine"),
    "quarantine made up": Change(
        "update after.quarantine set reason = 'answer_missing' where stage = 'record'", 1, "was never refused"
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_named_by_its_law(con: duckdb.DuckDBPyConnection, name: str) -> None:
    change = CHANGES[name]
    con.execute(change.query)
    found = broken(proved(con))
    assert {verdict.definition.number for verdict in found} == {change.law}
    assert any(change.told in offender for verdict in found for offender in verdict.offenders)
