"""Each quick way of reading gives what the plain way gives: paths, covers, line counts, twice-named keys."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.contracts.paths import Select, parse_path
from pipelines.readers import recount_lines
from pipelines.readers.json_reader import MAX_DEPTH, RecordMalformedError, parse
from pipelines.readers.records import RawRecord
from pipelines.readers.recount_entries import count_entries
from pipelines.readers.recount_json import JsonCounter, RecountError
from pipelines.readers.recount_lines import count_lines, utf8_blocks
from pipelines.shapes.paths import AmbiguousPathError, Finder, follow, named_steps, selects
from pipelines.shapes.residue import Cover, Tree, covered_by, tree_of

PATHS = [
    named_steps(parse_path(path))
    for path in ("a", "a.b", "b.a", "b[a=x].b", "b[a=y].b", "b[a=1].c", "b[c=x].a.b", "c[a=true]", "a[b=x].c[a=y].b")
]
PLACES = [
    named_steps(parse_path(path))
    for path in ("a.0", "a.1.b", "b.a.0", "b[0=x].1", "b[0.a=x].1.b", "b[a=x][b=y].c", "c[].1", "c[]", "a[b.a=x][].c")
]
names = st.sampled_from("abc")
values = st.recursive(
    st.sampled_from(["x", "y", 1, True, None, 2.5]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=3),
    max_leaves=25,
)
records = st.dictionaries(names, values, max_size=3)


def _followed(record: Any) -> list[Any] | None:
    try:
        return [follow(record, path) for path in [*PATHS, *PLACES]]
    except AmbiguousPathError:
        return None


@given(records)
def test_paths_found_together_are_those_followed_one_by_one(record: Any) -> None:
    try:
        found: list[Any] | None = Finder([*PATHS, *PLACES]).find(record)
    except AmbiguousPathError:
        found = None
    assert found == _followed(record)


def _left(held: Any, tree: Tree) -> Any:
    """What a tree does not cover, by its definition: one selector's covering after the other."""
    if isinstance(held, dict):
        left = {key: value for key, value in held.items() if key not in tree}
        parts = {key: _left(held[key], below) for key, below in tree.items() if key in held and below is not None}
        left |= {key: rest for key, rest in parts.items() if rest is not None}
        return {key: left[key] for key in held if key in left} or None
    if isinstance(held, list):
        rests = [_left_of_element(element, tree) for element in held]
        return rests if any(rest is not None for rest in rests) else None
    return held


def _left_of_element(element: Any, tree: Tree) -> Any:
    chosen = [step for step in tree if isinstance(step, Select) and selects(step, element)]
    if not chosen:
        return _left(element, tree)
    rest = _left(element, {step: below for step, below in tree.items() if isinstance(step, str)})
    for step in chosen:
        below = tree[step]
        rest = None if rest is None or below is None else _left(rest, {step.key: None, **below})
    return rest


@given(records, st.lists(st.sampled_from(PATHS), max_size=5))
def test_a_cover_leaves_what_its_tree_does_not_hold(record: Any, paths: list[Any]) -> None:
    tree = tree_of(paths)
    assert Cover(tree).residue(record) == (_left(record, tree) or {})


def test_a_selectors_key_is_a_path_and_no_name_with_a_dot() -> None:
    record = {"b": [{"a.b": "x", "c": 1}, {"a": {"b": "x"}, "c": 2}]}
    for path, found in (("b[a.b=x].c", 2), (r"b[a\.b=x].c", 1)):
        steps = named_steps(parse_path(path))
        assert follow(record, steps) == found
        assert Finder([steps]).find(record) == [found]


@pytest.mark.parametrize(
    ("path", "record", "left"),
    [
        ("a.0", {"a": [1, 2]}, {"a": [None, 2]}),
        ("a.1.b", {"a": [1, {"b": 2, "c": 3}]}, {"a": [1, {"c": 3}]}),
        ("a[].1", {"a": [[1, 2], [3]]}, {"a": [[1, None], [3]]}),
        ("a[].0", {"a": [[1], [2]]}, {}),
        ("a[0=x][].1", {"a": [["x", 2], ["y", 3]]}, {"a": [None, ["y", 3]]}),
        ("a[0.b=x][].1", {"a": [[{"b": "x", "c": 1}, 2]]}, {"a": [[{"c": 1}, None]]}),
        ("a[b=1][c=2].d", {"a": [{"b": 1, "c": 2, "d": 3}, {"b": 1, "d": 4}]}, {"a": [None, {"b": 1, "d": 4}]}),
        ("a.0", {"a": {"0": 1, "1": 2}}, {"a": {"1": 2}}),
    ],
)
def test_a_place_is_covered_and_nothing_beside_it(path: str, record: Any, left: Any) -> None:
    assert Cover(tree_of(covered_by(named_steps(parse_path(path))))).residue(record) == left


