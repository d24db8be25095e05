"""Exports of tools that have a profile: recognised by their fields, and read by their controls."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.contracts.paths import escaped
from pipelines.contracts.profile import ToolFormat, profiles
from pipelines.proposals.apart import NUMBERED, Apart
from pipelines.proposals.controls import Place, field_controls, listed_controls, pattern_of, words_in
from pipelines.proposals.fields import Act, Field, flat, plain
from pipelines.proposals.guess import Guess
from pipelines.proposals.questions import Asked, question_of
from pipelines.proposals.sample import Sample

_LOOKED_AT = 50


@dataclass(frozen=True)
class Answered:
    """A question of a tool's export, and the control that it was answered with."""

    asked: Asked
    place: Place
    kind: str
    given: list[str]


@dataclass(frozen=True)
class Tool:
    """A format of a tool, by the names that a contract knows them by."""

    tool: str
    format: str
    stated: ToolFormat
    is_default: bool


def recognised(sample: Sample) -> Tool | None:
    """The tool's format whose fields every record of a sample has; of several the one that asks for most."""
    found: list[tuple[int, Tool]] = []
    records = sample.records[:_LOOKED_AT]
    for name, profile in profiles().items():
        for number, (format_name, stated) in enumerate(profile.formats.items()):
            wanted = stated.recognised_by
            is_same = stated.file.get("dialect", {}).get("format") == sample.dialect["format"]
            if wanted and is_same and all(field in record for record in records for field in wanted):
                found.append((len(wanted), Tool(name, format_name, stated, number == 0)))
    return max(found, key=lambda one: one[0])[1] if found else None


def profile_of(tool: Tool, item: dict[str, Any], answered: Mapping[str, Answered]) -> dict[str, Any]:
    """What stands under ``profile``, given the questions by their codes."""
    answers: dict[str, Any] = {}
    for code, one in answered.items():
        assert isinstance(one.asked.question, Guess)
        said: dict[str, Any] = {}
        if one.place.control not in (code, None):
            said["control"] = str(one.place.control)
        if tool.stated.default_kind(one.asked.question.value["type"]) != one.kind:
            said["kind"] = one.kind
        if one.asked.question.value["type"] == "rating" and "one_hot" in tool.stated.controls[one.kind].answer:
            said["options"] = Guess(one.given, "columns in which somebody answered")
        if one.place.part:
            said["part"] = one.place.part
        if said:
            answers[code] = said
    return {
        "tool": Guess(tool.tool, "its records have the fields that this tool writes"),
        "format": Guess(tool.format, "by its fields; others of its formats may look alike, and lose other things"),
        "item": _item(tool.stated, item),
        **({"answers": answers} if answers else {}),
    }


def _item(stated: ToolFormat, item: dict[str, Any]) -> dict[str, Any]:
    """A mapping of the item with fields by the names that the project gave them; what is the tool's own is left out."""
    said: dict[str, Any] = {}
    for name, value in item.items():
        plain = value.value if isinstance(value, Guess) else value
        if isinstance(plain, str) and name != "language_is":
            given: Any = _given(stated, plain)
        elif name == "responses":
            given = [{**one, "text": text} for one in plain if (text := _given(stated, one["text"]))]
            given = given if len(given) == len(plain) else None
        elif name == "extra":
            given = [text for one in plain if (text := _given(stated, one))]
        else:
            given = plain
        if given:
            said[name] = Guess(given, value.why) if isinstance(value, Guess) else given
    if "key" not in said and stated.named:
        said = {
            "key": Guess(next(iter(stated.named)), "the tool's own number; a field of yours would be better"),
            **said,
        }
    return said


def _given(stated: ToolFormat, field: str) -> str | None:
    """The name by which a project knows a field of the export."""
    for name, own in stated.named.items():
        if own == field or field.startswith(f"{own}."):
            return name + field.removeprefix(own)
    found = re.fullmatch(pattern_of(stated.data), field)
    is_tools = field in set(words_in(stated.file)) or (found and found["name"] in stated.reserved)
    return found["name"] if found and not is_tools else None


def apart_of(tool: Tool, sample: Sample) -> Apart:
    """The acts of a sample, as the tool's format takes records apart; its side by side lists stay whole."""
    who = tool.stated.file.get("annotator", {}).get("key")
    annotator = Guess(who, "by the tool's profile") if isinstance(who, str) else None
    if tool.stated.is_one_table:  # a control's object is one value
        acts = [{name: plain(value) for name, value in record.items()} for record in sample.records]
        return Apart(acts, annotator=annotator)
    whole = [flat(record, is_table=sample.is_table) for record in sample.records]
    steps = tool.stated.file.get("each")
    if not isinstance(steps, dict) or "list" not in steps:
        return Apart(whole, annotator=annotator)
    path = steps["list"]
    acts = [
        {**{name: value for name, value in record.items() if name != path}, **_below(path, element)}
        for record in whole
        for element in record.get(path) or ()
        if isinstance(element, dict)
    ]
    return Apart(acts, annotator=annotator, inner=(f"{path}.",))


def _below(path: str, element: dict[str, Any]) -> Act:
    return {f"{path}.{name}": value for name, value in flat(element, is_table=False).items()}


def answered_in(tool: Tool, apart: Apart, others: list[str]) -> dict[str, Answered]:
    """The questions that a tool's controls asked, by code.

    ``others`` are the fields of which nothing else is known: in a table of controls and data they may be controls.
    """
    found = (
        listed_controls(tool.stated, apart.acts)
        if tool.stated.controls_in
        else field_controls(tool.stated, apart.acts, others)
    )
    answered: dict[str, Answered] = {}
    taken: set[str] = set()
    for place, values in found.items():
        one = Field(escaped(place.name) if place.control else place.kinds[0], values)
        if not any(value != [] for value in one.given):
            continue
        allowed = [kind.value for name in place.kinds for kind in tool.stated.controls[name].questions]
        question = question_of(one, len(apart.acts), taken, allowed)
        assert isinstance(question.question, Guess)
        stated = question.question.value
        # Whether nothing was answered is the tool's own affair: its profile says how that looks.
        stated.pop("unanswered", None)
        why = question.question.why.split("; without a value")[0]
        kind = next(kind for kind in place.kinds if stated["type"] in tool.stated.controls[kind].questions)
        answered[question.code] = Answered(Asked(question.code, Guess(stated, why), None), place, kind, one.distinct)
    return answered


def numbered(answered: Mapping[str, Answered]) -> list[str]:
    """Controls that differ by a number alone, which answer about several items of one record."""
    families: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in answered.values():
        if (found := NUMBERED.fullmatch(one.place.control or "")) is not None:
            families[found["before"], found["after"]].append(found.string)
    return [one for several in families.values() if len(several) > 1 for one in several]
