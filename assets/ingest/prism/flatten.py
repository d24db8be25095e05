"""PRISM writes null where a participant ticked N/A beside a slider: an abstention, which null cannot be."""

from collections.abc import Iterator
from typing import Any

SLIDERS = ("performance_attributes", "choice_attributes")


def flatten(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The conversation with N/A where it was ticked; everything else as it is."""
    sliders = {
        name: {attribute: "N/A" if value is None else value for attribute, value in record[name].items()}
        for name in SLIDERS
        if record.get(name) is not None
    }
    yield {**record, **sliders}
