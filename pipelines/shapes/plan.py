"""The SQL that turns a chunk of acts into landed rows: one statement a table, compiled from the contract.

The chunk is a relation ``chunk`` (record_ordinal, record_part, t0…, r0…, extra, item_extra) and the pseudonyms
a relation ``who`` (raw_annotator, annotator_id); both are bound by whoever runs the plan.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.contracts.answers import AnswerMapping
from pipelines.contracts.companions import MACHINE_MARK
from pipelines.contracts.files import AnnotatorMapping, FileMapping, ItemMapping, TimeMapping
from pipelines.contracts.model import SourceContract
from pipelines.domain.tables import ITEMS, JUDGMENTS, TYPED_ANSWERS
from pipelines.domain.types import duckdb_type
from pipelines.domain.vocabulary import (
    ABSTAINING_STATUSES,
    AnnotatorKind,
    AttributeStatus,
    Attribution,
    Reason,
    Status,
)
from pipelines.shapes.answers import answer_sql
from pipelines.shapes.companions import author_sql, kind_sql, order_sql
from pipelines.shapes.slots import Slots
from pipelines.shapes.sql import is_one_of, joined_key, literal, mapped


@dataclass(frozen=True)
class Plan:
    """The statements for one file mapping; None where the mapping does not feed that table.

    Attributes:
        acts: the acts with their keys, status and time read; every other statement reads it as ``acts``.
        raw_annotators: distinct raw annotator keys in need of a pseudonym.
        candidates: every answer that is there, with ``problem`` null or the reason code for its refusal.
    """

    acts: str
    raw_annotators: str | None
    candidates: str | None
    judgments: str | None
    refused_judgments: str | None
    refused_acts: str
    items: str | None
    annotators: str | None
    attributes: str | None
    aggregates: str | None


class Planner:
    """Compiles one file mapping of a contract."""

    def __init__(
        self,
        contract: SourceContract,
        mapping: FileMapping,
        slots: Slots,
        *,
        file_sha256: str,
        extra: str = "extra",
        item_extra: str = "item_extra",
    ) -> None:
        self._contract = contract
        self._mapping = mapping
        self._slots = slots
        self._file = literal(file_sha256)
        self._source = literal(contract.source)
        self._is_text = mapping.is_table
        self._extra = extra
        self._item_extra = item_extra

    def plan(self) -> Plan:
        """The statements of this mapping."""
        judging = self._mapping.role == "judgments"
        annotator = self._mapping.annotator
        has_annotators = annotator is not None and self._contract.attribution != Attribution.NONE
        return Plan(
            acts=self._acts(),
            raw_annotators=self._raw_annotators() if has_annotators else None,
            candidates=self._candidates() if judging else None,
            judgments=f"select {', '.join(LANDED_JUDGMENT_COLUMNS)} from candidates where problem is null"
            if judging
            else None,
            refused_judgments="select record_ordinal, record_part, question_id, problem as reason, field"
            " from candidates where problem is not null"
            if judging
            else None,
            refused_acts="select record_ordinal, record_part, act_problem as reason, act_field as field"
            " from acts where act_problem is not null",
            items=self._items() if self._mapping.item else None,
            annotators=self._annotators() if has_annotators else None,
            attributes=self._attributes() if has_annotators and annotator and annotator.attributes else None,
            aggregates=self._aggregates() if self._mapping.upstream_aggregates else None,
        )

    def _acts(self) -> str:
        mapping, slots = self._mapping, self._slots
        item = _item_id(mapping.item, slots) if mapping.item else "null::varchar"
        annotator = self._raw_annotator(item)
        problems: list[tuple[str, Reason, str]] = []
        if mapping.item:
            problems += [(_is_blank(slots.text(name)), Reason.ITEM_MISSING, name) for name in mapping.item.key]
        if mapping.annotator and self._contract.attribution != Attribution.NONE:
            names, parts = mapping.annotator.key, self._annotator_parts(mapping.annotator)
            if prefix := mapping.annotator.strip_prefix:
                given = slots.text(names[0])
                lacks = f"not {_is_blank(given)} and not starts_with({given}, {literal(prefix)})"
                problems.append((lacks, Reason.RECORD_SHAPE, names[0]))
            problems += [
                (_is_blank(part), Reason.ANNOTATOR_MISSING, name) for name, part in zip(names, parts, strict=True)
            ]
        judgment_key = "null::varchar"
        if mapping.judgment:
            judgment_key = joined_key([slots.text(name) for name in mapping.judgment.key])
            problems += [
                (_is_blank(slots.text(name)), Reason.JUDGMENT_KEY_MISSING, name) for name in mapping.judgment.key
            ]
        status = literal(Status.SUBMITTED)
        if mapping.status:
            status = mapped(slots.text(mapping.status.field), dict(mapping.status.values))
            problems.append(("status is null", Reason.STATUS_UNKNOWN, mapping.status.field))
        judged_at, duration = "null::timestamp", "null::double"
        if mapping.judged_at:
            field = mapping.judged_at.field
            judged_at = _time(slots.text(field), mapping.judged_at)
            problems.append((_is_unread(slots, field, "judged_at"), Reason.TIME_MALFORMED, field))
        if mapping.duration_s:
            field = mapping.duration_s
            duration = _duration(slots.text(field))
            problems.append((_is_unread(slots, field, "duration_s"), Reason.DURATION_MALFORMED, field))
        kind = kind_sql(mapping.annotator.kind if mapping.annotator else None, slots)
        if mapping.annotator and (said := mapping.annotator.kind.field) is not None:
            problems.append(("annotator_kind is null", Reason.ANNOTATOR_KIND_UNKNOWN, said))
        if mapping.presentation_order and (said := mapping.presentation_order.field) is not None:
            problems.append((_is_unread(slots, said, "presentation_order"), Reason.ORDER_UNKNOWN, said))
        author = f" {author_sql(mapping, slots)} as raw_author," if mapping.item and mapping.item.author else ""
        arms = " ".join(f"when {test} then {literal(reason)}" for test, reason, _ in problems)
        fields = " ".join(f"when {test} then {literal(field)}" for test, _, field in problems)
        return (
            f"select *, {f'case {arms} end' if arms else 'null::varchar'} as act_problem,"
            f" {f'case {fields} end' if fields else 'null::varchar'} as act_field from ("
            f"select *, {item} as item_id, {annotator} as raw_annotator,{author}"
            f" {judgment_key} as judgment_key, {kind} as annotator_kind,"
            f" {order_sql(mapping, slots)} as presentation_order, {status} as status,"
            f" {judged_at} as judged_at, {duration} as duration_s from chunk)"
        )

    def _raw_annotator(self, item: str) -> str:
        annotator = self._mapping.annotator
        if annotator is None or self._contract.attribution == Attribution.NONE:
            return "null::varchar"
        parts = self._annotator_parts(annotator)
        key = joined_key([item, *parts] if self._contract.attribution == Attribution.ITEM_SCOPED else parts)
        if annotator.kind.always == AnnotatorKind.HUMAN:
            return key
        mark = f"case {kind_sql(annotator.kind, self._slots)} when 'machine' then {literal(MACHINE_MARK)} else '' end"
        return f"{mark} || {key}"

    def _raw_annotators(self) -> str:
        """Every raw id that needs a pseudonym: those who judged, and those who wrote what was judged."""
        columns = ["raw_annotator", *(["raw_author"] if self._mapping.item and self._mapping.item.author else [])]
        named = " union ".join(f"select {column} as raw from acts where act_problem is null" for column in columns)
        return f"select distinct raw from ({named}) where raw is not null"

    def _annotator_parts(self, annotator: AnnotatorMapping) -> list[str]:
        parts = [self._slots.text(name) for name in annotator.key]
        if annotator.strip_prefix:
            prefix = literal(annotator.strip_prefix)
            parts[0] = f"case when starts_with({parts[0]}, {prefix}) then substr({parts[0]}, length({prefix}) + 1) end"
        return parts

    def _candidates(self) -> str:
        return " union all ".join(self._question(code, answer) for code, answer in self._mapping.answers.items())

    def _question(self, code: str, mapping: AnswerMapping) -> str:
        question = self._contract.questions[code]
        item = self._mapping.item
        first = item.responses[0].key if item and item.responses else None
        sql = answer_sql(question, code, mapping, self._slots, is_text=self._is_text, first=first)
        silent = [is_one_of("t", [value for value in question.unanswered if value is not None]), "is_absent"]
        if None in question.unanswered:
            silent.append("coalesce(r = 'null', false)")
        # An abstention as a whole (o) is no answer of the type; only of a choice is it one of the options.
        typed = {
            column.name: f"case when given then case when o is null then {sql.typed[column.name]}"
            f"{' else o' if column.name == 'answer_choice' else ''} end end"
            if column.name in sql.typed
            else f"null::{duckdb_type(column.type)}"
            for column in TYPED_ANSWERS
        }
        values = {
            "source_id": self._source,
            "question_id": literal(code),
            "attribution": literal(self._contract.attribution),
            "answer_type": literal(question.type),
            "answer": _wrapped(f"case when o is null then ({sql.answer})::varchar else to_json(o)::varchar end"),
            **typed,
            "raw_answer": "r",
            "abstained": f"{is_one_of('status', ABSTAINING_STATUSES)} or (given and (o is not null or {sql.abstains}))",
            "rationale": self._slots.text(mapping.rationale) if mapping.rationale else "null::varchar",
            "confidence": self._slots.text(mapping.confidence) if mapping.confidence else "null::varchar",
            "file_sha256": self._file,
            "extra": self._extra,
        }
        columns = ", ".join(
            name if name not in values else f"{values[name]} as {name}" for name in LANDED_JUDGMENT_COLUMNS
        )
        return (
            f"select {columns}, case when given and o is null then {sql.problem} end as problem,"
            f" {literal(mapping.named())} as field"
            f" from (select *, {sql.value} as v from (select *, {sql.cells.text} as t, {sql.cells.raw} as r,"
            f" {sql.cells.declined} as o, {sql.cells.is_absent} as is_absent from acts where act_problem is null) cells"
            f" cross join lateral (select o is not null or not ({' or '.join(silent)}) as given) asked"
            f" left join who using (raw_annotator)"
            f") answers where given or status <> {literal(Status.SUBMITTED)}"
        )

    def _items(self) -> str:
        item = self._mapping.item
        assert item is not None
        responses = ", ".join(
            f"{{'key': {literal(part.key)}, 'text': {self._slots.text(part.text)},"
            f" 'model': {self._slots.text(part.model) if part.model else 'null::varchar'}}}"
            for part in item.responses
        )
        extra = self._item_extra if self._mapping.role == "judgments" else self._extra
        if item.extra:
            extra = _with_entries(extra, [(name, self._kept(name)) for name in item.extra])
        authors = ""
        if item.author:
            extra = _with_entries(f"({extra})::varchar", [("author", "to_json(author)")])
            authors = (
                " left join (select raw_annotator as raw_author, annotator_id as author from who) as authors"
                " using (raw_author)"
            )
        values = {
            "source_id": self._source,
            "item_id": "item_id",
            "text": self._slots.text(item.text) if item.text else "null::varchar",
            "prompt": self._slots.text(item.prompt) if item.prompt else "null::varchar",
            "responses": f"[{responses}]" if responses else f"[]::{duckdb_type(ITEMS.column('responses').type)}",
            "language": self._slots.text(item.language) if item.language else literal(item.language_is) + "::varchar",
            "context": self._slots.text(item.context) if item.context else "null::varchar",
            "extra": extra + "::varchar",
        }
        columns = ", ".join(f"{values[name]} as {name}" for name in ITEMS.column_names)
        return (
            f"select {', '.join(ITEMS.column_names)}, {self._file} as file_sha256,"
            f" min(record_ordinal) as record_ordinal"
            f" from (select {columns}, record_ordinal from acts{authors} where act_problem is null)"
            f" group by {', '.join(ITEMS.column_names)} order by record_ordinal"
        )

    def _kept(self, name: str) -> str:
        """A field's own value as JSON text."""
        return f"to_json({self._slots.raw(name)})" if self._is_text else self._slots.raw(name)

    def _annotators(self) -> str:
        annotator = self._mapping.annotator
        assert annotator is not None
        pool = self._slots.text(annotator.pool) if annotator.pool else "null::varchar"
        return (
            f"select annotator_id, annotator_kind, {pool} as pool,"
            f" {literal(self._contract.platform)} as platform, {self._source} as source_id,"
            f" {self._file} as file_sha256, min(record_ordinal) as record_ordinal"
            f" from acts join who using (raw_annotator) where act_problem is null"
            f" group by all order by record_ordinal, annotator_id"
        )

    def _attributes(self) -> str:
        annotator = self._mapping.annotator
        assert annotator is not None
        columns = {name: self._slots.text(part.field) for name, part in annotator.attributes.items()}
        profiles = ", ".join(f"{column} as a{number}" for number, column in enumerate(columns.values()))
        rows = []
        for number, (name, part) in enumerate(annotator.attributes.items()):
            status = mapped(f"a{number}", dict(part.statuses), otherwise=literal(AttributeStatus.GIVEN))
            missing = literal(part.statuses.get("", AttributeStatus.NOT_ASKED))
            rows.append(
                f"select annotator_id, {literal(name)} as attribute, a{number} as raw_value, record_ordinal,"
                f" case when coalesce(a{number}, '') = '' then {missing} else {status} end as attribute_status"
                f" from profiles"
            )
        return (
            f"with profiles as (select annotator_id, {profiles}, min(record_ordinal) as record_ordinal"
            f" from acts join who using (raw_annotator) where act_problem is null group by all),"
            f" observed as ({' union all '.join(rows)})"
            f" select {self._source} as source_id, annotator_id, attribute,"
            f" case when attribute_status = 'given' then raw_value end as value, attribute_status,"
            f" {self._file} as file_sha256, min(record_ordinal) as record_ordinal"
            f" from observed group by all order by record_ordinal, annotator_id, attribute"
        )

    def _aggregates(self) -> str:
        rows = " union all ".join(
            f"select item_id, {literal(name)} as aggregate, {self._slots.raw(name)} as value, record_ordinal"
            f" from acts where act_problem is null and {self._slots.raw(name)} is not null"
            for name in self._mapping.upstream_aggregates
        )
        return (
            f"select {self._source} as source_id, item_id, aggregate, value, {self._file} as file_sha256,"
            f" min(record_ordinal) as record_ordinal from ({rows}) group by all order by record_ordinal, aggregate"
        )


