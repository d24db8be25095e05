r"""Field paths: ``a.b``, ``list[key=value].c``, ``a\\.b``: parsed once, then followed in parsed JSON."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True)
class Select:
    """Step into the one element of a list whose ``key`` equals ``value``."""

    key: str
    value: str


@dataclass(frozen=True)
class Looked:
    """Step into the key that another field of the record names: ``profiles.$annotator``."""

    name: str


Step = str | Select | Looked


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
"""What a path finds where the field is absent; JSON null is None, another thing."""


class AmbiguousPathError(ValueError):
    """A selector that matches several elements: which one is meant is not ours to say."""


_SEGMENT = re.compile(r"(?P<name>(?:\\.|[^.\[\\])*)(?P<selects>(?:\[[^\]=]+=[^\]]*\])*)(?P<end>\.|$)")
_SELECT = re.compile(r"\[(?P<key>[^\]=]+)=(?P<value>[^\]]*)\]")


def parse_path(text: str) -> tuple[Step, ...]:
    """The steps of a path.

    Raises:
        ValueError: the text is no path; the message says where it stops being one.
    """
    steps: list[Step] = []
    position = 0
    while True:
        match = _SEGMENT.match(text, position)
        if match is None or not (match["name"] or match["selects"]):
            raise ValueError(f"field path {text!r} cannot be read from character {position + 1} on")
        if match["name"]:
            name = re.sub(r"\\(.)", r"\1", match["name"])
            steps.append(Looked(name) if steps and match["name"].startswith("$") else name)
        steps.extend(Select(found["key"], found["value"]) for found in _SELECT.finditer(match["selects"]))
        position = match.end()
        if not match["end"]:
            return tuple(steps)


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
            matches = [
                element for element in value if isinstance(element, dict) and element.get(step.key) == step.value
            ]
            if len(matches) > 1:
                raise AmbiguousPathError(f"{len(matches)} elements have {step.key} = {step.value!r}")
            if not matches:
                return MISSING
            value = matches[0]
    return value


def names(steps: tuple[Step, ...]) -> tuple[str, ...]:
    """The path without selectors, up to a key that the record names: which keys it passes through."""
    passed: list[str] = []
    for step in steps:
        if isinstance(step, Looked):
            break
        if isinstance(step, str):
            passed.append(step)
    return tuple(passed)
