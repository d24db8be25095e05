"""Acts of judging side by side: in lists of equal length, and in numbered columns."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from pipelines.proposals.apart import NUMBERED, Apart
from pipelines.proposals.fields import Field, flat
from pipelines.proposals.guess import Guess
from pipelines.proposals.names import is_answer, person_rank

_SEPARATORS = (",", ";", "|")
_FEW = 12
_SHORT = 20


def is_joined(one: Field, fields: dict[str, Field]) -> bool:
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


def side_by_side(records: list[dict[str, Any]], fields: dict[str, Field], *, is_table: bool) -> Apart | None:
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


def in_columns(records: list[dict[str, Any]], fields: dict[str, Field], *, is_table: bool) -> Apart | None:
    """One act for each number in the names of columns: annotator_1, label_1, annotator_2, label_2."""
    families: defaultdict[tuple[str, str], dict[int, Field]] = defaultdict(dict)
    for path, one in fields.items():
        if (found := NUMBERED.fullmatch(path)) is not None:
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
