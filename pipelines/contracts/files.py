r"""The part of a contract that says where things are: files, their dialect, their shape and their fields.

A *field* is a column name (CSV) or a path (JSON): ``a.b``, ``list[key=value].c``; a dot in a name is written
``\\.``. Names that start with ``$`` are made by the shape: ``$key``, ``$column``, ``$value``, ``$<name>``.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from pipelines.contracts.answers import AnswerMapping, FieldPath
from pipelines.contracts.paths import parse_path, pattern_problem
from pipelines.contracts.questions import Code, Part, Word
from pipelines.domain.vocabulary import AnnotatorKind, AttributeStatus, Status


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


_AS_LIST = BeforeValidator(_as_list, json_schema_input_type=str | list[str])


def _as_field(value: object) -> object:
    return {"field": value} if isinstance(value, str) else value


Fields = Annotated[list[FieldPath], _AS_LIST, Field(min_length=1)]
"""One field, or several that are a key together."""


class Dialect(Part):
    """How the bytes are to be read. Nothing is guessed."""

    format: Literal["csv", "json", "jsonl"] = Field(description="the format of the text")
    within: Literal["gzip", "zip", "tar"] | None = Field(None, description="what the file is packed in")
    member: str = Field("*", description="zip and tar: glob of the members to read; $member is a member's name")
    encoding: str = Field("utf-8", description="text encoding; a UTF-8 byte order mark is recognised")
    delimiter: str = Field(",", min_length=1, max_length=1, description="csv: the delimiter")
    quote: str = Field('"', min_length=1, max_length=1, description="csv: the quote, doubled inside a field")
    records: Literal["array", "object"] = Field(
        "array", description="json: the records are an array's elements, or an object's values (key: $key)"
    )

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        import codecs

        try:
            return codecs.lookup(value).name
        except LookupError as error:
            raise ValueError(f"unknown text encoding {value!r}; examples: utf-8, latin-1, cp1252") from error


class EachElement(Part):
    """Several acts a record: one for each element of a list; the list's path then means the element.

    With ``by`` there is one act for each distinct value of that field of the elements: the list's path then means
    the elements of that act, and $by the value.
    """

    list: FieldPath = Field(description="path of the list")
    by: FieldPath | None = Field(None, description="field of the elements that tells the acts apart")

    def fields(self) -> tuple[str, ...]:
        """The fields that it names."""
        return (self.list,) if self.by is None else (self.list, f"{self.list}.{self.by}")


class EachEntry(Part):
    """Several acts a record: one for each entry of an object; the object's path then means the entry's value."""

    entries: FieldPath = Field(description="path of the object")
    name: Code = Field(description="the entry's key is $<name>")

    def fields(self) -> tuple[str, ...]:
        """The fields that it names."""
        return (self.entries,)


class EachColumn(Part):
    """Several acts a record: one for each of these columns ($column is its name, $value its value)."""

    columns: Annotated[list[FieldPath], Field(min_length=1)] = Field(description="the columns, one act each")

    def fields(self) -> tuple[str, ...]:
        """The fields that it names."""
        return tuple(self.columns)


class EachParallel(Part):
    """Several acts a record: lists of equal length read side by side ($<name> is the element)."""

    zip: dict[Code, FieldPath | list[FieldPath]] = Field(
        min_length=1, description="name → path of a list, or of text to split, or several fields that are the list"
    )
    split: str | None = Field(None, min_length=1, description="text lists: the separator")

    def fields(self) -> tuple[str, ...]:
        """The fields that it names."""
        return tuple(name for given in self.zip.values() for name in ([given] if isinstance(given, str) else given))


Each = EachElement | EachEntry | EachColumn | EachParallel


def _as_steps(value: object) -> object:
    return [] if value is None else [value] if isinstance(value, dict) else value


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


class AttributeMapping(Part):
    """One attribute of an annotator: where it is, and which values are no values."""

    field: FieldPath = Field(description="field with the value")
    statuses: dict[Word, AttributeStatus] = Field(
        default_factory=dict, description="raw values that say declined, not_asked or withheld"
    )


Attribute = Annotated[AttributeMapping, BeforeValidator(_as_field, json_schema_input_type=str | AttributeMapping)]
"""An attribute, or only the field that it is in."""


class AnnotatorMapping(Part):
    """Who judged."""

    key: Fields = Field(description="field, or fields, that identify the annotator")
    strip_prefix: str | None = Field(None, description="a prefix that the tool adds to every id")
    kind: AnnotatorKind = Field(AnnotatorKind.HUMAN, description="human or machine")
    pool: FieldPath | None = Field(None, description="field with the group recruited in")
    attributes: dict[Code, Attribute] = Field(
        default_factory=dict, description="attribute → field, or field and statuses"
    )


Answer = Annotated[AnswerMapping, BeforeValidator(_as_field, json_schema_input_type=str | AnswerMapping)]
"""An answer, or only the field that it is in."""


class StatusMapping(Part):
    """What became of the act, where the export says it."""

    field: FieldPath = Field(description="field with the status")
    values: dict[Word, Status] = Field(min_length=1, description="raw value → status")


class TimeMapping(Part):
    """When the judgment was given."""

    field: FieldPath = Field(description="field with the time")
    format: str = Field(
        "iso8601",
        description="iso8601 (with its offset, else UTC), epoch_s, epoch_ms, or a strptime format in UTC",
    )


Time = Annotated[TimeMapping, BeforeValidator(_as_field, json_schema_input_type=str | TimeMapping)]
"""A time in ISO 8601's form by its field, or field and format."""


