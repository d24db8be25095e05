"""A recount in shares comes to what one process comes to, faults included; a process that dies proves nothing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from expectations.recount import shares
from expectations.recount.recount import Recount, recount_file
from expectations.recount.refused import Refused
from expectations.recount.shares import ShareError, joined, recount_in_shares
from expectations.recount.taking import Share
from tests.integration.test_fixtures import KEY
from tests.integration.test_recount import Copy


@pytest.fixture(scope="module", params=["crehate", "convabuse", "ttcw"])
def copy(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return Copy(request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture
def three(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three cores, and no file too small for them."""
    monkeypatch.setattr(shares, "SHARED_BYTES", 0)
    monkeypatch.setattr(shares, "_cores", lambda: 3)


def asked(copy: Copy, refused: Refused | None = None) -> tuple[Any, ...]:
    held = copy.refused if refused is None else refused
    return copy.contract, copy.file.mapping, copy.raw, copy.file.name, copy.file.sha256, KEY, held


@pytest.mark.usefixtures("three")
def test_processes_come_to_what_one_comes_to(copy: Copy) -> None:
    alone, together = set[int](), set[int]()
    one = recount_file(*asked(copy), with_moments=True, contents=alone)
    several = recount_in_shares(copy.raw, *asked(copy), with_moments=True, contents=together)
    assert several == one
    assert together == alone
    by_variation = recount_in_shares(copy.raw, *asked(copy), by_variation=True, contents=None)
    assert by_variation == recount_file(*asked(copy), by_variation=True)
    assert by_variation.judgments == len(copy.rows)


def in_shares(copy: Copy, refused: Refused, number: int) -> Recount:
    return joined([recount_file(*asked(copy, refused), share=Share(place, number)) for place in range(number)])


@pytest.mark.parametrize("number", [2, 3, 7])
def test_each_fault_is_found_once_whichever_share_meets_it(copy: Copy, number: int) -> None:
    wrong = Refused({0: frozenset({(None, None)}), 1: frozenset({(None, None)}), 10**6: frozenset({(None, None)})})
    one, several = recount_file(*asked(copy, wrong)), in_shares(copy, wrong, number)
    assert sorted(several.faults) == sorted(one.faults)
    assert (several.fault_count, several.total, several.records) == (one.fault_count, one.total, one.records)
    assert one.fault_count >= 2


def test_a_share_alone_is_not_the_whole(copy: Copy) -> None:
    whole = recount_file(*asked(copy))
    assert recount_file(*asked(copy), share=Share(0, 2)).total != whole.total
    assert joined([recount_file(*asked(copy), share=Share(0, 2))] * 2).total != whole.total


@pytest.mark.usefixtures("three")
def test_a_process_that_dies_is_an_error_and_shows_no_key(
    copy: Copy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    dying = tmp_path / "python"
    dying.write_text("#!/bin/sh\ncat > /dev/null\nkill -9 $$\n")
    dying.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(dying))
    with pytest.raises(ShareError, match=r"share 1 of 3 of the recount ended: exit code -9") as error:
        recount_in_shares(copy.raw, *asked(copy), contents=None)
    assert KEY.secret.hex() not in str(error.value)
