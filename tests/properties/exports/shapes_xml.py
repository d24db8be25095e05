"""Shapes of XML."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.properties.exports.acts import RawAct
from tests.properties.exports.place import Place
from tests.properties.exports.shape import CELLS, Record, Shape
from tests.properties.exports.shapes_json import Flat, Nested
from tests.properties.exports.values import ABSENT, Token, write
from tests.properties.exports.world import World


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
