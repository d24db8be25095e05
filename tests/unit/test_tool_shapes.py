"""What exports of annotation tools hold that plain tables do not: each form is read, and what is not of it refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.contracts.model import SourceContract
from pipelines.contracts.paths import parse_path
from pipelines.landing.land import connect
from pipelines.shapes.paths import MISSING, Finder, follow, named_steps
from tests.unit.landed import Landed, landed_folders, stated

OPTIONS = ["a", "b", "c"]
SET = {"type": "multi_choice", "options": OPTIONS}
CHOICE = {"type": "choice", "options": OPTIONS}
RANKING = {"type": "ranking"}
TEXT = {"type": "text"}


def mapping(answer: Any, **changes: Any) -> dict[str, Any]:
    return {
        "role": "judgments",
        "pattern": "*",
        "dialect": {"format": "json"},
        "item": {"key": "item"},
        "annotator": {"key": "who"},
        "answers": {"q": answer},
        **changes,
    }


def landed(tmp_path: Path, contract: SourceContract, *records: dict[str, Any], name: str = "a.json") -> Landed:
    return Landed(tmp_path, contract, {name: json.dumps(records).encode()})


def answered(tmp_path: Path, question: dict[str, Any], answer: Any, *values: Any, **changes: Any) -> list[Any]:
    """What each value of field ``x`` lands as: an answer, or why it was refused; None where it gives no judgment."""
    records = [{"item": str(n), "who": "ana", "x": value} for n, value in enumerate(values)]
    found = landed(tmp_path, stated({"q": question}, mapping(answer, **changes)), {"item": "-", "who": "ana"}, *records)
    told: dict[int, Any] = dict(found.rows("quarantine", "record_ordinal, reason"))
    told |= {ordinal: json.loads(answer) for ordinal, answer in found.rows("judgments", "record_ordinal, answer")}
    return [told.get(ordinal) for ordinal in range(1, len(values) + 1)]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("list[].n", [1, 2]),
        ("list[k=v][].n", [1]),
        ("list[k=none][]", []),
        ("list[].deep[]", ["x", "y", "z"]),
        ("list[].deep", [["x"], ["y", "z"]]),
        ("a[].n", MISSING),
        ("none[].n", MISSING),
        ("a[?b]", 7),
        ("plain[?b]", "w"),
        ("a[?c]", MISSING),
        ("nothing[?b]", None),
        ("list[k=v][?n]", 1),
    ],
)
def test_a_path_may_lead_to_several_elements_or_into_what_stands_for_itself(path: str, found: object) -> None:
    record = {"list": [{"k": "v", "n": 1, "deep": ["x"]}, {"k": "w", "n": 2, "deep": ["y", "z"]}, {"k": "u"}],
              "a": {"b": 7}, "plain": "w", "nothing": None}  # fmt: skip
    steps = parse_path(path)
    assert follow(record, steps) == found
    assert Finder([named_steps(steps), ("a", "b")]).find(record) == [found, 7]


def test_a_text_alone_is_a_set_of_one(tmp_path: Path) -> None:
    values = ["a", ["a"], ["c", "a"], [], "d", "", 1]
    assert answered(tmp_path, SET, "x", *values) == [["a"], ["a"], ["a", "c"], [], "answer_unknown_option",
                                                     "answer_malformed", "answer_malformed"]  # fmt: skip


def test_an_option_may_be_a_path_through_levels(tmp_path: Path) -> None:
    question = {"type": "multi_choice", "options": ["a", "a/b", "c"]}
    answer = {"field": "x", "levels": "/"}
    values = [[["a", "b"], ["c"]], [["a"]], [], [["a/b"]], ["a"], [["a", 1]], [[]], "a", [["b"]], [["a"], ["a"]]]
    wrong = "answer_malformed"
    assert answered(tmp_path, question, answer, *values) == [["a/b", "c"], ["a"], [], wrong, wrong, wrong, wrong, wrong,
                                                             "answer_unknown_option", wrong]  # fmt: skip


def test_several_texts_are_one_answer_where_the_contract_says_so(tmp_path: Path) -> None:
    values = [["one", "two"], ["NaN"], "null", [""], {"a": 1}, [], None]
    assert answered(tmp_path / "a", TEXT, {"field": "x", "several": True}, *values) == [
        '["one","two"]', "NaN", "null", "", '{"a":1}', "answer_missing", "answer_missing"]  # fmt: skip
    assert answered(tmp_path / "b", TEXT, "x", *values)[0] == "answer_malformed"


def test_ranks_may_stand_in_a_list_and_tie(tmp_path: Path) -> None:
    def ranked(*pairs: tuple[Any, Any]) -> list[dict[str, Any]]:
        return [{"value": option, "rank": rank} for option, rank in pairs]

    answer = {"ranked": {"list": "x", "option": "value", "rank": "rank"}}
    good = [ranked(("b", 1), ("a", 1), ("c", 3)), ranked(("a", "2"), ("b", 1))]
    bad = [ranked(), ranked(("a", 0)), ranked(("a", 1), ("a", 2)), ranked(("a", 1.5)), [{"value": "a"}], ["a"], "a",
           ranked((["a"], 1))]  # fmt: skip
    assert answered(tmp_path, RANKING, answer, *good, *bad) == [
        [["a", 1], ["b", 1], ["c", 3]], [["b", 1], ["a", 2]], *["answer_malformed"] * len(bad)]  # fmt: skip


def test_options_of_one_tier_tie_and_a_tier_says_the_rank(tmp_path: Path) -> None:
    answer = {"tiers": ["x.best", "x.fair", "x.bad"]}
    values: list[Any] = [
        {"best": ["b", "a"], "fair": [], "bad": ["c"], "_": ["d"]},
        {"fair": ["a"]},
        {"best": ["a"], "fair": ["a"]},
        {"best": [], "fair": []},
        {"best": "a"},
        {"best": [["a"]]},
        {},
    ]
    wrong = "answer_malformed"
    assert answered(tmp_path, RANKING, answer, *values) == [
        [["a", 1], ["b", 1], ["c", 3]], [["a", 2]], wrong, wrong, wrong, wrong, None]  # fmt: skip


def unknown(tmp_path: Path, *records: dict[str, Any], **changes: Any) -> Landed:
    annotator = {"key": "who[?id]", "unknown": {"values": [None, "None"], "by": "act"}}
    return landed(
        tmp_path, stated({"q": CHOICE}, mapping("x", annotator=annotator, judgment={"key": "act"}), **changes), *records
    )


def test_two_acts_by_nobody_that_is_named_are_by_two_annotators(tmp_path: Path) -> None:
    """Nor is one of them somebody whose raw id looks like theirs, or the same in another item."""
    whos: list[Any] = [None, None, "None", 7, {"id": 7}, "1"]
    records = [{"item": "i", "who": who, "act": act, "x": "a"} for act, who in enumerate(whos, 1)]
    rows = unknown(tmp_path, *records).rows("judgments", "record_ordinal, annotator_id, attribution")
    people = [who for _, who, _ in rows]
    assert {attribution for _, _, attribution in rows} == {"stable"}
    assert None not in people
    assert people[3] == people[4]
    assert len({*people}) == len(people) - 1


def test_who_is_absent_or_no_word_is_refused_and_never_unknown(tmp_path: Path) -> None:
    others: list[dict[str, Any]] = [{}, {"who": ""}, {"who": {"name": "ana"}}, {"who": [1, 2]}]
    records = [{"item": "i", "act": act, "x": "a", **other} for act, other in enumerate(others)]
    records.append({"item": "i", "who": None, "x": "a"})
    found = unknown(tmp_path, *records, {"item": "i", "who": 7, "act": 9, "x": "a"})
    assert [reason for _, reason in found.rows("quarantine", "record_ordinal, reason")] == [
        "annotator_missing"] * 4 + ["annotator_missing"]  # fmt: skip


def test_unknown_annotators_of_two_sources_are_not_one(tmp_path: Path) -> None:
    record = {"item": "i", "who": None, "act": 1, "x": "a"}
    one = unknown(tmp_path / "one", record, family="shared")
    other = unknown(tmp_path / "other", record, family="shared", source="other", inbox="made")
    (file,) = landed_folders(other.contract, other.home)
    with connect() as con:
        rows = con.execute(f"select annotator_id from read_parquet('{file}/judgments/*.parquet')").fetchall()
    assert len(rows) == 1
    assert one.rows("judgments", "annotator_id") != rows


def test_a_record_without_an_act_is_an_item_and_an_answer_in_it_is_refused(tmp_path: Path) -> None:
    status = {"field": "done", "values": {"true": "submitted", "false": "skipped"}}
    contract = stated({"q": CHOICE}, mapping("x", judgment={"key": "act", "may_be_absent": True}, status=status))
    records: list[dict[str, Any]] = [
        {"item": "i", "who": "ana", "act": 1, "done": True, "x": "a"},
        {"item": "j", "who": None, "act": None, "done": False},
        {"item": "k", "done": True},
        {"item": "l", "who": None, "act": None, "done": True, "x": "b"},
        {"item": "m", "who": "ana", "act": 2, "done": False},
        {"item": "n", "who": None, "act": 3, "done": True, "x": "a"},
    ]
    found = landed(tmp_path, contract, *records)
    assert found.rows("judgments", "item_id, answer") == [("i", '"a"'), ("m", '{"skipped":null}')]
    assert found.rows("quarantine", "record_ordinal, reason") == [(3, "judgment_key_missing"), (5, "annotator_missing")]
    assert [item for (item,) in found.rows("items", "item_id")] == ["i", "j", "k", "l", "m"]


def test_an_absent_status_is_what_the_contract_says(tmp_path: Path) -> None:
    status = {"field": "cut", "values": {"true": "skipped"}, "absent": "submitted"}
    records: list[dict[str, Any]] = [{"cut": True}, {}, {"cut": None}, {"cut": False}]
    found = landed(
        tmp_path, stated({"q": CHOICE}, mapping("x", status=status)),
        *[{"item": "i", "who": "ana", "x": "a", **one} for one in records],
    )  # fmt: skip
    assert found.rows("judgments", "record_ordinal, status") == [(0, "skipped"), (1, "submitted")]
    assert found.rows("quarantine", "record_ordinal, reason") == [(2, "status_unknown"), (3, "status_unknown")]


CELLS = {"format": "csv", "json_cells": {"x": "texts"}}


@pytest.mark.parametrize(
    ("cell", "answer"),
    [
        ('{"texts": ["a", "b"]}', '["a","b"]'),
        ('{"texts": ["a"], "more": 1.10}', "a"),
        ("plain", "plain"),
        ('{"other": 1}', '{"other": 1}'),
        ("[]", "[]"),
        ("[1]", "[1]"),
        ('{"texts": ["a"', '{"texts": ["a"'),
        ('{"texts": ["a"]},"x":{"texts":["b"]}', '{"texts": ["a"]},"x":{"texts":["b"]}'),
        ('{"texts": 1, "texts": 2}', '{"texts": 1, "texts": 2}'),
        (' {"texts": ["a"]}', ' {"texts": ["a"]}'),
        ("null", "null"),
    ],
)
def test_a_cell_is_json_where_it_has_the_key_and_else_the_text_that_it_is(
    tmp_path: Path, cell: str, answer: str
) -> None:
    contract = stated({"q": TEXT}, mapping({"field": "x[?texts]", "several": True}, dialect=CELLS))
    quoted = cell.replace('"', '""')
    found = Landed(tmp_path, contract, {"a.csv": f'item,who,x,rest\r\ni,ana,"{quoted}",kept\r\n'.encode()})
    ((given, extra),) = found.rows("judgments", "answer, extra")
    assert json.loads(given) == answer
    assert json.loads(extra)["rest"] == "kept"


GROUPS = [
    {"q": r"q\.said", "user": r"q\.users", "state": r"q\.state"},
    {"r": r"r\.said", "user": r"r\.users", "state": r"r\.state"},
]


def grouped(tmp_path: Path, *records: dict[str, Any]) -> Landed:
    files = mapping(
        "$q",
        each={"zips": GROUPS},
        annotator={"key": "$user"},
        status={"field": "$state", "values": {"sent": "submitted", "draft": "draft"}},
    )
    files["answers"]["r"] = "$r"
    return landed(tmp_path, stated({"q": CHOICE, "r": SET}, files), *records)


def test_groups_of_lists_are_read_side_by_side_each_by_itself(tmp_path: Path) -> None:
    """Lists differ in length between groups; what one group's acts do not ask is no skipped question of theirs."""
    one = {"q.said": ["a", "b"], "q.users": ["ana", "bo"], "q.state": ["sent", "draft"],
           "r.said": [["a"]], "r.users": ["bo"], "r.state": ["draft"]}  # fmt: skip
    found = grouped(
        tmp_path, {"item": "i", **one}, {"item": "j", **one, "q.said": None, "q.users": None, "q.state": None},
        {"item": "k"},
    )  # fmt: skip
    rows = found.rows("judgments", "item_id, record_part, question_id, answer")
    assert rows == [("i", 0, "q", '"a"'), ("i", 1, "q", '{"draft":"b"}'), ("i", 2, "r", '{"draft":["a"]}'),
                    ("j", 0, "r", '{"draft":["a"]}')]  # fmt: skip
    assert found.rows("quarantine", "reason") == []


