"""Small releases made by hand, and published by the real protocol: rows in, a release in a store out.

Nothing here checks anything: tests do.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb

from pipelines.domain.tables import RELEASED, TABLES, Table
from pipelines.domain.types import duckdb_type, plain_name
from pipelines.landing.deliveries import file_sha256
from pipelines.release.build import Built
from pipelines.release.manifest import Manifest, ReleaseFile, ReleaseSource, ReleaseTable
from pipelines.release.publish import Published, publish
from pipelines.release.store import ObjectStore

Row = Mapping[str, Any]

_DEFAULTS: dict[str, dict[str, Any]] = {
    "judgments": {
        "source_id": "s",
        "item_id": "i1",
        "annotator_id": "ana",
        "question_id": "q",
        "occurrence": 1,
        "version": 1,
        "annotator_kind": "human",
        "attribution": "stable",
        "answer_type": "choice",
        "status": "submitted",
        "abstained": False,
        "file_sha256": "f" * 64,
        "record_ordinal": 0,
        "record_part": 0,
    },
    "items": {"source_id": "s", "responses": []},
    "annotators": {"annotator_kind": "human", "platform": "p"},
    "annotator_attributes": {
        "source_id": "s",
        "observation": 1,
        "attribute_status": "given",
        "file_sha256": "f" * 64,
        "record_ordinal": 0,
    },
    "questions": {
        "source_id": "s",
        "answer_type": "choice",
        "options": [],
        "abstaining_options": [],
        "declared_synonyms": [],
        "guideline_mode": "unknown",
    },
    "sources": {
        "title": "S",
        "licence": "CC0-1.0",
        "family": "f",
        "platform": "p",
        "attribution": "stable",
        "guideline_mode": "unknown",
        "export_mode": "full",
        "known_losses": [],
        "contract_sha256": "c" * 64,
    },
}


def judgment(item: str, who: str | None, answer: str, **more: Any) -> dict[str, Any]:
    """A judgment of source ``s`` on question ``q``, unless ``more`` says otherwise."""
    said = json.dumps(answer)
    return {"item_id": item, "annotator_id": who, "answer": said, "raw_answer": answer, **more}


@dataclass(frozen=True)
class Content:
    """What a release is made of: judgments, and rows of other tables; what these leave out follows from judgments.

    ``without`` names columns (``table.column``) that the release does not have; ``fields`` are fields of the manifest.
    """

    judgments: Sequence[Row]
    tables: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    without: Sequence[str] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)
    raw_files: Sequence[str] = ("f" * 64,)

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The rows of a table."""
        if name == "judgments":
            given: Sequence[Row] = self.judgments
        elif name in self.tables:
            given = self.tables[name]
        else:
            given = self._following(name)
        return [{**_DEFAULTS.get(name, {}), **row} for row in given]

    def _following(self, name: str) -> list[Row]:
        key = TABLES[name].key
        if name not in ("sources", "questions", "items", "annotators"):
            return []
        found = {tuple(row[column] for column in key) for row in self.rows("judgments")}
        return [dict(zip(key, values, strict=True)) for values in sorted(found, key=repr) if None not in values]

    @property
    def sources(self) -> list[str]:
        """Codes of its sources."""
        return sorted({row["source_id"] for row in self.rows("sources")})


def build(content: Content, folder: Path) -> Built:
    """Write a release's tables into a folder, with the manifest that says what is there."""
    with duckdb.connect(":memory:", config={"threads": 1}) as con:
        tables = [_write(con, TABLES[name], content, folder) for name in RELEASED]
    files = [
        ReleaseFile(path.relative_to(folder).as_posix(), file_sha256(path), path.stat().st_size)
        for path in sorted(folder.rglob("*.parquet"))
    ]
    sources = tuple(
        ReleaseSource(source, "CC0-1.0", "c" * 64, "q" * 64, tuple(content.raw_files), {}) for source in content.sources
    )
    manifest = Manifest(
        dataset="d",
        title="D",
        licence="CC0-1.0",
        tier="internal",
        key_fingerprint="k1",
        tables=tuple(tables),
        sources=sources,
        files=tuple(files),
        laws={},
        code={"variorum": "0.1.0"},
    )
    return Built(folder, replace(manifest, **content.fields), ())


def released(store: ObjectStore, content: Content, folder: Path, **options: Any) -> Published:
    """Publish a release that is made by hand; ``folder`` is where it is made."""
    made = folder / hashlib.sha256(repr(content).encode()).hexdigest()[:12]
    return publish(store, build(content, made), "by-hand", **options)


def _write(con: duckdb.DuckDBPyConnection, table: Table, content: Content, folder: Path) -> ReleaseTable:
    columns = [column for column in table.columns if f"{table.name}.{column.name}" not in content.without]
    typed = ", ".join(f"{column.name} {duckdb_type(column.type)}" for column in columns)
    con.execute(f"create or replace temp table made ({typed})")
    rows = content.rows(table.name)
    for row in rows:
        con.execute(
            f"insert into made values ({', '.join('?' for _ in columns)})", [row.get(column.name) for column in columns]
        )
    path = folder / table.name / "part-00000.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    con.execute(f"copy made to '{path}' (format parquet, compression zstd)")
    by_source: dict[str, int] = {}
    for row in rows:
        if "source_id" in row:
            by_source[row["source_id"]] = by_source.get(row["source_id"], 0) + 1
    return ReleaseTable(
        name=table.name,
        grain=table.grain,
        columns=tuple((column.name, plain_name(column.type)) for column in columns),
        rows=len(rows),
        rows_by_source=by_source,
        files=(path.relative_to(folder).as_posix(),),
    )
