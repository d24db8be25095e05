"""Every kind of answer through a contract: canonical form, typed column, abstention, raw answer, or why it is refused.

Each test is a contract of a few lines and the smallest export that shows the point.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.contracts.model import SourceContract
from pipelines.domain.answers import Abstention, BestWorst, Pairwise, Ranking, Span, Spans, canonical
from pipelines.domain.pseudonyms import PseudonymKey
from pipelines.domain.vocabulary import Preference, Status
from pipelines.ingest import ingest_source
from pipelines.landing.home import Home
from pipelines.landing.land import connect
from tests.recounting import assert_recounted
from tests.unit.landed import landed_folders

KEY = PseudonymKey(b"k" * 32)


class Landed:
    """What an export landed as."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def rows(self, columns: str, table: str = "judgments") -> list[tuple[Any, ...]]:
        """Columns of a landed table, in the order of the records and questions."""
        order = {"judgments": "record_ordinal, record_part, question_id", "quarantine": "record_ordinal"}
        query = f"select {columns} from read_parquet('{self._folder}/{table}/*.parquet')"
        with connect() as con:
            return con.execute(f"{query} order by {order.get(table, '1')}").fetchall()

    def refused(self) -> list[tuple[Any, ...]]:
        """(record, question, reason) of what went to quarantine."""
        return self.rows("record_ordinal, question_id, reason", "quarantine")


def land(tmp_path: Path, question: dict[str, Any], answer: Any, records: list[Any], **mapping: Any) -> Landed:
    """Land records (as JSONL, or one CSV text) that answer one question; ``mapping`` adds to the file's mapping."""
    is_csv = isinstance(records[0], str)
    contract = SourceContract.model_validate(
        {
            "source": "every",
            "title": "Every",
            "licence": "MIT",
            "platform": "tool",
            "attribution": "stable",
            "questions": {"q": question},
            "files": [
                {
                    "role": "judgments",
                    "pattern": "export",
                    "dialect": {"format": "csv" if is_csv else "jsonl"},
                    "item": {"key": "item"},
                    "annotator": {"key": "who"},
                    "answers": {"q": answer},
                    **mapping,
                }
            ],
        }
    )
    inbox = tmp_path / "inbox" / "every"
    inbox.mkdir(parents=True)
    lines = records if is_csv else [json.dumps({"item": "i", "who": "ana", **record}) for record in records]
    (inbox / "export").write_text("\n".join(lines) + "\n", encoding="utf-8")
    home = Home(tmp_path / "home")
    report = ingest_source(contract, inbox.parent, home, KEY)
    (one,) = report.receipts
    assert one.refused_as_a_whole is None, one.message
    assert one.candidates == one.judgments + one.judgments_refused
    assert_recounted(contract, home, KEY)
    return Landed(*landed_folders(contract, home, KEY))


def test_an_empty_set_a_missing_one_a_rejected_and_an_ignored_one_are_four_things(tmp_path: Path) -> None:
    landed = land(
        tmp_path,
        {"type": "multi_choice", "options": ["a", "b"]},
        "tags",
        [
            {"tags": [], "answer": "accept"},
            {"answer": "accept"},
            {"tags": None, "answer": "accept"},
            {"tags": [], "answer": "reject"},
            {"tags": [], "answer": "ignore"},
            {"answer": "ignore"},
            {"tags": ["b", "a"], "answer": "accept"},
        ],
        status={"field": "answer", "values": {"accept": "submitted", "reject": "rejected", "ignore": "ignored"}},
    )
    assert landed.rows("record_ordinal, answer, answer_choices, status, abstained, raw_answer") == [
        (0, "[]", [], "submitted", False, "[]"),
        (3, '{"rejected":[]}', [], "rejected", False, "[]"),
        (4, '{"ignored":[]}', [], "ignored", True, "[]"),
        (5, '{"ignored":null}', None, "ignored", True, None),
        (6, '["a","b"]', ["a", "b"], "submitted", False, '["b","a"]'),
    ]
    assert landed.refused() == [(2, "q", "answer_missing")]


