"""The parts of a file mapping: which fields say which item was judged, who judged it, what came of it, and when."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field, field_validator, model_validator

from pipelines.contracts.answers import AnswerMapping, FieldPath
from pipelines.contracts.companions import Kind, KindMapping
from pipelines.contracts.questions import Code, Part, Word, refuse
from pipelines.domain.vocabulary import AnnotatorKind, AttributeStatus, Status

_TIME = re.compile(r"(?:[^%]|%(?:-[djmyHIMS]|[abcdfghjmnpuwxyzABGHIMSTUVWXYZ%]))*")
"""A strptime format as DuckDB reads it."""


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


AS_LIST = BeforeValidator(_as_list, json_schema_input_type=str | list[str])
"""One text stands for a list of one."""


def _as_field(value: object) -> object:
    return {"field": value} if isinstance(value, str) else value


Fields = Annotated[list[FieldPath], AS_LIST, Field(min_length=1)]
"""One field, or several that are a key together."""


class Response(Part):
    """One response of an item."""

    key: Code = Field(description="its name in presentation_order")
    text: FieldPath = Field(description="field with its text")
    model: FieldPath | None = Field(None, description="field with the name of the model that wrote it")


class ItemMapping(Part):
    """Which item was judged, and what it holds."""

    key: Fields = Field(description="field, or fields, that identify the item within the source")
    key_digest: bool = Field(False, description="the id is a digest of the key, for keys that are long texts")
    text: FieldPath | None = Field(None, description="field with the text")
    prompt: FieldPath | None = Field(None, description="field with the prompt")
    responses: list[Response] = Field(default_factory=list, description="the responses, in the source's order")
    language: FieldPath | None = Field(None, description="field with the language tag")
    language_is: str | None = Field(None, description="the language tag, where one holds for the whole source")
    context: FieldPath | None = Field(None, description="field with what else was shown")
    extra: list[FieldPath] = Field(default_factory=list, description="further fields to keep with the item")
    author: FieldPath | None = Field(
        None, description="field with the annotator who wrote what is judged; the pseudonym is kept in the item's extra"
    )

    @model_validator(mode="after")
    def _says_each_thing_once(self) -> ItemMapping:
        keys = [response.key for response in self.responses]
        if twice := [key for key in dict.fromkeys(keys) if keys.count(key) > 1]:
            refuse([(("responses",), f"two responses have the key {', '.join(twice)}")])
        if self.language is not None and self.language_is is not None:
            refuse([(("language_is",), "language and language_is exclude each other")])
        return self


class AttributeMapping(Part):
    """One attribute of an annotator: where it is, and which values are no values."""

    field: FieldPath = Field(description="field with the value")
    statuses: dict[Word, AttributeStatus] = Field(
        default_factory=dict, description="raw values that say declined, not_asked or withheld"
    )


Attribute = Annotated[AttributeMapping, BeforeValidator(_as_field, json_schema_input_type=str | AttributeMapping)]
"""An attribute, or only the field that it is in."""


def _as_named(value: object) -> object:
    return {name: name for name in value} if isinstance(value, list) else value


class UnknownAnnotator(Part):
    """Where nobody is named, though somebody judged: each such act is by an unknown annotator of its own."""

    values: list[Word | None] = Field(
        min_length=1, description="what the key's first field holds where nobody is named; null is JSON's"
    )
    by: Fields = Field(description="field, or fields, that tell such acts apart, such as an annotation's id")


class AnnotatorMapping(Part):
    """Who judged."""

    key: Fields = Field(description="field, or fields, that identify the annotator")
    unknown: UnknownAnnotator | None = Field(
        None, description="what stands where nobody is named, and which act it was; left out: such an act is refused"
    )
    strip_prefix: str | None = Field(None, min_length=1, description="a prefix that the tool adds to every id")
    strip_suffix: str | None = Field(
        None, min_length=1, description="what stands behind every id, such as .jsonl where it is the name of a file"
    )
    kind: Kind = Field(
        KindMapping(always=AnnotatorKind.HUMAN, field=None, otherwise=None),
        description="human or machine, or the field that says it; default: human",
    )
    pool: FieldPath | None = Field(None, description="field with the group recruited in")
    attributes: Annotated[
        dict[Code, Attribute],
        BeforeValidator(_as_named, json_schema_input_type=dict[Code, Attribute] | list[Code]),
    ] = Field(
        default_factory=dict,
        description="attribute → field, or field and statuses; or a list of fields that name their attributes",
    )


class JudgmentMapping(Part):
    """Which judgment it is, where the tool numbers its annotations; later deliveries are compared by it."""

    key: Fields = Field(
        description="field, or fields, that identify the act of judging within the source, such as an annotation's id"
    )
    may_be_absent: bool = Field(
        False,
        description="true: a record without it holds an item that nobody judged; it needs no annotator, and an answer"
        " in it is refused",
    )


Answer = Annotated[AnswerMapping, BeforeValidator(_as_field, json_schema_input_type=str | AnswerMapping)]
"""An answer, or only the field that it is in."""


class StatusMapping(Part):
    """What became of the act, where the export says it."""

    field: FieldPath = Field(description="field with the status")
    values: dict[Word, Status] = Field(min_length=1, description="raw value → status")
    absent: Status | None = Field(None, description="the status where the field is absent; left out: it is refused")


ZoneName = Annotated[str, Field(pattern=r"^[A-Za-z]{1,8}$")]
Offset = Annotated[str, Field(pattern=r"^[+-](0[0-9]|1[0-4]):[0-5][0-9]$")]


class TimeMapping(Part):
    """When the judgment was given."""

    field: FieldPath = Field(description="field with the time")
    format: str = Field(
        "iso8601",
        description="iso8601 (with its offset, else UTC), epoch_s, epoch_ms, or a strptime format in UTC",
    )
    zones: dict[ZoneName, Offset] = Field(
        default_factory=dict,
        description="with %Z in the format: a zone's name → its offset, such as {PST: '-08:00'}; others are refused",
    )

    @model_validator(mode="after")
    def _knows_its_zones(self) -> TimeMapping:
        if ("%Z" in self.format) != bool(self.zones):
            refuse([(("zones",), "%Z in the format and zones, which say what each name means, belong together")])
        return self

    def written_in(self) -> list[tuple[str, int]]:
        """Each format that a time may be written in, and how many minutes east of UTC that is."""
        if not self.zones:
            return [(self.format, 0)]
        minutes = {name: int(offset[1:3]) * 60 + int(offset[4:]) for name, offset in self.zones.items()}
        return [
            (self.format.replace("%Z", name), -minutes[name] if offset.startswith("-") else minutes[name])
            for name, offset in self.zones.items()
        ]

    @field_validator("format")
    @classmethod
    def _known_format(cls, value: str) -> str:
        if value not in ("iso8601", "epoch_s", "epoch_ms") and ("%" not in value or not _TIME.fullmatch(value)):
            raise ValueError(f"{value!r} is no time format; iso8601, epoch_s, epoch_ms, or such as %Y-%m-%d %H:%M:%S")
        return value


Time = Annotated[TimeMapping, BeforeValidator(_as_field, json_schema_input_type=str | TimeMapping)]
"""A time in ISO 8601's form by its field, or field and format."""
