"""What tests of public sets from their published schemas share: what landed, in the words of what is asked of it."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from pipelines.contracts.companions import MACHINE_MARK
from pipelines.contracts.model import SourceContract
from pipelines.project import this_project
from tests.integration.preference_counts import Judged, json_text

Found = dict[str, list[Any]]


def contract_of(source: str) -> SourceContract:
    """The contract in the repository."""
    return this_project().contract(source)


def judged(source: str, found: Found) -> Judged:
    """The judgments that landed, as a recount gives them: items with a digest for an id are told by their content."""
    named = {row[0]: row[0] for row in found["items"]}
    if any(mapping.item and mapping.item.key_digest for mapping in contract_of(source).files):
        contents = [(row[0], json_text([row[2], *row[3], row[5]])) for row in found["items"]]
        named = dict(contents)
        assert len(named) == len(set(named.values())) == len(contents)
    return Counter(
        (question, named[item], who and who.removeprefix(MACHINE_MARK), answer)
        for question, item, who, _, answer, _, _ in found["judgments"]
    )


def refused(found: Found) -> list[tuple[str | None, str]]:
    """What is in quarantine: question and reason, sorted."""
    return sorted(((question, reason) for question, _, _, reason, _ in found["quarantine"]), key=str)


def answers(found: Found, question: str, item: str) -> dict[str | None, str]:
    """Who gave which answer to a question about an item; of several the last."""
    return {
        who: answer for asked, about, who, _, answer, _, _ in found["judgments"] if (asked, about) == (question, item)
    }


def beside(found: Found, question: str, item: str, who: str | None) -> dict[str, Any]:
    """What one judgment has beside its answer, where it is not the usual."""
    (it,) = [row[6] for row in found["judgments"] if row[:3] == [question, item, who]]
    return dict(it)


def extra_of(found: Found, item: str) -> dict[str, Any]:
    """What is kept with an item beside its content."""
    (extra,) = [row[6] for row in found["items"] if row[0] == item]
    return dict(json.loads(extra or "{}"))


def attributes(found: Found, who: str, attribute: str) -> list[tuple[str | None, str]]:
    """Each observation of an annotator's attribute: value and status."""
    return [(value, status) for one, name, value, status in found["attributes"] if (one, name) == (who, attribute)]
