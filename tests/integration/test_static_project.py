"""Law 8 on the real models: it holds as they are, and sees what an edit would lose before any data is touched."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest

from expectations.static_proof.project import StaticProof, prove_project
from expectations.static_proof.relations import Origin
from pipelines.domain.tables import MADE_AT_THE_GATE, RELEASED, TABLES
from pipelines.landing.schema import CATALOG, HISTORY, LANDED
from pipelines.project import this_project
from pipelines.warehouse.dbt import fresh_manifest
from tests.integration.by_hand import Edit
from tests.integration.test_mutants import MART, NUMBERED, STAGING


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    """The project's own manifest, compiled."""
    found: dict[str, Any] = json.loads(fresh_manifest(this_project().dbt_project).read_bytes())
    return found


def proved(manifest: dict[str, Any]) -> StaticProof:
    return prove_project(manifest, [*LANDED.values(), *CATALOG.values(), *HISTORY.values()])


def node(manifest: dict[str, Any], model: str) -> dict[str, Any]:
    found: dict[str, Any] = manifest["nodes"][f"model.variorum.{model}"]
    return found


def edited(manifest: dict[str, Any], edit: Edit) -> dict[str, Any]:
    """The manifest as it would be compiled after an edit."""
    changed = copy.deepcopy(manifest)
    held = node(changed, edit.model)
    new = re.sub(r"\{\{ ref\('(\w+)'\) \}\}", r'"main"."\1"', edit.new)
    compiled = held["compiled_code"] + "\n"
    assert compiled.count(edit.old) == 1
    held["compiled_code"] = compiled.replace(edit.old, new)
    return changed


def test_the_models_as_they_are_keep_every_judgment(manifest: dict[str, Any]) -> None:
    proof = proved(manifest)
    assert [str(violation) for violation in proof.violations] == []
    assert proof.models["judgments"].relation.carries == "landing.judgments"


ITEMS, NEW = "items", "answer_distributions"


@pytest.mark.parametrize(
    ("edit", "rule", "told"),
    [
        (Edit(NUMBERED, "where withdrawn.why is null", "where withdrawn.why is null and true"), "filter", "ledger"),
        (
            Edit(NUMBERED, "where withdrawn.why is null", "where standing.answer is not null"),
            "filter",
            "leaves rows out",
        ),
        (
            Edit(NUMBERED, "            and judgments.record_part = withdrawn.record_part\n", ""),
            "join",
            "does not cover a proved key of withdrawn",
        ),
        (Edit(NUMBERED, "partition by source_id,", "partition by answer, source_id,"), "grain", "the SQL does not"),
        (Edit(MART, "        raw_answer,\n", "        answer as raw_answer,\n"), "moving", "taken from another column"),
        (Edit(MART, "        answer_choice,\n", "        lower(answer_choice) as answer_choice,\n"), "case", "folded"),
        (Edit(MART, "        rationale,\n", "        ''::varchar as rationale,\n"), "inventing", "arrive as it was"),
        (Edit(MART, "        rationale,\n", ""), "content", "is not there any more"),
        (
            Edit(MART, "        answer_number,\n", "        round(answer_number, 1) as answer_number,\n"),
            "rounding",
            "is rounded",
        ),
        (Edit(ITEMS, "        text,\n", "        trim(text) as text,\n"), "trimming", "is trimmed"),
        (Edit(ITEMS, "where content_version = 1", "where content_version <= 2"), "grain", "(source_id, item_id)"),
        (Edit(STAGING, "* from source", "* from source union select * from source"), "set operation", "removes rows"),
        (
            Edit(
                MART, "select * from final\n", f'select final.* from final left join "main"."{NEW}" using (item_id)\n'
            ),
            "unreadable",
            "no model or source makes",
        ),
    ],
)
def test_an_edit_of_a_model_is_told_with_its_rule(manifest: dict[str, Any], edit: Edit, rule: str, told: str) -> None:
    found = proved(edited(manifest, edit)).violations
    assert rule in {violation.rule for violation in found}, [str(violation) for violation in found]
    assert any(told in violation.message for violation in found if violation.rule == rule)


def added(manifest: dict[str, Any], name: str, layer: str, sql: str, reads: str, meta: Any) -> dict[str, Any]:
    """The manifest with a model that a user adds."""
    changed = copy.deepcopy(manifest)
    held = copy.deepcopy(node(changed, NEW))
    own = {"name": name, "unique_id": f"model.variorum.{name}", "fqn": ["variorum", layer, name], "compiled_code": sql}
    held.update(own, config={"meta": meta}, meta=meta, depends_on={"nodes": [f"model.variorum.{reads}"]})
    changed["nodes"][held["unique_id"]] = held
    return changed


def test_a_model_that_a_user_adds_is_held_to_the_same(manifest: dict[str, Any]) -> None:
    grain = {"grain": ["source_id", "item_id"]}
    counted = 'select source_id, item_id, count(*) as n from "main"."judgments" group by source_id, item_id'
    assert proved(added(manifest, "counts", "derived", counted, "judgments", grain)).holds
    (wrong,) = proved(added(manifest, "counts", "derived", counted, "judgments", {"grain": ["item_id"]})).violations
    assert (wrong.model, wrong.rule) == ("counts", "grain")
    (missing,) = proved(added(manifest, "counts", "derived", counted, "judgments", {})).violations
    assert "declares no grain" in missing.message


def test_a_summary_is_read_by_summaries_only(manifest: dict[str, Any]) -> None:
    sql = f'select * from "main"."{NEW}"'
    meta = {"grain": ["source_id", "item_id", "question_id", "answer"]}
    assert proved(added(manifest, "more", "derived", sql, NEW, meta)).holds
    (found,) = proved(added(manifest, "more", "marts", sql, NEW, meta)).violations
    assert (found.rule, found.expression) == ("downstream", NEW)


def test_every_released_column_has_its_origin(manifest: dict[str, Any]) -> None:
    proof = proved(manifest)
    for name in RELEASED:
        if name in MADE_AT_THE_GATE:
            continue
        lineage = proof.lineage(name)
        assert list(lineage) == list(TABLES[name].column_names)
        assert all(column.origins for column in lineage.values())
    assert proof.lineage("judgments")["answer"].copy_of == Origin("landing.judgments", "answer")
    assert Origin("landing.files", "file_position") in proof.lineage("judgments")["occurrence"].origins


def test_the_declared_grain_of_a_mart_is_the_one_that_its_test_checks(manifest: dict[str, Any]) -> None:
    tested = {
        one["attached_node"].split(".")[-1]: one["test_metadata"]["kwargs"]["columns"]
        for one in manifest["nodes"].values()
        if one["resource_type"] == "test" and one["test_metadata"]["name"] == "unique_together"
    }
    assert len(tested) >= 9
    for model, columns in tested.items():
        grain = node(manifest, model)["config"]["meta"]["grain"]
        assert (grain["tested"] if isinstance(grain, dict) else grain) == columns
