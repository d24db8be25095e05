"""The folder of one run, and what lies in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from pipelines.landing.home import Home


@dataclass(frozen=True)
class RunFolder:
    """Everything that one run makes; nothing in it holds a raw annotator id."""

    root: Path

    @classmethod
    def of(cls, home: Home, run_id: str) -> RunFolder:
        """The folder of a run, made if need be.

        Raises:
            ValueError: the run id could leave the folder of runs.
        """
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", run_id):
            raise ValueError(f"no valid run id: {run_id!r}")
        folder = cls(home.runs / run_id)
        folder.marts.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def warehouse(self) -> Path:
        """The run's DuckDB file."""
        return self.root / "warehouse.duckdb"

    @property
    def manifest(self) -> Path:
        """Dbt's manifest of what it built here, with the SQL of every model."""
        return self.root / "dbt" / "manifest.json"

    @property
    def marts(self) -> Path:
        """The marts as Parquet, one file a table."""
        return self.root / "marts"

    @property
    def ledger(self) -> Path:
        """The ledger as Parquet."""
        return self.root / "ledger.parquet"

    @property
    def docs(self) -> Path:
        """Great Expectations' Data Docs."""
        return self.root / "data_docs"

    @property
    def releases(self) -> Path:
        """Releases as built here, before they are published."""
        return self.root / "releases"

    def mart(self, table: str) -> Path:
        """Where a mart's Parquet lies."""
        return self.marts / f"{table}.parquet"


def mart_rows(run: RunFolder, table: str) -> int | None:
    """Rows of a mart by its Parquet footer; None where there is no such mart."""
    import pyarrow.parquet as pq

    path = run.mart(table)
    return int(pq.read_metadata(path).num_rows) if path.exists() else None
