"""The dry run of a source: its files landed into a folder that is thrown away, and what came of them.

Pseudonyms are made with a key that lives as long as the check; nothing is delivered, kept or published.
"""

from __future__ import annotations

import secrets
import tempfile
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipelines.contracts.companions import UNKNOWN_MARK
from pipelines.contracts.load import DECLARATION
from pipelines.contracts.losses import LOSSES
from pipelines.contracts.model import SourceContract
from pipelines.domain.pseudonyms import PseudonymKey
from pipelines.domain.vocabulary import REASON_MEANINGS, Reason
from pipelines.ingest import IngestReport, ingest_source
from pipelines.landing.deliveries import current_files
from pipelines.landing.home import Home
from pipelines.landing.land import connect
from pipelines.landing.receipts import folder_of
from pipelines.proposals.guess import count_guesses
from pipelines.shapes.sql import literal

FIRST_ROWS = 5
_MANY = 10
"""So many equal answers are no accident."""

_SHOWN = ("item_id", "annotator_id", "question_id", "answer", "status", "abstained", "raw_answer")


@dataclass(frozen=True)
class QuestionCheck:
    """What one question would yield."""

    question: str
    judgments: int
    abstentions: int
    quarantined: int
    silent: int
    """Acts in files that ask it, without an answer."""


@dataclass(frozen=True)
class FieldUse:
    """A field that the contract names, and what becomes of it; what is not kept does not land."""

    field: str
    use: str
    is_kept: bool = True


@dataclass(frozen=True)
class SourceCheck:
    """What a source's files would become; ``unknown`` counts those of the annotators whom nobody names."""

    source: str
    records: int
    judgments: int
    annotators: int
    unknown: int
    items: int
    questions: tuple[QuestionCheck, ...]
    fields: tuple[FieldUse, ...]
    aggregates: dict[str, int]
    refused_as_judgments: str | None
    unmapped: dict[str, int]
    unmapped_of_annotators: dict[str, int]
    unmatched: tuple[str, ...]
    doubts: tuple[str, ...]
    refusals: tuple[str, ...]
    first_rows: tuple[dict[str, Any], ...]

    @property
    def is_clean(self) -> bool:
        """Whether everything would be taken."""
        return not self.refusals

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for machines."""
        return asdict(self)


def check_source(contract: SourceContract, inbox: Path) -> SourceCheck:
    """Land a source's inbox files in a throw-away home and look at the result.

    Raises:
        InboxError: the inbox holds nothing that the contract expects.
    """
    with tempfile.TemporaryDirectory(prefix="variorum-check-") as folder:
        home = Home(Path(folder))
        key = PseudonymKey(secrets.token_bytes(32))
        report = ingest_source(contract, inbox, home, key)
        return _look(contract, report, home, key)


def _look(contract: SourceContract, report: IngestReport, home: Home, key: PseudonymKey) -> SourceCheck:
    folders = [folder_of(contract, file, key, home) for _, file in current_files(contract, home)]
    con = connect()
    try:
        judgments = _parquet(folders, "judgments")
        items = _parquet(folders, "items")
        counted = dict(
            (question, (count, abstained))
            for question, count, abstained in con.execute(
                f"select question_id, count(*), count(*) filter (abstained) from {judgments} group by question_id"
            ).fetchall()
        )
        annotators = con.execute(f"select count(distinct annotator_id) from {judgments}").fetchall()[0][0]
        identities = home.raw / contract.source / "identities"
        unknown = 0
        if any(identities.rglob("*.parquet")):
            unknown = con.execute(
                f"select count(distinct raw_annotator) from read_parquet('{identities}/*/*.parquet')"
                f" where contains(raw_annotator, {literal(UNKNOWN_MARK)})"
            ).fetchall()[0][0]
        judged = con.execute(f"select count(distinct item_id) from {judgments}").fetchall()[0][0]
        held = con.execute(f"select count(distinct item_id) from {items}").fetchall()[0][0]
        cursor = con.execute(f"select {', '.join(_SHOWN)} from {judgments} limit {FIRST_ROWS}")
        first = tuple(dict(zip(_SHOWN, row, strict=True)) for row in cursor.fetchall())
        aggregates = dict(
            con.execute(
                f"select aggregate, count(*) from {_parquet(folders, 'upstream_aggregates')} group by all order by all"
            ).fetchall()
        )
        doubts = [*_same_answers(con, judgments), *_empty_contents(con, contract, items)]
        quarantine = _parquet(folders, "quarantine")
        refused = con.execute(
            f"select file_sha256, stage, reason, question_id, field, record_ordinal from {quarantine}"
            " order by file_sha256, record_ordinal limit 20"
        ).fetchall()
    finally:
        con.close()
    return SourceCheck(
        source=contract.source,
        records=report.total("records"),
        judgments=report.total("judgments"),
        annotators=annotators,
        unknown=unknown,
        items=max(judged, held),
        questions=tuple(_question(contract, code, report, counted) for code in contract.questions),
        fields=field_uses(contract),
        aggregates=aggregates,
        refused_as_judgments=_why_no_judgments(contract),
        unmapped=_unmapped(report, "judgments", "items"),
        unmapped_of_annotators=_unmapped(report, "annotators"),
        unmatched=report.unmatched,
        doubts=tuple(doubts),
        refusals=(
            *_messages(report),
            *(_refusal(contract, report, row) for row in refused),
            *_more(report, refused),
        ),
        first_rows=first,
    )


def field_uses(contract: SourceContract) -> tuple[FieldUse, ...]:
    """What becomes of each field that a contract names, file mapping by file mapping."""
    uses: dict[tuple[str, str], FieldUse] = {}
    for mapping in contract.files:
        for where, field in mapping.placed_fields():
            use = " ".join(str(step).replace("_", " ") for step in where if not isinstance(step, int))
            if where[0] == "ignored":
                use = f"ignored: {mapping.ignored[field]}"
            elif where[0] == "each":
                use = "taken apart, an act each"
            elif where[0] == "answers":
                use = f"answer: {where[1]}"
            uses.setdefault((field, use), FieldUse(field, use, where[0] != "ignored"))
    return tuple(uses.values())


def guesses_in(folder: Path) -> int:
    """How many guesses are still marked in the contract of a source's folder."""
    path = folder / DECLARATION
    return count_guesses(path.read_text(encoding="utf-8")) if path.exists() else 0


