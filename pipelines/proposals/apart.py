"""What taking a sample apart comes to: acts of judging, and the field that says who judged."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from pipelines.proposals.fields import Act, Field
from pipelines.proposals.guess import Guess
from pipelines.proposals.names import person_rank

NUMBERED = re.compile(r"(?P<before>.*?)(?P<number>[0-9]+)(?P<after>[^0-9]*)")
"""A name with a number in it."""


@dataclass(frozen=True)
class Apart:
    """A sample taken apart.

    Attributes:
        acts: its acts of judging.
        each: the steps that take a record apart, as a contract states them.
        annotator: the field that says who judged, if one does.
        inner: what the fields of an act begin with; those of all others are their record's.
        beside: other lists whose elements say who judged, which ``each`` does not read.
    """

    acts: list[Act]
    each: list[Any] = field(default_factory=list)
    annotator: Guess | None = None
    inner: tuple[str, ...] = ("",)
    beside: tuple[str, ...] = ()

    def is_inner(self, path: str) -> bool:
        """Whether a field is an act's own, not its record's."""
        return path.startswith(self.inner)


def person_of(fields: Collection[Field]) -> Guess | None:
    """The field that most surely says who judged."""
    ranked = sorted(
        (rank, place, one)
        for place, one in enumerate(fields)
        if (rank := person_rank(one)) is not None and one.texts and not one.is_list and not _is_numbered(one, fields)
    )
    if not ranked:
        return None
    return Guess(ranked[0][2].path, "its name says who judged")


def _is_numbered(one: Field, fields: Collection[Field]) -> bool:
    """Whether there are several fields of that name with different numbers."""
    found = NUMBERED.fullmatch(one.path)
    same = [other for other in fields if found and _family(other.path) == _family(one.path)]
    return len(same) > 1


def _family(path: str) -> tuple[str, str] | None:
    found = NUMBERED.fullmatch(path)
    return (found["before"], found["after"]) if found else None
