"""The canary: every planted fault is seen by the expectation that is meant, and a blinded suite is not trusted."""

from __future__ import annotations

from typing import Any

import pytest

from expectations.gx import dialect
from expectations.gx.canary import Sighting, canary, planted_faults, sightings
from expectations.gx.suite import ROW_RULE, Expectation, Suite, load_suites

SUITES = load_suites()
FAULTS = planted_faults(SUITES)

CONSEQUENCES = {("judgments", "a source that is nowhere"): 3, ("judgment_history", "a source that is nowhere"): 3}
"""Faults that more than one expectation sees: of an unknown source, all else that it has is unknown too."""


@pytest.fixture(scope="module")
def seen() -> list[Sighting]:
    return sightings(SUITES)


def with_expectations(name: str, change: Any) -> list[Suite]:
    """The suites, with the expectations of one of them changed."""
    return [
        suite.model_copy(update={"expectations": change(suite.expectations)}) if suite.name == name else suite
        for suite in SUITES
    ]


def with_kwargs(found: Expectation, expectations: list[Expectation], **kwargs: Any) -> list[Expectation]:
    changed = found.model_copy(update={"kwargs": {**found.kwargs, **kwargs}})
    return [changed if one is found else one for one in expectations]


def expectation(name: str, words: str) -> Expectation:
    (found,) = [one for suite in SUITES if suite.name == name for one in suite.expectations if words in one.meaning]
    return found


@pytest.mark.parametrize("number", FAULTS, ids=lambda number: ": ".join(FAULTS[number]))
def test_a_planted_fault_breaks_exactly_the_expectation_that_is_meant(seen: list[Sighting], number: int) -> None:
    seeing = [sighting.report for sighting in seen if number in sighting.worlds]
    assert len(seeing) == CONSEQUENCES.get(FAULTS[number], 1), [report.meaning for report in seeing]
    assert {report.suite for report in seeing} == {FAULTS[number][0]}


def test_every_expectation_is_broken_by_planted_rows_and_by_no_good_one(seen: list[Sighting]) -> None:
    assert {sighting.report.outcome for sighting in seen} == {"broken"}
    assert [sighting.report.meaning for sighting in seen if not sighting.worlds <= FAULTS.keys()] == []


def test_the_suites_that_ship_are_trusted() -> None:
    report = canary(SUITES)
    assert (report.trusted, report.failures, report.planted) == (True, (), len(FAULTS))


@pytest.mark.parametrize("removed", [one.meaning for suite in SUITES for one in suite.expectations])
def test_without_any_one_expectation_a_planted_row_would_pass(seen: list[Sighting], removed: str) -> None:
    left = [sighting.worlds for sighting in seen if sighting.report.meaning != removed]
    assert frozenset(FAULTS) - frozenset[int]().union(*left)


def test_a_suite_that_lost_an_expectation_is_not_trusted() -> None:
    lost = expectation("judgments", "outcome of a comparison")
    report = canary(with_expectations("judgments", lambda all_: [one for one in all_ if one is not lost]))
    assert not report.trusted
    assert report.failures == ("judgments: a planted bad row passes: a comparison decided for the middle",)


def test_a_value_set_that_was_widened_is_not_trusted() -> None:
    weak = expectation("judgments", "outcome of a comparison")
    wide = [*weak.kwargs["value_set"], "middle"]
    report = canary(with_expectations("judgments", lambda all_: with_kwargs(weak, all_, value_set=wide)))
    assert "judgments: a planted bad row passes: a comparison decided for the middle" in report.failures
    assert any("sees no planted bad row" in failure for failure in report.failures)


def test_a_row_rule_that_finds_nothing_is_not_trusted() -> None:
    weak = expectation("items", "source is known")
    blind = "select source_id from {items} where false"
    report = canary(with_expectations("items", lambda all_: with_kwargs(weak, all_, unexpected_rows_query=blind)))
    assert report.failures[0] == "items: a planted bad row passes: a source that is nowhere"


def test_a_row_rule_that_always_complains_is_not_trusted() -> None:
    weak = expectation("items", "source is known")
    wolf = "select 'wolf' as cry from {items}"
    report = canary(with_expectations("items", lambda all_: with_kwargs(weak, all_, unexpected_rows_query=wolf)))
    assert not report.trusted


def test_an_expectation_that_ends_in_an_error_is_not_trusted() -> None:
    weak = expectation("items", "source is known")
    assert weak.type == ROW_RULE
    wrong = "select nothing from {items}"
    report = canary(with_expectations("items", lambda all_: with_kwargs(weak, all_, unexpected_rows_query=wrong)))
    assert any(failure.startswith(f"items: {ROW_RULE} ends in an error: ") for failure in report.failures)


def test_gx_without_its_mend_is_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(dialect._ReadAtOnce, "post_exec")
    report = canary(SUITES)
    assert not report.trusted
    assert len(report.failures) > len(FAULTS)
