"""`python -m pipelines.demo.count [INBOX]`: what the demo exports hold, counted from their bytes.

Reads with the standard library's `csv` and `json` alone and shares nothing with the generator.
"""

import csv
import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from io import StringIO
from pathlib import Path
from typing import Any

Counts = Mapping[str, str]
"""How many of each thing, by what was counted; `5 (left 3, tie 2)` where the answers are told apart."""


def _shares(values: Iterable[object]) -> str:
    counts = Counter(map(str, values))
    return f"{counts.total()} ({', '.join(f'{value} {number}' for value, number in sorted(counts.items()))})"


def _repeats(keys: Iterable[object]) -> str:
    return str(sum(number - 1 for number in Counter(keys).values()))


def _helpfulness(content: bytes) -> Counts:
    tasks: list[dict[str, Any]] = json.loads(content)
    acts = [(task, act) for task in tasks for act in task["annotations"]]
    skipped = [result for _, act in acts if act["was_cancelled"] for result in act["result"]]
    answers: dict[str, list[Any]] = {}
    for _, act in acts:
        for result in [] if act["was_cancelled"] else act["result"]:
            (answer,) = result["value"].values()
            answers.setdefault(result["from_name"], []).append(answer)
    return {
        "records (tasks)": str(len(tasks)),
        "items (`data.item_id`)": str(len({task["data"]["item_id"] for task in tasks})),
        "annotators (`completed_by`)": str(len({act["completed_by"] for _, act in acts})),
        "tasks by number of annotators": _shares(
            len({act["completed_by"] for act in task["annotations"]}) for task in tasks
        ),
        "annotations": str(len(acts)),
        "of them skipped (`was_cancelled`)": str(sum(act["was_cancelled"] for _, act in acts)),
        "results in skipped annotations": _shares(result["from_name"] for result in skipped),
        "repeats of (task, annotator)": _repeats((task["id"], act["completed_by"]) for task, act in acts),
        "`preference`, submitted": _shares(choice for choices in answers["preference"] for choice in choices),
        "`helpfulness_a`, submitted": _shares(answers["helpfulness_a"]),
        "`helpfulness_b`, submitted": _shares(answers["helpfulness_b"]),
        "`reason`, submitted": str(len(answers["reason"])),
    }


def _topics(content: bytes) -> Counts:
    lines: list[dict[str, Any]] = [json.loads(line) for line in content.splitlines()]
    marked = {
        verdict: [line["accept"] for line in lines if line["answer"] == verdict]
        for verdict in ("accept", "reject", "ignore")
    }
    return {
        "records (lines)": str(len(lines)),
        "items (`_input_hash`)": str(len({line["_input_hash"] for line in lines})),
        "items (`meta.item_id`)": str(len({line["meta"]["item_id"] for line in lines})),
        "annotators (`_annotator_id`)": str(len({line["_annotator_id"] for line in lines})),
        "repeats of (item, annotator)": _repeats((x["_input_hash"], x["_annotator_id"]) for x in lines),
        "`answer`": _shares(line["answer"] for line in lines),
        "accepted, by number of concerns": _shares(len(concerns) for concerns in marked["accept"]),
        "rejected, by number of concerns": _shares(len(concerns) for concerns in marked["reject"]),
        "ignored, by number of concerns": _shares(len(concerns) for concerns in marked["ignore"]),
        "concerns accepted": _shares(concern for concerns in marked["accept"] for concern in concerns),
    }


def _rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(content.decode(), newline=""), strict=True))


def _ratings(content: bytes) -> Counts:
    rows = _rows(content)
    return {
        "records (rows)": str(len(rows)),
        "items (`item_id`)": str(len({row["item_id"] for row in rows})),
        "annotators (`annotator`)": str(len({row["annotator"] for row in rows})),
        "repeats of (item, annotator)": _repeats((row["item_id"], row["annotator"]) for row in rows),
        "`politeness`": _shares(row["politeness"] for row in rows),
        "`offensive`": _shares(row["offensive"] for row in rows),
        "`comment`, not empty": str(sum(bool(row["comment"]) for row in rows)),
        "`comment` with a line break": str(sum("\n" in row["comment"] for row in rows)),
    }


def _profiles(content: bytes) -> Counts:
    rows = _rows(content)
    return {
        "records (rows)": str(len(rows)),
        "annotators (`annotator`)": str(len({row["annotator"] for row in rows})),
        "repeats of annotator": _repeats(row["annotator"] for row in rows),
        "`age_band`": _shares(row["age_band"] for row in rows),
        "`region`": _shares(row["region"] for row in rows),
        "`gender`": _shares(row["gender"] or "(empty)" for row in rows),
    }


FILES = {
    "demo_helpfulness/project-1-export.json": _helpfulness,
    "demo_topics/annotations.jsonl": _topics,
    "demo_tone/ratings.csv": _ratings,
    "demo_tone/annotators.csv": _profiles,
}
"""How each file is counted, by its path below the inbox."""


def counts(inbox: Path) -> dict[str, Counts]:
    """Count every export below `inbox`, by file. Raises `OSError` where one is missing."""
    return {name: count((inbox / name).read_bytes()) for name, count in FILES.items()}


def report(inbox: Path) -> str:
    """Return `counts` as Markdown: a table for each file."""
    tables = []
    for name, counted in counts(inbox).items():
        rows = [f"`{name}`", "", "| what | count |", "| --- | --- |"]
        rows += [f"| {what} | {number} |" for what, number in counted.items()]
        tables.append("\n".join(rows) + "\n")
    return "\n".join(tables)


if __name__ == "__main__":
    print(report(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "inbox"), end="")
