"""Laws 1, 5 and 9 on what stands beside the judgments: items, annotators, their attributes, questions, quarantine.

Unlike judgments, these arrive many times over, so that layers hold one row of what landing holds many of. What must be
equal is what is known: no item, person or word of theirs is lost, altered or made up on the way.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from expectations.laws.connection import Connection, count_rows, first_offenders, literal, of_source, verdict
from expectations.laws.definitions import ACCOUNTING, ATTRIBUTION, CONTENT
from expectations.laws.verdicts import Verdict
from pipelines.domain.tables import ITEMS, QUARANTINE, QUESTIONS, SOURCES

_ITEM = ITEMS.column_names
_HAS_CONTENT = "(coalesce(text, prompt, context, extra) is not null or coalesce(len(responses) > 0, false))"


@dataclass(frozen=True)
class Tables:
    """A layer's relations: its name, and what holds each table. None where the layer does not have the table."""

    name: str
    items: str
    annotators: str
    annotator_attributes: str
    questions: str
    sources: str
    quarantine: str | None = None

    @classmethod
    def within(cls, name: str, schema: str) -> Tables:
        """The tables of a schema, under their own names."""
        tables = ("items", "annotators", "annotator_attributes", "questions", "sources", "quarantine")
        return cls(name, *(f"{schema}.{table}" for table in tables))


def prove_content(
    con: Connection, landed: Tables, after: Tables, conflicts: str, sources: Iterable[str]
) -> list[Verdict]:
    """Laws 5 and 9 between landing and a later layer, and law 1 where that layer has quarantine; by source.

    ``conflicts`` is the relation of quarantine in which contents that contradict an item's first one are kept.
    """
    verdicts = []
    chosen = sorted(sources)
    step = f"{landed.name}→{after.name}"
    for source in chosen:
        verdicts.append(_items(con, source, f"{step} items", landed.items, after.items, conflicts))
        verdicts.append(_described(con, source, f"{step} questions", landed, after))
        verdicts.append(_people(con, source, f"{step} annotators", landed, after, is_first=source == chosen[0]))
        if after.quarantine is not None and landed.quarantine is not None:
            verdicts.append(_quarantine(con, source, f"{step} quarantine", landed.quarantine, after.quarantine))
    return verdicts


def _items(con: Connection, source: str, step: str, landed: str, after: str, conflicts: str) -> Verdict:
    """Each item once, with the very content of a landed row; other contents in quarantine, bare ids superseded."""
    columns = ", ".join(_ITEM)
    con.execute(
        f"create or replace temp table items_before as select distinct {columns} from {of_source(landed, source)}"
    )
    old, new = "items_before", f"(select {columns} from {of_source(after, source)})"
    left = f"(from {old} except from {new})"
    kept = f"(select * from {of_source(conflicts, source)} where reason = 'item_conflict')"
    query = (
        f"select item_id, 'is gone' as what from (select item_id from {old} except select item_id from {new})"
        f" union all select item_id, 'has other content than any that arrived' from (from {new} except from {old})"
        f" union all select item_id, 'stands there ' || count(*) || ' times' from {new} group by item_id"
        " having count(*) > 1"
        f" union all select item_id, 'was left without the content that arrived' from {new} where not {_HAS_CONTENT}"
        f" and item_id in (select item_id from {old} where {_HAS_CONTENT})"
        f" union all select item_id, 'had ' || n || ' more contents, ' || coalesce(held, 0) || ' are in quarantine'"
        f" from (select item_id, count(*) as n from {left} where {_HAS_CONTENT} and item_id in"
        f" (select item_id from {new}) group by item_id) left join"
        f" (select field as item_id, count(*) as held from {kept} group by field) using (item_id)"
        " where n is distinct from held"
    )
    count, rows = first_offenders(con, f"select * from ({query}) order by item_id, what")
    named = [f"{source}/{item} {what}" for item, what in rows]
    quarantined = count_rows(con, kept)
    bare = count_rows(con, f"(select * from {left} where not {_HAS_CONTENT})")
    counts = (count_rows(con, old), count_rows(con, new))
    return verdict(CONTENT, step, source, counts, (count, named), bare, quarantined=quarantined)