cells = st.text(alphabet='ab,é"\n\r', max_size=6)


@pytest.mark.parametrize("block", [4, 5, 1 << 20])
@given(
    rows=st.lists(st.lists(cells, min_size=2, max_size=2), min_size=1, max_size=6), end=st.sampled_from(["\n", "\r\n"])
)
def test_lines_are_counted_as_the_csv_module_counts_rows(block: int, rows: list[list[str]], end: str) -> None:
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(rows)
    data = io.BytesIO(stream.getvalue().encode("utf-8-sig"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recount_lines, "_BLOCK", block)
        lines, last = count_lines(utf8_blocks(data, "utf-8"), '"')
    assert lines == len(rows)
    assert list(csv.reader(io.StringIO(last, newline=""))) == [rows[-1]]


def test_a_quote_left_open_is_no_line() -> None:
    with pytest.raises(RecountError, match="quoted field"):
        count_lines([b'a,b\n"c,d\n'], '"')


texts = st.text(alphabet='a"[]{},:\\é ', max_size=4)
documents = st.lists(
    st.recursive(texts, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)),
    max_size=4,
)


@pytest.mark.parametrize("block", [4, 5, 1 << 18])
@given(document=documents, cut=st.integers(0, 60), put=st.sampled_from(["", *'[]{},"\\']), is_array=st.booleans())
def test_entries_are_counted_as_the_decoder_counts_them_or_not_at_all(
    block: int, document: list[Any], cut: int, put: str, is_array: bool
) -> None:
    whole = document if is_array else {f"{place}": entry for place, entry in enumerate(document)}
    text = json.dumps(whole, ensure_ascii=False)
    for given_text in (text, text[:cut] + put + text[cut:]):
        records = "array" if is_array else "object"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(recount_lines, "_BLOCK", block)
            try:
                quick = count_entries(utf8_blocks(io.BytesIO(given_text.encode("utf-8-sig")), "utf-8"), records)
            except RecountError:
                assert given_text != text or len(document) < 2
                continue
        assert quick == JsonCounter(io.StringIO(given_text).read).count(records)


keys = st.text(alphabet='a":{}[]\\ é', max_size=3)
trees = st.recursive(keys, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3))


def _written(value: Any, twice: list[str]) -> str:
    """JSON text with white space in odd places; the first object that has a key of ``twice`` names it twice."""
    if isinstance(value, dict):
        pairs = [(key, held) for key, held in value.items()]
        if twice and twice[0] in value:
            pairs.append((twice.pop(), "again"))
        return "{" + " ,".join(f"{json.dumps(key)} :\t{_written(held, twice)}" for key, held in pairs) + "\n}"
    if isinstance(value, list):
        return "[" + ", ".join(_written(held, twice) for held in value) + "]"
    return json.dumps(value)


@given(st.dictionaries(keys, trees, max_size=3), keys)
def test_a_key_that_is_named_twice_is_seen_and_no_other(value: dict[str, Any], key: str) -> None:
    assert parse(RawRecord(0, _written(value, []).encode())) == (value, None)
    twice = [key]
    text = _written(value, twice)
    if not twice:
        with pytest.raises(RecordMalformedError, match="twice"):
            parse(RawRecord(0, text.encode()))


@pytest.mark.parametrize("brackets", ["[]", "{}", "mixed"])
def test_records_are_as_deep_as_the_limit_and_no_deeper(brackets: str) -> None:
    def nested(levels: int) -> bytes:
        text = '"[[[{{{"'
        for level in range(levels - 1):
            is_list = brackets == "[]" or (brackets == "mixed" and level % 2)
            text = f"[{text}]" if is_list else f'{{"a": {text}}}'
        return f'{{"a": {text}, "b": [[[]], {{}}]}}'.encode()

    assert parse(RawRecord(0, nested(MAX_DEPTH)))
    with pytest.raises(RecordMalformedError, match="deeper"):
        parse(RawRecord(0, nested(MAX_DEPTH + 1)))
