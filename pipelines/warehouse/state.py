"""The present state of sources: which landed files make it up, and what became of earlier ones.

A run is built from a state. What proves the run asks landing for the state anew: a warehouse is never believed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.contracts.model import SourceContract
from pipelines.domain.pseudonyms import PseudonymKey
from pipelines.landing.deliveries import DeliveredFile, current_files, deliveries, is_told_apart
from pipelines.landing.history import History, HistoryError, read_history
from pipelines.landing.home import Home
from pipelines.landing.quarantine import Replay, replayed
from pipelines.landing.receipts import FileReceipt, folder_of, read_receipt


class CatalogError(RuntimeError):
    """The landing area does not hold what a run needs; the message says what to do."""


class StaleError(CatalogError):
    """A source was delivered again, or its contract changed, since the run was built; the run's tables are outdated."""


@dataclass(frozen=True)
class LandedFile:
    """A landed file in the current state of its source."""

    contract: SourceContract
    delivery: int
    file: DeliveredFile
    folder: Path
    receipt: FileReceipt


def landed_files(contract: SourceContract, key: PseudonymKey, home: Home) -> list[LandedFile]:
    """The files that make up a source's state, in order of arrival.

    Raises:
        CatalogError: a delivered file has not been landed under the present contract and key.
    """
    found = []
    for delivery, file in current_files(contract, home):
        folder = folder_of(contract, file, key, home)
        if not folder.exists():
            raise CatalogError(
                f"{contract.source}: {file.name} was delivered but is not landed under the present contract;"
                f" run: variorum run --source {contract.source}"
            )
        found.append(LandedFile(contract, delivery, file, folder, read_receipt(folder)))
    return found


def delivered_sources(contracts: Iterable[SourceContract], home: Home) -> list[SourceContract]:
    """The sources of which anything was ever delivered."""
    return [contract for contract in contracts if deliveries(contract.source, home)]


@dataclass(frozen=True)
class State:
    """The present state of some sources.

    Attributes:
        files: the landed files, source by source, in order of arrival.
        redelivered: by source, records of files that its last delivery held twice.
    """

    contracts: tuple[SourceContract, ...]
    files: tuple[LandedFile, ...]
    histories: tuple[History, ...]
    redelivered: Mapping[str, int]

    @property
    def sources(self) -> tuple[str, ...]:
        """The codes of the sources."""
        return tuple(contract.source for contract in self.contracts)

    def of(self, sources: Collection[str]) -> State:
        """The part of the state that is of some of its sources."""
        return State(
            tuple(contract for contract in self.contracts if contract.source in sources),
            tuple(file for file in self.files if file.contract.source in sources),
            tuple(history for history in self.histories if history.source in sources),
            {source: records for source, records in self.redelivered.items() if source in sources},
        )


def present_state(contracts: Iterable[SourceContract], key: PseudonymKey, home: Home) -> State:
    """The state of sources as landing holds it now.

    Raises:
        CatalogError: a delivered file is not landed, or a change is missing or is no longer what was written.
    """
    chosen = tuple(contracts)
    files = tuple(file for contract in chosen for file in landed_files(contract, key, home))
    try:
        histories = tuple(read_history(contract, key, home) for contract in chosen)
    except HistoryError as error:
        raise CatalogError(str(error)) from None
    return State(chosen, files, histories, {one.source: _redelivered(one, files, home) for one in chosen})


def state_of_run(warehouse: Path, contracts: Mapping[str, SourceContract], key: PseudonymKey, home: Home) -> State:
    """The present state of the sources that a warehouse was bound to.

    Raises:
        StaleError: the warehouse was bound to another state.
        CatalogError: as ``present_state`` does.
    """
    with duckdb.connect(str(warehouse), read_only=True) as con:
        rows = con.execute("select source_id, mapping, file_sha256, delivery from landing.files").fetchall()
    bound = {(source, mapping, sha256): delivery for source, mapping, sha256, delivery in rows}
    state = present_state([contracts[source] for source in sorted({row[0] for row in rows})], key, home)
    now: dict[tuple[str, int, str], int] = {}
    for one in state.files:
        now.setdefault((one.contract.source, one.file.mapping, one.file.sha256), one.delivery)
    if other := sorted({source for (source, *_), _ in bound.items() ^ now.items()}):
        raise StaleError(
            f"{', '.join(other)}: a delivery came, or a file went, since this run bound its files; its tables hold"
            " an older state, and nothing of them is released. What to do: run again: variorum run"
        )
    return state


def _redelivered(contract: SourceContract, files: Sequence[LandedFile], home: Home) -> int:
    """Records of files that the source's last delivery held twice."""
    own = {
        (one.file.mapping, one.file.sha256): one.receipt.records_recounted
        for one in files
        if one.contract.source == contract.source
    }
    twins = deliveries(contract.source, home)[-1].redelivered
    return sum(own[twin.mapping, twin.sha256] for twin in twins if not is_told_apart(contract, twin))


def replays_of(state: State, home: Home) -> list[Replay]:
    """What became of the quarantine of each source since its contract was mended, where it was."""
    by_source: dict[str, list[Path]] = {}
    for landed in state.files:
        by_source.setdefault(landed.contract.source, []).append(landed.folder)
    found = (replayed(source, folders, home) for source, folders in by_source.items())
    return [replay for replay in found if replay is not None]