def test_what_is_not_there_is_refused_where_the_format_has_no_absence(tmp_path: Path) -> None:
    """A JSON field that is absent is no candidate; a CSV cell is always there, and an empty one is no answer."""
    landed = land(
        tmp_path,
        {"type": "multi_choice", "options": ["a", "b"]},
        {"one_hot": {"prefix": "is."}},
        ["item,who,is.a,is.b", "i,ana,0,0", "i,ana,1,1", "i,ana,,", "i,ana,2,0"],
    )
    assert landed.rows("answer, raw_answer") == [
        ("[]", '{"is.a":"0","is.b":"0"}'),
        ('["a","b"]', '{"is.a":"1","is.b":"1"}'),
    ]
    assert landed.refused() == [(2, "q", "answer_malformed"), (3, "q", "answer_malformed")]


@pytest.mark.parametrize("kind", ["ordinal", "interval", "ratio"])
def test_a_rating_keeps_its_digits_and_the_box_beside_the_slider_overrides_it(tmp_path: Path, kind: str) -> None:
    bounds = {} if kind == "ratio" else {"min": 0, "max": 100}
    landed = land(
        tmp_path,
        {"type": "rating", "scale": {"kind": kind, **bounds}, "abstain": ["N/A"]},
        {"field": "slider", "not_applicable": {"field": "box", "values": ["N/A"]}},
        [
            {"slider": 50, "box": None},
            {"slider": 50, "box": "N/A"},
            {"box": "N/A"},
            {"slider": 0.10, "box": "ok"},
            {"slider": 1e5},
        ],
    )
    unbounded = [("100000.0", 1e5, False, "100000.0")] if kind == "ratio" else []
    assert landed.rows("answer, answer_number, abstained, raw_answer") == [
        ("50", 50, False, "50"),
        ('"N/A"', None, True, '{"slider":50,"box":"N/A"}'),
        ('"N/A"', None, True, '{"box":"N/A"}'),
        ("0.1", 0.1, False, "0.1"),
        *unbounded,
    ]
    assert landed.refused() == ([] if unbounded else [(4, "q", "answer_out_of_scale")])


BOX = {"not_applicable": {"field": "box", "values": ["N/A"]}}


@pytest.mark.parametrize(
    ("question", "answer", "record"),
    [
        ({"type": "text"}, {"field": "x"}, {"x": "words"}),
        ({"type": "pairwise", "answers": {"A": "left"}}, {"field": "x"}, {"x": "A"}),
        ({"type": "ranking"}, {"field": "x"}, {"x": ["a", "b"]}),
        ({"type": "ranking"}, {"ranks": {"a": "x", "b": "y"}}, {"x": 1, "y": 2}),
        ({"type": "ranking"}, {"field": "x", "rank_of": "y"}, {"x": 1, "y": "a"}),
        ({"type": "best_worst"}, {"best": "x", "worst": "y"}, {"x": "a", "y": "b"}),
        ({"type": "spans"}, {"spans": {"list": "x", "text": "t"}}, {"x": [{"t": "a"}]}),
        ({"type": "multi_choice", "options": ["a", "N/A"]}, {"field": "x"}, {"x": ["a"]}),
        ({"type": "choice", "options": ["a", "N/A"]}, {"field": "x"}, {"x": "a"}),
    ],
)
def test_a_box_overrides_an_answer_of_any_type(tmp_path: Path, question: Any, answer: Any, record: Any) -> None:
    landed = land(
        tmp_path,
        {**question, "abstain": ["N/A"]},
        {**answer, **BOX},
        [{**record, "box": ""}, {**record, "box": "N/A"}, {"box": "N/A"}],
    )
    assert landed.refused() == []
    answered, declined, alone = landed.rows("answer, abstained, status")
    assert answered[0] != '"N/A"'
    assert not answered[1]
    assert declined == alone == (canonical(Abstention("N/A")), True, "submitted")
    typed = "answer_text, answer_preference, answer_ranking, answer_best, answer_spans, answer_choices, answer_number"
    assert set(landed.rows(typed)[1]) == {None}


