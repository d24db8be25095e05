"""Acts of judging in nested records: in a list whose elements say who judged, or in an object by annotator."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from pipelines.proposals.apart import Apart, person_of
from pipelines.proposals.fields import Act, Field, fields_of, flat, plain
from pipelines.proposals.guess import Guess
from pipelines.proposals.names import is_aggregate, is_answer

_PERSON_KEY = re.compile(r"(?i)(?:ann|annotator|rater|worker|coder|user|judge|expert|a|w|r)[ _-]?[0-9]+")


def in_lists(records: list[dict[str, Any]], fields: dict[str, Field], *, is_table: bool) -> Apart | None:
    """One act for each element of a list of objects, the innermost that says who judged."""
    if is_table:
        return None
    found: Apart | None = None
    for path in _lists(fields):
        elements = [_elements(record, path) for record in records]
        inside = [element for some in elements for element in some]
        within = fields_of(flat(element, is_table=False) for element in inside)
        person = person_of(within.values())
        if person is not None and found is not None:
            found = replace(found, beside=(*found.beside, path))
        elif person is not None:
            acts = [
                {**outside, **{f"{path}.{name}": value for name, value in flat(element, is_table=False).items()}}
                for record, some in zip(records, elements, strict=True)
                for outside in [_without(flat(record, is_table=False), path)]
                for element in some
            ]
            each = [{"list": Guess(path, "its elements say who judged")}]
            found = Apart(acts, each, Guess(f"{path}.{person.value}", person.why), (f"{path}.",))
        elif found is None and (deeper := in_lists(inside, within, is_table=False)) is not None:
            found = _nested(records, elements, path, deeper)
    return found


def _nested(records: list[dict[str, Any]], elements: list[list[Any]], path: str, deeper: Apart) -> Apart | None:
    """The same with the list around: the acts within each element get what the record around it holds."""
    if not deeper.each or "list" not in deeper.each[0]:
        return None
    inner = [step["list"].value for step in deeper.each]
    acts: list[Act] = []
    for record, some in zip(records, elements, strict=True):
        outside = _without(flat(record, is_table=False), path)
        for element in some:
            within = in_lists([element], fields_of([flat(element, is_table=False)]), is_table=False)
            for act in within.acts if within else []:
                acts.append({**outside, **{f"{path}.{name}": value for name, value in act.items()}})
    each = [{"list": Guess(path, "its elements hold those that say who judged")}]
    each += [{"list": Guess(f"{path}.{one}", "its elements say who judged")} for one in inner]
    assert deeper.annotator is not None
    annotator = Guess(f"{path}.{deeper.annotator.value}", deeper.annotator.why)
    inner_fields = tuple(f"{path}.{one}" for one in deeper.inner)
    return Apart(acts, each, annotator, inner_fields, tuple(f"{path}.{one}" for one in deeper.beside))


def _lists(fields: dict[str, Field]) -> Iterator[str]:
    for path, one in fields.items():
        if any(isinstance(value, list) and value and isinstance(value[0], dict) for value in one.given):
            yield path


def _elements(record: dict[str, Any], path: str) -> list[dict[str, Any]]:
    value = flat(record, is_table=False).get(path)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _without(act: Act, path: str) -> Act:
    return {name: value for name, value in act.items() if name != path}


def by_entry(records: list[dict[str, Any]], fields: dict[str, Field], *, is_table: bool) -> Apart | None:
    """One act for each entry of an object whose keys are people."""
    keyed = {} if is_table else _keyed_by_people(records)
    if not keyed:
        return None
    first, *others = keyed
    acts: list[Act] = []
    for record in records:
        held = _at(record, first)
        outside = {
            name: value
            for name, value in flat(record, is_table=False).items()
            if not name.startswith(tuple(f"{path}." for path in keyed)) and name not in keyed
        }
        for person, value in held.items() if isinstance(held, dict) else ():
            act = {**outside, "$annotator": person, **_entry(first, value)}
            for path in others:
                besides = _at(record, path)
                if isinstance(besides, dict) and person in besides:
                    act |= _entry(f"{path}.$annotator", besides[person])
            acts.append(act)
    each = [{"entries": Guess(first, "its keys differ from record to record, as people do"), "name": "annotator"}]
    inner = (*keyed, "$annotator")
    return Apart(acts, each, Guess("$annotator", "the key of each entry"), inner)


def _entry(path: str, value: Any) -> Act:
    if isinstance(value, dict) and value:
        return {f"{path}.{name}": one for name, one in flat(value, is_table=False).items()}
    return {path: plain(value)}


def _at(record: dict[str, Any], path: str) -> Any:
    held: Any = record
    for step in path.split("."):
        held = held.get(step) if isinstance(held, dict) else None
    return held


def _keyed_by_people(records: list[dict[str, Any]]) -> list[str]:
    """Objects, by path, whose keys are not the same in every record; the one that holds the answers comes first."""
    keys: defaultdict[str, list[frozenset[str]]] = defaultdict(list)
    for record in records:
        for path, held in _objects(record):
            keys[path].append(frozenset(held))
    people = []
    for path, sets in keys.items():
        counted = Counter(key for some in sets for key in some)
        vary = len(sets) > 1 and max(counted.values(), default=0) < len(sets) and len(counted) > 2
        if (
            counted
            and not is_aggregate(Field(path))
            and (all(_PERSON_KEY.fullmatch(key) for key in counted) or (vary and "." not in path))
        ):
            people.append(path)
    same = [path for path in people if _overlap(keys[path], keys[people[0]])] if people else []
    return sorted(same, key=lambda path: not is_answer(Field(path)))


def _overlap(one: Sequence[frozenset[str]], other: Sequence[frozenset[str]]) -> bool:
    return len(one) == len(other) and sum(a == b for a, b in zip(one, other, strict=True)) >= 0.9 * len(one)


def _objects(record: dict[str, Any], before: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, held in record.items():
        if isinstance(held, dict) and held and "." not in name:
            yield before + name, held
            yield from _objects(held, f"{before}{name}.")