def _described(con: Connection, source: str, step: str, landed: Tables, after: Tables) -> Verdict:
    """What was asked, and of whom: the rows that the contract tells."""
    differs, told = [], {}
    for table, old, new in ((QUESTIONS, landed.questions, after.questions), (SOURCES, landed.sources, after.sources)):
        columns = ", ".join(table.column_names)
        named = table.key[-1]
        one, other = (f"(select {columns} from {of_source(name, source)})" for name in (old, new))
        told[table.name] = (count_rows(con, one), count_rows(con, other))
        for first, second, what in ((one, other, "is gone or altered"), (other, one, "is not what the contract says")):
            differs.append(
                f"select {literal(table.name)} as what, {named} as name, {literal(what)} as fault"
                f" from (from {first} except all from {second})"
            )
    count, rows = first_offenders(con, f"select * from ({' union all '.join(differs)}) order by what, name, fault")
    named_rows = [f"{source}, {what}: {name} {fault}" for what, name, fault in rows]
    return verdict(CONTENT, step, source, told["questions"], (count, named_rows))


def _people(con: Connection, source: str, step: str, landed: Tables, after: Tables, *, is_first: bool) -> Verdict:
    """Every annotator is there, as what they are, with all that was said of them, and nobody else."""
    arrived = of_source(landed.annotators, source)
    known = f"(select distinct source_id, annotator_id, annotator_kind, platform from {arrived})"
    kept = (
        f"(select {literal(source)} as source_id, annotator_id, annotator_kind, platform from {after.annotators}"
        f" where annotator_id in (select annotator_id from {known}))"
    )
    attributes = "source_id, annotator_id, attribute, value, attribute_status"
    told = f"(select distinct {attributes} from {of_source(landed.annotator_attributes, source)})"
    still = f"(select {attributes} from {of_source(after.annotator_attributes, source)})"
    query = (
        f"select annotator_id, 'is gone, or is no longer what they were' as what"
        f" from (from {known} except all from {kept})"
        f" union all select annotator_id, 'is not the annotator that arrived'"
        f" from (from {kept} except all from {known})"
        f" union all select annotator_id, 'lost the attribute ' || attribute from (from {told} except all from {still})"
        f" union all select annotator_id, 'was given the attribute ' || attribute"
        f" from (from {still} except all from {told})"
    )
    if is_first:
        query += (
            f" union all select annotator_id, 'is nobody that arrived' from {after.annotators}"
            f" where annotator_id not in (select annotator_id from {landed.annotators})"
        )
    count, rows = first_offenders(con, f"select * from ({query}) order by annotator_id, what")
    named = [f"{source}, annotator {who} {what}" for who, what in rows]
    return verdict(ATTRIBUTION, step, source, (count_rows(con, known), count_rows(con, kept)), (count, named))


def _quarantine(con: Connection, source: str, step: str, landed: str, after: str) -> Verdict:
    """What was refused at landing is in the table of quarantine; items' conflicts come to it later."""
    columns = ", ".join(QUARANTINE.column_names)
    old = f"(select {columns} from {of_source(landed, source)})"
    new = f"(select {columns} from {of_source(after, source)} where reason <> 'item_conflict')"
    query = (
        f"select file_sha256, record_ordinal, reason, 'is not in quarantine' as what"
        f" from (from {old} except all from {new})"
        f" union all select file_sha256, record_ordinal, reason, 'was never refused'"
        f" from (from {new} except all from {old})"
    )
    count, rows = first_offenders(con, f"select * from ({query}) order by all")
    named = [f"{source}, file {file[:12]}, record {ordinal}, {reason}: {what}" for file, ordinal, reason, what in rows]
    return verdict(ACCOUNTING, step, source, (count_rows(con, old), count_rows(con, new)), (count, named))
