"""Paraphrase keeps its reasons in a list that goes with the list of annotators, and its labels by annotator."""

from collections.abc import Iterator
from typing import Any


def flatten(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """One record an annotator, with label and reason; a record whose three parts do not agree is not taken."""
    rest = dict(record)
    annotators = rest.pop("annotators").split(",")
    annotations, info = rest.pop("annotations"), dict(rest.pop("other_info"))
    explanations = info.pop("explanations")
    if sorted(annotators) != sorted(annotations) or len(explanations) != len(annotators):
        raise ValueError("annotators, annotations and explanations do not agree")
    for annotator, explanation in zip(annotators, explanations, strict=True):
        yield {
            **rest,
            **({"other_info": info} if info else {}),
            "annotator": annotator,
            "annotation": annotations[annotator],
            "explanation": explanation,
        }
