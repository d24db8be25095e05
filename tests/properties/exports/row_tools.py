"""Projects of tools that write rows: what each format writes of the same model, and the contract that reads it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from pipelines.contracts.model import SourceContract
from tests.properties.exports.tools import BEGIN, QUESTIONS, Act


@dataclass(frozen=True)
class Project:
    """What a project is in a tool: the statuses of acts, the item's field, and what answers what.

    Attributes:
        unasked: questions that the format cannot answer.
    """

    statuses: tuple[str, ...]
    key: str
    answers: dict[str, Any] = field(default_factory=dict)
    unasked: tuple[str, ...] = ()

    def contract(self, tool: str, form: str) -> SourceContract:
        """The contract that reads it."""
        questions = {code: question for code, question in QUESTIONS.items() if code not in self.unasked}
        profile = {"tool": tool, "format": form, "pattern": "*", "item": {"key": self.key}, "answers": self.answers}
        return SourceContract.model_validate(
            {
                "source": "made",
                "title": "Made",
                "licence": "MIT",
                "profile": profile,
                "questions": {code: {**one, "unanswered": [None]} for code, one in questions.items()},
            }
        )


def _lines(records: Iterable[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(record, ensure_ascii=False).encode() + b"\n" for record in records)


def _table(columns: list[str], rows: Iterable[dict[str, Any]], delimiter: str = ",") -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, columns, restval="", quoting=csv.QUOTE_ALL, delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().encode()


def _joined(name: str, answer: Any, separator: str) -> str:
    """An answer as one text."""
    if name == "order":
        return separator.join(option for option, _ in answer)
    return separator.join(answer) if isinstance(answer, list) else str(answer)


_BOXES = {"order": "rank_order", "score": "number", "why": "text_box"}


def _labels(act: Act) -> dict[str, dict[str, str]]:
    """Potato's labels: by scheme and name; an option is its own name."""
    return {
        name: {_BOXES[name]: _joined(name, answer, ",")}
        if name in _BOXES
        else {option: option for option in (answer if isinstance(answer, list) else [answer])}
        for name, answer in act.given.items()
    }


def potato_jsonl(made: list[Act]) -> bytes:
    """A record a person and item."""
    return _lines(
        {"instance_id": act.item, "user_id": str(act.who), "labels": _labels(act), "spans": {}, "links": {}}
        for act in made
    )


def potato_csv(made: list[Act], delimiter: str = ",") -> bytes:
    """The same with a column for each option that anybody chose, and for each box whether or not it was filled."""
    rows = [
        {"instance_id": act.item, "user_id": act.who}
        | {f"{scheme}.{name}": value for scheme, held in _labels(act).items() for name, value in held.items()}
        for act in made
    ]
    boxes = [f"{scheme}.{name}" for scheme, name in _BOXES.items()]
    return _table(list(dict.fromkeys([*boxes, *(name for row in rows for name in row)])), rows, delimiter)


def potato_history(made: list[Act]) -> bytes:
    """A record an answer."""
    return _lines(
        {"action_id": f"{act.number}-{name}", "timestamp": BEGIN.format(act.number)[:-1], "user_id": str(act.who),
         "instance_id": act.item, "action_type": "add_label", "schema_name": name, "label_name": "x",
         "old_value": None, "new_value": _joined(name, answer, ","), "session_id": "s", "metadata": {}}
        for act in made
        for name, answer in [*act.given.items(), ("other", "A")]
    )  # fmt: skip


def mturk_batch(made: list[Act]) -> bytes:
    """A row an assignment."""
    status = {"submitted": ("Submitted", "Approved"), "rejected": ("Rejected", "Rejected")}
    rows = [
        {"HITId": "h", "AssignmentId": f"a{act.number}", "WorkerId": act.who, "Input.ref": act.item,
         "AssignmentStatus": status[act.status][act.number % 2], "WorkTimeInSeconds": act.number,
         "SubmitTime": f"Mon Mar 04 10:12:{act.number:02} {('PST', 'PDT')[act.number % 2]} 2019"}
        | {f"Answer.{name}": _joined(name, answer, "|") for name, answer in act.given.items()}
        for act in made
    ]  # fmt: skip
    given = ["HITId", "AssignmentId", "WorkerId", "AssignmentStatus", "SubmitTime", "WorkTimeInSeconds", "Input.ref"]
    return _table([*given, *(f"Answer.{name}" for name in QUESTIONS)], rows)


def crowdflower_full(made: list[Act]) -> bytes:
    """A row a judgment."""
    rows = [
        {"_unit_id": act.item, "_id": act.number, "_worker_id": act.who, "_country": "GBR",
         "_created_at": f"2/22/2015 05:41:{act.number:02}", "_tainted": json.dumps(act.status == "rejected")}
        | {name: _joined(name, answer, "\n") for name, answer in act.given.items()}
        for act in made
    ]  # fmt: skip
    given = ["_unit_id", "_id", "_worker_id", "_created_at", "_tainted", "_country", "_region", "_city"]
    return _table([*given, *QUESTIONS], rows)


_POTATO = {"score": {"kind": "number"}, "why": {"kind": "text"}}
ROW_PROJECTS: dict[tuple[str, str], Project] = {
    ("potato", "jsonl"): Project(("submitted",), "$item"),
    ("potato", "csv"): Project(("submitted",), "$item", _POTATO),
    ("potato", "tsv"): Project(("submitted",), "$item", _POTATO),
    ("potato", "history"): Project(("submitted",), "$item", unasked=("flaws",)),
    ("mturk", "batch"): Project(("submitted", "rejected"), "ref"),
    ("crowdflower", "full"): Project(("submitted", "rejected"), "$unit", unasked=("order",)),
}
ROW_WRITERS: dict[tuple[str, str], Callable[[list[Act]], bytes]] = {
    ("potato", "jsonl"): potato_jsonl,
    ("potato", "csv"): potato_csv,
    ("potato", "tsv"): lambda made: potato_csv(made, "\t"),
    ("potato", "history"): potato_history,
    ("mturk", "batch"): mturk_batch,
    ("crowdflower", "full"): crowdflower_full,
}
"""What writes each format; files a person, and Prodigy's tasks of one question, are tried by fixtures and exports."""
