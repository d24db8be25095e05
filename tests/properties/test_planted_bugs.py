"""The property on exports can fail: with a bug planted in a reader, a shape or the landing, it does."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from pipelines.domain.pseudonyms import PseudonymKey
from pipelines.domain.vocabulary import AnswerType
from pipelines.landing.refusals import Refusals
from pipelines.readers.csv_reader import CsvReader
from pipelines.readers.json_reader import parse, read_json
from pipelines.readers.records import FileRefusedError
from pipelines.readers.recount import count_records
from pipelines.readers.recount_json import RecountError
from pipelines.shapes import flatten, steps
from pipelines.shapes.residue import Cover
from tests.properties.exports.cases import Case, cases
from tests.properties.exports.damage import truncated
from tests.properties.exports.holds import check
from tests.properties.exports.landing import land_bytes
from tests.properties.exports.shapes import SHAPES

CHUNKS, LAND = "pipelines.landing.chunks", "pipelines.landing.land"
BY_NAME = {shape.name: shape for shape in SHAPES}


def a_row_is_dropped(patch: pytest.MonkeyPatch) -> None:
    """The last row of a CSV file is lost, and the second reader loses it, too."""
    given_rows = CsvReader.__iter__

    def rows(self: CsvReader) -> Iterator[Any]:
        for batch in given_rows(self):
            kept = batch.rows.num_rows - 1
            yield dataclasses.replace(batch, rows=batch.rows.slice(0, kept), ordinals=batch.ordinals.slice(0, kept))

    patch.setattr(CsvReader, "__iter__", rows)
    patch.setattr(f"{LAND}.count_records", lambda *args, **named: count_records(*args, **named) - 1)


def a_reader_counts_alone(patch: pytest.MonkeyPatch) -> None:
    """Records that come twice are read once; only the second reader sees both."""

    def once(stream: Any, container: str) -> Iterator[Any]:
        seen: set[bytes] = set()
        for record in read_json(stream, container):
            if record.raw not in seen:
                seen.add(record.raw)
                yield record

    patch.setattr(f"{CHUNKS}.read_json", once)


def equal_acts_are_merged(patch: pytest.MonkeyPatch) -> None:
    """Two equal acts of a record become one."""
    acts = flatten.Flattener.acts

    def merged(self: flatten.Flattener, *args: Any) -> Iterator[flatten.Act]:
        seen: list[Any] = []
        for act in acts(self, *args):
            if act.cells not in seen:
                seen.append(act.cells)
                yield act

    patch.setattr(flatten.Flattener, "acts", merged)


def texts_are_stripped(patch: pytest.MonkeyPatch) -> None:
    """White space around a text is taken off."""
    scalar = flatten.scalar_text
    patch.setattr(flatten, "scalar_text", lambda value: text.strip() if (text := scalar(value)) else text)


def numbers_are_rounded(patch: pytest.MonkeyPatch) -> None:
    """A number is read as a double."""

    def rounded(record: Any, **given: Any) -> tuple[dict[str, Any], str | None]:
        value, key = parse(record, **given)
        return msgspec.json.decode(msgspec.json.encode(value)), key

    patch.setattr(f"{CHUNKS}.parse", rounded)


def annotators_are_merged(patch: pytest.MonkeyPatch) -> None:
    """Annotators whose ids end alike are one."""
    pseudonym = PseudonymKey.pseudonym
    patch.setattr(PseudonymKey, "pseudonym", lambda self, *parts: pseudonym(self, *(part[-4:] for part in parts)))


def acts_are_swapped(patch: pytest.MonkeyPatch) -> None:
    """Elements of a list are read backwards."""
    elements = steps._elements
    patch.setattr(steps, "_elements", lambda *args: elements(*args)[::-1])


def refused_bytes_are_lost(patch: pytest.MonkeyPatch) -> None:
    """A refused row's bytes are not found again."""
    patch.setattr("pipelines.landing.refusals.csv_records", lambda *args: {})


def a_bad_record_is_passed_over(patch: pytest.MonkeyPatch) -> None:
    """A record that cannot be parsed is left out and not told."""
    patch.setattr(Refusals, "add_records", lambda self, records: None)


def a_truncated_array_is_taken(patch: pytest.MonkeyPatch) -> None:
    """What comes before the end of a truncated document is kept."""

    def lenient(stream: Any, container: str) -> Iterator[Any]:
        try:
            yield from read_json(stream, container)
        except FileRefusedError:
            return

    def counted(*args: Any, **named: Any) -> int:
        try:
            return count_records(*args, **named)
        except RecountError:
            return 1

    patch.setattr(f"{CHUNKS}.read_json", lenient)
    patch.setattr(f"{LAND}.count_records", counted)


def a_reader_gives_up(patch: pytest.MonkeyPatch) -> None:
    """An error of the reader's own comes through."""

    def failing(record: Any, **given: Any) -> Any:
        if b"\\" in record.raw:
            raise KeyError("escape")
        return parse(record, **given)

    patch.setattr(f"{CHUNKS}.parse", failing)


def ids_are_shown(patch: pytest.MonkeyPatch) -> None:
    """What surrounds the acts is kept with the item, and with it who judged."""
    patch.setattr(Cover, "residue", lambda self, value: dict(value))


FOCUS: dict[str, Any] = {
    "numbers_are_rounded": {"types": (AnswerType.RATING,)},
    "a_truncated_array_is_taken": {"damages": (truncated,)},
}
"""What a bug shows itself in, where that is rare."""

PLANTED: list[tuple[Callable[[pytest.MonkeyPatch], None], str]] = [
    (a_row_is_dropped, "csv tidy"),
    (a_row_is_dropped, "csv annotators as columns"),
    (a_reader_counts_alone, "json flat"),
    (equal_acts_are_merged, "json list of acts"),
    (texts_are_stripped, "json object of acts"),
    (texts_are_stripped, "csv parallel texts"),
    (numbers_are_rounded, "json parallel lists"),
    (annotators_are_merged, "csv tidy"),
    (acts_are_swapped, "json object by item"),
    (refused_bytes_are_lost, "csv tidy"),
    (a_bad_record_is_passed_over, "json parallel lists"),
    (a_truncated_array_is_taken, "json object by item"),
    (a_reader_gives_up, "json by annotator"),
    (ids_are_shown, "json by annotator"),
]


@pytest.mark.parametrize(("plant", "shape"), PLANTED, ids=lambda value: getattr(value, "__name__", value))
def test_a_planted_bug_is_found(plant: Callable[[pytest.MonkeyPatch], None], shape: str) -> None:
    @settings(
        max_examples=400,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        database=None,
        derandomize=True,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(cases(BY_NAME[shape], **FOCUS.get(plant.__name__, {})))
    def holds(case: Case) -> None:
        check(case, land_bytes(case.contract, case.file.data))

    with pytest.MonkeyPatch.context() as patch:
        plant(patch)
        with pytest.raises((AssertionError, KeyError)):
            holds()
