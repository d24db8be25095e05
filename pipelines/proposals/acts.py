"""Where the acts of judging are: one a record, in a list, in an object by annotator, side by side, or in columns."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pipelines.proposals.fields import Act, Field, fields_of, flat, plain
from pipelines.proposals.guess import Guess
from pipelines.proposals.names import is_aggregate, is_answer, person_rank
from pipelines.proposals.sample import Sample

_SEPARATORS = (",", ";", "|")
_FEW = 12
_SHORT = 20
_NUMBERED = re.compile(r"(?P<before>.*?)(?P<number>[0-9]+)(?P<after>[^0-9]*)")
_PERSON_KEY = re.compile(r"(?i)(?:ann|annotator|rater|worker|coder|user|judge|expert|a|w|r)[ _-]?[0-9]+")


@dataclass(frozen=True)
class Apart:
    """A sample taken apart.

    Attributes:
        acts: its acts of judging.
        each: the steps that take a record apart, as a contract states them.
        annotator: the field that says who judged, if one does.
        inner: what the fields of an act begin with; those of all others are their record's.
        beside: other lists whose elements say who judged, which ``each`` does not read.
    """

    acts: list[Act]
    each: list[Any] = field(default_factory=list)
    annotator: Guess | None = None
    inner: tuple[str, ...] = ("",)
    beside: tuple[str, ...] = ()

    def is_inner(self, path: str) -> bool:
        """Whether a field is an act's own, not its record's."""
        return path.startswith(self.inner)


def take_apart(sample: Sample) -> Apart:
    """The acts of a sample's records, by the first way that fits."""
    records = sample.records
    whole = [flat(record, is_table=sample.is_table) for record in records]
    fields = fields_of(whole)
    person = _person(fields.values())
    is_joined = person is not None and _is_joined(fields[person.value], fields)
    if person and not is_joined:
        return Apart(whole, annotator=person)
    ways = (_side_by_side,) if is_joined else (_in_lists, _by_entry, _in_columns, _side_by_side)
    for way in ways:
        if found := way(records, fields, is_table=sample.is_table):
            return found
    return Apart(whole)


def _person(fields: Any, before: str = "") -> Guess | None:
    ranked = sorted(
        (rank, place, one)
        for place, one in enumerate(fields)
        if (rank := person_rank(one)) is not None and one.texts and not one.is_list and not _is_numbered(one, fields)
    )
    if not ranked:
        return None
    return Guess(before + ranked[0][2].path, "its name says who judged")


def _is_joined(one: Field, fields: dict[str, Field]) -> bool:
    """Whether its texts are several ids, as many as another field has values."""
    for split in _SEPARATORS:
        own = _as_lists(one, split)
        if own and any(
            other is not one and (held := _as_lists(other, split)) and _lengths(held) == _lengths(own)
            for other in fields.values()
        ):
            return True
    return False


def _lengths(lists: dict[int, list[Any]]) -> dict[int, int]:
    return {at: len(held) for at, held in lists.items()}


def _is_numbered(one: Field, fields: Any) -> bool:
    """Whether there are several fields of that name with different numbers."""
    found = _NUMBERED.fullmatch(one.path)
    same = [other for other in fields if found and _family(other.path) == _family(one.path)]
    return len(same) > 1


def _family(path: str) -> tuple[str, str] | None:
    found = _NUMBERED.fullmatch(path)
    return (found["before"], found["after"]) if found else None


def _in_lists(records: list[dict[str, Any]], fields: dict[str, Field], *, is_table: bool) -> Apart | None:
    """One act for each element of a list of objects, the innermost that says who judged."""
    if is_table:
        return None
    found: Apart | None = None
    for path in _lists(fields):
        elements = [_elements(record, path) for record in records]
        inside = [element for some in elements for element in some]
        within = fields_of(flat(element, is_table=False) for element in inside)
        person = _person(within.values())
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
        elif found is None and (deeper := _in_lists(inside, within, is_table=False)) is not None:
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
            within = _in_lists([element], fields_of([flat(element, is_table=False)]), is_table=False)
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


def _by_entry(records: list[dict[str, Any]], fields: dict[str, Field], *, is_table: bool) -> Apart | None:
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


