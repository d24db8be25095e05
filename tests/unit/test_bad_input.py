"""Bad input: each kind has its reason code, the books balance, and the good rows go through unchanged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipelines.contracts.model import SourceContract
from pipelines.domain.pseudonyms import PseudonymKey
from pipelines.ingest import IngestReport, ingest_source
from pipelines.landing.home import Home
from pipelines.landing.land import connect
from tests.recounting import assert_recounted
from tests.unit.landed import landed_folders

KEY = PseudonymKey(b"k" * 32)
QUESTIONS = {
    "hate": {"type": "choice", "options": ["yes", "no"]},
    "score": {"type": "rating", "scale": {"kind": "ordinal", "min": 1, "max": 5}},
}
MAPPING = {
    "role": "judgments",
    "item": {"key": "item"},
    "annotator": {"key": "who"},
    "answers": {"hate": "hate", "score": "score"},
}
HEADER = b"item,who,hate,score\n"
GOOD = b"i1,ana,yes,1\ni2,bob,no,5\n"


def contract(file_format: str, **changes: Any) -> SourceContract:
    """A small contract over files of a format."""
    mapping = {**MAPPING, "pattern": f"*.{file_format}", "dialect": {"format": file_format}, **changes}
    fields = {"source": "bad", "title": "Bad", "licence": "MIT", "platform": "tool", "attribution": "stable"}
    return SourceContract.model_validate({**fields, "questions": QUESTIONS, "files": [mapping]})


def ingested(tmp_path: Path, stated: SourceContract, data: bytes) -> tuple[IngestReport, list[Any], list[Any]]:
    """The report, the landed judgments (item, question, answer), and the quarantine (ordinal, stage, reason)."""
    suffix = stated.files[0].dialect.format
    (tmp_path / "inbox" / "bad").mkdir(parents=True)
    (tmp_path / "inbox" / "bad" / f"export.{suffix}").write_bytes(data)
    home = Home(tmp_path / "home")
    report = ingest_source(stated, tmp_path / "inbox", home, KEY)
    assert_recounted(stated, home, KEY)
    one = report.receipts[0]
    (folder,) = landed_folders(stated, home, KEY)
    with connect() as con:
        judgments = con.execute(
            f"select item_id, question_id, answer from read_parquet('{folder}/judgments/*.parquet') order by all"
        ).fetchall()
        refused = con.execute(
            f"select record_ordinal, stage, reason from read_parquet('{folder}/quarantine/*.parquet') order by all"
        ).fetchall()
    taken = one.records - (0 if one.refused_as_a_whole else one.records_refused)
    assert one.records_recounted == taken + one.records_refused
    assert one.candidates == one.judgments + one.judgments_refused
    return report, judgments, refused


UNTOUCHED = [("i1", "hate", '"yes"'), ("i1", "score", "1"), ("i2", "hate", '"no"'), ("i2", "score", "5")]


@pytest.mark.parametrize(
    ("bad", "refused"),
    [
        (b"i3,eve,yes\n", [(2, "record", "record_malformed")]),
        (b"i3,eve,yes,1,more\n", [(2, "record", "record_malformed")]),
        (b"i3,,yes,1\n", [(2, "record", "annotator_missing")]),
        (b",eve,yes,1\n", [(2, "record", "item_missing")]),
        (b"i3,eve,maybe,9\n", [(2, "judgment", "answer_out_of_scale"), (2, "judgment", "answer_unknown_option")]),
        (b"i3,eve,YES,2.5.1\n", [(2, "judgment", "answer_malformed"), (2, "judgment", "answer_unknown_option")]),
    ],
)
def test_a_bad_row_is_quarantined_and_the_rest_goes_through(tmp_path: Path, bad: bytes, refused: list[Any]) -> None:
    _, judgments, found = ingested(tmp_path, contract("csv"), HEADER + GOOD + bad)
    assert judgments == UNTOUCHED
    assert found == refused


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "file_empty"),
        (HEADER, "file_empty"),
        (HEADER + GOOD + b"i3,\xe9ve,yes,1\n", "file_encoding"),
        (b"\xed\xa0\x80" + HEADER + GOOD, "file_encoding"),
        (b"item,who,hate\ni1,ana,yes\n", "file_column_missing"),
        (b"item,who,hate,hate,score\ni1,ana,yes,no,1\n", "file_malformed"),
        (HEADER + GOOD + b'i3,"eve,yes,1\n', "file_malformed"),
    ],
)
def test_a_broken_file_is_refused_as_a_whole(tmp_path: Path, data: bytes, reason: str) -> None:
    report, judgments, found = ingested(tmp_path, contract("csv"), data)
    assert judgments == []
    assert found == [(None, "file", reason)]
    assert report.refused_files[0].message


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b'{"item":"i3","who":"eve","hate":"yes","score":1', "record_malformed"),
        (b'{"item":"i3","item":"i4","who":"eve","hate":"yes","score":1}', "record_malformed"),
        (b'{"item":"i3","who":"eve","hate":"\\ud800","score":1}', "record_malformed"),
        (b'{"item":"i3","who":"eve","hate":"yes","score":NaN}', "record_malformed"),
        (b'["i3"]', "record_malformed"),
        (b'{"item":"i3","hate":"yes","score":1}', "annotator_missing"),
    ],
)
def test_a_bad_json_record_keeps_its_bytes(tmp_path: Path, bad: bytes, reason: str) -> None:
    good = b'{"item":"i1","who":"ana","hate":"yes","score":1}\n'
    more = b'{"item":"i2","who":"bob","hate":"no","score":5}\n'
    _, judgments, found = ingested(tmp_path, contract("jsonl"), good + bad + b"\n" + more)
    assert judgments == UNTOUCHED
    assert found == [(1, "record", reason)]
    with connect() as con:
        kept = con.execute(f"select raw from read_parquet('{tmp_path}/home/raw/bad/quarantine/*/*.parquet')").fetchall()
    assert kept == [(bad,)]


def test_a_field_whose_name_begins_as_made_ones_do_is_kept(tmp_path: Path) -> None:
    row = b'{"item":"i1","who":"ana","hate":"yes","score":1,"$schema":"v2","$key":"own"}\n'
    stated = contract("jsonl")
    ingested(tmp_path, stated, row)
    with connect() as con:
        found = con.execute(f"select distinct extra from '{tmp_path}/home/landing/bad/*/*/judgments/*.parquet'")
        assert found.fetchall() == [('{"$schema":"v2","$key":"own"}',)]


@pytest.mark.parametrize("cut", [5, 40, 60, -1])
def test_a_truncated_array_gives_nothing(tmp_path: Path, cut: int) -> None:
    whole = b'[{"item":"i1","who":"ana","hate":"yes","score":1},{"item":"i2","who":"bob","hate":"no","score":5}]'
    _, judgments, found = ingested(tmp_path, contract("json"), whole[:cut])
    assert judgments == []
    assert found == [(None, "file", "file_malformed")]


def test_another_encoding_is_read_where_it_is_declared(tmp_path: Path) -> None:
    stated = contract("csv", dialect={"format": "csv", "encoding": "latin-1"})
    _, judgments, found = ingested(tmp_path, stated, HEADER + "é1,ana,yes,1\n".encode("latin-1"))
    assert judgments == [("é1", "hate", '"yes"'), ("é1", "score", "1")]
    assert found == []


def test_content_that_is_no_text_is_kept_as_json(tmp_path: Path) -> None:
    """A prompt of several messages, a reason of several sentences, an attribute that is a list: none becomes null."""
    lines = (
        b'{"item":"i1","who":"ana","hate":"yes","score":1,"says":[{"role":"user","content":"hi"}],'
        b'"why":["one","two"],"langs":["en","fr"]}\n'
        b'{"item":"i2","who":"bob","hate":"no","score":5,"says":"hi","why":["one"],"langs":[]}\n'
    )
    stated = contract(
        "jsonl",
        item={"key": "item", "prompt": "says"},
        annotator={"key": "who", "attributes": {"langs": "langs"}},
        answers={"hate": {"field": "hate", "rationale": "why"}, "score": "score"},
    )
    _, _, found = ingested(tmp_path, stated, lines)
    assert found == []
    (folder,) = landed_folders(stated, Home(tmp_path / "home"), KEY)
    with connect() as con:
        (prompts, reasons, attributes) = (
            con.execute(f"select distinct {columns} from read_parquet('{folder}/{table}/*.parquet')").fetchall()
            for columns, table in (
                ("prompt", "items"),
                ("rationale", "judgments"),
                ("value, attribute_status", "annotator_attributes"),
            )
        )
    assert {*prompts} == {('[{"role":"user","content":"hi"}]',), ("hi",)}
    assert {*reasons} == {('["one","two"]',), ("one",), (None,)}
    assert {*attributes} == {('["en","fr"]', "given"), (None, "not_asked")}
