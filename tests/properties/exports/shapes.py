"""Shapes: how acts stand in records. One small writer a shape, with the part of a contract that reads it back.

A new shape is one class here; a new container is one function in ``formats``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from pipelines.domain.vocabulary import AnswerType, Reason
from tests.properties.exports.acts import RawAct
from tests.properties.exports.places import Joined, Place, place
from tests.properties.exports.values import ABSENT, Token, write
from tests.properties.exports.world import SPELLINGS, World

EVERY_TYPE = tuple(AnswerType)
ONE_VALUE = (AnswerType.CHOICE, AnswerType.RATING, AnswerType.PAIRWISE, AnswerType.TEXT)
CELLS = tuple(kind for kind in AnswerType if kind != AnswerType.SPANS)


@dataclass(frozen=True)
class Record:
    """One record: a JSON value or the cells of a row by column, and its acts by their part.

    ``key`` is its name where records are an object's entries. ``text`` replaces how it is written. A record with
    ``refusals`` is refused as a whole.
    """

    value: Any
    acts: tuple[tuple[int, RawAct], ...]
    key: str | None = None
    text: str | None = None
    refusals: frozenset[Reason] = frozenset()


class Shape(ABC):
    """How acts stand in records.

    Attributes:
        is_text: records are CSV rows; ``is_xml``: they are XML elements.
        types: answer types that it can hold.
        without: signs that no key and no answer may have; ``never`` those that nothing may.
        has_beside: acts have a status, a rationale, a time, …
        only_one_field: an answer is in one field.
        prefix: path of the acts within a record.
        is_keyed: records are entries of an object, by item.
        is_sparse: what nobody answered looks like silence, so every question may be silent.
        free_annotators: any text can be an annotator's id; no other value can where records name them by a key.
        container: the field with the list, or object, of acts; ``lists_acts`` where it is a list of them.
    """

    name: ClassVar[str]
    is_text: ClassVar[bool] = False
    is_xml: ClassVar[bool] = False
    types: ClassVar[tuple[AnswerType, ...]] = EVERY_TYPE
    without: ClassVar[str] = ""
    has_beside: ClassVar[bool] = True
    only_one_field: ClassVar[bool] = False
    max_questions: ClassVar[int] = 2
    prefix: ClassVar[str] = ""
    never: ClassVar[str] = ""
    is_keyed: ClassVar[bool] = False
    is_sparse: ClassVar[bool] = False
    free_annotators: ClassVar[bool] = True
    container: ClassVar[str | None] = None
    lists_acts: ClassVar[bool] = False

    def places(self, world: World, way: int) -> tuple[Place, ...]:
        """Where each question's answer is."""
        return tuple(
            place(one, is_text=self.is_text, prefix=self.prefix, only_one_field=self.only_one_field, way=way)
            for one in world.asked
        )

    def mapping(self, world: World, places: tuple[Place, ...]) -> dict[str, Any]:
        """The contract's file mapping, dialect and pattern apart."""
        answers: dict[str, Any] = {one.code: one.mapping() for one in places}
        item = {"key": self.item_key(), "text": "text"}
        stated: dict[str, Any] = {"item": item, "annotator": {"key": self.annotator_key()}, "answers": answers}
        if self.has_beside and world.has_beside:
            at = self.prefix
            spelled = {raw: status.value for raw, status in SPELLINGS.items()}
            stated |= {"status": {"field": f"{at}status", "values": spelled}, "judged_at": f"{at}when"}
            stated |= {"duration_s": f"{at}took"}
            for code, answer in answers.items():
                whole = answer if isinstance(answer, dict) else {"field": answer}
                answers[code] = {**whole, "rationale": f"{at}why", "confidence": f"{at}sure"}
        if (each := self.each(world)) is not None:
            stated["each"] = each
        return stated

    def each(self, world: World) -> Any:
        """The step that takes a record apart."""
        return None

    def item_key(self) -> str:
        """Field with the item's id."""
        return "item"

    def annotator_key(self) -> str:
        """Field with the annotator's id."""
        return "who"

    @abstractmethod
    def records(self, world: World, raws: list[RawAct]) -> list[Record]:
        """The records that hold these acts, each act once."""

    def columns(self, world: World, places: tuple[Place, ...]) -> list[str]:
        """The header, where records are rows."""
        return []

    def extra(self, raw: RawAct) -> str | None:
        """What a judgment keeps of fields that no mapping covers."""
        return None

    def fitted(self, raw: RawAct) -> RawAct:
        """The act with values that the format has."""
        return raw


