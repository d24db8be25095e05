"""What a raw file came to, and where that lies: the receipt of a landed file, and its folder.

A folder is that of one file under one *reading*: the contract as far as it says how files are read, and the key.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from pipelines.contracts.model import SourceContract
from pipelines.domain.pseudonyms import PseudonymKey
from pipelines.landing.deliveries import DeliveredFile
from pipelines.landing.home import Home

LANDING_VERSION = 7
"""Raised when the same raw bytes and contract would land differently."""

RECEIPT = "receipt.json"


@dataclass(frozen=True)
class FileReceipt:
    """What one raw file came to. Counts are of records, acts, or judgments, as named.

    ``records_recounted`` comes from the second reader; ``refused_as_a_whole`` is a reason code or None.
    ``candidates`` are answers found; each is a judgment or refused. ``questions`` gives (candidates, judgments)
    by question. ``raw_annotators`` and ``annotators`` count distinct raw ids and pseudonyms.
    """

    source: str
    mapping: int
    role: str
    file_sha256: str
    size: int
    records_recounted: int
    records: int
    records_refused: int
    acts: int
    acts_refused: int
    candidates: int
    judgments: int
    judgments_refused: int
    raw_annotators: int
    annotators: int
    refused_as_a_whole: str | None = None
    message: str | None = None
    questions: dict[str, tuple[int, int]] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    uncovered: dict[str, int] = field(default_factory=dict)


def reading_id(contract: SourceContract, key: PseudonymKey) -> str:
    """16 hex digits for how a file is read: the same raw file under the same reading lands the same bytes."""
    return sha256(f"{LANDING_VERSION}:{contract.reading_digest()}:{key.fingerprint}".encode()).hexdigest()[:16]


def reading_folder(contract: SourceContract, key: PseudonymKey, home: Home) -> Path:
    """Where a source's files land under its contract's present reading."""
    return home.landing / contract.source / reading_id(contract, key)


def folder_of(contract: SourceContract, file: DeliveredFile, key: PseudonymKey, home: Home) -> Path:
    """Where a file lands under its contract's present reading."""
    parts = (file.sha256, str(file.mapping), _told_apart(contract, file, key))
    return reading_folder(contract, key, home) / "-".join(part for part in parts if part)


def _told_apart(contract: SourceContract, file: DeliveredFile, key: PseudonymKey) -> str:
    """What tells a file from others of the same bytes: nothing, unless its name is read; then a keyed hash of it.

    The name itself may be a person's, and stays in the restricted raw area unless the contract maps it.
    """
    if not contract.files[file.mapping].reads_file_name:
        return ""
    return key.pseudonym(contract.source, "$file", f"{file.copy}/{file.name}")[1:17]


def write_receipt(receipt: FileReceipt, folder: Path) -> None:
    """Write the receipt of a landed file into its folder."""
    (folder / RECEIPT).write_text(json.dumps(asdict(receipt), indent=1))


def read_receipt(folder: Path) -> FileReceipt:
    """The receipt of a landed file."""
    data: dict[str, Any] = json.loads((folder / RECEIPT).read_bytes())
    data["questions"] = {code: tuple(counts) for code, counts in data["questions"].items()}
    return FileReceipt(**data)
