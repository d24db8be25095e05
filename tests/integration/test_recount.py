"""Landing has the very fingerprints that a plain Python recount of the raw files gives; an edit anywhere shows.

The public sources are those that the session landed and published; nothing is landed twice. Fixtures, generated exports
and the small exports of unit tests are held to their recounts where they are landed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from expectations.laws.neutral import NEUTRAL, Fingerprint, of_rows
from expectations.recount.recount import Recount, recount_file
from expectations.recount.refused import Refused, refused_of
from pipelines.domain.pseudonyms import PseudonymKey
from pipelines.ingest import ingest_source
from pipelines.landing.deliveries import current_files, raw_file
from pipelines.landing.home import Home
from pipelines.landing.land import connect
from pipelines.landing.receipts import folder_of
from pipelines.project import this_project
from tests.conftest import PUBLIC, TEST_KEY, Ran
from tests.integration.test_fixtures import KEY, inbox_of
from tests.recounting import assert_recounted

Row = list[Any]


@pytest.mark.xdist_group("public")
@pytest.mark.parametrize("source", PUBLIC)
def test_a_public_source_lands_as_its_recount(source: str, public: Ran, shared_data: Path) -> None:
    contract, key, home = this_project().contract(source), PseudonymKey(bytes.fromhex(TEST_KEY)), Home(public.home)
    assert assert_recounted(contract, home, key) > 0


class Copy:
    """A fixture that was landed, its judgments as rows, and its recount; each test may edit rows or raw files."""

    def __init__(self, source: str, folder: Path) -> None:
        self.contract = this_project().contract(source)
        inbox, home = inbox_of(source, folder), Home(folder / "home")
        ingest_source(self.contract, inbox, home, KEY)
        self.file = next(
            file
            for _, file in current_files(self.contract, home)
            if self.contract.files[file.mapping].role == "judgments"
        )
        landed = folder_of(self.contract, self.file, KEY, home)
        self.refused = refused_of(landed)
        self.raw = raw_file(source, self.file.sha256, home)
        with connect() as con:
            self.rows = [
                list(row)
                for row in con.execute(
                    f"select {', '.join(NEUTRAL)} from read_parquet('{landed}/judgments/*.parquet')"
                    " order by record_ordinal, record_part, question_id"
                ).fetchall()
            ]

    def recounted(self, raw: Path, refused: Refused | None = None) -> Recount:
        return recount_file(
            self.contract,
            self.file.mapping,
            raw,
            self.file.name,
            self.file.sha256,
            KEY,
            self.refused if refused is None else refused,
            by_variation=True,
        )


@pytest.fixture(scope="module", params=["crehate", "ttcw", "convabuse"])
def copy(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return Copy(request.param, tmp_path_factory.mktemp(request.param))


def variations(rows: list[Row]) -> dict[tuple[str, str], Fingerprint]:
    """Landed rows by item and question."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        found.setdefault((row[1], row[3]), []).append(row)
    return {place: of_rows(held) for place, held in found.items()}


def differing(one: dict[Any, Fingerprint], other: dict[Any, Fingerprint]) -> set[Any]:
    return {place for place in one.keys() | other.keys() if one.get(place) != other.get(place)}


def place(row: Row) -> tuple[str, str]:
    return row[1], row[3]


def _two(rows: list[Row]) -> tuple[int, int]:
    """Two judgments of one question by different annotators, who answered differently."""
    return next(
        (at, other)
        for at, one in enumerate(rows)
        for other, two in enumerate(rows)
        if one[3] == two[3] and one[2] != two[2] and one[6] != two[6]
    )


def _changed(column: str, change: Callable[[Any], Any]) -> Callable[[list[Row]], set[Any]]:
    def edit(rows: list[Row]) -> set[Any]:
        at = NEUTRAL.index(column)
        row = next(row for row in rows if row[at] is not None and change(row[at]) != row[at])
        row[at] = change(row[at])
        return {place(row)}

    return edit


def _swapped(column: str) -> Callable[[list[Row]], set[Any]]:
    def edit(rows: list[Row]) -> set[Any]:
        one, other = _two(rows)
        at = NEUTRAL.index(column)
        rows[one][at], rows[other][at] = rows[other][at], rows[one][at]
        return {place(rows[one]), place(rows[other])}

    return edit


def _dropped(rows: list[Row]) -> set[Any]:
    return {place(rows.pop(0))}


def _duplicated(rows: list[Row]) -> set[Any]:
    rows.append(rows[0])
    return {place(rows[0])}


def _overwritten(rows: list[Row]) -> set[Any]:
    """One annotator's answer in place of another's: every count stays."""
    one, other = _two(rows)
    at = NEUTRAL.index("answer")
    rows[one][at] = rows[other][at]
    return {place(rows[one])}


def _shifted(rows: list[Row]) -> set[Any]:
    """Each annotator by one row further down: every answer, every count and every annotator stays."""
    at = NEUTRAL.index("annotator_id")
    before = [row[at] for row in rows]
    for row, who in zip(rows, before[-1:] + before[:-1], strict=True):
        row[at] = who
    return {place(row) for row, who in zip(rows, before, strict=True) if row[at] != who}


