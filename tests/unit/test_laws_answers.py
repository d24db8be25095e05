"""Law 4 and the answers' part of law 5: what merges raw answers, or makes a column say something else, is named."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from expectations.laws.answers import Form, Forms, prove_answers
from expectations.laws.verdicts import Verdict
from tests.unit.laws_bench import ANNA, BEN, CLEO, Row, fill, judgment

WHO = (ANNA, BEN, CLEO)
QUESTIONS = "questions"


def proved(rows: list[Row], synonyms: dict[str, str] | None = None, forms: Forms | None = None) -> dict[int, Verdict]:
    told = ", ".join(f"{{'raw': '{raw}', 'answer': '{to}'}}" for raw, to in (synonyms or {}).items())
    with duckdb.connect() as con:
        fill(con, "judgments", rows)
        con.execute(
            "create table questions as select unnest(['tone', 'other']) as question_id, 's' as source_id,"
            f" [{told}]::struct(raw varchar, answer varchar)[] as declared_synonyms"
        )
        return {one.definition.number: one for one in prove_answers(con, "judgments", QUESTIONS, ["s"], forms or {})}


def given(*pairs: tuple[str, str], kind: str = "choice", **changes: Any) -> list[Row]:
    """Judgments of one question, as (raw answer, canonical answer), one by each annotator."""
    return [
        judgment("i1", WHO[number % 3], "tone", "x", number, answer_type=kind, raw_answer=raw, answer=answer, **changes)
        for number, (raw, answer) in enumerate(pairs)
    ]


NEG = '[{"start":3,"end":9,"text":null,"label":"NEG","comment":null}]'
SPANS: Forms = {
    ("s", "tone"): Form(element_parts=('$."from"', '$."to"', '$."label"'), start='$."from"', nothing_at=-1),
}
RANKS: Forms = {("s", "tone"): Form(element_parts=('$."o"', '$."r"'))}
TIERS: Forms = {("s", "tone"): Form(is_tiers=True)}
SPLIT: Forms = {("s", "tone"): Form(separator=";")}
MERGED: dict[str, tuple[list[Row], list[Row], Forms]] = {
    "ratings rounded": (
        given(("3.4", "4"), ("3.6", "4"), kind="rating"),
        given(("3.4", "3.4"), ("3.6", "3.6"), kind="rating"),
        {},
    ),
    "a case folded": (given(("Rude", '"rude"'), ("rude", '"rude"')), given(("Rude", '"Rude"'), ("rude", '"rude"')), {}),
    "white space trimmed": (given((" a", '"a"'), ("a", '"a"')), given((" a", '" a"'), ("a", '"a"')), {}),
    "Unicode forms made one": (
        given(("caf\u00e9", '"caf\u00e9"'), ("cafe\u0301", '"caf\u00e9"')),
        given(("caf\u00e9", '"caf\u00e9"'), ("cafe\u0301", '"cafe\u0301"')),
        {},
    ),
    "sets": (
        given(('["a","b"]', '["a"]'), ('["a"]', '["a"]'), kind="multi_choice"),
        given(('["b","a"]', '["a","b"]'), ('["a","b"]', '["a","b"]'), kind="multi_choice"),
        {},
    ),
    "sets in one text": (
        given(("a;b", '["a"]'), ("a", '["a"]'), kind="multi_choice"),
        given(("b;a", '["a","b"]'), ("a;b", '["a","b"]'), kind="multi_choice"),
        SPLIT,
    ),
    "labels of spans": (
        given(('[{"from":3,"to":9,"label":"NEG"}]', NEG), ('[{"from":3,"to":9,"label":"POS"}]', NEG), kind="spans"),
        given(
            ('[{"from":3,"to":9,"label":"NEG","user":1}]', NEG),
            ('[{"from":3,"to":9,"label":"NEG","user":2},{"from":-1,"to":-1,"label":"NEG"}]', NEG),
            kind="spans",
        ),
        SPANS,
    ),
    "ranks in a list": (
        given(
            ('[{"o":"a","r":1},{"o":"b","r":1}]', '[["a",1],["b",2]]'),
            ('[{"o":"a","r":1},{"o":"b","r":2}]', '[["a",1],["b",2]]'),
            kind="ranking",
        ),
        given(
            ('[{"o":"a","r":1},{"o":"b","r":2}]', '[["a",1],["b",2]]'),
            ('[{"o":"b","r":2,"by":"x"},{"o":"a","r":1}]', '[["a",1],["b",2]]'),
            kind="ranking",
        ),
        RANKS,
    ),
    "tiers": (
        given(('{"x.best":["a"]}', '[["a",1]]'), ('{"x.fair":["a"]}', '[["a",1]]'), kind="ranking"),
        given(
            ('{"x.best":["a","b"],"x.fair":[]}', '[["a",1],["b",1]]'),
            ('{"x.best":["b","a"]}', '[["a",1],["b",1]]'),
            kind="ranking",
        ),
        TIERS,
    ),
    "a text alone and another set": (
        given(('"a"', '["a"]'), ('["a","b"]', '["a"]'), kind="multi_choice"),
        given(('"a"', '["a"]'), ('["a"]', '["a"]'), kind="multi_choice"),
        {},
    ),
    "strengths rounded": (
        given(
            ('{"p":"A","s":"2.4"}', '{"preference":"left","strength":2.0}'),
            ('{"p":"A","s":"2"}', '{"preference":"left","strength":2.0}'),
            kind="pairwise",
        ),
        given(
            ('{"p":"A","s":"2.0"}', '{"preference":"left","strength":2.0}'),
            ('{"p":"A","s":"2"}', '{"preference":"left","strength":2.0}'),
            kind="pairwise",
        ),
        {},
    ),
    "a missing answer made an option": (given(("", '"no"'), ("no", '"no"')), given(("no", '"no"')), {}),
    "strings and words": (
        given(('"a"', '"a"'), ('"b"', '"a"')),
        given(('"a"', '"a"'), ("a", '"a"')),
        {},
    ),
}


@pytest.mark.parametrize("case", MERGED)
def test_raw_answers_that_became_one_are_named_and_others_are_not(case: str) -> None:
    merged, kept, forms = MERGED[case]
    verdict = proved(merged, forms=forms)[4]
    assert (verdict.count_in, verdict.count_out, verdict.offending) == (2, 1, 1)
    assert "all became" in verdict.offenders[0]
    assert all(row["raw_answer"][:20] in verdict.offenders[0] for row in merged)
    assert proved(kept, forms=forms)[4].held


def test_synonyms_are_one_answer_only_where_they_are_declared() -> None:
    rows = given(("No", '"0"'), ("0", '"0"'))
    assert not proved(rows)[4].held
    assert not proved(rows, {"Nope": "0"})[4].held
    assert proved(rows, {"No": "0"})[4].held


def test_a_side_may_be_told_by_two_raw_answers_if_the_order_of_presentation_tells_which() -> None:
    rows = given(("A", '"left"'), ("B", '"left"'), kind="pairwise")
    assert not proved(rows)[4].held
    for row, first in zip(rows, ("m1", "m2"), strict=True):
        row["presentation_order"] = [first, "m3"]
    assert proved(rows)[4].held


def test_an_abstention_may_override_any_answer_and_no_other_may() -> None:
    raws = (('{"slider":"50","none":"1"}', '"1"'), ('{"slider":"60","none":"1"}', '"1"'))
    assert proved(given(*raws, kind="rating", abstained=True))[4].held
    assert not proved(given(*raws, kind="rating"))[4].held


def test_the_same_answer_under_another_status_is_another_answer() -> None:
    rows = given(("a", '"a"'), ("a ", '"a"'))
    rows[1]["status"] = "skipped"
    assert proved(rows)[4].held


RANKED = [{"option": "x", "rank": 1}, {"option": "y", "rank": 1}]
SPAN = [{"start": 3, "end": 9, "text": None, "label": "NEG", "comment": None}]
TYPED: dict[str, tuple[str, str, dict[str, Any], dict[str, Any]]] = {
    "choice": ("a", '"a"', {"answer_choice": "a"}, {"answer_choice": "b"}),
    "rating": ("3.50", "3.50", {"answer_number": 3.5}, {"answer_number": 4.0}),
    "multi_choice": ('["a"]', '["a"]', {"answer_choices": ["a"]}, {"answer_choices": []}),
    "pairwise": ("A", '"left"', {"answer_preference": "left"}, {"answer_preference": "tie"}),
    "pairwise, graded": (
        '{"p":"A","s":"2.5"}',
        '{"preference":"left","strength":2.5}',
        {"answer_preference": "left", "answer_strength": 2.5},
        {"answer_preference": "left", "answer_strength": 2.0},
    ),
    "ranking": ('["x","y"]', '[["x",1],["y",1]]', {"answer_ranking": RANKED}, {"answer_ranking": RANKED[:1]}),
    "best_worst": (
        "{}",
        '{"best":"x","worst":"y"}',
        {"answer_best": "x", "answer_worst": "y"},
        {"answer_best": "y", "answer_worst": "x"},
    ),
    "spans": ("[]", NEG, {"answer_spans": SPAN}, {"answer_spans": [{**SPAN[0], "end": 8}]}),
    "text": (" two words ", '" two words "', {"answer_text": " two words "}, {"answer_text": "two words"}),
}


@pytest.mark.parametrize("kind", TYPED)
def test_a_typed_column_that_says_something_else_is_named(kind: str) -> None:
    raw, answer, right, wrong = TYPED[kind]
    row = given((raw, answer), kind=kind.split(",")[0], answer_choice=None)[0]
    assert proved([row | right])[5].held
    verdict = proved([row | wrong])[5]
    assert verdict.offending == 1
    assert verdict.offenders[0].startswith(f"s/i1, question tone, annotator {ANNA}: ")


def test_words_are_their_raw_answer_decoded_and_not_a_letter_less() -> None:
    decoded = given(('"a\\nb"', '"a\\nb"'), kind="text", answer_choice=None, answer_text="a\nb")
    assert proved(decoded)[5].held
    wrapped = given(('["a\\nb"]', '"a\\nb"'), kind="text", answer_choice=None, answer_text="a\nb")
    assert proved(wrapped)[5].held
    several = given(('["a","b"]', '"a"'), kind="text", answer_choice=None, answer_text="a")
    assert proved(several)[5].offending == 1
    cut = given(("a longer text", '"a longer"'), kind="text", answer_choice=None, answer_text="a longer")
    assert proved(cut)[5].offending == 1


def test_an_answer_with_another_status_is_compared_within_it() -> None:
    row = given(("a", '{"rejected":"a"}'), answer_choice="a", status="rejected")[0]
    assert proved([row])[5].held
    assert not proved([row | {"answer_choice": "b"}])[5].held


@pytest.mark.parametrize("kind", [kind for kind in TYPED if "," not in kind])
def test_a_draft_without_an_answer_has_none_in_any_column(kind: str) -> None:
    """It is no abstention: the question was asked, and is open."""
    _, _, right, _ = TYPED[kind]
    row = given(("", '{"draft":null}'), kind=kind, answer_choice=None, status="draft")[0] | {"raw_answer": None}
    assert proved([row])[5].held
    assert proved([row | right])[5].offending == 1


def test_an_answer_that_is_no_json_offends_and_stops_nothing() -> None:
    rows = given(("a", '"a\\N"'), ("b", '"b"'))
    rows[1]["answer_choice"] = "b"
    assert proved(rows)[5].offending == 1


def test_an_answer_of_no_known_type_offends() -> None:
    assert not proved(given(("a", '"a"'), kind="vote"))[5].held
