"""Laws 6 and 7 from the raw bytes to landing: all of a raw file, read once more by plain Python. No Dagster.

The recount shares no code with readers and shapes (``expectations.recount``), so that a fault of theirs cannot hide.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import duckdb

from expectations.laws.connection import verdict
from expectations.laws.definitions import INDEPENDENCE, RESIDUE
from expectations.laws.evidence import judgment_key
from expectations.laws.neutral import Fingerprint, neutral_fingerprints
from expectations.laws.verdicts import NAMED_OFFENDERS, Verdict
from expectations.recount.recount import Recount, recount_file
from expectations.recount.refused import refused_of
from pipelines.domain.pseudonyms import PseudonymKey
from pipelines.landing.deliveries import raw_file
from pipelines.landing.home import Home
from pipelines.shapes.sql import literal
from pipelines.warehouse.catalog import ANEW
from pipelines.warehouse.state import LandedFile, State

STEP = "raw→landing"


def prove_recounted(con: duckdb.DuckDBPyConnection, state: State, key: PseudonymKey, home: Home) -> list[Verdict]:
    """Laws 6 and 7 between the raw bytes and landing, by source, on a warehouse that ``bound_anew`` opened."""
    return [
        verdict for source in sorted(state.sources) for verdict in _prove(con, source, state.of([source]), key, home)
    ]


def _prove(con: duckdb.DuckDBPyConnection, source: str, state: State, key: PseudonymKey, home: Home) -> list[Verdict]:
    own = f"(select * from {ANEW}.judgments where source_id = {literal(source)})"
    rows = con.execute(neutral_fingerprints(own, [])).fetchall()
    landed = Fingerprint(int(rows[0][0]), str(rows[0][1])) if rows else Fingerprint.none()
    recounted, faults, total, unnamed = Fingerprint.none(), [], 0, Counter[str]()
    for file, recount in _recounts(state, key, home, by_variation=False):
        recounted += recount.total
        total += recount.fault_count
        unnamed.update(recount.unnamed)
        faults += [f"{source}, file {file.receipt.file_sha256[:12]}, {fault}" for fault in recount.faults]
    if recounted != landed:
        named = _differing(con, own, source, state, key, home)
        total += max(len(named), 1)
        faults = [*named, *faults]
    prints = (recounted.digest, landed.digest)
    told = faults[:NAMED_OFFENDERS]
    counts = (recounted.count, landed.count)
    return [
        verdict(INDEPENDENCE, STEP, source, counts, (total, told), prints=prints),
        _residue(con, source, own, unnamed),
    ]


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
    for _, recount in _recounts(state, key, home, by_variation=True):
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
    state: State, key: PseudonymKey, home: Home, *, by_variation: bool
) -> Iterator[tuple[LandedFile, Recount]]:
    for file in state.files:
        receipt = file.receipt
        if receipt.role != "judgments":
            continue
        first = file.file.copy * receipt.records_recounted
        yield (
            file,
            recount_file(
                file.contract,
                file.file.mapping,
                raw_file(receipt.source, receipt.file_sha256, home),
                file.file.name,
                receipt.file_sha256,
                key,
                refused_of(file.folder, first),
                by_variation=by_variation,
            ),
        )
