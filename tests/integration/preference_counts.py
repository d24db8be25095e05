"""Public preference and disagreement sets, recounted from their fixtures by the standard library alone.

(question, item, annotator, answer) → how many. Nothing of the product's readers, shapes or functions beside contracts
is used, so that a fault of theirs cannot hide here.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

Judged = Counter[tuple[str, str, str | None, str]]


def json_text(value: Any) -> str:
    """JSON as the product writes canonical answers."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def json_lines(path: Path) -> list[Any]:
    """The records of a file, one a line."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def _prism(export: Path) -> Judged:
    found: Judged = Counter()
    for row in json_lines(export / "utterances.jsonl"):
        if 1 <= row["score"] <= 100:
            found["score", row["utterance_id"], row["user_id"], str(row["score"])] += 1
    for row in json_lines(export / "conversations.jsonl"):
        item, who = row["conversation_id"], row["user_id"]
        for asked, sliders in (("performed", "performance_attributes"), ("chosen_for", "choice_attributes")):
            for attribute, value in row[sliders].items():
                if value is None or 1 <= value <= 100:
                    answer = '"N/A"' if value is None else str(value)
                    found[f"{asked}_{attribute}", item, who, answer] += 1
        if row["open_feedback"]:
            found["open_feedback", item, who, json_text(row["open_feedback"])] += 1
    return found


RECOUNTS: dict[str, Callable[[Path], Judged]] = {
    "prism": _prism,
}
"""By source: the judgments that its fixture holds, those left out that must be quarantined."""
