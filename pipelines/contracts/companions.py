"""The part of a contract that says what stands beside an answer: who judged by kind, the order shown, what is left out.

Where the answer itself is, is said in ``answers``.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from pipelines.contracts.answers import FieldPath
from pipelines.contracts.questions import Code, Part, Problems, Word, WrongPartError
from pipelines.domain.vocabulary import AnnotatorKind

MACHINE_MARK = "\x1fmachine\x1f"
"""What is put before a machine's raw id, so that it never has the pseudonym of a person with the same id."""

UNKNOWN_MARK = "\x1funknown\x1f"
"""What is put before the id of an act by nobody that is named, so that it never is the id of somebody."""


class KindMapping(Part):
    """Who judged, people or machines: one kind throughout, or what a field says."""

    always: AnnotatorKind | None = Field(None, description="the kind of all; human or machine")
    field: FieldPath | None = Field(None, description="field that says it")
    values: dict[Word, AnnotatorKind] = Field(default_factory=dict, description="raw value → human or machine")
    otherwise: AnnotatorKind | None = Field(
        None, description="the kind by any other value of the field; left out: the record is refused"
    )

    @model_validator(mode="after")
    def _is_told_once(self) -> KindMapping:
        if (self.always is None) == (self.field is None):
            raise ValueError("needs either a kind, or field and values")
        if bool(self.values) != (self.field is not None):
            raise ValueError("field and values belong together")
        return self


def _as_kind(value: object) -> object:
    return {"always": value} if isinstance(value, str) else value


Kind = Annotated[KindMapping, BeforeValidator(_as_kind, json_schema_input_type=AnnotatorKind | KindMapping)]
"""One kind, or the field that says it."""


class OrderMapping(Part):
    """In which order responses or options were shown: one order throughout, or what a field says of each record."""

    always: list[Code] = Field(default_factory=list, description="their keys in the order shown, the same throughout")
    field: FieldPath | None = Field(None, description="field with the order: a list of keys, or a value of values")
    split: str | None = Field(None, min_length=1, description="separator of the keys, where the field is a text")
    values: dict[Word, list[Word]] = Field(
        default_factory=dict, description="raw value → keys in the order shown, such as first_a → [a, b]"
    )

    @model_validator(mode="after")
    def _is_told_once(self) -> OrderMapping:
        if bool(self.always) == (self.field is not None):
            raise ValueError("needs either a list of keys, or field")
        if self.field is None and (self.split or self.values):
            raise ValueError("split and values say how field is read")
        if self.split and self.values:
            raise ValueError("split and values exclude each other")
        return self

    def wrong_keys(self, keys: list[str]) -> Problems:
        """Orders that name what an item's responses do not have, or one of them twice or not at all."""
        orders: list[tuple[tuple[str, ...], list[str]]] = [((), self.always)] if self.always else []
        orders += [(("values", raw), order) for raw, order in self.values.items()]
        found: Problems = []
        for where, order in orders:
            if unknown := [key for key in order if key not in keys]:
                found.append(
                    (("presentation_order", *where), f"presentation_order names {unknown}; the item has {keys}")
                )
            elif len(set(order)) < len(order) or len(order) < len(keys):
                found.append((("presentation_order", *where), f"presentation_order names each of {keys} once"))
        return found


def _as_order(value: object) -> object:
    return {"always": value} if isinstance(value, list) else value


Order = Annotated[OrderMapping, BeforeValidator(_as_order, json_schema_input_type=list[Code] | OrderMapping)]
"""One order, or the field that says it."""


class Ignored(Part):
    """Fields that are not kept for one reason."""

    fields: Annotated[
        list[FieldPath],
        BeforeValidator(
            lambda value: [value] if isinstance(value, str) else value,
            json_schema_input_type=FieldPath | list[FieldPath],
        ),
    ] = Field(min_length=1, description="the fields, with all that is below them")
    why: str = Field(min_length=1, description="why they are not kept")


def _by_field(value: object) -> object:
    if not isinstance(value, list):
        return value
    found: dict[str, str] = {}
    for place, part in enumerate(value):
        try:
            group = Ignored.model_validate(part)
        except ValidationError as error:
            raise WrongPartError([((place, *detail["loc"]), detail["msg"]) for detail in error.errors()]) from None
        if twice := [field for field in group.fields if field in found]:
            raise WrongPartError([((place,), f"{twice} are ignored for two reasons")])
        found |= dict.fromkeys(group.fields, group.why)
    return found


IgnoredFields = Annotated[
    dict[FieldPath, str], BeforeValidator(_by_field, json_schema_input_type=dict[FieldPath, str] | list[Ignored])
]
"""Field to reason, or fields by reason."""
