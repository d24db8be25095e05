"""The engine-neutral fingerprint: DuckDB and Python agree, order is nothing, and whatever changes in a row shows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import md5
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.laws.neutral import NEUTRAL, Fingerprint, neutral_fingerprints, of_rows
from pipelines.domain.tables import JUDGMENTS
from pipelines.domain.types import BOOLEAN, ListOf, duckdb_type
from tests.unit.laws_bench import Row, judgments

_TEXT = st.sampled_from(["", "-", "1:a", "a", "ab", "null", "ä", "漢\U0001f600", "\u2028", 'a"\\/', "\x00\x1f", " a"])
_WORDS = _TEXT | st.text(st.characters(codec="utf-8"), max_size=5)
_BY_TYPE = {BOOLEAN: st.booleans(), ListOf(JUDGMENTS.column("answer").type): st.lists(_WORDS, max_size=2)}
_ROW = st.tuples(*(st.none() | _BY_TYPE.get(JUDGMENTS.column(name).type, _WORDS) for name in NEUTRAL))
_ROWS = st.lists(_ROW, max_size=4)


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        columns = ", ".join(f"{name} {duckdb_type(JUDGMENTS.column(name).type)}" for name in NEUTRAL)
        connection.execute(f"create table layer ({columns})")
        yield connection


def in_duckdb(con: duckdb.DuckDBPyConnection, rows: list[Any], by: tuple[str, ...] = ()) -> dict[Any, Fingerprint]:
    con.execute("delete from layer")
    if rows:
        places = f"({', '.join('?' * len(NEUTRAL))})"
        con.execute(
            f"insert into layer values {', '.join([places] * len(rows))}", [value for row in rows for value in row]
        )
    found = con.execute(neutral_fingerprints("layer", by)).fetchall()
    return {tuple(keys): Fingerprint(n, digest) for *keys, n, digest in found}


def as_neutral(rows: list[Row]) -> list[list[Any]]:
    return [[row[name] for name in NEUTRAL] for row in rows]


@given(rows=_ROWS)
def test_duckdb_and_python_say_the_same(con: duckdb.DuckDBPyConnection, rows: list[Any]) -> None:
    assert in_duckdb(con, rows) == {(): of_rows(rows)}


@given(rows=_ROWS, order=st.randoms())
def test_order_is_nothing_and_parts_add_up(rows: list[Any], order: Any) -> None:
    shuffled = list(rows)
    order.shuffle(shuffled)
    assert of_rows(shuffled) == of_rows(rows) == of_rows(rows[:1]) + of_rows(rows[1:])


@given(one=_ROWS, other=_ROWS)
def test_two_multisets_have_one_fingerprint_only_if_they_are_one(one: list[Any], other: list[Any]) -> None:
    assert (of_rows(one) == of_rows(other)) == (sorted(map(repr, one)) == sorted(map(repr, other)))


@pytest.mark.parametrize("name", NEUTRAL)
def test_whatever_changes_in_a_row_shows(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """A null, an empty value and another one are three; of text, its case and its white space count."""
    rows = as_neutral(judgments())
    place = NEUTRAL.index(name)
    values: dict[str, list[Any]] = {"abstained": [None, True, False], "presentation_order": [None, [], ["a"], [""]]}
    told = set()
    for value in values.get(name, [None, "", "-", "a", "A", "a ", "ä", "a\u0308"]):
        rows[2][place] = value
        (found,) = in_duckdb(con, rows).values()
        assert found == of_rows(rows)
        told.add(found.digest)
    assert len(told) == len(values.get(name, "12345678"))


def test_what_two_annotators_exchange_shows_and_so_does_a_row_more_or_less() -> None:
    rows = as_neutral(judgments())
    who = NEUTRAL.index("annotator_id")
    exchanged = [list(row) for row in rows]
    exchanged[0][who], exchanged[1][who] = rows[1][who], rows[0][who]
    assert len({of_rows(some) for some in (rows, exchanged, rows[1:], [*rows, rows[0]])}) == 4
    assert of_rows([*rows[1:], rows[1]]) != of_rows(rows)


def test_groups_are_told_apart(con: duckdb.DuckDBPyConnection) -> None:
    rows = as_neutral(judgments())
    found = in_duckdb(con, rows, ("item_id", "question_id"))
    groups = {(row[1], row[3]) for row in rows}
    assert found == {key: of_rows(row for row in rows if (row[1], row[3]) == key) for key in groups}


def test_the_definition_by_hand() -> None:
    row = ["s", "i", None, "q", "human", "choice", '"é"', '"é"', "submitted", False, "", None, ["b", "a"], None]
    text = '1:s1:i-1:q5:human6:choice4:"é"4:"é"9:submitted5:false0:-9:["b","a"]-'
    assert json.loads('["b","a"]') == row[12]
    number = int.from_bytes(md5(text.encode(), usedforsecurity=False).digest(), "little")
    assert of_rows([row]) == Fingerprint(1, f"{number:032x}")
    twice = (number >> 64) * 2 % 2**64, number % 2**64 * 2 % 2**64
    assert of_rows([row, row]) == Fingerprint(2, "{:016x}{:016x}".format(*twice))
    assert of_rows([]) == Fingerprint.none()


def test_what_a_judgment_cannot_hold_is_no_row() -> None:
    with pytest.raises(TypeError, match="holds no float"):
        of_rows([[1.5]])


def test_the_documented_python_computes_the_same() -> None:
    text = (Path(__file__).parents[2] / "docs" / "fingerprints.md").read_text(encoding="utf-8")
    space: dict[str, Any] = {}
    exec(text.split("```python\n")[1].split("```")[0], space)  # noqa: S102 - our own documentation
    rows: list[list[object]] = [["s", "i", None, "q", "", "ä", "\n", "-", "1:a", *["x"] * 5], ["s"] * 14]
    assert space["fingerprint"](rows) == of_rows(rows).digest
    assert space["fingerprint"](rows[:1]) != of_rows(rows).digest
