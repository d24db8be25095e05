"""Proves a run: the laws from the raw bytes to the marts, written to the run's ledger. No Dagster.

Nothing is believed that was written before: landing is bound anew, and raw files are read again by the second reader.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict

import duckdb

from expectations.laws.answers import Form, Forms, prove_answers
from expectations.laws.content import Tables, prove_content
from expectations.laws.definitions import ACCOUNTING
from expectations.laws.deliveries import DeliveryRelations, prove_deliveries, prove_history, prove_versions
from expectations.laws.evidence import Divided, most_divided
from expectations.laws.prove import Layer, prove_occurrences, prove_path
from expectations.laws.raw import FileBooks, FileRecount, prove_arrival, prove_ingest, prove_recount
from expectations.laws.verdicts import Verdict, sort_key
from pipelines.contracts.answers import AnswerMapping, ListedFields
from pipelines.contracts.model import SourceContract
from pipelines.contracts.paths import parse_path
from pipelines.landing.deliveries import file_sha256, raw_file
from pipelines.landing.home import Home
from pipelines.landing.land import layout_of
from pipelines.landing.quarantine import Replay
from pipelines.readers.recount import count_records
from pipelines.readers.recount_json import RecountError
from pipelines.shapes.sql import literal
from pipelines.warehouse.catalog import ANEW, bound_anew
from pipelines.warehouse.run_folder import RunFolder
from pipelines.warehouse.state import LandedFile, State

LANDING = Layer("landing", f"{ANEW}.judgments")
LAYERS = (
    LANDING,
    Layer("staging", "main.stg_judgments"),
    Layer("intermediate", "main.int_judgments_numbered"),
    Layer("marts", "main.judgments"),
)
"""The layers of judgments within a run, in order."""

WITHDRAWN_IN = "staging→intermediate"
"""The step that leaves out what later files replaced."""

DELIVERIES = DeliveryRelations.within(ANEW)
LANDED = Tables.within("landing", ANEW)
HISTORY = "main.judgment_history"
CONFLICTS = "main.quarantine"
"""Where contents that contradict an item's first one are kept."""

VERDICTS = "verdicts.json"

REPLAY = "quarantine→landing"
"""The step of what was in quarantine under the reading before. It tells of this home's past, so no release has it."""


def prove_run(run: RunFolder, state: State, home: Home, replays: Sequence[Replay] = ()) -> list[Verdict]:
    """Evaluate the laws over every step of a run, for the sources of a state, and keep the verdicts in its folder.

    Args:
        run: the run; its warehouse is opened for reading only.
        state: what landing holds of the sources.
        home: where their raw files lie.
        replays: what became of quarantined rows since their contract was mended.
    """
    with bound_anew(run, state) as con:
        verdicts = sorted([*prove_steps(con, state, home), *prove_replays(replays)], key=sort_key)
    (run.root / VERDICTS).write_text(json.dumps([asdict(verdict) for verdict in verdicts]))
    return verdicts


def divided(run: RunFolder, state: State, limit: int = 10) -> list[Divided]:
    """The items on which people disagree most, with their answers in landing and in the marts."""
    with bound_anew(run, state) as con:
        return most_divided(con, LANDING.relation, layer_of(LAYERS[-1], state.sources).relation, limit)


def prove_what_is_there(run: RunFolder, state: State, home: Home) -> list[Verdict]:
    """The laws over the layers that a run came to before it stopped. No ground for publishing, only for explaining."""
    with bound_anew(run, state) as con:
        built = _built(con)
        layers = [layer for layer in LAYERS if layer is LANDING or layer.relation in built]
        return sorted(prove_steps(con, state, home, layers), key=sort_key)


def prove_steps(
    con: duckdb.DuckDBPyConnection, state: State, home: Home, layers: Sequence[Layer] = LAYERS
) -> list[Verdict]:
    """The laws over every step from the raw bytes to the marts, on a warehouse that ``bound_anew`` opened."""
    landed = dict(con.execute(f"select source_id, count(*) from {LANDING.relation} group by source_id").fetchall())
    verdicts = prove_recount(recounts(state.files, home))
    verdicts += [_arrival(con, contract, home) for contract in state.contracts]
    verdicts += prove_ingest([_books(file) for file in state.files], state.redelivered, landed)
    verdicts += prove_answers(con, LANDING.relation, LANDED.questions, landed, forms_of(state.contracts))
    verdicts += prove_deliveries(con, DELIVERIES)
    own = [layer if layer is LANDING else layer_of(layer, state.sources) for layer in layers]
    verdicts += prove_path(con, own, exact=False, withdrawn={WITHDRAWN_IN: DELIVERIES.withdrawn})
    if LAYERS[-1] in layers:
        marts = own[-1]
        verdicts += prove_occurrences(con, marts, landed, DELIVERIES.files)
        verdicts += prove_versions(con, marts.name, marts.relation, landed, DELIVERIES)
    built = _built(con)
    if HISTORY in built:
        verdicts += prove_history(con, DELIVERIES.history, layer_of(Layer("", HISTORY), state.sources).relation)
    if {"main.items", "main.annotators", "main.annotator_attributes", CONFLICTS} <= built:
        verdicts += prove_content(con, LANDED, _marts_of(state), CONFLICTS, state.sources)
    return verdicts


