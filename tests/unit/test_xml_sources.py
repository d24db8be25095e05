"""A source in XML, from its bytes to landed judgments: every shape, and what is refused with its bytes."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.domain.answers import Span, Spans
from tests.unit.landed import Landed, stated

QUESTIONS = {
    "hate": {"type": "choice", "options": ["yes", "no"]},
    "topics": {"type": "multi_choice", "options": ["a", "b", "c"]},
    "marks": {"type": "spans"},
    "score": {"type": "rating", "scale": {"kind": "ordinal", "min": 1, "max": 5}},
}
MAPPING = {
    "role": "judgments",
    "pattern": "*.xml*",
    "dialect": {"format": "xml", "record": "corpus/doc"},
    "each": {"list": "judgment"},
    "item": {"key": ["/corpus/@set", "@id"], "text": "text.#text"},
    "annotator": {"key": "judgment.@who"},
    "answers": {
        "hate": {"field": "judgment.hate", "rationale": "judgment.why"},
        "topics": "judgment.topics.t",
        "marks": {
            "spans": {
                "list": "judgment.mark",
                "start": "@from",
                "end": "@to",
                "label": "@label",
                "text": "#text",
            }
        },
        "score": "judgment.value[@name=score].#text",
    },
}
CONTRACT = stated(QUESTIONS, MAPPING)

ANA = (
    '<judgment who="ana"><hate>yes</hate><why>so &lt;b&gt;\r\nbad</why><topics><t>b</t></topics>'
    '<mark from="0" to="2" label="x">He</mark><value name="score">4</value><value name="other">9</value></judgment>'
)
BOB = (
    '<judgment who="bob"><hate>no</hate><topics/><value name="score">1.0</value></judgment>'
    '<judgment who="eve"><hate>no</hate><value name="score">5</value>'
    "<topics><t>c</t><t>a</t></topics><mark from='1' to='2'/><mark from='3' to='4'/></judgment>"
)
DOCUMENT = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<corpus set="train">\n'
    f'<doc id="1"><text lang="en">Hello</text>{ANA}</doc>\n'
    f'<doc id="2"><text>Bye</text>{BOB}<note>n</note></doc>\n'
    '<doc id="3"><text>nobody judged it</text></doc>\n'
    "</corpus>\n"
)


def answers(landed: Landed) -> dict[tuple[str, str], list[Any]]:
    """By item and question the canonical answers, in order of judgments."""
    found: dict[tuple[str, str], list[Any]] = {}
    for item, question, _, answer in landed.rows("judgments", "item_id, question_id, record_part, answer"):
        found.setdefault((item, question), []).append(answer)
    return found


def spans(*marked: tuple[int, int, str, str | None]) -> str:
    """Spans in canonical form."""
    return Spans(tuple(Span(start, end, label, text) for start, end, text, label in marked)).canonical()


def test_one_element_and_several_are_read_by_the_same_path(tmp_path: Path) -> None:
    landed = Landed(tmp_path, CONTRACT, {"a.xml": DOCUMENT.encode()})
    assert answers(landed) == {
        ("train/1", "hate"): ['"yes"'],
        ("train/1", "topics"): ['["b"]'],
        ("train/1", "marks"): [spans((0, 2, "He", "x"))],
        ("train/1", "score"): ["4"],
        ("train/2", "hate"): ['"no"', '"no"'],
        ("train/2", "topics"): ["[]", '["a","c"]'],
        ("train/2", "marks"): ["[]", spans((1, 2, "", None), (3, 4, "", None))],
        ("train/2", "score"): ["1.0", "5"],
    }
    assert landed.report.total("records") == landed.report.total("records_recounted") == 3
    assert landed.kept() == []
    assert landed.rows("items", "item_id, text, extra")[:2] == [
        ("train/1", "Hello", '{"text":{"@lang":"en"}}'),
        ("train/2", "Bye", '{"note":"n"}'),
    ]
    reasons = landed.rows("judgments", "rationale, extra")
    assert ("so <b>\nbad", '{"value":[null,{"@name":"other","#text":"9"}]}') in reasons


def test_an_annotator_is_a_pseudonym_wherever_the_name_stood(tmp_path: Path) -> None:
    landed = Landed(tmp_path, CONTRACT, {"a.xml": DOCUMENT.encode()})
    assert len({row for row in landed.rows("judgments", "annotator_id")}) == 3
    for path in landed.home.landing.rglob("*.parquet"):
        assert b"ana" not in path.read_bytes()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1"])
def test_a_refused_record_keeps_its_bytes_and_the_rest_goes_through(tmp_path: Path, encoding: str) -> None:
    bad = '<doc id="é"><text>x<b>y</b></text><judgment who="ana"><why k="1">z</why></judgment></doc>'
    document = DOCUMENT.replace('encoding="UTF-8"', "").replace("</corpus>", f"{bad}</corpus>")
    dialect = {"format": "xml", "record": "corpus/doc", "encoding": encoding}
    landed = Landed(tmp_path, stated(QUESTIONS, {**MAPPING, "dialect": dialect}), {"a.xml": document.encode(encoding)})
    own = "utf-16-le" if encoding == "utf-16" else encoding
    assert landed.kept() == [(3, "record_shape", bad.encode(own))]
    assert landed.rows("quarantine", "field") == [("judgment.why",)]
    assert len(landed.rows("judgments", "item_id")) == 12


def test_a_document_cut_anywhere_gives_nothing(tmp_path: Path) -> None:
    data = DOCUMENT.encode()
    for number, cut in enumerate(range(60, len(data) - 2, 97)):
        landed = Landed(tmp_path / str(number), CONTRACT, {"a.xml": data[:cut]})
        assert landed.rows("judgments", "item_id") == []
        assert [one.refused_as_a_whole for one in landed.report.receipts] == ["file_malformed"]


def test_a_packed_document_is_read_as_a_bare_one(tmp_path: Path) -> None:
    dialect = {"format": "xml", "record": "corpus/doc", "within": "gzip"}
    packed = Landed(
        tmp_path, stated(QUESTIONS, {**MAPPING, "dialect": dialect}), {"a.xml.gz": gzip.compress(DOCUMENT.encode())}
    )
    assert answers(packed) == answers(Landed(tmp_path / "bare", CONTRACT, {"a.xml": DOCUMENT.encode()}))


def test_elements_outside_the_records_are_ignored_with_a_reason_or_refuse_the_file(tmp_path: Path) -> None:
    document = DOCUMENT.replace("</corpus>", "<meta><v>2</v></meta></corpus>").encode()
    refused = Landed(tmp_path / "refused", CONTRACT, {"a.xml": document})
    assert [one.message for one in refused.report.receipts] == [
        "the element /corpus/meta is outside the records; list it in ignored, with a reason"
    ]
    ignoring = stated(QUESTIONS, {**MAPPING, "ignored": {"/corpus/meta": "settings of the tool"}})
    assert Landed(tmp_path, ignoring, {"a.xml": document}).report.total("records") == 3


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [("judgment", "judgement", "judgment"), ("<t>", "<u>", "judgment.topics.t"), ("mark", "span", "judgment.mark")],
)
def test_a_list_that_is_nowhere_in_the_file_is_a_name_that_changed(
    tmp_path: Path, old: str, new: str, field: str
) -> None:
    document = DOCUMENT.replace(old, new).replace("</t>", "</u>" if new == "<u>" else "</t>")
    landed = Landed(tmp_path, CONTRACT, {"a.xml": document.encode()})
    assert [one.refused_as_a_whole for one in landed.report.receipts] == ["file_column_missing"]
    assert landed.rows("quarantine", "field") == [(field,)]


def test_an_xml_export_lands_as_the_same_export_in_json_does(tmp_path: Path) -> None:
    """But for raw answers, which are each format's own."""
    mapping = {
        "role": "judgments",
        "pattern": "*",
        "item": {"key": "id", "text": "text"},
        "annotator": {"key": "j.who"},
        "answers": {"hate": "j.hate", "topics": "j.topic"},
        "each": {"list": "j"},
    }
    questions = {code: QUESTIONS[code] for code in ("hate", "topics")}
    acts = [{"who": "ana", "hate": "yes", "topic": ["a"]}, {"who": "bob", "hate": "no", "topic": []}]
    records = [{"id": "1", "text": "é <", "j": acts, "more": "x"}, {"id": "2", "text": "", "j": acts[:1]}]
    xml = "".join(_element("r", record) for record in records)
    as_xml = Landed(
        tmp_path / "xml",
        stated(questions, {**mapping, "dialect": {"format": "xml", "record": "c/r"}}),
        {"a.xml": f"<c>{xml}</c>".encode()},
    )
    as_json = Landed(
        tmp_path / "json",
        stated(questions, {**mapping, "dialect": {"format": "json"}}),
        {"a.json": json.dumps(records).encode()},
    )
    columns = "item_id, annotator_id, question_id, answer, record_ordinal, record_part, extra"
    assert as_xml.rows("judgments", columns) == as_json.rows("judgments", columns)
    assert as_xml.rows("items", "item_id, text, extra") == as_json.rows("items", "item_id, text, extra")


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(name, one) for one in value)
    if isinstance(value, dict):
        return f"<{name}>{''.join(_element(*entry) for entry in value.items())}</{name}>"
    return f"<{name}>{value.replace('<', '&lt;')}</{name}>"
