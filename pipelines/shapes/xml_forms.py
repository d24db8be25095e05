"""What a contract reads in an XML record: which elements are lists, which hold more than text.

XML itself does not tell one element from a list of one, nor a text from an object; the contract's paths do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from pipelines.contracts.each import EachColumn, EachElement, EachEntry, EachParallel
from pipelines.contracts.files import FileMapping
from pipelines.contracts.model import SourceContract
from pipelines.contracts.paths import Looked, Select, parse_path
from pipelines.domain.vocabulary import AnswerType
from pipelines.readers.xml_reader import Form


@dataclass(frozen=True)
class XmlForms:
    """The form of a record, and by field those of the lists that a file must hold somewhere."""

    root: Form = field(default_factory=lambda: Form(is_object=True))
    lists: dict[str, Form] = field(default_factory=dict)

    def unseen(self) -> list[str]:
        """Lists of which no element was seen: an absent one is empty, so only the whole file tells a wrong name."""
        return [name for name, form in self.lists.items() if not form.is_seen]


def xml_forms(contract: SourceContract, mapping: FileMapping, required: Collection[str]) -> XmlForms:
    """The forms of a file mapping's records; ``required`` are the fields that must be in the file somewhere."""
    if mapping.dialect.format != "xml":
        return XmlForms()
    forms = XmlForms()
    made: dict[str, list[Form]] = {}
    for step in mapping.each:
        if isinstance(step, EachElement):
            forms.lists[step.list] = _at(forms.root, made, step.list, is_list=True, is_object=True)
            if step.by is not None:
                _at(forms.root, made, f"{step.list}.{step.by}")
        elif isinstance(step, EachEntry):
            _at(forms.root, made, step.entries, is_object=True)
        elif isinstance(step, EachColumn):
            made["$value"] = [_at(forms.root, made, name) for name in step.columns]
        elif isinstance(step, EachParallel):
            _parallel(forms, made, step)
    for name in mapping.fields():
        _at(forms.root, made, name)
    for code, answer in mapping.answers.items():
        is_set = contract.questions[code].type == AnswerType.MULTI_CHOICE and answer.split is None
        listed = answer.field if is_set else answer.spans.list if answer.spans else None
        if listed is not None:
            form = _at(forms.root, made, listed, is_list=True, is_object=answer.spans is not None)
            if listed in required:
                forms.lists[listed] = form
        if answer.spans is not None:
            for offset in (answer.spans.start, answer.spans.end):
                if offset is not None:
                    _at(forms.root, made, f"{answer.spans.list}.{offset}").is_number = True
    for name in _texts(mapping):
        _at(forms.root, made, name).is_text = True
    return forms


def _parallel(forms: XmlForms, made: dict[str, list[Form]], step: EachParallel) -> None:
    for name, given in step.zip.items():
        if isinstance(given, list):
            made[f"${name}"] = [_at(forms.root, made, one) for one in given]
        else:
            form = _at(forms.root, made, given, is_list=step.split is None)
            made[f"${name}"] = [form]
            if step.split is None:
                forms.lists[given] = form


def _at(root: Form, made: dict[str, list[Form]], name: str, *, is_list: bool = False, is_object: bool = False) -> Form:
    """The form at a field's path, made if need be; of a field that a step made, the form of what it was made from."""
    steps = parse_path(name)
    found = [root]
    for position, step in enumerate(steps):
        if isinstance(step, Looked):
            _mark(found, is_object=True)
            return Form()
        if position == 0 and step in made and isinstance(step, str):
            found = made[step]
            continue
        if position == 0 and isinstance(step, str) and step.startswith("$"):
            return Form()
        if isinstance(step, Select):
            _mark(found, is_list=True)
        _mark(found, is_object=True)
        key = step.key if isinstance(step, Select) else str(step)
        below = [one.below.setdefault(key, Form()) for one in found]
        found = found if isinstance(step, Select) else below
    _mark(found, is_list=is_list, is_object=is_object)
    return found[0]


def _mark(found: Iterable[Form], *, is_list: bool = False, is_object: bool = False) -> None:
    for form in found:
        form.is_list = form.is_list or is_list
        form.is_object = form.is_object or is_object


def _texts(mapping: FileMapping) -> list[str]:
    """Fields of which the text alone is kept, and nothing else says that there was more."""
    found: list[str | None] = []
    if item := mapping.item:
        found += [item.text, item.prompt, item.language, item.context]
        found += [name for response in item.responses for name in (response.text, response.model)]
    if annotator := mapping.annotator:
        found += [annotator.pool, *(part.field for part in annotator.attributes.values())]
    for answer in mapping.answers.values():
        found += [answer.rationale, answer.confidence]
    return [name for name in found if name is not None]
