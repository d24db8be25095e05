"""The part of a contract that says what was asked: questions, their types, options and scales.

How answers are found in a file is the business of ``files``; how they are computed, of ``pipelines.shapes``.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from pipelines.domain.vocabulary import AnswerType, GuidelineMode

CODE_PATTERN = r"^[a-z][a-z0-9_]{0,62}$"


class Part(BaseModel):
    """Base of every part of a contract: frozen, and an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=False)


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
    min: float | None = Field(None, description="lowest value; leave out if unbounded")
    max: float | None = Field(None, description="highest value; leave out if unbounded")

    @model_validator(mode="after")
    def _in_order(self) -> Scale:
        if self.min is not None and self.max is not None and self.min >= self.max:
            raise ValueError(f"scale min {self.min} is not below max {self.max}")
        return self


class PairwiseAnswer(Part):
    """What one raw value of a comparison means."""

    preference: Literal["left", "right", "tie"] = Field(description="the preferred response, by position")
    strength: float | None = Field(None, ge=0, description="how strong the preference is, where it is graded")


class Question(Part):
    """One question: what was asked, and what an answer may be."""

    type: AnswerType = Field(description="the answer type")
    prompt: str | None = Field(None, description="the question as shown to annotators")
    options: Options = Field(
        default_factory=dict,
        description="choice and multi_choice: raw value → label, or a list of raw values, in the order shown",
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
    answers: dict[Word, PairwiseAnswer] = Field(
        default_factory=dict, description="pairwise: raw value → preference and strength"
    )
    guideline_mode: GuidelineMode | None = Field(None, description="if it differs from the source's")

    @model_validator(mode="after")
    def _fits_its_type(self) -> Question:
        optioned = self.type in (AnswerType.CHOICE, AnswerType.MULTI_CHOICE)
        if optioned and not self.options:
            raise ValueError(f"a {self.type} question needs options")
        if self.options and not optioned:
            raise ValueError(f"options belong to choice and multi_choice, not to {self.type}")
        if self.type == AnswerType.RATING and self.scale is None:
            raise ValueError("a rating question needs a scale")
        if self.scale is not None and self.type != AnswerType.RATING:
            raise ValueError(f"a scale belongs to a rating, not to {self.type}")
        if self.type == AnswerType.PAIRWISE and not self.answers:
            raise ValueError("a pairwise question needs answers: what each raw value means")
        if self.answers and self.type != AnswerType.PAIRWISE:
            raise ValueError(f"answers belong to pairwise, not to {self.type}")
        known = set(self.options) | set(self.answers)
        if optioned and (unknown := [value for value in self.abstain if value not in known]):
            raise ValueError(f"abstain names {unknown}, which options does not list")
        if unknown := [answer for answer in self.synonyms.values() if known and answer not in known]:
            raise ValueError(f"synonyms point to {unknown}, which is no declared option")
        if clash := [raw for raw in self.synonyms if raw in known or raw in self.abstain]:
            raise ValueError(f"synonyms redefine {clash}, which are options of their own")
        return self
