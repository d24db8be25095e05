"""What a shape is: how acts stand in records, with the part of a contract that reads them back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from pipelines.domain.vocabulary import AnswerType, Reason
from tests.properties.exports.acts import RawAct
from tests.properties.exports.place import Place
from tests.properties.exports.places import place
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


def what_is_judged(raw: RawAct) -> tuple[Any, str]:
    """The item and its text: a record has one of each, and acts retyped to the same item keep their own."""
    return raw.item, raw.text


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


def id_of(raws: list[RawAct]) -> Callable[[RawAct], Any]:
    """Each act apart from each: all of a key's acts are one group."""
    places = {id(raw): number for number, raw in enumerate(raws)}
    return lambda raw: str(places[id(raw)])
