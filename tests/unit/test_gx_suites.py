"""The suites as declared: they load, they agree with the tables and vocabularies, and wrong ones are refused."""

from __future__ import annotations

import re
import subprocess
import sys
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
import yaml

from expectations.gx.suite import (
    GUARDED,
    ROW_RULE,
    SUITE_COMPONENT,
    SUITES,
    Suite,
    load_suite,
    load_suites,
    row_rule,
    row_rule_for_gx,
)
from pipelines.contracts.load import ContractError
from pipelines.domain.tables import MADE_AT_THE_GATE, TABLES
from pipelines.domain.vocabulary import (
    AnnotatorKind,
    AnswerType,
    AttributeStatus,
    Attribution,
    GuidelineMode,
    Preference,
    Reason,
    Status,
)

SHIPPED = {suite.name: suite for suite in load_suites()}
REQUIRED_RULE = "all that"
"""What the meaning of each suite's rule about required values has in common."""

VOCABULARIES: dict[tuple[str, str], type[StrEnum]] = {
    ("sources", "attribution"): Attribution,
    ("sources", "guideline_mode"): GuidelineMode,
    ("questions", "answer_type"): AnswerType,
    ("questions", "guideline_mode"): GuidelineMode,
    ("annotators", "annotator_kind"): AnnotatorKind,
    ("annotator_attributes", "attribute_status"): AttributeStatus,
    ("judgments", "status"): Status,
    ("judgments", "annotator_kind"): AnnotatorKind,
    ("judgments", "answer_preference"): Preference,
    ("judgment_history", "status"): Status,
    ("judgment_history", "annotator_kind"): AnnotatorKind,
    ("quarantine", "reason"): Reason,
}

GOOD: dict[str, Any] = {
    "table": "items",
    "description": "Every item is there once.",
    "named_by": ["source_id", "item_id"],
    "expectations": [
        {
            "type": "expect_compound_columns_to_be_unique",
            "meaning": "One row per item.",
            "kwargs": {"column_list": ["source_id", "item_id"]},
        },
        {
            "type": ROW_RULE,
            "meaning": "Nothing is empty.",
            "kwargs": {"unexpected_rows_query": "select item_id from {items} where text = ''"},
        },
    ],
    "planted": [{"fault": "the same item twice", "rows": [{}, {}]}],
}


def write(folder: Path, attributes: dict[str, Any], name: str = "items") -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump({"type": SUITE_COMPONENT, "attributes": attributes}, sort_keys=False))
    return path


def refusal(folder: Path, attributes: dict[str, Any], name: str = "items") -> str:
    with pytest.raises(ContractError) as refused:
        load_suite(write(folder, attributes, name))
    return str(refused.value)


def with_kwargs(position: int, kwargs: dict[str, Any]) -> dict[str, Any]:
    expectations = [dict(one) for one in GOOD["expectations"]]
    expectations[position]["kwargs"] = kwargs
    return {**GOOD, "expectations": expectations}


def required_rule(suite: Suite) -> str:
    (found,) = [one for one in suite.expectations if REQUIRED_RULE in one.meaning]
    return str(found.kwargs["unexpected_rows_query"])


def test_there_is_one_suite_for_every_mart_that_people_read() -> None:
    assert set(SHIPPED) == set(GUARDED) == set(TABLES) - {"upstream_aggregates", *MADE_AT_THE_GATE}
    assert {path.stem for path in SUITES.glob("*.yaml")} == set(SHIPPED)


@pytest.mark.parametrize(("table", "column"), VOCABULARIES)
def test_a_value_set_is_the_vocabulary_that_the_product_knows(table: str, column: str) -> None:
    (found,) = [
        one.kwargs["value_set"]
        for one in SHIPPED[table].expectations
        if one.type == "expect_column_values_to_be_in_set" and one.kwargs["column"] == column
    ]
    assert sorted(found) == sorted(VOCABULARIES[table, column])


@pytest.mark.parametrize("name", SHIPPED)
def test_the_required_values_are_those_that_the_table_declares(name: str) -> None:
    declared = {column.name for column in TABLES[name].columns if not column.nullable}
    assert set(re.findall(r"(\w+) is null", required_rule(SHIPPED[name]))) == declared


@pytest.mark.parametrize("name", SHIPPED)
def test_every_required_value_is_planted_as_missing(name: str) -> None:
    declared = {column.name for column in TABLES[name].columns if not column.nullable}
    planted = {
        fault.fault.removesuffix(" is missing") for fault in SHIPPED[name].planted if "is missing" in fault.fault
    }
    assert planted == declared


def test_a_good_suite_is_taken(tmp_path: Path) -> None:
    assert load_suite(write(tmp_path, GOOD)).name == "items"