@pytest.mark.parametrize(
    ("question", "answer", "record", "raw"),
    [
        ({"type": "text"}, {"field": "x"}, {"x": "pass"}, '"pass"'),
        ({"type": "choice", "options": ["a", "pass"]}, {"field": "x"}, {"x": "pass"}, '"pass"'),
        ({"type": "rating", "scale": {"kind": "ratio"}}, {"field": "x"}, {"x": "pass"}, '"pass"'),
        ({"type": "pairwise", "answers": {"A": "left"}}, {"field": "x"}, {"x": "pass"}, '"pass"'),
        ({"type": "ranking"}, {"field": "x"}, {"x": "pass"}, '"pass"'),
        ({"type": "ranking"}, {"ranks": {"a": "x", "b": "y"}}, {"x": "pass", "y": "pass"}, '{"x":"pass","y":"pass"}'),
        ({"type": "ranking"}, {"field": "x", "rank_of": "y"}, {"x": "pass", "y": "a"}, '{"y":"a","x":"pass"}'),
        ({"type": "best_worst"}, {"best": "x", "worst": "y"}, {"x": "pass", "y": "pass"}, '{"x":"pass","y":"pass"}'),
        ({"type": "spans"}, {"spans": {"list": "x", "text": "t"}}, {"x": "pass"}, '"pass"'),
    ],
)
def test_a_word_in_place_of_an_answer_of_any_type_abstains(
    tmp_path: Path, question: Any, answer: Any, record: Any, raw: str
) -> None:
    landed = land(tmp_path, {**question, "abstain": ["pass"]}, answer, [record])
    assert landed.refused() == []
    assert landed.rows("answer, abstained, raw_answer") == [('"pass"', True, raw)]


@pytest.mark.parametrize(
    ("question", "answer", "record"),
    [
        ({"type": "ranking"}, {"field": "x"}, {"x": "other"}),
        ({"type": "ranking"}, {"ranks": {"a": "x", "b": "y"}}, {"x": "pass", "y": 1}),
        ({"type": "best_worst"}, {"best": "x", "worst": "y"}, {"x": "a", "y": "pass"}),
        ({"type": "spans"}, {"spans": {"list": "x", "text": "t"}}, {"x": "other"}),
    ],
)
def test_half_an_abstention_is_refused(tmp_path: Path, question: Any, answer: Any, record: Any) -> None:
    """The twin of the abstentions: another word, or a word beside an answer."""
    landed = land(tmp_path, {**question, "abstain": ["pass"]}, answer, [record])
    assert landed.rows("answer") == []
    assert landed.refused() == [(0, "q", "answer_malformed")]


RESPONSES = {"key": "item", "responses": [{"key": "a", "text": "ra"}, {"key": "b", "text": "rb"}]}
PAIR = {"ra": "One.", "rb": "Two."}


def test_a_comparison_keeps_ties_and_strength(tmp_path: Path) -> None:
    graded = {"A>>": {"preference": "left", "strength": 2}, "=": "tie", "<B": {"preference": "right", "strength": 0.5}}
    landed = land(
        tmp_path, {"type": "pairwise", "answers": graded}, "x", [{"x": "A>>"}, {"x": "="}, {"x": "<B"}, {"x": "?"}]
    )
    assert landed.rows("answer, answer_preference, answer_strength, raw_answer") == [
        (canonical(Pairwise(Preference.LEFT, 2)), "left", 2, '"A>>"'),
        (canonical(Pairwise(Preference.TIE)), "tie", None, '"="'),
        (canonical(Pairwise(Preference.RIGHT, 0.5)), "right", 0.5, '"<B"'),
    ]
    assert landed.refused() == [(3, "q", "answer_unknown_option")]


