"""A tool's profile and what a project adds, spelled out as the contract that they stand for.

What comes of it is an ordinary contract, in which every field is named; nothing behind knows that there was a profile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines.contracts.faults import Place
from pipelines.contracts.paths import escaped
from pipelines.contracts.profile import BesideControl, Control, ToolAnswer, ToolProfile
from pipelines.contracts.questions import Problems, refuse
from pipelines.domain.vocabulary import AnswerType

_MADE = ("$file", "$member", "$key")
_BESIDE = ("pattern", "dialect", "presentation_order", "upstream_aggregates", "ignored")
_TAKEN_OVER = ("each", "item", "annotator", *_BESIDE)


@dataclass
class Spelled:
    """A contract's attributes in full; ``origins`` says of places in them where they came from, longest first."""

    attributes: dict[str, Any]
    origins: list[tuple[Place, Place]] = field(default_factory=list)

    def origin(self, place: Place) -> Place:
        """Where in the contract as it was written something stands."""
        for made, given in self.origins:
            if place[: len(made)] == made:
                return (*given, *place[len(made) :])
        return place


def spelled_out(attributes: Mapping[str, Any], use: ToolProfile) -> Spelled:
    """The contract that a profile and a project's questions stand for.

    Raises:
        WrongPartError: the two do not fit; by place in the attributes.
    """
    return _Speller(attributes, use).spelled()


