"""Answers: one frozen record for each answer type, with its invariants, and the canonical JSON of each.

The canonical form keeps full precision: a rating's number stays the text it was, texts are not trimmed, options
are not merged. ``pipelines.shapes.answers`` computes the same in SQL; a property test holds the two together.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from decimal import Decimal

from pipelines.domain.vocabulary import AnswerType, Preference, Status

_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


_ESCAPE = re.compile(r"\\u[0-9a-f]{4}|\\.")


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def json_text(value: object) -> str:
    """JSON without white space; only what must be escaped is, control characters with upper-case hex digits."""
    text = _ENCODER.encode(value)
    return _ESCAPE.sub(lambda found: found[0][:2] + found[0][2:].upper(), text) if "\\u" in text else text


def double_text(number: float) -> str:
    """A double as JSON: its shortest digits, with an exponent below 1e-6 and from 1e21 on, as DuckDB writes it."""
    sign, digits, exponent = Decimal(repr(number)).normalize().as_tuple()
    text = "".join(map(str, digits))
    assert isinstance(exponent, int)
    point = len(text) + exponent
    if -6 < point <= 21:
        whole, rest = (text[:point], text[point:]) if point > 0 else ("0", "0" * -point + text)
        found = f"{whole.ljust(point, '0')}.{rest or '0'}"
    else:
        found = f"{text[0]}{'.' if text[1:] else ''}{text[1:]}e{point - 1}"
    return f"-{found}" if sign else found


@dataclass(frozen=True)
class Choice:
    """One option, by its value."""

    option: str
    type = AnswerType.CHOICE

    def canonical(self) -> str:
        """A JSON string."""
        return json_text(self.option)


@dataclass(frozen=True)
class MultiChoice:
    """A set of options in the question's declared order; the empty set is an answer.

    Raises:
        ValueError: an option is named twice.
    """

    options: tuple[str, ...]
    type = AnswerType.MULTI_CHOICE

    def __post_init__(self) -> None:
        if len(set(self.options)) != len(self.options):
            raise ValueError("a set of options names each of them once")

    def canonical(self) -> str:
        """A JSON array of strings."""
        return json_text(list(self.options))


@dataclass(frozen=True)
class Rating:
    """A number as it was given: ``text`` is a JSON number token (RFC 8259), of which no digit is lost.

    Raises:
        ValueError: the text is no such token, or no finite number.
    """

    text: str
    type = AnswerType.RATING

    def __post_init__(self) -> None:
        if _NUMBER.fullmatch(self.text) is None or not math.isfinite(float(self.text)):
            raise ValueError(f"no number: {self.text!r}")

    @property
    def number(self) -> float:
        """The nearest double."""
        return float(self.text)

    def canonical(self) -> str:
        """The number token itself."""
        return self.text


@dataclass(frozen=True)
class Pairwise:
    """The preferred response by its place in the item, and how strong it is, where that is graded (0 or more).

    Raises:
        ValueError: the strength is negative or no number.
    """

    preference: Preference
    strength: float | None = None
    type = AnswerType.PAIRWISE

    def __post_init__(self) -> None:
        if self.strength is not None and not (math.isfinite(self.strength) and self.strength >= 0):
            raise ValueError(f"no strength: {self.strength!r}")

    def canonical(self) -> str:
        """A JSON string, or an object with preference and strength."""
        if self.strength is None:
            return json_text(self.preference.value)
        return f'{{"preference":{json_text(self.preference.value)},"strength":{double_text(float(self.strength))}}}'


@dataclass(frozen=True)
class Ranking:
    """Options with their ranks from 1, best first; equal ranks are ties.

    Raises:
        ValueError: an option is ranked twice, or a rank is below 1.
    """

    ranks: tuple[tuple[str, int], ...]
    type = AnswerType.RANKING

    def __post_init__(self) -> None:
        names = [option for option, _ in self.ranks]
        if not names or len(set(names)) != len(names):
            raise ValueError("a ranking names each option once, and at least one")
        if any(rank < 1 for _, rank in self.ranks):
            raise ValueError("ranks begin at 1")

    def canonical(self) -> str:
        """A JSON array of [option, rank], by rank and then by option."""
        return json_text([list(pair) for pair in sorted(self.ranks, key=lambda pair: (pair[1], pair[0]))])


@dataclass(frozen=True)
class BestWorst:
    """The best and the worst of a tuple of options; both may be the same one."""

    best: str
    worst: str
    type = AnswerType.BEST_WORST

    def canonical(self) -> str:
        """A JSON object with best and worst."""
        return json_text({"best": self.best, "worst": self.worst})


@dataclass(frozen=True)
class Span:
    """A marked stretch of text: offsets in Unicode code points, end exclusive; null where the source has only the text.

    Raises:
        ValueError: one offset without the other, or offsets that are negative or out of order.
    """

    start: int | None
    end: int | None
    label: str | None = None
    text: str | None = None
    comment: str | None = None

    def __post_init__(self) -> None:
        if (self.start is None) != (self.end is None):
            raise ValueError("a span has both offsets or none")
        if self.start is not None and self.end is not None and not 0 <= self.start <= self.end:
            raise ValueError(f"no span: {self.start} to {self.end}")


@dataclass(frozen=True)
class Spans:
    """The stretches that one annotator marked, in the order of the source; none is an answer."""

    spans: tuple[Span, ...]
    type = AnswerType.SPANS

    def canonical(self) -> str:
        """A JSON array of objects."""
        return json_text(
            [
                {
                    "start": one.start,
                    "end": one.end,
                    "text": one.text,
                    "label": one.label,
                    "comment": one.comment,
                }
                for one in self.spans
            ]
        )


@dataclass(frozen=True)
class Text:
    """Words, untouched."""

    text: str
    type = AnswerType.TEXT

    def canonical(self) -> str:
        """A JSON string."""
        return json_text(self.text)


@dataclass(frozen=True)
class Abstention:
    """An answer that declines to answer, by the option's own value ("unsure", "N/A")."""

    option: str

    def canonical(self) -> str:
        """A JSON string."""
        return json_text(self.option)


Answer = Choice | MultiChoice | Rating | Pairwise | Ranking | BestWorst | Spans | Text | Abstention


def canonical(answer: Answer | None, status: Status = Status.SUBMITTED) -> str:
    """The canonical JSON of an act's answer.

    A status other than submitted wraps it (``{"skipped":null}``, ``{"rejected":[]}``), so that an act that was
    skipped or rejected never looks like one that was submitted.

    Raises:
        ValueError: a submitted act without an answer.
    """
    if status == Status.SUBMITTED:
        if answer is None:
            raise ValueError("a submitted judgment has an answer")
        return answer.canonical()
    return f'{{"{status.value}":{answer.canonical() if answer is not None else "null"}}}'
