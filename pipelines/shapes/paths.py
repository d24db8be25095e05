"""Follows field paths through parsed records, and says when a field is not there."""

from __future__ import annotations

from itertools import takewhile
from typing import Any, Final

import msgspec

from pipelines.contracts.paths import Looked, Select, Step


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
"""What a path finds where the field is absent; JSON null is None, another thing."""


class AmbiguousPathError(ValueError):
    """A selector that matches several elements: which one is meant is not ours to say."""


def follow(record: Any, steps: tuple[Step, ...]) -> Any:
    """What stands at the path of a record, or ``MISSING``.

    Raises:
        AmbiguousPathError: a selector matches more than one element.
    """
    value = record
    for step in steps:
        if isinstance(step, Looked):
            step = record.get(step.name, MISSING)
            if not isinstance(step, str):
                return MISSING
        if isinstance(step, str):
            if not isinstance(value, dict) or step not in value:
                return MISSING
            value = value[step]
        else:
            if not isinstance(value, list):
                return MISSING
            matches = [element for element in value if selects(step, element)]
            if len(matches) > 1:
                raise AmbiguousPathError(f"{len(matches)} elements have {step.key} = {step.value!r}")
            if not matches:
                return MISSING
            value = matches[0]
    return value


def selects(step: Select, element: Any) -> bool:
    """Whether a list's element is the one that a selector means; a number or true is compared by its JSON text."""
    if not isinstance(element, dict):
        return False
    found = element.get(step.key)
    if isinstance(found, str):
        return found == step.value
    if found is None or isinstance(found, dict | list):
        return False
    return msgspec.json.encode(found).decode() == step.value


def named_steps(steps: tuple[Step, ...]) -> tuple[str | Select, ...]:
    """The path up to a key that the record names: what it says of the record's form."""
    return tuple(takewhile(lambda step: not isinstance(step, Looked), steps))  # type: ignore[arg-type]


def names(steps: tuple[Step, ...]) -> tuple[str, ...]:
    """The path without selectors, up to a key that the record names: which keys it passes through."""
    return tuple(step for step in named_steps(steps) if isinstance(step, str))