EDITS: dict[str, Callable[[list[Row]], set[Any]]] = {
    "an answer is another": _overwritten,
    "two annotators are exchanged": _swapped("annotator_id"),
    "the annotators are shifted by a row": _shifted,
    "a judgment is dropped": _dropped,
    "a judgment is there twice": _duplicated,
    "an annotator is nobody": _changed("annotator_id", lambda _: None),
    "a raw answer is trimmed": _changed("raw_answer", lambda text: text[:-1]),
    "an abstention is none": _changed("abstained", lambda given: not given),
    "a status is another": _changed("status", lambda _: "skipped"),
    "an item is another": _changed("item_id", lambda text: text + " "),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_an_edit_of_what_landed_shows_where_it_is(copy: Copy, edit: Callable[[list[Row]], set[Any]]) -> None:
    recount = copy.recounted(copy.raw)
    assert recount.total == of_rows(copy.rows)
    assert recount.by_variation == variations(copy.rows)
    rows = [list(row) for row in copy.rows]
    places = edit(rows)
    assert of_rows(rows) != recount.total
    found = differing(recount.by_variation, variations(rows))
    assert places
    assert places <= found
    # An item that was renamed is two: the one that is gone, and the one that came.
    assert len(found) <= 2 * len(places)


def test_a_rationale_is_byte_exact(tmp_path: Path) -> None:
    copy = Copy("ttcw", tmp_path)
    rows = [list(row) for row in copy.rows]
    places = _changed("rationale", lambda text: text.strip() + " ")(rows)
    assert differing(copy.recounted(copy.raw).by_variation, variations(rows)) == places


def test_an_edit_of_the_raw_file_shows(tmp_path: Path) -> None:
    """Its digest does not fit any more, and the judgments are others."""
    copy = Copy("ttcw", tmp_path)
    records = json.loads(copy.raw.read_text(encoding="utf-8"))
    record = next(one for one in records if one["binary_verdict"] == "No")
    record["binary_verdict"] = "Yes"
    edited = tmp_path / "edited.json"
    edited.write_text(json.dumps(records), encoding="utf-8")
    found = copy.recounted(edited)
    assert found.faults == ("the raw file: has other bytes than its digest says",)
    item = f"{record['story_id']}/{record['ttcw_idx']}"
    assert differing(found.by_variation, variations(copy.rows)) == {(item, "verdict")}


def test_what_is_refused_and_can_be_read_is_a_fault_and_so_is_the_reverse(tmp_path: Path) -> None:
    """A minority answer in quarantine is no way out, nor is a place that the file does not have."""
    copy = Copy("crehate", tmp_path)
    bad_answer = (5, 0, "hate", "judgment")
    too_many = {
        "record 0, part 0, hate: is in quarantine, and can be read": (0, 0, "hate", "judgment"),
        "record 0, part 0: is in quarantine, and can be read": (0, 0, None, "record"),
        "record 0: is in quarantine, and can be read": (0, None, None, "record"),
        "record 0, part 7, hate: is in quarantine, and not in the file": (0, 7, "hate", "judgment"),
        "record 9999: is in quarantine, and not in the file": (9999, 0, "hate", "judgment"),
    }
    for told, row in too_many.items():
        assert copy.recounted(copy.raw, Refused.of_rows([row, bad_answer])).faults == (told,)
    missing = copy.recounted(copy.raw, Refused())
    assert missing.faults == ("record 5, part 0, hate: is none of the declared options, and is not in quarantine",)
    assert missing.total == of_rows(copy.rows)
    bad = tmp_path / "bad.csv"
    header, first, *rest = copy.raw.read_text(encoding="utf-8").splitlines(keepends=True)
    broken = first.replace(",", ",,", 1)
    bad.write_text("".join([header, broken, *rest]), encoding="utf-8")
    found = copy.recounted(bad)
    assert found.faults[1:] == ("record 0: has too few or too many fields, and is not in quarantine",)
    assert found.judgments == len(copy.rows) - 1
    assert copy.recounted(bad, Refused.of_rows([(0, None, None, "record"), bad_answer])).fault_count == 1


def test_a_refused_file_has_no_judgments(tmp_path: Path) -> None:
    copy = Copy("crehate", tmp_path)
    found = copy.recounted(copy.raw, Refused.of_rows([(None, None, None, "file")]))
    assert replace(found, faults=()) == Recount(0, 0, 1, Fingerprint.none())


def test_a_fault_names_no_annotator(tmp_path: Path) -> None:
    copy = Copy("crehate", tmp_path)
    bad = tmp_path / "bad.csv"
    header, *rows = copy.raw.read_text(encoding="utf-8").splitlines()
    cells = [row.split(",") for row in rows]
    bad.write_text("\n".join([header, *(",".join([cell[0], "someone", *cell[2:-1], "maybe"]) for cell in cells)]))
    found = copy.recounted(bad)
    assert found.fault_count > len(rows) / 2
    assert not any(word in one for one in found.faults for word in ("someone", "maybe"))
