"""The part of a contract that takes a record apart into the acts of judging that it holds.

How a record is taken apart is in ``pipelines.shapes.steps``.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from pipelines.contracts.answers import FieldPath
from pipelines.contracts.questions import Code, Part


class EachElement(Part):
    """Several acts a record: one for each element of a list; the list's path then means the element.

    With ``by`` there is one act for each distinct value of that field of the elements: the list's path then means
    the elements of that act, and $by the value.
    """

    list: FieldPath = Field(description="path of the list")
    by: FieldPath | None = Field(None, description="field of the elements that tells the acts apart")
    place: Code | None = Field(None, description="the element's place in the list, from 1, is $<place>; without by")

    @model_validator(mode="after")
    def _is_one_element(self) -> EachElement:
        if self.by is not None and self.place is not None:
            raise ValueError("place is an element's, and by makes acts of several")
        return self

    def fields(self) -> tuple[str, ...]:
        """The fields that it names."""
        return (self.list,) if self.by is None else (self.list, f"{self.list}.{self.by}")

    def made(self) -> tuple[str, ...]:
        """The fields that it makes."""
        made = ("$by" if self.by is not None else None, f"${self.place}" if self.place else None)
        return tuple(name for name in made if name is not None)


class EachEntry(Part):
    """Several acts a record: one for each entry of an object; the object's path then means the entry's value."""

    entries: FieldPath = Field(description="path of the object")
    name: Code = Field(description="the entry's key is $<name>")

    def fields(self) -> tuple[str, ...]:
        """The fields that it names."""
        return (self.entries,)

    def made(self) -> tuple[str, ...]:
        """The fields that it makes."""
        return (f"${self.name}",)


class EachColumn(Part):
    """Several acts a record: one for each of these columns ($column is its name, $value its value)."""

    columns: Annotated[list[FieldPath], Field(min_length=1)] = Field(description="the columns, one act each")

    def fields(self) -> tuple[str, ...]:
        """The fields that it names."""
        return tuple(self.columns)

    def made(self) -> tuple[str, ...]:
        """The fields that it makes."""
        return ("$column", "$value")


_NUMBERED = re.compile(r"(?P<before>[^{}]*)\{(?P<first>[0-9]+)\.\.(?P<last>[0-9]+)\}(?P<after>[^{}]*)")


def _numbered(value: object) -> object:
    """``text{1..3}`` stands for text1, text2, text3."""
    found = _NUMBERED.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return value
    first, last = int(found["first"]), int(found["last"])
    if not first < last <= first + 999:
        raise ValueError(f"{value!r} does not count up, or to more than a thousand")
    return [f"{found['before']}{number}{found['after']}" for number in range(first, last + 1)]


Parallel = Annotated[
    FieldPath | list[FieldPath], BeforeValidator(_numbered, json_schema_input_type=str | list[FieldPath])
]
"""A list by its path, or the fields that are its elements."""


class EachParallel(Part):
    """Several acts a record: lists of equal length read side by side ($<name> is the element)."""

    zip: dict[Code, Parallel] = Field(
        min_length=1,
        description="name → path of a list, or of text to split, or several fields that are the list,"
        " such as [text1, text2, text3], for which text{1..3} may stand",
    )
    split: str | None = Field(None, min_length=1, description="text lists: the separator")

    def fields(self) -> tuple[str, ...]:
        """The fields that it names."""
        return tuple(name for given in self.zip.values() for name in ([given] if isinstance(given, str) else given))

    def made(self) -> tuple[str, ...]:
        """The fields that it makes."""
        return (*(f"${name}" for name in self.zip), "$index")


class EachGroup(Part):
    """Several acts a record: groups of lists, each group read side by side, one behind the other.

    Lists are of one length within a group. A group of which nothing is there (absent, or null) gives no act; what other
    groups make is absent in its acts, and a question that reads only that is not asked in them.
    """

    zips: list[dict[Code, FieldPath]] = Field(
        min_length=1, description="groups, each name → path of a list; a name may be in several groups"
    )

    def fields(self) -> tuple[str, ...]:
        """The fields that it names."""
        return tuple(path for group in self.zips for path in group.values())

    def made(self) -> tuple[str, ...]:
        """The fields that it makes."""
        return (*dict.fromkeys(f"${name}" for group in self.zips for name in group), "$index")

    def made_by_all(self) -> frozenset[str]:
        """Those that every act has."""
        return frozenset.intersection(*(frozenset(f"${name}" for name in group) for group in self.zips)) | {"$index"}


def _kind(value: object) -> str | None:
    """Which step is meant, by the one field that each kind must have."""
    for kind in ("list", "entries", "columns", "zip", "zips"):
        if kind in value if isinstance(value, dict) else hasattr(value, kind):
            return f"each:{kind}"
    return None


Each = Annotated[
    Annotated[EachElement, Tag("each:list")]
    | Annotated[EachEntry, Tag("each:entries")]
    | Annotated[EachColumn, Tag("each:columns")]
    | Annotated[EachParallel, Tag("each:zip")]
    | Annotated[EachGroup, Tag("each:zips")],
    Discriminator(_kind, "each", "is one step, with list, entries, columns, zip or zips, or a list of such steps"),
]
"""One step; a mapping may name several, each within the parts of the one before."""
