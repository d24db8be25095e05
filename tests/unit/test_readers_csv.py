"""CSV and TSV: what the first reader takes, what it refuses, and that the second reader counts and finds the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipelines.domain.vocabulary import Reason
from pipelines.readers import csv_reader
from pipelines.readers.csv_reader import CsvReader
from pipelines.readers.records import FileRefusedError, utf8_stream
from pipelines.readers.recount import Layout, count_records, csv_records
from pipelines.readers.recount_json import RecountError

Rows = list[tuple[str, ...]]


def read(path: Path, layout: Layout, header: list[str] | None = None) -> tuple[dict[int, tuple[str, ...]], list[int]]:
    """By ordinal the rows that the first reader takes, and the ordinals of those that it refuses."""
    rows: dict[int, tuple[str, ...]] = {}
    with path.open("rb") as stream:
        reader = CsvReader(utf8_stream(stream, layout.encoding), layout.delimiter, layout.quote, header)
        for batch in reader:
            for ordinal, row in zip(batch.ordinals.to_pylist(), batch.rows.to_pylist(), strict=True):
                rows[ordinal] = tuple(row.values())
    return rows, [one.ordinal for one in reader.refused]


def both(tmp_path: Path, data: bytes, header: list[str] | None = None, **layout: Any) -> tuple[Rows, list[bytes]]:
    """The rows taken and the bytes of the rows refused; both readers must agree on how many there are."""
    path = tmp_path / "export.csv"
    path.write_bytes(data)
    stated = Layout(**{"format": "csv", "encoding": "utf-8", "quote": '"', "records": "array", **layout})
    stated = Layout(**{**vars(stated), "has_header": header is None})
    rows, refused = read(path, stated, header)
    for exactly in (False, True):
        assert count_records(path, stated, exactly=exactly) == len(rows) + len(refused)
    found = csv_records(path, stated, refused)
    assert sorted([*rows, *refused]) == list(range(len(rows) + len(refused)))
    return [rows[ordinal] for ordinal in sorted(rows)], [found[ordinal] for ordinal in refused]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n"])
def test_every_line_end_ends_a_row_and_is_kept_within_quotes(tmp_path: Path, end: str) -> None:
    text = end.join(["a,b", "1,2", f'3,"x{end}y"', "4", "5,6", ""])
    rows, refused = both(tmp_path, text.encode())
    assert rows == [("1", "2"), ("3", f"x{end}y"), ("5", "6")]
    assert refused == [b"4"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n"])
def test_a_stated_header_makes_the_first_row_a_record(tmp_path: Path, end: str) -> None:
    text = end.join(["01,2", "3", "4,5,6", f'7,"8{end}"', ""])
    rows, refused = both(tmp_path, text.encode(), ["a", "b"])
    assert rows == [("01", "2"), ("7", f"8{end}")]
    assert refused == [b"3", b"4,5,6"]


def test_without_a_stated_header_the_first_row_is_none(tmp_path: Path) -> None:
    assert both(tmp_path, b"a,b\n1,2\n")[0] == [("1", "2")]
    assert both(tmp_path, b"a,b\n1,2\n", ["x", "y"])[0] == [("a", "b"), ("1", "2")]


def test_a_header_of_another_length_refuses_every_row(tmp_path: Path) -> None:
    assert both(tmp_path, b"1,2\n3,4\n", ["a", "b", "c"]) == ([], [b"1,2", b"3,4"])


def test_a_tsv_without_quoting_takes_a_quote_for_a_sign(tmp_path: Path) -> None:
    data = b'a\tb\n"1\t5" pipe\n"\t""\n'
    assert both(tmp_path, data, delimiter="\t", quote=None)[0] == [('"1', '5" pipe'), ('"', '""')]


def test_the_same_bytes_read_as_quoted_are_another_text(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(b'a\tb\n"1\t5" pipe\n"\t""\n')
    quoted = Layout("csv", "utf-8", '"', "array", delimiter="\t")
    assert read(path, quoted)[0] != read(path, Layout("csv", "utf-8", None, "array", delimiter="\t"))[0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1"])
@pytest.mark.parametrize("header", [None, ["ä", "b"]])
def test_text_in_any_encoding_is_the_same_and_so_are_the_bytes_of_what_is_refused(
    tmp_path: Path, encoding: str, header: list[str] | None
) -> None:
    text = ("" if header else "ä,b\n") + 'é,"x\r\ny"\nö\nü,z\n'
    rows, refused = both(tmp_path, text.encode(encoding), header, encoding=encoding)
    assert rows == [("é", "x\r\ny"), ("ü", "z")]
    own = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(encoding, encoding)
    assert refused == ["ö".encode(own)]


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b"\xef\xbb\xbf"),
        ("utf-16-le", b"\xff\xfe"),
        ("utf-16-be", b"\xfe\xff"),
        ("utf-32-le", b"\xff\xfe\0\0"),
    ],
)
def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path, encoding: str, mark: bytes) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(mark + "a,b\n1,2\n".encode(encoding))
    with path.open("rb") as stream:
        assert CsvReader(utf8_stream(stream, encoding), ",", '"').columns == ("a", "b")


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16-le"])
def test_the_mark_of_another_encoding_refuses_the_file(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(b"\xef\xbb\xbf" + b"a,b\n1,2\n")
    with path.open("rb") as stream, pytest.raises(FileRefusedError) as caught:
        utf8_stream(stream, encoding).read()
    assert caught.value.reason == Reason.FILE_ENCODING


@pytest.mark.parametrize(
    ("encoding", "bad"),
    [
        ("utf-8", b"\xe9"),
        ("utf-8", b"\xed\xa0\x80"),
        ("utf-8", b"\xc0\xaf"),
        ("utf-16-le", b"\x00\xd8x\x00"),
        ("utf-16-le", b"x"),
        ("utf-32-le", b"\x00\x00\x11\x00"),
        ("cp1252", b"\x81"),
        ("shift_jis", b"\x81"),
        ("ascii", b"\xe9"),
    ],
)
def test_bytes_that_are_not_valid_in_the_encoding_refuse_the_file(tmp_path: Path, encoding: str, bad: bytes) -> None:
    path = tmp_path / "export.csv"
    good = "a,b\n1,2\n".encode(encoding)
    layout = Layout("csv", encoding, '"', "array")
    path.write_bytes(good)
    assert read(path, layout)[0] == {0: ("1", "2")}
    path.write_bytes(good + "3,".encode(encoding) + bad)
    with pytest.raises(FileRefusedError) as caught:
        read(path, layout)
    assert caught.value.reason == Reason.FILE_ENCODING
    with pytest.raises(UnicodeDecodeError):
        count_records(path, layout)


def test_a_row_larger_than_the_limit_refuses_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(b'a,b\n1,"' + b"x\n" * (3 << 19) + b'"\n')
    layout = Layout("csv", "utf-8", '"', "array")
    assert len(read(path, layout)[0]) == 1
    monkeypatch.setattr(csv_reader, "CHUNK_BYTES", 1 << 20)
    with pytest.raises(FileRefusedError, match="larger than 1 MiB"):
        read(path, layout)


@pytest.mark.parametrize("quote", ['"', "'"])
def test_a_lone_quote_at_the_end_is_an_open_field_not_the_end(tmp_path: Path, quote: str) -> None:
    path = tmp_path / "export.csv"
    layout = Layout("csv", "utf-8", quote, "array")
    path.write_bytes(b"a\n1\n")
    assert count_records(path, layout) == count_records(path, layout, exactly=True) == 1
    path.write_bytes(b"a\n1\n" + quote.encode())
    with pytest.raises(RecountError):
        count_records(path, layout)


@pytest.mark.parametrize("cut", range(1, 34))
def test_a_cut_file_gives_whole_rows_a_refused_one_or_nothing(tmp_path: Path, cut: int) -> None:
    """Where a row was cut within its last field nobody can tell: only a packed file carries a checksum."""
    data = b'a,b\n1,xyz\n2,"q ""r"" s"\n3,"t\nu"\n'
    whole = {0: ("1", "xyz"), 1: ("2", 'q "r" s'), 2: ("3", "t\nu")}
    path = tmp_path / "export.csv"
    path.write_bytes(data[:cut])
    layout = Layout("csv", "utf-8", '"', "array")
    try:
        rows, refused = read(path, layout)
    except FileRefusedError:
        return
    try:
        assert count_records(path, layout) == len(rows) + len(refused)
    except RecountError:
        return
    for ordinal, row in rows.items():
        is_last = ordinal == len(rows) + len(refused) - 1
        assert row == whole[ordinal] or (is_last and whole[ordinal][-1].startswith(row[-1]))
    assert all(ordinal == len(rows) for ordinal in refused)
