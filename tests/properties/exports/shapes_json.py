"""Shapes of JSON and JSON Lines."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pipelines.domain.vocabulary import AnswerType
from tests.properties.exports.acts import RawAct
from tests.properties.exports.place import Place
from tests.properties.exports.places import Joined
from tests.properties.exports.shape import ONE_VALUE, Record, Shape, grouped, id_of, in_order, what_is_judged
from tests.properties.exports.shapes_csv import ParallelText
from tests.properties.exports.values import write
from tests.properties.exports.world import World


class ParallelLists(ParallelText):
    """JSON: one record an item; annotators and answers are lists of equal length."""

    name = "json parallel lists"
    container = "people"
    is_text = False
    without = ""


class Flat(Shape):
    """JSON: one record an act."""

    name = "json flat"

    def records(self, world: World, raws: list[RawAct]) -> list[Record]:
        return [
            Record(
                {"item": raw.item, "who": raw.annotator, "text": raw.text, "note": raw.note, **raw.flat()}, ((0, raw),)
            )
            for raw in raws
        ]

    def extra(self, raw: RawAct) -> str | None:
        return write({"note": raw.note})


class Nested(Shape):
    """JSON: one record an item, with a list of acts."""

    name = "json list of acts"
    prefix = "acts."
    container = "acts"
    lists_acts = True

    def each(self, world: World) -> Any:
        return {"list": "acts"}

    def annotator_key(self) -> str:
        return "acts.who"

    def records(self, world: World, raws: list[RawAct]) -> list[Record]:
        return [
            Record(
                {
                    "item": group[0].item,
                    "text": group[0].text,
                    "acts": [{"who": raw.annotator, **raw.flat()} for raw in group],
                },
                in_order(group),
            )
            for group in grouped(raws, what_is_judged, id_of(raws))
        ]


class Keyed(Nested):
    """JSON: an object with an entry an item, each with a list of acts."""

    name = "json object by item"
    is_keyed = True

    def item_key(self) -> str:
        return "$key"

    def records(self, world: World, raws: list[RawAct]) -> list[Record]:
        found = super().records(world, raws)
        return [
            replace(
                one, key=one.value["item"], value={name: held for name, held in one.value.items() if name != "item"}
            )
            for one in found
        ]


class ByAnnotator(Nested):
    """JSON: one record an annotator, with a list of the items judged."""

    name = "json by annotator"

    def annotator_key(self) -> str:
        return "who"

    def item_key(self) -> str:
        return "acts.item"

    def mapping(self, world: World, places: tuple[Place, ...]) -> dict[str, Any]:
        stated = super().mapping(world, places)
        stated["item"]["text"] = "acts.text"
        return stated

    def records(self, world: World, raws: list[RawAct]) -> list[Record]:
        return [
            Record(
                {
                    "who": group[0].annotator,
                    "acts": [{"item": raw.item, "text": raw.text, **raw.flat()} for raw in group],
                },
                in_order(group),
            )
            for group in grouped(raws, lambda raw: raw.annotator, id_of(raws))
        ]


class Entries(Shape):
    """JSON: one record an item, with an object of acts by annotator."""

    name = "json object of acts"
    prefix = "acts."
    container = "acts"

    def each(self, world: World) -> Any:
        return {"entries": "acts", "name": "who"}

    def annotator_key(self) -> str:
        return "$who"

    def records(self, world: World, raws: list[RawAct]) -> list[Record]:
        return [
            Record(
                {
                    "item": group[0].item,
                    "text": group[0].text,
                    "acts": {raw.annotator: raw.flat() for raw in group},
                },
                in_order(group),
            )
            for group in grouped(raws, what_is_judged, lambda raw: raw.annotator)
        ]


class Marks(Shape):
    """JSON: one record an item, with a list of answers; those of one annotator are one act."""

    name = "json list of answers"
    container = "marks"
    types = (*ONE_VALUE, AnswerType.MULTI_CHOICE)
    has_beside = False
    only_one_field = True

    def mapping(self, world: World, places: tuple[Place, ...]) -> dict[str, Any]:
        answers = {one.code: {"field": f"marks[q={one.code}].value"} for one in places}
        for one in places:
            if isinstance(one, Joined):
                answers[one.code]["split"] = Joined.separator
        return {**super().mapping(world, places), "answers": answers}

    def each(self, world: World) -> Any:
        return {"list": "marks", "by": "who"}

    def annotator_key(self) -> str:
        return "$by"

    def records(self, world: World, raws: list[RawAct]) -> list[Record]:
        found = []
        for group in grouped(raws, what_is_judged, lambda raw: raw.annotator):
            marks = [
                {"who": raw.annotator, "q": one.code, "value": raw.fields[one.code][one.code]}
                for one in world.asked
                for raw in group
            ]
            found.append(Record({"item": group[0].item, "text": group[0].text, "marks": marks}, in_order(group)))
        return found
