"""A tool's profile, and what a project adds to it: together they are a contract.

A profile is one file, ``profiles/<tool>.yaml``: for each format that the tool exports, where everything is that is the
same in every project. How the two become a contract is in ``spelled``.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, field_validator, model_validator

from pipelines.contracts.answers import FieldPath
from pipelines.contracts.companions import IgnoredFields, Kind, Order
from pipelines.contracts.each import EachParallel
from pipelines.contracts.faults import Declared, validated
from pipelines.contracts.losses import LOSSES
from pipelines.contracts.mappings import AS_LIST, Attribute, ItemMapping
from pipelines.contracts.nodes import compose, construct, shown
from pipelines.contracts.questions import Code, Part, Word, refuse
from pipelines.domain.vocabulary import AnswerType, AttributeStatus, Attribution

FOLDER = Path(__file__).parent / "profiles"


class Control(Part):
    """What people answered with: which questions it can answer, and where its answer is.

    {control} is its name, {part} that of one of the things that it was asked of.
    """

    questions: list[AnswerType] = Field(min_length=1, description="types of questions that it answers")
    answer: dict[str, Any] = Field(
        min_length=1,
        description="an answer mapping; where a list is due, one text with {name} stands for one of each name given",
    )
    text: FieldPath | None = Field(
        None, description="where it is read as a rationale or the like; default: the field of its answer"
    )
    json_cells: str | None = Field(None, description="csv: the key of its answer, where a cell holds that as JSON")
    zip: dict[str, FieldPath] = Field(
        default_factory=dict, description="lists that are read side by side: name → path; {question} is its code"
    )
    unanswered: list[Word | None] = Field(
        default_factory=list, description="what its field holds where it was not answered"
    )
    ignored: IgnoredFields = Field(default_factory=dict, description="fields of it that are not kept, and why")
    note: str | None = Field(None, description="what is to be known of it")


class ControlsIn(Part):
    """Where a format lists the controls of an act by name and kind."""

    list: FieldPath = Field(description="path of the list")
    name: str = Field(min_length=1, description="key of an element that names its control")
    kind: str = Field(min_length=1, description="key of an element that says of which kind it is")


class ToolFormat(Part):
    """One format that a tool exports: what is the same in every project."""

    title: str = Field(min_length=1, description="its name in the tool")
    note: str | None = Field(None, description="what is to be known of it")
    attribution: Attribution = Field(description="what its annotator ids can bear")
    losses: list[str] = Field(default_factory=list, description="loss codes")
    recognised_by: list[str] = Field(
        default_factory=list, description="keys that every record has, and together hardly another export's"
    )
    controls_in: ControlsIn | None = Field(
        None, description="where the controls of an act are listed, for who proposes a contract"
    )
    data: FieldPath = Field(description="where the project's own fields are; {name} is the name of one")
    named: dict[str, FieldPath] = Field(
        default_factory=dict, description="$name → path: fields of the tool's own that a project may name"
    )
    reserved: dict[str, str] = Field(
        default_factory=dict, description="name → why no control and no field of the project's may have it"
    )
    is_one_table: bool = Field(False, description="controls and the project's fields are columns of one table")
    unanswered: list[Word | None] = Field(
        default_factory=list, description="what every question's field holds where it was not answered"
    )
    controls: dict[Code, Control] = Field(
        default_factory=dict, description="by kind; the first that answers a question's type is its default"
    )
    attributes: dict[Code, FieldPath] = Field(
        default_factory=dict, description="role annotators: the attributes that it has, and where"
    )
    statuses: dict[Word, AttributeStatus] = Field(
        default_factory=dict, description="role annotators: values of any attribute that say why there is none"
    )
    file: dict[str, Any] = Field(min_length=1, description="the file mapping, without item and answers")
    archived: dict[str, Any] = Field(
        default_factory=dict, description="what of the file mapping differs where its files are members of an archive"
    )

    @model_validator(mode="after")
    def _has_what_its_role_needs(self) -> ToolFormat:
        if (self.file.get("role") == "annotators") == bool(self.controls):
            raise ValueError("a format has controls, unless its files are of role annotators, which have attributes")
        return self

    @field_validator("losses")
    @classmethod
    def _known_losses(cls, losses: list[str]) -> list[str]:
        if unknown := [loss for loss in losses if loss not in LOSSES]:
            raise ValueError(f"{', '.join(unknown)} is no loss code; allowed: {', '.join(LOSSES)}")
        return losses

    def default_kind(self, kind: AnswerType) -> str | None:
        """The control that answers a question of a type unless another is named."""
        return next((name for name, control in self.controls.items() if kind in control.questions), None)


class Profile(Part):
    """A tool, and the formats that it exports."""

    title: str = Field(min_length=1, description="the tool's name")
    url: str = Field(pattern=r"^https?://", description="where it is described")
    schema_from: str = Field(min_length=1, description="where its formats were read, and of which version")
    platform: Code = Field(description="the platform that its annotator ids belong to")
    formats: dict[Code, ToolFormat] = Field(min_length=1, description="by name; the first is the default")
    refused: dict[Code, str] = Field(
        default_factory=dict, description="formats of the tool that hold no judgments, and why they are not read"
    )

    def format_problem(self, tool: str, name: str | None, *, of_annotators: bool) -> str | None:
        """Why a format cannot be what somebody asks for; None if it can."""
        if name in self.refused:
            return f"{tool}'s {name} holds no judgments: {self.refused[name]}"
        if name is not None and name not in self.formats:
            return f"{tool} has no format {name!r}; it has: {', '.join(self.formats)}"
        form = self.formats[name or next(iter(self.formats))]
        if of_annotators and form.controls:
            return f"{tool}'s {form.title} holds judgments; name it as the contract's own profile"
        if not of_annotators and not form.controls:
            return f"{tool}'s {form.title} tells who people are; name it as the profile of one of files"
        return None


def _as_control(value: object) -> object:
    return {"control": value} if isinstance(value, str) else value


class BesideControl(Part):
    """A control that says something beside an answer."""

    control: str = Field(min_length=1, description="its name")
    kind: Code | None = Field(None, description="its kind; default: the first that reads a text or a number")


Beside = Annotated[BesideControl, BeforeValidator(_as_control, json_schema_input_type=str | BesideControl)]
"""A control beside an answer, or only its name."""


class ToolAnswer(Part):
    """Which control a question was answered with."""

    control: Annotated[str, Field(min_length=1)] | None = Field(None, description="its name; default: the question's")
    kind: Code | None = Field(None, description="its kind; default: the first that answers questions of that type")
    rationale: Beside | None = Field(None, description="the control with the annotator's reason for this answer")
    confidence: Beside | None = Field(None, description="the control with the stated confidence")
    strength: Beside | None = Field(None, description="pairwise: the control with the strength of the preference")
    part: Annotated[str, Field(min_length=1)] | None = Field(
        None, description="which of several things it was asked of, by name, such as one aspect of a grid of ratings"
    )
    options: list[Word] = Field(
        default_factory=list, description="rating: its values, where each of them has a column of its own"
    )
    split: str | None = Field(None, min_length=1, description="separator, where the value is a text")
    levels: str | None = Field(None, min_length=1, description="multi_choice: what joins the parts of a nested option")
    tiers: list[str] = Field(
        default_factory=list, description="ranking: names of what options were sorted into, best first"
    )


class ToolAnnotator(Part):
    """What the project knows of who judged."""

    strip_prefix: str | None = Field(None, min_length=1, description="a prefix that the tool adds to every id")
    kind: Kind | None = Field(None, description="human or machine, or the field that says it; default: human")
    pool: FieldPath | None = Field(None, description="field with the group recruited in")
    attributes: dict[Code, Attribute] = Field(
        default_factory=dict, description="attribute → field, or field and statuses"
    )


class ToolDialect(Part):
    """How the export was packed."""

    within: Literal["gzip", "zip", "tar"] | None = Field(None, description="what the file is packed in")
    member: str | None = Field(None, description="zip and tar: glob of the members to read")
    encoding: str | None = Field(None, description="text encoding, where it is not the tool's own")


def _schema(schema: dict[str, Any]) -> None:
    """With the names of the tools that there are, for editors."""
    schema["properties"]["tool"]["enum"] = profile_names()


class ToolProfile(Part):
    """Which tool's export it is, and what the project chose in the tool; it stands for platform, attribution and files.

    Fields are named as the project named them in the tool; $name is one of the tool's own that the profile lists.
    """

    model_config = ConfigDict(json_schema_extra=_schema)

    tool: str = Field(description="the tool, by the name of its profile")
    format: str | None = Field(None, description="the format of the export; default: the profile's first")
    pattern: Annotated[list[str], AS_LIST, Field(min_length=1)] | None = Field(
        None, description="glob pattern, or patterns, of its files; default: the profile's"
    )
    dialect: ToolDialect | None = Field(None, description="how it was packed")
    each: EachParallel | None = Field(
        None, description="where a row holds several acts: columns by their whole names, read side by side"
    )
    item: ItemMapping = Field(description="which item")
    annotator: ToolAnnotator | None = Field(None, description="what the project knows of who judged")
    answers: dict[
        Code,
        Annotated[ToolAnswer, BeforeValidator(_as_control, json_schema_input_type=str | ToolAnswer)],
    ] = Field(default_factory=dict, description="question → control; default: the control of the question's name")
    presentation_order: Order | None = Field(
        None, description="keys of the responses or options as shown, or the field that says it"
    )
    upstream_aggregates: list[FieldPath] = Field(
        default_factory=list, description="fields that hold somebody's aggregate; kept out of the judgments"
    )
    ignored: IgnoredFields = Field(
        default_factory=dict, description="field → why it is not kept; or a list of fields and why"
    )

    @model_validator(mode="after")
    def _is_known(self) -> ToolProfile:
        if self.tool not in profile_names():
            told = ", ".join(profile_names())
            refuse([(("tool",), f"there is no profile {self.tool!r}; there are: {told}")])
        if problem := self.profile.format_problem(self.tool, self.format, of_annotators=False):
            refuse([(("format",), problem)])
        return self

    @property
    def profile(self) -> Profile:
        """The tool's profile."""
        return profile_of(self.tool)

    @property
    def format_name(self) -> str:
        """The format of the export, by name."""
        return self.format or next(iter(self.profile.formats))

    @property
    def tool_format(self) -> ToolFormat:
        """The format of the export."""
        return self.profile.formats[self.format_name]


