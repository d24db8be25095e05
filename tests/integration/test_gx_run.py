"""The suites run over real DuckDB files: good marts hold, errors are no verdicts, and nothing leaks or lingers."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations.gx.canary import Row, fill_table, good_world
from expectations.gx.report import ROWS_SHOWN, ExpectationReport, SuiteReport
from expectations.gx.run import validate
from expectations.gx.suite import load_suites
from pipelines.domain.tables import TABLES

SUITES = load_suites()
JUDGMENTS = [suite for suite in SUITES if suite.name == "judgments"]
RAW_ID = "worker-17@example.org"


def judgment(question: str, kind: str, answer: str | None, **values: Any) -> Row:
    base = good_world(0)["judgments"][0]
    return {**base, "answer_choice": None, "question_id": question, "answer_type": kind, "answer": answer, **values}


def question(code: str, kind: str, **values: Any) -> Row:
    base = good_world(0)["questions"][0]
    return {**base, "options": [], "abstaining_options": [], "question_id": code, "answer_type": kind, **values}


def good_marts() -> dict[str, list[Row]]:
    """A disagreement on one item, every answer type, and what is legitimate though it looks odd."""
    marts = good_world(0)
    first = marts["judgments"][0]
    options = [{"value": value, "label": None} for value in ("a", "b")]
    marts["annotators"] += [{**marts["annotators"][0], "annotator_id": f"a{number:032}"} for number in (1, 2)]
    marts["annotators"].append(
        {**marts["annotators"][0], "annotator_id": "a" + "f" * 32, "annotator_kind": "machine", "pool": None}
    )
    marts["sources"].append({**marts["sources"][0], "source_id": "nobody", "attribution": "none"})
    marts["questions"] += [
        question("tags", "multi_choice", options=options, abstaining_options=["b"]),
        question("rank", "ranking"),
        question("best", "best_worst"),
        question("spans", "spans"),
        question("text", "text"),
        question("grade", "rating", scale_kind="interval", abstaining_options=["N/A"]),
    ]
    marts["annotator_attributes"].append({**marts["annotator_attributes"][0], "observation": 2, "value": "y"})
    marts["annotator_attributes"].append(
        {**marts["annotator_attributes"][0], "attribute": "age", "attribute_status": "declined", "value": None}
    )
    marts["judgments"] += [
        {**first, "annotator_id": f"a{1:032}", "answer": '"b"', "answer_choice": "b"},
        {**first, "annotator_id": f"a{2:032}", "answer": '"unsure"', "answer_choice": "unsure", "abstained": True},
        {**first, "annotator_id": "a" + "f" * 32, "annotator_kind": "machine"},
        {**first, "occurrence": 2, "answer": '"b"', "answer_choice": "b"},
        {**first, "occurrence": 3, "answer": '{"skipped":null}', "answer_choice": None, "status": "skipped",
         "abstained": True},
        {**first, "occurrence": 4, "answer": '{"rejected":"a"}', "status": "rejected"},
        {**first, "occurrence": 5, "answer": '{"draft":null}', "answer_choice": None, "status": "draft"},
        {**first, "source_id": "nobody", "annotator_id": None, "attribution": "none"},
        {**first, "source_id": "nobody", "annotator_id": None, "attribution": "none", "occurrence": 2},
        judgment("tags", "multi_choice", "[]", answer_choices=[]),
        judgment("tags", "multi_choice", '["a","b"]', answer_choices=["a", "b"], abstained=True, occurrence=2),
        judgment("rating", "rating", "3.50", answer_number=3.5),
        judgment("grade", "rating", "-1e3", answer_number=-1000.0),
        judgment("grade", "rating", '"N/A"', abstained=True, occurrence=2),
        judgment("pairwise", "pairwise", '"tie"', answer_preference="tie"),
        judgment("pairwise", "pairwise", '{"preference":"left","strength":2.0}', answer_preference="left",
                 answer_strength=2.0, occurrence=2),
        judgment("rank", "ranking", '[["x"],["y"]]', answer_ranking=[{"option": "x", "rank": 1}]),
        judgment("best", "best_worst", '{"best":"x","worst":"x"}', answer_best="x", answer_worst="x"),
        judgment("spans", "spans", "[]", answer_spans=[]),
        judgment("text", "text", '"say \\"null\\"\\n"', answer_text='say "null"\n'),
        judgment("text", "text", '""', answer_text="", occurrence=2),
    ]  # fmt: skip
    ended = marts["judgment_history"][0]
    gone = {"now_file_sha256": None, "now_record_ordinal": None, "now_record_part": None}
    marts["judgment_history"] += [
        {**ended, "ended_by": 3, "came_with": 3, "item_id": "before", "judgment_key": "7"},
        {**ended, **gone, "version": 2, "ended_by": 4, "change": "deleted", "changed_columns": []},
        {**ended, **gone, "source_id": "nobody", "annotator_id": None, "attribution": "none", "change": "deleted",
         "changed_columns": []},
    ]  # fmt: skip
    marts["quarantine"].append(
        {
            "source_id": "nobody",
            "file_sha256": "x",
            "stage": "file",
            "reason": "file_empty",
            "raw_sha256": "x",
        }
    )
    return marts


def warehouse(path: Path, marts: dict[str, list[Row]], schema: str = "main") -> Path:
    with duckdb.connect(str(path)) as connection:
        if schema != "main":
            connection.execute(f'create schema "{schema}"')
        connection.execute(f'use "{schema}"')
        for name in TABLES:
            fill_table(connection, name, marts.get(name, []))
    return path


def change(path: Path, statement: str) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute(statement)


def outcomes(reports: Sequence[SuiteReport]) -> dict[str, str]:
    return {report.suite: report.outcome for report in reports}


def not_held(reports: Sequence[SuiteReport]) -> list[ExpectationReport]:
    return [one for report in reports for one in report.expectations if one.outcome != "held"]


@pytest.fixture(scope="module")
def good_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return warehouse(tmp_path_factory.mktemp("marts") / "good.duckdb", good_marts())


@pytest.fixture
def file(good_file: Path, tmp_path: Path) -> Path:
    """A copy of the good marts, to be spoilt."""
    return Path(shutil.copy(good_file, tmp_path / "marts.duckdb"))


def test_good_marts_hold_with_every_answer_type_and_every_status(good_file: Path) -> None:
    reports = validate(good_file, SUITES, None)
    assert [(one.meaning, one.unexpected, one.error) for one in not_held(reports)] == []
    assert [report.suite for report in reports] == [suite.name for suite in SUITES]
    assert all(report.docs is None for report in reports)


def test_a_majority_vote_over_the_typed_answers_breaks_exactly_one_expectation_and_names_the_row(file: Path) -> None:
    change(file, "update judgments set answer_choice = 'a' where answer_choice = 'b' and annotator_id like '%1'")
    (broken,) = not_held(validate(file, JUDGMENTS, None))
    assert (broken.outcome, broken.unexpected_count, broken.observed) == ("broken", 1, "1 row breaks it")
    assert broken.meaning == "The typed answer says the same as the canonical answer."
    assert broken.unexpected[0]["item_id"] == "world 0"


def test_a_repeated_key_without_an_annotator_is_found_though_it_is_null(file: Path) -> None:
    change(file, "insert into judgments from judgments where annotator_id is null and occurrence = 2")
    (broken,) = not_held(validate(file, JUDGMENTS, None))
    assert broken.unexpected == (
        {
            "source_id": "nobody",
            "item_id": "world 0",
            "annotator_id": None,
            "question_id": "world 0",
            "occurrence": 2,
            "rows_found": 2,
        },
    )


@pytest.mark.parametrize(
    ("spoilt", "kind"),
    [
        ("update judgments set status = 'ignore' where status = 'draft'", "expect_column_values_to_be_in_set"),
        ("update judgments set answer = answer || ' ' || repeat('x', 300)", "unexpected_rows_expectation"),
    ],
)
def test_at_most_twenty_rows_are_named_and_all_are_counted(file: Path, spoilt: str, kind: str) -> None:
    change(file, "insert into judgments select * replace (occurrence + 5 as occurrence) from judgments")
    for _ in range(5):
        change(file, "insert into judgments from judgments")
    change(file, spoilt)
    with duckdb.connect(str(file), read_only=True) as connection:
        where = "status = 'ignore'" if kind != "unexpected_rows_expectation" else "not json_valid(answer)"
        ((rows,),) = connection.execute(f"select count(*) from judgments where {where}").fetchall()
    meaning = "status is one" if kind != "unexpected_rows_expectation" else "canonical answer is JSON"
    (broken,) = [one for one in not_held(validate(file, JUDGMENTS, None)) if meaning in one.meaning]
    assert (broken.type, broken.unexpected_count) == (kind, rows)
    assert len(broken.unexpected) == ROWS_SHOWN < rows
    assert all(len(value) < 130 for row in broken.unexpected for value in row.values() if isinstance(value, str))


def test_a_missing_column_is_an_error_of_the_expectations_that_need_it_and_no_verdict(file: Path) -> None:
    change(file, "alter table judgments drop column answer_preference")
    (report,) = validate(file, JUDGMENTS, None)
    errors = not_held([report])
    assert report.outcome == "error"
    assert {one.outcome for one in errors} == {"error"}
    assert all(one.error and "answer_preference" in one.error for one in errors)
    assert {(one.unexpected_count, one.unexpected, one.observed) for one in errors} == {(None, (), "no verdict")}
    assert 0 < len(errors) < len(report.expectations)


def test_a_missing_table_leaves_its_suite_without_verdict_and_the_others_with_theirs(file: Path) -> None:
    change(file, "drop table quarantine")
    reports = validate(file, SUITES, None)
    assert outcomes(reports) == {suite.name: "error" if suite.name == "quarantine" else "held" for suite in SUITES}
    assert all("Table with name quarantine does not exist" in str(one.error) for one in not_held(reports))


def test_a_schema_that_is_not_there_is_an_error_of_every_expectation(good_file: Path) -> None:
    reports = validate(good_file, SUITES, None, schema="nowhere")
    assert {one.outcome for report in reports for one in report.expectations} == {"error"}


def test_the_marts_may_live_in_another_schema(tmp_path: Path) -> None:
    marts = good_marts()
    marts["items"].pop()
    path = warehouse(tmp_path / "elsewhere.duckdb", marts, schema="The marts")
    (broken,) = not_held(validate(path, SUITES, None, schema="The marts"))
    assert (broken.outcome, broken.meaning) == ("broken", "The item is known.")


def test_the_file_may_have_any_name(good_file: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(good_file, tmp_path / "it's ${HOME} $x 100% #1?.duckdb"))
    assert set(outcomes(validate(path, SUITES, None)).values()) == {"held"}


def test_the_file_is_read_and_let_go(file: Path) -> None:
    before = hashlib.sha256(file.read_bytes()).hexdigest()
    validate(file, SUITES, None)
    assert hashlib.sha256(file.read_bytes()).hexdigest() == before
    change(file, "create table written_at_once as select 1 as x")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(duckdb.IOException, match="does not exist"):
        validate(tmp_path / "none.duckdb", SUITES, None)


def test_a_raw_annotator_id_breaks_the_suite_and_is_shown_nowhere(file: Path, tmp_path: Path) -> None:
    for table in ("annotators", "annotator_attributes", "judgments", "judgment_history"):
        change(file, f"update {table} set annotator_id = '{RAW_ID}' where annotator_id = 'a{0:032}'")
    change(file, "insert into annotators from annotators")
    change(file, "update judgments set annotator_kind = 'machine', status = 'lost'")
    change(file, "update annotator_attributes set source_id = 'nowhere', attribute_status = 'lost'")
    reports = validate(file, SUITES, tmp_path / "docs")
    meanings = [one.meaning for one in not_held(reports)]
    assert any("is a pseudonym" in meaning for meaning in meanings)
    assert len(meanings) > 5
    assert RAW_ID not in repr(reports)
    assert [page.name for page in (tmp_path / "docs").iterdir() if RAW_ID in page.read_text()] == []


def test_the_docs_tell_broken_from_error_and_need_nothing_from_outside(file: Path, tmp_path: Path) -> None:
    change(file, "update judgments set status = '<script>alert(1)</script>' where status = 'draft'")
    change(file, "drop table quarantine")
    reports = validate(file, SUITES, tmp_path / "docs")
    assert {report.docs for report in reports} == {tmp_path / "docs" / "index.html"}
    index = (tmp_path / "docs" / "index.html").read_text()
    assert "1 broken" in index
    assert "&lt;script&gt;alert(1)" in index
    assert "<script" not in index
    assert 'href="judgments.html"' in index
    assert 'href="quarantine.html"' not in index
    for page in (tmp_path / "docs").iterdir():
        assert "default-src 'none'" in page.read_text()
        assert "://" not in page.read_text()


def test_docs_built_again_replace_those_before(file: Path, tmp_path: Path) -> None:
    validate(file, SUITES, tmp_path / "docs")
    assert (tmp_path / "docs" / "quarantine.html").exists()
    change(file, "drop table quarantine")
    validate(file, SUITES, tmp_path / "docs")
    assert not (tmp_path / "docs" / "quarantine.html").exists()


PROGRAM = """
import socket, sys
from pathlib import Path

def refuse(*_: object) -> None:
    raise AssertionError("an outside request")

socket.socket.connect = socket.getaddrinfo = refuse
from expectations.gx.canary import canary
from expectations.gx.run import validate
from expectations.gx.suite import load_suites

suites = load_suites()
assert canary(suites).trusted
assert {report.outcome for report in validate(Path(sys.argv[1]), suites, Path(sys.argv[2]))} == {"held"}
"""


def test_a_run_asks_nobody_prints_nothing_and_leaves_nothing_at_home(good_file: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(good_file), str(tmp_path / "docs")],
        env={"HOME": str(home), "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(home.iterdir()) == []
    assert {path.name for path in tmp_path.iterdir()} == {"home", "docs"}
