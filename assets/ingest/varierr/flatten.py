"""VariErr keeps both rounds in one record: labels with reasons, and below each reason what everybody thought of it."""

from collections.abc import Iterator
from typing import Any

LABELS = ("entailment", "neutral", "contradiction")


def flatten(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """First one record an annotator, with all labels and reasons; then one for each view of a reason.

    A reason is an item of its own, by whoever gave it, and shown with the label that it is for.
    """
    rest = {name: value for name, value in record.items() if name not in (*LABELS, "id", "statement", "idk")}
    given: dict[int, dict[str, list[str]]] = {}
    for label in LABELS:
        for one in record[label]:
            mine = given.setdefault(one["annotator"], {"labels": [], "reasons": []})
            mine["reasons"].append(one["reason"])
            if label not in mine["labels"]:
                mine["labels"].append(label)
    for annotator in record["idk"]:
        given.setdefault(annotator, {"labels": [], "reasons": []})["labels"].append("idk")
    for annotator, mine in given.items():
        yield {**rest, "item": record["id"], "text": record["statement"], "annotator": annotator, **mine}
    for label in LABELS:
        for one in record[label]:
            reason = {
                name: value for name, value in one.items() if name not in ("annotator", "judgments", "reason", "id")
            }
            shown = {"context": record["context"], "statement": record["statement"]}
            about = {
                "item": one["id"],
                "text": one["reason"],
                "context": shown,
                "label": label,
                "author": one["annotator"],
            }
            for view in one["judgments"]:
                yield {**reason, **about, **view}
