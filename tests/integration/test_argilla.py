"""Argilla's exports through its profile: what landed is what was answered, less what the format says it lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.contracts.model import SourceContract
from tests.integration.tool_truth import (
    BEST,
    ISSUES,
    Line,
    Tool,
    applied,
    differences,
    expected,
    exports,
    land,
    landed_answers,
)
from tests.unit.landed import Landed

QUESTIONS = {
    "best": BEST,
    "issues": ISSUES,
    "quality": {"type": "rating", "scale": {"kind": "ordinal", "min": 0, "max": 10}},
    "order": {"type": "ranking"},
    "rationale": {"type": "text"},
}
FILES = {
    "rest": "rest_records.json",
    "list": "to_list_flat.json",
    "datasets": "hf_dataset.jsonl",
    "json": "records_to_json.json",
}
STATES = {"before_user_delete": frozenset[str](), "after_user_delete": frozenset({"farah"})}
FELT = {
    "rest": [],
    "list": ["unanswered_dropped", "ties_dropped"],
    "datasets": ["unanswered_dropped", "ties_dropped"],
    "json": ["unanswered_dropped", "ties_dropped", "status_dropped"],
}


def tool(gone: frozenset[str] = frozenset()) -> Tool:
    users: dict[str, str] = json.loads((exports("argilla") / "users.json").read_text(encoding="utf-8"))
    return Tool(
        users=users,
        status=lambda line: None if line["status"] == "submitted" else line["status"],
        act_id=lambda line: str(line["act"]),
        losses={"answers_deleted": lambda line: line["user"] in gone},
        spoiled={"ties_dropped": _without_ties},
        unstated=frozenset({"status_dropped"}),
        unasked=frozenset({"unanswered_dropped"}),
        answer=lambda line: _ranks(line["value"]) if line["type"].startswith("ranking") else line["value"],
        stored=_is_stored,
    )


def _is_stored(line: Line) -> bool:
    """A blank act has no answer that could be stored, and is an act all the same."""
    return bool(line["live"] or line["type"] == "empty")


def _without_ties(line: Line) -> Any:
    if not line["type"].startswith("ranking"):
        return line["value"]
    by_rank = sorted(line["value"], key=lambda one: one["rank"])
    return [{"value": one["value"], "rank": place} for place, one in enumerate(by_rank, 1)]


def _ranks(value: list[dict[str, Any]]) -> list[list[Any]]:
    return sorted([[one["value"], one["rank"]] for one in value], key=lambda pair: (pair[1], pair[0]))


def contract_of(form: str) -> SourceContract:
    return SourceContract.model_validate(
        {
            "source": "made",
            "title": "Made",
            "licence": "MIT",
            "questions": QUESTIONS,
            "profile": {
                "tool": "argilla",
                "format": form,
                "item": {
                    "key": "$external_id",
                    "prompt": "prompt",
                    "responses": [{"key": "a", "text": "response_a"}, {"key": "b", "text": "response_b"}],
                },
            },
        }
    )


def landed(folder: Path, form: str, state: str) -> Landed:
    path = exports("argilla") / "prefs" / state / FILES[form]
    return land(folder, contract_of(form), {path.name: path})


def truth(gone: frozenset[str]) -> list[Line]:
    return tool(gone).lines(exports("argilla") / "prefs" / "truth.jsonl")


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("form", FILES)
def test_what_landed_is_what_was_answered_less_what_the_format_lost(form: str, state: str, tmp_path: Path) -> None:
    """By person, item, question, answer, status and occurrence; each declared loss is one, and there is no other."""
    found, gone = landed(tmp_path, form, state), STATES[state]
    answers, losses, lines = landed_answers(found, tool().users), found.contract.known_losses, truth(gone)
    assert found.rows("quarantine", "reason, record_ordinal, field") == []
    assert differences(answers, expected(lines, QUESTIONS, tool(gone), losses)) == ""
    felt = list(applied(lines, tool(gone), losses))
    assert felt == [*(["answers_deleted"] if gone else []), *FELT[form]]
    for loss in felt:
        others = [one for one in losses if one != loss]
        # Where no status is told, nothing is known of what was not answered, either.
        if loss != "unanswered_dropped" or "status_dropped" not in losses:
            assert differences(answers, expected(lines, QUESTIONS, tool(gone), others)) != "", loss


def test_ties_are_in_the_records_alone(tmp_path: Path) -> None:
    """60 of 75 rankings have ties, and the client's exports lose them."""
    ties = {}
    for form in ("rest", "list"):
        rows = landed(tmp_path / form, form, "before_user_delete").rows("judgments", "question_id, answer_ranking")
        ranks = [[one["rank"] for one in ranking] for question, ranking in rows if question == "order" and ranking]
        ties[form] = (sum(len(set(one)) < len(one) for one in ranks), len(ranks))
    assert ties == {"rest": (60, 75), "list": (0, 75)}


def test_what_models_suggested_is_no_judgment(tmp_path: Path) -> None:
    found = landed(tmp_path, "rest", "before_user_delete")
    stored = json.loads((exports("argilla") / "prefs" / "before_user_delete" / FILES["rest"]).read_text("utf-8"))
    keys = {key for (key,) in found.rows("judgments", "judgment_key")}
    assert keys == {one["id"] for record in stored for one in record["responses"]}
    assert any(record["suggestions"] for record in stored)
