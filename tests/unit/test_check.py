"""The dry run of a source: what it says of fields that nobody mapped, and of aggregates."""

from __future__ import annotations

from pathlib import Path

from pipelines.check import check_source
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