class _Speller:
    def __init__(self, attributes: Mapping[str, Any], use: ToolProfile) -> None:
        self._attributes, self._use, self._format = attributes, use, use.tool_format
        given = attributes.get("questions")
        self._questions: dict[str, Any] = {
            code: question
            for code, question in (given.items() if isinstance(given, dict) else ())
            if isinstance(question, dict) and question.get("type") in list(AnswerType)
        }
        self._made = {*_MADE, *(use.each.made() if use.each else ())}
        self._problems: Problems = []
        self._controls = {code: self._control_of(code) for code in self._questions}
        self._besides = {code: list(self._besides_of(code)) for code in self._questions}
        refuse(self._problems)
        is_csv = self._format.file.get("dialect", {}).get("format") == "csv"
        self._cells = dict(self._json_cells()) if is_csv else {}
        self._is_table = is_csv and not self._cells

    def spelled(self) -> Spelled:
        use, given = self._use, self._attributes
        unknown = [code for code in use.answers if code not in self._questions]
        self._problems += [
            (("profile", "answers", code), f"answers name {code}, which questions does not declare")
            for code in unknown
            if code not in (given.get("questions") or {})
        ]
        self._problems += list(self._clashes())
        refuse(self._problems)
        made = {name: value for name, value in given.items() if name != "files"}
        made["profile"] = use
        made.setdefault("platform", use.profile.platform)
        made.setdefault("attribution", self._format.attribution.value)
        losses = given.get("known_losses", [])
        if isinstance(losses, list):
            made["known_losses"] = list(dict.fromkeys([*losses, *self._format.losses]))
        if self._questions:
            made["questions"] = {**given["questions"], **{code: self._question(code) for code in self._questions}}
        others = given.get("files", [])
        is_list = isinstance(others, list)
        made["files"] = [self._mapping(), *others] if is_list else others
        origins: list[tuple[Place, Place]] = [
            (("files", 0, "answers", code), self._where(code)) for code in self._questions
        ]
        origins += [(("files", 0, name), ("profile", name)) for name in _TAKEN_OVER]
        origins += [(("files", 0), ("profile",))]
        origins += [(("files", number + 1), ("files", number)) for number in range(len(others) if is_list else 0)]
        return Spelled(made, origins)

    def _question(self, code: str) -> dict[str, Any]:
        """The question, with what every question's field holds where it was not answered."""
        question: dict[str, Any] = self._questions[code]
        said = question.get("unanswered", [])
        meant = [*(question.get("options") or ()), *(question.get("abstain") or ()), *(question.get("answers") or ())]
        found = self._controls[code]
        silent = [*self._format.unanswered, *(found[2].unanswered if found else ())]
        if not isinstance(said, list) or not silent:
            return question
        more = [value for value in dict.fromkeys(silent) if value not in said and value not in meant]
        return {**question, "unanswered": [*said, *more]}

    def _where(self, code: str) -> Place:
        """Where the contract says which control a question was answered with."""
        return ("profile", "answers", code) if code in self._use.answers else ("questions", code)

    def _given(self, code: str) -> ToolAnswer:
        return self._use.answers.get(code) or ToolAnswer(control=None, kind=None)

    def _control_of(self, code: str) -> tuple[str, str, Control] | None:
        """The control of a question: its name, its kind, and what the profile says of it."""
        answer, kind = self._given(code), AnswerType(self._questions[code]["type"])
        fitting = [name for name, control in self._format.controls.items() if kind in control.questions]
        chosen = answer.kind or self._format.default_kind(kind)
        if chosen not in fitting:
            told = ", ".join(fitting) or "none"
            message = f"{self._use.tool} ({self._format.title}) cannot answer a {kind} question"
            message += f" with {chosen}; it can with: {told}" if answer.kind else ""
            self._problems.append((self._where(code), message))
            return None
        assert chosen is not None
        control = self._format.controls[chosen]
        if ("{part}" in str(control.answer)) != (answer.part is not None):
            told = "is asked of several things; part says of which" if answer.part is None else "has no parts"
            self._problems.append((self._where(code), f"a control of kind {chosen} {told}"))
            return None
        return answer.control or code, chosen, control

    def _besides_of(self, code: str) -> Iterator[tuple[str, str, Control]]:
        """What is said beside an answer: what it is, the control's name, and what the profile says of it."""
        title = f"{self._use.tool} ({self._format.title})"
        for what in ("rationale", "confidence", "strength"):
            beside: BesideControl | None = getattr(self._given(code), what)
            if beside is None:
                continue
            types = (AnswerType.TEXT,) if what == "rationale" else (AnswerType.RATING, AnswerType.CHOICE)
            kind = beside.kind or next(filter(None, map(self._format.default_kind, types)), None)
            control = self._format.controls.get(kind or "")
            where: Place = ("profile", "answers", code, what)
            if control is None or not (control.text or isinstance(control.answer.get("field"), str)):
                can = [name for name, one in self._format.controls.items() if one.text or "field" in one.answer]
                self._problems.append((where, f"{title} cannot tell it by {kind}; it can by: {', '.join(can)}"))
            elif control.zip:
                message = "holds the answers to each question apart; make it a question of its own"
                self._problems.append((where, f"{title} {message}"))
            else:
                yield what, beside.control, control

    def _used(self) -> Iterator[tuple[str, str, Control]]:
        """Every control that is read: the question, its name, and what the profile says of it."""
        for code, found in self._controls.items():
            if found is not None:
                yield code, found[0], found[2]
                yield from ((code, name, control) for _, name, control in self._besides[code])

    def _json_cells(self) -> Iterator[tuple[str, str]]:
        for _, name, control in self._used():
            if control.json_cells is not None:
                yield name, control.json_cells

    def _clashes(self) -> Iterator[tuple[Place, str]]:
        """Names that the format has no room for, each with the reason."""
        form = self._format
        names: dict[str, Place] = {}
        title = f"{self._use.profile.title}'s {form.title}"
        for where, name in self._named():
            names.setdefault(name, where)
            if name in form.reserved:
                yield where, f"{title} cannot carry a field {name!r}: {form.reserved[name]}"
            if name.startswith("$") and name.split(".")[0] not in {*form.named, *self._made}:
                yield where, f"{title} has no {name}; it has: {', '.join(form.named) or 'none'}"
        for code, name, _ in self._used():
            where = self._where(code)
            if name in form.reserved:
                yield where, f"{title} cannot carry a control {name!r}: {form.reserved[name]}"
            if form.is_one_table and name in names:
                message = "is a control and a field, and both would be one column, of which one overwrites the other"
                yield where, f"{name!r} {message}; export another format, or rename one in the tool"
            if "]" in name or "\\" in name:
                yield where, f"{name!r} holds a sign that no path can name"

    def _named(self) -> Iterator[tuple[Place, str]]:
        """Every field that the project names, with its place."""
        use = self._use
        item = use.item
        yield from ((("profile", "item", "key", number), name) for number, name in enumerate(item.key))
        for part in ("text", "prompt", "language", "context", "author"):
            if (name := getattr(item, part)) is not None:
                yield ("profile", "item", part), name
        yield from ((("profile", "item", "extra", number), name) for number, name in enumerate(item.extra))
        for number, response in enumerate(item.responses):
            yield ("profile", "item", "responses", number, "text"), response.text
            if response.model is not None:
                yield ("profile", "item", "responses", number, "model"), response.model
        if use.presentation_order and use.presentation_order.field:
            yield ("profile", "presentation_order", "field"), use.presentation_order.field
        for part in ("upstream_aggregates", "ignored"):
            yield from ((("profile", part), name) for name in getattr(use, part))

    def _path(self, name: str) -> str:
        """Where a field is that the project names."""
        head, dot, rest = name.partition(".")
        if name in self._made:
            return name
        if name.startswith("$"):
            return self._format.named[head] + dot + rest
        return self._format.data.replace("{name}", name if self._is_table else escaped(name))

    def _mapping(self) -> dict[str, Any]:
        use, made = self._use, dict(self._format.file)
        packed = use.dialect.model_dump(exclude_none=True) if use.dialect else {}
        if packed.get("within") in ("zip", "tar"):
            made |= self._format.archived
        made["dialect"] = {**made.get("dialect", {}), **packed}
        if self._cells:
            made["dialect"]["json_cells"] = self._cells
        if use.pattern is not None:
            made["pattern"] = use.pattern
        made["item"] = self._item()
        if use.each is not None:
            made["each"] = [{**use.each.model_dump(exclude_none=True)}, *made.get("each", [])]
            if "judgment" in made:  # the tool numbers what was done at once
                key = made["judgment"]["key"]
                made["judgment"] = {**made["judgment"], "key": [*([key] if isinstance(key, str) else key), "$index"]}
        if use.annotator is not None:
            made["annotator"] = {**made.get("annotator", {}), **self._annotator()}
        if use.presentation_order is not None:
            order = use.presentation_order.model_dump(exclude_unset=True)
            made["presentation_order"] = order | ({"field": self._path(order["field"])} if order.get("field") else {})
        if use.upstream_aggregates:
            made["upstream_aggregates"] = [self._path(name) for name in use.upstream_aggregates]
        made["ignored"] = {
            **_by_field(made.get("ignored", {})),
            **{path: why for code, name, one in self._used() for path, why in self._ignored(one, name, code)},
            **{self._path(name): why for name, why in use.ignored.items()},
        }
        groups = [self._filled(control.zip, name, code) for code, name, control in self._used() if control.zip]
        if groups:
            made["each"] = [*made.get("each", []), {"zips": groups}]
        made["answers"] = {code: self._answer(code, *found) for code, found in self._controls.items() if found}
        return made

    def _item(self) -> dict[str, Any]:
        item = self._use.item.model_dump(exclude_unset=True)
        for part in ("text", "prompt", "language", "context", "author"):
            if item.get(part) is not None:
                item[part] = self._path(item[part])
        for part in ("key", "extra"):
            if part in item:
                item[part] = [self._path(name) for name in item[part]]
        for response in item.get("responses", []):
            response |= {part: self._path(response[part]) for part in ("text", "model") if response.get(part)}
        return item

    def _annotator(self) -> dict[str, Any]:
        assert self._use.annotator is not None
        annotator: dict[str, Any] = self._use.annotator.model_dump(exclude_unset=True, exclude_none=True)
        if "pool" in annotator:
            annotator["pool"] = self._path(annotator["pool"])
        if annotator.get("kind", {}).get("field"):
            annotator["kind"]["field"] = self._path(annotator["kind"]["field"])
        for attribute in annotator.get("attributes", {}).values():
            attribute["field"] = self._path(attribute["field"])
        return annotator

    def _answer(self, code: str, name: str, kind: str, control: Control) -> dict[str, Any]:
        answer: dict[str, Any] = self._filled(control.answer, name, code)
        given = self._given(code)
        if "when" in control.answer:
            named = {"{control}": name, "{part}": given.part}
            answer["when"] = {field: named.get(said, said) for field, said in control.answer["when"].items()}
        if name in self._made:
            answer["field"] = name
        if given.options:
            answer["one_hot"] = {**answer.get("one_hot", {}), "options": given.options}
        for part, listed in list(answer.items()):
            names = getattr(given, part, None)
            if isinstance(listed, str) and "{name}" in listed:
                answer[part] = [listed.replace("{name}", escaped(one)) for one in names or ()]
        for part in ("split", "levels"):
            if getattr(given, part) is not None:
                answer[part] = getattr(given, part)
        for what, beside, companion in self._besides[code]:
            answer[what] = self._filled(companion.text or companion.answer.get("field", ""), beside, code)
        return answer

    def _ignored(self, control: Control, name: str, code: str) -> Iterator[tuple[str, str]]:
        """What a control leaves in the export that is no answer: field and why it is not kept."""
        for path, why in control.ignored.items():
            yield self._filled(path, name, code), why

    def _filled(self, template: Any, name: str, code: str) -> Any:
        """A template with the control's name and the question's code in it."""
        if isinstance(template, dict):
            return {key.replace("{question}", code): self._filled(held, name, code) for key, held in template.items()}
        if isinstance(template, list):
            return [self._filled(held, name, code) for held in template]
        if not isinstance(template, str):
            return template
        # Behind a selector's '=' a name stands as it is; as a step of a path its dots and brackets are escaped.
        for blank, held in (("{control}", name), ("{part}", self._given(code).part or "")):
            selected = template.replace(f"={blank}", f"={held}")
            template = selected.replace(blank, held if self._is_table else escaped(held))
        return template.replace("{question}", code)


def _by_field(ignored: Any) -> dict[str, str]:
    """Ignored fields of a profile by field, as a contract may also give them by reason."""
    if isinstance(ignored, dict):
        return dict(ignored)
    return {
        name: group["why"]
        for group in ignored
        for name in ([group["fields"]] if isinstance(group["fields"], str) else group["fields"])
    }
