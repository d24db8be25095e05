"""Where people answered in an export of a tool: the controls of its profile, found in the acts of a sample."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pipelines.contracts.profile import Control, ToolFormat
from pipelines.domain.vocabulary import AnswerType
from pipelines.proposals import names
from pipelines.proposals.fields import Act, Field, fields_of

_GROUP = re.compile(r"\\\{(control|name|part|option)\\\}")


@dataclass(frozen=True)
class Place:
    """Where a question was answered: the control, if one is named, the part of it, and the kinds that it may be of."""

    control: str | None
    kinds: tuple[str, ...]
    part: str | None = None

    @property
    def name(self) -> str:
        """A name for a question that it asks."""
        return "_".join(filter(None, (self.control, self.part)))


Found = dict[Place, dict[int, Any]]
"""Values by act, of a control."""


def listed_controls(stated: ToolFormat, acts: list[Act]) -> Found:
    """Controls that stand in a list, each with its name and kind."""
    where = stated.controls_in
    assert where is not None
    found: Found = defaultdict(dict)
    for number, act in enumerate(acts):
        for element in act.get(where.list) or ():
            kind = element.get(where.kind)
            if kind in stated.controls and isinstance(element.get(where.name), str):
                held = found[Place(element[where.name], tuple(_same(stated, kind)))]
                if _marks(stated, kind):
                    held.setdefault(number, []).append(element["value"])
                else:
                    held[number] = _unwrapped(element.get("value"))
    return {place: values if _marks(stated, place.kinds[0]) else _settled(values) for place, values in found.items()}


def _marks(stated: ToolFormat, kind: str) -> bool:
    return AnswerType.SPANS in stated.controls[kind].questions


def _same(stated: ToolFormat, kind: str) -> list[str]:
    """The kinds that read the same field as one does."""
    field = stated.controls[kind].answer.get("field")
    return [kind] + [name for name, one in stated.controls.items() if field and one.answer.get("field") == field]


def field_controls(stated: ToolFormat, acts: list[Act], others: list[str]) -> Found:
    """Controls that are fields of an act, by the templates of the profile."""
    fields = fields_of(acts)
    kinds: dict[tuple[str | None, str | None, str], list[str]] = defaultdict(list)
    values: dict[tuple[str | None, str | None, str], dict[int, Any]] = {}
    own = set(words_in(stated.file)) | {*stated.recognised_by, *stated.named.values()}
    placed: set[str] = set()
    # A part is what no whole control accounts for.
    for kind, control in sorted(stated.controls.items(), key=lambda one: "{part}" in (template_of(one[1]) or "")):
        if one_hot := control.answer.get("one_hot"):
            for name, (paths, held) in _one_hot(one_hot["prefix"], fields).items():
                kinds[name, None, ""].append(kind)
                values.setdefault((name, None, ""), held)
                placed |= paths
            continue
        template = template_of(control)
        if template is None:
            continue
        bare = not re.sub(r"\{\w+\}|\[.*?\]|[.\\$]", "", template)  # nothing of it says that it is a control
        for path, one in fields.items():
            match = re.fullmatch(pattern_of(template), path)
            if match is None or (bare and not control.zip and (path not in others or _is_own(one, own))):
                continue
            found = match.groupdict()
            is_reserved = "control" in found and found["control"] in stated.reserved
            is_told = "part" in found and path in placed
            if is_reserved or is_told or (control.json_cells and control.json_cells not in _wrappings(one, stated)):
                continue
            placed.add(path)
            where = (found.get("control"), found.get("part"), "" if "control" in found else path)
            kinds[where].append(kind)
            given = list(one.values.values())
            each = [value for some in given for value in some or ()] if control.zip else given
            values.setdefault(where, _settled({at: _unwrapped(value) for at, value in enumerate(each)}))
    return {Place(where[0], tuple(dict.fromkeys(some)), where[1]): values[where] for where, some in kinds.items()}


def _is_own(one: Field, own: set[str]) -> bool:
    """Whether a field is the tool's, or somebody's name, rather than an answer."""
    steps = one.path.split(".")
    is_known = steps[0].startswith("_") or any(".".join(steps[:depth]) in own for depth in range(1, len(steps) + 1))
    return is_known or names.is_raw_id(one) or names.is_bookkeeping(one) or names.is_demographic(one)


def _one_hot(prefix: str, fields: dict[str, Field]) -> dict[str, tuple[set[str], dict[int, Any]]]:
    """By control, its columns, and what was chosen in each act, where each option has a column that holds it."""
    columns: dict[str, set[str]] = defaultdict(set)
    found: dict[str, dict[int, list[str]]] = defaultdict(dict)
    for path, one in fields.items():
        match = re.fullmatch(pattern_of(prefix) + "(?P<option>.+)", path)
        if match and one.distinct and set(one.distinct) <= {match["option"], "true", "false"}:
            columns[match["control"]].add(path)
            for number, value in one.values.items():
                chosen = found[match["control"]].setdefault(number, [])
                chosen += [match["option"]] if value in (match["option"], "true", True) else []
    return {
        control: (columns[control], _settled({at: held for at, held in acts.items() if held}))
        for control, acts in found.items()
    }


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


def words_in(value: Any) -> Iterator[str]:
    """Every text in a mapping, names included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, held in value.items():
            yield str(name)
            yield from words_in(held)
    elif isinstance(value, list):
        for one in value:
            yield from words_in(one)


def template_of(control: Control) -> str | None:
    """Where a control's answer is, as its profile writes it."""
    answer = control.answer
    if control.zip:
        return next(iter(control.zip.values()))
    spans, ranked = answer.get("spans"), answer.get("ranked")
    return answer.get("field") or (spans and spans["list"]) or (ranked and ranked["list"])


def pattern_of(template: str) -> str:
    """A template as a pattern of the paths that it stands for; steps into lists and values are not told by a path."""
    plain = re.sub(r"\[\]\.?[a-z_.{}]*$|\[\?[a-z]+\]$|\[\]", "", template)
    seen: set[str] = set()

    def group(match: re.Match[str]) -> str:
        name = match[1]
        if name in seen:
            return f"(?P={name})"
        seen.add(name)
        return f"(?P<{name}>[^.]+)" if name == "control" and "." in plain else f"(?P<{name}>.+)"

    return _GROUP.sub(group, re.escape(plain))
