"""Exports of tools that have a profile: recognised by their fields, and read by their controls."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from pipelines.contracts.profile import Control, ToolFormat, profiles
from pipelines.proposals.apart import Apart
from pipelines.proposals.fields import Act, Field, fields_of, flat, plain
from pipelines.proposals.guess import Guess
from pipelines.proposals.questions import Asked, question_of
from pipelines.proposals.sample import Sample

_LOOKED_AT = 50
_GROUP = re.compile(r"\\\{(control|name|part|option)\\\}")


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


def profile_of(tool: Tool, item: dict[str, Any], asked: dict[str, tuple[Asked, str, str]]) -> dict[str, Any]:
    """What stands under ``profile``. ``asked`` has by question how it was asked, its control, and that one's kind."""
    answers: dict[str, Any] = {}
    for code, (one, control, kind) in asked.items():
        question = one.question.value if isinstance(one.question, Guess) else one.question
        said: dict[str, str] = {} if control == code else {"control": control}
        if tool.stated.default_kind(question["type"]) != kind:
            said["kind"] = kind
        if said:
            answers[code] = said
    return {
        "tool": Guess(tool.tool, "its records have the fields that this tool writes"),
        **({} if tool.is_default else {"format": tool.format}),
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
    found = re.fullmatch(_pattern(stated.data), field)
    return found["name"] if found and found["name"] not in stated.reserved else None


def apart_of(tool: Tool, sample: Sample) -> Apart:
    """The acts of a sample, as the tool's format takes records apart; its side by side lists stay whole."""
    if tool.stated.is_one_table:  # a control's object is one value
        return Apart([{name: plain(value) for name, value in record.items()} for record in sample.records])
    whole = [flat(record, is_table=sample.is_table) for record in sample.records]
    steps = tool.stated.file.get("each")
    if not isinstance(steps, dict) or "list" not in steps:
        return Apart(whole)
    path = steps["list"]
    acts = [
        {**{name: value for name, value in record.items() if name != path}, **_below(path, element)}
        for record in whole
        for element in record.get(path) or ()
        if isinstance(element, dict)
    ]
    return Apart(acts, inner=(f"{path}.",))


def _below(path: str, element: dict[str, Any]) -> Act:
    return {f"{path}.{name}": value for name, value in flat(element, is_table=False).items()}


def asked_of(tool: Tool, apart: Apart, others: list[str], taken: set[str]) -> dict[str, tuple[Asked, str, str]]:
    """The questions that a tool's controls asked, by code: how, which control, and of which kind.

    ``others`` are the fields of which nothing else is known: in a table of controls and data they may be controls.
    """
    found = _listed(tool.stated, apart.acts) if tool.stated.controls_in else _fields(tool.stated, apart.acts, others)
    asked: dict[str, tuple[Asked, str, str]] = {}
    for (control, kinds), values in found.items():
        one = Field(control, values)
        if not one.given:
            continue
        allowed = [kind.value for name in kinds for kind in tool.stated.controls[name].questions]
        question = question_of(one, len(apart.acts), taken, allowed)
        assert isinstance(question.question, Guess)
        stated = question.question.value
        # Whether nothing was answered is the tool's own affair: its profile says how that looks.
        stated.pop("unanswered", None)
        why = question.question.why.split("; without a value")[0]
        kind = next(kind for kind in kinds if stated["type"] in tool.stated.controls[kind].questions)
        asked[question.code] = (Asked(question.code, Guess(stated, why), None), control, kind)
    return asked


Found = dict[tuple[str, tuple[str, ...]], dict[int, Any]]
"""Values by act, of a control and the kinds that it may be of."""


def _listed(stated: ToolFormat, acts: list[Act]) -> Found:
    """Controls that stand in a list, each with its name and kind."""
    where = stated.controls_in
    assert where is not None
    found: dict[tuple[str, tuple[str, ...]], dict[int, Any]] = defaultdict(dict)
    for number, act in enumerate(acts):
        for element in act.get(where.list) or ():
            kind = element.get(where.kind)
            if kind in stated.controls and isinstance(element.get(where.name), str):
                place = (element[where.name], tuple(_same(stated, kind)))
                is_spans = "spans" in stated.controls[kind].questions
                value = [element["value"]] if is_spans else _unwrapped(element.get("value"))
                found[place][number] = found[place].get(number, []) + value if is_spans else value
    return {
        place: values if "spans" in stated.controls[place[1][0]].questions else _settled(values)
        for place, values in found.items()
    }


def _same(stated: ToolFormat, kind: str) -> list[str]:
    """The kinds that read the same field as one does."""
    field = stated.controls[kind].answer.get("field")
    return [kind] + [name for name, one in stated.controls.items() if field and one.answer.get("field") == field]


def _fields(stated: ToolFormat, acts: list[Act], others: list[str]) -> Found:
    """Controls that are fields of an act, by the templates of the profile."""
    fields = fields_of(acts)
    kinds: dict[str, list[str]] = defaultdict(list)
    values: dict[str, dict[int, Any]] = {}
    for kind, control in stated.controls.items():
        template = _template(control)
        if template is None:
            continue
        bare = template.startswith("{control}")  # nothing about it says that it is a control
        for path, one in fields.items():
            match = re.fullmatch(_pattern(template), path)
            if match is None or (bare and not control.zip and path not in others):
                continue
            name = match.groupdict().get("control") or path
            if name in stated.reserved:
                continue
            if control.json_cells and control.json_cells not in _wrappings(one, stated):
                continue
            kinds[name].append(kind)
            held = list(one.values.values())
            each = [value for some in held for value in some or ()] if control.zip else held
            values.setdefault(name, _settled({at: _unwrapped(value) for at, value in enumerate(each)}))
    return {(name, tuple(dict.fromkeys(some))): values[name] for name, some in kinds.items()}


def _template(control: Control) -> str | None:
    answer = control.answer
    if control.zip:
        return next(iter(control.zip.values()))
    spans, ranked = answer.get("spans"), answer.get("ranked")
    return answer.get("field") or (spans and spans["list"]) or (ranked and ranked["list"])


def _pattern(template: str) -> str:
    """A template as a pattern of the paths that it stands for; steps into lists and values are not told by a path."""
    plain = re.sub(r"\[\]\.?[a-z_.{}]*$|\[\?[a-z]+\]$|\[\]", "", template)
    seen: set[str] = set()

    def group(match: re.Match[str]) -> str:
        name = match[1]
        if name in seen:
            return f"(?P={name})"
        seen.add(name)
        return f"(?P<{name}>.+)"

    return _GROUP.sub(group, re.escape(plain))


def _wrappings(one: Field, stated: ToolFormat) -> set[str]:
    """The keys under which a table's values stand; bare ones are chosen options, or texts."""
    opened = [_opened(value) for value in one.given]
    known = {control.json_cells for control in stated.controls.values() if control.json_cells}
    keys = {key for value in opened if isinstance(value, dict) for key in value} & known
    return keys if keys - {"text"} else {"choices", "text", *keys}


def _opened(value: Any) -> Any:
    """A cell's JSON as values, and a list of one object as that object."""
    if isinstance(value, str) and value[:2] in ("[{", '{"'):
        try:
            value = json.loads(value)
        except ValueError:
            return value
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
        return value[0]
    return value


def _unwrapped(value: Any) -> Any:
    """What a tool's value says: out of objects of one entry, and of cells that are JSON."""
    value = _opened(value)
    return next(iter(value.values())) if isinstance(value, dict) and len(value) == 1 else value


def _settled(values: dict[int, Any]) -> dict[int, Any]:
    """Lists of one are single values, unless there are others: then a single value is a list of one."""
    lists = [value for value in values.values() if isinstance(value, list)]
    if not lists:
        return values
    if all(len(value) == 1 for value in lists):
        return {at: value[0] if isinstance(value, list) else value for at, value in values.items()}
    return {at: value if isinstance(value, list) or value is None else [value] for at, value in values.items()}
