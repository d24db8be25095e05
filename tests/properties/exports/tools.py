"""Projects of annotation tools as a model, and each format that the tools write of them, by what their schemas say.

A project has one question of each kind; an act answers some of them. What a format leaves out is left out here, too;
``kept`` says of an act what must land of it.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.properties.exports.world import words

CHOICES = ("A", "N/A", "None", "[]", 'wrong "fact"', "tone, formal", "ü")
QUESTIONS: dict[str, dict[str, Any]] = {
    "best": {"type": "choice", "options": list(CHOICES)},
    "flaws": {"type": "multi_choice", "options": list(CHOICES)},
    "order": {"type": "ranking"},
    "score": {"type": "rating", "scale": {"kind": "interval", "min": -10, "max": 10}},
    "why": {"type": "text"},
}
BEGIN = "2026-05-01T10:00:{:02}.000000Z"


@dataclass(frozen=True)
class Act:
    """One act: which item, by whom (None: an account that was deleted), what became of it, and what was answered."""

    number: int
    item: str
    who: int | None
    status: str
    given: Mapping[str, Any]


@st.composite
def acts(draw: st.DrawFn, statuses: tuple[str, ...], *, several: bool, ties: bool, nobody: bool) -> list[Act]:
    """Acts by a few people on a few items. ``several``: one may answer again, and with several texts at once."""
    text = words("utf-8")
    answers = {
        "best": st.sampled_from(CHOICES),
        "flaws": st.lists(st.sampled_from(CHOICES), unique=True, max_size=3),
        "order": st.permutations(["x", "y", "z"]).flatmap(lambda names: _ranks(names, ties=ties)),
        "score": st.one_of(st.integers(-10, 10), st.sampled_from([0.5, 0.333, 1.25])),
        "why": st.one_of(text, st.lists(text, min_size=2, max_size=3)) if several else text,
    }
    people = [1, 2, 3, *([None] if nobody else [])]
    made = st.tuples(
        st.sampled_from(["i-1", "i-2", "None"]),
        st.sampled_from(people),
        st.sampled_from(statuses),
        st.fixed_dictionaries({}, optional=answers),
    )
    unique = None if several else lambda one: one[:2]
    found = draw(st.lists(made, min_size=1, max_size=12, unique_by=unique))
    return [Act(number, *one) for number, one in enumerate(found, 1)]


@st.composite
def _ranks(draw: st.DrawFn, names: list[str], *, ties: bool) -> list[tuple[str, int]]:
    """Options with ranks, equal ones skipping those behind: 1, 1, 3."""
    ranks = [1]
    for place in range(2, len(names) + 1):
        ranks.append(ranks[-1] if ties and draw(st.booleans()) else place)
    return list(zip(names, ranks, strict=True))


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


_RESULTS: dict[str, tuple[str, Callable[[Any], dict[str, Any]]]] = {
    "best": ("choices", lambda one: {"choices": [one]}),
    "flaws": ("choices", lambda one: {"choices": one}),
    "order": ("ranker", lambda one: {"ranker": {"order": [name for name, _ in one]}}),
    "score": ("rating", lambda one: {"rating": one}),
    "why": ("textarea", lambda one: {"text": one if isinstance(one, list) else [one]}),
}


def label_studio_json(made: list[Act]) -> bytes:
    """A task an item, an annotation an act."""
    tasks: dict[str, list[dict[str, Any]]] = {}
    for act in made:
        results = [
            {"id": f"x{act.number}", "from_name": name, "to_name": "t", "type": _RESULTS[name][0], "origin": "manual",
             "value": _RESULTS[name][1](answer)}
            for name, answer in act.given.items()
        ]  # fmt: skip
        tasks.setdefault(act.item, []).append(
            {"id": act.number, "completed_by": act.who if act.number % 2 or act.who is None else {"id": act.who,
             "email": "a@example.com"}, "was_cancelled": act.status == "skipped", "result": results,
             "created_at": BEGIN.format(act.number), "lead_time": None}
        )  # fmt: skip
    return _json(
        [{"id": n, "data": {"ref": item}, "annotations": held} for n, (item, held) in enumerate(tasks.items())]
    )


def _rows(made: list[Act]) -> Iterator[dict[str, Any]]:
    """What JSON-MIN and CSV say of an act: a lone choice or text stands bare, the newest act first."""
    for act in reversed(made):
        if act.status == "skipped":
            continue
        row: dict[str, Any] = {"id": 7, "ref": act.item}
        for name, answer in act.given.items():
            value = _RESULTS[name][1](answer)
            parts = value.get("choices", value.get("text"))
            row[name] = [value] if parts is None else parts[0] if len(parts) == 1 else value
        row |= {"annotator": "None" if act.who is None else act.who, "annotation_id": act.number}
        yield row | {"created_at": BEGIN.format(act.number), "updated_at": "", "lead_time": None}


def label_studio_json_min(made: list[Act]) -> bytes:
    """A record an annotation, and one for a task that nobody annotated."""
    nobody = dict.fromkeys(["annotator", "annotation_id", "created_at", "updated_at", "lead_time"])
    return _json([*_rows(made), {"id": 8, "ref": "i-9", **nobody}])


def label_studio_csv(made: list[Act], delimiter: str = ",") -> bytes:
    """The same as cells: what is no text is JSON."""
    stream = io.StringIO(newline="")
    columns = sorted([*QUESTIONS, "id", "ref", "annotator", "annotation_id", "created_at", "updated_at", "lead_time"])
    writer = csv.DictWriter(stream, columns, restval="", quoting=csv.QUOTE_NONNUMERIC, delimiter=delimiter)
    writer.writeheader()
    for row in [*_rows(made), {"id": 8, "ref": "i-9"}]:
        cells = {
            name: json.dumps(value, ensure_ascii=False, separators=(",", ":"))
            if isinstance(value, dict | list)
            else value
            for name, value in row.items()
        }
        writer.writerow({name: "" if value is None else value for name, value in cells.items()})
    return stream.getvalue().encode()


def _cell(value: Any) -> Any:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return "" if value is None else value


def _values(act: Act, *, ranked: bool) -> dict[str, Any]:
    """An act's answers as Argilla has them."""
    return {
        name: answer if name != "order" else [{"value": option, "rank": rank} for option, rank in answer]
        if ranked else [option for option, _ in answer]
        for name, answer in act.given.items()
    }  # fmt: skip