class FileMapping(Part):
    """The files of one role, how to read them, and which field is what."""

    role: Literal["judgments", "items", "annotators"] = Field(description="what the files hold")
    pattern: Annotated[list[str], _AS_LIST, Field(min_length=1)] = Field(
        description="glob pattern, or patterns, from the source's inbox folder on; ** is any number of folders"
    )
    dialect: Dialect = Field(description="container and text dialect")
    each: Annotated[list[Each], BeforeValidator(_as_steps, json_schema_input_type=Each | list[Each])] = Field(
        default_factory=list, description="where a record holds several acts: list, entries, columns, or zip, in turn"
    )
    item: ItemMapping | None = Field(None, description="which item")
    annotator: AnnotatorMapping | None = Field(None, description="who judged")
    answers: dict[Code, Answer] = Field(default_factory=dict, description="question → field with its answer")
    status: StatusMapping | None = Field(None, description="skipped, rejected, …")
    presentation_order: list[Code] = Field(default_factory=list, description="keys of the responses as shown")
    judged_at: Time | None = Field(None, description="time of judging")
    duration_s: FieldPath | None = Field(None, description="field with the duration in seconds")
    upstream_aggregates: list[FieldPath] = Field(
        default_factory=list, description="fields that hold somebody's aggregate; kept out of the judgments"
    )
    ignored: dict[FieldPath, str] = Field(default_factory=dict, description="field → why it is not kept")

    @field_validator("pattern")
    @classmethod
    def _inside_the_inbox(cls, patterns: list[str]) -> list[str]:
        for pattern in patterns:
            if problem := pattern_problem(pattern):
                raise ValueError(problem)
        return patterns

    @model_validator(mode="after")
    def _has_what_its_role_needs(self) -> FileMapping:
        if self.role == "judgments" and (self.item is None or not self.answers):
            raise ValueError("files of role judgments need item and answers")
        if self.role == "items" and self.item is None:
            raise ValueError("files of role items need item")
        if self.role == "annotators" and (self.annotator is None or not self.annotator.attributes):
            raise ValueError("files of role annotators need annotator with attributes")
        if self.role != "judgments" and self.answers:
            raise ValueError(f"answers belong to role judgments, not to {self.role}")
        if self.dialect.format == "csv" and any(isinstance(step, EachElement | EachEntry) for step in self.each):
            raise ValueError("each.list and each.entries need json or jsonl: a CSV row holds no list")
        if self.dialect.format != "csv":
            for field in self.fields():
                parse_path(field)
        return self

    def fields(self) -> list[str]:
        """Every field that the mapping names, in the order in which it names them; some more than once."""
        found: list[str | None] = []
        if self.item:
            item = self.item
            found += [*item.key, item.text, item.prompt, item.language, item.context, *item.extra]
            for response in item.responses:
                found += [response.text, response.model]
        if self.annotator:
            annotator = self.annotator
            found += [*annotator.key, annotator.pool, *(part.field for part in annotator.attributes.values())]
        for answer in self.answers.values():
            found += [*answer.fields(), *answer.span_fields(), answer.rationale, answer.confidence]
        found += [self.status.field if self.status else None, self.judged_at.field if self.judged_at else None]
        found += [self.duration_s, *self.upstream_aggregates, *self.ignored]
        for step in self.each:
            found += step.fields()
        return [field for field in found if field is not None]
