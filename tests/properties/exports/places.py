"""Every place: one field, a list, joined texts, one column an option, ranks, best and worst, marked stretches."""

from __future__ import annotations

import re
from typing import Any

from pipelines.domain.answers import BestWorst, Ranking, Rating, Span, Spans
from pipelines.domain.vocabulary import AnswerType, Reason
from tests.properties.exports.place import (
    Fields,
    Judged,
    Outcome,
    Place,
    Silent,
    chosen_options,
    meaning,
    refused,
)
from tests.properties.exports.values import ABSENT, Token, read, scalar, write
from tests.properties.exports.world import Asked, Given


class InField(Place):
    """One field with one value: choice, rating, pairwise, text."""

    def mapping(self) -> Any:
        return self.prefix + self.code

    def raw(self, fields: Fields) -> str | None:
        value = fields[self.code]
        if value is ABSENT:
            return None
        return value if self.is_text else write(value)

    def write(self, given: Given | None) -> Fields:
        if given is None:
            return {self.code: self.silence()}
        word = given.spelled[0]
        is_number = not self.is_text and isinstance(given.answer, Rating) and len(word) % 2
        return {self.code: Token(word) if is_number else word}

    def read(self, fields: Fields) -> Outcome:
        value = fields[self.code]
        if value is ABSENT:
            return Silent()
        if value == self.silence() and self.asked.may_be_silent:
            return Silent()
        text = "[]" if value == [] else scalar(value)
        if text is None:
            return refused(Reason.ANSWER_MISSING if value is None else Reason.ANSWER_MALFORMED)
        if value == [] and self.asked.type == AnswerType.TEXT:
            return refused(Reason.ANSWER_MISSING)
        return meaning(self.asked, text)


class InList(InField):
    """A JSON list of options."""

    def write(self, given: Given | None) -> Fields:
        return {self.code: None if given is None else list(given.spelled)}

    def read(self, fields: Fields) -> Outcome:
        value = fields[self.code]
        if value is ABSENT or (value is None and self.asked.may_be_silent):
            return Silent()
        if value is None:
            return refused(Reason.ANSWER_MISSING)
        if isinstance(value, str) and value:
            value = [value]
        if not isinstance(value, list):
            return refused(Reason.ANSWER_MALFORMED)
        if any(isinstance(one, Token) and not one.text.lstrip("-").isdigit() for one in value):
            return refused(Reason.ANSWER_MALFORMED, Reason.ANSWER_UNKNOWN_OPTION)
        return chosen_options(self.asked, [scalar(one) if isinstance(one, Token | bool) else one for one in value])


class ListInCell(InField):
    """A CSV cell that holds a JSON list of options."""

    def write(self, given: Given | None) -> Fields:
        return {self.code: "" if given is None else write(list(given.spelled))}

    def read(self, fields: Fields) -> Outcome:
        if not fields[self.code]:
            return Silent() if self.asked.may_be_silent else refused(Reason.ANSWER_MISSING)
        try:
            (value,) = read(fields[self.code])
        except ValueError:
            return refused(Reason.ANSWER_MALFORMED)
        if value is None:
            return refused(Reason.ANSWER_MISSING)
        if isinstance(value, str):
            return refused(Reason.ANSWER_MALFORMED)
        return InList(self.asked, is_text=False).read({self.code: value})


class Joined(InField):
    """Options joined by a separator in one text; the empty text is the empty set, unless it is silence."""

    separator = "|"

    def mapping(self) -> Any:
        return {"field": self.prefix + self.code, "split": self.separator}

    def write(self, given: Given | None) -> Fields:
        if given is None:
            return {self.code: self.silence()}
        return {self.code: self.separator.join(given.spelled)}

    def read(self, fields: Fields) -> Outcome:
        value = fields[self.code]
        if value is ABSENT or (value == self.silence() and self.asked.may_be_silent):
            return Silent()
        if value is None:
            return refused(Reason.ANSWER_MISSING)
        text = "[]" if value == [] else scalar(value)
        if text is None:
            return refused(Reason.ANSWER_MALFORMED)
        return chosen_options(self.asked, text.split(self.separator) if text else [])


class OneHot(Place):
    """A column an option, for a set of options or for one."""

    def _columns(self) -> dict[str, str]:
        return {option: f"{self.code}_is_{number}" for number, option in enumerate(self.asked.options)}

    def mapping(self) -> Any:
        columns = {option: self.prefix + name for option, name in self._columns().items()}
        return {"one_hot": {"columns": columns, "set": "x", "unset": ""}}

    def write(self, given: Given | None) -> Fields:
        chosen = [] if given is None else [self.asked.synonyms.get(one, one) for one in given.spelled]
        return {name: "x" if option in chosen else "" for option, name in self._columns().items()}

    def read(self, fields: Fields) -> Outcome:
        texts = [scalar(fields[name]) for name in self._columns().values()]
        if all(value is ABSENT for value in fields.values()):
            return Silent()
        if any(text not in ("x", "") for text in texts):
            return refused(Reason.ANSWER_MALFORMED)
        chosen = [option for option, text in zip(self.asked.options, texts, strict=True) if text == "x"]
        if self.asked.type == AnswerType.MULTI_CHOICE:
            return chosen_options(self.asked, chosen)
        return meaning(self.asked, chosen[0]) if len(chosen) == 1 else refused(Reason.ANSWER_MALFORMED)