def test_a_strength_may_stand_in_a_field_of_its_own(tmp_path: Path) -> None:
    landed = land(
        tmp_path,
        {"type": "pairwise", "answers": {"A": "left", "B": "right"}},
        {"field": "x", "strength": "how"},
        [{"x": "A", "how": 3}, {"x": "B", "how": None}, {"x": "B"}, {"x": "A", "how": "much"}, {"x": "A", "how": -1}],
    )
    assert landed.rows("answer, answer_strength, raw_answer") == [
        (canonical(Pairwise(Preference.LEFT, 3)), 3, '{"x":"A","how":3}'),
        (canonical(Pairwise(Preference.RIGHT)), None, '{"x":"B","how":null}'),
        (canonical(Pairwise(Preference.RIGHT)), None, '{"x":"B"}'),
    ]
    assert landed.refused() == [(3, "q", "answer_malformed"), (4, "q", "answer_malformed")]


@pytest.mark.parametrize(
    ("order", "told"),
    [
        ({"field": "order"}, [["a", "b"], ["b", "a"]]),
        ({"field": "order", "split": "|"}, ["a|b", "b|a"]),
        ({"field": "order", "values": {"A first": ["a", "b"], "B first": ["b", "a"]}}, ["A first", "B first"]),
    ],
)
def test_the_order_of_presentation_may_differ_by_record(tmp_path: Path, order: Any, told: list[Any]) -> None:
    """Left is the item's first response wherever it was shown; where an answer names the side, the order decides."""
    records = [
        {**PAIR, "x": "left", "order": told[0]},
        {**PAIR, "x": "left", "order": told[1]},
        {**PAIR, "x": "tie", "order": told[1]},
        {**PAIR, "x": "right", "order": told[1]},
        {**PAIR, "x": "right", "order": None},
        {**PAIR, "x": "tie", "order": None},
        {**PAIR, "x": "left", "order": "a,c"},
    ]
    answers = {side: side for side in ("left", "right", "tie")}
    by_response = land(
        tmp_path / "1", {"type": "pairwise", "answers": answers}, "x", records, item=RESPONSES, presentation_order=order
    )
    ab, ba = ["a", "b"], ["b", "a"]
    assert by_response.rows("answer_preference, presentation_order") == [
        ("left", ab),
        ("left", ba),
        ("tie", ba),
        ("right", ba),
        ("right", None),
        ("tie", None),
    ]
    assert by_response.refused() == [(6, None, "order_unknown")]
    shown = {"type": "pairwise", "answers": answers, "sides": "shown"}
    by_side = land(tmp_path / "2", shown, "x", records, item=RESPONSES, presentation_order=order)
    assert by_side.rows("answer, answer_preference, presentation_order, raw_answer") == [
        ('"left"', "left", ab, '"left"'),
        ('"right"', "right", ba, '"left"'),
        ('"tie"', "tie", ba, '"tie"'),
        ('"left"', "left", ba, '"right"'),
        ('"tie"', "tie", None, '"tie"'),
    ]
    assert by_side.refused() == [(4, "q", "order_unknown"), (6, None, "order_unknown")]


def test_rankings_keep_ties_and_gaps_in_one_row_or_one_row_an_option(tmp_path: Path) -> None:
    landed = land(
        tmp_path / "1",
        {"type": "ranking"},
        {"ranks": {"a": "ra", "b": "rb", "c": "rc"}},
        ["item,who,ra,rb,rc", "i,ana,2,1,3", "i,ana,1,1,3", "i,ana,1,,2", "i,ana,1,2.5,3"],
    )
    assert landed.rows("answer, answer_ranking") == [
        (
            canonical(Ranking((("b", 1), ("a", 2), ("c", 3)))),
            [{"option": "b", "rank": 1}, {"option": "a", "rank": 2}, {"option": "c", "rank": 3}],
        ),
        (
            canonical(Ranking((("a", 1), ("b", 1), ("c", 3)))),
            [{"option": "a", "rank": 1}, {"option": "b", "rank": 1}, {"option": "c", "rank": 3}],
        ),
    ]
    assert landed.refused() == [(2, "q", "answer_malformed"), (3, "q", "answer_malformed")]
    by_row = land(
        tmp_path / "2",
        {"type": "ranking"},
        {"field": "rank", "rank_of": "system"},
        ["item,who,system,rank", "i,ana,a,1", "i,ana,b,1", "i,ana,c,"],
    )
    assert by_row.rows("answer, raw_answer") == [
        (canonical(Ranking((("a", 1),))), '{"system":"a","rank":"1"}'),
        (canonical(Ranking((("b", 1),))), '{"system":"b","rank":"1"}'),
    ]
    assert len(by_row.refused()) == 1


