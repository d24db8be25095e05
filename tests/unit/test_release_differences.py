"""What is different between two releases, of every kind of change; each has a version that follows from it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipelines.release.comparison import DifferenceError, Held, compare
from pipelines.release.difference import Difference, SourceDifference
from pipelines.release.versions import Level, level, reasons
from tests.unit.released import Content, build, judgment

DISAGREED = [judgment("i1", "ana", "yes"), judgment("i1", "ben", "no"), judgment("i1", "cy", "unsure", abstained=True)]
ITEM = {"item_id": "i1", "text": "a text"}
BASE = Content(DISAGREED, {"items": [ITEM], "questions": [{"question_id": "q", "prompt": "Is it?"}]})


def difference_of(before: Content, after: Content, folder: Path) -> Difference:
    """What is different, as a publication or the command would find it."""
    old, new = build(before, folder / "before"), build(after, folder / "after")
    return compare(Held.within(old.manifest, old.folder), Held.within(new.manifest, new.folder), folder)


def judged(*judgments: dict[str, Any]) -> Content:
    return replace(BASE, judgments=judgments)


def with_table(name: str, *rows: dict[str, Any]) -> Content:
    return replace(BASE, tables={**BASE.tables, name: rows})


ATTRIBUTE = {"annotator_id": "ana", "attribute": "age", "value": "30"}
SOURCE = {"source_id": "s"}
OTHER_SOURCE = judgment("i1", "ana", "yes", source_id="t")

Change = tuple[Content, Content, Level, str]
CHANGES: dict[str, Change] = {
    "a judgment added": (
        BASE,
        judged(*DISAGREED, judgment("i1", "dee", "yes")),
        Level.MINOR,
        "s: 1 judgment added",
    ),
    "a judgment withdrawn": (BASE, judged(*DISAGREED[:2]), Level.MAJOR, "s: 1 judgment withdrawn"),
    "an answer corrected": (
        BASE,
        judged(judgment("i1", "ana", "no"), *DISAGREED[1:]),
        Level.PATCH,
        "s: 1 judgment corrected (answer 1, raw_answer 1)",
    ),
    "a rationale added": (
        BASE,
        judged({**DISAGREED[0], "rationale": "since"}, *DISAGREED[1:]),
        Level.PATCH,
        "s: 1 judgment corrected (rationale 1)",
    ),
    "a question added": (
        BASE,
        replace(
            BASE,
            judgments=[*DISAGREED, judgment("i1", "ana", "yes", question_id="r")],
            tables={"questions": [*BASE.tables["questions"], {"question_id": "r"}], "items": [ITEM]},
        ),
        Level.MINOR,
        "s: question r added",
    ),
    "a question reworded": (
        BASE,
        with_table("questions", {"question_id": "q", "prompt": "Is it not?"}),
        Level.MAJOR,
        "s: question q changed: prompt",
    ),
    "an item added": (BASE, with_table("items", ITEM, {"item_id": "i2"}), Level.MINOR, "s: items: 1 added"),
    "an item's text mended": (
        BASE,
        with_table("items", {"item_id": "i1", "text": "a text."}),
        Level.PATCH,
        "s: items: 1 changed (text 1)",
    ),
    "an attribute added": (
        BASE,
        with_table("annotator_attributes", ATTRIBUTE),
        Level.MINOR,
        "s: attributes of annotators: 1 added",
    ),
    "an attribute taken back": (
        with_table("annotator_attributes", ATTRIBUTE),
        BASE,
        Level.MAJOR,
        "s: attributes of annotators: 1 removed",
    ),
    "a person who is a machine": (
        BASE,
        with_table(
            "annotators",
            {"annotator_id": "ana", "annotator_kind": "machine"},
            {"annotator_id": "ben"},
            {"annotator_id": "cy"},
        ),
        Level.PATCH,
        "annotators: 1 changed (annotator_kind 1)",
    ),
    "a source added": (BASE, judged(*DISAGREED, OTHER_SOURCE), Level.MINOR, "source t added, 1 judgment"),
    "a source removed": (judged(*DISAGREED, OTHER_SOURCE), BASE, Level.MAJOR, "source t removed, 1 judgment"),
    "a source's licence": (
        BASE,
        with_table("sources", {**SOURCE, "licence": "CC-BY-4.0"}),
        Level.MAJOR,
        "s: its licence changed",
    ),
    "a source's title": (BASE, with_table("sources", {**SOURCE, "title": "T"}), Level.PATCH, "s: its title changed"),
    "a column added": (
        replace(BASE, without=["judgments.duration_s"]),
        BASE,
        Level.MINOR,
        "column judgments.duration_s added",
    ),
    "a column removed": (
        BASE,
        replace(BASE, without=["items.context"]),
        Level.MAJOR,
        "column items.context removed",
    ),
    "another licence of all": (BASE, replace(BASE, fields={"licence": "CC-BY-4.0"}), Level.MAJOR, "licence is CC-BY"),
    "another title": (BASE, replace(BASE, fields={"title": "E"}), Level.PATCH, "title is E, was D"),
    "another engine": (BASE, replace(BASE, fields={"code": {}}), Level.PATCH, "made with variorum is nothing"),
    "other raw files": (
        BASE,
        replace(BASE, raw_files=["e" * 64]),
        Level.PATCH,
        "s: raw files: 1 new, 1 no longer used",
    ),
    "nothing": (BASE, BASE, Level.PATCH, "no judgment, question, item or column is different"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_each_kind_of_change_is_told_and_has_its_level(name: str, tmp_path: Path) -> None:
    before, after, expected, told = CHANGES[name]
    difference = difference_of(before, after, tmp_path)
    texts = [reason.text for reason in reasons(difference)]
    assert any(text.startswith(told) for text in texts), texts
    assert level(difference) == expected


def of(before: Content, after: Content, folder: Path) -> SourceDifference:
    return difference_of(before, after, folder).sources[0]


def test_variation_that_is_lost_is_counted(tmp_path: Path) -> None:
    majority = judged(*(judgment("i1", who, "yes") for who in ("ana", "ben", "cy")))
    variation = of(BASE, majority, tmp_path).variation
    assert (variation.wider, variation.narrower, variation.even) == (0, 1, 0)
    assert (variation.answers_before, variation.answers_after) == (3, 1)
    assert (variation.answers_gained, variation.answers_lost) == (0, 2)
    assert (variation.abstentions_before, variation.abstentions_after) == (1, 0)
    assert (variation.annotators_gained, variation.annotators_lost) == (0, 0)


def test_one_opinion_for_another_is_lost_variation_though_the_count_stays(tmp_path: Path) -> None:
    variation = of(BASE, judged(judgment("i1", "ana", "maybe"), *DISAGREED[1:]), tmp_path).variation
    assert (variation.wider, variation.narrower, variation.even) == (0, 0, 1)
    assert (variation.answers_gained, variation.answers_lost) == (1, 1)


def test_two_annotators_exchanged_are_two_corrections(tmp_path: Path) -> None:
    swapped = judged(judgment("i1", "ana", "no"), judgment("i1", "ben", "yes"), DISAGREED[2])
    found = of(BASE, swapped, tmp_path)
    assert (found.judgments.corrected, found.judgments.unchanged) == (2, 1)
    assert (found.variation.answers_gained, found.variation.answers_lost) == (0, 0)


def test_rows_in_another_order_and_at_another_place_are_the_same_judgments(tmp_path: Path) -> None:
    moved = [{**one, "file_sha256": "e" * 64, "record_ordinal": n} for n, one in enumerate(reversed(DISAGREED))]
    found = of(BASE, judged(*moved), tmp_path).judgments
    assert (found.unchanged, found.added, found.withdrawn, found.corrected) == (3, 0, 0, 0)


def test_one_of_an_annotators_repeats_that_is_gone_is_one_withdrawal(tmp_path: Path) -> None:
    repeats = [judgment("i1", "ana", answer, occurrence=n) for n, answer in enumerate(("yes", "no", "yes"), 1)]
    left = [judgment("i1", "ana", answer, occurrence=n) for n, answer in enumerate(("no", "yes"), 1)]
    found = of(judged(*repeats), judged(*left), tmp_path).judgments
    assert (found.unchanged, found.added, found.withdrawn, found.corrected) == (2, 0, 1, 0)


def test_where_nobody_is_named_nothing_is_called_a_correction(tmp_path: Path) -> None:
    nobody = [judgment("i1", None, answer) for answer in ("yes", "no")]
    found = of(judged(*nobody), judged(nobody[0], judgment("i1", None, "maybe")), tmp_path).judgments
    assert (found.unchanged, found.added, found.withdrawn, found.corrected) == (1, 1, 1, 0)


def test_a_tools_own_id_tells_a_correction_where_nobody_is_named(tmp_path: Path) -> None:
    by_id = [judgment("i1", None, answer, judgment_key=answer) for answer in ("yes", "no")]
    found = of(judged(*by_id), judged(by_id[0], {**by_id[1], "answer": '"maybe"'}), tmp_path).judgments
    assert (found.unchanged, found.corrected, found.columns) == (1, 1, {"answer": 1})


def test_an_empty_set_that_becomes_null_is_a_correction(tmp_path: Path) -> None:
    chosen = judgment("i1", "ana", "[]", answer_choices=[])
    found = of(judged(chosen), judged({**chosen, "answer_choices": None}), tmp_path).judgments
    assert found.columns == {"answer_choices": 1}


def test_pseudonyms_of_another_key_are_compared_without_annotators(tmp_path: Path) -> None:
    others = [{**one, "annotator_id": f"x{n}"} for n, one in enumerate(DISAGREED)]
    after = replace(judged(*others), fields={"key_fingerprint": "k2"})
    difference = difference_of(BASE, after, tmp_path)
    found = difference.sources[0]
    assert (found.judgments.unchanged, found.judgments.added, found.judgments.withdrawn) == (3, 0, 0)
    assert (found.variation.annotators_gained, found.variation.annotators_lost) == (None, None)
    assert (found.attributes, difference.annotators) == (None, None)
    assert level(difference) == Level.MAJOR
    assert [reason.text for reason in reasons(difference)] == [
        "pseudonyms made with another key; annotators cannot be compared"
    ]


def test_a_column_of_another_type_is_told_and_not_compared(tmp_path: Path) -> None:
    built = [build(BASE, tmp_path / name) for name in ("before", "after")]
    tables = tuple(
        replace(table, columns=tuple((c, "string" if c == "duration_s" else kind) for c, kind in table.columns))
        for table in built[1].manifest.tables
    )
    after = replace(built[1].manifest, tables=tables)
    difference = compare(Held.within(built[0].manifest, built[0].folder), Held.within(after, built[1].folder), tmp_path)
    assert difference.retyped == {"judgments.duration_s": ("double", "string")}
    assert difference.sources[0].judgments.unchanged == 3


@pytest.mark.parametrize("column", ["answer", "annotator_id"])
def test_releases_without_what_a_judgment_is_cannot_be_compared(tmp_path: Path, column: str) -> None:
    with pytest.raises(DifferenceError, match=f"judgments.{column} is not the same in both"):
        difference_of(BASE, replace(BASE, without=[f"judgments.{column}"]), tmp_path)
