"""HelpSteer3 numbers nothing: an item is what was shown, the conversation and the two responses to it."""

import json
from collections.abc import Iterator
from typing import Any


def flatten(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The record with all that was shown as one text."""
    yield {**record, "shown": json.dumps([record["context"], record["response1"], record["response2"]])}
