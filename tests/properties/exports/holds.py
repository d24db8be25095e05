"""What must hold of a landed export: the books balance, nothing touched is lost, and nothing else changed."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from pipelines.domain.vocabulary import Reason
from tests.properties.exports.acts import Row
from tests.properties.exports.cases import Case
from tests.properties.exports.landing import Landed
from tests.properties.exports.values import read
from tests.properties.exports.world import MARK


def check(case: Case, landed: Landed) -> str:
    """Raise AssertionError where something does not hold; what became of the file otherwise."""
    books_balance(landed)
    if landed.receipt.refused_as_a_whole:
        reason = Reason(landed.receipt.refused_as_a_whole)
        foretold = case.file.refusals if case.records else case.file.refusals | {Reason.FILE_EMPTY}
        assert reason in foretold, f"the file was refused: {reason}, {landed.receipt.message}"
        return f"refused: {reason.value}"
    assert not case.file.must_be_refused, "the file should have been refused"
    is_exact = case.file.exact is None
    judgments_are_as_written(case, landed)
    refusals_are_as_foretold(case, landed)
    if is_exact:
        assert landed.receipt.records == len(case.records)
        items = {(row["item_id"], row["text"]) for row in landed.items}
        assert items == case.items(), f"other items than were written: {items ^ case.items()}"
        assert MARK not in landed.open_text, "a raw annotator id stands in an open table"
    return "taken" if is_exact else "taken in part"


def books_balance(landed: Landed) -> None:
    """Law 1, and that each refusal has its bytes and a reason."""
    one = landed.receipt
    assert one.candidates == one.judgments + one.judgments_refused
    assert one.judgments == len(landed.judgments)
    assert one.annotators == one.raw_annotators == len(landed.identities)
    for question, (candidates, judgments) in one.questions.items():
        assert judgments == sum(row["question_id"] == question for row in landed.judgments)
        assert candidates >= judgments
    assert sum(one.reasons.values()) == len(landed.quarantine) == len(landed.kept)
    assert set(one.reasons) <= {reason.value for reason in Reason}
    if one.refused_as_a_whole:
        assert not landed.judgments
        assert not landed.items
        assert not landed.annotators
        assert not landed.identities
        assert one.acts == one.judgments == one.candidates == one.records == 0
        assert [(row["stage"], row["raw_sha256"]) for row in landed.quarantine] == [("file", one.file_sha256)]
        return
    assert one.records_recounted == one.records
    assert one.records_refused + one.acts_refused + one.judgments_refused == len(landed.quarantine)
    digests = sorted(sha256(row["raw"]).hexdigest() for row in landed.kept)
    assert digests == sorted(row["raw_sha256"] for row in landed.quarantine)
    assert all(row["raw"] for row in landed.kept), "a refused record has no bytes"


def judgments_are_as_written(case: Case, landed: Landed) -> None:
    """Every judgment of an exact record is there, all its columns; of such records there are no others."""
    end = len(case.records) if case.file.exact is None else case.file.exact
    expected = {_at(row): row.columns for row in case.rows() if row.stage is None and row.ordinal < end}
    found = {_at_of(row): row for row in landed.judgments if case.file.exact is None or row["record_ordinal"] < end}
    assert len(found) == sum(case.file.exact is None or row["record_ordinal"] < end for row in landed.judgments)
    missing, added = expected.keys() - found.keys(), found.keys() - expected.keys()
    assert not missing, f"judgments are missing: {sorted(missing)}"
    assert not added, f"judgments were invented: {sorted(added)}"
    for place, columns in expected.items():
        for name, value in columns.items():
            other = found[place][name]
            same = read(other) == read(value) if _is_json(case, name, columns) else other == value
            assert same, f"{place} {name}: {value!r} was written, {other!r} landed"


def _is_json(case: Case, name: str, columns: dict[str, Any]) -> bool:
    """Whether a column is JSON text, of which white space and escapes are not the source's own words."""
    if name == "raw_answer":
        value = columns[name]
        return not case.shape.is_text or (value is not None and value.startswith('{"q'))
    return name == "extra"


def refusals_are_as_foretold(case: Case, landed: Landed) -> None:
    """What must be refused is, for the reason it must be, with the bytes that stood in the file; nothing else is."""
    end = len(case.records) if case.file.exact is None else case.file.exact
    expected: dict[tuple[Any, ...], Row] = {
        (row.ordinal, row.part, row.question, row.stage): row
        for row in case.rows()
        if row.stage is not None and row.ordinal < end
    }
    found = {
        (row["record_ordinal"], row["record_part"], row["question_id"], row["stage"]): row
        for row in landed.kept
        if case.file.exact is None or row["record_ordinal"] < end
    }
    assert expected.keys() == found.keys(), (
        f"refused: {sorted(map(str, found))}, foretold: {sorted(map(str, expected))}"
    )
    for place, row in expected.items():
        reason = Reason(found[place]["reason"])
        assert reason in row.reasons, f"{place} was refused for {reason}, not for {sorted(row.reasons)}"
        assert found[place]["raw"] == case.raws[row.ordinal], f"{place} was kept with other bytes"


def _at(row: Row) -> tuple[int, int | None, str | None]:
    return row.ordinal, row.part, row.question


def _at_of(row: dict[str, Any]) -> tuple[int, int | None, str | None]:
    return row["record_ordinal"], row["record_part"], row["question_id"]
