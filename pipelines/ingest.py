"""Ingest of one source, start to end: receive its delivery, land its files, report what came of it.

No Dagster: the asset and the command both call this.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipelines.contracts.model import SourceContract
from pipelines.domain.pseudonyms import PseudonymKey
from pipelines.landing.deliveries import Delivery, current_files, raw_file, receive
from pipelines.landing.home import Home
from pipelines.landing.land import FileReceipt, land_file
from pipelines.landing.quarantine import note_reading


@dataclass(frozen=True)
class IngestReport:
    """What ingesting a source came to.

    Attributes:
        is_new: whether the inbox held anything that was not delivered before.
        receipts: one for each file of the source's current state.
        unmatched: files of the inbox folder that no pattern of the contract matches.
    """

    source: str
    delivery: Delivery
    is_new: bool
    receipts: tuple[FileReceipt, ...]
    unmatched: tuple[str, ...]

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
        InboxError: the inbox folder is missing, holds no judgments file, or a file is still being written.
    """
    received = receive(contract, inbox, home)
    receipts = land_delivered(contract, home, key, on_progress)
    return IngestReport(contract.source, received.delivery, received.is_new, receipts, received.unmatched)


def land_delivered(
    contract: SourceContract, home: Home, key: PseudonymKey, on_progress: Callable[[str, int], None] | None = None
) -> tuple[FileReceipt, ...]:
    """Land every file of a source's current state that is not landed yet, as its contract reads it now.

    Raises:
        InboxError: an earlier file of an appending source is no longer matched by the contract.
    """
    receipts = []
    for _, file in current_files(contract, home):
        told = (lambda count, digest=file.sha256: on_progress(digest, count)) if on_progress else None
        raw = raw_file(contract.source, file.sha256, home)
        receipts.append(land_file(contract, file.mapping, raw, file.sha256, key, home, told, file.name, file.copy))
    note_reading(contract, key, home)
    return tuple(receipts)
