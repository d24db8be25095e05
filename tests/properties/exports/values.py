"""Raw values as files hold them, JSON number tokens among them, and what a scalar among them says as text."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Token:
    """A number as it stands in a JSON file."""

    text: str


ABSENT: Any = type("Absent", (), {"__repr__": lambda self: "ABSENT"})()
"""The value of a field that a record does not have."""


def write(value: Any, *, is_ascii: bool = False, gap: str = "") -> str:
    """A value as JSON text, number tokens as they are; ``gap`` is put where JSON allows white space."""
    if isinstance(value, Token):
        return value.text
    if isinstance(value, dict):
        inner = [
            f"{gap}{json.dumps(key, ensure_ascii=is_ascii)}{gap}:{gap}{write(held, is_ascii=is_ascii, gap=gap)}"
            for key, held in value.items()
            if held is not ABSENT
        ]
        return "{" + f"{gap},".join(inner) + gap + "}"
    if isinstance(value, list):
        return "[" + gap + f"{gap},".join(write(one, is_ascii=is_ascii, gap=gap) for one in value) + gap + "]"
    return json.dumps(value, ensure_ascii=is_ascii)


def read(text: str | None) -> Any:
    """A value from its JSON text, number tokens as they are; for comparing two texts of one value."""
    return None if text is None else (json.loads(text, parse_int=Token, parse_float=Token),)


def scalar(value: Any) -> str | None:
    """What a value says as text: a scalar, or a list that holds just one; None if it says nothing."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Token):
        return value.text
    if isinstance(value, list) and len(value) == 1 and not isinstance(value[0], list):
        return scalar(value[0])
    return value if isinstance(value, str) else None


def content(value: Any) -> str | None:
    """What a value says where anything may be said: its text, or its JSON where it is several values or an object."""
    text = scalar(value)
    return text if text is not None or value is None or value is ABSENT or value == [] else write(value)


def element(name: str, value: Any, gap: str = "") -> str:
    """A value as an XML element, or several where it is a list; ``gap`` is put where white space is layout."""
    if isinstance(value, list):
        return "".join(element(name, one, gap) for one in value)
    if isinstance(value, dict):
        inner = "".join(f"{gap}{element(key, held, gap)}" for key, held in value.items() if held is not ABSENT)
        return f"<{name}>{inner}{gap}</{name}>"
    text = str(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")
    return f"<{name}>{text}</{name}>" if text else f"<{name}/>"
