"""VariErrNLI names an annotator once a label: the list of reasons goes with that of names, the labels are one text."""

from collections.abc import Iterator
from typing import Any


def flatten(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """One record an annotator, with the labels as they stand and the reasons in their order.

    A record in which an annotator has not as many labels as reasons is not taken.
    """
    rest = dict(record)
    annotators = rest.pop("annotators").split(",")
    annotations, info = rest.pop("annotations"), dict(rest.pop("other_info"))
    reasons: dict[str, list[str]] = {annotator: [] for annotator in annotations}
    for annotator, explanation in zip(annotators, info.pop("explanations"), strict=True):
        reasons[annotator].append(explanation)
    for annotator, labels in annotations.items():
        if len(labels.split(",")) != len(reasons[annotator]):
            raise ValueError("an annotator has not as many labels as reasons")
        yield {
            **rest,
            **({"other_info": info} if info else {}),
            "annotator": annotator,
            "annotation": labels,
            "explanations": reasons[annotator],
        }
