"""A small source that is delivered again and again, and what came of it: the state, its history, the laws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from expectations.laws.deliveries import DeliveryRelations, prove_deliveries
from expectations.laws.verdicts import Verdict
from pipelines.contracts.model import SourceContract
from pipelines.domain.pseudonyms import PseudonymKey
from pipelines.ingest import IngestReport, ingest_source
from pipelines.landing.home import Home
from pipelines.shapes.sql import literal
from pipelines.warehouse.catalog import bind
from pipelines.warehouse.state import present_state

KEY = PseudonymKey(b"k" * 32)
STANDING = (
    "landing.judgments left join landing.judgment_versions using"
    " (source_id, file_sha256, record_ordinal, record_part, question_id) anti join landing.withdrawn using"
    " (source_id, file_sha256, record_ordinal, record_part, question_id)"
)
"""What the models build: the landed judgments that are not withdrawn, with their versions."""


def contract(mode: str, *, attribution: str = "stable", keyed: bool = False, **changes: Any) -> SourceContract:
    """A source of CSV files with the columns id, item, who, hate, why."""
    mapping: dict[str, Any] = {
        "role": "judgments",
        "pattern": "*.csv",
        "dialect": {"format": "csv"},
        "item": {"key": "item"},
        "annotator": {"key": "who"},
        "answers": {"hate": {"field": "hate", "rationale": "why"}},
        **({"judgment": {"key": "id"}} if keyed else {"ignored": {"id": "a row number"}}),
    }
    if attribution == "none":
        del mapping["annotator"]
        mapping["ignored"] = {**mapping.get("ignored", {}), "who": "not to be relied on"}
    fields = {
        "source": "s",
        "title": "S",
        "licence": "MIT",
        "platform": "tool",
        "attribution": attribution,
        "export_mode": mode,
        "questions": {"hate": {"type": "choice", "options": ["yes", "no", "unsure"]}},
        "files": [mapping],
    }
    return SourceContract.model_validate({**fields, **changes})


class Deliveries:
    """An inbox and a home, to which files are delivered."""

    def __init__(self, root: Path, stated: SourceContract) -> None:
        self.contract = stated
        self.inbox = root / "inbox"
        self.folder = self.inbox / "s"
        self.folder.mkdir(parents=True)
        self.home = Home(root / "home")
        self._root = root

    def put(self, files: Mapping[str, Sequence[str]]) -> None:
        """Let exactly these files lie in the folder; rows are ``id,item,who,hate,why``."""
        for path in self.folder.iterdir():
            path.unlink()
        for name, rows in files.items():
            (self.folder / f"{name}.csv").write_text("".join(f"{row}\n" for row in ("id,item,who,hate,why", *rows)))

    def take(self) -> IngestReport:
        """Ingest what lies in the folder."""
        return ingest_source(self.contract, self.inbox, self.home, KEY)

    def deliver(self, *rows: str, **files: Sequence[str]) -> IngestReport:
        """Put files, or one file of rows, into the folder and ingest them."""
        self.put(files or {"export": rows})
        return self.take()

    def bound(self) -> duckdb.DuckDBPyConnection:
        """A warehouse bound to the present state; whoever asks for it closes it."""
        warehouse = self._root / "warehouse.duckdb"
        warehouse.unlink(missing_ok=True)
        bind(warehouse, present_state([self.contract], KEY, self.home))
        return duckdb.connect(str(warehouse))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """A query over the bound warehouse."""
        with self.bound() as con:
            return con.execute(query).fetchall()

    def state(self) -> list[tuple[Any, ...]]:
        """Item, annotator by raw name, answer, version and rationale of every judgment that stands."""
        return self.rows(
            f"select item_id, raw, answer_choice, coalesce(version, 1), rationale from {STANDING}"
            f" left join {self._names()} using (annotator_id) order by all"
        )

    def history(self) -> list[tuple[Any, ...]]:
        """Item, annotator, answer, version, change, came with, ended by, and whether a judgment stands in its place."""
        return self.rows(
            "select item_id, raw, answer_choice, version, change, came_with, ended_by, now_file_sha256 is not null"
            f" from landing.judgment_history left join {self._names()} using (annotator_id) order by all"
        )

    def verdicts(self) -> list[Verdict]:
        """The laws over the deliveries."""
        with self.bound() as con:
            return prove_deliveries(con, DeliveryRelations())

    def _names(self) -> str:
        named = {KEY.pseudonym("s", "tool", raw): raw for raw in ("ana", "bob", "cleo")}
        values = ", ".join(f"({literal(pseudonym)}, {literal(raw)})" for pseudonym, raw in named.items())
        return f"(values {values}) as names (annotator_id, raw)"
