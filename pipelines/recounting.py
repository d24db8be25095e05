"""Laws 5, 6 and 7 from the raw bytes to landing: all of a raw file, read once more by plain Python. No Dagster.

The recount shares no code with readers and shapes (``expectations.recount``), so that a fault of theirs cannot hide.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import duckdb

from expectations.laws.connection import verdict
from expectations.laws.definitions import CONTENT, INDEPENDENCE, RESIDUE
from expectations.laws.evidence import judgment_key
from expectations.laws.neutral import Fingerprint, neutral_fingerprints, summed
from expectations.laws.verdicts import NAMED_OFFENDERS, Verdict
from expectations.recount.beside import content_text, moment_text
from expectations.recount.recount import Recount
from expectations.recount.refused import refused_of
from expectations.recount.shares import recount_in_shares
from pipelines.domain.pseudonyms import PseudonymKey
from pipelines.landing.deliveries import raw_file
from pipelines.landing.home import Home
from pipelines.shapes.sql import literal
from pipelines.warehouse.catalog import ANEW
from pipelines.warehouse.state import LandedFile, State

STEP = "raw→landing"


def prove_recounted(con: duckdb.DuckDBPyConnection, state: State, key: PseudonymKey, home: Home) -> list[Verdict]:
    """Laws 5, 6 and 7 between the raw bytes and landing, by source, on a warehouse that ``bound_anew`` opened."""
    return [
        verdict for source in sorted(state.sources) for verdict in _prove(con, source, state.of([source]), key, home)
    ]


def _prove(con: duckdb.DuckDBPyConnection, source: str, state: State, key: PseudonymKey, home: Home) -> list[Verdict]:
    own = f"(select * from {ANEW}.judgments where source_id = {literal(source)})"
    rows = con.execute(neutral_fingerprints(own, [])).fetchall()
    landed = Fingerprint(int(rows[0][0]), str(rows[0][1])) if rows else Fingerprint.none()
    recounted, faults, total, unnamed = Fingerprint.none(), [], 0, Counter[str]()
    contents: set[int] = set()
    moments: list[Fingerprint | None] = []
    for file, recount in _recounts(state, key, home, contents=contents):
        recounted += recount.total
        total += recount.fault_count
        unnamed.update(recount.unnamed)
        if file.receipt.role == "judgments":
            moments.append(recount.moments)
        faults += [f"{source}, file {file.receipt.file_sha256[:12]}, {fault}" for fault in recount.faults]
    if recounted != landed:
        named = _differing(con, own, source, state, key, home)
        total += max(len(named), 1)
        faults = [*named, *faults]
    if _are_other(con, own, moments):
        total += 1
        faults = [f"{source}: when judgments were given, or how long they took, is not what the raw files say", *faults]
    prints = (recounted.digest, landed.digest)
    told = faults[:NAMED_OFFENDERS]
    counts = (recounted.count, landed.count)
    return [
        verdict(INDEPENDENCE, STEP, source, counts, (total, told), prints=prints),
        _residue(con, source, own, unnamed),
        _contents(con, source, contents),
    ]


def _are_other(con: duckdb.DuckDBPyConnection, own: str, moments: Sequence[Fingerprint | None]) -> bool:
    """Whether landing has other moments than the raw files; not told where a file writes them in an unplain way."""
    known = [one for one in moments if one is not None]
    if not known or len(known) < len(moments):
        return False
    ((count, digest),) = con.execute(summed(f"select md5_number(said) as digest from ({moment_text(own)})")).fetchall()
    return sum(known, Fingerprint.none()) != Fingerprint(int(count), str(digest))


def _contents(con: duckdb.DuckDBPyConnection, source: str, contents: set[int]) -> Verdict:
    """Law 5: what items hold in landing is what the raw files say, and all of it."""
    landed = f"(select * from {ANEW}.items where source_id = {literal(source)})"
    digests = f"select distinct item_id, md5_number(said) as digest from ({content_text(landed)})"
    ((count, digest),) = con.execute(summed(digests)).fetchall()
    there = Fingerprint(int(count), str(digest))
    upper, lower = sum(one >> 64 for one in contents) % 2**64, sum(one % 2**64 for one in contents) % 2**64
    raw = Fingerprint(len(contents), f"{upper:016x}{lower:016x}")
    named, total = [], 0
    if raw != there:
        held = con.execute(f"{digests} order by item_id").fetchall()
        named = [f"{source}/{item} holds what no raw file says of it" for item, one in held if int(one) not in contents]
        lost = len(contents - {int(one) for _, one in held})
        total = len(named) + lost
        if lost:
            named.append(f"{source}: {lost} contents of items in the raw files are not in landing")
    prints = (raw.digest, there.digest)
    return verdict(CONTENT, f"{STEP} items", source, (raw.count, there.count), (total, named), prints=prints)


def _residue(con: duckdb.DuckDBPyConnection, source: str, own: str, unnamed: Mapping[str, int]) -> Verdict:
    """Law 6: each field that no contract names is in ``extra`` of the judgments of its record, or of their item."""
    con.execute("create or replace temp table unnamed (field varchar, held bigint)")
    if unnamed:
        con.executemany("insert into unnamed values (?, ?)", sorted(unnamed.items()))
    rows = con.execute(
        f"with said as (select file_sha256, record_ordinal, unnest(json_keys(extra)) as field from {own}"
        f" union select file_sha256, record_ordinal, field from {own} join"
        f" (select distinct item_id, unnest(json_keys(extra)) as field from {ANEW}.items"
        f" where source_id = {literal(source)}) using (item_id))"
        " select field, held, coalesce(kept, 0) from unnamed left join"
        " (select field, count(*) as kept from said group by field) using (field) order by field"
    ).fetchall()
    lost = [(field, held, kept) for field, held, kept in rows if kept < held]
    named = [
        f"{source}: {held} records with judgments hold {field}, {kept} keep it in extra" for field, held, kept in lost
    ]
    counts = (sum(held for _, held, _ in rows), sum(min(held, kept) for _, held, kept in rows))
    return verdict(RESIDUE, STEP, source, counts, (sum(held - kept for _, held, kept in lost), named))


def _differing(
    con: duckdb.DuckDBPyConnection, own: str, source: str, state: State, key: PseudonymKey, home: Home
) -> list[str]:
    """The questions and items of which the raw files hold other judgments than landing."""
    raw: dict[tuple[str, str], Fingerprint] = {}
    for _, recount in _recounts(state, key, home):
        for place, one in recount.by_variation.items():
            raw[place] = raw.get(place, Fingerprint.none()) + one
    landed = {
        (item, question): Fingerprint(int(count), digest)
        for item, question, count, digest in con.execute(
            neutral_fingerprints(own, ["item_id", "question_id"])
        ).fetchall()
    }
    none = Fingerprint.none()
    places = [place for place in sorted(raw.keys() | landed.keys()) if raw.get(place, none) != landed.get(place, none)]
    named = []
    for place in places:
        came, went = raw.get(place, none).count, landed.get(place, none).count
        told = "" if came != went else ", not the same ones"
        named.append(f"{judgment_key(source, *place)}: {came} judgments in the raw files, {went} in landing{told}")
    return named


def _recounts(
    state: State, key: PseudonymKey, home: Home, contents: set[int] | None = None
) -> Iterator[tuple[LandedFile, Recount]]:
    """Every raw file that judges or describes items; by variation, where contents are not asked for."""
    timed = any(mapping.judged_at or mapping.duration_s for one in state.contracts for mapping in one.files)
    for file in state.files:
        receipt = file.receipt
        if receipt.role not in ("judgments", "items"):
            continue
        first = file.file.copy * receipt.records_recounted
        raw = raw_file(receipt.source, receipt.file_sha256, home)
        yield (
            file,
            recount_in_shares(
                raw,
                file.contract,
                file.file.mapping,
                raw,
                file.file.name,
                receipt.file_sha256,
                key,
                refused_of(file.folder, first),
                by_variation=contents is None,
                with_moments=contents is not None and timed,
                contents=contents,
            ),
        )
