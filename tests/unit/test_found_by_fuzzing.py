"""What `make fuzz` found, once each, as plain examples; docs/fuzzing.md tells of them."""

from __future__ import annotations

from pathlib import Path

import pytest

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
