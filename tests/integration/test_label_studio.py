"""Label Studio's exports through its profile: what landed is what was answered, less what the format says it lost."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pipelines.check import check_source
from pipelines.commands.source import _show
from pipelines.contracts.model import SourceContract
from tests.integration.test_fixtures import contract_of as fixture_contract
from tests.integration.test_fixtures import inbox_of
from tests.integration.tool_truth import (
    BEST,
    ISSUES,
    Answers,
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

RATINGS = {
    "best": BEST,
    "issues": ISSUES,
    "quality": {"type": "rating", "scale": {"kind": "ordinal", "min": 1, "max": 5}},
    "confidence": {"type": "rating", "scale": {"kind": "interval", "min": 0, "max": 1}},
    "rationale": {"type": "text"},
}
PAIRWISE = {
    "pref": {"type": "pairwise", "answers": {"left": "left", "right": "right"}},
    "margin": {"type": "choice", "options": ["much better", "slightly better", "tie", "both bad"]},
    "rationale": {"type": "text"},
}
PROJECTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "ratings": (RATINGS, {"confidence": {"kind": "number"}}),
    "pairwise": (PAIRWISE, {}),
}
FILES = {
    "json": ("export_JSON_all.json", "export.json"),
    "json_min": ("export_JSON_MIN_all.json", "export.json"),
    "csv": ("export_CSV_all.csv", "export.csv"),
    "tsv": ("export_TSV_all.csv", "export.csv"),
}
STATES: dict[str, frozenset[str]] = {
    "before_user_delete": frozenset(),
    "after_two_users_deleted": frozenset({"eun", "farah"}),
}
EXPORTED = [
    (project, form, state)
    for project in PROJECTS
    for form in FILES
    for state in STATES
    if (form, state) != ("tsv", "after_two_users_deleted")
]


def tool() -> Tool:
    users = json.loads((exports("label-studio") / "users.json").read_text(encoding="utf-8"))
    return Tool(
        users={name: str(held["id"]) for name, held in users.items()},
        status=lambda line: "skipped" if line["cancelled"] else None,
        act_id=lambda line: str(line["annotation_id"]),
        losses={"cancelled_dropped": _is_cancelled, "empty_dropped": lambda line: line["value"] == ""},
        answer=_texts_as_json,
    )


def _is_cancelled(line: Line) -> bool:
    return bool(line["cancelled"])


def _texts_as_json(line: Line) -> Any:
    """Several texts given at once are one answer, kept as JSON."""
    value = line["value"]
    is_several = line["type"] == "text" and isinstance(value, list)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) if is_several else value


def contract_of(project: str, form: str, **changes: Any) -> SourceContract:
    questions, answers = PROJECTS[project]
    item = {"key": "item_id", "text": "text", "prompt": "prompt"}
    return SourceContract.model_validate(
        {
            "source": "made",
            "title": "Made",
            "licence": "MIT",
            "questions": questions,
            "profile": {"tool": "label_studio", "format": form, "item": item, "answers": answers},
            **changes,
        }
    )


def landed(folder: Path, project: str, form: str, state: str) -> Landed:
    name, delivered = FILES[form]
    return land(folder, contract_of(project, form), {delivered: exports("label-studio") / project / state / name})


def wanted(project: str, losses: list[str], state: str) -> Answers:
    lines = tool().lines(exports("label-studio") / project / "truth.jsonl")
    return expected(lines, PROJECTS[project][0], tool(), losses, STATES[state])


@pytest.mark.parametrize(("project", "form", "state"), EXPORTED)
def test_what_landed_is_what_was_answered_less_what_the_format_lost(
    project: str, form: str, state: str, tmp_path: Path
) -> None:
    """By person, item, question, answer, status and occurrence; each declared loss is one, and there is no other."""
    found = landed(tmp_path, project, form, state)
    answers, losses = landed_answers(found, tool().users), found.contract.known_losses
    assert differences(answers, wanted(project, losses, state)) == ""
    assert found.rows("quarantine", "reason") == []
    lines = tool().lines(exports("label-studio") / project / "truth.jsonl")
    felt = list(applied(lines, tool(), losses))
    assert felt == {"json": [], "json_min": ["cancelled_dropped"]}.get(form, ["cancelled_dropped", "empty_dropped"])
    for loss in felt:
        assert differences(answers, wanted(project, [one for one in losses if one != loss], state)) != "", loss


def test_two_who_are_unknown_are_never_one(tmp_path: Path) -> None:
    """Eight tasks hold annotations of two people whose accounts were deleted; each is by somebody of its own."""
    found = landed(tmp_path, "ratings", "json", "after_two_users_deleted")
    people = {key: who for who, key in found.rows("judgments", "annotator_id, judgment_key")}
    lines = tool().lines(exports("label-studio") / "ratings" / "truth.jsonl")
    gone = STATES["after_two_users_deleted"]
    acts = {(line["item"], str(line["annotation_id"])) for line in lines
            if line["user"] in gone and (line["question"] or line["cancelled"])}  # fmt: skip
    assert len({people[act] for _, act in acts}) == len(acts) == 33
    shared = Counter(item for item, _ in acts)
    assert sum(count > 1 for count in shared.values()) == 8


def test_people_with_names_and_mails_are_those_with_numbers(tmp_path: Path) -> None:
    """A snapshot says who judged with name and mail; those are raw ids, and the person is the same."""
    folder = exports("label-studio") / "ratings" / "before_user_delete"
    one = land(tmp_path / "one", contract_of("ratings", "json"), {"export.json": folder / "export_JSON_all.json"})
    other = land(tmp_path / "other", contract_of("ratings", "json"), {"export.json": folder / "snapshot_full.json"})
    columns = "annotator_id, item_id, question_id, answer, raw_answer, status, judgment_key, judged_at"
    assert one.rows("judgments", columns) == other.rows("judgments", columns)
    for table in ("judgments", "items"):
        held = str(other.rows(table, "*"))
        assert "@example.com" not in held
        assert "Tester" not in held


def test_a_check_tells_fields_by_their_paths_and_how_many_are_unknown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    _show(check_source(fixture_contract("label_studio_json"), inbox_of("label_studio_json", tmp_path)))
    told = " ".join(capsys.readouterr().out.split())
    assert "judgments by 4 annotators (2 of them unknown, an act each) about 2 items" in told
    assert "annotations.result[from_name=sentiment].value.choices answer: sentiment" in told


def test_a_check_of_what_names_everybody_tells_of_no_unknown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _show(check_source(fixture_contract("crehate"), inbox_of("crehate", tmp_path)))
    assert "unknown," not in capsys.readouterr().out


def test_drafts_and_predictions_are_no_judgments_and_gold_is_marked(tmp_path: Path) -> None:
    found = landed(tmp_path, "ratings", "json", "before_user_delete")
    keys = {key for (key,) in found.rows("judgments", "judgment_key")}
    stored = json.loads(
        (exports("label-studio") / "ratings" / "before_user_delete" / "export_JSON_all.json").read_text("utf-8")
    )
    answered = {str(one["id"]) for task in stored for one in task["annotations"] if one["result"] or
                one["was_cancelled"]}  # fmt: skip
    assert keys == answered
    gold = {key for key, extra in found.rows("judgments", "judgment_key, extra") if json.loads(extra)["ground_truth"]}
    assert gold == {str(one["id"]) for task in stored for one in task["annotations"] if one["ground_truth"]}