@pytest.mark.parametrize("wrong", [{"q.users": ["ana"]}, {"q.state": None}, {"q.said": "a"}])
def test_a_group_of_lists_that_do_not_agree_refuses_its_record(tmp_path: Path, wrong: dict[str, Any]) -> None:
    good = {"q.said": ["a", "b"], "q.users": ["ana", "bo"], "q.state": ["sent", "sent"], "item": "i"}
    found = grouped(tmp_path, good, {**good, **wrong})
    assert found.rows("quarantine", "record_ordinal, reason") == [(1, "record_shape")]
    assert len(found.rows("judgments", "answer")) == 2


@pytest.mark.parametrize(
    "wrong", [[{"v": "a"}, {"by": "bo"}], [{"v": "a", "by": "ana"}, {"by": "bo"}], [{"v": "a", "by": "ana"}, "b"]]
)
def test_an_element_that_lacks_a_part_never_takes_anothers(tmp_path: Path, wrong: list[Any]) -> None:
    """Read side by side, the answer of one would be another's."""
    contract = stated(
        {"q": CHOICE}, mapping("$q", each={"zips": [{"q": "x[].v", "by": "x[].by"}]}, annotator={"key": "$by"})
    )
    good = {"item": "i", "x": [{"v": "a", "by": "ana"}, {"v": "b", "by": "bo"}]}
    found = landed(tmp_path, contract, good, {"item": "j", "x": wrong})
    assert found.rows("quarantine", "record_ordinal, reason") == [(1, "record_shape")]
    assert found.rows("judgments", "item_id, answer") == [("i", '"a"'), ("i", '"b"')]