LANDED_JUDGMENT_COLUMNS = tuple(name for name in JUDGMENTS.column_names if name not in ("occurrence", "version"))
"""A landed judgment is not yet numbered, neither by occurrence nor by version: that takes all files of its source."""


def _item_id(item: ItemMapping, slots: Slots) -> str:
    key = joined_key([slots.text(name) for name in item.key])
    return f"substr(sha256({key}), 1, 32)" if item.key_digest else key


def _wrapped(answer: str) -> str:
    """The canonical answer; a status other than submitted wraps it, so that reject and accept never look alike."""
    return (
        f"case when status = {literal(Status.SUBMITTED)} then ({answer})::varchar"
        f" else '{{\"' || status || '\":' || coalesce(case when given then ({answer})::varchar end, 'null') || '}}' end"
    )


def _with_entries(extra: str, entries: list[tuple[str, str]]) -> str:
    """A JSON object text with further entries of raw JSON text; absent ones are left out, an empty one is null."""
    texts = [f"case when {raw} is not null then to_json({literal(name)}) || ':' || {raw} end" for name, raw in entries]
    inner = f"concat_ws(',', substr({extra}, 2, length({extra}) - 2), {', '.join(texts)})"
    return f"case when {inner} <> '' then '{{' || {inner} || '}}' end"


