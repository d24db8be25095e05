"""What `make fuzz` found, once each, as plain examples; docs/fuzzing.md tells of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipelines.contracts.model import SourceContract
from tests.unit.test_bad_input import GOOD, HEADER, UNTOUCHED, contract, ingested


def test_a_file_may_end_with_a_large_quoted_field(tmp_path: Path) -> None:
    """The second reader looked at the last row with the standard library's own limit of 128 KiB a field."""
    large = b"x" * 200_000
    stated = contract("csv", ignored={"note": "not ours"})
    data = b'item,who,hate,score,note\ni1,ana,yes,1,""\ni2,bob,no,5,"' + large + b'"\n'
    _, judgments, found = ingested(tmp_path, stated, data)
    assert judgments == UNTOUCHED
    assert found == []


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
@pytest.mark.parametrize("file_format", ["csv", "jsonl"])
def test_a_missing_byte_order_mark_refuses_the_file(tmp_path: Path, encoding: str, file_format: str) -> None:
    """Python tells it by another error than it tells a wrong byte."""
    stated = contract(file_format, dialect={"format": file_format, "encoding": encoding})
    report, judgments, found = ingested(tmp_path, stated, (HEADER + GOOD).decode().encode(f"{encoding}-be"))
    assert judgments == []
    assert found == [(None, "file", "file_encoding")]
    assert report.refused_files[0].message


def answered(answer: dict[str, Any], mapping: Any, **changes: Any) -> SourceContract:
    """A contract over JSON Lines that asks one question."""
    fields = {"source": "bad", "title": "Bad", "licence": "MIT", "platform": "tool", "attribution": "stable"}
    file = {"role": "judgments", "pattern": "*.jsonl", "dialect": {"format": "jsonl"}, "item": {"key": "item"}}
    stated = {**file, "annotator": {"key": "who"}, "answers": {"q": mapping}, **changes}
    return SourceContract.model_validate({**fields, "questions": {"q": answer}, "files": [stated]})


@pytest.mark.parametrize("rank", ["1.4", '" 2 "', '"01"', "1e0", '"1_0"', "0", "-1"])
def test_a_rank_is_not_rounded(tmp_path: Path, rank: str) -> None:
    """1.4 became rank 1."""
    stated = answered({"type": "ranking"}, {"ranks": {"a": "a", "b": "b"}})
    data = f'{{"item":"i1","who":"ana","a":1,"b":2}}\n{{"item":"i1","who":"bob","a":{rank},"b":2}}\n'
    _, judgments, found = ingested(tmp_path, stated, data.encode())
    assert judgments == [("i1", "q", '[["a",1],["b",2]]')]
    assert found == [(1, "judgment", "answer_malformed")]


def test_a_fraction_in_a_set_is_not_taken_for_another_option(tmp_path: Path) -> None:
    """DuckDB writes 1.10 anew as 1.1; two raw answers became one."""
    stated = answered({"type": "multi_choice", "options": ["1.1", "1.10", "2"]}, "q")
    data = b'{"item":"i1","who":"ana","q":["1.10",2]}\n{"item":"i1","who":"bob","q":[1.10,2]}\n'
    _, judgments, found = ingested(tmp_path, stated, data)
    assert judgments == [("i1", "q", '["1.10","2"]')]
    assert found == [(1, "judgment", "answer_malformed")]


def test_acts_are_told_apart_by_what_stands_in_the_file(tmp_path: Path) -> None:
    """A fraction stopped the ingest, and 1 and true became one annotator, whose answers contradicted each other."""
    stated = answered(
        {"type": "choice", "options": ["yes", "no"]},
        "marks[q=q].value",
        each={"list": "marks", "by": "who"},
        annotator={"key": "$by"},
    )
    people = ["1", "true", "1.0", "1.5", '"1.5"']
    marks = ",".join(f'{{"who":{who},"q":"q","value":"yes"}}' for who in people)
    report, judgments, found = ingested(tmp_path, stated, f'{{"item":"i1","marks":[{marks}]}}\n'.encode())
    assert judgments == [("i1", "q", '"yes"')] * 5
    assert report.receipts[0].annotators == 4  # 1.5 is written as a number and as a text
    assert found == []


def test_bytes_that_are_no_text_in_a_row_that_is_too_long(tmp_path: Path) -> None:
    """Arrow printed a traceback of its own: it decodes such a row before anything has checked the bytes."""
    _, judgments, found = ingested(tmp_path, contract("csv"), HEADER + GOOD + b"i3,\xa7ve,yes,1,more\n")
    assert judgments == []
    assert found == [(None, "file", "file_encoding")]