class Ranks(Place):
    """A field an option, which holds its rank."""

    def _columns(self) -> dict[str, str]:
        return {option: f"{self.code}_rank_{number}" for number, option in enumerate(self.asked.options)}

    def mapping(self) -> Any:
        return {"ranks": {option: self.prefix + name for option, name in self._columns().items()}}

    def write(self, given: Given | None) -> Fields:
        if given is None:
            return dict.fromkeys(self._columns().values(), ABSENT)
        assert isinstance(given.answer, Ranking)
        ranks = {option: str(rank) for option, rank in given.answer.ranks}
        return {name: ranks[one] if self.is_text else Token(ranks[one]) for one, name in self._columns().items()}

    def read(self, fields: Fields) -> Outcome:
        texts = {option: scalar(fields[name]) for option, name in self._columns().items()}
        if all(value is ABSENT for value in fields.values()):
            return Silent()
        if not all(text and re.fullmatch("[1-9][0-9]*", text) and int(text) < 1 << 31 for text in texts.values()):
            return refused(Reason.ANSWER_MALFORMED)
        return Judged(Ranking(tuple((option, int(text or "")) for option, text in texts.items())))


class BestAndWorst(Place):
    """A field for the best and one for the worst, beside fields with all there was to choose from."""

    def mapping(self) -> Any:
        return {"best": f"{self.prefix}{self.code}_best", "worst": f"{self.prefix}{self.code}_worst"}

    def write(self, given: Given | None) -> Fields:
        best, worst = given.spelled if given is not None else (ABSENT, ABSENT)
        return {f"{self.code}_best": best, f"{self.code}_worst": worst}

    def read(self, fields: Fields) -> Outcome:
        best, worst = (scalar(value) for value in fields.values())
        if not best or not worst:
            silent = all(value is ABSENT for value in fields.values())
            return Silent() if silent else refused(Reason.ANSWER_MISSING)
        return Judged(BestWorst(best, worst))


class Marked(Place):
    """A list of marked stretches."""

    PARTS = ("start", "end", "text", "label", "comment")

    def mapping(self) -> Any:
        return {"spans": {"list": self.prefix + self.code, **{part: part for part in self.PARTS}}}

    def raw(self, fields: Fields) -> str | None:
        value = fields[self.code]
        return None if value is ABSENT else write(value)

    def write(self, given: Given | None) -> Fields:
        if given is None:
            return {self.code: None}
        assert isinstance(given.answer, Spans)
        marks = [{part: _part(getattr(one, part)) for part in self.PARTS} for one in given.answer.spans]
        return {self.code: marks}

    def read(self, fields: Fields) -> Outcome:
        value = fields[self.code]
        if value is ABSENT or (value is None and self.asked.may_be_silent):
            return Silent()
        if value is None:
            return refused(Reason.ANSWER_MISSING)
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            return refused(Reason.ANSWER_MALFORMED)
        return Judged(Spans(tuple(Span(None, None) for _ in value)))


def _part(value: int | str | None) -> Any:
    return Token(str(value)) if isinstance(value, int) else value


def place(asked: Asked, *, is_text: bool, prefix: str = "", only_one_field: bool = False, way: int = 0) -> Place:
    """Where a shape has an answer; ``way`` chooses where there are several ways."""
    kind = asked.type
    if kind == AnswerType.RANKING:
        return Ranks(asked, is_text, prefix)
    if kind == AnswerType.BEST_WORST:
        return BestAndWorst(asked, is_text, prefix)
    if kind == AnswerType.SPANS:
        return Marked(asked, is_text, prefix)
    is_plain = not (only_one_field or asked.may_be_silent or asked.synonyms)
    if kind in (AnswerType.MULTI_CHOICE, AnswerType.CHOICE) and is_plain and way == 1:
        return OneHot(asked, is_text, prefix)
    if kind == AnswerType.MULTI_CHOICE:
        if is_text and not only_one_field:
            return Joined(asked, is_text, prefix) if way else ListInCell(asked, is_text, prefix)
        return Joined(asked, is_text, prefix) if way == 2 else InList(asked, is_text, prefix)
    return InField(asked, is_text, prefix)