def _named(value: object) -> object:
    return dict.fromkeys(value) if isinstance(value, list) else value


class AnnotatorsProfile(Part):
    """Which tool's export of people it is, and what of it is kept; it stands for role, dialect and annotator."""

    tool: str = Field(description="the tool, by the name of its profile")
    format: str | None = Field(None, description="the format of the export; default: the profile's first")
    attributes: Annotated[
        dict[Code, FieldPath | None], BeforeValidator(_named, json_schema_input_type=dict[Code, str] | list[Code])
    ] = Field(
        min_length=1,
        description="attributes that are kept: a list of the profile's, or attribute → column of one's own",
    )

    @model_validator(mode="after")
    def _is_known(self) -> AnnotatorsProfile:
        if self.tool not in profile_names():
            refuse([(("tool",), f"there is no profile {self.tool!r}; there are: {', '.join(profile_names())}")])
        profile = profile_of(self.tool)
        if problem := profile.format_problem(self.tool, self.format, of_annotators=True):
            refuse([(("format",), problem)])
        known = profile.formats[self.format or next(iter(profile.formats))].attributes
        if unknown := [code for code, field in self.attributes.items() if field is None and code not in known]:
            told = f"there is no {', '.join(unknown)}; there are: {', '.join(known)}; name another by its column"
            refuse([(("attributes",), told)])
        return self

    def spelled_out(self, given: dict[str, Any]) -> dict[str, Any]:
        """The file mapping that it and what stands beside it stand for."""
        profile = profile_of(self.tool)
        form = profile.formats[self.format or next(iter(profile.formats))]
        made = {**form.file, **{name: value for name, value in given.items() if name != "profile"}}
        made["dialect"] = {**form.file["dialect"], **(given.get("dialect") or {})}
        attributes = {
            code: {"field": field or form.attributes[code], "statuses": form.statuses}
            for code, field in self.attributes.items()
        }
        made["annotator"] = {**form.file["annotator"], **(given.get("annotator") or {}), "attributes": attributes}
        return made


def as_use(value: object) -> object:
    """The name of a tool alone stands for a profile without more."""
    return {"tool": value} if isinstance(value, str) else value


def profile_names() -> list[str]:
    """The tools that there are profiles of."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


@lru_cache(maxsize=64)
def profile_of(tool: str) -> Profile:
    """A tool's profile, one of ``profile_names``.

    Raises:
        ContractError: it is no valid profile.
    """
    return read_profile(FOLDER / f"{tool}.yaml")


def profiles() -> dict[str, Profile]:
    """Every profile, by its tool's name."""
    return {name: profile_of(name) for name in profile_names()}


def read_profile(path: Path) -> Profile:
    """One profile from its file.

    Raises:
        ContractError: it is no valid profile; each fault with its line.
    """
    name = shown(path)
    root = compose(path, name)
    return validated(construct(root, name), Profile, Declared(name, root, lambda place: place))
