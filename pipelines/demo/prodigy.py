"""The multi-label demo export, as `prodigy db-out` writes JSONL: the course of a project, and its bytes.

Compact ASCII JSON, one answer a line, in the order of saving. The hashes are stable 32-bit numbers, like
those of Prodigy's own function, which is another one.
"""

import hashlib
import json

from pipelines.demo.dice import Dice
from pipelines.demo.population import TOPIC_ANNOTATORS, TopicAnnotator, TopicAnswer, label
from pipelines.demo.wording import CONCERNS, REMARKS, Remark

SOURCE = "demo_topics"
FILE = "annotations.jsonl"

_START = 1_772_524_800
"""2026-03-03 08:00 UTC, in Unix seconds."""


def _hash(*parts: str) -> int:
    digest = hashlib.sha256("\x00".join(parts).encode()).digest()
    return int.from_bytes(digest[:4], "big", signed=True)


def _line(index: int, remark: Remark, annotator: TopicAnnotator, answer: TopicAnswer, at: int) -> str:
    session = f"{SOURCE}-{annotator.raw_id}"
    record = {
        "text": remark.text,
        "meta": {"item_id": f"box-{index + 1:03d}", "source": "suggestion box", "language": remark.language},
        "_input_hash": _hash(remark.text),
        "_task_hash": _hash(remark.text, *(concern for concern, _ in CONCERNS)),
        "options": [{"id": concern, "text": text} for concern, text in CONCERNS],
        "_view_id": "choice",
        "config": {"choice_style": "multiple"},
        "accept": list(answer.concerns),
        "answer": answer.verdict,
        "_timestamp": at,
        "_annotator_id": session,
        "_session_id": session,
    }
    return json.dumps(record, ensure_ascii=True, separators=(",", ":"))


def files(seed: int) -> dict[str, bytes]:
    """Return the export of `seed` by its path below the inbox."""
    dice, clock = Dice(seed, f"{SOURCE}/answers"), Dice(seed, f"{SOURCE}/clock")
    lines: list[tuple[int, str, str]] = []
    for annotator in TOPIC_ANNOTATORS:
        at = _START + clock.below(1_200)
        for index, remark in enumerate(REMARKS):
            at += clock.between(4, 45)
            line = _line(index, remark, annotator, label(annotator, remark, dice), at)
            lines.append((at, annotator.raw_id, line))
    return {f"{SOURCE}/{FILE}": "".join(f"{line}\n" for _, _, line in sorted(lines)).encode()}
