"""The SQL of what a chunk tells beside judgments: items, annotators, their attributes, and upstream aggregates.

Each reads the acts that ``plan`` makes, and keeps what differs once, in the order in which it came.
"""

from __future__ import annotations

from pipelines.contracts.files import FileMapping
from pipelines.contracts.model import SourceContract
from pipelines.domain.tables import ITEMS
from pipelines.domain.types import duckdb_type
from pipelines.domain.vocabulary import AttributeStatus
from pipelines.shapes.fields import with_entries
from pipelines.shapes.slots import Slots
from pipelines.shapes.sql import literal, mapped


class Described:
    """Compiles what one file mapping describes; ``extra`` as in ``plan.Planner``."""

    def __init__(
        self, contract: SourceContract, mapping: FileMapping, slots: Slots, file_sha256: str, extra: str | None
    ) -> None:
        self._mapping = mapping
        self._slots = slots
        self._source = literal(contract.source)
        self._platform = literal(contract.platform)
        self._file = literal(file_sha256)
        self._is_text = mapping.is_table
        self._extra = extra

    def items(self) -> str:
        """Each distinct content of an item, with the first record that holds it."""
        item = self._mapping.item
        assert item is not None
        responses = ", ".join(
            f"{{'key': {literal(part.key)}, 'text': {self._slots.content(part.text)},"
            f" 'model': {self._slots.content(part.model) if part.model else 'null::varchar'}}}"
            for part in item.responses
        )
        nothing = "null::varchar"
        extra = nothing if not self._extra else "item_extra" if self._mapping.role == "judgments" else "extra"
        if item.extra:
            extra = with_entries(extra, [(name, self._kept(name)) for name in item.extra])
        authors = ""
        if item.author:
            extra = with_entries(f"({extra})::varchar", [("author", "to_json(author)")])
            authors = (
                " left join (select raw_annotator as raw_author, annotator_id as author from who) as authors"
                " using (raw_author)"
            )
        varying = {"item_id": "item_id"}
        for name in ("text", "prompt", "language", "context"):
            if field := getattr(item, name):
                varying[name] = self._slots.content(field)
        if responses:
            varying["responses"] = f"[{responses}]"
        if extra != nothing:
            varying["extra"] = extra
        fixed = {
            "source_id": self._source,
            "responses": "[]",
            "language": literal(item.language_is),
        }
        kept = ", ".join(f"{sql} as {name}" for name, sql in varying.items())
        columns = ", ".join(
            name if name in varying else f"{fixed.get(name, 'null')}::{duckdb_type(ITEMS.column(name).type)} as {name}"
            for name in ITEMS.column_names
        )
        return (
            f"select {columns}, {self._file} as file_sha256, record_ordinal"
            f" from (select {', '.join(varying)}, min(record_ordinal) as record_ordinal, min(place) as place"
            f" from (select {kept}, record_ordinal, acts.rowid as place from acts{authors} where act_problem is null)"
            f" group by {', '.join(varying)}) order by place"
        )

    def _kept(self, name: str) -> str:
        """A field's own value as JSON text."""
        return f"to_json({self._slots.raw(name)})" if self._is_text else self._slots.raw(name)

    def annotators(self) -> str:
        """Each distinct description of an annotator, with the first record that holds it."""
        annotator = self._mapping.annotator
        assert annotator is not None
        pool = self._slots.content(annotator.pool) if annotator.pool else "null::varchar"
        return (
            f"select annotator_id, annotator_kind, {pool} as pool,"
            f" {self._platform} as platform, {self._source} as source_id,"
            f" {self._file} as file_sha256, min(record_ordinal) as record_ordinal"
            f" from acts join who using (raw_annotator) where act_problem is null"
            f" group by all order by min(acts.rowid)"
        )

    def attributes(self) -> str:
        """Each distinct value of an annotator's attribute, or why there is none."""
        annotator = self._mapping.annotator
        assert annotator is not None
        columns = {name: self._slots.content(part.field) for name, part in annotator.attributes.items()}
        profiles = ", ".join(f"{column} as a{number}" for number, column in enumerate(columns.values()))
        rows = []
        for number, (name, part) in enumerate(annotator.attributes.items()):
            status = mapped(f"a{number}", dict(part.statuses), otherwise=literal(AttributeStatus.GIVEN))
            missing = literal(part.statuses.get("", AttributeStatus.NOT_ASKED))
            rows.append(
                f"select annotator_id, {literal(name)} as attribute, a{number} as raw_value, record_ordinal, place,"
                f" case when coalesce(a{number}, '') = '' then {missing} else {status} end as attribute_status"
                f" from profiles"
            )
        return (
            f"with profiles as (select annotator_id, {profiles}, min(record_ordinal) as record_ordinal,"
            f" min(acts.rowid) as place from acts join who using (raw_annotator) where act_problem is null"
            f" group by all),"
            f" observed as ({' union all '.join(rows)})"
            f" select {self._source} as source_id, annotator_id, attribute,"
            f" case when attribute_status = 'given' then raw_value end as value, attribute_status,"
            f" {self._file} as file_sha256, min(record_ordinal) as record_ordinal"
            f" from observed group by all order by min(place), attribute"
        )

    def aggregates(self) -> str:
        """Each distinct value that somebody computed about an item."""
        rows = " union all ".join(
            f"select item_id, {literal(name)} as aggregate, {self._slots.raw(name)} as value, record_ordinal,"
            f" rowid as place from acts where act_problem is null and {self._slots.raw(name)} is not null"
            for name in self._mapping.upstream_aggregates
        )
        return (
            f"select {self._source} as source_id, item_id, aggregate, value, {self._file} as file_sha256,"
            f" min(record_ordinal) as record_ordinal from ({rows}) group by all order by min(place), aggregate"
        )
