"""The whole contract of a source, and the checks that span its parts."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipelines.contracts.answers import AnswerMapping
from pipelines.contracts.files import FileMapping
from pipelines.contracts.questions import Code, Part, Question
from pipelines.domain.vocabulary import AnswerType, Attribution, GuidelineMode

LOSSES = {
    "aggregate_only": "only aggregates were published; single judgments are gone",
    "ids_item_scoped": "annotator ids hold within an item only",
    "no_ids": "nothing says who judged",
    "cancelled_dropped": "skipped or cancelled judgments were left out of the export",
    "tie_randomised": "ties were broken at random",
    "silent_nonresponse": "an empty answer cannot be told from an item that was never seen",
    "edits_overwritten": "only the last version of an edited answer was kept",
    "filtered_upstream": "judgments or annotators were removed before publication",
    "order_unknown": "the order of presentation was not kept",
}
"""Loss codes: what an export had lost before it arrived here."""

RESERVED = ("catalog",)
"""Names that the pipeline's own assets use."""


class Fetch(Part):
    """One public file: where it comes from, and the digest that it must have."""

    file: str = Field(min_length=1, description="file name in the source's inbox folder")
    url: str = Field(pattern=r"^https?://", description="its origin")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="its digest, in hex")


class SourceContract(Part):
    """What an export means: who published it, what was asked, and which field is what."""

    source: Code = Field(description="the source's code; the name of the contract's folder")
    title: str = Field(min_length=1, description="the source's name for people")
    url: str | None = Field(None, description="where it is published or described")
    licence: str = Field(min_length=1, description="licence of the data, as an SPDX id where there is one")
    citation: str | None = Field(None, description="how to cite it")
    family: Code | None = Field(None, description="dataset family that shares annotator ids; default: the source")
    platform: Code = Field(description="the tool or marketplace that the annotator ids belong to")
    attribution: Attribution = Field(description="what the annotator ids can bear")
    guideline_mode: GuidelineMode = Field(GuidelineMode.UNKNOWN, description="descriptive or prescriptive")
    export_mode: Literal["full", "append"] = Field(
        "full",
        description="full: the folder's files are the whole state; append: new files add to earlier ones",
    )
    known_losses: list[str] = Field(default_factory=list, description="loss codes")
    inbox: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")] | None = Field(
        None, description="name of the source's inbox folder; default: the source"
    )
    fetch: list[Fetch] = Field(default_factory=list, description="public files that can be fetched")
    questions: dict[Code, Question] = Field(min_length=1, description="what was asked")
    files: list[FileMapping] = Field(min_length=1, description="the files by role")

    @model_validator(mode="after")
    def _parts_agree(self) -> SourceContract:
        if self.source in RESERVED:
            raise ValueError(f"source may not be {self.source!r}; the name is used by the pipeline itself")
        if unknown := [loss for loss in self.known_losses if loss not in LOSSES]:
            raise ValueError(f"known_losses {unknown} are no loss codes; allowed: {', '.join(LOSSES)}")
        judging = [mapping for mapping in self.files if mapping.role == "judgments"]
        if not judging:
            raise ValueError("no file of role judgments")
        asked = {question for mapping in judging for question in mapping.answers}
        if unknown := sorted(asked - set(self.questions)):
            raise ValueError(f"answers name {unknown}, which questions does not declare")
        if unused := sorted(set(self.questions) - asked):
            raise ValueError(f"questions {unused} are answered in no file")
        for mapping in judging:
            if self.attribution != Attribution.NONE and mapping.annotator is None:
                raise ValueError(f"attribution {self.attribution} needs an annotator in every judgments file")
            for code, answer in mapping.answers.items():
                self._check_answer(code, answer)
        return self

    def _check_answer(self, code: str, answer: AnswerMapping) -> None:
        question = self.questions[code]
        if question.type not in answer.allowed_types():
            allowed = ", ".join(answer.allowed_types())
            raise ValueError(f"answers.{code}: a {question.type} question cannot be read so; it fits {allowed}")
        if answer.split is not None and question.type != AnswerType.MULTI_CHOICE:
            raise ValueError(f"answers.{code}: split belongs to multi_choice questions")
        if answer.one_hot and question.options and set(answer.one_hot.columns) - set(question.options):
            raise ValueError(f"answers.{code}: one_hot names options that the question does not declare")
        if answer.not_applicable and set(answer.not_applicable.values) - set(question.abstain):
            raise ValueError(f"answers.{code}: list the values of not_applicable in the question's abstain, too")

    @property
    def inbox_folder(self) -> str:
        """Name of the folder in the inbox that holds the source's files."""
        return self.inbox or self.source

    @property
    def annotator_scope(self) -> tuple[str, str]:
        """(family, platform): within it one raw id is one annotator."""
        return self.family or self.source, self.platform

    def digest(self) -> str:
        """sha256 of the contract's meaning, in hex: comments and order of keys do not change it."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()
