"""The whole contract of a source, and the checks that span its parts."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from pipelines.contracts.answers import AnswerMapping
from pipelines.contracts.beside import FlattenSource
from pipelines.contracts.files import FileMapping
from pipelines.contracts.losses import LOSSES
from pipelines.contracts.paths import matches
from pipelines.contracts.profile import ToolProfile, as_use
from pipelines.contracts.questions import Code, Part, Problems, Question, WrongPartError, refuse
from pipelines.contracts.spelled import spelled_out
from pipelines.domain.vocabulary import AnswerType, Attribution, GuidelineMode, Reason

RESERVED = ("catalog",)
"""Names that the pipeline's own assets use."""


class Fetch(Part):
    """One public file: where it comes from, and the digest that it must have."""

    file: str = Field(
        pattern=r"^[^./\\~\x00-\x1f][^/\\\x00-\x1f]*$", description="file name in the source's inbox folder"
    )
    url: str = Field(pattern=r"^https?://", description="its origin")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="its digest, in hex")


class FetchFolder(Part):
    """Public files that share the beginning of their address."""

    base: str = Field(pattern=r"^https?://", description="what stands before each path in its file's address")
    files: dict[str, str] = Field(
        min_length=1, description="path → sha256; the path's last part is the name in the source's inbox folder"
    )


def _from_folder(value: object) -> object:
    if not isinstance(value, dict):
        return value
    try:
        folder = FetchFolder.model_validate(value)
    except ValidationError as error:
        raise WrongPartError([(detail["loc"], detail["msg"]) for detail in error.errors()]) from None
    return [
        {"file": path.rpartition("/")[2], "url": folder.base + quote(path), "sha256": sha256}
        for path, sha256 in folder.files.items()
    ]


class QuarantinePolicy(Part):
    """How much of a source may be in quarantine before a release of it is refused."""

    limit: float = Field(
        0.01, ge=0, le=1, description="the share of what arrived that may be in quarantine; 0.01 is one in a hundred"
    )
    expected: list[Reason] = Field(
        default_factory=list, description="reason codes that a release may have though the last one had none of them"
    )


def torn_options(question: Question, separator: str) -> list[str]:
    """Options that hold the separator; of a ranking those alone of which a part is part of another, too.

    A ranking names each option at most once, so that of the others it is told where one begins and ends.
    """
    torn = [option for option in question.options if separator in option]
    if question.type != AnswerType.RANKING:
        return torn
    parts = Counter(part for option in question.options for part in option.split(separator))
    return [option for option in torn if any(parts[part] > 1 for part in option.split(separator))]


def _schema(schema: dict[str, Any]) -> None:
    """With a tool's profile, what it stands for need not be said."""
    said = [name for name in schema["required"] if name in _STOOD_FOR]
    schema["required"] = [name for name in schema["required"] if name not in said]
    schema["anyOf"] = [{"required": ["profile"]}, {"required": said}]


_STOOD_FOR = ("platform", "attribution", "files")
_HOW_IT_IS_READ = ("source", "family", "platform", "attribution", "questions", "files")