def _why_no_judgments(contract: SourceContract) -> str | None:
    """What is lost, and why the rest of it cannot stand for judgments; None where there are judgments."""
    if not contract.is_aggregate_only:
        return None
    return (
        f"{LOSSES['aggregate_only']}. An average or a count is nobody's answer: whose answers it was made of, how they"
        " differed and who gave them cannot be brought back"
    )


def _parquet(folders: list[Path], table: str) -> str:
    paths = sorted(str(path) for folder in folders for path in (folder / table).glob("*.parquet"))
    return f"read_parquet([{', '.join(literal(path) for path in paths)}])"


def _question(
    contract: SourceContract, code: str, report: IngestReport, counted: dict[str, tuple[int, int]]
) -> QuestionCheck:
    candidates = sum(receipt.questions.get(code, (0, 0))[0] for receipt in report.receipts)
    judgments, abstentions = counted.get(code, (0, 0))
    asking = [receipt for receipt in report.receipts if code in contract.files[receipt.mapping].answers]
    acts = sum(receipt.acts - receipt.acts_refused for receipt in asking)
    return QuestionCheck(code, judgments, abstentions, candidates - judgments, acts - candidates)


def _same_answers(con: duckdb.DuckDBPyConnection, judgments: str) -> list[str]:
    """Questions that everybody answered alike, which more often is a field named wrongly."""
    rows = con.execute(
        f"select question_id, count(*), min(answer) from {judgments} group by question_id"
        f" having count(*) >= {_MANY} and count(distinct coalesce(answer, '')) = 1 order by all"
    ).fetchall()
    return [
        f"all {count:,} answers to {code} are {answer}: is its field the right one?" for code, count, answer in rows
    ]


def _empty_contents(con: duckdb.DuckDBPyConnection, contract: SourceContract, items: str) -> list[str]:
    """What is said of items in a field that none of them has."""
    mapped = {
        (name, field)
        for mapping in contract.files
        if mapping.item
        for name in ("text", "prompt", "language", "context")
        if (field := getattr(mapping.item, name)) is not None
    }
    doubts = []
    for name, field in sorted(mapped):
        total, held = con.execute(f"select count(*), count({name}) from {items}").fetchall()[0]
        if total and not held:
            doubts.append(f"none of {total:,} items has a {name}: is {field} the right field?")
    return doubts


def _unmapped(report: IngestReport, *roles: str) -> dict[str, int]:
    """The fields that no mapping of these roles names, with the number of records that have them."""
    total: Counter[str] = Counter()
    for receipt in report.receipts:
        if receipt.role in roles:
            total.update(receipt.uncovered)
    return dict(sorted(total.items()))


def _messages(report: IngestReport) -> list[str]:
    return [
        f"the whole file {_name(report, receipt.file_sha256)}: {receipt.message}" for receipt in report.refused_files
    ]


def _name(report: IngestReport, sha256: str) -> str:
    files = (*report.delivery.files, *report.delivery.redelivered)
    return next((file.name for file in files if file.sha256 == sha256), sha256[:16])


def _refusal(contract: SourceContract, report: IngestReport, row: tuple[Any, ...]) -> str:
    sha256, _, reason, question, field, ordinal = row
    where = f"{_name(report, sha256)}"
    if ordinal is not None:
        where += f", record {ordinal}"
    if question:
        where += f", question {question}"
    if field:
        where += f", field {field}"
    hint = ""
    if reason == Reason.ANSWER_UNKNOWN_OPTION and question in contract.questions:
        options = contract.questions[question].options or contract.questions[question].answers
        hint = f" Declared: {', '.join(options)}."
    return f"{where}: {reason} ({REASON_MEANINGS[Reason(reason)]}).{hint}"


def _more(report: IngestReport, shown: list[tuple[Any, ...]]) -> list[str]:
    total = sum(sum(receipt.reasons.values()) for receipt in report.receipts)
    return [f"… and {total - len(shown):,} more"] if total > len(shown) else []
