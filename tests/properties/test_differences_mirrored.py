"""Differences between releases against a model in plain Python, and both ways."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.release.comparison import Held, compare
from pipelines.release.difference import Difference, Rows
from tests.unit.released import Content, build, judgment

JUDGMENTS = st.lists(
    st.builds(
        judgment,
        st.sampled_from(["i1", "i2"]),
        st.sampled_from(["ana", "ben", None]),
        st.sampled_from(["yes", "no", "unsure"]),
        source_id=st.sampled_from(["s", "t"]),
        judgment_key=st.sampled_from([None, None, "k1", "k2"]),
        rationale=st.sampled_from([None, "", "since"]),
    ),
    max_size=7,
)


def _difference(before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]]) -> tuple[Difference, Difference]:
    """What is different, one way and the other."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        one, other = (
            Held.within((built := build(Content(rows), folder / side)).manifest, built.folder)
            for side, rows in (("before", before), ("after", after))
        )
        return compare(one, other, folder), compare(other, one, folder)


def _mirrored(difference: Difference) -> Difference:
    """What the other way round has to be."""
    what = {"added": "removed", "removed": "added", "kept": "kept"}

    def rows(one: Rows) -> Rows:
        return replace(one, added=one.removed, removed=one.added)

    sources = []
    for source in difference.sources:
        judgments, variation = source.judgments, source.variation
        sources.append(
            replace(
                source,
                what=what[source.what],
                judgments=replace(
                    judgments,
                    before=judgments.after,
                    after=judgments.before,
                    added=judgments.withdrawn,
                    withdrawn=judgments.added,
                ),
                variation=replace(
                    variation,
                    wider=variation.narrower,
                    narrower=variation.wider,
                    new=variation.gone,
                    gone=variation.new,
                    answers_before=variation.answers_after,
                    answers_after=variation.answers_before,
                    answers_gained=variation.answers_lost,
                    answers_lost=variation.answers_gained,
                    abstentions_before=variation.abstentions_after,
                    abstentions_after=variation.abstentions_before,
                    annotators_before=variation.annotators_after,
                    annotators_after=variation.annotators_before,
                    annotators_gained=variation.annotators_lost,
                    annotators_lost=variation.annotators_gained,
                ),
                items=rows(source.items),
                attributes=rows(source.attributes or Rows()),
                questions_added=source.questions_removed,
                questions_removed=source.questions_added,
                raw_files_gained=source.raw_files_lost,
                raw_files_lost=source.raw_files_gained,
            )
        )
    return replace(difference, annotators=rows(difference.annotators or Rows()), sources=tuple(sources))


def _act(row: dict[str, Any]) -> tuple[Any, ...] | None:
    if row["judgment_key"] is not None:
        return (row["judgment_key"],)
    return (row["item_id"], row["annotator_id"]) if row["annotator_id"] is not None else None


def _expected(before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]], source: str) -> tuple[int, ...]:
    """Judgments before, after, added, withdrawn and corrected, by counting."""
    old, new = (
        Counter(tuple(sorted(row.items(), key=repr)) for row in rows if row["source_id"] == source)
        for rows in (before, after)
    )
    gone, came = ((one - other).elements() for one, other in ((old, new), (new, old)))
    lost, gained = list(gone), list(came)
    acts = [Counter(act for row in rows if (act := _act(dict(row))) is not None) for rows in (lost, gained)]
    corrected = (acts[0] & acts[1]).total()
    return old.total(), new.total(), len(gained) - corrected, len(lost) - corrected, corrected


@settings(max_examples=12)
@given(before=JUDGMENTS, after=JUDGMENTS)
def test_a_difference_counts_as_one_would_by_hand_and_is_the_mirror_of_the_other_way(
    before: list[dict[str, Any]], after: list[dict[str, Any]]
) -> None:
    there, back = _difference(before, after)
    assert back == _mirrored(there)
    for source in there.sources:
        found = source.judgments
        counted = (found.before, found.after, found.added, found.withdrawn, found.corrected)
        assert counted == _expected(before, after, source.source)
