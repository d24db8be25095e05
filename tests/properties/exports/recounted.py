"""The plain Python recount of an export, beside what landed of it."""

from __future__ import annotations

import tempfile
from hashlib import sha256
from pathlib import Path

from expectations.laws.neutral import NEUTRAL, of_rows
from expectations.recount.recount import recount_file
from expectations.recount.refused import Refused
from pipelines.contracts.model import SourceContract
from tests.properties.exports.landing import KEY, MEMORY, Landed


def recount_agrees(contract: SourceContract, data: bytes, landed: Landed) -> None:
    """Raise AssertionError where the recount of an export's bytes is not what landed."""
    places = ("record_ordinal", "record_part", "question_id", "stage")
    refused = Refused.of_rows(
        (row[places[0]], row[places[1]], row[places[2]], row[places[3]]) for row in landed.quarantine
    )
    with tempfile.NamedTemporaryFile(dir=MEMORY if MEMORY.is_dir() else None) as file:
        file.write(data)
        file.flush()
        found = recount_file(contract, 0, Path(file.name), "export", sha256(data).hexdigest(), KEY, refused)
    assert found.faults == (), found.faults
    assert found.records == landed.receipt.records
    assert found.total == of_rows([row[name] for name in NEUTRAL] for row in landed.judgments)
