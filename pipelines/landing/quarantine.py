"""What is in quarantine, with its bytes, and what became of it once the contract was mended.

Everything is read from the restricted raw area, so only its owner can; nothing here is written to a table.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.contracts.model import SourceContract
from pipelines.domain.pseudonyms import PseudonymKey
from pipelines.domain.vocabulary import Reason
from pipelines.landing.deliveries import current_files
from pipelines.landing.home import Home, locked, write_private
from pipelines.landing.land import connect
from pipelines.landing.receipts import reading_id
from pipelines.shapes.sql import literal


@dataclass(frozen=True)
class Refused:
    """One refused file, record, act or judgment, and its bytes as they stand in the file.

    ``raw`` is empty where the whole file is refused: the file itself is kept, at ``kept_at``.
    """

    source: str
    file: str
    file_sha256: str
    record_ordinal: int | None
    record_part: int | None
    question_id: str | None
    stage: str
    reason: Reason
    field: str | None
    raw: bytes
    kept_at: Path

    @property
    def where(self) -> str:
        """Its place, for people."""
        told = self.file if self.record_ordinal is None else f"{self.file}, record {self.record_ordinal}"
        told += f", part {self.record_part}" if self.record_part is not None else ""
        told += f", question {self.question_id}" if self.question_id else ""
        return told + (f", field {self.field}" if self.field else "")


@dataclass(frozen=True)
class Replay:
    """What was in quarantine of a source's current files under the reading before, and what became of it since.

    ``before`` = ``taken`` + ``still`` + ``unasked``: those that landed, those that are refused as before or anew, and
    those in which the contract no longer sees an answer. ``reasons`` gives (before, still) by reason code.
    """

    source: str
    before: int
    taken: int
    still: int
    unasked: int
    reasons: dict[str, tuple[int, int]]


def note_reading(contract: SourceContract, key: PseudonymKey, home: Home) -> None:
    """Remember how a source is read now, where that differs from the last time."""
    reading = reading_id(contract, key)
    with locked(home.restricted(contract.source)):
        if _readings(contract.source, home)[-1:] != [reading]:
            folder = home.restricted(contract.source, "readings")
            entry = {"reading": reading, "contract_sha256": contract.digest()}
            name = f"{len(_readings(contract.source, home)) + 1:06d}.json"
            write_private(folder / name, json.dumps(entry, indent=1).encode())


def _readings(source: str, home: Home) -> list[str]:
    """How a source was read, one reading after the other; the last one is how it was landed last."""
    files = sorted((home.raw / source / "readings").glob("[0-9]*.json"))
    return [json.loads(path.read_bytes())["reading"] for path in files]


def is_read_anew(contract: SourceContract, key: PseudonymKey, home: Home) -> bool:
    """Whether the contract, or the key, changed since the source was landed last."""
    return _readings(contract.source, home)[-1:] != [reading_id(contract, key)]


def quarantined(contract: SourceContract, home: Home, *, reason: Reason | None = None) -> Iterator[Refused]:
    """What is in quarantine of a source's current files, as they were landed last, in order of files and records."""
    source = contract.source
    names: dict[str, str] = {}
    for _, file in current_files(contract, home):
        names[file.sha256] = f"{names[file.sha256]} = {file.name}" if file.sha256 in names else file.name
    readings = _readings(source, home)
    if not readings:
        return
    folder = home.raw / source / "quarantine" / readings[-1]
    condition = f" where reason = {literal(reason)}" if reason else ""
    with connect() as con:
        for path in sorted(folder.glob("*.parquet"), key=lambda path: (names.get(_sha256(path), ""), path.name)):
            sha256 = _sha256(path)
            if sha256 not in names:
                continue
            cursor = con.execute(
                "select record_ordinal, record_part, question_id, stage, reason, field, raw"
                f" from read_parquet({literal(str(path))}){condition}"
                " order by record_ordinal, record_part, question_id"
            )
            kept = home.raw / source / "files" / sha256
            while rows := cursor.fetchmany(1000):
                for ordinal, part, question, stage, code, field, raw in rows:
                    yield Refused(
                        source, names[sha256], sha256, ordinal, part, question, stage, Reason(code), field, raw, kept
                    )


def counted(contract: SourceContract, home: Home) -> dict[tuple[str, Reason], int]:
    """How much is in quarantine, by file and reason."""
    return dict(Counter((refused.file, refused.reason) for refused in quarantined(contract, home)))


def replayed(source: str, landed: Sequence[Path], home: Home) -> Replay | None:
    """What became of a source's quarantine since it was read otherwise; None where it never was.

    Args:
        source: the source.
        landed: the folders of its current landed files.
        home: where both readings of them are kept.
    """
    readings = _readings(source, home)
    earlier = [reading for reading in readings if reading != readings[-1]]
    if not earlier:
        return None
    counts: Counter[str] = Counter()
    before: Counter[str] = Counter()
    still: Counter[str] = Counter()
    with connect() as con:
        for folder in landed:
            old = sorted((home.raw / source / "quarantine" / earlier[-1]).glob(f"{folder.name[:64]}*.parquet"))
            now = home.raw / source / "quarantine" / folder.parent.name / f"{folder.name}.parquet"
            if not old or not now.exists():
                continue
            for reason, became, count in _became(con, old, now, folder):
                counts[became] += count
                before[reason] += count
                still[reason] += count if became == "still" else 0
    return Replay(
        source,
        before=before.total(),
        taken=counts["taken"],
        still=counts["still"],
        unasked=counts["unasked"],
        reasons={reason: (before[reason], still[reason]) for reason in sorted(before)},
    )


def _became(con: duckdb.DuckDBPyConnection, old: Sequence[Path], now: Path, landed: Path) -> list[tuple[str, str, int]]:
    """By reason before: how many were taken, are still refused, or are no answers any more.

    A refusal is found again by its place: the whole file, a record, a part of it, or one question in that. What was
    refused as a whole, and is refused in part, still is; whatever else of it landed does not make up for that.
    """
    meets = (
        "(was.record_ordinal is null or {0}.record_ordinal is null or was.record_ordinal = {0}.record_ordinal)"
        " and (was.record_part is null or {0}.record_part is null or was.record_part = {0}.record_part)"
        " and (was.question_id is null or {0}.question_id is null or was.question_id = {0}.question_id)"
    )
    olds = ", ".join(literal(str(path)) for path in old)
    files = literal(str(landed / "judgments" / "*.parquet"))
    role_judges = f"exists (select 1 from read_parquet({files}))"
    query = (
        f"with was as (select * from read_parquet([{olds}])),"
        f" now as (select record_ordinal, record_part, question_id from read_parquet({literal(str(now))})),"
        f" landed as (select record_ordinal, record_part, question_id from read_parquet({files}))"
        f" select reason, case when exists (select 1 from now where {meets.format('now')}) then 'still'"
        f" when not {role_judges} or exists (select 1 from landed where {meets.format('landed')}) then 'taken'"
        f" else 'unasked' end as became, count(*) from was group by all order by all"
    )
    return con.execute(query).fetchall()


def _sha256(path: Path) -> str:
    return path.name[:64]
