"""Proves a run: the laws from the raw bytes to the marts, written to the run's ledger. No Dagster."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from itertools import pairwise

import duckdb

from expectations.laws.definitions import ACCOUNTING
from expectations.laws.deliveries import DeliveryRelations, prove_deliveries, prove_history, prove_versions
from expectations.laws.prove import FileBooks, Layer, prove_ingest, prove_occurrences, prove_step
from expectations.laws.verdicts import Verdict, sort_key
from pipelines.landing.quarantine import Replay
from pipelines.warehouse.catalog import LandedFile
from pipelines.warehouse.run_folder import RunFolder

LAYERS = (
    Layer("landing", "landing.judgments"),
    Layer("staging", "main.stg_judgments"),
    Layer("intermediate", "main.int_judgments_numbered"),
    Layer("marts", "main.judgments"),
)
"""The layers of judgments within a run, in order."""

WITHDRAWN_IN = "staging→intermediate"
"""The step that leaves out what later files replaced."""

DELIVERIES = DeliveryRelations()
HISTORY = "main.judgment_history"

ARRIVAL = "landing.files"
"""The order in which the raw files arrived."""

VERDICTS = "verdicts.json"

REPLAY = "quarantine→landing"
"""The step of what was in quarantine under the reading before. It tells of this home's past, so no release has it."""


def prove_run(
    run: RunFolder, files: Sequence[LandedFile], redelivered: dict[str, int], replays: Sequence[Replay] = ()
) -> list[Verdict]:
    """Evaluate the laws over every step of a run and keep the verdicts in its folder.

    Args:
        run: the run; its warehouse is opened for reading only.
        files: the landed files that its warehouse is bound to.
        redelivered: by source, records of files that its last delivery held twice.
        replays: what became of quarantined rows since their contract was mended.
    """
    verdicts = sorted([*_prove(run, files, redelivered, LAYERS), *prove_replays(replays)], key=sort_key)
    (run.root / VERDICTS).write_text(json.dumps([asdict(verdict) for verdict in verdicts]))
    return verdicts


def prove_what_is_there(run: RunFolder, files: Sequence[LandedFile], redelivered: dict[str, int]) -> list[Verdict]:
    """The laws over the layers that a run came to before it stopped. No ground for publishing, only for explaining."""
    with duckdb.connect(str(run.warehouse), read_only=True) as con:
        built = _built(con)
    return _prove(run, files, redelivered, [layer for layer in LAYERS if layer.relation in built])


def prove_replays(replays: Sequence[Replay]) -> list[Verdict]:
    """Law 1 from quarantine to landing: what was refused is taken now, still refused, or asked for no more."""
    return [
        Verdict(
            ACCOUNTING.code,
            REPLAY,
            replay.source,
            count_in=replay.before,
            count_out=replay.taken,
            count_quarantined=replay.still,
            count_withdrawn=replay.unasked,
            offending=abs(replay.before - replay.taken - replay.still - replay.unasked),
        )
        for replay in replays
        if replay.before
    ]


def _built(con: duckdb.DuckDBPyConnection) -> set[str]:
    """The relations that a run's warehouse holds."""
    found = con.execute("select table_schema || '.' || table_name from information_schema.tables").fetchall()
    return {name for (name,) in found}


def read_verdicts(run: RunFolder) -> list[Verdict]:
    """The verdicts of a proved run."""
    rows = json.loads((run.root / VERDICTS).read_bytes())
    return [Verdict(**{**row, "offenders": tuple(row["offenders"])}) for row in rows]


def is_proved(run: RunFolder) -> bool:
    """Whether the laws were evaluated over every step of the run."""
    return (run.root / VERDICTS).exists()


def _prove(
    run: RunFolder, files: Sequence[LandedFile], redelivered: dict[str, int], layers: Sequence[Layer]
) -> list[Verdict]:
    con = duckdb.connect(str(run.warehouse), read_only=True)
    try:
        con.execute("set timezone = 'UTC'; set enable_progress_bar = false")
        landed = dict(con.execute("select source_id, count(*) from landing.judgments group by source_id").fetchall())
        verdicts = prove_ingest([_books(file) for file in files], redelivered, landed)
        verdicts += prove_deliveries(con, DELIVERIES)
        for before, after in pairwise(layers):
            withdrawn = DELIVERIES.withdrawn if f"{before.name}→{after.name}" == WITHDRAWN_IN else None
            verdicts += prove_step(con, before, after, exact=False, withdrawn=withdrawn)
        if (marts := LAYERS[-1]) in layers:
            verdicts += prove_occurrences(con, marts, landed, ARRIVAL)
            verdicts += prove_versions(con, marts.name, marts.relation, landed, DELIVERIES)
        if HISTORY in _built(con):
            verdicts += prove_history(con, DELIVERIES.history, HISTORY)
    finally:
        con.close()
    return sorted(verdicts, key=sort_key)


def _books(landed: LandedFile) -> FileBooks:
    receipt = landed.receipt
    return FileBooks(
        source=receipt.source,
        file=receipt.file_sha256,
        records_recounted=receipt.records_recounted,
        records_taken=receipt.records - (0 if receipt.refused_as_a_whole else receipt.records_refused),
        records_refused=receipt.records_refused,
        acts=receipt.acts,
        acts_refused=receipt.acts_refused,
        candidates=receipt.candidates,
        judgments=receipt.judgments,
        judgments_refused=receipt.judgments_refused,
        raw_annotators=receipt.raw_annotators,
        annotators=receipt.annotators,
    )
