"""Community Alignment keeps up to four turns of a conversation side by side, each with its four responses."""

import json
from collections.abc import Iterator
from typing import Any

TURNS = ("first", "second", "third", "fourth")
PARTS = ("prompt", "response_a", "response_b", "response_c", "response_d", "preferred_response", "feedback")


def flatten(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """One record a turn that took place.

    What was shown is an item: an opening turn is one for everybody who had the same prompt and responses before them, a
    later one has gone its conversation's own way.
    """
    rest = {name: value for name, value in record.items() if name.partition("_turn_")[0] not in TURNS}
    before: list[dict[str, Any]] = []
    for number, name in enumerate(TURNS, start=1):
        turn = {part: record.get(f"{name}_turn_{part}") for part in PARTS}
        if all(value is None for value in turn.values()):
            continue
        own = [] if number == 1 else [record["conversation_id"], number]
        shown = json.dumps([*own, *(turn[part] for part in PARTS[:5])])
        yield {**rest, **turn, "turn": number, "shown": shown, "context": before or None}
        before = [*before, {"prompt": turn["prompt"], "response": turn.get(turn["preferred_response"] or "")}]
