"""dbt's unit tests, which `dbt build` leaves out of a run: they pass on the models as they are, and each can fail."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from pipelines.warehouse.run_folder import RunFolder
from tests.conftest import ROOT, Ran
from tests.integration.by_hand import Edit, edited_project, run_dbt
from tests.integration.test_mutants import NUMBERED

ATTRIBUTES, ANNOTATORS, ITEMS = "int_annotator_attributes_observed", "int_annotators_ranked", "int_items_versioned"

FAILS_BY = {
    "three_annotators_with_three_answers_stay_three_judgments": Edit(
        NUMBERED, "item_id, annotator_id, question_id\n", "item_id, question_id\n"
    ),
    "a_repeated_answer_is_a_second_occurrence_in_order_of_arrival": Edit(
        NUMBERED, "order by file_position, record_ordinal,", "order by file_position desc, record_ordinal,"
    ),
    "an_unknown_annotator_is_counted_but_never_named": Edit(
        NUMBERED, "select judgments.*\n", "select judgments.* replace (coalesce(annotator_id, 'x') as annotator_id)\n"
    ),
    "what_a_later_file_replaced_is_left_out_and_nothing_else": Edit(NUMBERED, "    where withdrawn.why is null\n", ""),
    "an_item_keeps_its_first_content_and_reports_the_other": Edit(
        ITEMS, "order by has_content desc, first_seen asc", "order by first_seen"
    ),
    "conflicting_profiles_stay_two_observations": Edit(
        ATTRIBUTES, "    from observations\n", "    from observations\n    qualify observation = 1\n"
    ),
    "the_pool_is_taken_from_where_it_is_known": Edit(
        ANNOTATORS, "order by pool is null,", "order by pool is not null,"
    ),
}
"""By unit test, the edit of its model that it must not let through."""


class UnitTests(NamedTuple):
    """What dbt said of each unit test, on the models as they are and as they were edited."""

    faithful: dict[str, str]
    edited: dict[str, str]


@pytest.fixture(scope="module")
def tested(demo: Ran, tmp_path_factory: pytest.TempPathFactory) -> UnitTests:
    root = tmp_path_factory.mktemp("unit_tests")
    projects = [edited_project(None, root / "faithful"), edited_project(None, root / "edited")]
    for edit in FAILS_BY.values():
        edit.apply(projects[1])
    run = RunFolder(root / "run")
    run.root.mkdir()
    # The name of the file is that of the database, by which its views name each other.
    shutil.copy(demo.run_folder / run.warehouse.name, run.warehouse)
    done = run_dbt(["test", "--select", "test_type:unit"], dict.fromkeys(projects, run))
    assert done.stderr == f"dbt test fails on {projects[1]}\n", done.stdout + done.stderr
    return UnitTests(*map(statuses, projects))


def statuses(project: Path) -> dict[str, str]:
    """What became of each unit test of a dbt project."""
    results = json.loads((project / "target" / "run_results.json").read_bytes())["results"]
    return {one["unique_id"].split(".")[-1]: one["status"] for one in results}


def declared() -> set[str]:
    """The unit tests that stand beside the models."""
    texts = (path.read_text() for path in (ROOT / "dbt_project" / "models").rglob("*.yml"))
    return {test["name"] for text in texts for test in yaml.safe_load(text).get("unit_tests", [])}


@pytest.mark.xdist_group("unit_tests")
def test_every_unit_test_is_run_and_passes(tested: UnitTests) -> None:
    assert tested.faithful == dict.fromkeys(declared(), "pass")


def test_every_unit_test_has_an_edit_that_it_must_catch() -> None:
    assert set(FAILS_BY) == declared()


@pytest.mark.xdist_group("unit_tests")
@pytest.mark.parametrize("name", FAILS_BY)
def test_an_edited_model_fails_its_unit_test(tested: UnitTests, name: str) -> None:
    assert tested.edited[name] == "fail"