def _is_blank(key: str) -> str:
    """A part of a key that says nothing: an id of nothing but white space would make many people one."""
    return f"coalesce(trim({key}, ' ' || chr(9) || chr(10) || chr(13)), '') = ''"


def _is_unread(slots: Slots, field: str, read: str) -> str:
    """A field that holds something which could not be read: text that is not empty, or no text at all."""
    text, raw = slots.text(field), slots.raw(field)
    return f"{read} is null and case when {text} is null then coalesce({raw}, 'null') <> 'null' else {text} <> '' end"


def _time(given: str, mapping: TimeMapping) -> str:
    if mapping.format == "iso8601":
        at = f"(try_cast(case when regexp_matches({given}, '^ *[0-9]') then {given} end as timestamptz))"
        return f"case when isfinite({at}) then {at} at time zone 'UTC' end"
    if mapping.format in ("epoch_s", "epoch_ms"):
        microseconds = 1_000_000 if mapping.format == "epoch_s" else 1_000
        return f"try(make_timestamp(round(({_number(given)})::decimal(38, 9) * {microseconds})::bigint))"
    return f"try_strptime({given}, {literal(mapping.format)})"


def _duration(given: str) -> str:
    seconds = _number(given)
    return f"case when isfinite({seconds}) and {seconds} >= 0 then {seconds} end"


def _number(given: str) -> str:
    """A decimal number as people and tools write one; no infinity, no underscores."""
    pattern = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
    return f"try_cast(case when regexp_full_match(trim({given}), '{pattern}') then {given} end as double)"