def test_a_ranking_may_be_a_list_of_options_best_first(tmp_path: Path) -> None:
    best_first = canonical(Ranking((("b", 1), ("a", 2), ("c", 3))))
    records = [{"x": ["b", "a", "c"]}, {"x": ["b"]}, {"x": []}, {"x": ["b", "b"]}, {"x": ["b", ["a"]]}, {"x": None}]
    landed = land(tmp_path / "1", {"type": "ranking"}, "x", records)
    assert landed.rows("answer, raw_answer") == [(best_first, '["b","a","c"]'), ('[["b",1]]', '["b"]')]
    reasons = ["answer_malformed", "answer_malformed", "answer_malformed", "answer_missing"]
    assert [reason for *_, reason in landed.refused()] == reasons
    split = land(
        tmp_path / "2", {"type": "ranking"}, {"field": "x", "split": ">"}, ["item,who,x", "i,ana,b>a>c", "i,ana,"]
    )
    assert split.rows("answer, raw_answer") == [(best_first, "b>a>c")]
    assert split.refused() == [(1, "q", "answer_missing")]


def test_best_and_worst_may_be_the_same(tmp_path: Path) -> None:
    landed = land(
        tmp_path,
        {"type": "best_worst"},
        {"best": "b", "worst": "w", "among": ["o1", "o2"]},
        ["item,who,o1,o2,b,w", "i,ana,x,y,x,y", "i,ana,x,y,x,x", "i,ana,x,y,x,z", "i,ana,x,y,,y"],
    )
    assert landed.rows("answer, answer_best, answer_worst, raw_answer") == [
        (canonical(BestWorst("x", "y")), "x", "y", '{"b":"x","w":"y"}'),
        (canonical(BestWorst("x", "x")), "x", "x", '{"b":"x","w":"x"}'),
    ]
    assert landed.refused() == [(2, "q", "answer_unknown_option"), (3, "q", "answer_missing")]


def test_spans_keep_labels_comments_and_their_order(tmp_path: Path) -> None:
    marked = [{"s": 4, "e": 6, "l": "bad", "c": "why?"}, {"s": 0, "e": 2, "l": None}]
    fields = {"list": "marks", "start": "s", "end": "e", "label": "l", "comment": "c", "nothing_at": -1}
    landed = land(
        tmp_path,
        {"type": "spans"},
        {"spans": fields},
        [{"marks": marked}, {"marks": []}, {"marks": [{"s": -1, "e": -1}]}, {"marks": [{"s": 5, "e": 4}]}],
    )
    expected = Spans((Span(4, 6, "bad", None, "why?"), Span(0, 2)))
    found = landed.rows("answer, answer_spans, raw_answer")
    assert found[0][0] == canonical(expected)
    assert [(span["start"], span["end"], span["label"], span["comment"]) for span in found[0][1]] == [
        (4, 6, "bad", "why?"),
        (0, 2, None, None),
    ]
    assert found[1:] == [("[]", [], "[]"), ("[]", [], '[{"s":-1,"e":-1}]')]
    assert landed.refused() == [(3, "q", "answer_malformed")]


