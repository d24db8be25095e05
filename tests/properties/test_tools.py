"""Projects of tools, written in each format that profiles read: what was answered lands, less what is declared."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.contracts.companions import UNKNOWN_MARK
from pipelines.contracts.model import SourceContract
from pipelines.contracts.profile import profiles
from tests.properties.exports.landing import land_bytes
from tests.properties.exports.recounted import recount_agrees
from tests.properties.exports.row_tools import ROW_PROJECTS, ROW_WRITERS
from tests.properties.exports.tools import QUESTIONS, WRITERS, Act, acts, kept

STATUSES = {"label_studio": ("submitted", "skipped"), "argilla": ("submitted", "draft", "discarded")}
MANY = settings.default.max_examples // 20 if settings.default else 10


def contract_of(tool: str, form: str) -> SourceContract:
    key = {"label_studio": "ref", "argilla": "$external_id"}[tool]
    answers = {"why": {"kind": {"label_studio": "textarea", "argilla": "text"}[tool]}}
    # Whether one answers every question is up to the model: a format may then lack a field altogether.
    questions = {code: {**question, "unanswered": [None]} for code, question in QUESTIONS.items()}
    return SourceContract.model_validate(
        {
            "source": "made",
            "title": "Made",
            "licence": "MIT",
            "questions": questions,
            "profile": {"tool": tool, "format": form, "pattern": "*", "item": {"key": key}, "answers": answers},
        }
    )


def test_every_format_of_every_profile_has_a_writer() -> None:
    offered = {(tool, form) for tool in STATUSES for form in profiles()[tool].formats}
    assert offered - set(WRITERS) == {("label_studio", "completions")}


@pytest.mark.parametrize(("tool", "form"), WRITERS)
@settings(max_examples=MANY)
@given(data=st.data())
def test_what_was_answered_lands_less_what_the_format_is_said_to_lose(
    tool: str, form: str, data: st.DataObject
) -> None:
    is_studio = tool == "label_studio"
    made = data.draw(
        acts(STATUSES[tool], several=is_studio, ties=not is_studio, nobody=is_studio or form == "rest"), "acts"
    )
    contract, written = contract_of(tool, form), WRITERS[tool, form](made)
    assert landed_of(contract, written) == wanted(made, frozenset(contract.known_losses))


@pytest.mark.parametrize(("tool", "form"), ROW_WRITERS)
@settings(max_examples=MANY)
@given(data=st.data())
def test_what_was_answered_lands_of_a_tool_that_writes_rows(tool: str, form: str, data: st.DataObject) -> None:
    """A row an answer or a person and item: an empty text, and nothing chosen, look there as if it was not asked."""
    project = ROW_PROJECTS[tool, form]
    made = data.draw(acts(project.statuses, several=False, ties=False, nobody=False), "acts")
    contract = project.contract(tool, form)
    assert "empty_dropped" in contract.known_losses
    asked = [
        replace(act, given={name: answer for name, answer in act.given.items() if name in contract.questions
                            and answer not in ("", [])})
        for act in made
    ]  # fmt: skip
    found = landed_of(contract, ROW_WRITERS[tool, form](asked))
    expected = wanted(asked, frozenset())
    assert found == Counter({one: count for one, count in expected.items() if one[2] in contract.questions})


@pytest.mark.parametrize(("tool", "form"), ROW_WRITERS)
def test_an_answer_less_in_a_row_would_be_seen(tool: str, form: str) -> None:
    """The twin."""
    project = ROW_PROJECTS[tool, form]
    made = [Act(1, "i-1", 1, "submitted", {"best": "A", "score": 0.5}), Act(2, "i-1", 2, "submitted", {"best": "[]"})]
    found = landed_of(project.contract(tool, form), ROW_WRITERS[tool, form](made))
    assert found == wanted(made, frozenset())
    assert found != wanted([made[0], replace(made[1], given={"best": "A"})], frozenset())
    assert found != wanted([made[0], replace(made[1], who=1)], frozenset())


FIXED = {
    "argilla": [
        Act(1, "i-1", 1, "submitted", {"best": "A", "why": "", "order": [("x", 1), ("y", 1), ("z", 3)]}),
        Act(2, "i-1", 2, "discarded", {"best": "N/A"}),
        Act(3, "i-2", 2, "draft", {"score": 0.5}),
    ],
    "label_studio": [
        Act(1, "i-1", None, "submitted", {"best": "A", "why": ""}),
        Act(2, "i-1", 2, "skipped", {"best": "N/A"}),
    ],
}
FELT = {"cancelled_dropped", "empty_dropped", "unanswered_dropped", "ties_dropped", "status_dropped"}


@pytest.mark.parametrize(("tool", "form"), WRITERS)
def test_a_loss_more_or_less_would_be_seen(tool: str, form: str) -> None:
    """The twin: what is declared is neither too much nor too little."""
    made = FIXED[tool]
    contract = contract_of(tool, form)
    found, losses = landed_of(contract, WRITERS[tool, form](made)), frozenset(contract.known_losses)
    assert found == wanted(made, losses)
    for one in FELT:
        others = losses ^ {one}
        if wanted(made, others) != wanted(made, losses):
            assert found != wanted(made, others), one
    told = {one for one in FELT if wanted(made, losses ^ {one}) != wanted(made, losses)}
    assert told >= FELT & losses - {"unanswered_dropped"}


def landed_of(contract: SourceContract, written: bytes) -> Counter[tuple[str, str, str, str, str]]:
    """What landed of an export, of which nothing may be refused; its recount agrees."""
    landed = land_bytes(contract, written)
    assert landed.quarantine == []
    recount_agrees(contract, written, landed)
    raw = {row["annotator_id"]: row["raw_annotator"] for row in landed.identities}
    return Counter(
        (_who(raw[row["annotator_id"]]), row["item_id"], row["question_id"], _unwrapped(row), row["status"])
        for row in landed.judgments
    )


def wanted(made: list[Act], losses: frozenset[str]) -> Counter[tuple[str, str, str, str, str]]:
    return Counter(
        (str(act.who or f"unknown {act.number}"), act.item, question, json.dumps(answer), status)
        for act in made
        for question, answer, status in kept(act, losses)
    )


def _who(raw: str) -> str:
    return f"unknown {raw.rpartition('/')[2]}" if raw.startswith(UNKNOWN_MARK) else raw


def _unwrapped(row: dict[str, Any]) -> str:
    answer = json.loads(row["answer"])
    return json.dumps(answer if row["status"] == "submitted" else answer[row["status"]])
