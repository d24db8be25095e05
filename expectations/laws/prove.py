"""Evaluates the laws over two layers of judgments and yields verdicts by source.

Fingerprints decide quickly between adjacent layers; the exact difference decides where they differ, and always
when asked for (at the gate).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from expectations.laws import sql
from expectations.laws.definitions import ACCOUNTING, ATTRIBUTION, DISTRIBUTION, IDENTITY
from expectations.laws.verdicts import NAMED_OFFENDERS, Verdict

_ANSWERS = 5
"""How many different answers to a question are shown as evidence."""


class Connection(Protocol):
    """The little of a DuckDB connection that the laws need."""

    def execute(self, query: str, parameters: Any = None) -> Any:
        """Run a query; the result has ``fetchall``."""


@dataclass(frozen=True)
class Layer:
    """One layer's judgments: its name, and the relation that holds them."""

    name: str
    relation: str


@dataclass(frozen=True)
class FileBooks:
    """The books of one raw file, as the landing area's receipt keeps them; counts of records, acts and judgments."""

    source: str
    file: str
    records_recounted: int
    records_taken: int
    records_refused: int
    acts: int
    acts_refused: int
    candidates: int
    judgments: int
    judgments_refused: int
    raw_annotators: int
    annotators: int


@dataclass(frozen=True)
class _Book:
    count: int
    fingerprint: str

    def __add__(self, other: _Book) -> _Book:
        """The book of both together: a fingerprint is two sums of 64 bits."""
        halves = ((int(self.fingerprint[at : at + 16], 16), int(other.fingerprint[at : at + 16], 16)) for at in (0, 16))
        return _Book(self.count + other.count, "".join(f"{(one + two) % 2**64:016x}" for one, two in halves))


def prove_ingest(files: Iterable[FileBooks], redelivered: dict[str, int], landed: dict[str, int]) -> list[Verdict]:
    """Laws 1 and 9 from the raw bytes to landing, by source.

    Args:
        files: the books of the source's current files.
        redelivered: by source, records of files that its last delivery held twice; they are not taken again.
        landed: by source, judgments that are really in landing.
    """
    by_source: dict[str, list[FileBooks]] = {}
    for books in files:
        by_source.setdefault(books.source, []).append(books)
    verdicts = []
    for source, all_books in sorted(by_source.items()):
        verdicts.append(_records(source, all_books, redelivered.get(source, 0)))
        verdicts.append(_judgments(source, all_books, landed.get(source, 0)))
        verdicts.append(_injectivity(source, all_books))
    return verdicts


def _records(source: str, books: Sequence[FileBooks], redelivered: int) -> Verdict:
    offenders = [
        f"{source}, file {book.file[:12]}: {book.records_recounted} records, {book.records_taken} taken,"
        f" {book.records_refused} quarantined"
        for book in books
        if book.records_recounted != book.records_taken + book.records_refused
    ]
    return Verdict(
        ACCOUNTING.code,
        "raw→records",
        source,
        sum(book.records_recounted for book in books) + redelivered,
        sum(book.records_taken for book in books),
        sum(book.records_refused for book in books),
        redelivered,
        offending=len(offenders),
        offenders=tuple(offenders[:NAMED_OFFENDERS]),
    )


def _judgments(source: str, books: Sequence[FileBooks], landed: int) -> Verdict:
    offenders = [
        f"{source}, file {book.file[:12]}: {book.candidates} answers, {book.judgments} landed,"
        f" {book.judgments_refused} quarantined"
        for book in books
        if book.candidates != book.judgments + book.judgments_refused
    ]
    counted = sum(book.judgments for book in books)
    if counted != landed:
        offenders.append(f"{source}: the receipts say {counted} judgments, landing holds {landed}")
    return Verdict(
        ACCOUNTING.code,
        "records→landing",
        source,
        sum(book.candidates for book in books),
        landed,
        sum(book.judgments_refused for book in books),
        offending=len(offenders),
        offenders=tuple(offenders[:NAMED_OFFENDERS]),
    )


def _injectivity(source: str, books: Sequence[FileBooks]) -> Verdict:
    offenders = [
        f"{source}, file {book.file[:12]}: {book.raw_annotators} raw ids became {book.annotators} pseudonyms"
        for book in books
        if book.raw_annotators != book.annotators
    ]
    return Verdict(
        ATTRIBUTION.code,
        "raw→landing",
        source,
        sum(book.raw_annotators for book in books),
        sum(book.annotators for book in books),
        offending=len(offenders),
        offenders=tuple(offenders[:NAMED_OFFENDERS]),
    )


