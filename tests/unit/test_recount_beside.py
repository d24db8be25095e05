"""What the recount derives beside judgments, items and moments, is what DuckDB writes of landed rows; an edit shows."""

from __future__ import annotations

from hashlib import md5
from typing import Any

import duckdb
import pytest

from expectations.laws.neutral import number_of
from expectations.recount.acts import Layout
from expectations.recount.beside import UnsureError, content_text, contents_of, moment_text, moments_of
from expectations.recount.values import Token
from pipelines.contracts.files import FileMapping

COLUMNS = "(item_id, text, prompt, language, context, responses)"
RECORD = {"id": "i1", "t": " a \u00e4 ", "a": "one", "b": Token("1.50"), "m": "m1"}


def mapping(**changes: Any) -> FileMapping:
    held: dict[str, Any] = {
        "role": "judgments",
        "pattern": "x",
        "dialect": {"format": "jsonl"},
        "item": {
            "key": "id",
            "text": "t",
            "language_is": "de",
            "responses": [{"key": "x", "text": "a", "model": "m"}, {"key": "y", "text": "b"}],
        },
        "annotator": {"key": "who"},
        "answers": {"q": "q"},
    }
    return FileMapping.model_validate(held | changes)


def landed(text: str) -> bytes:
    responses = f"[{{'key': 'x', 'text': 'one', 'model': 'm1'}}, {{'key': 'y', 'text': '{text}', 'model': null}}]"
    with duckdb.connect() as con:
        con.execute(
            f"create table items as select * from (values ('i1', ' a \u00e4 ', null::varchar, 'de', null::varchar,"
            f" {responses})) as t{COLUMNS}"
        )
        ((item, said),) = con.execute(content_text("items")).fetchall()
        assert item == "i1"
        ((number,),) = con.execute(f"select md5_number(said) from ({content_text('items')})").fetchall()
    assert (
        int(number)
        == number_of(said.encode())
        == int.from_bytes(md5(said.encode(), usedforsecurity=False).digest(), "little")
    )
    return bytes(said.encode())


def test_what_an_item_holds_is_written_alike_and_a_digit_less_is_another() -> None:
    text = contents_of(mapping(), Layout([], None, []))([RECORD], "i1")
    assert text == landed("1.50")
    assert text != landed("1.5")


def test_what_was_told_just_now_is_not_told_again() -> None:
    contents = contents_of(mapping(), Layout([], None, []))
    assert contents([RECORD], "i1") is not None
    assert contents([dict(RECORD)], "i1") is None
    assert contents([RECORD | {"t": "a"}], "i1") is not None
    assert contents([RECORD | {"t": ["a"]}], "i1") == contents([RECORD | {"t": ["a"]}], "i1")


@pytest.mark.parametrize(
    ("form", "text", "stands_for"),
    [
        ("iso8601", "2026-03-01T10:00:00+02:00", "2026-03-01 08:00:00"),
        ("iso8601", "2026-03-01 10:00:00.123456", "2026-03-01 10:00:00.123456"),
        ("iso8601", "1969-12-31T23:59:59Z", "1969-12-31 23:59:59"),
        ("epoch_s", "1770000000.5", "2026-02-02 02:40:00.5"),
        ("epoch_ms", "1770000000500", "2026-02-02 02:40:00.5"),
        ("%d.%m.%Y %H:%M", "01.03.2026 10:07", "2026-03-01 10:07:00"),
    ],
)
@pytest.mark.parametrize(("took", "as_double"), [("7.1", 7.1), ("12", 12.0), ("", None)])
def test_a_moment_is_written_alike(form: str, text: str, stands_for: str, took: str, as_double: float | None) -> None:
    moment = moments_of(mapping(judged_at={"field": "at", "format": form}, duration_s="took"), Layout([], None, []))
    at, seconds = moment([{"at": text, "took": took}])
    with duckdb.connect() as con:
        con.execute(
            "create table rows as select 's' as source_id, 'i' as item_id, null::varchar as annotator_id, 'q' as"
            " question_id, ?::timestamp as judged_at, ?::double as duration_s",
            [stands_for, as_double],
        )
        ((_, _, said),) = con.execute(moment_text("rows")).fetchall()
    parts = [f"{len(part)}:{part}" if part is not None else "-" for part in (at, seconds)]
    assert said == f"1:s1:i-1:q{''.join(parts)}"


@pytest.mark.parametrize(
    "record", [{"at": "1. March"}, {"at": "2026-3-1"}, {"at": "2026-03-01", "took": "1e3"}, {"at": "2026-13-01"}]
)
def test_what_readers_may_read_otherwise_is_told_to_be_unsure(record: dict[str, str]) -> None:
    moment = moments_of(mapping(judged_at={"field": "at"}, duration_s="took"), Layout([], None, []))
    with pytest.raises(UnsureError):
        moment([{"took": "1", **record}])
