"""The dry run of a source: what it says of fields that nobody mapped, and of aggregates."""

from __future__ import annotations

import json
from pathlib import Path

from pipelines.check import SourceCheck, check_source
from tests.unit.landed import stated

JSONL = {"format": "jsonl"}
JUDGED = {
    "role": "judgments",
    "pattern": "judged.jsonl",
    "dialect": JSONL,
    "item": {"key": "i"},
    "annotator": {"key": "a"},
    "answers": {"q": "q"},
    "upstream_aggregates": ["mean"],
}
PEOPLE = {
    "role": "annotators",
    "pattern": "people.jsonl",
    "dialect": JSONL,
    "annotator": {"key": "a", "attributes": ["age"]},
}


def test_an_unmapped_field_is_told_by_where_it_is_kept(tmp_path: Path) -> None:
    """Of an act it is in extra; a profile has none, and what nobody made an attribute is in the raw file alone."""
    inbox = tmp_path / "made"
    inbox.mkdir()
    (inbox / "judged.jsonl").write_text('{"i":"1","a":"x","q":"t","n":1,"mean":0.5}\n{"i":"1","a":"y","q":"u"}\n')
    (inbox / "people.jsonl").write_text('{"a":"x","age":"3","mail":"x@example.org"}\n{"a":"y","age":"4"}\n')
    found = check_source(stated({"q": {"type": "text"}}, JUDGED, PEOPLE), tmp_path)
    assert found.unmapped == {"n": 1}
    assert found.unmapped_of_annotators == {"mail": 1}
    assert found.aggregates == {"mean": 1}
    assert found.refused_as_judgments is None


def _looked_at(tmp_path: Path, answers: list[str], text: str) -> SourceCheck:
    inbox = tmp_path / "made"
    inbox.mkdir(exist_ok=True)
    acts = [
        {"i": str(number), "a": "x", "text": "words", "txt": None, **({"q": answer} if answer else {})}
        for number, answer in enumerate(answers)
    ]
    (inbox / "judged.jsonl").write_text("".join(json.dumps(act) + "\n" for act in acts))
    mapping = {**JUDGED, "item": {"key": "i", "text": text}, "upstream_aggregates": []}
    return check_source(stated({"q": {"type": "text", "unanswered": [None]}}, mapping), tmp_path)


def test_what_is_taken_and_looks_like_a_field_named_wrongly_is_said(tmp_path: Path) -> None:
    alike = _looked_at(tmp_path, ["same"] * 12, "txt")
    assert alike.is_clean
    assert alike.doubts == (
        'all 12 answers to q are "same": is its field the right one?',
        "none of 12 items has a text: is txt the right field?",
    )
    assert _looked_at(tmp_path, ["same"] * 11 + ["other"], "text").doubts == ()
    assert _looked_at(tmp_path, ["same"] * 3, "text").doubts == ()


def test_acts_without_an_answer_are_counted_by_question(tmp_path: Path) -> None:
    (found,) = _looked_at(tmp_path, ["one", "", "two", "", ""], "text").questions
    assert (found.judgments, found.silent, found.quarantined) == (2, 3, 0)
