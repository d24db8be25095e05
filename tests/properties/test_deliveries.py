"""Any deliveries in any order: the state is the last one's, and history accounts for every difference on the way."""

from __future__ import annotations

import tempfile
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations.laws.deliveries import DeliveryRelations, prove_deliveries, prove_versions
from expectations.laws.verdicts import broken
from tests.unit.deliveries_bench import STANDING, Deliveries, contract

Row = tuple[str, str, str]
_ROW = st.tuples(st.sampled_from(["i1", "i2"]), st.sampled_from(["ana", "bob"]), st.sampled_from(["yes", "no"]))
_EXPORT = st.lists(_ROW, min_size=1, max_size=5)
_EXPORTS = st.lists(_EXPORT, min_size=2, max_size=4)


def lines(rows: list[Row]) -> list[str]:
    """Rows of an export, numbered in their order."""
    return [f"{n},{item},{who},{answer}," for n, (item, who, answer) in enumerate(rows)]


def by_act(rows: list[Row]) -> dict[tuple[str, str], Counter[str]]:
    """Answers by item and annotator."""
    found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for item, who, answer in rows:
        found[item, who][answer] += 1
    return found


def expected_changes(before: list[Row], after: list[Row], *, named: bool) -> Counter[str]:
    """How many judgments one whole state changed in the other, counted act by act."""
    found: Counter[str] = Counter()
    old, new = by_act(before), by_act(after)
    for act in old.keys() | new.keys():
        gone, came = (old[act] - new[act]).total(), (new[act] - old[act]).total()
        corrected = min(gone, came) if named else 0
        found += Counter(
            unchanged=(old[act] & new[act]).total(),
            corrected=corrected,
            deleted=gone - corrected,
            added=came - corrected,
        )
    return found


def answers(deliveries: Deliveries) -> Counter[tuple[Any, ...]]:
    """Item, annotator and answer of what stands."""
    return Counter(row[:3] for row in deliveries.state())


def check_versions(deliveries: Deliveries) -> None:
    """Every judgment's versions follow each other without a gap, in time, and the laws hold."""
    with deliveries.bound() as con:
        chains = con.execute(
            "select coalesce(any_value(j.version), 1),"
            " list((h.version, h.came_with, h.ended_by, h.change) order by h.version)"
            f" from (select * from {STANDING}) as j join landing.judgment_history as h"
            " on h.now_file_sha256 = j.file_sha256 and h.now_record_ordinal = j.record_ordinal"
            " group by j.file_sha256, j.record_ordinal"
        ).fetchall()
        stands = f"(select * replace (coalesce(version, 1) as version) from {STANDING})"
        verdicts = prove_deliveries(con, DeliveryRelations())
        verdicts += prove_versions(con, "marts", stands, ["s"], DeliveryRelations())
    assert broken(verdicts) == []
    for version, past in chains:
        assert [one[0] for one in past] == list(range(1, version))
        for earlier, later in pairwise(past):
            assert later[1] == earlier[2] if earlier[3] == "corrected" else later[1] > earlier[2]
        assert all(came < ended for _, came, ended, _ in past)


@pytest.mark.parametrize("attribution", ["stable", "none"])
@given(exports=_EXPORTS)
@settings(max_examples=8, deadline=None)
def test_whole_states(attribution: str, exports: list[list[Row]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        deliveries = Deliveries(Path(folder), contract("full", attribution=attribution))
        taken: list[list[Row]] = []
        for rows in exports:
            report = deliveries.deliver(*lines(rows))
            if not report.is_new:
                continue
            if taken:
                known = [(item, who if attribution == "stable" else "", answer) for item, who, answer in taken[-1]]
                now = [(item, who if attribution == "stable" else "", answer) for item, who, answer in rows]
                assert Counter(report.change) == expected_changes(known, now, named=attribution == "stable")
            taken.append(rows)
        if attribution == "stable":
            assert answers(deliveries) == Counter(taken[-1])
        check_versions(deliveries)


@given(exports=_EXPORTS)
@settings(max_examples=8, deadline=None)
def test_corrections_in_one_run_or_in_many(exports: list[list[Row]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        each = Deliveries(Path(folder) / "each", contract("correct"))
        once = Deliveries(Path(folder) / "once", contract("correct"))
        files = {f"file{number}": lines(rows) for number, rows in enumerate(exports)}
        for name, rows in files.items():
            each.deliver(**{name: rows})
        unique = {tuple(rows): name for name, rows in reversed(files.items())}
        once.deliver(**{name: files[name] for name in sorted(unique.values())})
        assert each.state() == once.state()
        assert [row[:5] for row in each.history()] == [row[:5] for row in once.history()]
        standing: dict[tuple[str, str], int] = Counter()
        for export in exports:
            for act, came in by_act(export).items():
                standing[act] = max(standing[act], came.total())
        assert {act: found.total() for act, found in by_act([row[:3] for row in each.state()]).items()} == standing
        check_versions(each)