@pytest.mark.parametrize(
    ("question", "answer", "records"),
    [
        ({"type": "ranking"}, {"field": "x"}, [{"x": ["a"]}, {"x": ""}, {"x": None}, {"x": []}]),
        ({"type": "ranking"}, {"field": "x", "split": ">"}, [{"x": "a"}, {"x": ""}, {"x": None}, {"x": []}]),
        ({"type": "ranking"}, {"field": "x", "rank_of": "y"}, [{"x": 1, "y": "a"}, {"x": "", "y": "a"}, {"x": None}]),
        (
            {"type": "ranking"},
            {"ranks": {"a": "x", "b": "y"}},
            [{"x": 1, "y": 1}, {"x": "", "y": ""}, {"x": None, "y": None}],
        ),
        ({"type": "best_worst"}, {"best": "x", "worst": "y"}, [{"x": "a", "y": "b"}, {"x": "", "y": ""}]),
        ({"type": "spans"}, {"spans": {"list": "x", "text": "t"}}, [{"x": [{"t": "a"}]}, {"x": ""}, {"x": []}]),
        (
            {"type": "pairwise", "answers": {"A": "left"}},
            {"field": "x", "strength": "y"},
            [{"x": "A", "y": 1}, {"x": "", "y": 1}, {"x": None, "y": 1}],
        ),
        (
            {"type": "choice", "options": ["a", "b"]},
            {"one_hot": {"columns": {"a": "x", "b": "y"}}},
            [{"x": 1, "y": 0}, {"x": "", "y": ""}, {"x": None, "y": None}],
        ),
    ],
)
def test_silence_is_declared_for_an_answer_of_any_type(
    tmp_path: Path, question: Any, answer: Any, records: list[Any]
) -> None:
    """Of several fields, all hold the declared value; one alone is half an answer."""
    declared = {**question, "unanswered": ["", None, "[]"]}
    landed = land(tmp_path / "1", declared, answer, records)
    assert landed.rows("record_ordinal") == [(0,)]
    assert landed.refused() == []
    undeclared = land(tmp_path / "2", question, answer, records)
    told = {ordinal for ordinal, *_ in undeclared.refused()} | {
        ordinal for (ordinal,) in undeclared.rows("record_ordinal")
    }
    assert told == set(range(len(records)))


def test_half_a_silence_is_refused(tmp_path: Path) -> None:
    question = {"type": "ranking", "unanswered": ["", None]}
    records = [{"x": "", "y": 1}, {"x": None, "y": ""}, {"x": 1}]
    landed = land(tmp_path, question, {"ranks": {"a": "x", "b": "y"}}, records)
    assert landed.rows("answer") == []
    assert [ordinal for ordinal, *_ in landed.refused()] == [0, 1, 2]


def test_who_marked_nothing_and_said_so_is_not_silent(tmp_path: Path) -> None:
    """What says that nothing was marked is an answer, though an empty list is none: a judgment was dropped here."""
    fields = {"list": "marks", "start": "s", "end": "e", "nothing_at": -1}
    question = {"type": "spans", "unanswered": ["[]"]}
    landed = land(tmp_path, question, {"spans": fields}, [{"marks": [{"s": -1, "e": -1}]}, {"marks": []}])
    assert landed.rows("record_ordinal, answer") == [(0, "[]")]


def test_a_word_in_a_table_is_no_null(tmp_path: Path) -> None:
    """A judgment was dropped here: CSV has no null, and the word is what somebody wrote."""
    landed = land(tmp_path, {"type": "text", "unanswered": [None]}, "x", ["item,who,x", "i,ana,null", "i,bob,"])
    assert landed.rows("answer_text") == [("null",), ("",)]


@pytest.mark.parametrize("strength", [{}, [1, 2], {"by": 3}, [], True, "much", -1])
def test_a_strength_that_cannot_be_read_is_refused(tmp_path: Path, strength: Any) -> None:
    """An object or a list became no strength at all."""
    question = {"type": "pairwise", "answers": {"A": "left"}}
    landed = land(tmp_path, question, {"field": "x", "strength": "y"}, [{"x": "A", "y": strength}, {"x": "A", "y": 2}])
    assert landed.rows("answer") == [(canonical(Pairwise(Preference.LEFT, 2)),)]
    assert landed.refused() == [(0, "q", "answer_malformed")]


