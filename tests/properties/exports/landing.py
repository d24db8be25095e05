"""Lands the bytes of an export in a home of its own, and reads back all that came of it."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import duckdb
import pyarrow.parquet as pq

from pipelines.contracts.model import SourceContract
from pipelines.domain.pseudonyms import PseudonymKey
from pipelines.ingest import ingest_source
from pipelines.landing import land
from pipelines.landing.home import Home
from pipelines.landing.receipts import FileReceipt
from tests.unit.landed import landed_folders

KEY = PseudonymKey(b"k" * 32)
MEMORY = Path("/dev/shm")  # noqa: S108 - where it is there, thousands of small files cost no disk


@dataclass(frozen=True)
class Landed:
    """What came of one file: its receipt, the rows of its tables, the refused bytes, and every file's bytes by name."""

    receipt: FileReceipt
    judgments: list[dict[str, Any]]
    items: list[dict[str, Any]]
    annotators: list[dict[str, Any]]
    quarantine: list[dict[str, Any]]
    kept: list[dict[str, Any]]
    identities: list[dict[str, Any]]
    open_text: str
    files: dict[str, bytes]


@cache
def _connection() -> duckdb.DuckDBPyConnection:
    con = _connect()
    con.execute("set threads = 1")
    return con


_connect = land.connect


@contextmanager
def _shared() -> Iterator[duckdb.DuckDBPyConnection]:
    """One connection for all examples, which spares each of them a third of its time."""
    yield _connection()


def land_bytes(contract: SourceContract, data: bytes) -> Landed:
    """Ingest a source whose inbox holds one file of these bytes."""
    root = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
    try:
        inbox = root / "inbox" / "made"
        inbox.mkdir(parents=True)
        (inbox / "export").write_bytes(data)
        home = Home(root / "home")
        with patch.object(land, "connect", _shared):
            report = ingest_source(contract, inbox.parent, home, KEY)
        (folder,) = landed_folders(contract, home, KEY)
        return _read(report.receipts[0], folder, home)
    finally:
        shutil.rmtree(root)


def _read(receipt: FileReceipt, folder: Path, home: Home) -> Landed:
    restricted = home.raw / "made"
    files = {
        path.relative_to(home.root).as_posix(): path.read_bytes()
        for root in (folder, restricted / "quarantine", restricted / "identities")
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }
    tables = {name: _rows(folder / name) for name in ("judgments", "items", "annotators", "quarantine")}
    text = json.dumps(tables, ensure_ascii=False, default=str) + (folder / "receipt.json").read_text()
    kept, identities = (_rows(restricted / name) for name in ("quarantine", "identities"))
    return Landed(receipt, **tables, kept=kept, identities=identities, open_text=text, files=files)


def _rows(folder: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for path in sorted(folder.rglob("*.parquet")):
        # Bytes, not a path: a dataset is more than one small file needs.
        rows += pq.ParquetFile(path).read().to_pylist()
    return rows
