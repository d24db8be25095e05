"""Values as raw files hold them, number tokens among them, and what they say as text."""

from __future__ import annotations

import re
from collections.abc import Callable
from json.encoder import encode_basestring
from typing import Any

WHOLE = re.compile(r"-?[0-9]+")
"""A number token without fraction and exponent."""


class Token(str):
    """A number as it stands in a JSON file."""

    __slots__ = ()


class Absent:
    """The value of a field that a record does not have; there is one, ``ABSENT``."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = Absent()


class Unreadable(Exception):  # noqa: N818 - no error of the program
    """What stands in the file is no answer, no key, no record; ``what`` says what is missing, never what stood there.

    ``record``: not only a judgment or an act, but all of the record cannot be taken.
    """

    def __init__(self, what: str, *, record: bool = False) -> None:
        self.what = what
        self.record = record
        super().__init__(what)


def scalar(value: Any) -> str | None:
    """What a value says as text: a scalar, or the one scalar of a list; None if it says nothing, or several things."""
    kind = type(value)
    if kind is str or kind is Token:
        return str(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is list and len(value) == 1 and type(value[0]) is not list:
        return scalar(value[0])
    return None


def single(value: Any) -> str | None:
    """The same of a value that is no list."""
    return None if type(value) is list else scalar(value)


def content(value: Any) -> str | None:
    """What a value says where anything may be said: its text, or its JSON where it is several values or an object."""
    text = scalar(value)
    if text is not None or value is None or value is ABSENT or value == []:
        return text
    return json_of(value)


def content_reader(field: str, *, is_xml: bool) -> Callable[[Any], str | None]:
    """What reads a field's content; in XML a text is a text, but where its parts are asked for."""
    return plain_content if is_xml and not field.endswith("#mixed") else content


def plain_content(value: Any) -> str | None:
    """The same where an object is no content: in XML it is an element with attributes or elements in it.

    Raises:
        Unreadable: it is one, or holds one.
    """
    if type(value) is dict or (type(value) is list and any(type(one) is dict for one in value)):
        raise Unreadable("has attributes or elements where a text is read", record=True)
    return content(value)


def json_of(value: Any) -> str:
    """A value as JSON text without white space, number tokens as they stood in the file."""
    kind = type(value)
    if kind is str:
        text: str = encode_basestring(value)
        return text
    if kind is Token:
        return str(value)
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    if kind is list:
        return "[" + ",".join(map(json_of, value)) + "]"
    if kind is dict:
        return "{" + ",".join(f"{encode_basestring(name)}:{json_of(held)}" for name, held in value.items()) + "}"
    raise TypeError(f"no value of a raw file: {kind.__name__}")


def joined(parts: list[str]) -> str:
    """A key as one text: one part as it is, several so that they can be told again."""
    if len(parts) == 1:
        return parts[0]
    return "/".join(part.replace("%", "%25").replace("/", "%2F") for part in parts)
