"""The laws over small layers: they hold where the layers are equal, and name what differs where they are not."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations.laws.definitions import LAWS
from expectations.laws.prove import Layer, prove_occurrences, prove_path
from expectations.laws.raw import FileBooks, prove_arrival, prove_ingest
from expectations.laws.sql import identity_difference
from expectations.laws.verdicts import LawBrokenError, Verdict, broken, sort_key, story
from tests.unit.laws_bench import ANNA, BEN, CLEO, FILE, FILES, Row, fill, judgment, judgments

BEFORE, AFTER = Layer("landing", "before"), Layer("marts", "after")


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect(":memory:")
    yield connection
    connection.close()


Mutate = Callable[[list[Row]], list[Row]]


def verdicts_on(con: duckdb.DuckDBPyConnection, mutate: Mutate, *, exact: bool = False) -> list[Verdict]:
    return [*step_verdicts(con, mutate, exact=exact), *prove_occurrences(con, AFTER, ["s"], FILES)]


def step_verdicts(con: duckdb.DuckDBPyConnection, mutate: Mutate, *, exact: bool) -> list[Verdict]:
    fill(con, "before", judgments())
    fill(con, "after", mutate(judgments()))
    return prove_path(con, [BEFORE, AFTER], exact=exact)


def numbers(verdicts: list[Verdict]) -> set[int]:
    return {verdict.definition.number for verdict in broken(verdicts)}


def offenders(verdicts: list[Verdict], number: int) -> str:
    return "\n".join(name for verdict in verdicts if verdict.definition.number == number for name in verdict.offenders)


def shuffled(rows: list[Row]) -> list[Row]:
    return random.Random(7).sample(rows, len(rows))


def majority_vote(rows: list[Row]) -> list[Row]:
    for row in rows:
        if row["item_id"] == "i1" and row["question_id"] == "tone":
            row.update(answer='"rude"', answer_choice="rude", raw_answer="rude")
    return rows


def voted_down_to_one_row(rows: list[Row]) -> list[Row]:
    return [row for row in rows if not (row["item_id"] == "i1" and row["annotator_id"] != BEN)]


def distinct(rows: list[Row]) -> list[Row]:
    seen: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        seen.setdefault((row["item_id"], row["annotator_id"], row["question_id"], row["answer"]), row)
    return list(seen.values())


def without_the_minority(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row["annotator_id"] != CLEO or row["answer"] != '"unsure"']


def swapped(rows: list[Row], one: int, other: int, *columns: str) -> list[Row]:
    for name in columns:
        rows[one][name], rows[other][name] = rows[other][name], rows[one][name]
    return rows


ANSWER = ("answer", "answer_choice", "raw_answer")


def answers_swapped_between_annotators(rows: list[Row]) -> list[Row]:
    return swapped(rows, 0, 1, *ANSWER)


def annotators_swapped(rows: list[Row]) -> list[Row]:
    return swapped(rows, 0, 1, "annotator_id")


def swapped_between_items(rows: list[Row]) -> list[Row]:
    return swapped(rows, 0, 3, *ANSWER)


def duplicated(rows: list[Row]) -> list[Row]:
    return [*rows, dict(rows[1]), dict(rows[1])]


def nulled_rationale(rows: list[Row]) -> list[Row]:
    rows[1]["rationale"] = None
    return rows


def trimmed_rationale(rows: list[Row]) -> list[Row]:
    rows[0]["rationale"] = rows[0]["rationale"].strip()
    return rows


def rounded(rows: list[Row]) -> list[Row]:
    rows[7]["answer"] = "3.5"
    return rows


def emptied_set_made_null(rows: list[Row]) -> list[Row]:
    rows[8]["answer_choices"] = None
    return rows


def renumbered(rows: list[Row]) -> list[Row]:
    return swapped(rows, 0, 6, "occurrence")


def numbered_from_zero(rows: list[Row]) -> list[Row]:
    for row in rows:
        row["occurrence"] -= 1
    return rows


def annotator_vanished(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row["annotator_id"] != CLEO]


def annotators_merged(rows: list[Row]) -> list[Row]:
    for row in rows:
        if row["annotator_id"] == CLEO:
            row["annotator_id"] = BEN
    return rows


def annotator_unknown(rows: list[Row]) -> list[Row]:
    rows[2]["annotator_id"] = None
    return rows


def source_lost(rows: list[Row]) -> list[Row]:
    rows[2]["source_id"] = None
    return rows


MUTANTS: list[tuple[Mutate, set[int], str]] = [
    (majority_vote, {2, 3, 9}, f'question tone, annotator {ANNA}: changed, "kind" became "rude"'),
    (voted_down_to_one_row, {1, 2, 3, 9}, f's/i1, question tone, annotator {ANNA}: missing, "kind"'),
    (distinct, {1, 2, 3, 9}, f'annotator {ANNA}: missing, "kind" (file {FILE[:12]}, record 6)'),
    (without_the_minority, {1, 2, 3, 9}, f's/i2, question tone, annotator {CLEO}: missing, "unsure"'),
    (answers_swapped_between_annotators, {2, 9}, f'annotator {BEN}: changed, "rude" became "kind"'),
    (annotators_swapped, {2, 9}, f"annotator {ANNA}: changed, now of annotator {BEN}"),
    (swapped_between_items, {2, 3, 9}, f's/i2, question tone, annotator {ANNA}: changed, "rude" became "kind"'),
    (duplicated, {1, 2, 3, 9}, f'annotator {BEN}: added, "rude"'),
    (nulled_rationale, {2}, f"annotator {BEN}: changed, rationale not the same"),
    (trimmed_rationale, {2}, f"annotator {ANNA}: changed, rationale not the same"),
    (rounded, {2, 3, 9}, "question stars, annotator " + BEN + ": changed, 3.50 became 3.5"),
    (emptied_set_made_null, {2}, "question topics, annotator " + BEN + ": changed, answer_choices not the same"),
    (annotator_vanished, {1, 2, 3, 9}, f"annotator {CLEO}: missing"),
    (annotators_merged, {2, 3, 9}, f"annotator {CLEO}: changed, now of annotator {BEN}"),
    (annotator_unknown, {2, 3, 9}, f"annotator {CLEO}: changed, now of annotator unknown"),
    (source_lost, {1, 2, 3, 9}, f'annotator {CLEO}: missing, "rude"'),
]


@pytest.mark.parametrize("exact", [True, False], ids=["exactly", "by fingerprint"])
@pytest.mark.parametrize("same", [list, shuffled], ids=["in the same order", "in another order"])
def test_every_law_holds_where_the_layers_are_equal(con: duckdb.DuckDBPyConnection, same: Mutate, exact: bool) -> None:
    verdicts = verdicts_on(con, same, exact=exact)
    assert {verdict.definition.number for verdict in verdicts} == {1, 2, 3, 9}
    assert broken(verdicts) == []


@pytest.mark.parametrize("exact", [True, False], ids=["exactly", "by fingerprint"])
@pytest.mark.parametrize(("mutate", "laws", "named"), MUTANTS, ids=[mutate.__name__ for mutate, _, _ in MUTANTS])
def test_a_law_breaks_and_names_the_rows(
    con: duckdb.DuckDBPyConnection, mutate: Mutate, laws: set[int], named: str, exact: bool
) -> None:
    verdicts = step_verdicts(con, mutate, exact=exact)
    assert numbers(verdicts) == laws
    assert named in offenders(verdicts, 2)


def test_swapped_answers_keep_every_distribution_and_name_both_annotators(con: duckdb.DuckDBPyConnection) -> None:
    verdicts = verdicts_on(con, answers_swapped_between_annotators)
    assert offenders(verdicts, 3) == ""
    assert offenders(verdicts, 9).splitlines() == [
        f"s, annotator {ANNA}: 4 judgments before, 4 after, not the same ones",
        f"s, annotator {BEN}: 4 judgments before, 4 after, not the same ones",
    ]


def test_a_distribution_is_told_before_and_after(con: duckdb.DuckDBPyConnection) -> None:
    told = offenders(verdicts_on(con, majority_vote), 3)
    assert told == 's/i1, question tone: "kind" × 2, "rude" × 2 became "rude" × 4'


def test_merged_annotators_break_the_distribution_by_who_answered(con: duckdb.DuckDBPyConnection) -> None:
    told = offenders(verdicts_on(con, annotators_merged), 3)
    assert '"rude" × 2 became "kind" × 2, "rude" × 2; the annotators changed' in told


@pytest.mark.parametrize("mutate", [renumbered, numbered_from_zero])
def test_occurrences_are_numbered_in_order_of_arrival(con: duckdb.DuckDBPyConnection, mutate: Mutate) -> None:
    verdicts = verdicts_on(con, mutate)
    assert numbers(verdicts) == {9}
    assert f"s/i1, question tone, annotator {ANNA}: occurrence " in offenders(verdicts, 9)


def test_occurrences_without_an_annotator_are_numbered_too(con: duckdb.DuckDBPyConnection) -> None:
    rows = [judgment("i1", None, "tone", "kind", 0), judgment("i1", None, "tone", "kind", 1)]
    fill(con, "after", rows)
    (verdict,) = prove_occurrences(con, AFTER, ["s"], FILES)
    assert verdict.offenders == ("s/i1, question tone, annotator unknown: occurrence 1, in order of arrival it is 2",)


def test_each_copy_of_a_fanned_out_judgment_is_counted(con: duckdb.DuckDBPyConnection) -> None:
    by_law = {verdict.definition.number: verdict for verdict in broken(verdicts_on(con, duplicated))}
    assert by_law[1].offending == 2
    assert by_law[2].offending == 2


def test_at_most_twenty_offenders_are_named_and_all_are_counted(con: duckdb.DuckDBPyConnection) -> None:
    fill(con, "before", [judgment(f"i{number:02}", ANNA, "tone", "kind", number) for number in range(50)])
    fill(con, "after", [])
    verdict = next(one for one in prove_path(con, [BEFORE, AFTER], exact=True) if one.definition.number == 2)
    assert (verdict.offending, len(verdict.offenders)) == (50, 20)
    assert "s/i00" in verdict.offenders[0]
    assert "… and 47 more" in verdict.story()


def test_a_story_fits_a_screen_and_tells_the_first_broken_step_first(con: duckdb.DuckDBPyConnection) -> None:
    at_the_marts = verdicts_on(con, voted_down_to_one_row)
    fill(con, "after", without_the_minority(judgments()))
    earlier = prove_path(con, [Layer("landing", "before"), Layer("staging", "after")], exact=False)
    told = str(LawBrokenError(broken([*at_the_marts, *earlier])))
    lines = told.splitlines()
    assert lines[0] == "The laws are broken in step landing→staging:"
    assert lines[1] == "  s: 10 in, 9 out; laws 1, 2, 3, 9"
    assert lines[-1] == "  Broken in step landing→marts, too: laws 1, 2, 3, 9."
    assert told.count("What to do:") == 1
    assert len(lines) <= 20


def test_a_story_of_many_sources_fits_a_screen_too() -> None:
    verdicts = [
        Verdict(law, f"{step}→marts", f"source_{number}", 9, 8, offending=1, offenders=("x",))
        for law in LAWS
        for step in ("landing", "staging", "intermediate")
        for number in range(30)
    ]
    assert "  … and 25 more sources" in story(verdicts)
    assert len(story(verdicts).splitlines()) <= 24


def test_there_is_nothing_to_tell_where_every_law_holds(con: duckdb.DuckDBPyConnection) -> None:
    assert story(verdicts_on(con, list)) == "Every law holds."


def test_the_difference_works_in_a_warehouse_that_is_open_for_reading_only(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "w.duckdb")) as writer:
        fill(writer, "before", judgments())
        fill(writer, "after", majority_vote(judgments()))
    with duckdb.connect(str(tmp_path / "w.duckdb"), read_only=True) as reader:
        assert numbers(prove_path(reader, [BEFORE, AFTER], exact=True)) == {2, 3, 9}


def test_the_difference_pairs_each_judgment_once_where_locators_repeat(con: duckdb.DuckDBPyConnection) -> None:
    fill(con, "before", [judgment("i1", who, "tone", "kind", 0) for who in (ANNA, BEN)])
    fill(con, "after", [judgment("i1", who, "tone", "rude", 0) for who in (ANNA, BEN, CLEO)])
    found = con.execute(
        f"select what, annotator_before, annotator_after from ({identity_difference('before', 'after')}) order by all"
    ).fetchall()
    assert found == [("added", None, CLEO), ("changed", ANNA, ANNA), ("changed", BEN, BEN)]


def test_files_that_were_delivered_are_taken_in_the_order_in_which_they_came() -> None:
    assert prove_arrival("s", ["f1", "f2"], ["f1", "f2"]).held
    for bound, told in (
        (["f1"], "f2 was delivered and is not taken"),
        (["f1", "f2", "f3"], "f3 is no file of the present state"),
        (["f2", "f1"], "file f2 stands in place 1, where f1 arrived"),
    ):
        verdict = prove_arrival("s", ["f1", "f2"], bound)
        assert verdict.offending == 1
        assert told in verdict.offenders[0]


def books(**changes: Any) -> FileBooks:
    balanced: dict[str, Any] = {
        "source": "s",
        "file": FILE,
        "records_recounted": 10,
        "records_taken": 9,
        "records_refused": 1,
        "acts": 9,
        "acts_refused": 0,
        "candidates": 18,
        "judgments": 17,
        "judgments_refused": 1,
        "raw_annotators": 3,
        "annotators": 3,
    }
    return FileBooks(**balanced | changes)


def test_the_books_of_a_file_balance() -> None:
    verdicts = prove_ingest([books()], {"s": 10}, {"s": 17})
    assert broken(verdicts) == []
    for verdict in verdicts:
        assert verdict.count_in == verdict.count_out + verdict.count_quarantined + verdict.count_withdrawn
    assert verdicts[0].count_withdrawn == 10


@pytest.mark.parametrize(
    ("changes", "landed", "number", "named"),
    [
        ({"records_taken": 8}, 17, 1, "s, file f1f1f1f1f1f1: 10 records, 8 taken, 1 quarantined"),
        ({"records_recounted": 11}, 17, 1, "s, file f1f1f1f1f1f1: 11 records, 9 taken, 1 quarantined"),
        ({"judgments": 16}, 16, 1, "s, file f1f1f1f1f1f1: 18 answers, 16 landed, 1 quarantined"),
        ({}, 16, 1, "s: the receipts say 17 judgments, landing holds 16"),
        ({"annotators": 2}, 17, 9, "s, file f1f1f1f1f1f1: 3 raw ids became 2 pseudonyms"),
    ],
)
def test_books_that_do_not_balance_name_the_file(changes: dict[str, int], landed: int, number: int, named: str) -> None:
    (verdict,) = broken(prove_ingest([books(**changes)], {}, {"s": landed}))
    assert (verdict.definition.number, verdict.offenders) == (number, (named,))


def test_a_source_whose_judgments_are_gone_from_landing_breaks_the_books() -> None:
    (verdict,) = broken(prove_ingest([books()], {}, {}))
    assert verdict.offenders == ("s: the receipts say 17 judgments, landing holds 0",)


def test_verdicts_sort_the_same_whatever_order_they_came_in(con: duckdb.DuckDBPyConnection) -> None:
    verdicts = verdicts_on(con, list)
    assert sorted(verdicts, key=sort_key) == sorted(reversed(verdicts), key=sort_key)
