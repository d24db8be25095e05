"""A proposed contract as plain values, each of which may be a guess that says why it was made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

MARK = "# guess:"
"""Stands before the reason of each guess in a proposed contract."""

_WIDTH = 120


@dataclass(frozen=True)
class Guess:
    """A value, and what it was read off."""

    value: Any
    why: str


def as_yaml(key: str, value: Any, indent: int = 0) -> Iterator[str]:
    """The lines of one entry; a short value stands on its key's line, a guess has its reason behind it or above it."""
    guess = value if isinstance(value, Guess) else None
    value = guess.value if guess else value
    before = " " * indent
    mark = f"  {MARK} {guess.why}" if guess else ""
    if not _holds_guess(value):
        flow = f"{before}{_word(key)}: {_flow(value)}"
        if len(flow) + len(mark) <= _WIDTH:
            yield flow + mark
            return
        if len(flow) <= _WIDTH or not isinstance(value, dict | list):
            yield f"{before}{mark.strip()}"
            yield flow
            return
    yield f"{before}{_word(key)}:{mark}"
    if isinstance(value, dict):
        for name, one in value.items():
            yield from as_yaml(name, one, indent + 2)
    else:
        yield from _list(value, indent + 2)


def _list(values: list[Any], indent: int) -> Iterator[str]:
    before = " " * indent
    for one in values:
        if isinstance(one, dict) and _holds_guess(one):
            lines = [line for name, held in one.items() for line in as_yaml(name, held, indent + 2)]
            # The first that is no reason gets the dash: a reason may stand above it.
            first = next(place for place, line in enumerate(lines) if not line.lstrip().startswith("#"))
            lines[first] = f"{before}- {lines[first].lstrip()}"
            yield from lines
        else:
            yield f"{before}- {_flow(one)}"


def count_guesses(text: str) -> int:
    """How many guesses a contract's text still marks."""
    return text.count(MARK)


def _holds_guess(value: Any) -> bool:
    if isinstance(value, Guess):
        return True
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_holds_guess(one) for one in inner)


def _word(text: Any) -> str:
    return _flow(str(text))


class _Dumper(yaml.SafeDumper):
    """Writes a text of several lines on one."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if text.isprintable() else '"')


_Dumper.add_representer(str, _text)


def _flow(value: Any) -> str:
    written = yaml.dump(
        value, Dumper=_Dumper, default_flow_style=True, allow_unicode=True, width=10**9, sort_keys=False
    )
    return str(written).removesuffix("\n").removesuffix("\n...")
