"""Laws 1, 7 and 9 from the raw bytes to landing: each file's books, and a second reading that knows none of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from expectations.laws.connection import verdict
from expectations.laws.definitions import ACCOUNTING, ATTRIBUTION, INDEPENDENCE
from expectations.laws.verdicts import NAMED_OFFENDERS, Verdict


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
class FileRecount:
    """What a second reading of a raw file found, beside what its books say.

    ``digest`` is the sha256 of the bytes as they lie there now; ``booked`` counts the records taken and refused.
    """

    source: str
    file: str
    digest: str
    recounted: int
    booked: int


def prove_arrival(source: str, listed: Sequence[str], bound: Sequence[str]) -> Verdict:
    """Law 1 from the deliveries to what a run is bound to: the files that the listings name, in order of arrival.

    Args:
        source: the source.
        listed: digests of the files of its state, as its deliveries list them.
        bound: digests of the files that landing was bound to, by their position.
    """
    faults = [f"{source}: the file {one[:12]} was delivered and is not taken" for one in listed if one not in bound]
    faults += [f"{source}: the file {one[:12]} is no file of the present state" for one in bound if one not in listed]
    if not faults and list(listed) != list(bound):
        at = next(place for place, pair in enumerate(zip(listed, bound, strict=True)) if pair[0] != pair[1])
        faults.append(f"{source}: file {bound[at][:12]} stands in place {at + 1}, where {listed[at][:12]} arrived")
    return verdict(ACCOUNTING, "deliveries→files", source, (len(listed), len(bound)), (len(faults), faults))


def prove_recount(recounts: Iterable[FileRecount]) -> list[Verdict]:
    """Law 7 from the raw bytes to records, by source: the bytes are those delivered, with as many records as booked."""
    by_source: dict[str, list[FileRecount]] = {}
    for one in recounts:
        by_source.setdefault(one.source, []).append(one)
    verdicts = []
    for source, files in sorted(by_source.items()):
        faults = [
            f"{source}, file {one.file[:12]}: its bytes have changed since they were delivered"
            for one in files
            if one.digest != one.file
        ]
        faults += [
            f"{source}, file {one.file[:12]}: {one.booked} records in the books, a second reading finds {one.recounted}"
            for one in files
            if one.recounted != one.booked
        ]
        counts = (sum(one.recounted for one in files), sum(one.booked for one in files))
        verdicts.append(verdict(INDEPENDENCE, "raw→records", source, counts, (len(faults), faults)))
    return verdicts


def prove_ingest(
    files: Iterable[FileBooks], redelivered: Mapping[str, int], landed: Mapping[str, int]
) -> list[Verdict]:
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
