"""The part of a contract that says how bytes are to be read: packing, format, encoding, delimiter, quote."""

from __future__ import annotations

import codecs
from typing import Literal

from pydantic import Field, field_validator, model_validator

from pipelines.contracts.questions import Part, Problems, refuse

_PROBE = bytes(range(128)) + rb"\n\u0041"
"""What an encoding must leave as it is for lines, quotes and delimiters to be found in its bytes."""


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
            if not sign.isascii() or sign.isalnum() or sign in "\r\n\0":
                problems.append(((name,), f"{name} {sign!r} is no ASCII sign apart from letters, digits and line ends"))
        if self.delimiter == self.quote:
            problems.append((("quote",), "quote and delimiter are the same sign"))
        if self.records == "object" and self.format != "json":
            problems.append((("records",), f"records: object belongs to format json, not to {self.format}"))
        refuse(problems)
        return self
