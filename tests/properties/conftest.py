"""The closing summary of `make fuzz`: what was tried of each shape, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

TRIED: Counter[str] = Counter()
"""What became of the examples of the test that runs; `test_exports` counts here."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Hand the counts over with the test's report, which also crosses from a worker to its controller."""
    TRIED.clear()
    try:
        return (yield)
    finally:
        if TRIED:
            item.user_properties.append(("tried", dict(TRIED)))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """One line a property, where they were fuzzed."""
    if config.getoption("hypothesis_profile", None) != "fuzz":
        return
    reports = [one for kind in ("passed", "failed") for one in terminalreporter.stats.get(kind, [])]
    terminalreporter.section("fuzzed")
    for report in sorted(reports, key=lambda one: one.nodeid):
        tried = dict(report.user_properties).get("tried")
        if tried:
            name = report.nodeid.partition("[")[2].rstrip("]")
            told = ", ".join(f"{count:,} {what}" for what, count in sorted(tried.items(), key=lambda pair: -pair[1]))
            found = "nothing found" if report.passed else "FOUND SOMETHING, see above"
            terminalreporter.write_line(f"{name}: {sum(tried.values()):,} examples, {found} ({told})")
