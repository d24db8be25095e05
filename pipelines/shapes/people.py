"""The SQL of who judged, and whether anybody did: raw ids, unknown annotators, what became of the act.

Who wrote what is judged, and whether a person or a machine did, is in ``companions``.
"""

from __future__ import annotations

from pipelines.contracts.companions import MACHINE_MARK, UNKNOWN_MARK
from pipelines.contracts.files import FileMapping
from pipelines.contracts.mappings import AnnotatorMapping, StatusMapping
from pipelines.contracts.model import SourceContract
from pipelines.domain.vocabulary import AnnotatorKind, Attribution, Reason
from pipelines.shapes.companions import bare_id, kind_sql
from pipelines.shapes.fields import is_blank
from pipelines.shapes.slots import Slots
from pipelines.shapes.sql import is_one_of, joined_key, literal, mapped

Problem = tuple[str, Reason, str]
"""A test in SQL, the reason to refuse an act where it holds, and the field that is told."""


def raw_annotator_sql(contract: SourceContract, mapping: FileMapping, slots: Slots, item: str) -> str:
    """The raw id by which an annotator is known; null where nobody is to be. ``item`` is the item's id in SQL."""
    annotator = mapping.annotator
    if annotator is None or contract.attribution == Attribution.NONE:
        return "null::varchar"
    parts = _parts(annotator, slots)
    key = joined_key([item, *parts] if contract.attribution == Attribution.ITEM_SCOPED else parts)
    if unknown := annotator.unknown:
        own = joined_key([literal(contract.source), item, *(slots.text(name) for name in unknown.by)])
        key = f"case when {_is_unknown(annotator, mapping, slots)} then {literal(UNKNOWN_MARK)} || {own} else {key} end"
    if (nobody := judges_nobody_sql(mapping, slots)) != "false":
        key = f"case when not {nobody} then {key} end"
    if annotator.kind.always == AnnotatorKind.HUMAN:
        return key
    mark = f"case {kind_sql(annotator.kind, slots)} when 'machine' then {literal(MACHINE_MARK)} else '' end"
    return f"{mark} || {key}"


def annotator_problems(mapping: FileMapping, slots: Slots) -> list[Problem]:
    """Why an act may not say who judged, though the contract says that it would."""
    annotator = mapping.annotator
    if annotator is None:
        return []
    nobody, is_unknown = judges_nobody_sql(mapping, slots), _is_unknown(annotator, mapping, slots)
    named = f"not ({nobody} or {is_unknown})"
    names, found = annotator.key, list[Problem]()
    if annotator.strip_prefix or annotator.strip_suffix:
        given = slots.text(names[0])
        lacks = f"{named} and not {is_blank(given)} and {bare_id(given, annotator)} is null"
        found.append((lacks, Reason.RECORD_SHAPE, names[0]))
    for name, part in zip(names, _parts(annotator, slots), strict=True):
        found.append((f"{named} and {is_blank(part)}", Reason.ANNOTATOR_MISSING, name))
    for name in annotator.unknown.by if annotator.unknown else []:
        lacks = f"{is_unknown} and not {nobody} and {is_blank(slots.text(name))}"
        found.append((lacks, Reason.ANNOTATOR_MISSING, name))
    return found


def judges_nobody_sql(mapping: FileMapping, slots: Slots) -> str:
    """Whether the record holds no act, since it lacks the act's own id."""
    judgment = mapping.judgment
    if judgment is None or not judgment.may_be_absent:
        return "false"
    return "(" + " and ".join(is_blank(slots.text(name)) for name in judgment.key) + ")"


def status_sql(status: StatusMapping, slots: Slots, *, is_text: bool) -> str:
    """What became of the act; null where it is none of the declared values."""
    text, values = slots.text(status.field), dict(status.values)
    if status.absent is None:
        return mapped(text, values)
    absent = f"{text} = ''" if is_text else f"{slots.raw(status.field)} is null"
    return f"case when {absent} then {literal(status.absent)} else {mapped(text, values)} end"


def _is_unknown(annotator: AnnotatorMapping, mapping: FileMapping, slots: Slots) -> str:
    """Whether the annotator's field holds what stands for nobody that is named."""
    if annotator.unknown is None:
        return "false"
    name, values = annotator.key[0], annotator.unknown.values
    found = is_one_of(slots.text(name), [value for value in values if value is not None])
    if None not in values or mapping.is_table:
        return found
    return f"({found} or coalesce({slots.raw(name)} = 'null', false))"


def _parts(annotator: AnnotatorMapping, slots: Slots) -> list[str]:
    first, *others = [slots.text(name) for name in annotator.key]
    return [bare_id(first, annotator), *others]
