"""What tests of landing share: a source of some files, ingested, and what became of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipelines.contracts.model import SourceContract
from pipelines.domain.pseudonyms import PseudonymKey
from pipelines.ingest import IngestReport, ingest_source
from pipelines.landing.deliveries import current_files
from pipelines.landing.home import Home
from pipelines.landing.land import connect
from pipelines.landing.receipts import folder_of
from tests.recounting import assert_recounted

KEY = PseudonymKey(b"k" * 32)


def stated(questions: dict[str, Any], *files: dict[str, Any], **changes: Any) -> SourceContract:
    """A small contract of source ``made``."""
    fields = {"source": "made", "title": "Made", "licence": "MIT", "platform": "tool", "attribution": "stable"}
    return SourceContract.model_validate({**fields, "questions": questions, "files": list(files), **changes})


def landed_folders(contract: SourceContract, home: Home, key: PseudonymKey = KEY) -> list[Path]:
    """Where the files of a source's state are landed, in order."""
    return [folder_of(contract, file, key, home) for _, file in current_files(contract, home)]


class Landed:
    """A home in which files, by name, were ingested; what is landed is read from its folders."""

    def __init__(self, folder: Path, contract: SourceContract, files: dict[str, bytes]) -> None:
        self.contract = contract
        self.home = Home(folder / "home")
        self._inbox = folder / "inbox"
        self.report = self.deliver(files)

    def deliver(self, files: dict[str, bytes]) -> IngestReport:
        """Ingest once more, with these files as well."""
        for name, data in files.items():
            path = self._inbox / "made" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        report = ingest_source(self.contract, self._inbox, self.home, KEY)
        assert_recounted(self.contract, self.home, KEY)
        return report

    def rows(self, table: str, columns: str) -> list[tuple[Any, ...]]:
        """Some columns of a landed table, sorted."""
        return self._read(self.home.landing, f"*/*/{table}/*.parquet", columns)

    def kept(self, columns: str = "record_ordinal, reason, raw") -> list[tuple[Any, ...]]:
        """What the restricted area keeps of what was refused, sorted."""
        return self._read(self.home.raw, "quarantine/*/*.parquet", columns)

    def _read(self, area: Path, pattern: str, columns: str) -> list[tuple[Any, ...]]:
        with connect() as con:
            return con.execute(f"select {columns} from read_parquet('{area}/made/{pattern}') order by all").fetchall()
