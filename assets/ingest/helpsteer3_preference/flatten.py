"""HelpSteer3 numbers nothing: an item is what was shown, the conversation and the two responses to it."""

import json


def flatten(record):
    """The record with all that was shown as one text."""
    yield {**record, "shown": json.dumps([record["context"], record["response1"], record["response2"]])}