class SourceContract(Part):
    """What an export means: who published it, what was asked, and which field is what.

    ``profile`` stands for platform, attribution and files, which are required without it.
    """

    model_config = ConfigDict(json_schema_extra=_schema)

    source: Code = Field(description="the source's code; the name of the contract's folder")
    title: str = Field(min_length=1, description="the source's name for people")
    url: str | None = Field(None, description="where it is published or described")
    licence: str = Field(min_length=1, description="licence of the data, as an SPDX id where there is one")
    citation: str | None = Field(None, description="how to cite it")
    family: Code | None = Field(None, description="dataset family that shares annotator ids; default: the source")
    platform: Code = Field(description="the tool or marketplace that the annotator ids belong to")
    attribution: Attribution = Field(description="what the annotator ids can bear")
    guideline_mode: GuidelineMode = Field(GuidelineMode.UNKNOWN, description="descriptive or prescriptive")
    export_mode: Literal["full", "append", "correct"] = Field(
        "full",
        description="full: the folder's files are the whole state; append: new files add to earlier ones;"
        " correct: they add, and a judgment that was there before is replaced",
    )
    known_losses: list[str] = Field(default_factory=list, description="loss codes")
    inbox: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")] | None = Field(
        None, description="name of the source's inbox folder; default: the source"
    )
    profile: Annotated[ToolProfile, BeforeValidator(as_use, json_schema_input_type=str | ToolProfile)] | None = Field(
        None, exclude=True, description="the tool that it was exported from, and what the project chose in it"
    )
    fetch: Annotated[list[Fetch], BeforeValidator(_from_folder, json_schema_input_type=list[Fetch] | FetchFolder)] = (
        Field(default_factory=list, description="public files that can be fetched: a list, or base and files")
    )
    questions: dict[Code, Question] = Field(
        default_factory=dict, description="what was asked; left out where only aggregates were published"
    )
    files: list[FileMapping] = Field(min_length=1, description="the files by role")
    quarantine: QuarantinePolicy = Field(
        default_factory=QuarantinePolicy, description="when a release is refused for what is in quarantine"
    )

    _flatten: FlattenSource | None = PrivateAttr(None)

    @model_validator(mode="before")
    @classmethod
    def _without_profile(cls, value: Any) -> Any:
        if not isinstance(value, dict) or not isinstance(value.get("profile"), str | dict):
            return value
        return spelled_out(value, ToolProfile.model_validate(as_use(value["profile"]))).attributes

    @field_validator("files")
    @classmethod
    def _spelled_out(cls, files: list[FileMapping], info: ValidationInfo) -> list[FileMapping]:
        questions: dict[str, Question] = info.data.get("questions", {})
        return [mapping.spelled_out({code: one.options for code, one in questions.items()}) for mapping in files]

    @model_validator(mode="after")
    def _parts_agree(self) -> SourceContract:
        found: Problems = []
        if self.source in RESERVED:
            found.append((("source",), f"may not be {self.source!r}; the name is used by the pipeline itself"))
        for position, loss in enumerate(self.known_losses):
            if loss not in LOSSES:
                message = f"{loss!r} is no loss code; allowed: {', '.join(LOSSES)}"
                found.append((("known_losses", position), message))
        patterns = [pattern for mapping in self.files for pattern in mapping.pattern]
        for position, fetch in enumerate(self.fetch):
            if not any(matches(pattern, fetch.file) for pattern in patterns):
                message = f"{fetch.file} would be fetched, but no pattern of files matches it"
                found.append((("fetch", position, "file"), message))
        refuse(found + (self._taken_for_judgments() if self.is_aggregate_only else self._unasked()))
        return self

    def _taken_for_judgments(self) -> Problems:
        """What would make judgments of aggregates, where nothing else was published."""
        lost = f"known_losses says aggregate_only ({LOSSES['aggregate_only']})"
        found: Problems = [
            (
                ("files", number),
                f"{lost}: an average or a count is nobody's answer, and how many people are behind it does not bring"
                " them back. Make the file's role items, and list its aggregates in upstream_aggregates",
            )
            for number, mapping in enumerate(self.files)
            if mapping.role == "judgments"
        ]
        if self.questions:
            found.append((("questions",), f"{lost}: nobody's answer to a question is here; leave questions out"))
        if not any(mapping.upstream_aggregates for mapping in self.files):
            found.append((("files",), f"{lost}: list them in upstream_aggregates of a file of role items"))
        return found

    def _unasked(self) -> Problems:
        """Questions that no file answers, and a contract without judgments."""
        if not any(mapping.role == "judgments" for mapping in self.files):
            message = (
                "no file of role judgments; where only aggregates were published, say known_losses: [aggregate_only],"
                " and list them in upstream_aggregates of a file of role items"
            )
            return [(("files",), message)]
        if not self.questions:
            return [(("questions",), "is required")]
        return self._unanswered() + self._wrong_answers()

    def _unanswered(self) -> Problems:
        asked = {question for mapping in self.files for question in mapping.answers}
        return [
            (("questions", code), f"question {code} is answered in no file")
            for code in self.questions
            if code not in asked
        ]

    def _wrong_answers(self) -> Problems:
        found: Problems = []
        for number, mapping in enumerate(self.files):
            if mapping.role != "judgments":
                continue
            if self.attribution != Attribution.NONE and mapping.annotator is None:
                message = f"attribution {self.attribution} needs an annotator in every judgments file"
                found.append((("files", number), message))
            if mapping.item and mapping.item.author is not None and self.attribution != Attribution.STABLE:
                found.append((("files", number, "item", "author"), "an author needs attribution stable"))
            shown = mapping.presentation_order is not None and mapping.item and len(mapping.item.responses) == 2
            if self.export_mode == "correct" and self.attribution == Attribution.NONE and mapping.judgment is None:
                message = (
                    "export_mode correct replaces a judgment by its annotator or by its own id; where nobody is named,"
                    " state judgment: {key: FIELD}, or use export_mode append"
                )
                found.append((("files", number), message))
            for code, answer in mapping.answers.items():
                if code in self.questions and self.questions[code].sides == "shown" and not shown:
                    message = f"sides: shown in {code} needs presentation_order, and an item with two responses"
                    found.append((("files", number, "presentation_order"), message))
                found += [(("files", number, "answers", code), problem) for problem in self._wrong_answer(code, answer)]
        return found

    def _wrong_answer(self, code: str, answer: AnswerMapping) -> list[str]:
        if code not in self.questions:
            return [f"answers name {code}, which questions does not declare; declared: {', '.join(self.questions)}"]
        question = self.questions[code]
        if question.type not in answer.allowed_types():
            allowed = ", ".join(answer.allowed_types())
            return [f"a {question.type} question cannot be read so; it fits {allowed}"]
        found = []
        if answer.strength is not None:
            if question.type != AnswerType.PAIRWISE:
                found.append("strength belongs to pairwise questions")
            elif any(one.strength is not None for one in question.answers.values()):
                found.append("strength comes from a field, or from the question's answers, not from both")
        if answer.split is not None:
            if question.type not in (AnswerType.MULTI_CHOICE, AnswerType.RANKING) or answer.rank_of:
                found.append("split belongs to multi_choice questions, and to rankings that are one text")
            elif torn := torn_options(question, answer.split):
                found.append(f"split at {answer.split!r} would tear the options {torn}")
        if answer.one_hot and not answer.one_hot.columns:
            found.append("one_hot with prefix needs options, its own or the question's")
        if answer.one_hot and question.options and set(answer.one_hot.columns) - set(question.options):
            found.append("one_hot names options that the question does not declare")
        if answer.not_applicable and set(answer.not_applicable.values) - set(question.abstain):
            found.append("list the values of not_applicable in the question's abstain, too")
        return found

    @property
    def is_aggregate_only(self) -> bool:
        """Whether there is no judgment in it: items, and what somebody made of the judgments about them."""
        return "aggregate_only" in self.known_losses

    @property
    def flatten(self) -> FlattenSource | None:
        """The function beside the contract, where a file mapping asks for it."""
        return self._flatten

    def beside(self, flatten: FlattenSource) -> SourceContract:
        """The same contract with the function that lies beside it: its text is part of what the contract means."""
        contract = self.model_copy()
        contract._flatten = flatten
        return contract

    def _digest_of(self, parts: set[str] | None) -> str:
        stated = self.model_dump_json(include=parts) + (self._flatten.digest if self._flatten else "")
        return hashlib.sha256(stated.encode()).hexdigest()

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
        return self._digest_of(None)

    def reading_digest(self) -> str:
        """sha256 of what decides how the files are read, in hex: another title or limit does not change it."""
        return self._digest_of(set(_HOW_IT_IS_READ))
