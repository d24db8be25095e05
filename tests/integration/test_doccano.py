"""doccano's exports through its profile: what landed is what was answered, less what the format says it lost."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from pipelines.contracts.model import SourceContract
from tests.integration.tool_truth import Answers, Line, differences, exports, land, landed_answers, numbered
from tests.unit.landed import Landed

QUESTIONS: dict[str, dict[str, Any]] = {
    "classif_multi": {
        "type": "multi_choice",
        "options": ["off-topic", "too#long", "tone, formal", 'wrong "fact"', "unsafe"],
    },
    "spans": {"type": "spans"},
}
FORMATS = {"approved": "JSONL_approved", "all": "JSONL"}
STATES: dict[str, frozenset[str]] = {"before_member_removal": frozenset(), "after_user_delete": frozenset({"farah"})}
FELT = {
    "approved": ["unconfirmed_dropped", "repeats_merged", "answers_deleted", "texts_trimmed", "texts_sorted"],
    "all": ["silent_nonresponse", "status_dropped", "repeats_merged", "answers_deleted", "texts_trimmed",
            "texts_sorted"],
}  # fmt: skip
"""The losses of a format that cost answers, or changed some; the others cost what this truth has no line for."""


def contract_of(project: str, form: str, **changes: Any) -> SourceContract:
    return SourceContract.model_validate(
        {
            "source": "made",
            "title": "Made",
            "licence": "MIT",
            "questions": {"marked": QUESTIONS[project], "comment": {"type": "text"}},
            "profile": {
                "tool": "doccano",
                "format": form,
                "item": {"key": "item_id", "text": "text", "prompt": "prompt"},
                "answers": {"comment": {"kind": "comments"}},
                **changes,
            },
        }
    )


def landed(folder: Path, project: str, form: str, state: str) -> Landed:
    files = sorted((exports("doccano") / project / state / FORMATS[form]).glob("*.jsonl"))
    return land(folder, contract_of(project, form), {path.name: path for path in files})


def people() -> dict[str, str]:
    """Raw ids are the names of files, which are the names of accounts."""
    return {name: name for name in [*json.loads((exports("doccano") / "users.json").read_text("utf-8")), "admin"]}


def stored_lines(project: str) -> list[Line]:
    """What the tool stored: labels and comments, and that somebody confirmed an item without any."""
    lines = map(json.loads, (exports("doccano") / project / "truth.jsonl").read_text("utf-8").splitlines())
    return [line for line in lines if line["live"] or (line["accepted"] and line["confirmed"] and not line["value"])]


def wanted(project: str, losses: Iterable[str], gone: Iterable[str]) -> Answers:
    """What an export must land as that lost what these codes say."""
    codes, deleted = set(losses), frozenset(gone)
    acts: dict[tuple[Any, ...], list[Line]] = {}
    for line in stored_lines(project):
        if line["user"] in deleted and "answers_deleted" in codes:
            continue
        act = (line["user"], line["item"], 1 if "repeats_merged" in codes else line["occurrence"])
        acts.setdefault(act, []).append(line)
    found: list[tuple[str, str, str, str, str]] = []
    for (user, item, _), lines in acts.items():
        marked = [line["value"] for line in lines if line["value"] and line["question"] != "__comment__"]
        comments = [line["value"] for line in lines if line["question"] == "__comment__"]
        is_confirmed = all(line["confirmed"] for line in lines)
        status = "submitted" if is_confirmed or "status_dropped" in codes else "skipped"
        if not is_confirmed and "unconfirmed_dropped" in codes:
            continue
        if marked or (is_confirmed and "silent_nonresponse" not in codes):
            found.append((user, item, "marked", _set_of(marked), status))
        if "texts_trimmed" in codes:
            comments = [text.strip() for text in comments]
        if "texts_sorted" in codes:
            comments = sorted(comments)
        if comments:
            several = json.dumps(comments, ensure_ascii=False, separators=(",", ":"))
            found.append((user, item, "comment", json.dumps(comments[0] if len(comments) == 1 else several), status))
    return numbered(found)


def _set_of(marked: list[Any]) -> str:
    """Labels in any order, or spans by their places."""
    if not all(isinstance(one, dict) for one in marked):
        return json.dumps(sorted(marked))
    spans = sorted((one["start"], one["end"], one["label"]) for one in marked)
    return json.dumps([{"start": a, "end": b, "text": None, "label": label, "comment": None} for a, b, label in spans])


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("project", QUESTIONS)
def test_what_landed_is_what_was_answered_less_what_the_format_lost(
    project: str, form: str, state: str, tmp_path: Path
) -> None:
    """By person, item, question, answer, status and occurrence; each loss that the truth can feel is one."""
    found = landed(tmp_path, project, form, state)
    answers, losses = landed_answers(found, people()), found.contract.known_losses
    assert differences(answers, wanted(project, losses, STATES[state])) == ""
    assert found.rows("quarantine", "reason") == []
    others = {loss: [one for one in losses if one != loss] for loss in losses}
    felt = [loss for loss, rest in others.items() if differences(answers, wanted(project, rest, STATES[state]))]
    assert felt == [loss for loss in FELT[form] if STATES[state] or loss != "answers_deleted"]


def test_an_empty_list_is_an_answer_only_where_it_was_confirmed(tmp_path: Path) -> None:
    """Eighteen items were confirmed without a label; the other export lists every item for every member."""
    found = {
        form: landed(tmp_path / form, "classif_multi", form, "before_member_removal").rows("judgments", "answer")
        for form in FORMATS
    }
    assert found["approved"].count(("[]",)) == 18
    assert found["all"].count(("[]",)) == 0


def test_items_that_nobody_judged_are_told_by_the_full_export_alone(tmp_path: Path) -> None:
    full = landed(tmp_path / "full", "spans", "all", "before_member_removal")
    approved = landed(tmp_path / "approved", "spans", "approved", "before_member_removal")
    missing = {item for (item,) in full.rows("items", "distinct item_id")}
    missing -= {item for (item,) in approved.rows("items", "distinct item_id")}
    assert missing == {"item-029", "item-030"}


def test_a_member_who_confirmed_nothing_has_an_empty_file(tmp_path: Path) -> None:
    found = landed(tmp_path, "spans", "approved", "before_member_removal")
    empty = [one for one in found.report.receipts if one.records == 0]
    assert [(one.records_recounted, one.refused_as_a_whole) for one in empty] == [(0, None)]


@pytest.mark.parametrize("form", FORMATS)
def test_the_archive_that_the_tool_makes_holds_the_same_people(form: str, tmp_path: Path) -> None:
    """A member's name in it is a person, as a file's name is: never is everybody one."""
    folder = exports("doccano") / "spans" / "before_member_removal" / FORMATS[form]
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for one in sorted(folder.glob("*.jsonl")):
            archive.write(one, one.name)
    packed = land(tmp_path / "packed", contract_of("spans", form, dialect={"within": "zip"}), {"export.zip": path})
    bare = landed(tmp_path / "bare", "spans", form, "before_member_removal")
    assert landed_answers(packed, people()) == landed_answers(bare, people())
    assert packed.rows("quarantine", "reason") == []


def test_items_of_the_full_export_stand_beside_the_approved_answers(tmp_path: Path) -> None:
    """Delivered together, the one says what was answered, and the other what nobody answered."""
    top = exports("doccano") / "spans" / "before_member_removal"
    contract = contract_of("spans", "approved").model_dump()
    contract["files"].append(
        {
            "role": "items",
            "pattern": "all/*.jsonl",
            "dialect": {"format": "jsonl"},
            "item": {"key": "item_id", "text": "text", "prompt": "prompt"},
            "ignored": {name: "said by the approved export, or not kept" for name in ("id", "label", "Comments")},
        }
    )
    files = {path.name: path for path in top.glob("JSONL_approved/*.jsonl")}
    files |= {f"all/{path.name}": path for path in top.glob("JSONL/*.jsonl")}
    found = land(tmp_path, SourceContract.model_validate(contract), files)
    judged = {item for (item,) in found.rows("judgments", "distinct item_id")}
    assert {item for (item,) in found.rows("items", "distinct item_id")} - judged == {"item-029", "item-030"}
    assert found.rows("quarantine", "reason") == []
    assert landed_answers(found, people()) == wanted("spans", found.contract.known_losses, frozenset())
