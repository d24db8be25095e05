"""Every form that a contract may have is recounted as it lands: ``Landed`` holds each delivery to its recount.

Each test is a few records with what is unusual of a form, and the number of judgments that come of them, so that none
of them passes for want of any. Forms of answers are in ``test_answers_of_every_kind``, which is held to it, too.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.landed import Landed, stated

TEXT = {"q": {"type": "text"}}
SHOWN = {
    "key": "item",
    "responses": [{"key": "a", "text": "ra"}, {"key": "b", "text": "rb"}],
}
SIDES = {"q": {"type": "pairwise", "answers": {"A": "left", "B": "right", "=": "tie"}, "sides": "shown"}}


def landed(folder: Path, questions: dict[str, Any], records: list[Any], form: str = "jsonl", **mapping: Any) -> Landed:
    """Records landed and recounted; JSON objects have an item and an annotator unless they say otherwise."""
    dialect = {"format": form, **({"record": "c/r"} if form == "xml" else {})}
    if form == "xml":
        text = "".join(f"<r><item>i</item><who>a</who>{one}</r>" for one in records)
        text = f'<c set="t">{text}</c>'
    else:
        lines = [one if isinstance(one, str) else json.dumps({"item": "i", "who": "ana", **one}) for one in records]
        text = "\n".join(lines) + "\n"
    usual = {"role": "judgments", "pattern": "*", "dialect": dialect, "item": {"key": "item"}}
    attribution = mapping.pop("attribution", "stable")
    contract = stated(
        questions, {**usual, "annotator": {"key": "who"}, "answers": {"q": "x"}, **mapping}, attribution=attribution
    )
    return Landed(folder, contract, {"export": text.encode()})


def count(found: Landed) -> int:
    return found.report.total("judgments")


HOLDING = [
    *(None, [], "s", {}, [5], [None], ["a", "b"], "a,b", "a", ""),
    [{"x": "y", "u": 1, "n": 1}],
    [{"x": "y", "u": 1, "n": 1}, {"x": "z", "u": "1", "n": 2}, {"x": "a", "u": 1, "n": 3}, {"x": "b", "u": None}],
    {"k": {"x": "1"}, "other": None, "third": 5},
]


@pytest.mark.parametrize(
    ("each", "answer", "judgments"),
    [
        ({"list": "l"}, "l.x", 5),
        ({"list": "l", "place": "place"}, "$place", 5),
        ({"list": "l", "by": "u"}, "l[n=1].x", 2),
        ({"list": "l", "by": "u"}, "$by", 3),
        ({"entries": "l", "name": "k"}, "$k", 3),
        ({"entries": "l", "name": "k"}, "l.x", 1),
        ({"zip": {"p": "l", "q": "l"}}, "$p", 3),
        ({"zip": {"p": "l", "q": "l"}}, "$index", 9),
        ({"zip": {"p": "l", "q": "l"}, "split": ","}, "$p", 7),
        ({"zip": {"p": ["l", "item"]}}, "$p", 18),
        ({"columns": ["l", "item"]}, "$value", 18),
        ([{"entries": "l", "name": "k"}, {"columns": ["item", "who"]}], "$column", 6),
    ],
)
def test_a_record_is_taken_apart_in_one_way(tmp_path: Path, each: Any, answer: str, judgments: int) -> None:
    found = landed(tmp_path, TEXT, [{"l": held} for held in HOLDING], each=each, answers={"q": answer})
    assert count(found) == judgments


@pytest.mark.parametrize(
    ("path", "judgments"), [("a.b", 1), ("a[n=k].b", 2), ("a[n=1].b", 1), ("a[n=true].b", 1), ("p.$who.b", 1)]
)
def test_a_path_leads_to_one_place(tmp_path: Path, path: str, judgments: int) -> None:
    nested = [
        *({"b": "x"}, {"b": None}, None, "s", [], [{"b": "y"}], 5),
        [{"n": "k", "b": "x"}],
        [5, {"n": ["k"], "b": "x"}, {"n": "k", "b": "x"}],
        [{"n": "k", "b": "x"}, {"n": "k", "b": "y"}],
        [{"n": 1, "b": "x"}, {"n": 1.5}, {"n": True, "b": "z"}],
    ]
    records = [{"a": one} for one in nested] + [{"p": {"ana": {"b": "x"}}}, {"p": {"bob": {"b": "x"}}}]
    each: dict[str, Any] = {"each": {"columns": ["who"]}, "annotator": {"key": "$value"}} if "$" in path else {}
    path = path.replace("$who", "$value")
    assert count(landed(tmp_path, TEXT, records, answers={"q": path}, **each)) == judgments


@pytest.mark.parametrize(
    ("order", "told", "judgments"),
    [
        ({"field": "o"}, [["a", "b"], ["b", "a"], ["a"], ["a", "a"], [], None, "", "a,b", {}, [["b", "a"]], [""]], 2),
        ({"field": "o", "split": ","}, ["b,a", "b", "", ["b", "a"], ["b,a"], None, "b, a"], 2),
        ({"field": "o", "values": {"f": ["a", "b"], "1": ["b", "a"]}}, ["f", 1, "", ["f"], None, "z", ["b", "a"]], 3),
        (["b", "a"], [None], 1),
    ],
)
def test_sides_are_turned_by_the_order_that_was_shown(
    tmp_path: Path, order: Any, told: list[Any], judgments: int
) -> None:
    records = [{"ra": "1", "rb": "2", "x": "B", "o": one} for one in told]
    found = landed(tmp_path, SIDES, records, item=SHOWN, presentation_order=order)
    assert count(found) == judgments


def test_an_order_without_responses_is_kept_as_it_is(tmp_path: Path) -> None:
    told = [["b", "a"], ["b", "b"], [], ["b", None], ["b", 1.5, True], "b", None, ["x\x1f"], [["a"]]]
    found = landed(tmp_path, TEXT, [{"x": "t", "o": one} for one in told], presentation_order={"field": "o"})
    assert count(found) == 8


@pytest.mark.parametrize("attribution", ["stable", "item_scoped", "none"])
@pytest.mark.parametrize(
    ("annotator", "judgments"),
    [
        ({"key": ["a", "b"]}, 2),
        ({"key": ["a", "b"], "strip_prefix": "x/"}, 1),
        ({"key": "a", "strip_prefix": "k"}, 0),
        ({"key": ["a", "b"], "strip_suffix": "%"}, 1),
        ({"key": "a", "strip_suffix": "k"}, 0),
        ({"key": "a", "strip_prefix": "x/", "strip_suffix": "y%"}, 0),
        ({"key": "a", "strip_prefix": "x", "strip_suffix": "y%"}, 1),
        ({"key": "a", "kind": "machine"}, 4),
        ({"key": "a", "kind": {"field": "b", "values": {"1": "machine", "1.5": "human"}}}, 2),
        ({"key": "a", "kind": {"field": "b", "values": {"1": "machine"}, "otherwise": "human"}}, 3),
    ],
)
def test_who_judged_is_told_by_any_key(tmp_path: Path, attribution: str, annotator: Any, judgments: int) -> None:
    records = [
        {"a": "x/y%", "b": "1", "x": "t"},
        {"a": ["k"], "b": 1.5, "x": "t"},
        {"a": True, "b": " ", "x": "t"},
        {"a": "k", "x": "t"},
        {"a": {"z": 1}, "b": "", "x": "t"},
    ]
    found = landed(tmp_path, TEXT, records, item={"key": ["item", "who"]}, annotator=annotator, attribution=attribution)
    if attribution != "none":
        assert count(found) == judgments
    assert count(found) >= judgments


@pytest.mark.parametrize("is_digest", [False, True])
@pytest.mark.parametrize(("key", "judgments"), [("a", 4), (["a", "b"], 2)])
def test_an_item_and_a_judgment_are_told_by_any_key(tmp_path: Path, key: Any, judgments: int, is_digest: bool) -> None:
    keys = [("x/y%", "1"), (["k"], 1.5), (True, " "), ("k", None), ({"z": 1}, "1"), ("", "1")]
    records = [{"a": a, "b": b, "x": "t"} for a, b in keys]
    mapping: dict[str, Any] = {"item": {"key": key, "key_digest": is_digest}, "judgment": {"key": key}}
    assert count(landed(tmp_path, TEXT, records, **mapping)) == judgments


@pytest.mark.parametrize(
    ("rows", "judgments"),
    [
        (["i,ana,1", "", " ", "i,ana,2"], 2),
        (['i,ana,a"b', 'i,ana,"a"b', 'i,ana, "a"', 'i,ana,""', 'i,ana,"a""b"', '"i",ana,"x\r\ny"'], 6),
        (["i,ana,\0", "i,ana,\u2028", "i,ana,1,2", "i,ana"], 2),
    ],
)
def test_rows_are_read_alike(tmp_path: Path, rows: list[str], judgments: int) -> None:
    assert count(landed(tmp_path, TEXT, ["item,who,x", *rows], "csv")) == judgments


@pytest.mark.parametrize(
    ("mapping", "records", "judgments"),
    [
        ({"answers": {"q": "x"}}, ["<x>a</x>", "<x/>", "<x>a</x><x>b</x>", "<x k='1'>a</x>", "<x>a<b/></x>", ""], 2),
        ({"answers": {"q": "x.#text"}}, ["<x>a</x>", "<x k='1'/>", "<x>a<b>c</b>d</x>", "<x> <b>c</b> </x>"], 3),
        ({"answers": {"q": "x.#mixed"}}, ["<x>a</x>", "<x>a<b k='1'>c</b>d</x>"], 0),
        (
            {"answers": {"q": {"field": "x", "rationale": "w", "confidence": "v.#mixed"}}},
            ["<x>a</x><w>b</w><w>c</w>", "<x>a</x><w k='1'/>", "<x>a</x><v>z<i>y</i></v>", "<x>a</x><w>b<i/></w>"],
            2,
        ),
        (
            {"answers": {"q": "m.v"}, "each": {"list": "m", "by": "@u"}, "item": {"key": "/c/@set"}},
            ["<m u='1'><v>a</v></m><m u='2'><v>b</v></m>", "", "<m>x</m>", "text <m u='1'/>"],
            0,
        ),
        ({"answers": {"q": "$p"}, "each": {"zip": {"p": "x", "w": "y"}}}, ["<x>a</x><y>1</y>", "<x>a</x>", ""], 1),
        ({"answers": {"q": "$k"}, "each": {"entries": "e", "name": "k"}}, ["<e z='0'><a>1</a><b/></e>", "<e/>"], 3),
        ({"presentation_order": {"field": "o"}}, ["<x>a</x><o>1</o><o>2</o>", "<x>a</x>", "<x>a</x><o/>"], 3),
    ],
)
def test_elements_become_records_alike(
    tmp_path: Path, mapping: dict[str, Any], records: list[str], judgments: int
) -> None:
    assert count(landed(tmp_path, TEXT, records, "xml", **mapping)) == judgments


def test_marks_in_elements_are_read_alike(tmp_path: Path) -> None:
    spans = {"list": "m", "start": "@f", "end": "s.e", "label": "l", "text": "#text", "comment": "c.@a"}
    marks = [
        "<m f='1' z='9'><s><e>2</e></s><l>L</l><o><p>1</p> <p>2</p><n q='1'/></o></m>",
        *("<m f='01'><s><e>2</e></s></m>", "<m>x</m><m/>", "", "<m>x<l>y</l></m>", "<m><l k='1'/></m>"),
        *("<m>x<b/></m>", "<m><c a='1'>z</c><l/><l/></m>", "<m><l>y</l>\n<c/> </m>", "<m f='-1'/>"),
    ]
    found = landed(tmp_path, {"q": {"type": "spans"}}, marks, "xml", answers={"q": {"spans": spans}})
    assert count(found) == 7


TRAILED = {
    '{"item": "i", "who": "ana", "x": ["a", "b",],}': 1,
    '{"item": "i", "who": "ana", "x": ["a" , ] , }': 1,
    '{"item": "i", "who": "ana", "x": ["a"], "y": {"a": [1, {"b": 2,},],},\t}': 1,
    '{"item": "i", "who": "ana", "x": ["a,]", "b,}", "\\",]",],}': 0,  # these are no options
    '{"item": "i", "who": "ana", "x": [,]}': 0,
    '{"item": "i", "who": "ana", "x": ["a",,]}': 0,
    "{,}": 0,
    '{"item": "i", "who": "ana", "x": ["a"]},': 0,
    '{"item": "i", "who": "ana", "x": [{"a": 1}, ["b",]],}': 0,
}
CHOSEN = {"q": {"type": "multi_choice", "options": ["a", "b"]}}


@pytest.mark.parametrize(
    ("record", "form"),
    [
        (record, form)
        for record in TRAILED
        for form in ("jsonl", "array", "object")
        if form == "jsonl" or record[-1] == "}"
    ],
)
def test_a_comma_that_trails_says_nothing_where_the_dialect_says_so(tmp_path: Path, record: str, form: str) -> None:
    other = '{"item": "j", "who": "bob", "x": ["b"]}'
    text = {"jsonl": f"{record}\n{other}\n", "array": f"[{record},{other}]", "object": f'{{"1":{record},"2":{other}}}'}
    records = {"object": {"records": "object"}}.get(form, {})
    for allowed in (True, False):
        dialect = {"format": "jsonl" if form == "jsonl" else "json", "trailing_commas": allowed, **records}
        mapping = {"role": "judgments", "pattern": "*", "dialect": dialect, "item": {"key": "item"}}
        contract = stated(CHOSEN, {**mapping, "annotator": {"key": "who"}, "answers": {"q": "x"}})
        found = Landed(tmp_path / str(allowed), contract, {"export": text[form].encode()})
        assert count(found) == 1 + (TRAILED[record] if allowed else 0)
        assert found.report.total("records") == 2
