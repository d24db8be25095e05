"""Shapes of CSV."""

from __future__ import annotations

from typing import Any

from pipelines.domain.vocabulary import Reason
from tests.properties.exports.acts import RawAct
from tests.properties.exports.place import Place
from tests.properties.exports.places import Joined
from tests.properties.exports.shape import CELLS, ONE_VALUE, Record, Shape, grouped, id_of, in_order, what_is_judged
from tests.properties.exports.values import write
from tests.properties.exports.world import World


class Tidy(Shape):
    """CSV: one row an act, a column a question or several; ranks, best and worst, and one-hot sets among them."""

    name = "csv tidy"
    is_text = True
    types = CELLS

    def records(self, world: World, raws: list[RawAct]) -> list[Record]:
        return [
            Record(
                {"item": raw.item, "who": raw.annotator, "text": raw.text, "note": raw.note or "", **raw.flat()},
                ((0, raw),),
            )
            for raw in raws
        ]

    def columns(self, world: World, places: tuple[Place, ...]) -> list[str]:
        beside = ["status", "why", "sure", "when", "took"] if world.has_beside else []
        given = [name for one in places for name in one.write(next(act.given[one.code] for act in world.acts))]
        return ["item", "who", *given, *beside, "text", "note"]

    def extra(self, raw: RawAct) -> str | None:
        return write({"note": raw.note or ""})


class Columns(Shape):
    """CSV: one row an item, a column an annotator."""

    name = "csv annotators as columns"
    is_text = True
    types = ONE_VALUE
    has_beside = False
    only_one_field = True
    max_questions = 1
    without = "$"  # a name that begins so is made by the shape: no contract can name such a column
    is_sparse = True
    free_annotators = False

    def mapping(self, world: World, places: tuple[Place, ...]) -> dict[str, Any]:
        return {**super().mapping(world, places), "answers": {places[0].code: "$value"}}

    def each(self, world: World) -> Any:
        return {"columns": self._people(world)}

    def annotator_key(self) -> str:
        return "$column"

    def _people(self, world: World) -> list[str]:
        return list(dict.fromkeys(act.annotator for act in world.acts))

    def columns(self, world: World, places: tuple[Place, ...]) -> list[str]:
        return ["item", *self._people(world), "text"]

    def records(self, world: World, raws: list[RawAct]) -> list[Record]:
        people = self._people(world)
        found = []
        for group in grouped(raws, what_is_judged, lambda raw: raw.annotator):
            cells = {raw.annotator: next(iter(raw.flat().values())) for raw in group}
            value = {"item": group[0].item, "text": group[0].text, **{one: cells.get(one, "") for one in people}}
            found.append(Record(value, tuple((people.index(raw.annotator), raw) for raw in group)))
        return found


class ParallelText(Shape):
    """CSV: one row an item; annotators and answers are texts of equally many parts."""

    name = "csv parallel texts"
    is_text = True
    types = ONE_VALUE
    without = Joined.separator
    has_beside = False
    only_one_field = True

    def mapping(self, world: World, places: tuple[Place, ...]) -> dict[str, Any]:
        return {**super().mapping(world, places), "answers": {one.code: f"${one.code}" for one in places}}

    def each(self, world: World) -> Any:
        zipped = {"who": "people", **{one.code: one.code for one in world.asked}}
        return {"zip": zipped, "split": Joined.separator} if self.is_text else {"zip": zipped}

    def annotator_key(self) -> str:
        return "$who"

    def columns(self, world: World, places: tuple[Place, ...]) -> list[str]:
        return ["item", "people", *(one.code for one in places), "text"]

    def records(self, world: World, raws: list[RawAct]) -> list[Record]:
        found = []
        for group in grouped(raws, what_is_judged, id_of(raws)):
            # One empty part cannot be told from none.
            lists: dict[str, list[Any]] = {"people": [raw.annotator for raw in group]}
            lists |= {one.code: [raw.fields[one.code][one.code] for raw in group] for one in world.asked}
            held = {name: Joined.separator.join(parts) if self.is_text else parts for name, parts in lists.items()}
            is_none = self.is_text and set(held.values()) == {""}
            is_uneven = self.is_text and "" in held.values() and not is_none
            refusals = frozenset({Reason.RECORD_SHAPE}) if is_uneven else frozenset()
            value = {"item": group[0].item, "text": group[0].text, **held}
            found.append(Record(value, () if is_none else in_order(group), refusals=refusals))
        return found
