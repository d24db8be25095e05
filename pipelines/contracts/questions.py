"""The part of a contract that says what was asked: questions, their types, options and scales.

How answers are found in a file is the business of ``files``; how they are computed, of ``pipelines.shapes``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from pipelines.domain.answers import Rating
from pipelines.domain.vocabulary import AnswerType, GuidelineMode

CODE_PATTERN = r"^[a-z][a-z0-9_]{0,62}$"


class Part(BaseModel):
    """Base of every part of a contract: frozen, and an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=False)


class WrongPartError(ValueError):
    """What is wrong with a part of a contract: each problem with its place within the part."""

    def __init__(self, problems: Sequence[tuple[tuple[str | int, ...], str]]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(message for _, message in self.problems))


def problems_of(error: ValidationError) -> Problems:
    """What pydantic found wrong with a part, each problem with its place within the part."""
    found: Problems = []
    for detail in error.errors():
        inner = detail.get("ctx", {}).get("error")
        if isinstance(inner, WrongPartError):
            found += [((*detail["loc"], *where), message) for where, message in inner.problems]
        else:
            found.append((detail["loc"], detail["msg"]))
    return found


Problems = list[tuple[tuple[str | int, ...], str]]
"""Places within a part, and what is wrong there."""


def refuse(problems: Problems) -> None:
    """Raise all problems at once, if there are any."""
    if problems:
        raise WrongPartError(problems)


