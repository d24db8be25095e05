"""What deliveries do to each other: corrections, deletions, additions, repeats, and nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
from pydantic import ValidationError

from expectations.laws.verdicts import broken
from pipelines.landing.history import CHANGE
from pipelines.landing.inbox import InboxError
from pipelines.warehouse.state import CatalogError
from tests.unit.deliveries_bench import KEY, Deliveries, contract

A = ("1,i1,ana,yes,", "2,i1,bob,no,rude", "3,i2,ana,no,")
B = ("1,i1,ana,no,", "2,i1,bob,no,rude")


@pytest.fixture
def full(tmp_path: Path) -> Deliveries:
    """A source whose exports are whole states."""
    return Deliveries(tmp_path, contract("full"))


@pytest.fixture
def correct(tmp_path: Path) -> Deliveries:
    """A source whose files correct each other."""
    return Deliveries(tmp_path, contract("correct"))


def counts(report: Any) -> dict[str, int]:
    return {what: count for what, count in report.change.items() if count}


def test_a_first_delivery_has_no_history_and_writes_none(full: Deliveries) -> None:
    assert full.deliver(*A).change is None
    assert full.history() == []
    assert list(full.home.landing.rglob("changes")) == []
    assert {version for *_, version, _ in full.state()} == {1}


def test_the_same_bytes_again_are_nothing_new(full: Deliveries) -> None:
    full.deliver(*A)
    again = full.deliver(*A)
    assert (again.is_new, again.delivery.sequence, again.change) == (False, 1, None)


def test_a_correction_is_a_new_version_and_what_is_gone_a_recorded_deletion(full: Deliveries) -> None:
    full.deliver(*A)
    assert counts(full.deliver(*B)) == {"unchanged": 1, "corrected": 1, "deleted": 1}
    assert full.state() == [("i1", "ana", "no", 2, ""), ("i1", "bob", "no", 1, "rude")]
    assert full.history() == [
        ("i1", "ana", "yes", 1, "corrected", 1, 2, True),
        ("i2", "ana", "no", 1, "deleted", 1, 2, False),
    ]
    assert full.rows("select changed_columns from landing.judgment_history where change = 'corrected'") == [
        (["answer", "answer_choice", "raw_answer"],)
    ]
    assert broken(full.verdicts()) == []


def test_an_export_that_comes_back_gives_its_answers_and_two_rows_of_history(full: Deliveries) -> None:
    for rows in (A, B, A):
        full.deliver(*rows)
    assert full.state() == [("i1", "ana", "yes", 3, ""), ("i1", "bob", "no", 1, "rude"), ("i2", "ana", "no", 2, "")]
    assert [row for row in full.history() if row[0] == "i1"] == [
        ("i1", "ana", "no", 2, "corrected", 2, 3, True),
        ("i1", "ana", "yes", 1, "corrected", 1, 2, True),
    ]
    assert broken(full.verdicts()) == []


def test_a_judgment_keeps_its_arrival_and_its_version_through_deliveries_that_do_not_touch_it(
    full: Deliveries,
) -> None:
    full.deliver(*A)
    full.deliver(*A, "4,i3,bob,yes,")
    full.deliver("4,i3,bob,yes,", *A, "5,i4,bob,yes,")
    full.deliver("4,i3,bob,no,", *B)
    assert ("i3", "bob", "yes", 1, "corrected", 2, 4, True) in full.history()
    assert ("i1", "ana", "yes", 1, "corrected", 1, 4, True) in full.history()
    full.deliver("5,i5,bob,yes,", "4,i3,bob,no,", *B)
    assert ("i3", "bob", "no", 2, "") in full.state()
    assert broken(full.verdicts()) == []


def test_repeats_in_another_order_are_unchanged(full: Deliveries) -> None:
    full.deliver("1,i1,ana,yes,", "2,i1,ana,no,", "3,i1,ana,yes,")
    report = full.deliver("1,i1,ana,no,", "2,i1,ana,yes,", "3,i1,ana,yes,")
    assert counts(report) == {"unchanged": 3}
    assert full.history() == []


def test_of_repeats_the_one_that_is_gone_is_deleted_and_the_other_stays_as_it_is(full: Deliveries) -> None:
    full.deliver("1,i1,ana,yes,", "2,i1,ana,no,")
    assert counts(full.deliver("2,i1,ana,no,")) == {"unchanged": 1, "deleted": 1}
    assert full.history() == [("i1", "ana", "yes", 1, "deleted", 1, 2, False)]


def test_where_nobody_is_named_there_are_deletions_and_additions_but_no_corrections(tmp_path: Path) -> None:
    nobody = Deliveries(tmp_path, contract("full", attribution="none"))
    nobody.deliver("1,i1,x,yes,", "2,i1,x,yes,", "3,i1,x,no,")
    assert counts(nobody.deliver("1,i1,x,yes,", "2,i1,x,no,", "3,i1,x,no,")) == {
        "unchanged": 2,
        "deleted": 1,
        "added": 1,
    }
    assert [row[2:5] for row in nobody.history()] == [("yes", 1, "deleted")]
    assert broken(nobody.verdicts()) == []


def test_a_judgments_own_id_follows_it_even_to_another_item_or_annotator(tmp_path: Path) -> None:
    keyed = Deliveries(tmp_path, contract("full", attribution="none", keyed=True))
    keyed.deliver("a1,i1,x,yes,", "a2,i1,x,yes,")
    assert counts(keyed.deliver("a2,i2,x,yes,", "a1,i1,x,no,")) == {"corrected": 2}
    changed = "select judgment_key, changed_columns from landing.judgment_history order by all"
    assert keyed.rows(changed) == [("a1", ["answer", "answer_choice", "raw_answer"]), ("a2", ["item_id"])]
    assert broken(keyed.verdicts()) == []


def test_a_record_without_the_stated_id_is_quarantined(tmp_path: Path) -> None:
    keyed = Deliveries(tmp_path, contract("full", keyed=True))
    report = keyed.deliver("a1,i1,ana,yes,", ",i1,bob,yes,")
    assert report.receipts[0].reasons == {"judgment_key_missing": 1}


def test_a_refused_file_is_no_state_and_deletes_nothing(full: Deliveries) -> None:
    full.deliver(*A)
    (full.folder / "export.csv").write_bytes(b'id,item,who,hate,why\n1,i1,ana,"yes')
    refused = full.take()
    assert (refused.change, refused.skipped) == (None, (2,))
    assert full.history() == []
    assert counts(full.deliver(*B)) == {"unchanged": 1, "corrected": 1, "deleted": 1}
    assert {row[5:7] for row in full.history()} == {(1, 3)}


def test_an_appending_source_loses_nothing_whatever_the_order(tmp_path: Path) -> None:
    states = []
    for number, order in enumerate((("a", "b"), ("b", "a"))):
        append = Deliveries(tmp_path / str(number), contract("append"))
        files = {"a": A, "b": ("9,i1,ana,no,",)}
        for name in order:
            report = append.deliver(**{name: files[name]})
        assert counts(report)["added"] == len(files[order[-1]])
        states.append(append.state())
        assert append.history() == []
    assert states[0] == states[1]
    assert len(states[0]) == 4


def test_a_later_file_corrects_and_repeats_and_nothing_is_deleted(correct: Deliveries) -> None:
    correct.deliver(base=A)
    report = correct.deliver(later=("7,i1,ana,no,", "8,i1,bob,no,rude", "9,i9,cleo,yes,"))
    assert counts(report) == {"unchanged": 2, "corrected": 1, "added": 1, "repeated": 1}
    assert correct.state() == [
        ("i1", "ana", "no", 2, ""),
        ("i1", "bob", "no", 1, "rude"),
        ("i2", "ana", "no", 1, ""),
        ("i9", "cleo", "yes", 1, ""),
    ]
    assert correct.history() == [("i1", "ana", "yes", 1, "corrected", 1, 2, True)]
    assert correct.rows("select why, count(*) from landing.withdrawn group by all order by all") == [
        ("corrected", 1),
        ("repeated", 1),
    ]
    assert broken(correct.verdicts()) == []


def test_one_run_over_base_and_corrections_gives_the_state_of_two_runs(tmp_path: Path) -> None:
    files = {"a": A, "b": ("7,i1,ana,no,", "8,i2,ana,no,"), "c": ("9,i1,ana,unsure,",)}
    at_once = Deliveries(tmp_path / "once", contract("correct"))
    at_once.deliver(**files)
    one_by_one = Deliveries(tmp_path / "each", contract("correct"))
    for name, rows in files.items():
        one_by_one.deliver(**{name: rows})
    assert at_once.state() == one_by_one.state()
    assert [row[:5] for row in at_once.history()] == [row[:5] for row in one_by_one.history()]
    assert [row[5:7] for row in one_by_one.history()] == [(2, 3), (1, 2)]
    assert broken(at_once.verdicts()) == [] == broken(one_by_one.verdicts())


@pytest.mark.parametrize("mode", ["full", "correct"])
def test_files_of_the_same_bytes_that_their_names_tell_apart_are_compared_each_on_its_own(
    tmp_path: Path, mode: str
) -> None:
    mapping = {
        "role": "judgments",
        "pattern": "*.csv",
        "dialect": {"format": "csv"},
        "item": {"key": "item"},
        "annotator": {"key": "$file"},
        "answers": {"hate": "hate"},
        "ignored": {"id": "a row number", "who": "empty", "why": "empty"},
    }
    named = Deliveries(tmp_path, contract(mode, files=[mapping]))
    same = ("1,i1,,yes,", "2,i2,,no,")
    named.deliver(ana=same, bob=same)
    assert named.rows("select count(*) from landing.files") == [(1,)]
    assert named.rows("select first_record, records from landing.arrivals order by all") == [(0, 2), (2, 2)]
    report = named.deliver(ana=("1,i1,,no,", "2,i2,,no,"), bob=same)
    assert counts(report)["corrected"] == 1
    assert [row[:4] for row in named.state()] == [
        ("i1", "ana", "no", 2),
        ("i1", "bob", "yes", 1),
        ("i2", "ana", "no", 1),
        ("i2", "bob", "no", 1),
    ]
    assert [row[:3] for row in named.history()] == [("i1", "ana", "yes")]
    assert broken(named.verdicts()) == []


def test_the_order_of_first_delivery_decides_what_corrects_what(correct: Deliveries) -> None:
    correct.deliver(new=("1,i1,ana,no,",))
    correct.deliver(old=("1,i1,ana,yes,",))
    correct.deliver(new=("1,i1,ana,no,",))
    assert correct.state() == [("i1", "ana", "yes", 2, "")]


def test_correcting_needs_to_know_what_is_corrected() -> None:
    with pytest.raises(ValidationError, match=r"state judgment: \{key: FIELD\}"):
        contract("correct", attribution="none")
    contract("correct", attribution="none", keyed=True)


def test_who_judged_is_not_shown_as_an_id() -> None:
    with pytest.raises(ValidationError, match="who says who judged"):
        contract(
            "full",
            files=[
                {
                    "role": "judgments",
                    "pattern": "*",
                    "dialect": {"format": "csv"},
                    "item": {"key": "item"},
                    "annotator": {"key": "who"},
                    "judgment": {"key": ["item", "who"]},
                    "answers": {"hate": "hate"},
                }
            ],
        )


def test_after_a_change_of_the_contract_the_past_is_read_again_and_says_the_same(full: Deliveries) -> None:
    for rows in (A, B, A):
        full.deliver(*rows)
    state, history = full.state(), full.history()
    full.contract = contract("full", questions={"hate": {"type": "choice", "options": ["yes", "no", "unsure", "both"]}})
    with pytest.raises(CatalogError, match="not landed under the present contract"):
        full.history()
    seen = []
    full.put({"export": A})
    from pipelines.ingest import ingest_source

    ingest_source(full.contract, full.inbox, full.home, KEY, lambda file, count: seen.append(file))
    assert len(set(seen)) == 2
    assert (full.state(), full.history()) == (state, history)


def test_a_past_file_that_no_pattern_matches_any_more_is_told(full: Deliveries) -> None:
    full.deliver(*A)
    narrow = contract("full").model_copy(deep=True)
    narrow.files[0].pattern[:] = ["new-*.csv"]
    full.contract = narrow
    full.put({"new-export": B})
    with pytest.raises(InboxError, match=r"export\.csv was delivered earlier, but no pattern"):
        full.take()


def change_of(deliveries: Deliveries) -> Path:
    """The folder of the only change."""
    (folder,) = [path.parent for path in deliveries.home.landing.rglob(CHANGE)]
    return folder


@pytest.mark.parametrize("name", ["ended.parquet", "standing.parquet", "withdrawn.parquet", CHANGE])
def test_a_torn_or_missing_change_is_told_and_computed_again(full: Deliveries, name: str) -> None:
    full.deliver(*A)
    full.deliver(*B)
    held = (full.state(), full.history())
    path = change_of(full) / name
    for damage in (lambda: path.write_bytes(path.read_bytes()[:-9]), path.unlink, lambda: shutil.rmtree(path.parent)):
        damage()
        with pytest.raises(CatalogError, match="missing or damaged"):
            full.history()
        full.take()
        assert (full.state(), full.history()) == held


def test_a_damaged_change_among_several_is_computed_again_from_the_first_that_is_needed(full: Deliveries) -> None:
    for rows in (A, B, A, B):
        full.deliver(*rows)
    held = (full.state(), full.history())
    folders = sorted(path.parent for path in full.home.landing.rglob(CHANGE))
    whole = {path: path.read_bytes() for folder in folders for path in folder.iterdir()}
    (folders[0] / "standing.parquet").unlink()
    assert (full.state(), full.history()) == held
    shutil.rmtree(folders[1])
    full.take()
    assert (full.state(), full.history()) == held
    assert {path: path.read_bytes() for path in whole} == whole


def falsified(deliveries: Deliveries, statement: str) -> list[tuple[int, str]]:
    """(law, first offender) of the laws that break once the bound warehouse is changed by a statement."""
    from expectations.laws.deliveries import DeliveryRelations, prove_deliveries, prove_versions

    with deliveries.bound() as con:
        con.execute("create table main.standing as select * from landing.judgments")
        con.execute(statement)
        found = broken(prove_deliveries(con, DeliveryRelations()))
        stands = (
            "(select judgments.*, coalesce(version, 1) as version from landing.judgments left join"
            " landing.judgment_versions using (source_id, file_sha256, record_ordinal, record_part, question_id))"
        )
        found += broken(prove_versions(con, "marts", stands, ["s"], DeliveryRelations()))
    return [(verdict.definition.number, verdict.offenders[0]) for verdict in found]


@pytest.mark.parametrize(
    ("statement", "laws", "told"),
    [
        ("delete from landing.judgment_history where change = 'deleted'", {1, 2}, "missing"),
        ("delete from landing.judgment_history where change = 'corrected'", {1, 2, 9}, "missing"),
        ("delete from landing.begun", {1, 2}, "added"),
        ("update landing.judgment_history set answer = '\"unsure\"' where change = 'deleted'", {2}, "in history"),
        ("update landing.judgment_versions set version = 7", {9}, "by its history it is 2"),
        (
            "update landing.judgment_history set item_id = 'i7' where change = 'corrected'",
            {2, 9},
            "somebody else's judgment",
        ),
    ],
)
def test_a_history_that_does_not_fit_what_is_landed_breaks_the_laws(
    full: Deliveries, statement: str, laws: set[int], told: str
) -> None:
    full.deliver(*A)
    full.deliver(*B)
    assert falsified(full, "select 1") == []
    found = falsified(full, statement)
    assert {number for number, _ in found} == laws
    assert any(told in offender for _, offender in found)


@pytest.mark.parametrize(
    ("statement", "laws"),
    [
        ("insert into landing.withdrawn select source_id, file_sha256, 1, 0, 'hate', 'repeated' from landing.withdrawn"
         " where why = 'corrected'", {1, 9}),
        ("delete from landing.withdrawn where why = 'repeated'", {1}),
        ("update landing.withdrawn set why = 'corrected'", {2}),
        ("delete from landing.judgment_history", {2, 9}),
        ("update landing.withdrawn set file_sha256 = (select file_sha256 from landing.files where delivery = 2)"
         " where why = 'corrected'", {2, 9}),
    ],
)  # fmt: skip
def test_what_is_left_out_without_ground_breaks_the_laws(correct: Deliveries, statement: str, laws: set[int]) -> None:
    correct.deliver(base=A)
    correct.deliver(later=("7,i1,ana,no,", "8,i1,bob,no,rude"))
    assert falsified(correct, "select 1") == []
    assert {number for number, _ in falsified(correct, statement)} == laws


def test_a_change_that_only_its_receipt_vouches_for_breaks_the_laws(full: Deliveries) -> None:
    """Someone drops the deletion from the change, and mends the digests: what is landed tells."""
    import json

    from pipelines.landing.deliveries import file_sha256

    full.deliver(*A)
    full.deliver(*B)
    folder = change_of(full)
    ended = folder / "ended.parquet"
    with duckdb.connect() as con:
        con.execute(f"create table ended as select * from read_parquet('{ended}') where change <> 'deleted'")
        con.execute(f"copy ended to '{ended}' (format parquet)")
    receipt = json.loads((folder / CHANGE).read_bytes())
    receipt["digests"]["ended.parquet"] = file_sha256(ended)
    receipt["deleted"] = 0
    (folder / CHANGE).write_text(json.dumps(receipt))
    found = broken(full.verdicts())
    assert {verdict.definition.number for verdict in found} == {1, 2}
    assert "missing" in found[-1].offenders[0] or "missing" in found[0].offenders[0]
