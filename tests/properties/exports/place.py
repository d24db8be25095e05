"""Places: how the answer to a question stands in a record's fields, and what the fields say, whatever they hold.

``read`` is a second reading of an answer, in Python and by the rules of ``docs/contracts.md``; the product's own
is SQL. Where a valid answer was written, what the model says counts, and not ``read``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from pipelines.domain.answers import (
    Abstention,
    Answer,
    Choice,
    MultiChoice,
    Rating,
    Text,
)
from pipelines.domain.vocabulary import AnswerType, Reason
from tests.properties.exports.values import ABSENT, write
from tests.properties.exports.world import Asked, Given

Fields = dict[str, Any]


@dataclass(frozen=True)
class Judged:
    """The fields hold an answer."""

    answer: Answer


@dataclass(frozen=True)
class Refused:
    """They hold something that is none, for one of these reasons."""

    reasons: frozenset[Reason]


@dataclass(frozen=True)
class Silent:
    """They say that the question was not answered."""


Outcome = Judged | Refused | Silent


def refused(*reasons: Reason) -> Refused:
    """The outcome of a refusal for one of some reasons."""
    return Refused(frozenset(reasons))


@dataclass(frozen=True)
class Place(ABC):
    """Where the answer to one question is. ``is_text``: fields are CSV cells. ``prefix``: path before its fields."""

    asked: Asked
    is_text: bool
    prefix: str = ""

    @abstractmethod
    def mapping(self) -> Any:
        """What the contract says of it."""

    @abstractmethod
    def write(self, given: Given | None) -> Fields:
        """The fields of a valid answer, or of none."""

    @abstractmethod
    def read(self, fields: Fields) -> Outcome:
        """What fields say, valid or not."""

    def raw(self, fields: Fields) -> str | None:
        """The raw answer: of several fields, an object."""
        held = {self.prefix + name: value for name, value in fields.items() if value is not ABSENT}
        return write(held)

    @property
    def code(self) -> str:
        """The question's code, which names the fields, too."""
        return self.asked.code

    def silence(self) -> Any:
        """How a field says that nothing was answered."""
        return "" if self.is_text else None


def meaning(asked: Asked, text: str) -> Outcome:
    """What a text means as the answer to a question with one value."""
    unknown = refused(Reason.ANSWER_UNKNOWN_OPTION if text else Reason.ANSWER_MISSING)
    if asked.type == AnswerType.TEXT:
        return Judged(Text(text))
    text = asked.synonyms.get(text, text)
    if text in asked.abstaining:
        return Judged(Abstention(text))
    if asked.type == AnswerType.CHOICE:
        return Judged(Choice(text)) if text in asked.options else unknown
    if asked.type == AnswerType.PAIRWISE:
        return Judged(asked.meanings[text]) if text in asked.meanings else unknown
    if not text:
        return refused(Reason.ANSWER_MISSING)
    try:
        rating = Rating(text)
    except ValueError:
        return refused(Reason.ANSWER_MALFORMED)
    low, high = asked.low, asked.high
    if (low is not None and rating.number < low) or (high is not None and rating.number > high):
        return refused(Reason.ANSWER_OUT_OF_SCALE)
    return Judged(rating)


def chosen_options(asked: Asked, words: list[Any]) -> Outcome:
    """What a list of words means as a set of options."""
    if not all(isinstance(word, str) for word in words):
        return refused(Reason.ANSWER_MALFORMED, Reason.ANSWER_UNKNOWN_OPTION)
    meant = [asked.synonyms.get(word, word) for word in words]
    if set(meant) - set(asked.options):
        return refused(Reason.ANSWER_UNKNOWN_OPTION)
    if len(set(meant)) < len(meant):
        return refused(Reason.ANSWER_MALFORMED)
    return Judged(MultiChoice(tuple(option for option in asked.options if option in meant)))