def _word(value: object) -> object:
    """Let YAML's unquoted 0 or true stand for the text that a file would hold; a float is ambiguous, refuse."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return value


Word = Annotated[str, BeforeValidator(_word, json_schema_input_type=str | int | bool)]
"""A value as an export writes it, as text. A number must be quoted unless it is whole."""

Code = Annotated[str, Field(pattern=CODE_PATTERN)]
"""A name of ours: lower-case letters, digits and underscores, starting with a letter."""


def _options(value: object) -> object:
    return dict.fromkeys(value) if isinstance(value, list) else value


Options = Annotated[
    dict[Word, str | None], BeforeValidator(_options, json_schema_input_type=dict[Word, str | None] | list[Word])
]
"""Raw values with their labels, or raw values alone."""


class Scale(Part):
    """The scale of a rating."""

    kind: Literal["ordinal", "interval", "ratio"] = Field(description="what its distances mean")
    min: float | None = Field(None, allow_inf_nan=False, description="lowest value; leave out if unbounded")
    max: float | None = Field(None, allow_inf_nan=False, description="highest value; leave out if unbounded")

    @model_validator(mode="after")
    def _in_order(self) -> Scale:
        if self.min is not None and self.max is not None and self.min >= self.max:
            raise ValueError(f"scale min {self.min} is not below max {self.max}")
        return self


class PairwiseAnswer(Part):
    """What one raw value of a comparison means."""

    preference: Literal["left", "right", "tie"] = Field(description="the preferred response; see sides")
    strength: float | None = Field(
        None, ge=0, allow_inf_nan=False, description="how strong the preference is, where it is graded"
    )


def _as_preference(value: object) -> object:
    return {"preference": value} if isinstance(value, str) else value


Compared = Annotated[PairwiseAnswer, BeforeValidator(_as_preference, json_schema_input_type=str | PairwiseAnswer)]
"""What a raw value of a comparison means, or only the preference."""


class Question(Part):
    """One question: what was asked, and what an answer may be."""

    type: AnswerType = Field(description="the answer type")
    prompt: str | None = Field(None, description="the question as shown to annotators")
    options: Options = Field(
        default_factory=dict,
        description="choice and multi_choice: raw value → label, or a list of raw values, in the order shown; ranking:"
        " what can be ranked, where it is known",
    )
    abstain: list[Word] = Field(default_factory=list, description="raw values that are an abstention")
    synonyms: dict[Word, Word] = Field(
        default_factory=dict,
        description="raw value → the option that it means; printed on the release's card",
    )
    unanswered: list[Word | None] = Field(
        default_factory=list, description="raw values that mean that no judgment was given (empty text, null)"
    )
    scale: Scale | None = Field(None, description="rating: the scale")
    answers: dict[Word, Compared] = Field(
        default_factory=dict, description="pairwise: raw value → preference, or preference and strength"
    )
    sides: Literal["responses", "shown"] = Field(
        "responses",
        description="pairwise: what left and right mean in answers: the item's first and second response (default),"
        " or the sides on which they were shown, which presentation_order tells",
    )
    guideline_mode: GuidelineMode | None = Field(None, description="if it differs from the source's")

    @model_validator(mode="after")
    def _fits_its_type(self) -> Question:
        refuse(self._misplaced() + self._clashes())
        return self

    def _misplaced(self) -> Problems:
        """Parts that the question's type needs, or has no use for."""
        kind = self.type
        optioned = kind in (AnswerType.CHOICE, AnswerType.MULTI_CHOICE)
        found: Problems = []
        if optioned and not self.options:
            found.append(((), f"a {kind} question needs options"))
        if self.options and not (optioned or kind == AnswerType.RANKING):
            found.append((("options",), f"options belong to choice, multi_choice and ranking, not to {kind}"))
        if kind == AnswerType.RATING and self.scale is None:
            found.append(((), "a rating question needs a scale"))
        if self.scale is not None and kind != AnswerType.RATING:
            found.append((("scale",), f"a scale belongs to a rating, not to {kind}"))
        if kind == AnswerType.PAIRWISE and not self.answers:
            found.append(((), "a pairwise question needs answers: what each raw value means"))
        if self.answers and kind != AnswerType.PAIRWISE:
            found.append((("answers",), f"answers belong to pairwise, not to {kind}"))
        if self.sides != "responses" and kind != AnswerType.PAIRWISE:
            found.append((("sides",), f"sides belong to pairwise, not to {kind}"))
        if self.synonyms and not (optioned or kind in (AnswerType.RATING, AnswerType.PAIRWISE)):
            found.append((("synonyms",), f"synonyms belong to choice, multi_choice, rating, pairwise, not to {kind}"))
        return found

    def _clashes(self) -> Problems:
        """Raw values that are given two meanings, or one that is none."""
        optioned = bool(self.options) and self.type != AnswerType.RANKING
        known = {*self.options, *self.answers, *self.abstain}
        found: Problems = []
        if optioned and (unknown := [value for value in self.abstain if value not in self.options]):
            found.append((("abstain",), f"abstain names {unknown}, which options does not list"))
        if twice := [value for value in self.abstain if value in self.answers]:
            found.append((("abstain",), f"abstain names {twice}, which answers gives a preference"))
        meant: dict[PairwiseAnswer, str] = {}
        for raw, answer in self.answers.items():
            if (first := meant.setdefault(answer, raw)) != raw:
                message = (
                    f"{first!r} and {raw!r} mean the same; give each a strength, or make one a synonym of the other"
                )
                found.append((("answers", raw), message))
        for raw, option in self.synonyms.items():
            if raw in known:
                found.append((("synonyms", raw), f"synonyms redefine {raw!r}, which is an option of its own"))
            if not self._takes(option):
                found.append((("synonyms", raw), f"synonyms point to {option!r}, which is no declared option"))
        if silenced := [value for value in self.unanswered if value in known or value in self.synonyms]:
            found.append((("unanswered",), f"unanswered names {silenced}, which are answers"))
        return found

    def _takes(self, value: str) -> bool:
        """Whether a value is an answer to the question."""
        if self.type != AnswerType.RATING or value in self.abstain:
            return value in {*self.options, *self.answers, *self.abstain}
        try:
            number = Rating(value).number
        except ValueError:
            return False
        low, high = (self.scale.min, self.scale.max) if self.scale else (None, None)
        return (low is None or low <= number) and (high is None or number <= high)
