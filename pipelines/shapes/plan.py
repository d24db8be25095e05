"""The SQL that turns a chunk of acts into landed rows: one statement a table, compiled from the contract.

The chunk is a relation ``chunk`` (record_ordinal, record_part, t0…, r0…, extra, item_extra), of which ``acts`` is made
once, and the pseudonyms a relation ``who`` (raw_annotator, annotator_id); all are bound by whoever runs the plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.contracts.answers import AnswerMapping
from pipelines.contracts.files import FileMapping
from pipelines.contracts.mappings import ItemMapping
from pipelines.contracts.model import SourceContract
from pipelines.domain.tables import JUDGMENTS, TYPED_ANSWERS
from pipelines.domain.types import duckdb_type
from pipelines.domain.vocabulary import (
    ABSTAINING_STATUSES,
    AnnotatorKind,
    Attribution,
    Reason,
    Status,
)
from pipelines.shapes.answers import AnswerSql, answer_sql
from pipelines.shapes.companions import author_sql, kind_sql, order_sql
from pipelines.shapes.described import Described
from pipelines.shapes.fields import decimal, instant, is_blank, is_unread
from pipelines.shapes.people import annotator_problems, judges_nobody_sql, raw_annotator_sql, status_sql
from pipelines.shapes.slots import Slots
from pipelines.shapes.sql import is_one_of, joined_key, literal, text_list

Constant = str | list[str] | None


@dataclass(frozen=True)
class Plan:
    """The statements for one file mapping; None where the mapping does not feed that table.

    Attributes:
        acts: the acts with their keys, status and time read; every other statement reads it as ``acts``.
        raw_annotators: distinct raw annotator keys in need of a pseudonym.
        candidates: every answer that is there, with ``problem`` null or the reason code for its refusal.
        judgments: the columns in which judgments differ; ``constants`` are the others, each with its one value.
    """

    acts: str
    raw_annotators: str | None
    candidates: str | None
    judgments: str | None
    constants: Mapping[str, Constant]
    refused_judgments: str | None
    refused_acts: str
    items: str | None
    annotators: str | None
    attributes: str | None
    aggregates: str | None


class Planner:
    """Compiles one file mapping of a contract.

    ``extra`` is SQL over the chunk for what no field covers; None if there is nothing of the kind, nor about items.
    """

    def __init__(
        self,
        contract: SourceContract,
        mapping: FileMapping,
        slots: Slots,
        *,
        file_sha256: str,
        extra: str | None = "extra",
    ) -> None:
        self._contract = contract
        self._mapping = mapping
        self._slots = slots
        self._file = file_sha256
        self._source = literal(contract.source)
        self._is_text = mapping.is_table
        self._extra = extra

    def plan(self) -> Plan:
        """The statements of this mapping; the slots then know which of their columns these ask for."""
        self._slots.asked.clear()
        judging = self._mapping.role == "judgments"
        annotator = self._mapping.annotator
        has_annotators = annotator is not None and self._contract.attribution != Attribution.NONE
        constants = self._common_constants() if judging else {}
        described = Described(self._contract, self._mapping, self._slots, self._file, self._extra)
        varying = [name for name in LANDED_JUDGMENT_COLUMNS if name not in constants]
        return Plan(
            raw_annotators=self._raw_annotators() if has_annotators else None,
            candidates=self._candidates() if judging else None,
            judgments=f"select {', '.join(varying)} from candidates where problem is null" if judging else None,
            constants=constants,
            refused_judgments="select record_ordinal, record_part, question_id, problem as reason, field"
            " from candidates where problem is not null"
            if judging
            else None,
            refused_acts="select record_ordinal, record_part, act_problem as reason, act_field as field"
            " from acts where act_problem is not null",
            items=described.items() if self._mapping.item else None,
            annotators=described.annotators() if has_annotators else None,
            attributes=described.attributes() if has_annotators and annotator and annotator.attributes else None,
            aggregates=described.aggregates() if self._mapping.upstream_aggregates else None,
            acts=self._acts(),  # the last: it keeps the columns that the others asked for, and no more
        )

    def _acts(self) -> str:
        mapping, slots = self._mapping, self._slots
        kept = "".join(f", {column}" for column in sorted(slots.asked))
        item = _item_id(mapping.item, slots) if mapping.item else "null::varchar"
        annotator = raw_annotator_sql(self._contract, mapping, slots, item)
        problems: list[tuple[str, Reason, str]] = []
        nobody = judges_nobody_sql(mapping, slots)
        if mapping.item:
            problems += [(is_blank(slots.text(name)), Reason.ITEM_MISSING, name) for name in mapping.item.key]
        if self._contract.attribution != Attribution.NONE:
            problems += annotator_problems(mapping, slots)
        judgment_key = "null::varchar"
        if mapping.judgment:
            judgment_key = joined_key([slots.text(name) for name in mapping.judgment.key])
            problems += [
                (f"not {nobody} and {is_blank(slots.text(name))}", Reason.JUDGMENT_KEY_MISSING, name)
                for name in mapping.judgment.key
            ]
            if mapping.judgment.may_be_absent:
                judgment_key = f"case when not {nobody} then {judgment_key} end"
        status = literal(Status.SUBMITTED)
        if mapping.status:
            status = status_sql(mapping.status, slots, is_text=self._is_text)
            problems.append(("status is null", Reason.STATUS_UNKNOWN, mapping.status.field))
        judged_at, number, duration = "null::timestamp", "null::double", "null::double"
        if mapping.judged_at:
            field = mapping.judged_at.field
            judged_at = instant(slots.text(field), mapping.judged_at)
            problems.append((is_unread(slots, field, "judged_at"), Reason.TIME_MALFORMED, field))
        if mapping.duration_s:
            field = mapping.duration_s
            number, duration = decimal(slots.text(field)), "case when isfinite(number) and number >= 0 then number end"
            problems.append((is_unread(slots, field, "duration_s"), Reason.DURATION_MALFORMED, field))
        kind = kind_sql(mapping.annotator.kind if mapping.annotator else None, slots)
        if mapping.annotator and (said := mapping.annotator.kind.field) is not None:
            problems.append(("annotator_kind is null", Reason.ANNOTATOR_KIND_UNKNOWN, said))
        if mapping.presentation_order and (said := mapping.presentation_order.field) is not None:
            problems.append((is_unread(slots, said, "presentation_order"), Reason.ORDER_UNKNOWN, said))
        made = {
            "extra": self._extra or "null::varchar",
            "item_extra": "item_extra" if self._extra else "null::varchar",
            "item_id": item,
            "raw_annotator": annotator,
            **({"raw_author": author_sql(mapping, slots)} if mapping.item and mapping.item.author else {}),
            "judgment_key": judgment_key,
            "annotator_kind": kind,
            "presentation_order": order_sql(mapping, slots),
            "status": status,
            "judged_at": judged_at,
        }
        arms = " ".join(f"when {test} then {place}" for place, (test, _, _) in enumerate(problems))
        reasons = [reason.value for _, reason, _ in problems]
        fields = [field for _, _, field in problems]
        asked = "".join(f", {column}" for column in sorted(slots.asked))
        columns = ", ".join(f"{sql} as {name}" for name, sql in made.items())
        return (
            f"select record_ordinal, record_part{kept}, {', '.join(made)}, duration_s,"
            f" list_extract({text_list(reasons)}, problem + 1) as act_problem,"
            f" list_extract({text_list(fields)}, problem + 1) as act_field"
            f" from (select *, {f'case {arms} end' if arms else 'null::integer'} as problem"
            f" from (select *, {duration} as duration_s"
            f" from (select record_ordinal, record_part{asked}, {columns}, {number} as number from chunk)))"
        )

    def _raw_annotators(self) -> str:
        """Every raw id that needs a pseudonym: those who judged, and those who wrote what was judged."""
        columns = ["raw_annotator", *(["raw_author"] if self._mapping.item and self._mapping.item.author else [])]
        named = " union ".join(f"select {column} as raw from acts where act_problem is null" for column in columns)
        return f"select distinct raw from ({named}) where raw is not null"

    def _candidates(self) -> str:
        return " union all ".join(self._question(code, answer) for code, answer in self._mapping.answers.items())

    def _common_constants(self) -> dict[str, Constant]:
        """Columns of which every judgment of the file holds the same value."""
        each = [self._constants(code, answer) for code, answer in self._mapping.answers.items()]
        return {
            name: value
            for name, value in each[0].items()
            if all(name in other and other[name] == value for other in each[1:])
        }

    def _constants(self, code: str, mapping: AnswerMapping) -> dict[str, Constant]:
        """Columns of which every judgment of a question holds the same value."""
        typed = self._answer_sql(code, mapping).typed
        annotator, order = self._mapping.annotator, self._mapping.presentation_order
        constants: dict[str, Constant] = {
            "source_id": self._contract.source,
            "question_id": code,
            "attribution": self._contract.attribution,
            "answer_type": self._contract.questions[code].type,
            "file_sha256": self._file,
        }
        constants |= {column.name: None for column in TYPED_ANSWERS if column.name not in typed}
        given = {
            "annotator_id": annotator if self._contract.attribution != Attribution.NONE else None,
            "rationale": mapping.rationale,
            "confidence": mapping.confidence,
            "judged_at": self._mapping.judged_at,
            "duration_s": self._mapping.duration_s,
            "judgment_key": self._mapping.judgment,
            "extra": self._extra,
        }
        constants |= {name: None for name, field in given.items() if field is None}
        if self._mapping.status is None:
            constants["status"] = Status.SUBMITTED
        if annotator is None or annotator.kind.field is None:
            constants["annotator_kind"] = annotator.kind.always if annotator else AnnotatorKind.HUMAN
        if order is None or order.field is None:
            constants["presentation_order"] = list(order.always) if order else None
        return constants

    def _answer_sql(self, code: str, mapping: AnswerMapping) -> AnswerSql:
        item = self._mapping.item
        first = item.responses[0].key if item and item.responses else None
        question = self._contract.questions[code]
        return answer_sql(question, code, mapping, self._slots, is_text=self._is_text, first=first)

    def _question(self, code: str, mapping: AnswerMapping) -> str:
        question = self._contract.questions[code]
        sql = self._answer_sql(code, mapping)
        silent = [is_one_of("said", [value for value in question.unanswered if value is not None]), "is_absent"]
        if None in question.unanswered:
            silent.append("is_null")
        # An abstention as a whole (o) is no answer of the type; only of a choice is it one of the options.
        typed = {
            name: f"case when given then case when o is null then {column}"
            f"{' else o' if name == 'answer_choice' else ''} end end"
            for name, column in sql.typed.items()
        }
        values = {
            "answer": _wrapped(f"case when o is null then ({sql.answer})::varchar else to_json(o)::varchar end"),
            **typed,
            "raw_answer": "r",
            "abstained": f"{is_one_of('status', ABSTAINING_STATUSES)} or (given and (o is not null or {sql.abstains}))",
            "rationale": self._slots.content(mapping.rationale) if mapping.rationale else "null",
            "confidence": self._slots.content(mapping.confidence) if mapping.confidence else "null",
        }
        for name, value in self._constants(code, mapping).items():
            constant = text_list(value) if isinstance(value, list) else literal(value)
            values[name] = f"{constant}::{duckdb_type(JUDGMENTS.column(name).type)}"
        nobody = asked = ""
        if self._mapping.judgment and self._mapping.judgment.may_be_absent:
            nobody = f"when given and judgment_key is null then {literal(Reason.JUDGMENT_KEY_MISSING)}"
            asked = " and judgment_key is not null"
        if self._mapping.is_asked_in_part(code):
            asked += " and not is_absent"
        asked = f"(status <> {literal(Status.SUBMITTED)}{asked})"
        told = "".join(f" and {is_one_of(self._slots.text(name), [said])}" for name, said in mapping.when.items())
        columns = ", ".join(
            name if name not in values else f"{values[name]} as {name}" for name in LANDED_JUDGMENT_COLUMNS
        )
        return (
            f"select {columns}, case {nobody} when given and o is null then {sql.problem} end as problem,"
            f" {literal(mapping.named())} as field"
            f" from (select *, {sql.value} as v from (select *, {sql.cells.text} as t, {sql.cells.raw} as r,"
            f" {sql.cells.declined} as o, {sql.cells.is_absent} as is_absent, {sql.cells.said} as said,"
            f" {sql.cells.is_null} as is_null from acts where act_problem is null{told}) cells"
            f" cross join lateral (select o is not null or not ({' or '.join(silent)}) as given) asked"
            f" left join who using (raw_annotator)"
            f") answers where given or {asked}"
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
