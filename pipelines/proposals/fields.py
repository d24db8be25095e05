"""What the fields of a sample hold: their values over its acts, and what these depend on."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import msgspec

from pipelines.contracts.paths import escaped

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")

Act = dict[str, Any]
"""One act of judging: field → value."""


def flat(value: dict[str, Any], before: str = "", *, is_table: bool) -> Act:
    """The leaves of a record by their field path; lists are leaves."""
    fields: Act = {}
    for name, held in value.items():
        path = before + (name if is_table or name.startswith("$") else escaped(name))
        if isinstance(held, dict) and held:
            fields |= flat(held, f"{path}.", is_table=False)
        else:
            fields[path] = plain(held)
    return fields


def plain(value: Any) -> Any:
    """A parsed value whose number tokens are numbers."""
    if isinstance(value, msgspec.Raw):
        return json.loads(bytes(value))
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    return value


@dataclass
class Field:
    """One field: its value in each act that has it, and the number of these acts.

    Attributes:
        path: as a contract names it.
        values: by act; of acts that lack the field there is none.
    """

    path: str
    values: dict[int, Any] = field(default_factory=dict)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The last step's name in lower-case words: ``annotatorId`` is annotator, id."""
        steps = [re.sub(r"\\(.)", r"\1", step) for step in re.split(r"(?<!\\)\.", self.path)]
        # labels.$annotator is what labels holds of one annotator; OUTPUT:label is the tool's way of saying label.
        named = [step for step in steps if not step.startswith("$")] or steps
        parts = [part for part in re.split(r"[:/.]", named[-1]) if re.search("[A-Za-z]", part)]
        name = (parts or named)[-1].lstrip("$@#")
        spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
        return tuple(re.findall(r"[a-z]+|[0-9]+", spaced.lower()))

    @property
    def name(self) -> str:
        """The same as one word."""
        return "_".join(self.words)

    @cached_property
    def given(self) -> list[Any]:
        """Values that say something."""
        return [value for value in self.values.values() if value is not None and value != ""]

    @cached_property
    def texts(self) -> list[str]:
        """Single values as texts."""
        return [text_of(value) for value in self.given if not isinstance(value, list | dict)]

    @cached_property
    def distinct(self) -> list[str]:
        """Different texts, in order of the alphabet, numbers by size."""
        return sorted(set(self.texts), key=lambda text: (not _NUMBER.fullmatch(text), _size(text), text))

    @cached_property
    def numbers(self) -> list[float] | None:
        """Values as numbers; None where one is none."""
        if not self.texts or len(self.texts) < len(self.given):
            return None
        return [float(text) for text in self.texts] if all(_NUMBER.fullmatch(text) for text in self.texts) else None

    @property
    def is_list(self) -> bool:
        """Whether it holds lists of single values."""
        return any(value != [] for value in self.given) and all(
            isinstance(value, list) and not any(isinstance(one, list | dict) for one in value) for value in self.given
        )

    @property
    def is_spans(self) -> bool:
        """Whether it holds lists of marked stretches."""
        elements = [one for value in self.given if isinstance(value, list) for one in value]
        return bool(elements) and all(map(_is_span, elements))

    @property
    def is_ranked(self) -> bool:
        """Whether it holds lists of options with a rank each."""
        elements = [one for value in self.given if isinstance(value, list) for one in value]
        return bool(elements) and all(isinstance(one, dict) and "rank" in one for one in elements)

    @cached_property
    def mean_length(self) -> float:
        """Characters a text, on average."""
        return sum(map(len, self.texts)) / len(self.texts) if self.texts else 0.0


def _is_span(element: Any) -> bool:
    """Whether it is an object with start and end, or begins with two whole numbers in order."""
    if isinstance(element, list):
        places = element[:2]
        return len(element) > 2 and all(type(one) is int for one in places) and places == sorted(places)
    return isinstance(element, dict) and {"start", "end"} <= element.keys()


def text_of(value: Any) -> str:
    """A single value as a contract writes it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _size(text: str) -> float:
    return float(text) if _NUMBER.fullmatch(text) else 0.0


def fields_of(acts: Iterable[Act]) -> dict[str, Field]:
    """Every field of some acts, by path, in the order in which they first occur."""
    found: dict[str, Field] = {}
    for number, act in enumerate(acts):
        for path, value in act.items():
            found.setdefault(path, Field(path)).values[number] = value
    return found


def follows(one: Field, keys: Sequence[Field]) -> bool | None:
    """Whether a field is the same in all acts that have the same keys; None where no two acts have."""
    seen: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for number, value in one.values.items():
        key = tuple(text_of(other.values.get(number)) for other in keys)
        seen[key].append(text_of(value))
    repeated = [values for values in seen.values() if len(values) > 1]
    return all(len(set(values)) == 1 for values in repeated) if repeated else None