@pytest.mark.parametrize("strength", [0.0, 1e-5, 1e-6, 1.5e-7, 1e16, 123456789012345680.0, 1e21, 1.5e22, 5e-324, 0.1])
def test_a_strength_has_one_canonical_form(tmp_path: Path, strength: float) -> None:
    """Python and DuckDB write very small and very large ones differently."""
    question = {"type": "pairwise", "answers": {"A": "left"}}
    landed = land(tmp_path, question, {"field": "x", "strength": "y"}, [{"x": "A", "y": strength}])
    assert landed.rows("answer, answer_strength") == [(canonical(Pairwise(Preference.LEFT, strength)), strength)]


def test_text_is_untouched_and_silence_is_told_apart(tmp_path: Path) -> None:
    question = {"type": "text", "unanswered": ["", None], "abstain": ["(no comment)"]}
    landed = land(
        tmp_path,
        question,
        "x",
        [{"x": "  two \r\n lines\t"}, {"x": ""}, {"x": None}, {"x": "(no comment)"}, {"x": " "}],
    )
    assert landed.rows("record_ordinal, answer_text, abstained") == [
        (0, "  two \r\n lines\t", False),
        (3, "(no comment)", True),
        (4, " ", False),
    ]
    assert landed.refused() == []


def test_a_reason_and_a_confidence_go_with_their_judgment(tmp_path: Path) -> None:
    """Confidence is kept as it was given: a number to the last digit, or words."""
    landed = land(
        tmp_path,
        {"type": "choice", "options": ["a"]},
        {"field": "x", "rationale": "why", "confidence": "sure"},
        [{"x": "a", "why": " since ", "sure": 0.70}, {"x": "a", "sure": "very"}, {"x": "a", "why": "", "sure": 3}],
    )
    assert landed.rows("rationale, confidence") == [(" since ", "0.7"), (None, "very"), ("", "3")]


def test_machines_are_kept_apart_from_people(tmp_path: Path) -> None:
    """A field says who is one; a machine with a person's id is not that person; what is not said is refused."""
    kind = {"field": "by", "values": {"crowd": "human", "model": "machine"}}
    records = [{"x": "a", "by": "crowd"}, {"x": "a", "by": "model"}, {"x": "a", "by": "?"}, {"x": "a"}]
    question = {"type": "choice", "options": ["a"]}
    landed = land(tmp_path / "1", question, "x", records, annotator={"key": "who", "kind": kind})
    assert [row[0] for row in landed.rows("annotator_kind")] == ["human", "machine"]
    assert len(set(landed.rows("annotator_id"))) == 2
    assert {row[0] for row in landed.rows("annotator_kind", "annotators")} == {"human", "machine"}
    assert landed.refused() == [(2, None, "annotator_kind_unknown"), (3, None, "annotator_kind_unknown")]
    by_name = {"field": "who", "values": {"llm-1": "machine"}, "otherwise": "human"}
    named = land(
        tmp_path / "2",
        question,
        "x",
        [{"x": "a"}, {"x": "a", "who": "llm-1"}],
        annotator={"key": "who", "kind": by_name},
    )
    assert [row[0] for row in named.rows("annotator_kind")] == ["human", "machine"]
    always = land(tmp_path / "3", question, "x", [{"x": "a"}], annotator={"key": "who", "kind": "machine"})
    (person,), (machine,) = landed.rows("annotator_id")
    assert always.rows("annotator_id, annotator_kind") == [(machine, "machine")]
    assert named.rows("annotator_id")[0] == (person,)


