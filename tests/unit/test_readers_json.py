"""JSON and JSONL: what the first reader takes and refuses, cut anywhere, and that the second reader counts the same."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.readers import json_reader, json_splitter
from pipelines.readers.json_reader import MAX_DEPTH, RecordMalformedError, parse, read_json, read_jsonl
from pipelines.readers.records import FileRefusedError, RawRecord, utf8_stream
from pipelines.readers.recount import Layout, count_records
from pipelines.readers.recount_json import RecountError

RECORDS: list[dict[str, Any]] = [{"id": "é\n", "n": [1.10, -0, {"a": None}]}, {"id": '"]},{[\\', "n": []}, {"id": ""}]
DOCUMENTS = {
    "array": json.dumps(RECORDS, ensure_ascii=False),
    "object": json.dumps({'k"]': RECORDS[0], "": RECORDS[1], "z": RECORDS[2]}, ensure_ascii=False),
}


def read(data: bytes, form: str, encoding: str = "utf-8") -> list[RawRecord]:
    """The records of a document (array or object), or of lines."""
    stream = utf8_stream(io.BytesIO(data), encoding)
    return list(read_jsonl(stream) if form == "lines" else read_json(stream, form))


def count(path: Path, data: bytes, form: str, encoding: str = "utf-8") -> int:
    """How many records the second reader sees."""
    path.write_bytes(data)
    stated = "jsonl" if form == "lines" else "json"
    return count_records(path, Layout(stated, encoding, '"', "array" if form == "lines" else form))


@pytest.mark.parametrize("form", DOCUMENTS)
@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", ""),
        ("utf-8", "\ufeff"),
        ("utf-8-sig", ""),
        ("utf-16", ""),
        ("utf-16-le", "\ufeff"),
        ("utf-16-be", "\ufeff"),
        ("utf-32-be", "\ufeff"),
        ("latin-1", ""),
    ],
)
def test_a_document_is_the_same_in_any_encoding_and_with_any_mark(
    tmp_path: Path, form: str, encoding: str, mark: str
) -> None:
    data = (mark + DOCUMENTS[form]).encode(encoding)
    records = [parse(record)[0] for record in read(data, form, encoding)]
    assert [record["id"] for record in records] == [record["id"] for record in RECORDS]
    assert count(tmp_path / "x", data, form, encoding) == 3


@pytest.mark.parametrize("form", DOCUMENTS)
def test_a_document_cut_at_any_byte_gives_nothing(tmp_path: Path, form: str) -> None:
    data = DOCUMENTS[form].encode()
    assert len(read(data, form)) == count(tmp_path / "x", data, form) == 3
    for cut in range(len(data)):
        with pytest.raises(FileRefusedError):
            read(data[:cut], form)
        with pytest.raises((RecountError, UnicodeDecodeError)):
            count(tmp_path / "x", data[:cut], form)


def test_lines_cut_at_any_byte_give_the_lines_before_and_one_that_is_malformed(tmp_path: Path) -> None:
    """A line stands for itself, so a cut spoils but the last; between two lines nobody can see it."""
    lines = [json.dumps(record, ensure_ascii=False).encode() for record in RECORDS]
    data = b"\r\n".join(lines) + b"\n"
    for cut in range(1, len(data)):
        records = read(data[:cut], "lines")
        whole = [record.raw for record in records if record.raw in lines]
        assert whole == lines[: len(whole)]
        assert len(records) - len(whole) <= 1
        for record in records[len(whole) :]:
            with pytest.raises(RecordMalformedError):
                parse(record)
        try:
            assert count(tmp_path / "x", data[:cut], "lines") == len(records)
        except UnicodeDecodeError:
            continue


@pytest.mark.parametrize(
    "data", ["[1 2]", "[1,,2]", "[1,]", "[,1]", "[1}", "[1][2]", "[1]x", "{}", "1", "", "[", '["a]', "\0[1]"]
)
def test_what_is_no_array_is_refused(data: str) -> None:
    with pytest.raises((FileRefusedError, RecordMalformedError)):
        [parse(record) for record in read(data.encode(), "array")]  # an element that is no JSON stands for itself


@pytest.mark.parametrize("chunk", [1, 2, 3, 5, 64])
@pytest.mark.parametrize("form", DOCUMENTS)
def test_nothing_depends_on_where_the_pieces_end(form: str, chunk: int) -> None:
    data = DOCUMENTS[form].encode()
    found = list(json_splitter.split_elements(io.BytesIO(data), form, chunk))
    assert found == [record.raw for record in read(data, form)]


@pytest.mark.parametrize(("opening", "closing"), [('{"a":', "}"), ("[", "]")])
def test_a_record_nested_too_deep_is_refused_alone(opening: str, closing: str) -> None:
    def nested(depth: int) -> RawRecord:
        inner = opening * (depth - 1) + "1" + closing * (depth - 1)
        return RawRecord(0, f'{{"a":{inner}}}'.encode())

    assert parse(nested(MAX_DEPTH))
    for depth in (MAX_DEPTH + 1, 100_000):
        with pytest.raises(RecordMalformedError, match="nested"):
            parse(nested(depth))


@pytest.mark.parametrize("form", ["array", "lines"])
def test_a_record_larger_than_the_limit_refuses_the_file(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = b'[{"a":"' + b"x" * 5000 + b'"}]' if form == "array" else b'{"a":"' + b"x" * 5000 + b'"}'
    assert len(read(data, form)) == 1
    for module in (json_reader, json_splitter):
        monkeypatch.setattr(module, "MAX_RECORD_BYTES", 1000)
    pieces = (b"".join([data[at : at + 64]]) for at in range(0, len(data), 64))
    with pytest.raises(FileRefusedError, match="than 1000 bytes"):
        list(_read_in_pieces(form, pieces))


def _read_in_pieces(form: str, pieces: Any) -> Any:
    class Stream(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            return next(pieces, b"")

    stream: Any = Stream()
    return read_jsonl(stream) if form == "lines" else read_json(stream, form)


@pytest.mark.parametrize("bad", [b"\xe9", b"\xed\xa0\x80", b"\xff"])
@pytest.mark.parametrize("form", ["array", "lines"])
def test_bytes_that_are_no_utf8_are_seen_by_both(tmp_path: Path, form: str, bad: bytes) -> None:
    record = b'{"a":"' + bad + b'"}'
    data = b"[" + record + b"]" if form == "array" else record
    with pytest.raises(RecordMalformedError):
        [parse(one) for one in read(data, form)]
    with pytest.raises(UnicodeDecodeError):
        count(tmp_path / "x", data, form)
