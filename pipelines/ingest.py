"""Ingest of one source, start to end: receive its delivery, land its files, compare it with the one before, report.

No Dagster: the asset and the command both call this.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.contracts.model import SourceContract
from pipelines.domain.pseudonyms import PseudonymKey
from pipelines.landing.deliveries import Delivery, current_files, deliveries, receive
from pipelines.landing.history import History, fold_history, land_past, read_history
from pipelines.landing.home import Home
from pipelines.landing.land import land_file
from pipelines.landing.quarantine import note_reading
from pipelines.landing.receipts import FileReceipt


@dataclass(frozen=True)
class IngestReport:
    """What ingesting a source came to.

    Attributes:
        is_new: whether the inbox held anything that was not delivered before.
        receipts: one for each file of the source's current state.
        unmatched: files of the inbox folder that no pattern of the contract matches.
        change: how many judgments the last delivery left unchanged, corrected, added, deleted or repeated; None for
            a source's first delivery, and where the last one is no state, since a judgments file was refused.
        skipped: deliveries that are no states.
    """

    source: str
    delivery: Delivery
    is_new: bool
    receipts: tuple[FileReceipt, ...]
    unmatched: tuple[str, ...]
    change: dict[str, int] | None = None
    skipped: tuple[int, ...] = ()

    def total(self, count: str) -> int:
        """Sum of one of the receipts' counts, such as ``judgments``."""
        return sum(int(getattr(receipt, count)) for receipt in self.receipts)

    @property
    def refused_files(self) -> tuple[FileReceipt, ...]:
        """The files that could not be taken at all."""
        return tuple(receipt for receipt in self.receipts if receipt.refused_as_a_whole)


def ingest_source(
    contract: SourceContract,
    inbox: Path,
    home: Home,
    key: PseudonymKey,
    on_progress: Callable[[str, int], None] | None = None,
) -> IngestReport:
    """Take what lies in the source's inbox folder, and land every file of its current state.

    ``on_progress`` is told the file's digest and the number of records read so far.

    Raises:
        InboxError: the inbox folder is missing, holds no judgments file, or a file is still being written; or an
            earlier file is no longer matched by the contract.
    """
    received = receive(contract, inbox, home)
    receipts = land_delivered(contract, home, key, on_progress)
    history = read_history(contract, key, home)
    return IngestReport(
        contract.source,
        received.delivery,
        received.is_new,
        receipts,
        received.unmatched,
        _change(contract, history, receipts, home),
        history.skipped,
    )


def land_delivered(
    contract: SourceContract, home: Home, key: PseudonymKey, on_progress: Callable[[str, int], None] | None = None
) -> tuple[FileReceipt, ...]:
    """Land and compare the files of a source's states that are not landed as its contract reads them now.

    Returns:
        the receipts of the present state.

    Raises:
        InboxError: an earlier file is no longer matched by the contract.
    """
    receipts = []
    for _, file in current_files(contract, home):
        told = (lambda count, digest=file.sha256: on_progress(digest, count)) if on_progress else None
        receipts.append(land_file(contract, file, key, home, told))
    land_past(contract, key, home, on_progress)
    fold_history(contract, key, home)
    note_reading(contract, key, home)
    return tuple(receipts)


def _change(
    contract: SourceContract, history: History, receipts: Sequence[FileReceipt], home: Home
) -> dict[str, int] | None:
    """What the last delivery did to the judgments that were there; where files only add, the receipts know."""
    delivered = deliveries(contract.source, home)
    if len(delivered) < 2 or not history.is_current:
        return None
    if history.changes:
        return history.changes[-1].receipt.counts()
    if contract.export_mode == "full":
        return None
    first = [sequence for sequence, _ in current_files(contract, home)]
    counted = list(zip(first, receipts, strict=True))
    added = sum(receipt.judgments for sequence, receipt in counted if sequence == delivered[-1].sequence)
    total = sum(receipt.judgments for receipt in receipts)
    return {"unchanged": total - added, "corrected": 0, "added": added, "deleted": 0, "repeated": 0}
