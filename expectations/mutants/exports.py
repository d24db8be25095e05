"""The smallest data: four invented sources, delivered twice, with the traps that mutants fall into.

Written as escapes where an editor could change them unseen. What each trap is there for, stands beside it.
"""

from __future__ import annotations

import json
from typing import Any

Files = dict[str, bytes]
"""Files by source and name, such as ``mini_acts/acts.jsonl``."""

_LONG = "They say that nobody was asked, and that whoever was asked would have said so. " * 8
_ITEMS: dict[tuple[str, str], dict[str, Any]] = {
    # Joined without escapes, the first two keys would be one item.
    ("d/1", "2"): {"text": "caf\u00e9 ", "answer_a": "Yes.", "answer_b": "No. ", "shown": "a room"},
    ("d", "1/2"): {"text": "cafe\u0301", "answer_a": "yes.", "answer_b": _LONG, "shown": None},
    ("e", "2"): {"text": "Two\nlines", "answer_a": "A", "answer_b": "B", "shown": "  "},
}


def _act(item: tuple[str, str], who: str, at: str, **given: Any) -> dict[str, Any]:
    doc, turn = item
    kept = {"state": "done", "kind": "person", "pool": "town" if who < "b" else "land", "client": f"v{len(who)}"}
    models = {"model_a": "m1", "model_b": "m2"}
    return {"doc": doc, "turn": turn, **_ITEMS[item], **models, "who": who, "at": at, **kept, **given}


_A, _B, _C = _ITEMS
_ACTS = [
    # One item, five people, four moods that differ in case, blanks and people: a vote has something to flatten.
    _act(_A, "ana", "2026-03-01T10:00:00+02:00", mood="happy", why="she smiles ", sure="high", stars=3.5, seconds=12.5),
    _act(_A, "bob", "2026-03-01T23:30:00-05:00", mood="Happy", why="She smiles", stars=3.6, seconds=7.1),
    _act(_A, "Ana", "2026-03-01T10:00:01Z", mood="happy ", stars=3.50000000001),  # another person than ana
    _act(_A, "ana ", "2026-03-01T10:00:02.123456Z", mood="sad", stars=0.1),  # and yet another
    _act(_A, "cleo", "2026-03-01T10:00:03Z", mood="happy", why="  ", stars="N/A"),
    # The same item again by one person: the same answer, twice in one breath, and the mind changed.
    _act(_A, "ana", "2026-03-02T10:00:00Z", mood="happy", stars=4.5),
    _act(_A, "ana", "2026-03-02T10:00:00Z", mood="happy", stars=4.5),
    _act(_A, "ana", "2026-03-02T10:00:00Z", mood="sad", why="on reflection"),
    # A tie of two; one who cannot say; a synonym that is declared.
    _act(_B, "ana", "2026-03-02T11:00:00Z", mood="caf\u00e9", note=" caf\u00e9"),
    _act(_B, "bob", "2026-03-02T11:00:00Z", mood="cafe\u0301", note=" cafe\u0301"),
    _act(_B, "cleo", "2026-03-02T11:00:00Z", mood="unsure", note="N/A"),
    _act(_B, "Ana", "2026-03-02T11:00:00Z", mood="glad", note=""),
    _act(_B, "bob", "2026-03-02T11:05:00Z", box="N/A", stars=2, note=_LONG),
    # Sets: none, one, several in another order than declared.
    _act(_A, "ana", "2026-03-03T10:00:00Z", topics=[]),
    _act(_A, "bob", "2026-03-03T10:00:00Z", topics=["art"]),
    _act(_A, "cleo", "2026-03-03T10:00:00Z", topics=["law", "art"]),
    # Comparisons, by the side on which a response was shown: left in words is right in the item.
    _act(_A, "ana", "2026-03-04T10:00:00Z", better="first", how=2, order=["a", "b"]),
    _act(_A, "bob", "2026-03-04T10:00:00Z", better="first", how=2, order=["b", "a"]),
    _act(_A, "cleo", "2026-03-04T10:00:00Z", better="same", order=["b", "a"]),
    _act(_B, "ana", "2026-03-04T10:00:00Z", better="second", how=0.25, order=["a", "b"]),
    _act(_B, "bob", "2026-03-04T10:00:00Z", better="second", how=0.3, order=["a", "b"]),
    # Rankings, with ties; best that is worst; marks, and none.
    _act(_A, "ana", "2026-03-05T10:00:00Z", rank_x=1, rank_y=1, rank_z=2, best="x", worst="x"),
    _act(_A, "bob", "2026-03-05T10:00:00Z", rank_x=2, rank_y=1, rank_z=3, best="x", worst="y"),
    _act(
        _A,
        "cleo",
        "2026-03-05T10:00:00Z",
        marks=[{"from": 3, "to": 4, "label": "B", "comment": "odd "}, {"from": 0, "to": 3, "label": "A"}],
    ),
    _act(_A, "ana", "2026-03-05T10:00:00Z", marks=[]),
    # Who skipped, who was rejected, a machine that is called like a person; an item with one judgment by one person.
    _act(_A, "eve", "2026-03-06T10:00:00Z", state="skip"),
    _act(_B, "bob", "2026-03-06T10:00:00Z", state="reject", mood="sad", topics=[], marks=[]),
    _act(_A, "ana", "2026-03-06T10:00:00Z", kind="model", mood="sad", stars=4, pool="lab"),
    _act(_C, "dan", "2026-03-07T10:00:00Z", mood="sad", majority="happy", seq=7),
]
_LATE = [
    # It arrives late and was given early: in order of arrival it comes last.
    _act(_A, "ana", "2026-02-01T10:00:00Z", mood="unsure", why="not yet"),
    _act(_B, "cleo", "2026-02-01T10:00:00Z", mood="sad"),
]

