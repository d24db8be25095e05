"""What a mutant is: one edit of one thing on the way of the data, why it matters, and what must catch it.

The entries themselves are in ``registry``, a file a family.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import yaml

REGISTRY = Path(__file__).parent / "registry"

FAMILIES = ("voting", "dropping", "merging", "moving", "inventing", "precision", "order", "time")
"""The families, each a file of the registry."""


class Place(StrEnum):
    """What is edited; the value is also the key by which a registry entry says it."""

    MODEL = "model"
    """The compiled SQL of a dbt model, by its name."""
    CODE = "code"
    """The text of a Python file, by its path: readers, shapes, landing, catalog, release."""
    CONTRACT = "contract"
    """The contract of a source, by its code."""
    LANDED = "landed"
    """The landed Parquet of a table, rewritten after ingest."""
    MART = "mart"
    """The Parquet of a mart, rewritten after the laws held on it, before the release reads it."""
    RELEASE = "release"
    """The release's file of a table, rewritten after the laws held on it."""
    STORED = "stored"
    """The object of a table in the store, as the store gives it back."""


SMALLEST = "mini_acts"
"""The source that shows a mutant unless its entry says another one."""

TEXT = (Place.MODEL, Place.CODE, Place.CONTRACT)
"""Places that hold text: the edit is what stands there once, and what stands there instead."""


class RegistryError(ValueError):
    """An entry of the registry that is not whole, or cannot be tried; the message says why."""


@dataclass(frozen=True)
class Mutant:
    """One mutant.

    Attributes:
        place: what is edited.
        target: which of it: a model, a path, a source, or a table.
        old: of a text, what stands there exactly once; of rows, nothing.
        new: of a text, what stands there instead; of rows, a query over ``rows``, which is the table as it was.
        why: what it would do to people's judgments, in a sentence.
        caught: numbers of the laws that are broken and names of the guards that refuse, exactly.
        equivalent: where it loses and distorts nothing, why.
        declared: where it is a statement of the contract that no law can know to be wrong, which one.
        data: the source that shows it, or the dataset of all of them: the smallest that does.
    """

    name: str
    family: str
    place: Place
    target: str
    old: str
    new: str
    why: str
    caught: tuple[str, ...]
    equivalent: str | None = None
    declared: str | None = None
    data: str = SMALLEST

    def edited(self, text: str) -> str:
        """The text with the edit.

        Raises:
            RegistryError: what is to be replaced does not stand there exactly once.
        """
        if (times := text.count(self.old)) != 1:
            raise RegistryError(f"{self.target} holds {self.old!r} {times} times, not once")
        return text.replace(self.old, self.new)


def _mutant(family: str, entry: dict[str, Any]) -> Mutant:
    given = dict(entry)
    name = given.pop("name")
    places = [place for place in Place if place in given]
    if len(places) != 1:
        raise RegistryError(f"{name}: says {len(places)} places; one of {', '.join(Place)}")
    (place,) = places
    target = given.pop(place)
    old, new = (given.pop("replace"), given.pop("by")) if place in TEXT else ("", given.pop("rows"))
    caught = tuple(str(one) for one in given.pop("caught", ()))
    equivalent, declared = given.pop("equivalent", None), given.pop("declared", None)
    why, data = given.pop("why"), given.pop("data", SMALLEST)
    mutant = Mutant(name, family, place, target, old, new, why, caught, equivalent, declared, data)
    if given:
        raise RegistryError(f"{name}: unknown keys {', '.join(given)}")
    if sum(map(bool, (caught, equivalent, declared))) != 1:
        raise RegistryError(f"{name}: says one of what catches it, why it is equivalent, and what declares it")
    return mutant


@cache
def registry() -> tuple[Mutant, ...]:
    """Every mutant, by family.

    Raises:
        RegistryError: an entry is not whole, or two have one name.
    """
    found: dict[str, Mutant] = {}
    for family in FAMILIES:
        for entry in yaml.safe_load((REGISTRY / f"{family}.yaml").read_text(encoding="utf-8")):
            try:
                mutant = _mutant(family, entry)
            except KeyError as error:
                raise RegistryError(f"{family}: an entry has no {error}") from None
            if mutant.name in found:
                raise RegistryError(f"{mutant.name}: there are two of that name")
            found[mutant.name] = mutant
    return tuple(found.values())
