"""``$file``: where a contract reads file names, files of the same bytes are several, and no name leaks."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from pipelines.contracts.paths import bare_name
from pipelines.landing.inbox import InboxError
from pipelines.landing.quarantine import quarantined
from pipelines.warehouse.catalog import bind
from pipelines.warehouse.state import landed_files, present_state, state_of_run
from tests.unit.landed import KEY, Landed, stated

QUESTIONS = {"hate": {"type": "choice", "options": ["yes", "no"]}}
ITEM_FROM_FILE = {"item": {"key": ["$file", "id"]}, "annotator": {"key": "who"}}
PERSON_FROM_FILE = {"item": {"key": "id"}, "annotator": {"key": "$file"}}
ROWS = b"id,who,hate\n1,ana,yes\n2,bob,maybe\n3,bob,no\n4,eve\n"
RECORDS = (
    b'{"id":1,"who":"ana","hate":"yes"}\n{"id":2,"who":"bob","hate":"maybe"}\n{"id":3,"who":"bob","hate":"no"}\n[]\n'
)


def contract(where: dict[str, Any], dialect: dict[str, Any] | None = None, **changes: Any) -> Any:
    """A contract over any files, with what is read from their names."""
    mapping = {
        "role": "judgments",
        "pattern": "**/*",
        "dialect": dialect or {"format": "csv"},
        "answers": {"hate": "hate"},
        **where,
    }
    return stated(QUESTIONS, mapping, **changes)


@pytest.mark.parametrize(
    ("name", "within", "bare"),
    [
        ("a.csv", None, "a"),
        ("train/a.b.csv", None, "train/a.b"),
        ("v1.2/a", None, "v1.2/a"),
        ("a.csv.gz", "gzip", "a"),
        ("a.csv.gz", None, "a.csv"),
        ("a.gz", "gzip", "a"),
        ("v1.2/b.zip", "zip", "v1.2/b"),
        ("b.tar.gz", "tar", "b"),
        ("b.tgz", "tar", "b"),
        (".a.csv", None, ".a"),
    ],
)
def test_a_bare_name_is_without_its_last_suffix(name: str, within: str | None, bare: str) -> None:
    assert bare_name(name, within) == bare


@pytest.mark.parametrize(("dialect", "data"), [({"format": "csv"}, ROWS), ({"format": "jsonl"}, RECORDS)])
def test_files_of_the_same_bytes_are_several_where_their_names_are_read(
    tmp_path: Path, dialect: dict[str, Any], data: bytes
) -> None:
    files = {"train/a.x": data, "test/a.x": data, "b.x": data}
    landed = Landed(tmp_path, contract(ITEM_FROM_FILE, dialect), files)
    ids = [item for (item,) in landed.rows("judgments", "item_id")]
    assert ids == ["b/1", "b/3", "test%2Fa/1", "test%2Fa/3", "train%2Fa/1", "train%2Fa/3"]
    locators = landed.rows("judgments", "file_sha256, record_ordinal, record_part, question_id")
    assert len(set(locators)) == len(locators)
    assert sorted(ordinal for _, ordinal, _, _ in locators) == [0, 2, 4, 6, 8, 10]
    assert len({sha for sha, *_ in locators}) == 1
    refused = landed.rows("quarantine", "file_sha256, record_ordinal, record_part, question_id, stage, reason")
    assert len(set(refused)) == len(refused) == 6
    bad = [(1, b"2,bob,maybe"), (3, b"4,eve")] if data is ROWS else [(1, RECORDS.splitlines()[1]), (3, b"[]")]
    assert landed.kept("record_ordinal, raw") == [(4 * copy + at, raw) for copy in range(3) for at, raw in bad]
    assert {one.where.split(",")[0] for one in quarantined(landed.contract, landed.home)} == {
        "b.x = test/a.x = train/a.x"
    }


def test_files_of_the_same_bytes_are_one_where_their_names_are_not_read(tmp_path: Path) -> None:
    landed = Landed(tmp_path, contract({**ITEM_FROM_FILE, "item": {"key": "id"}}), {"a.csv": ROWS, "b.csv": ROWS})
    assert [item for (item,) in landed.rows("judgments", "item_id")] == ["1", "3"]


@pytest.mark.parametrize("is_read", [True, False])
def test_a_file_is_a_redelivery_or_a_file_of_its_own_never_both(tmp_path: Path, is_read: bool) -> None:
    where = ITEM_FROM_FILE if is_read else {**ITEM_FROM_FILE, "item": {"key": "id"}}
    landed = Landed(tmp_path, contract(where), {"a.csv": ROWS, "b.csv": ROWS})
    files = landed_files(landed.contract, KEY, landed.home)
    bind(tmp_path / "w.duckdb", present_state([landed.contract], KEY, landed.home))
    state = state_of_run(tmp_path / "w.duckdb", {"made": landed.contract}, KEY, landed.home)
    assert list(state.files) == files
    assert sum(file.receipt.records_recounted for file in files) + state.redelivered["made"] == 8
    assert state.redelivered == {"made": 0 if is_read else 4}


def test_a_person_in_a_file_name_is_a_pseudonym_everywhere_outside_the_raw_area(tmp_path: Path) -> None:
    name = "quentin_quill"
    landed = Landed(tmp_path, contract(PERSON_FROM_FILE), {f"{name}.csv": ROWS, "other.csv": ROWS})
    assert len(set(landed.rows("judgments", "annotator_id"))) == 2
    for path in landed.home.landing.rglob("*"):
        assert name not in str(path)
        assert path.is_dir() or name.encode() not in path.read_bytes()
    assert any(name.encode() in path.read_bytes() for path in landed.home.raw.rglob("*.json"))


def test_one_person_in_several_packings_is_one(tmp_path: Path) -> None:
    dialect = {"format": "csv", "within": "gzip"}
    packed = Landed(tmp_path / "1", contract(PERSON_FROM_FILE, dialect), {"ana.csv.gz": gzip.compress(ROWS)})
    bare = Landed(tmp_path / "2", contract(PERSON_FROM_FILE), {"ana.csv": ROWS})
    assert packed.rows("judgments", "annotator_id") == bare.rows("judgments", "annotator_id")


def test_a_further_file_of_the_same_bytes_leaves_what_is_landed_as_it_is(tmp_path: Path) -> None:
    landed = Landed(tmp_path, contract(ITEM_FROM_FILE, export_mode="append"), {"b.csv": ROWS})
    before = {path: path.stat().st_mtime_ns for path in landed.home.landing.rglob("*.parquet")}
    landed.deliver({"a.csv": ROWS})
    after = {path: path.stat().st_mtime_ns for path in landed.home.landing.rglob("*.parquet")}
    assert before.items() <= after.items()
    assert landed.rows("judgments", "record_ordinal, item_id") == [(0, "b/1"), (2, "b/3"), (4, "a/1"), (6, "a/3")]


def test_files_that_would_be_the_same_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InboxError, match=r"a\.csv and a\.txt are the same \$file"):
        Landed(tmp_path, contract(ITEM_FROM_FILE), {"a.csv": ROWS, "a.txt": ROWS})


def test_files_of_the_same_bytes_that_cannot_be_read_are_refused_one_by_one(tmp_path: Path) -> None:
    landed = Landed(
        tmp_path, contract(ITEM_FROM_FILE), {name: b"id,who\n1,a\n" for name in ("a.csv", "b.csv", "c.csv")}
    )
    rows = landed.rows("quarantine", "stage, reason, field")
    assert len(set(rows)) == len(rows) == 3
