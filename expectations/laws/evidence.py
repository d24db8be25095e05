"""Offending rows in words: by key, place and what changed, never by a raw id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from expectations.laws import sql
from expectations.laws.connection import Connection

_ANSWERS = 5
"""How many different answers to a question are shown as evidence."""


def judgment_key(source: object, item: object, question: object) -> str:
    """What a judgment is about, for people."""
    return f"{source}/{item}, question {question}"


def changed_judgment(
    source: str,
    item: str,
    question: str,
    file: str | None,
    ordinal: int | None,
    who_before: str | None,
    who_after: str | None,
    answer_before: str | None,
    answer_after: str | None,
    what: str,
    changed: list[str],
) -> str:
    """One judgment that is missing, added or changed, by its key and its place in the raw file."""
    key = f"{judgment_key(source, item, question)}, annotator {who_before or who_after or 'unknown'}"
    place = f"file {file[:12] if file else 'unknown'}, record {ordinal}"
    if what != "changed":
        return f"{key}: {what}, {short(answer_before if what == 'missing' else answer_after)} ({place})"
    told = []
    if "annotator_id" in changed:
        told.append(f"now of annotator {who_after or 'unknown'}")
    if "answer" in changed:
        told.append(f"{short(answer_before)} became {short(answer_after)}")
    others = [name for name in changed if name not in ("annotator_id", "answer")]
    if others:
        told.append(f"{', '.join(others)} not the same")
    return f"{key}: changed, {'; '.join(told)} ({place})"


def changed_distribution(con: Connection, old: str, new: str, row: tuple[Any, ...]) -> str:
    """The answers to a question about an item, before and after."""
    source, item, question, _, _ = row
    told = [distribution(con, relation, source, item, question) for relation in (old, new)]
    same = "; the annotators changed" if told[0] == told[1] else ""
    return f"{judgment_key(source, item, question)}: {told[0]} became {told[1]}{same}"


def distribution(con: Connection, relation: str, source: str, item: str, question: str) -> str:
    """The answers to a question about an item with how often each was given, the most frequent first."""
    query, parameters = sql.distribution_of(relation, source, item, question)
    answers = con.execute(query, parameters).fetchall()
    text = ", ".join(f"{short(answer)} × {count}" for answer, count in answers[:_ANSWERS])
    return (text + (", …" if len(answers) > _ANSWERS else "")) or "nothing"


@dataclass(frozen=True)
class Divided:
    """A question about an item on which people disagree: its entropy in bits, and the answers before and after."""

    source: str
    item: str
    question: str
    entropy: float
    before: str
    after: str


def most_divided(con: Connection, before: str, after: str, limit: int) -> list[Divided]:
    """The questions and items with the highest entropy of answers in ``before``, and what became of them."""
    rows = con.execute(
        f"select source_id, item_id, question_id, entropy(answer) as bits from {before}"
        " group by source_id, item_id, question_id having count(distinct answer) > 1"
        f" order by bits desc, count(*) desc, source_id, item_id, question_id limit {limit}"
    ).fetchall()
    return [
        Divided(
            source,
            item,
            question,
            bits,
            distribution(con, before, source, item, question),
            distribution(con, after, source, item, question),
        )
        for source, item, question, bits in rows
    ]


def short(answer: str | None) -> str:
    """An answer as evidence: one line, at most 60 characters."""
    if answer is None:
        return "no answer"
    return answer if len(answer) <= 60 else answer[:57] + "…"