@pytest.mark.parametrize(
    ("answer", "changes", "told"),
    [
        ({"field": "x[].$v"}, {"each": {"zips": [{"v": "y"}]}}, "cannot be looked up in each"),
        ({"field": "x[].y"}, {"dialect": {"format": "xml", "record": "a/b"}}, r"\[\] and \[\?x\] need json"),
        ({"tiers": ["x"]}, {"dialect": {"format": "csv"}}, "tiers need json"),
        ({"ranked": {"list": "x", "option": "o", "rank": "r"}}, {"dialect": {"format": "csv"}}, "ranked need json"),
        ({"field": "x", "tiers": ["y"]}, {}, "exactly one of"),
        ({"tiers": ["y"], "several": True}, {}, "say how field is read"),
        ("x", {"each": {"list": "x[].y"}}, "name the list itself"),
        ("x", {"each": {"zips": [{"a": "x[k=v]"}]}}, "name the list itself"),
        ("x", {"each": {"zips": [{"a": "x[].y[]"}]}}, "name the list itself"),
        ("x", {"each": {"zip": {"a": "x[].y"}}}, "name the list itself"),
        ("x", {"dialect": {"format": "json", "json_cells": {"x": "y"}}}, "json_cells belongs to format csv"),
    ],
)
def test_what_has_no_meaning_is_refused_with_the_contract(answer: Any, changes: dict[str, Any], told: str) -> None:
    question = TEXT if answer == {"tiers": ["y"], "several": True} else RANKING
    with pytest.raises(ValueError, match=told):
        stated({"q": question}, mapping(answer, **changes))
