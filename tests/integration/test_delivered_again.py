"""Deliveries through the models: versions and history in the marts, and filters that leave out more or less."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest

from expectations.gx.run import validate
from expectations.gx.suite import load_suites
from expectations.laws.verdicts import Verdict, broken, story
from pipelines.proof import prove_run
from pipelines.warehouse.catalog import bind
from pipelines.warehouse.run_folder import RunFolder
from pipelines.warehouse.state import present_state
from tests.conftest import ROOT, variorum
from tests.integration.by_hand import Edit, build_models, edited_project
from tests.unit.deliveries_bench import KEY, Deliveries, contract

FILTER = "where withdrawn.why is null"
EDITS: dict[str, Edit | None] = {
    "faithful": None,
    "one more": Edit("int_judgments_numbered", FILTER, f"{FILTER} and judgments.annotator_id is distinct from"
                     " (select min(annotator_id) from judgments)"),
    "none": Edit("int_judgments_numbered", FILTER, "where true"),
    "by item": Edit("int_judgments_numbered", FILTER, f"{FILTER} and judgments.item_id not in"
                    " (select j.item_id from judgments as j semi join withdrawn using (file_sha256, record_ordinal))"),
    "versions lost": Edit("judgments", "        version,\n", "        1 as version,\n"),
    "history cut": Edit("judgment_history", "    from source\n)", "    from source\n    where false\n)"),
}  # fmt: skip


class Built(NamedTuple):
    """The source, and its runs by what was edited."""

    deliveries: Deliveries
    runs: dict[str, RunFolder]

    def verdicts(self, name: str) -> list[Verdict]:
        """The laws over one of the runs."""
        state = present_state([self.deliveries.contract], KEY, self.deliveries.home)
        return prove_run(self.runs[name], state, self.deliveries.home)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """A query over the marts as they are."""
        with duckdb.connect(str(self.runs["faithful"].warehouse), read_only=True) as con:
            return con.execute(query).fetchall()


def bound(deliveries: Deliveries, root: Path) -> RunFolder:
    run = RunFolder(root)
    run.marts.mkdir(parents=True)
    stated, home = deliveries.contract, deliveries.home
    bind(run.warehouse, present_state([stated], KEY, home))
    return run


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    root = tmp_path_factory.mktemp("again")
    deliveries = Deliveries(root / "source", contract("correct"))
    deliveries.deliver(base=("1,i1,ana,yes,", "2,i1,bob,no,rude", "3,i2,ana,no,", "4,i2,ana,no,"))
    deliveries.deliver(later=("7,i1,ana,no,", "8,i1,bob,no,rude", "9,i9,cleo,yes,"))
    runs = {name: bound(deliveries, root / f"run{number}") for number, name in enumerate(EDITS)}
    projects = {
        edited_project(edit, root / f"project{number}"): runs[name] for number, (name, edit) in enumerate(EDITS.items())
    }
    build_models(projects, select="+judgments +judgment_history +questions +sources")
    return Built(deliveries, runs)


@pytest.mark.xdist_group("delivered_again")
def test_the_marts_hold_the_latest_by_delivery_and_history_the_rest(built: Built) -> None:
    assert built.rows("select item_id, answer_choice, occurrence, version from judgments order by all") == [
        ("i1", "no", 1, 1),
        ("i1", "no", 1, 2),
        ("i2", "no", 1, 1),
        ("i2", "no", 2, 1),
        ("i9", "yes", 1, 1),
    ]
    linked = (
        "select h.answer_choice, h.version, h.came_with, h.ended_by, j.answer_choice, j.version from judgment_history h"
        " join judgments j on h.now_file_sha256 = j.file_sha256 and h.now_record_ordinal = j.record_ordinal"
        " and h.now_record_part = j.record_part and h.question_id = j.question_id"
    )
    assert built.rows(linked) == [("yes", 1, 1, 2, "no", 2)]


@pytest.mark.xdist_group("delivered_again")
def test_the_books_say_what_was_withdrawn(built: Built) -> None:
    verdicts = built.verdicts("faithful")
    assert broken(verdicts) == []
    books = {v.step: (v.count_in, v.count_out, v.count_withdrawn) for v in verdicts if v.definition.number == 1}
    assert books["staging→intermediate"] == (7, 5, 2)
    assert books["deliveries"] == (7, 5, 2)
    assert books["intermediate→marts"] == (5, 5, 0)


@pytest.mark.xdist_group("delivered_again")
@pytest.mark.parametrize(
    ("name", "step", "laws", "told"),
    [
        ("one more", "staging→intermediate", {1, 2, 3, 9}, ": missing, "),
        ("none", "staging→intermediate", {1, 2, 3, 9}, ": added, "),
        ("by item", "staging→intermediate", {1, 2, 3, 9}, ": missing, "),
        ("versions lost", "marts versions", {9}, "version 1, by its history it is 2"),
        ("history cut", "landing→judgment_history", {2}, "missing in history"),
    ],
)
def test_a_filter_that_leaves_out_more_or_less_is_caught(
    built: Built, name: str, step: str, laws: set[int], told: str
) -> None:
    found = [verdict for verdict in broken(built.verdicts(name)) if verdict.step == step]
    assert {verdict.definition.number for verdict in found} == laws
    assert any(told in offender for verdict in found for offender in verdict.offenders)
    assert f"The laws are broken in step {step}" in story(found)


@pytest.mark.xdist_group("delivered_again")
def test_what_is_expected_of_history_holds_on_it_and_a_lost_version_breaks_it(built: Built) -> None:
    suites = [suite for suite in load_suites() if suite.name == "judgment_history"]
    (held,) = validate(built.runs["faithful"].warehouse, suites, None)
    assert [one.meaning for one in held.expectations if one.outcome != "held"] == []
    (lost,) = validate(built.runs["versions lost"].warehouse, suites, None)
    (found,) = [one for one in lost.expectations if one.outcome != "held"]
    assert (found.outcome, found.unexpected_count) == ("broken", 1)
    assert found.meaning.startswith("What stands now in its place is a later version")


def test_the_command_tells_what_a_new_delivery_changed(tmp_path: Path) -> None:
    export = ROOT / "pipelines" / "demo" / "inbox" / "demo_topics" / "annotations.jsonl"
    folder = tmp_path / "inbox" / "demo_topics"
    folder.mkdir(parents=True)
    lines = export.read_text().splitlines(keepends=True)
    where = ["--inbox", str(tmp_path / "inbox"), "--home", str(tmp_path / "home"), "--store", str(tmp_path / "store")]
    (folder / export.name).write_text("".join(lines))
    first = variorum("run", "--source", "demo_topics", *where).stdout
    assert "delivery" not in first
    record = json.loads(lines[0])
    record["accept"] = [] if record["accept"] else ["noise"]
    (folder / export.name).write_text("".join([json.dumps(record) + "\n", *lines[2:]]))
    second = variorum("run", "--source", "demo_topics", *where).stdout
    assert "delivery 2 of demo_topics: 198 unchanged, 1 corrected, 1 deleted" in second
    marts = max((tmp_path / "home" / "runs").glob("*/marts"), key=lambda path: path.stat().st_mtime)
    with duckdb.connect() as con:
        versions = "select version, count(*) from read_parquet('{}') group by all order by all"
        assert con.execute(versions.format(marts / "judgments.parquet")).fetchall() == [(1, 198), (2, 1)]
        ended = f"select change, changed_columns from read_parquet('{marts / 'judgment_history.parquet'}') order by all"
        (corrected, deleted) = con.execute(ended).fetchall()
    assert (corrected[0], deleted) == ("corrected", ("deleted", []))
    assert "answer" in corrected[1]