_HEAD = "item,who,mood,stars,topics,note,why,at"
_VOTES = [
    "i1,ana,yes,3,art|war,,because ,2026-03-01T10:00:00Z",
    "i1,bob,no,4,,a note,,2026-03-01T10:00:00Z",
    'i1,cleo,no,3.0,law,"one, two",Because,2026-03-01T10:00:00+01:00',
    "i2,ana,unsure,5,art, ,,2026-03-01T10:00:00Z",
    "i2,bob,yes,1,art,x,y,2026-03-01T10:00:00Z",
    "i2,bob,yes,1,art,x,y,2026-03-01T10:00:00Z",
    "d%2F1/2,dan,no,2,war,,,2026-03-01T10:00:00Z",
    "i3,ana,maybe,2,war,,,2026-03-01T10:00:00Z",
]
_CHANGED = {
    # The second delivery: a mind changed, a row gone, one of two equal rows gone, one come; the order turned round.
    "i1,bob,no,4,,a note,,2026-03-01T10:00:00Z": "i1,bob,yes,4,,a note,,2026-03-02T10:00:00Z",
    "d%2F1/2,dan,no,2,war,,,2026-03-01T10:00:00Z": "i2,dan,no,2,war,,,2026-03-02T10:00:00Z",
    "i1,ana,yes,3,art|war,,because ,2026-03-01T10:00:00Z": "i1,ana,yes,3,art|war,,because,2026-03-01T10:00:00Z",
}
_TEXTS = ["item,text", "i1,A  text ", "i2,a text", '"d%2F1/2","long, and ""quoted"""']
_PEOPLE = ["who,age,home", "ana,30,X", "ana,31,X", "bob,,-", "Ana,30,x"]

_FIXES = "item,who,mood,sure,why,at"

# Nobody is named, and two who agree look alike.
_LISTS = [{"item": "i1", "moods": ["no", "yes", "no"]}, {"item": "i2", "moods": ["no"]}]


def _csv(*rows: str) -> bytes:
    return "".join(f"{row}\n" for row in rows).encode()


def _jsonl(acts: list[dict[str, Any]]) -> bytes:
    return "".join(f"{json.dumps(act)}\n" for act in acts).encode()


def deliveries() -> tuple[Files, Files]:
    """What lies in the inbox at the first delivery, and what is put there for the second."""
    first = {
        # A number's own digits: JSON text that a double would write anew.
        "mini_acts/acts.jsonl": _jsonl(_ACTS).replace(b'"stars": 0.1', b'"stars": 0.1000000000000000000001'),
        "mini_lists/moods.jsonl": _jsonl(_LISTS),
        "mini_table/votes.csv": _csv(_HEAD, *_VOTES),
        "mini_table/items.csv": _csv(*_TEXTS),
        "mini_table/people.csv": _csv(*_PEOPLE),
        "mini_fixes/1.csv": _csv(
            _FIXES,
            "i1,ana,yes,quite,first,2026-03-01T10:00:00Z",
            "i1,bob,no,quite,,2026-03-01T10:00:00Z",
            "i1,cleo,unsure,not,,2026-03-01T10:00:00Z",
            "i2,ana,yes,not,,2026-03-01T10:00:00Z",
        ),
    }
    second = {
        "mini_acts/late.jsonl": _jsonl(_LATE),
        "mini_table/votes.csv": _csv(_HEAD, *(_CHANGED.get(row, row) for row in reversed(_VOTES))),
        # Corrects one, repeats one, brings one; the correction was given before what it corrects.
        "mini_fixes/2.csv": _csv(
            _FIXES,
            "i1,ana,no,quite,second,2026-02-01T10:00:00Z",
            "i1,bob,no,quite,,2026-03-01T10:00:00Z",
            "i2,cleo,no,not,,2026-03-03T10:00:00Z",
        ),
    }
    return first, second
