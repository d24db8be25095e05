"""Records taken apart into acts, and the fields of an act: a mapping's paths and steps, compiled once.

An act is a list of slots: a CSV row's cells, or the one record, and behind them what is made. What a path means is
found once: the slot that it begins in, and what is left of it from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from typing import Any

from expectations.recount.values import ABSENT, Unreadable, json_of, scalar, single
from pipelines.contracts.each import Each, EachColumn, EachElement, EachEntry, EachGroup, EachParallel
from pipelines.contracts.paths import Every, Looked, Select, Step, Unwrapped, is_place, names_of, parse_path

Act = list[Any]
Get = Callable[[Act], Any]
TakeApart = Callable[[Act], Iterator[Act]]


class Layout:
    """Where a mapping's fields are in an act; ``header`` names the columns of a CSV file, and is None elsewhere.

    ``made`` are fields that hold for a whole record, which stand behind the record's own slots.
    """

    def __init__(self, each: Sequence[Each], header: Sequence[str] | None, made: Sequence[str]) -> None:
        self._columns = None if header is None else {name: place for place, name in enumerate(header)}
        self._size = 1 if header is None else len(header)
        self._made: dict[str, int] = {}
        self._taken: list[tuple[tuple[Step, ...], int]] = []
        for name in made:
            self._make(name)
        self.steps: list[TakeApart] = [self._step(step) for step in each]

    def acts(self, act: Act) -> list[Act]:
        """The acts that a record holds, in order.

        Raises:
            Unreadable: the record has another shape.
        """
        acts = [act]
        for step in self.steps:
            acts = [part for one in acts for part in step(one)]
        return acts

    def place(self, field: str) -> int | None:
        """The slot of a CSV column, or of what is made."""
        return self._made.get(field, (self._columns or {}).get(field))

    def get(self, field: str) -> Get:
        """What finds a field in an act."""
        if self._columns is not None:
            place = self.place(field)
            return _nothing if place is None else itemgetter(place)
        path = parse_path(field)
        if isinstance(path[0], str) and path[0] in self._made:
            return self._follow(self._made[path[0]], path[1:])
        for taken, slot in reversed(self._taken):
            if path[: len(taken)] == taken:
                return self._follow(slot, path[len(taken) :])
        return self._follow(0, path)

    def _make(self, name: str) -> None:
        self._made[name] = self._size
        self._size += 1

    def _take(self, path: str) -> None:
        self._taken.append((parse_path(path), self._size))
        self._size += 1

    def _follow(self, slot: int, steps: tuple[Step, ...]) -> Get:
        if not steps:
            return itemgetter(slot)
        if len(steps) == 1 and isinstance(steps[0], str):
            return _member(slot, steps[0])
        for place, step in enumerate(steps):
            if isinstance(step, Every) or (isinstance(step, Select) and step.every):
                return self._follow_each(slot, steps[:place], step, steps[place + 1 :])
        parts = [(step, None) if isinstance(step, str) else ("", self._part(step)) for step in steps]

        def get(act: Act) -> Any:
            value = act[slot]
            for name, part in parts:
                if part is not None:
                    value = part(value, act)
                elif type(value) is dict:
                    value = value.get(name, ABSENT)
                else:
                    value = _placed(value, name)
            return value

        return get

    def _follow_each(self, slot: int, before: tuple[Step, ...], step: Every | Select, rest: tuple[Step, ...]) -> Get:
        """What finds a list of what several elements of a list hold; what one of them lacks is left out."""
        whole = self._follow(slot, before)
        inner = Layout([], None, [])._follow(0, rest)
        chosen = None if isinstance(step, Every) else _chosen(step)
        is_nested = any(isinstance(one, Every) or (isinstance(one, Select) and one.every) for one in rest)

        def get(act: Act) -> Any:
            value = whole(act)
            if type(value) is dict and chosen is None and not rest:
                value = list(value.values())
            if type(value) is not list:
                return ABSENT
            found = [inner([one]) for one in value if chosen is None or chosen(one)]
            held = [one for one in found if one is not ABSENT]
            return [part for one in held for part in one] if is_nested else held

        return get

    def _part(self, step: Select | Unwrapped | Looked | Every) -> Callable[[Any, Act], Any]:
        if isinstance(step, Select):
            return _selecting(step)
        if isinstance(step, Unwrapped):
            name = step.name
            return lambda value, _: value.get(name, ABSENT) if type(value) is dict else value
        assert isinstance(step, Looked)
        slot = self._made[step.name]

        def look(value: Any, act: Act) -> Any:
            name = scalar(act[slot])
            return value.get(name, ABSENT) if type(value) is dict and name is not None else ABSENT

        return look

    def _step(self, step: EachColumn | EachElement | EachEntry | EachParallel | EachGroup) -> TakeApart:
        if isinstance(step, EachColumn):
            return self._each_column(step)
        if isinstance(step, EachParallel):
            return self._each_parallel(step)
        if isinstance(step, EachGroup):
            return self._each_zips(step)
        if isinstance(step, EachEntry):
            return self._each_entry(step)
        return self._each_element(step) if step.by is None else self._each_group(step, step.by)

    def _each_column(self, step: EachColumn) -> TakeApart:
        columns = [(name, self.get(name)) for name in step.columns]
        for name in step.made():
            self._make(name)

        def take(act: Act) -> Iterator[Act]:
            for name, get in columns:
                value = get(act)
                if value is ABSENT:
                    raise Unreadable(f"has no {name}", record=True)
                yield [*act, name, value]

        return take

    def _each_parallel(self, step: EachParallel) -> TakeApart:
        lists = [self._parallel(given, step.split) for given in step.zip.values()]
        for name in step.made():
            self._make(name)

        def take(act: Act) -> Iterator[Act]:
            found = [one(act) for one in lists]
            if len({len(one) for one in found}) > 1:
                raise Unreadable("has lists of other lengths", record=True)
            for place, parts in enumerate(zip(*found, strict=True), 1):
                yield [*act, *parts, str(place)]

        return take

    def _each_zips(self, step: EachGroup) -> TakeApart:
        names = step.made()
        groups = [[(f"${name}", self._whole_list(path)) for name, path in group.items()] for group in step.zips]
        for name in names:
            self._make(name)

        def take(act: Act) -> Iterator[Act]:
            for group in groups:
                found = {name: get(act) for name, get in group}
                if all(value is ABSENT or value is None for value in found.values()):
                    continue
                if any(type(value) is not list for value in found.values()):
                    raise Unreadable("has a group of which something is no list", record=True)
                if len({len(value) for value in found.values()}) > 1:
                    raise Unreadable("has lists of other lengths", record=True)
                for place, parts in enumerate(zip(*found.values(), strict=True), 1):
                    held = dict(zip(found, parts, strict=True)) | {"$index": str(place)}
                    yield [*act, *(held.get(name, ABSENT) for name in names)]

        return take

    def _whole_list(self, field: str) -> Get:
        """What finds a list; where it is made of what each element of another holds, each must hold it."""
        get, (before, inner, _) = self.get(field), field.partition("[]")
        if not inner:
            return get
        whole = self.get(before)

        def found(act: Act) -> Any:
            value = get(act)
            if type(value) is list and len(value) != len(whole(act)):
                raise Unreadable("has an element without what others hold", record=True)
            return value

        return found

    def _parallel(self, given: str | list[str], split: str | None) -> Callable[[Act], list[Any]]:
        if not isinstance(given, str):
            gets = [self.get(name) for name in given]
            return lambda act: [get(act) for get in gets]
        get = self.get(given)

        def whole(act: Act) -> list[Any]:
            value = get(act)
            if type(value) is str and split is not None:
                return value.split(split) if value else []
            if type(value) is not list:
                raise Unreadable(f"has no list {given}", record=True)
            return value

        return whole

    def _each_entry(self, step: EachEntry) -> TakeApart:
        get = self.get(step.entries)
        self._take(step.entries)
        self._make(f"${step.name}")

        def take(act: Act) -> Iterator[Act]:
            value = get(act)
            if type(value) is not dict:
                raise Unreadable(f"has no object {step.entries}", record=True)
            for name, held in value.items():
                yield [*act, held, name]

        return take

    def _list(self, path: str) -> Callable[[Act], list[Any]]:
        get = self.get(path)

        def elements(act: Act) -> list[Any]:
            value = get(act)
            if type(value) is not list or any(type(one) is not dict for one in value):
                raise Unreadable(f"has no list of objects {path}", record=True)
            return value

        return elements

    def _each_element(self, step: EachElement) -> TakeApart:
        elements = self._list(step.list)
        self._take(step.list)
        if step.place is None:
            return lambda act: iter([[*act, one] for one in elements(act)])
        self._make(f"${step.place}")
        return lambda act: iter([[*act, one, str(place)] for place, one in enumerate(elements(act), 1)])

    def _each_group(self, step: EachElement, by: str) -> TakeApart:
        elements = self._list(step.list)
        get_by = Layout([], None, []).get(by)
        self._take(step.list)
        self._make("$by")

        def take(act: Act) -> Iterator[Act]:
            groups: dict[str, tuple[Any, list[Any]]] = {}
            for one in elements(act):
                value = get_by([one])
                if single(value) is None and value is not None:
                    raise Unreadable(f"has an element without {by}", record=True)
                groups.setdefault(json_of(value), (value, []))[1].append(one)
            for value, group in groups.values():
                yield [*act, group, value]

        return take


def _nothing(_: Act) -> Any:
    return ABSENT


def _member(slot: int, name: str) -> Get:
    def get(act: Act) -> Any:
        value = act[slot]
        return value.get(name, ABSENT) if type(value) is dict else _placed(value, name)

    return get


def _placed(value: Any, name: str) -> Any:
    """The element of a list at the place that a number names."""
    return value[int(name)] if type(value) is list and is_place(name) and int(name) < len(value) else ABSENT


def _chosen(step: Select) -> Callable[[Any], bool]:
    """What tells the elements of a list whose keys have the values."""
    wanted = [(names_of(key), value, {"true": True, "false": False}.get(value)) for key, value in step.conditions]

    def is_chosen(one: Any) -> bool:
        for names, value, flag in wanted:
            held = one
            for name in names:
                held = held.get(name, ABSENT) if type(held) is dict else _placed(held, name)
            if not (held == value or (flag is not None and held is flag)):
                return False
        return True

    return is_chosen


def _selecting(step: Select) -> Callable[[Any, Act], Any]:
    """What finds the one element of a list whose key has the value."""
    is_chosen = _chosen(step)

    def select(value: Any, _: Act) -> Any:
        found: Any = ABSENT
        if type(value) is list:
            for one in value:
                if is_chosen(one):
                    if found is not ABSENT:
                        raise Unreadable(f"has several elements with {step.key}={step.value}", record=True)
                    found = one
        return found

    return select
