"""The part of a contract that says how bytes are to be read: packing, format, encoding, and each format's own signs."""

from __future__ import annotations

import codecs
import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from pipelines.contracts.questions import Part, Problems, refuse

_PROBE = bytes(range(128)) + rb"\n\u0041"
"""What an encoding must leave as it is for lines, quotes and delimiters to be found in its bytes."""

_ELEMENTS = re.compile(r"[^\W\d][\w.:-]*(?:/[^\W\d][\w.:-]*)*")


class Dialect(Part):
    """How the bytes are to be read. Nothing is guessed."""

    format: Literal["csv", "json", "jsonl", "xml"] = Field(description="the format of the text")
    within: Literal["gzip", "zip", "tar"] | None = Field(None, description="what the file is packed in")
    member: str = Field("*", description="zip and tar: glob of the members to read; $member is a member's name")
    encoding: str = Field("utf-8", description="text encoding; a UTF-8 byte order mark is recognised")
    delimiter: str = Field(",", min_length=1, max_length=1, description="csv: the delimiter")
    quote: str | None = Field(
        '"', min_length=1, max_length=1, description="csv: the quote, doubled inside a field; null: nothing is quoted"
    )
    header: Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)] | None = Field(
        None,
        description="csv: names of the columns where the first row is a record; default: that row names them",
    )
    json_cells: dict[Annotated[str, Field(min_length=1)], Annotated[str, Field(min_length=1)]] = Field(
        default_factory=dict,
        description="csv: column → key; a cell that is a JSON object with that key, or a list of such objects, is read"
        " as that, any other as the text that it is; fields are then paths",
    )
    records: Literal["array", "object", "whole"] = Field(
        "array",
        description="json: the records are an array's elements, or an object's values (key: $key); whole: the document"
        " is one object, and that is one record",
    )
    trailing_commas: bool = Field(
        False, description="json, jsonl: a comma behind the last part of a list or object of a record says nothing"
    )
    record: str | None = Field(
        None, description="xml: path of the element that is a record, from the root on, such as corpus/document"
    )

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        try:
            name = codecs.lookup(value).name
            is_plain = name.startswith(("utf-16", "utf-32")) or _PROBE.decode(name) == _PROBE.decode("ascii")
        except (LookupError, ValueError, TypeError):
            is_plain = False
        if not is_plain or name.startswith(("iso2022", "idna")):
            raise ValueError(f"unknown text encoding {value!r}; examples: utf-8, utf-16, latin-1, cp1252, shift_jis")
        return name

    @model_validator(mode="after")
    def _signs_differ(self) -> Dialect:
        problems: Problems = []
        for name, sign in (("delimiter", self.delimiter), ("quote", self.quote)):
            if sign is None:
                continue
            if not sign.isascii() or sign.isalnum() or sign in "\r\n\0":
                problems.append(((name,), f"{name} {sign!r} is no ASCII sign apart from letters, digits and line ends"))
        if self.delimiter == self.quote:
            problems.append((("quote",), "quote and delimiter are the same sign"))
        if self.records != "array" and self.format != "json":
            problems.append((("records",), f"records: {self.records} belongs to format json, not to {self.format}"))
        if self.trailing_commas and self.format not in ("json", "jsonl"):
            problems.append((("trailing_commas",), f"trailing_commas belongs to json and jsonl, not to {self.format}"))
        if self.trailing_commas and self.records == "whole":
            problems.append((("trailing_commas",), "trailing_commas and records: whole exclude each other"))
        refuse(problems + self._header_and_record())
        return self

    def _header_and_record(self) -> Problems:
        problems: Problems = []
        if self.header is not None:
            if self.format != "csv":
                problems.append((("header",), f"header belongs to format csv, not to {self.format}"))
            if twice := [name for name in dict.fromkeys(self.header) if self.header.count(name) > 1]:
                problems.append((("header",), f"header names {', '.join(twice)} twice"))
        if self.json_cells and self.format != "csv":
            problems.append((("json_cells",), f"json_cells belongs to format csv, not to {self.format}"))
        if self.format == "xml" and self.record is None:
            problems.append((("record",), "format xml needs record, such as record: corpus/document"))
        if self.record is not None:
            if self.format != "xml":
                problems.append((("record",), f"record belongs to format xml, not to {self.format}"))
            if not _ELEMENTS.fullmatch(self.record):
                problems.append((("record",), f"{self.record!r} is no path of elements, such as corpus/document"))
        return problems