def _arrival(con: duckdb.DuckDBPyConnection, contract: SourceContract, home: Home) -> Verdict:
    """The deliveries' own listings, read as they lie there, against the files that landing was bound to."""
    listings = [
        json.loads(path.read_bytes()) for path in (home.raw / contract.source / "deliveries").glob("[0-9]*.json")
    ]
    listings.sort(key=lambda listing: int(listing["sequence"]))
    chosen = listings[-1:] if contract.export_mode == "full" else listings
    listed = dict.fromkeys(file["sha256"] for listing in chosen for file in listing["files"])
    bound = con.execute(
        f"select file_sha256 from {ANEW}.files where source_id = {literal(contract.source)}"
        " group by file_sha256 order by min(file_position)"
    ).fetchall()
    return prove_arrival(contract.source, list(listed), [sha256 for (sha256,) in bound])


def layer_of(layer: Layer, sources: Collection[str]) -> Layer:
    """A layer's judgments of some sources."""
    chosen = ", ".join(literal(source) for source in sources)
    return Layer(layer.name, f"(select * from {layer.relation} where source_id in ({chosen}))")


def recounts(files: Sequence[LandedFile], home: Home) -> Iterator[FileRecount]:
    """Read each raw file that was taken once more: its digest, and its records by the second reader."""
    for landed in files:
        receipt, dialect = landed.receipt, landed.contract.files[landed.file.mapping].dialect
        if receipt.refused_as_a_whole:
            continue
        raw = raw_file(receipt.source, receipt.file_sha256, home)
        layout = layout_of(dialect)
        booked = receipt.records
        try:
            found = count_records(raw, layout)
            if found != booked:  # the quick count is wrong where a quote stands within an unquoted field
                found = count_records(raw, layout, exactly=True)
        except (RecountError, OSError, ValueError):
            found = -1
        yield FileRecount(receipt.source, receipt.file_sha256, file_sha256(raw), found, booked)


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


def read_verdicts(run: RunFolder) -> list[Verdict]:
    """The verdicts that a run's checks left. They are for people; the gate reads none."""
    rows = json.loads((run.root / VERDICTS).read_bytes())
    return [Verdict(**{**row, "offenders": tuple(row["offenders"])}) for row in rows]


def is_proved(run: RunFolder) -> bool:
    """Whether the laws were evaluated over every step of the run."""
    return (run.root / VERDICTS).exists()


def _built(con: duckdb.DuckDBPyConnection) -> set[str]:
    """The relations that a run's warehouse holds."""
    found = con.execute(
        "select table_schema || '.' || table_name from information_schema.tables"
        " where table_catalog = current_database()"
    ).fetchall()
    return {name for (name,) in found}


def _marts_of(state: State) -> Tables:
    """The marts beside the judgments, of some sources; annotators are of those that arrived with them."""
    marts = Tables.within("marts", "main")
    known = f"(select annotator_id from {LANDED.annotators})"
    return Tables(
        marts.name,
        marts.items,
        f"(select * from {marts.annotators} where annotator_id in {known})",
        marts.annotator_attributes,
        marts.questions,
        marts.sources,
        marts.quarantine,
    )


def forms_of(contracts: Iterable[SourceContract]) -> Forms:
    """How raw answers are written, as the contracts say."""
    return {
        (contract.source, question): _form(answer)
        for contract in contracts
        for mapping in contract.files
        for question, answer in mapping.answers.items()
    }


def _form(answer: AnswerMapping) -> Form:
    listed, spans = answer.listed, answer.spans
    if listed is None:
        return Form(separator=answer.split, is_tiers=bool(answer.tiers))
    paths = [_json_path(part, listed) for part in listed.parts() if part is not None]
    if None in paths:  # where a part is selected, not named, elements are only counted
        return Form()
    return Form(
        element_parts=tuple(path for path in paths if path is not None),
        start=None if spans is None or spans.start is None else _json_path(spans.start, spans),
        nothing_at=None if spans is None else spans.nothing_at,
    )


def _json_path(field: str, listed: ListedFields) -> str | None:
    """The JSON path of a field within an element; None where a step is no name."""
    steps = parse_path(field)
    if not all(isinstance(step, str) for step in steps):
        return None
    first, *others = steps
    begin = f"$[{first}]" if listed.is_by_place else f"$.{json.dumps(first, ensure_ascii=False)}"
    return begin + "".join(f".{json.dumps(step, ensure_ascii=False)}" for step in others)


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