def _records(made: list[Act]) -> dict[str, list[Act]]:
    records: dict[str, list[Act]] = {"i-9": []}
    for act in made:
        records.setdefault(act.item, []).append(act)
    return records


def argilla_rest(made: list[Act]) -> bytes:
    """A response an act, whatever became of it."""
    return _json(
        [
            {"id": f"s-{item}", "external_id": item, "fields": {}, "responses": [
                {"id": str(act.number), "user_id": act.who, "status": act.status,
                 "inserted_at": BEGIN.format(act.number)[:-1],
                 "values": {name: {"value": value} for name, value in _values(act, ranked=True).items()} or None}
                for act in held]}
            for item, held in _records(made).items()
        ]
    )  # fmt: skip


def _flat(made: list[Act]) -> Iterator[dict[str, Any]]:
    """A record with three lists a question, null where nobody answered it."""
    for item, held in _records(made).items():
        record: dict[str, Any] = {"id": item, "_server_id": f"s-{item}", "status": "pending"}
        for name in QUESTIONS:
            answered = [act for act in held if name in act.given]
            record |= {
                f"{name}.responses": [_values(act, ranked=False)[name] for act in answered] or None,
                f"{name}.responses.users": [act.who for act in answered] or None,
                f"{name}.responses.status": [act.status for act in answered] or None,
            }
        yield record


def argilla_list(made: list[Act]) -> bytes:
    """Flat records as one array."""
    return _json(list(_flat(made)))


def argilla_datasets(made: list[Act]) -> bytes:
    """Flat records as lines."""
    return b"".join(_json(record) + b"\n" for record in _flat(made))


def argilla_json(made: list[Act]) -> bytes:
    """A list of answers a question; nothing says what became of the act."""
    return _json(
        [
            {"id": item, "_server_id": f"s-{item}", "fields": {}, "responses": {
                name: [{"value": _values(act, ranked=False)[name], "user_id": act.who} for act in held
                       if name in act.given]
                for name in QUESTIONS if any(name in act.given for act in held)}}
            for item, held in _records(made).items()
        ]
    )  # fmt: skip


WRITERS: dict[tuple[str, str], Callable[[list[Act]], bytes]] = {
    ("label_studio", "json"): label_studio_json,
    ("label_studio", "json_min"): label_studio_json_min,
    ("label_studio", "csv"): label_studio_csv,
    ("label_studio", "tsv"): lambda made: label_studio_csv(made, "\t"),
    ("argilla", "rest"): argilla_rest,
    ("argilla", "list"): argilla_list,
    ("argilla", "datasets"): argilla_datasets,
    ("argilla", "json"): argilla_json,
}
"""What writes each format; Label Studio before 1.0 names nobody, and is tried by its fixture."""


def kept(act: Act, losses: frozenset[str]) -> Iterator[tuple[str, Any, str]]:
    """What must land of an act from a format that lost what these codes say: question, answer, status."""
    if act.status == "skipped" and "cancelled_dropped" in losses:
        return
    status = "submitted" if "status_dropped" in losses else act.status
    asked = act.given if status == "submitted" or "unanswered_dropped" in losses else QUESTIONS
    for name in asked:
        answer = act.given.get(name)
        if answer == "" and "empty_dropped" in losses:
            continue
        if name == "order" and answer is not None:
            ranks = enumerate((option for option, _ in answer), 1) if "ties_dropped" in losses else None
            pairs = [[option, rank] for rank, option in ranks] if ranks else [list(pair) for pair in answer]
            answer = sorted(pairs, key=lambda pair: (pair[1], pair[0]))
        elif name == "why" and isinstance(answer, list):
            answer = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
        elif name == "flaws" and answer is not None:
            answer = [option for option in CHOICES if option in answer]
        yield name, answer, status
