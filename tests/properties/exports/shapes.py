"""Every shape there is. A new shape is one class beside its like; a new format is one branch in ``formats``."""

from __future__ import annotations

from tests.properties.exports.shape import Shape
from tests.properties.exports.shapes_csv import Columns, ParallelText, Tidy
from tests.properties.exports.shapes_json import ByAnnotator, Entries, Flat, Keyed, Marks, Nested, ParallelLists
from tests.properties.exports.shapes_xml import XmlFlat, XmlNested

FAMILIES: dict[str, tuple[Shape, ...]] = {
    "csv, a row an act": (Tidy(),),
    "csv, a row an item": (Columns(), ParallelText()),
    "json, a record an act or an annotator": (Flat(), ByAnnotator()),
    "json, lists of acts, of answers, side by side": (Nested(), Marks(), ParallelLists()),
    "json, objects by item, by annotator": (Keyed(), Entries()),
    "xml": (XmlFlat(), XmlNested()),
}
"""Every shape that is written and read back, by format and likeness: one property each."""

SHAPES: tuple[Shape, ...] = tuple(shape for family in FAMILIES.values() for shape in family)
