"""What people answered in a real tool, held against what its export lands as, through a profile.

``../shared/tool_exports`` holds exports of the tools' own servers, and beside them ``truth.jsonl``: a line an answer,
as it was given. An answer is known by who gave it, of which item, to which question, what, with which status, and the
how-manieth of its kind it was. What a format has lost is told by loss codes, each of which stands for certain lines.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest

from pipelines.contracts.companions import UNKNOWN_MARK
from pipelines.contracts.model import SourceContract
from pipelines.landing.land import connect
from tests.conftest import ROOT
from tests.unit.landed import Landed

EXPORTS = ROOT.parent / "shared" / "tool_exports"

Line = dict[str, Any]
Answers = Counter[tuple[str, str, str, str, str, int]]
"""How often an answer was given: who, item, question, answer as JSON, status, how-manieth."""


BEST = {"type": "choice", "options": ["A", "B", "tie"]}
ISSUES = {"type": "multi_choice", "options": ["off-topic", "too long", "tone, formal", 'wrong "fact"', "unsafe"]}
"""What several tools were made to ask."""


@dataclass(frozen=True)
class Tool:
    """How a tool's truth and its exports name things.

    Attributes:
        users: raw ids by the name that the truth has.
        statuses: the status of what was not simply submitted, by line; None: submitted.
        act_id: the export's own id of the act, by line, by which an unknown annotator is told.
        losses: by loss code, the lines that it stands for; other codes lose no answer.
        spoiled: by loss code, what becomes of an answer, by line.
        unstated: loss codes by which every status is submitted.
        unasked: loss codes by which an act that was not submitted has no more than what was answered in it.
        answer: what an answer is kept as, by line.
        stored: the lines that the tool still holds in the end.
    """

    users: Mapping[str, str]
    status: Callable[[Line], str | None]
    act_id: Callable[[Line], str]
    losses: Mapping[str, Callable[[Line], bool]]
    spoiled: Mapping[str, Callable[[Line], Any]] = field(default_factory=dict)
    unstated: frozenset[str] = frozenset()
    unasked: frozenset[str] = frozenset()
    answer: Callable[[Line], Any] = itemgetter("value")
    stored: Callable[[Line], bool] = itemgetter("live")

    def lines(self, path: Path) -> list[Line]:
        """The lines of a truth that the tool still holds, in the order in which they were given."""
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        return [line for line in lines if self.stored(line)]


def exports(tool: str) -> Path:
    """The folder of a tool's exports; the test is skipped where there is none."""
    folder = EXPORTS / tool
    if not folder.is_dir():
        pytest.skip("the tools' exports (shared/tool_exports beside the checkout) are not here")
    return folder


def expected(
    lines: Iterable[Line], questions: Iterable[str], tool: Tool, losses: Iterable[str], gone: Iterable[str] = ()
) -> Answers:
    """What an export must land as that lost what these codes say; ``gone`` are people whose accounts were deleted."""
    asked, deleted, codes = list(questions), frozenset(gone), frozenset(losses)
    is_partial, is_unstated = bool(codes & tool.unasked), bool(codes & tool.unstated)
    spoiled = [change for code, change in tool.spoiled.items() if code in codes]
    acts: dict[str, list[Line]] = {}
    for line in lines:
        if not any(code in tool.losses and tool.losses[code](line) for code in codes):
            acts.setdefault(line["act"], []).append(line)
    found: list[tuple[str, str, str, str, str]] = []
    for act in acts.values():
        first = act[0]
        who = f"unknown {tool.act_id(first)}" if first["user"] in deleted else first["user"]
        status = tool.status(first)
        given = {line["question"]: line for line in act if line["question"] is not None}
        for question in given if status is None or is_partial or is_unstated else asked:
            value = None
            if question in given:
                line = given[question]
                for change in spoiled:
                    line = {**line, "value": change(line)}
                value = tool.answer(line)
            told = "submitted" if status is None or is_unstated else status
            found.append((who, first["item"], question, _as_json(value), told))
    return numbered(found)


def numbered(answers: Iterable[tuple[str, str, str, str, str]]) -> Answers:
    """Answers with the how-manieth each of them is of its person, item and question."""
    before = Counter[tuple[str, str, str]]()
    counted = Answers()
    for who, item, question, answer, status in answers:
        before[who, item, question] += 1
        counted[who, item, question, answer, status, before[who, item, question]] += 1
    return counted


def landed_answers(landed: Landed, users: Mapping[str, str]) -> Answers:
    """What landed, in the same form. Repeats are numbered by when they were given, for exports list them variously."""
    names = {raw: name for name, raw in users.items()}
    root, source = landed.home.root, landed.contract.source
    with connect() as con:
        rows = con.execute(
            "select raw_annotator, item_id, question_id, answer, status, judgment_key"
            f" from read_parquet('{root}/landing/{source}/*/*/judgments/*.parquet') left join (select distinct * from"
            f" read_parquet('{root}/raw/{source}/identities/*/*.parquet')) using (annotator_id)"
            " order by judged_at, file_sha256, record_ordinal, record_part"
        ).fetchall()
    return numbered(
        (_who(raw, key, names), item, question, _as_json(_unwrapped(answer, status)), status)
        for raw, item, question, answer, status, key in rows
    )


def differences(found: Answers, wanted: Answers) -> str:
    """What is there and must not be, and what must be and is not; empty where there is nothing of either."""
    more, less = found - wanted, wanted - found
    return "\n".join([f"too much: {one}" for one in sorted(more)] + [f"missing: {one}" for one in sorted(less)])


def land(folder: Path, contract: SourceContract, files: Mapping[str, Path]) -> Landed:
    """A contract's source with files of the export, by the name that they are delivered under."""
    return Landed(folder, contract, {name: path.read_bytes() for name, path in files.items()})


def applied(lines: Iterable[Line], tool: Tool, losses: Iterable[str]) -> Iterator[str]:
    """The codes among these that stand for something in these lines."""
    held = list(lines)
    for code in losses:
        lost, changed = tool.losses.get(code), tool.spoiled.get(code)
        is_lost = (lost is not None and any(map(lost, held))) or (
            code in tool.unstated | tool.unasked and any(tool.status(line) is not None for line in held)
        )
        if is_lost or (changed is not None and any(changed(line) != line["value"] for line in held)):
            yield code


def _who(raw: str | None, key: str | None, names: Mapping[str, str]) -> str:
    if raw is None:
        return "nobody"
    return f"unknown {key}" if raw.startswith(UNKNOWN_MARK) else names[raw]


def _unwrapped(answer: str, status: str) -> Any:
    value = json.loads(answer)
    return value if status == "submitted" else value[status]


def _as_json(value: Any) -> str:
    """An answer by what it says: a set in any order, a number by its worth."""
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        value = sorted(value)
    return json.dumps(float(value) if isinstance(value, int) and not isinstance(value, bool) else value)
