"""Publishers killed with -9, publishers that race, requests that are spoilt: the trials of `make faults`, small."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.faults.trials import Outcome


def outcomes(kind: str) -> dict[str, Outcome]:
    """What the trials on one kind of store came to; they fork, so they have a process without threads."""
    command = [sys.executable, "-m", "tests.faults", "--small", "--json", "--only", kind]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=600)
    found: dict[str, dict[str, Any]] = json.loads(done.stdout or "{}")
    assert found, done.stderr
    outcomes = {name: Outcome(**fields) for name, fields in found.items()}
    assert done.returncode == (0 if all(outcome.is_clean for outcome in outcomes.values()) else 1)
    return outcomes


@pytest.mark.parametrize("kind", ["folder", "s3"])
def test_no_kill_no_race_and_no_fault_tears_or_loses_a_release(kind: str) -> None:
    found = outcomes(kind)
    assert [name for name, outcome in found.items() if not outcome.is_clean] == []
    kills = [outcome for name, outcome in found.items() if "kill -9" in name]
    assert [(one.trials, one.killed) for one in kills] == [(30, 30), (10, 10)]
    (collected,) = (outcome for name, outcome in found.items() if "garbage" in name)
    assert collected.injected["collected"] > 0
    assert sum(outcome.trials for name, outcome in found.items() if "races" in name) == 10
    if kind == "s3":
        assert sum(sum(outcome.injected.values()) for outcome in found.values()) > 10


def test_trials_on_stores_that_break_the_protocol_find_it_out() -> None:
    found = outcomes("broken")
    assert found["broken: publish, kill -9"].torn > 0
    assert found["broken: pull"].torn > 0
    assert not found["broken: what is young is collected"].is_clean
    assert found["broken: races, distinct=True"].lost > 0
