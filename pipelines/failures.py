"""Why a run failed, for people: each cause once, the first one first.

Told from Dagster's events, dbt's results and the verdicts; nothing here evaluates anything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from expectations.laws.verdicts import Verdict, broken, story
from pipelines.warehouse.run_folder import RunFolder

DBT_STEP = "dbt_models"
LAWS_STEP = "laws"
EXPECTATIONS_STEP = "expectations"
LANDING = "landing__"

_LINES = 14
"""How much of one cause is told that is not ours to word: a screen holds the cause and what led to it."""

_OURS = re.compile(r"^(pipelines|expectations|assets)\.[\w.]+: ")


def tell_failures(events: Iterable[Any], run: RunFolder, verdicts: Sequence[Verdict]) -> tuple[str, ...]:
    """One text a cause, in the order in which the steps failed; broken laws come before what follows from them."""
    held = list(events)
    checks = [event.event_specific_data for event in held if event.event_type_value == "ASSET_CHECK_EVALUATION"]
    failed = [check for check in checks if not check.passed]
    laws = story(verdicts) if broken(verdicts) else None
    told: list[str] = []
    for event in held:
        if event.event_type_value != "STEP_FAILURE":
            continue
        step = str(event.step_key)
        if laws and laws not in told and not step.startswith(LANDING):
            told.append(laws)
        by_step: dict[str, list[str]] = {
            DBT_STEP: _dbt(run),
            LAWS_STEP: [laws] if laws else [],
            EXPECTATIONS_STEP: _expectations(failed),
        }
        causes = by_step.get(step) or [_cause(step, event.event_specific_data)]
        told += [cause for cause in causes if cause not in told]
    return tuple(text if text == laws else _cut(text) for text in told)


def _dbt(run: RunFolder) -> list[str]:
    """The models that dbt could not build, and the tests that failed, by its own results."""
    results = run.root / "dbt" / "run_results.json"
    if not results.exists():
        return []
    told = []
    for result in json.loads(results.read_bytes())["results"]:
        kind, _, name = str(result["unique_id"]).split(".")[:3]
        if result["status"] == "error":
            told.append(f"dbt cannot build {kind} {name}: {result['message']}")
        elif result["status"] == "fail":
            told.append(f"dbt {kind} {name} failed: {result['failures']:,} offending")
    return told


def _expectations(failed: Sequence[Any]) -> list[str]:
    return [
        f"expectations of {check.asset_key.to_user_string()} failed:\n{check.description}"
        for check in failed
        if check.check_name == EXPECTATIONS_STEP
    ]


def _cause(step: str, data: Any) -> str:
    """What a step failed with: the error that Dagster's own wraps."""
    if data.user_failure_data is not None:
        return f"{_readable(step)}: {data.user_failure_data.description}"
    error = data.error
    while error is not None and error.cause is not None and str(error.cls_name).startswith("Dagster"):
        error = error.cause
    message = _OURS.sub("", str(error.message).strip()) if error else "failed, and did not say why"
    return f"{_readable(step)}: {message}"


def _readable(step: str) -> str:
    return step.replace("__", " ")


def _cut(text: str) -> str:
    lines = text.splitlines()
    more = len(lines) - _LINES
    return "\n".join([*lines[:_LINES], f"… and {more} more lines"]) if more > 0 else text
