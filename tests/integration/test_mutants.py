"""Mutants: models that aggregate, rewrite or move judgments. The laws catch each, and nothing of them is published."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from expectations.laws.verdicts import Verdict, broken, story
from pipelines.proof import prove_run
from pipelines.warehouse.run_folder import RunFolder
from tests.conftest import Ran
from tests.integration.by_hand import (
    Edit,
    bound_run,
    build_models,
    edited_project,
    state_behind,
    workspace_of,
)

MART, NUMBERED, STAGING = "judgments", "int_judgments_numbered", "stg_judgments"
_FINAL = "    from source\n)"
_ONE = "(select min(annotator_id) from source where source_id = 'demo_topics')"
_OTHER = "(select max(annotator_id) from source where source_id = 'demo_topics')"


class Mutant(NamedTuple):
    """An edit, the laws that it breaks, the step in which they are broken, and a row that must be named."""

    edit: Edit
    laws: set[int]
    step: str
    named: str


def where(condition: str) -> Edit:
    return Edit(MART, _FINAL, f"    from source\n    where {condition}\n)")


def column(name: str, expression: str) -> Edit:
    return Edit(MART, f"        {name},\n", f"        {expression} as {name},\n")


MARTS = "intermediate→marts"
MUTANTS: dict[str, Mutant] = {
    "majority vote on each item": Mutant(
        column("answer", "mode(answer) over (partition by source_id, item_id, question_id)"),
        {2, 3, 9},
        MARTS,
        " became ",
    ),
    "one row an answer": Mutant(
        Edit(
            MART, "    select\n        source_id,", "    select distinct on (item_id, question_id, answer)\n source_id,"
        ),
        {1, 2, 3, 9},
        MARTS,
        ": missing, ",
    ),
    "two annotators swapped": Mutant(
        column(
            "annotator_id",
            f"case when annotator_id = {_ONE} then {_OTHER} when annotator_id = {_OTHER} then {_ONE}"
            " else annotator_id end",
        ),
        {2, 9},
        MARTS,
        ": changed, now of annotator a",
    ),
    "no abstentions": Mutant(where("not abstained"), {1, 2, 3, 9}, MARTS, ': missing, {"ignored":[]}'),
    "no ties": Mutant(where("answer_preference is distinct from 'tie'"), {1, 2, 3, 9}, MARTS, ': missing, "tie"'),
    "first occurrence only": Mutant(where("occurrence = 1"), {1, 2, 3, 9}, MARTS, ": missing, "),
    "people with a profile only": Mutant(
        where("annotator_id in (select annotator_id from {{ ref('stg_annotator_attributes') }})"),
        {1, 2, 3, 9},
        MARTS,
        ": missing, ",
    ),
    "a join that fans out": Mutant(
        Edit(MART, _FINAL, "    from source, range(2)\n)"), {1, 2, 3, 9}, MARTS, ": added, "
    ),
    "an annotator for those who skipped": Mutant(
        column("annotator_id", "if(status = 'submitted', annotator_id, 'unknown')"),
        {2, 3, 9},
        MARTS,
        "now of annotator unknown",
    ),
    "trimmed text": Mutant(column("answer_text", "trim(answer_text)"), {2}, MARTS, "answer_text not the same"),
    "lower case": Mutant(column("answer", "lower(answer)"), {2, 3, 9}, MARTS, " became "),
    "rationales cut": Mutant(column("rationale", "left(rationale, 20)"), {2}, MARTS, "rationale not the same"),
    "a mean in the rating": Mutant(
        column("answer_number", "avg(answer_number) over (partition by source_id, item_id, question_id)"),
        {2},
        MARTS,
        "answer_number not the same",
    ),
    "an empty set made null": Mutant(
        column("answer_choices", "if(len(answer_choices) = 0, null, answer_choices)"),
        {2},
        MARTS,
        "answer_choices not the same",
    ),
    "days for times": Mutant(column("judged_at", "date_trunc('day', judged_at)"), {2}, MARTS, "judged_at not the same"),
    "repeats numbered backwards": Mutant(
        Edit(NUMBERED, "file_position, record_ordinal, record_part", "record_ordinal desc"),
        {9},
        "marts occurrences",
        "in order of arrival it is 1",
    ),
    "submitted only, in staging": Mutant(
        Edit(STAGING, "    select * from {{", "    select s.* from {{").__class__(
            STAGING, "select * from source\n", "select * from source\nwhere status = 'submitted'\n"
        ),
        {1, 2, 3, 9},
        "landing→staging",
        ": missing, ",
    ),
}


class Built(NamedTuple):
    """The runs by mutant, and the one that nobody edited."""

    runs: dict[str, RunFolder]
    faithful: RunFolder


@pytest.fixture(scope="module")
def built(demo: Ran, tmp_path_factory: pytest.TempPathFactory) -> Built:
    root = tmp_path_factory.mktemp("mutants")
    space = workspace_of(demo.home, root / "store")
    edits: dict[str, Edit | None] = {"faithful": None, **{name: mutant.edit for name, mutant in MUTANTS.items()}}
    runs = {name: bound_run(space, root / f"run{number}") for number, name in enumerate(edits)}
    jobs = {
        edited_project(edit, root / f"project{number}"): runs[name] for number, (name, edit) in enumerate(edits.items())
    }
    build_models(jobs)
    return Built({name: run for name, run in runs.items() if name != "faithful"}, runs["faithful"])


def proved(demo: Ran, run: RunFolder) -> list[Verdict]:
    space = workspace_of(demo.home, run.root)
    return prove_run(run, state_behind(space, run), space.home)


@pytest.mark.xdist_group("mutants")
def test_every_law_holds_on_the_models_as_they_are(demo: Ran, built: Built) -> None:
    verdicts = proved(demo, built.faithful)
    assert {verdict.definition.number for verdict in verdicts} == {1, 2, 3, 9}
    assert broken(verdicts) == []


@pytest.mark.xdist_group("mutants")
@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_caught_in_its_step_and_the_rows_are_named(demo: Ran, built: Built, name: str) -> None:
    mutant = MUTANTS[name]
    found = broken(proved(demo, built.runs[name]))
    first = [verdict for verdict in found if verdict.step == mutant.step]
    assert {verdict.definition.number for verdict in first} == mutant.laws
    assert any(mutant.named in offender for verdict in first for offender in verdict.offenders)
    assert story(found).startswith(f"The laws are broken in step {mutant.step}:")
