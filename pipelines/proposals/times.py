"""Times by their looks: in which format the texts of a field are written."""

from __future__ import annotations

import re
from datetime import datetime

from pipelines.proposals.fields import Field

_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}.*)?")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}.*")
_TIMES = (
    "%m/%d/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
)
_TRIED = 200


def holds_moments(one: Field) -> bool:
    """Whether every text is a date and a time of day."""
    return bool(one.texts) and all(_MOMENT.fullmatch(text) for text in one.texts)


def _parses(text: str, form: str) -> bool:
    try:
        datetime.strptime(text, form)
    except ValueError:
        return False
    return True


def time_format(one: Field) -> str | None:
    """The format, as a contract states it; None where it is none that all texts have."""
    if not one.texts:
        return None
    if all(_ISO.fullmatch(text) for text in one.texts):
        return "iso8601"
    for form in _TIMES:
        if all(_parses(text, form) for text in one.distinct[:_TRIED]):
            return form
    numbers = one.numbers
    if numbers and min(numbers) > 1e12:
        return "epoch_ms"
    if numbers and min(numbers) > 1e8:
        return "epoch_s"
    return None