def prove_step(
    con: Connection, before: Layer, after: Layer, *, exact: bool, withdrawn: str | None = None
) -> list[Verdict]:
    """Laws 1, 2, 3 and 9 between two layers, by source: what was there is there after it, or was withdrawn.

    ``exact`` compares every column of every judgment even where the fingerprints agree. ``withdrawn`` is the relation
    that lists, by source and locator, the judgments which may be left out in this step, and must be.
    """
    step = f"{before.name}→{after.name}"
    books_before, books_after = _books(con, before), _books(con, after)
    left_out = _left_out(con, before, withdrawn)
    books_left_out = _books(con, left_out) if left_out else {}
    whole = Layer(after.name, _both(after, left_out)) if left_out else after
    sources = sorted(books_before.keys() | books_after.keys())
    none = _Book(0, "0" * 32)
    verdicts = []
    for source in sources:
        came, went = books_before.get(source, none), books_after.get(source, none)
        out = books_left_out.get(source, none)
        found = _offenders(con, source, before, whole) if exact or came != went + out else {}
        for law in (ACCOUNTING, IDENTITY, DISTRIBUTION, ATTRIBUTION):
            if law is ACCOUNTING:
                count = abs(came.count - went.count - out.count)
                told = f", {out.count} withdrawn" if out.count else ""
                named = [f"{source}: {came.count} judgments before, {went.count} after{told}"] if count else []
            else:
                count, named = found.get(law.code, (0, []))
            verdicts.append(
                Verdict(
                    law.code,
                    step,
                    source,
                    came.count,
                    went.count,
                    count_withdrawn=out.count,
                    fingerprint_in=came.fingerprint,
                    fingerprint_out=went.fingerprint,
                    offending=count,
                    offenders=tuple(named),
                )
            )
    return verdicts


def prove_occurrences(con: Connection, layer: Layer, sources: Iterable[str], files: str) -> list[Verdict]:
    """Law 9 within a layer: the occurrences of each annotator's repeated answers are 1, 2, … in order of arrival.

    ``files`` is the relation that holds the order in which files arrived, as ``sql.wrong_occurrences`` wants it.
    """
    verdicts = []
    for source in sorted(sources):
        chosen = _of(layer, source)
        total = con.execute(f"select count(*) from {chosen}").fetchall()[0][0]
        count, rows = first_offenders(con, sql.wrong_occurrences(chosen, files))
        named = [
            f"{judgment_key(where, item, question)}, annotator {who or 'unknown'}: occurrence {occurrence},"
            f" in order of arrival it is {place}"
            for where, item, who, question, occurrence, place in rows
        ]
        verdicts.append(
            Verdict(
                ATTRIBUTION.code,
                f"{layer.name} occurrences",
                source,
                total,
                total,
                offending=count,
                offenders=tuple(named),
            )
        )
    return verdicts


def _books(con: Connection, layer: Layer) -> dict[str, _Book]:
    rows = con.execute(sql.fingerprints(layer.relation)).fetchall()
    return {source: _Book(count, fingerprint) for source, count, fingerprint in rows}


def _left_out(con: Connection, before: Layer, withdrawn: str | None) -> Layer | None:
    """The judgments of a layer that were withdrawn; None where there are none, which costs nothing."""
    if withdrawn is None or not con.execute(f"select count(*) from {withdrawn}").fetchall()[0][0]:
        return None
    listed = f"(select source_id, {', '.join(sql.LOCATOR)} from {withdrawn})"
    place = ", ".join(("source_id", *sql.LOCATOR))
    return Layer("withdrawn", f"(select * from {before.relation} semi join {listed} using ({place}))")


def _both(one: Layer, other: Layer) -> str:
    columns = ", ".join(sql.COMPARED)
    return f"(select {columns} from {one.relation} union all select {columns} from {other.relation})"


def _of(layer: Layer, source: str) -> str:
    quoted = source.replace("'", "''")
    return f"(select * from {layer.relation} where coalesce(source_id, '') = '{quoted}')"


def judgment_key(source: object, item: object, question: object) -> str:
    """What a judgment is about, for people."""
    return f"{source}/{item}, question {question}"


def _offenders(con: Connection, source: str, before: Layer, after: Layer) -> dict[str, tuple[int, list[str]]]:
    """By law: how many offend, and the first of them in words."""
    old, new = _of(before, source), _of(after, source)
    found: dict[str, tuple[int, list[str]]] = {}
    count, rows = first_offenders(con, sql.identity_difference(old, new))
    found[IDENTITY.code] = (count, [_judgment(*row) for row in rows])
    count, rows = first_offenders(con, sql.distribution_difference(old, new))
    found[DISTRIBUTION.code] = (count, [_distribution(con, old, new, row) for row in rows])
    count, rows = first_offenders(con, sql.attribution_difference(old, new))
    found[ATTRIBUTION.code] = (
        count,
        [
            f"{where}, annotator {who or 'unknown'}: {was} judgments before, {now} after"
            + (", not the same ones" if was == now else "")
            for where, who, was, now in rows
        ],
    )
    return found


def first_offenders(con: Connection, query: str) -> tuple[int, list[tuple[Any, ...]]]:
    """How many rows a query has, and the first of them."""
    con.execute(f"create or replace temp table offenders as {query}")
    count = con.execute("select count(*) from offenders").fetchall()[0][0]
    rows = con.execute(f"select * from offenders limit {NAMED_OFFENDERS}").fetchall() if count else []
    return count, rows


def _judgment(
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


def _distribution(con: Connection, old: str, new: str, row: tuple[Any, ...]) -> str:
    source, item, question, _, _ = row
    told = []
    for relation in (old, new):
        query, parameters = sql.distribution_of(relation, source, item, question)
        answers = con.execute(query, parameters).fetchall()
        text = ", ".join(f"{short(answer)} × {count}" for answer, count in answers[:_ANSWERS])
        told.append((text + (", …" if len(answers) > _ANSWERS else "")) or "nothing")
    same = "; the annotators changed" if told[0] == told[1] else ""
    return f"{judgment_key(source, item, question)}: {told[0]} became {told[1]}{same}"


def short(answer: str | None) -> str:
    """An answer as evidence: one line, at most 60 characters."""
    if answer is None:
        return "no answer"
    return answer if len(answer) <= 60 else answer[:57] + "…"
