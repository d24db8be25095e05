"""Evaluates the laws over two layers of judgments and yields verdicts by source.

Fingerprints decide quickly between adjacent layers; the exact difference decides where they differ, and always
when asked for (at the gate).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from expectations.laws import sql
from expectations.laws.connection import Connection, first_offenders, of_source
from expectations.laws.definitions import ACCOUNTING, ATTRIBUTION, DISTRIBUTION, IDENTITY
from expectations.laws.evidence import changed_distribution, changed_judgment, judgment_key
from expectations.laws.verdicts import Verdict


@dataclass(frozen=True)
class Layer:
    """One layer's judgments: its name, and the relation that holds them."""

    name: str
    relation: str


@dataclass(frozen=True)
class _Book:
    count: int
    fingerprint: str

    def __add__(self, other: _Book) -> _Book:
        """The book of both together: a fingerprint is two sums of 64 bits."""
        halves = ((int(self.fingerprint[at : at + 16], 16), int(other.fingerprint[at : at + 16], 16)) for at in (0, 16))
        return _Book(self.count + other.count, "".join(f"{(one + two) % 2**64:016x}" for one, two in halves))


def prove_path(
    con: Connection, layers: Sequence[Layer], *, exact: bool, withdrawn: Mapping[str, str] | None = None
) -> list[Verdict]:
    """Laws 1, 2, 3 and 9 from layer to layer, by source: what was there is there after it, or was withdrawn.

    ``exact`` compares every column of every judgment even where the fingerprints agree. ``withdrawn`` has, by step, the
    relation that lists, by source and locator, the judgments which may be left out in it, and must be.
    """
    books = [_books(con, layer) for layer in layers]
    verdicts = []
    for (before, came), (after, went) in pairwise(zip(layers, books, strict=True)):
        step = f"{before.name}→{after.name}"
        verdicts += _prove_step(
            con, step, before, after, came, went, exact=exact, withdrawn=(withdrawn or {}).get(step)
        )
    return verdicts


def _prove_step(
    con: Connection,
    step: str,
    before: Layer,
    after: Layer,
    books_before: Mapping[str, _Book],
    books_after: Mapping[str, _Book],
    *,
    exact: bool,
    withdrawn: str | None,
) -> list[Verdict]:
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
        chosen = of_source(layer.relation, source)
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


def _offenders(con: Connection, source: str, before: Layer, after: Layer) -> dict[str, tuple[int, list[str]]]:
    """By law: how many offend, and the first of them in words.

    Laws 3 and 9 compare sums over the very rows that law 2 compares: where these are equal, so are those.
    """
    old, new = of_source(before.relation, source), of_source(after.relation, source)
    found: dict[str, tuple[int, list[str]]] = {}
    count, rows = first_offenders(con, sql.identity_difference(old, new))
    if not count:
        return found
    found[IDENTITY.code] = (count, [changed_judgment(*row) for row in rows])
    count, rows = first_offenders(con, sql.distribution_difference(old, new))
    found[DISTRIBUTION.code] = (count, [changed_distribution(con, old, new, row) for row in rows])
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
