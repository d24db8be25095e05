"""What an answer says, and what takes raw values to that."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from json.encoder import encode_basestring
from typing import Any

from pipelines.domain.answers import json_text

Said = tuple[str, bool]
"""An answer's canonical text, and whether it abstains."""

Says = Callable[[Sequence[Any], "Sequence[str | None] | None"], Said]
"""What takes the raw values of an answer and the order of presentation."""


def quoted(text: str) -> str:
    """A text as the canonical form writes it."""
    found: str = encode_basestring(text)
    return json_text(text) if "\\u" in found else found
