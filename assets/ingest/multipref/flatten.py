"""MultiPref keeps the annotations of crowd workers and of experts in two lists."""

POOLS = {"normal_worker_annotations": "normal worker", "expert_worker_annotations": "expert"}


def flatten(record):
    """One record an annotation, with the pool that its annotator was recruited in."""
    item = {name: value for name, value in record.items() if name not in POOLS}
    for name, pool in POOLS.items():
        for annotation in record[name]:
            yield {**item, "pool": pool, "annotation": annotation}
