"""Mutations: what goes wrong with an export, one thing at a time, and what must come of it.

Each takes what is there and gives it back changed, with what is now foretold of it: acts say which judgment or
refusal they become, records say why they are refused, and files (``damage``) up to where they can still be foretold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

from hypothesis import strategies as st

from pipelines.domain.vocabulary import Reason
from tests.properties.exports.acts import RawAct
from tests.properties.exports.formats import Look, cell, record_text
from tests.properties.exports.place import Place
from tests.properties.exports.shape import Record, Shape
from tests.properties.exports.values import ABSENT, Token, element, scalar, write
from tests.properties.exports.world import FORMULAS, MARK, WORDS

HUGE = "huge " * 40_000
LISTS = ('["0"]', '["0","0"]', "[1.10]", '[["yes"]]', "[null]", '["yes', '{"0":1}', "[0]")
TEXTS = (*LISTS, *WORDS, *FORMULAS, "yes", "1.4", "1e999", "\0", "a\0b", "\ufeff", "1 ", "\uff11", "x" * 300, HUGE)
VALUES: tuple[Any, ...] = (
    *TEXTS,
    *(Token(text) for text in ("0", "1", "1.0", "1.10", "1.4", "-0", "1e2", "7" * 40, "0.1e-5")),
    None,
    True,
    False,
    [],
    {},
    ["yes"],
    ["0", "0"],
    [None],
    [["0"]],
    [Token("0")],
    [Token("1.10")],
    [Token("0"), Token("1.10")],
    [True],
    {"yes": Token("1")},
    ABSENT,
)
BLANK = ("", " ", "\t", "\r\n")


def hostile(shape: Shape, look: Look) -> st.SearchStrategy[Any]:
    """Raw values that the shape can hold, and that hardly any question takes."""
    return _hostile(shape, look.codec)


@lru_cache(maxsize=200)
def _hostile(shape: Shape, codec: str) -> st.SearchStrategy[Any]:
    pool = [
        value
        for value in (TEXTS if shape.is_text else (*TEXTS, ABSENT) if shape.is_xml else VALUES)
        if not isinstance(value, str)
        or (value == value.encode(codec, "ignore").decode(codec) and not set(value) & set(shape.without + shape.never))
    ]
    if shape.container in ("people", "marks"):
        pool = [value for value in pool if value is not ABSENT]
    return st.sampled_from(pool)


def retype_answer(
    draw: st.DrawFn, raws: list[RawAct], shape: Shape, places: tuple[Place, ...], look: Look
) -> list[RawAct]:
    """One field of an answer holds something else."""
    at, place = draw(st.integers(0, len(raws) - 1)), draw(st.sampled_from(places))
    held = raws[at].fields[place.code]
    fields = {**held, draw(st.sampled_from(list(held))): draw(hostile(shape, look))}
    changed = raws[at].other(
        fields={**raws[at].fields, place.code: fields},
        outcomes={**raws[at].outcomes, place.code: place.read(fields)},
    )
    return [*raws[:at], changed, *raws[at + 1 :]]


def retype_item(
    draw: st.DrawFn, raws: list[RawAct], shape: Shape, places: tuple[Place, ...], look: Look
) -> list[RawAct]:
    """An act says another item, or none."""
    at = draw(st.integers(0, len(raws) - 1))
    value = draw(
        hostile(shape, look).filter(lambda one: isinstance(one, str)) if shape.is_keyed else hostile(shape, look)
    )
    if not shape.free_annotators and _is_blank(value):
        return raws  # columns in which nobody answered would be acts, too
    told = raws[at].refusals - {Reason.ITEM_MISSING} | ({Reason.ITEM_MISSING} if _is_blank(value) else set())
    return [*raws[:at], raws[at].other(item=value, refusals=told), *raws[at + 1 :]]


def retype_annotator(
    draw: st.DrawFn, raws: list[RawAct], shape: Shape, places: tuple[Place, ...], look: Look
) -> list[RawAct]:
    """An act says another annotator, or none."""
    if not shape.free_annotators:
        return raws
    at = draw(st.integers(0, len(raws) - 1))
    plain = hostile(shape, look).filter(lambda one: isinstance(one, str))
    named = plain.map(lambda one: one if one in BLANK else one + MARK)
    is_key = shape.is_text or shape.is_xml or (shape.container == "acts" and not shape.lists_acts)
    no_text = st.sampled_from([value for value in VALUES if not isinstance(value, str) and _fits(value, shape)])
    value = draw(named if is_key else st.one_of(named, no_text))
    told = raws[at].refusals - {Reason.ANNOTATOR_MISSING} | ({Reason.ANNOTATOR_MISSING} if _is_blank(value) else set())
    return [*raws[:at], raws[at].other(annotator=value, refusals=told), *raws[at + 1 :]]


def _fits(value: Any, shape: Shape) -> bool:
    """Whether a value can stand where an annotator does, without the record becoming another shape."""
    if shape.container == "marks":
        return value is not ABSENT and not isinstance(value, dict | list)
    return value is not ABSENT or shape.container != "people"


def _is_blank(value: Any) -> bool:
    return not (scalar(value) or "").strip(" \t\r\n")


_BESIDE = {
    "status": (Reason.STATUS_UNKNOWN, ("OK", "null", " ok", "ok\0")),
    "when": (Reason.TIME_MALFORMED, ("yesterday", "2024-13-01", "null", "NaN", "0", "infinity", " ", "=1")),
    "took": (Reason.DURATION_MALFORMED, ("-1", "NaN", "inf", "1_000", "1e999", "null", "0x1", "1,5", " ")),
}


def retype_beside(
    draw: st.DrawFn, raws: list[RawAct], shape: Shape, places: tuple[Place, ...], look: Look
) -> list[RawAct]:
    """Status, time or duration cannot be read, or a rationale is a formula."""
    if not raws[0].beside:
        return raws
    at, name = draw(st.integers(0, len(raws) - 1)), draw(st.sampled_from(["why", *_BESIDE]))
    refusals = set(raws[at].refusals)
    value: Any
    if name == "why":
        value = draw(hostile(shape, look))
    else:
        reason, bad = _BESIDE[name]
        value = draw(st.sampled_from([one for one in bad if not set(one) & set(shape.never)]))
        refusals.add(reason)
    changed = raws[at].other(beside={**raws[at].beside, name: value}, refusals=frozenset(refusals))
    return [*raws[:at], changed, *raws[at + 1 :]]


def drop_act(draw: st.DrawFn, raws: list[RawAct], shape: Shape, places: tuple[Place, ...], look: Look) -> list[RawAct]:
    """An act is gone; nothing tells."""
    at = draw(st.integers(0, len(raws) - 1))
    return raws[:at] + raws[at + 1 :] if len(raws) > 1 else raws


def duplicate_act(
    draw: st.DrawFn, raws: list[RawAct], shape: Shape, places: tuple[Place, ...], look: Look
) -> list[RawAct]:
    """An act comes twice: a further occurrence."""
    at = draw(st.integers(0, len(raws) - 1))
    return [*raws[: at + 1], replace(raws[at]), *raws[at + 1 :]]


def reorder_acts(
    draw: st.DrawFn, raws: list[RawAct], shape: Shape, places: tuple[Place, ...], look: Look
) -> list[RawAct]:
    """Acts come in another order."""
    return draw(st.permutations(raws))


ActMutation = Callable[[Any, list[RawAct], Shape, "tuple[Place, ...]", Look], list[RawAct]]
OF_ACTS: tuple[ActMutation, ...] = (
    retype_answer,
    retype_answer,
    retype_answer,
    retype_item,
    retype_annotator,
    retype_beside,
    drop_act,
    duplicate_act,
    reorder_acts,
)

_MALFORMED = frozenset({Reason.RECORD_MALFORMED})
_SHAPE = frozenset({Reason.RECORD_SHAPE})
_INSERTED = (
    '"deep":' + "[" * 100 + "]" * 100,
    '"deep":' + '{"a":' * 3000 + "1" + "}" * 3000,
    '"x":"\\ud800"',
    '"x":"\\udfff\\ud800"',
    '"x":"\0"',
    '"x":"\n"',
    '"x":NaN',
    '"x":-Infinity',
    '"x":01',
    '"x":1.',
    '"x":+1',
    '"x":0x1',
    '"x":.5',
    "\"x\":'y'",
    '"x":"\\q"',
    '"x":undefined',
    '"x"',
    '"x":1,"x":1',
    '"x":{"y":1,"y":2}',
    "",
)
"""What makes a JSON object none that can be taken, when it stands as its last member."""

_NO_OBJECTS = ("[1]", '"x"', "5", "null", "true", "[]", "tru")


def break_record(draw: st.DrawFn, record: Record, shape: Shape, columns: list[str], look: Look) -> Record:
    """One record cannot be taken, and keeps its bytes."""
    text = record_text(record, columns, look)
    if shape.is_text:
        kind = draw(st.sampled_from(["more", "many more", "fewer", "stray"]))
        if kind == "stray" and shape.name == "csv tidy" and not record.refusals:
            (part, act), *_ = record.acts
            spoken = f"5{look.quote} pipe"
            value = look.delimiter.join(cell(record.value[name], look) for name in columns[:-1])
            acts = ((part, replace(act, note=spoken)),)
            return replace(record, text=value + look.delimiter + spoken, acts=acts)
        if kind == "fewer":
            text = look.delimiter.join(cell(record.value[name], look) for name in columns[:-1])
        else:
            text += look.delimiter * (50 if kind == "many more" else 1) + "more"
        return replace(record, text=text, refusals=_MALFORMED)
    if shape.is_xml:
        if draw(st.booleans()):
            deep = "<deep>" * 100 + "</deep>" * 100
            return replace(record, text=text.replace("</act>", deep + "</act>"), refusals=_MALFORMED)
        bare = element("act", {name: held for name, held in record.value.items() if name != "text"}, look.gap)
        return replace(record, text=bare.replace("</act>", "<text>a<b/>c</text></act>"), refusals=_SHAPE)
    if shape.container and draw(st.booleans()):
        wrong: list[Any] = [None, "x", Token("5"), True]
        if shape.lists_acts:
            wrong += [{}, [Token("5")], [None]]
        other = {**record.value, shape.container: draw(st.sampled_from(wrong))}
        return replace(record, value=other, text=None, refusals=_SHAPE)
    if draw(st.booleans()):
        prefix = "" if record.key is None else write(record.key, is_ascii=look.is_ascii) + ":"
        return replace(record, text=prefix + draw(st.sampled_from(_NO_OBJECTS)), refusals=_MALFORMED)
    inserted = draw(st.sampled_from(_INSERTED))
    if look.format == "jsonl" and "\n" in inserted:
        inserted = ""
    return replace(record, text=f"{text[:-1]},{inserted}}}", refusals=_MALFORMED)