@pytest.mark.parametrize(
    ("attributes", "told"),
    [
        ({**GOOD, "table": "votes"}, "attributes.table: 'votes' is no table that suites guard; allowed: sources"),
        ({**GOOD, "expectations": []}, "attributes.expectations: list should have at least 1 item"),
        ({**GOOD, "planted": []}, "attributes.planted: list should have at least 1 item"),
        ({**GOOD, "tolerance": 0.1}, "attributes.tolerance: unknown field; allowed here: description, expectations"),
        ({**GOOD, "named_by": ["itemid"]}, "attributes.named_by.0: 'itemid' is no column of items; allowed: source_id"),
        (
            with_kwargs(0, {"column_list": ["source_id", "annotator"]}),
            "attributes.expectations.0.kwargs.column_list: 'annotator' is no column of items; allowed: source_id",
        ),
        (with_kwargs(0, {"column_list": "item_id"}), "attributes.expectations.0.kwargs.column_list: must be a list"),
        (
            with_kwargs(0, {}),
            "attributes.expectations.0.kwargs: expect_compound_columns_to_be_unique needs column_list; allowed: col",
        ),
        (
            with_kwargs(0, {"column_list": ["item_id"], "mostly": 0.9}),
            "attributes.expectations.0.kwargs.mostly: expect_compound_columns_to_be_unique takes no mostly; allowed",
        ),
        (
            with_kwargs(1, {"unexpected_rows_query": "select 1 from {items} anti join {votes} using (item_id)"}),
            "attributes.expectations.1.kwargs.unexpected_rows_query: {votes} is no table; allowed: sources",
        ),
        (
            with_kwargs(1, {"unexpected_rows_query": "select 1 from {sources}"}),
            "attributes.expectations.1.kwargs.unexpected_rows_query: must read {items}, the table of the suite",
        ),
        (
            {**GOOD, "planted": [{"fault": "x", "rows": [{"colour": "red"}]}]},
            "attributes.planted.0.rows.0: 'colour' is no column of items; allowed: source_id, item_id",
        ),
    ],
)
def test_a_wrong_suite_is_refused_and_told_what_is_allowed(
    tmp_path: Path, attributes: dict[str, Any], told: str
) -> None:
    assert told in refusal(tmp_path, attributes)


def test_an_unknown_kind_of_expectation_is_refused_with_the_kinds_that_are_proved(tmp_path: Path) -> None:
    said = refusal(tmp_path, {**GOOD, "expectations": [{**GOOD["expectations"][0], "type": "expect_the_best"}]})
    assert "attributes.expectations.0.type" in said
    assert "'expect_column_values_to_be_in_set'" in said


def test_a_between_without_bounds_is_refused(tmp_path: Path) -> None:
    wrong = {"type": "expect_column_values_to_be_between", "meaning": "x", "kwargs": {"column": "text"}}
    assert "needs one of max_value, min_value" in refusal(tmp_path, {**GOOD, "expectations": [wrong]})


def test_rows_are_never_named_by_annotator(tmp_path: Path) -> None:
    annotators = {
        **GOOD,
        "table": "annotators",
        "named_by": ["annotator_id"],
        "expectations": [
            {"type": "expect_column_values_to_be_unique", "meaning": "x", "kwargs": {"column": "annotator_id"}}
        ],
    }
    assert "attributes.named_by.0: may not be annotator_id" in refusal(tmp_path, annotators, "annotators")


def test_a_fault_is_told_with_its_file_and_line(tmp_path: Path) -> None:
    path = write(tmp_path, with_kwargs(0, {"column_list": ["source_id"], "mostly": 0.9}))
    line = next(number for number, text in enumerate(path.read_text().splitlines(), 1) if "mostly" in text)
    with pytest.raises(ContractError) as refused:
        load_suite(path)
    assert [(Path(fault.file).name, fault.line) for fault in refused.value.faults] == [("items.yaml", line)]


def test_a_suite_in_a_file_of_another_name_is_refused(tmp_path: Path) -> None:
    assert "the file is sources.yaml; the two must be equal" in refusal(tmp_path, GOOD, "sources")


def test_the_faults_of_all_suites_of_a_folder_are_told_at_once(tmp_path: Path) -> None:
    write(tmp_path, {**GOOD, "planted": []})
    write(tmp_path, {**GOOD, "table": "sources", "expectations": []}, "sources")
    with pytest.raises(ContractError) as refused:
        load_suites(tmp_path)
    assert {Path(fault.file).name for fault in refused.value.faults} == {"items.yaml", "sources.yaml"}


def test_a_row_rule_is_filled_with_quoted_tables_and_nothing_else_is_touched() -> None:
    query = "select {'a': 1} from {items} anti join {sources} using (source_id) where regexp_matches(text, 'x{2}')"
    assert row_rule(query, "the marts") == (
        'select {\'a\': 1} from "the marts"."items" anti join "the marts"."sources" using (source_id)'
        " where regexp_matches(text, 'x{2}')"
    )


def test_what_gx_and_sqlalchemy_would_take_for_placeholders_is_escaped() -> None:
    query = "select {'a:b': ':c'}, []::varchar[] from {items} where regexp_matches(text, 'x{2}')"
    assert row_rule_for_gx(query, "main", "items", 200) == (
        "select * from (\nselect {{'a:b': '\\:c'}}, []::varchar[] from (select * from {batch})"
        " where regexp_matches(text, 'x{{2}}')\n) as rule limit 200"
    )


def test_importing_the_package_does_not_import_great_expectations() -> None:
    program = (
        "import sys, expectations.gx, expectations.gx.canary, expectations.gx.docs, expectations.gx.run\n"
        "print([name for name in ('great_expectations', 'sqlalchemy', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
