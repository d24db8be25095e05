"""MultiPref keeps the annotations of crowd workers and of experts in two lists."""

from collections.abc import Iterator
from typing import Any

POOLS = {"normal_worker_annotations": "normal worker", "expert_worker_annotations": "expert"}


def flatten(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """One record an annotation, with the pool that its annotator was recruited in."""
    item = {name: value for name, value in record.items() if name not in POOLS}
    for name, pool in POOLS.items():
        for annotation in record[name]:
            if both := item.keys() & annotation.keys():
                raise ValueError(f"{both} are of the comparison and of an annotation")
            yield {**item, "pool": pool, **annotation}