def grouped(
    raws: Iterable[RawAct], key: Callable[[RawAct], Any], distinct: Callable[[RawAct], Any]
) -> list[list[RawAct]]:
    """Acts by a key, in order; a group has one act for each ``distinct``, and a further one starts another group."""
    groups: list[tuple[str, set[str], list[RawAct]]] = []
    for raw in raws:
        name, apart = repr(key(raw)), repr(distinct(raw))
        fitting = [one for one in groups if one[0] == name and apart not in one[1]]
        if not fitting:
            groups.append((name, set(), []))
        _, seen, group = fitting[0] if fitting else groups[-1]
        seen.add(apart)
        group.append(raw)
    return [group for _, _, group in groups]


def in_order(group: list[RawAct]) -> tuple[tuple[int, RawAct], ...]:
    """The acts of a record, numbered."""
    return tuple(enumerate(group))


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
        for group in grouped(raws, lambda raw: raw.item, lambda raw: raw.annotator):
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
        for group in grouped(raws, lambda raw: raw.item, id_of(raws)):
            # One empty part cannot be told from none.
            lists: dict[str, list[Any]] = {"people": [raw.annotator for raw in group]}
            lists |= {one.code: [raw.fields[one.code][one.code] for raw in group] for one in world.asked}
            held = {name: Joined.separator.join(parts) if self.is_text else parts for name, parts in lists.items()}
            refusals = frozenset({Reason.RECORD_SHAPE}) if self.is_text and "" in held.values() else frozenset()
            value = {"item": group[0].item, "text": group[0].text, **held}
            found.append(Record(value, in_order(group), refusals=refusals))
        return found


def id_of(raws: list[RawAct]) -> Callable[[RawAct], Any]:
    """Each act apart from each: all of a key's acts are one group."""
    places = {id(raw): number for number, raw in enumerate(raws)}
    return lambda raw: str(places[id(raw)])


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
            for group in grouped(raws, lambda raw: raw.item, id_of(raws))
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
            for group in grouped(raws, lambda raw: raw.item, lambda raw: raw.annotator)
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
        for group in grouped(raws, lambda raw: raw.item, lambda raw: raw.annotator):
            marks = [
                {"who": raw.annotator, "q": one.code, "value": raw.fields[one.code][one.code]}
                for one in world.asked
                for raw in group
            ]
            found.append(Record({"item": group[0].item, "text": group[0].text, "marks": marks}, in_order(group)))
        return found


def as_xml(value: Any) -> Any:
    """A value as XML can hold it: a number is a text, and what is null is not there."""
    return ABSENT if value is None else value.text if isinstance(value, Token) else value


class Xml(Shape):
    """What records that are XML elements have in common."""

    is_xml = True
    types = CELLS
    never = "".join(sign for sign in map(chr, range(32)) if sign not in "\t\n\r") + "\ufffe\uffff"

    def places(self, world: World, way: int) -> tuple[Place, ...]:
        return super().places(world, 2)

    def fitted(self, raw: RawAct) -> RawAct:
        fields = {code: {name: as_xml(held) for name, held in one.items()} for code, one in raw.fields.items()}
        return replace(raw, fields=fields, beside={name: as_xml(held) for name, held in raw.beside.items()})


class XmlFlat(Xml, Flat):
    """XML: one element an act."""

    name = "xml flat"

    def records(self, world: World, raws: list[RawAct]) -> list[Record]:
        found = super().records(world, raws)
        return [replace(one, value={name: as_xml(held) for name, held in one.value.items()}) for one in found]

    def extra(self, raw: RawAct) -> str | None:
        return None if raw.note is None else write({"note": raw.note})


class XmlNested(Xml, Nested):
    """XML: one element an item, with an element an act."""

    name = "xml elements of acts"


SHAPES: tuple[Shape, ...] = (
    Tidy(),
    Columns(),
    ParallelText(),
    Flat(),
    Nested(),
    Keyed(),
    ByAnnotator(),
    Entries(),
    Marks(),
    ParallelLists(),
    XmlFlat(),
    XmlNested(),
)
"""Every shape that is written, and read back."""