def test_a_second_round_judges_the_explanation(tmp_path: Path) -> None:
    """As in VariErr: each explanation is an item, its author a pseudonym, and the author may judge it, too."""
    checks = [{"who": "ana", "ok": "yes"}, {"who": "bob", "ok": "no"}]
    record = {
        "item": "7",
        "entailment": [
            {"author": "ana", "reason": "It says so.", "checks": checks},
            {"author": "bob", "reason": "It says so.", "checks": checks[1:]},
        ],
    }
    landed = land(
        tmp_path,
        {"type": "choice", "options": ["yes", "no"]},
        "entailment.checks.ok",
        [record],
        each=[{"list": "entailment", "place": "explanation"}, {"list": "entailment.checks"}],
        item={"key": ["item", "$explanation"], "text": "entailment.reason", "author": "entailment.author"},
        annotator={"key": "entailment.checks.who"},
        ignored={"who": "a raw annotator id"},
    )
    judged = landed.rows("item_id, annotator_id, answer_choice")
    assert [(item, answer) for item, _, answer in judged] == [("7/1", "yes"), ("7/1", "no"), ("7/2", "no")]
    authors = {item: json.loads(extra)["author"] for item, extra in landed.rows("item_id, extra", "items")}
    ana, bob = judged[0][1], judged[1][1]
    assert authors == {"7/1": ana, "7/2": bob}
    assert judged[2][1] == bob
    assert "ana" not in str(landed.rows("*", "items") + landed.rows("*"))


def test_what_a_tool_suggested_is_kept_beside_and_is_no_judgment(tmp_path: Path) -> None:
    """A suggestion within the act goes with the judgment, one about the item with the item."""
    landed = land(
        tmp_path,
        {"type": "choice", "options": ["a"]},
        "acts.x",
        [{"predictions": [{"x": "b"}], "acts": [{"who": "ana", "x": "a", "suggested": "b"}]}],
        each={"list": "acts"},
        annotator={"key": "acts.who"},
    )
    assert landed.rows("answer_choice, extra") == [("a", '{"suggested":"b"}')]
    assert [json.loads(extra)["predictions"] for (extra,) in landed.rows("extra", "items")] == [[{"x": "b"}]]


def test_a_status_never_looks_like_a_submitted_answer() -> None:
    answers = {canonical(Abstention("a"), status) for status in Status}
    assert len(answers) == len(Status)


@pytest.mark.parametrize(
    ("question", "answer", "mapping", "told"),
    [
        ({"type": "text"}, {"field": "x", "strength": "y"}, {}, "strength belongs to pairwise"),
        ({"type": "text", "sides": "shown"}, "x", {}, "sides belong to pairwise"),
        ({"type": "pairwise", "answers": {"A": "left"}, "sides": "shown"}, "x", {}, "needs presentation_order"),
        (
            {"type": "pairwise", "answers": {"A": {"preference": "left", "strength": 1}}},
            {"field": "x", "strength": "y"},
            {},
            "not from both",
        ),
        ({"type": "spans"}, {"spans": {"list": "x"}}, {"dialect": {"format": "csv"}}, "spans need json"),
        ({"type": "text"}, "x", {"annotator": {"key": "who", "kind": {"field": "by"}}}, "field and values belong"),
        ({"type": "text"}, "x", {"annotator": {"key": "who", "kind": "robot"}}, "'human' or 'machine'"),
        ({"type": "text"}, "x", {"presentation_order": {"split": ","}}, "list of keys, or field"),
        (
            {"type": "text"},
            "x",
            {"item": RESPONSES, "presentation_order": {"field": "o", "values": {"1": ["a", "c"]}}},
            r"names \['c'\]",
        ),
        ({"type": "text"}, "x", {"item": RESPONSES, "presentation_order": ["a"]}, "each of"),
        ({"type": "text"}, "x", {"each": {"list": "l", "by": "b", "place": "p"}}, "place is an element's"),
    ],
)
def test_a_contract_that_cannot_be_meant_is_refused(
    tmp_path: Path, question: Any, answer: Any, mapping: Any, told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        land(tmp_path, question, answer, [{}], **mapping)
