"""Potato's files through its profile: what landed is what was answered, less what the format says it lost."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from pipelines.contracts.model import SourceContract
from tests.integration.tool_truth import Answers, Line, differences, exports, land, landed_answers, numbered
from tests.unit.landed import Landed

SIDES = {"A": "left", "B": "right", "tie": "tie"}
SCALE = {
    str(number): {"preference": "left" if number < 0 else "right", "strength": abs(number)} if number else "tie"
    for number in range(-3, 4)
}
QUESTIONS: dict[str, dict[str, Any]] = {
    "best": {"type": "choice", "options": ["A", "B", "tie"]},
    "issues": {"type": "multi_choice", "options": ["off-topic", "too long", "tone, formal", "wrong fact", "unsafe"]},
    "quality": {"type": "rating", "scale": {"kind": "ordinal", "min": 1, "max": 5}},
    "conf": {"type": "rating", "scale": {"kind": "interval", "min": 0, "max": 100}},
    "pref": {"type": "pairwise", "answers": SIDES},
    "strength": {"type": "pairwise", "answers": SCALE},
    "order": {"type": "ranking", "options": ["alpha", "beta", "gamma, delta"]},
    "clarity": {"type": "rating", "scale": {"kind": "ordinal", "min": 1, "max": 3}},
    "tone": {"type": "rating", "scale": {"kind": "ordinal", "min": 1, "max": 3}},
    "num": {"type": "rating", "scale": {"kind": "ratio"}},
    "rationale": {"type": "text"},
}
PARTS: dict[str, Any] = {
    "clarity": {"control": "dims", "kind": "part", "part": "clarity"},
    "tone": {"control": "dims", "kind": "part", "part": "tone"},
}
KINDS: dict[str, Any] = {
    "quality": {"kind": "likert", "options": [1, 2, 3, 4, 5]},
    "conf": {"kind": "slider"},
    "num": {"kind": "number"},
    "strength": {"kind": "scale"},
}
FORMATS: dict[str, tuple[str, dict[str, Any]]] = {
    "user_state": ("annotation_output/*/user_state.json", PARTS),
    "jsonl": ("exports/jsonl/annotations.jsonl", PARTS),
    "csv": ("exports/csv/annotations.csv", PARTS | KINDS),
    "tsv": ("exports/tsv/annotations.tsv", PARTS | KINDS),
    "history": ("annotation_output/*/annotation_history.jsonl", PARTS),
}
FELT = {form: ["edits_overwritten", "status_dropped", "cancelled_dropped", "empty_dropped"] for form in FORMATS}
FELT["history"] = ["cancelled_dropped", "status_dropped", "empty_dropped"]


def asked(form: str) -> list[str]:
    """A history tells the options of a set one by one, and so cannot answer such a question."""
    return [code for code in QUESTIONS if form != "history" or code != "issues"]


def contract_of(form: str) -> SourceContract:
    return SourceContract.model_validate(
        {
            "source": "made",
            "title": "Made",
            "licence": "MIT",
            "questions": {code: QUESTIONS[code] for code in asked(form)},
            "profile": {"tool": "potato", "format": form, "item": {"key": "$item"}, "answers": FORMATS[form][1]},
        }
    )


def landed(folder: Path, form: str) -> Landed:
    top = exports("potato") / "prefs"
    found = sorted(top.glob(FORMATS[form][0]))
    return land(folder, contract_of(form), {str(path.relative_to(top)): path for path in found})


def lines() -> list[Line]:
    """Every answer that was given, whether it was overwritten or not, and every submission without one."""
    given = map(json.loads, (exports("potato") / "prefs" / "truth.jsonl").read_text("utf-8").splitlines())
    return [{**line, "question": (line["question"] or "").removeprefix("dims.")} for line in given]


def people() -> dict[str, str]:
    """Raw ids are the names that people gave themselves."""
    return {line["user"]: line["user"] for line in lines()}


def wanted(form: str, losses: Iterable[str]) -> Answers:
    """What an export must land as that lost what these codes say."""
    codes, codes_asked = set(losses), asked(form)
    acts: dict[str, dict[str, Any]] = {}
    for line in lines():
        act = acts.setdefault(line["act"], {"line": line, "given": {}})
        if line["question"] in codes_asked and (line["value"] not in ("", []) or "empty_dropped" not in codes):
            act["given"][line["question"]] = line["value"]
    last: dict[tuple[str, str, str], str] = {}
    for name, act in acts.items():
        last |= {(act["line"]["user"], act["line"]["item"], question): name for question in act["given"]}
    found = []
    for name, act in acts.items():
        user, item = act["line"]["user"], act["line"]["item"]
        is_skip = act["line"]["cancelled"]
        if is_skip and not act["given"] and "cancelled_dropped" in codes:
            continue
        status = "skipped" if is_skip and (not act["given"] or "status_dropped" not in codes) else "submitted"
        for question in codes_asked if status == "skipped" else act["given"]:
            if "edits_overwritten" in codes and last.get((user, item, question), name) != name:
                continue
            found.append((user, item, question, _as_kept(question, act["given"].get(question)), status))
    return numbered(found)


def _as_kept(question: str, value: Any) -> str:
    """The canonical form of an answer, as a text that two equal ones share."""
    kind = QUESTIONS[question]["type"]
    if value is None or value == "" or kind in ("choice", "text"):
        return json.dumps(value)
    if kind == "multi_choice":
        return json.dumps(sorted(value))
    if kind == "rating":
        return json.dumps(float(value))
    if kind == "ranking":
        return json.dumps([[option, rank] for rank, option in enumerate(value, 1)])
    meant = QUESTIONS[question]["answers"][value]
    return json.dumps(meant if isinstance(meant, str) else {**meant, "strength": float(meant["strength"])})


@pytest.mark.parametrize("form", FORMATS)
def test_what_landed_is_what_was_answered_less_what_the_format_lost(form: str, tmp_path: Path) -> None:
    """By person, item, question, answer, status and occurrence; each loss that the truth can feel is one."""
    found = landed(tmp_path, form)
    answers, losses = landed_answers(found, people()), found.contract.known_losses
    assert differences(answers, wanted(form, losses)) == ""
    assert found.rows("quarantine", "reason") == []
    others = {loss: [one for one in losses if one != loss] for loss in losses}
    assert {loss for loss, rest in others.items() if differences(answers, wanted(form, rest))} == set(FELT[form])


def test_the_old_copy_below_the_output_is_not_taken(tmp_path: Path) -> None:
    """annotation_output/exports holds one record of long ago; as a file of its own it would be one more answer."""
    top = exports("potato") / "prefs"
    files = {"annotations.jsonl": top / "exports" / "jsonl" / "annotations.jsonl"}
    old = "annotation_output/exports/jsonl/annotations.jsonl"
    files[old] = top / old
    found = land(tmp_path, contract_of("jsonl"), files)
    assert len(found.report.receipts) == 1
    assert sum(receipt.records for receipt in found.report.receipts) == 86


def test_a_history_says_when_and_in_which_session_and_nothing_of_the_browser(tmp_path: Path) -> None:
    found = landed(tmp_path, "history")
    rows = found.rows("judgments", "judged_at, extra")
    assert all(at is not None and json.loads(extra)["session_id"] for at, extra in rows)
    assert not any("127.0.0.1" in extra or "python-requests" in extra for _, extra in rows)
