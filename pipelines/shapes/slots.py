"""Which fields a file mapping needs: each becomes one numbered slot, so that no field name ever reaches SQL."""

from __future__ import annotations

from itertools import takewhile

from pipelines.contracts.answers import RankedFields, SpanFields
from pipelines.contracts.each import EachElement, EachEntry
from pipelines.contracts.files import FileMapping
from pipelines.contracts.model import SourceContract
from pipelines.contracts.paths import parse_path
from pipelines.domain.vocabulary import Attribution
from pipelines.shapes.paths import named_steps, names
from pipelines.shapes.residue import Covered, covered_by


class Slots:
    """Numbers the fields of one mapping in order of first use.

    ``listed`` gives, by slot number, how the elements of a list that is one answer are to be read. ``asked`` are the
    columns that anybody asked for: nobody else's are filled.
    """

    def __init__(self, mapping: FileMapping) -> None:
        of_elements = {field for answer in mapping.answers.values() for field in answer.element_fields()}
        read = {field for answer in mapping.answers.values() for field in answer.fields()}
        named = (field for where, field in mapping.placed_fields() if where[0] not in ("each", "ignored"))
        self.fields: list[str] = list(
            dict.fromkeys(field for field in named if field not in of_elements or field in read)
        )
        self._numbers = {field: number for number, field in enumerate(self.fields)}
        self.asked: set[str] = set()
        self._is_text = mapping.is_table
        self.listed: dict[int, SpanFields | RankedFields] = {}
        self._list_numbers: dict[str, int] = {}
        for code, answer in mapping.answers.items():
            if answer.listed is not None:
                self._list_numbers[code] = len(self.fields)
                self.listed[len(self.fields)] = answer.listed
                self.fields.append(answer.listed.list)

    def text(self, field: str) -> str:
        """Column that holds the field's text; null where it is absent, null or no scalar."""
        return self._column("t", self._numbers[field])

    def content(self, field: str) -> str:
        """Column that holds what the field says, as text; a value that is no text as JSON, so that it is not lost."""
        return self._column("t" if self._is_text else "c", self._numbers[field])

    def raw(self, field: str) -> str:
        """Column that holds the field's own value: a CSV cell, or JSON text; null where it is absent."""
        return self._column("t" if self._is_text else "r", self._numbers[field])

    def list_columns(self, question: str) -> tuple[str, str]:
        """Columns that hold a question's spans or ranks: as they are read (null where they cannot be), and raw."""
        number = self._list_numbers[question]
        return self._column("t", number), self._column("r", number)

    def _column(self, kind: str, number: int) -> str:
        name = f"{kind}{number}"
        self.asked.add(name)
        return name


def covered_fields(mapping: FileMapping) -> list[str]:
    """Every field that the mapping accounts for: mapped, split up, an aggregate, or ignored with a reason."""
    taken_apart = {step.list for step in mapping.each if isinstance(step, EachElement)}
    taken_apart |= {step.entries for step in mapping.each if isinstance(step, EachEntry)}
    lists = {answer.listed.list for answer in mapping.answers.values() if answer.listed is not None}
    return [field for field in mapping.fields() if not field.startswith("$") and field not in taken_apart | lists]


def covered_paths(mapping: FileMapping) -> list[Covered]:
    """``covered_fields`` as paths of keys. A CSV column name is one key, whatever signs it holds."""
    if mapping.is_table:
        return [(field,) for field in covered_fields(mapping)]
    return [path for field in covered_fields(mapping) for path in covered_by(named_steps(parse_path(field)))]


def optional_columns(mapping: FileMapping) -> frozenset[str]:
    """Columns of a CSV file that may be missing from it."""
    one_hots = (answer.one_hot for answer in mapping.answers.values())
    return frozenset(
        name for one_hot in one_hots if one_hot and one_hot.may_be_absent for name in one_hot.columns.values()
    )


def required_paths(contract: SourceContract, mapping: FileMapping) -> dict[str, tuple[str, ...]]:
    """What a JSON file must hold somewhere, by field: its path as far as it is the same in every record.

    A field that is nowhere in a file is a name that changed. That holds for what makes a judgment and its item;
    what only describes them (a rationale, a time, an attribute) may be absent, and so may an answer whose question
    declares null as unanswered. Where a selector or another field leads, absence says nothing.
    """
    if mapping.is_table:
        return {}
    fields: list[str | None] = []
    if item := mapping.item:
        fields += [*item.key, item.text, item.prompt, *(response.text for response in item.responses)]
    if mapping.annotator and contract.attribution != Attribution.NONE:
        fields += mapping.annotator.key
    if mapping.judgment:
        fields += mapping.judgment.key
    if mapping.status and mapping.status.absent is None:
        fields.append(mapping.status.field)
    for code, answer in mapping.answers.items():
        if None not in contract.questions[code].unanswered:
            beside = answer.not_applicable.field if answer.not_applicable else None
            one_hot = answer.one_hot
            absent = {beside} if one_hot is None or not one_hot.may_be_absent else {beside, *one_hot.columns.values()}
            fields += [field for field in answer.fields() if field not in absent]
            fields.append(answer.listed.list if answer.listed else None)
    found: dict[str, tuple[str, ...]] = {}
    for field in fields:
        if field is not None and not field.startswith("$"):
            steps = named_steps(parse_path(field))
            found[field] = tuple(takewhile(lambda step: isinstance(step, str), steps))  # type: ignore[arg-type]
    return found


def act_path(mapping: FileMapping) -> tuple[str, ...] | None:
    """Path of the part of a record that is one act, where the last step takes such a part."""
    last = mapping.each[-1] if mapping.each else None
    if isinstance(last, EachElement):
        return names(parse_path(last.list))
    if isinstance(last, EachEntry):
        return names(parse_path(last.entries))
    return None