def _side_by_side(records: list[dict[str, Any]], fields: dict[str, Field], *, is_table: bool) -> Apart | None:
    """One act for each place in lists of equal length, one of which says who judged; or that repeat an answer."""
    for split in (None, *_SEPARATORS):
        lists = {path: found for path, one in fields.items() if (found := _as_lists(one, split)) is not None}
        people = [path for path in lists if person_rank(fields[path]) is not None]
        chosen = people or [path for path, held in lists.items() if is_answer(fields[path]) and _repeats(held)]
        if not chosen:
            continue
        lengths = _lengths(lists[chosen[0]])
        equal = [path for path in lists if _lengths(lists[path]) == lengths]
        if not any(length > 1 for length in lengths.values()) or (people and len(equal) < 2):
            continue
        names = {path: "annotator" if path in people[:1] else fields[path].name for path in equal}
        acts = [
            {
                **{path: value for path, value in flat(record, is_table=is_table).items() if path not in equal},
                **{f"${names[path]}": lists[path][number][place] for path in equal},
            }
            for number, record in enumerate(records)
            for place in range(lengths.get(number, 0))
        ]
        step: dict[str, Any] = {"zip": Guess({names[path]: path for path in equal}, "they are always equally long")}
        if split:
            step["split"] = split
        person = Guess("$annotator", "its name says who judged") if people else None
        return Apart(acts, [step], person, ("$",))
    return None


def _as_lists(one: Field, split: str | None) -> dict[int, list[Any]] | None:
    if split is None:
        return {at: value for at, value in one.values.items() if value is not None} if one.is_list else None
    if one.is_list or not any(split in text for text in one.texts) or one.mean_length > 200:
        return None
    return {at: value.split(split) for at, value in one.values.items() if isinstance(value, str) and value}


def _repeats(lists: dict[int, list[Any]]) -> bool:
    """Whether a short value stands twice in a list, which it does not in a set of chosen options."""
    if any(len(str(one)) > _SHORT for held in lists.values() for one in held):
        return False
    return any(len({str(one) for one in held}) < len(held) for held in lists.values())


def _in_columns(records: list[dict[str, Any]], fields: dict[str, Field], *, is_table: bool) -> Apart | None:
    """One act for each number in the names of columns: annotator_1, label_1, annotator_2, label_2."""
    families: defaultdict[tuple[str, str], dict[int, Field]] = defaultdict(dict)
    for path, one in fields.items():
        if (found := _NUMBERED.fullmatch(path)) is not None:
            families[found["before"], found["after"]][int(found["number"])] = one
    several = {family: held for family, held in families.items() if len(held) > 1 and _counts_up(list(held))}
    people = [family for family, held in several.items() if person_rank(next(iter(held.values()))) is not None]
    if not people:
        return None
    numbers = sorted(several[people[0]])
    equal = {family: held for family, held in several.items() if sorted(held) == numbers}
    if len(equal) == 1:
        return _one_column_a_person(records, equal[people[0]], is_table=is_table)
    names = {family: "_".join(Field("".join(family)).words) for family in equal}
    taken = {one.path for held in equal.values() for one in held.values()}
    acts = []
    for record in records:
        cells = flat(record, is_table=is_table)
        outside = {path: value for path, value in cells.items() if path not in taken}
        for number in numbers:
            own = {f"${names[family]}": cells.get(held[number].path) for family, held in equal.items()}
            acts.append({**outside, **own})
    span = f"{{{numbers[0]}..{numbers[-1]}}}"
    zipped = {names[family]: f"{family[0]}{span}{family[1]}" for family in equal}
    step = {"zip": Guess(zipped, "their columns are numbered alike")}
    return Apart(acts, [step], Guess(f"${names[people[0]]}", "its name says who judged"), ("$",))


def _one_column_a_person(records: list[dict[str, Any]], held: dict[int, Field], *, is_table: bool) -> Apart | None:
    paths = [one.path for one in held.values()]
    if len({text for one in held.values() for text in one.distinct}) > _FEW:
        return None  # they hold ids rather than answers
    acts = []
    for record in records:
        cells = flat(record, is_table=is_table)
        outside = {path: value for path, value in cells.items() if path not in paths}
        acts += [{**outside, "$column": path, "$value": cells.get(path)} for path in paths]
    step = {"columns": Guess(paths, "their names say who judged, and they hold answers")}
    return Apart(acts, [step], Guess("$column", "each column is one person"), ("$",))


def _counts_up(numbers: list[int]) -> bool:
    return sorted(numbers) == list(range(min(numbers), min(numbers) + len(numbers)))
