"""The canary: planted bad rows that the suites must see, or the gate is not to be trusted.

Each planted fault gets a world of its own, good but for that fault, in a small DuckDB in memory; all of them are run
through the very suites of the gate, at once. What is planted is said beside the expectations, in the suites' YAML.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from expectations.gx.report import ExpectationReport
from expectations.gx.run import validate_on
from expectations.gx.suite import Suite, quoted
from pipelines.domain.tables import TABLES
from pipelines.domain.types import duckdb_type

Row = dict[str, Any]
World = dict[str, list[Row]]

_NEEDS: dict[str, tuple[str, ...]] = {
    "sources": (),
    "questions": ("sources",),
    "items": ("sources",),
    "annotators": (),
    "annotator_attributes": ("sources", "annotators"),
    "judgments": ("sources", "questions", "items", "annotators"),
    "judgment_history": ("sources", "questions", "items", "annotators", "judgments"),
    "quarantine": ("sources",),
}
"""What a row of a table refers to. Nothing that refers to the row is in its world: only the fault itself is wrong."""

_MARK = re.compile(r"world (\d+)|a0{20}(\d{12})")
_NOBODY = "nobody"


@dataclass(frozen=True)
class CanaryReport:
    """What the canary saw: how many faults were planted, and in what the suites failed."""

    planted: int
    failures: tuple[str, ...]

    @property
    def trusted(self) -> bool:
        """Whether every planted fault was seen and every expectation saw one."""
        return not self.failures


@dataclass(frozen=True)
class Sighting:
    """An expectation's report over the planted worlds, and the numbers of the worlds whose rows it named."""

    report: ExpectationReport
    worlds: frozenset[int]


def canary(suites: Sequence[Suite]) -> CanaryReport:
    """Plant every fault of the suites and run them.

    It fails where a planted bad row passes, where an expectation sees none of them (so that nothing proves it), and
    where an expectation ends in an error.
    """
    faults = planted_faults(suites)
    seen = sightings(suites)
    found = frozenset[int]().union(*(sighting.worlds for sighting in seen))
    failures = [
        f"{suite}: a planted bad row passes: {fault}"
        for number, (suite, fault) in faults.items()
        if number not in found
    ]
    for sighting in seen:
        report = sighting.report
        if report.outcome == "error":
            failures.append(f"{report.suite}: {report.type} ends in an error: {report.error} ({report.meaning})")
        elif not sighting.worlds:
            failures.append(f"{report.suite}: {report.type} sees no planted bad row ({report.meaning})")
    return CanaryReport(len(faults), tuple(failures))


def planted_faults(suites: Sequence[Suite]) -> dict[int, tuple[str, str]]:
    """Every fault by the number of its world, from 1: the suite that plants it, and what is wrong."""
    return {
        number: (suite.name, planted.fault)
        for number, (suite, planted) in enumerate(
            ((suite, planted) for suite in suites for planted in suite.planted), start=1
        )
    }


def sightings(suites: Sequence[Suite]) -> list[Sighting]:
    """What each expectation sees of the planted worlds, one world a fault, and of world 0, where all is good."""
    with duckdb.connect(":memory:") as connection:
        for name, rows in _worlds(suites).items():
            fill_table(connection, name, rows)
        reports = validate_on(connection, suites, None, "main", rows_shown=len(planted_faults(suites)) * 2)
    return [
        Sighting(report, frozenset(world for row in report.unexpected for world in _marks(row)))
        for suite_report in reports
        for report in suite_report.expectations
    ]


def _worlds(suites: Sequence[Suite]) -> World:
    """The rows of all worlds by table."""
    tables: World = {name: [] for name in TABLES}
    _add(tables, _anonymous_source())
    _add(tables, good_world(0))
    plants = (planted for suite in suites for planted in ((suite.table, one) for one in suite.planted))
    for number, (table, planted) in enumerate(plants, start=1):
        good = good_world(number)
        world: World = {name: good[name] for name in _NEEDS[table]}
        world[table] = [{**good[table][0], **difference} for difference in planted.rows]
        _add(tables, world)
    return tables


def _add(tables: World, world: Mapping[str, list[Row]]) -> None:
    for name, rows in world.items():
        tables[name].extend(rows)


def _marks(row: Mapping[str, Any]) -> Iterator[int]:
    for value in row.values():
        if isinstance(value, str) and (mark := _MARK.fullmatch(value)):
            yield int(mark[1] or mark[2])


def fill_table(connection: duckdb.DuckDBPyConnection, name: str, rows: Sequence[Row]) -> None:
    """Make the table, without the constraints that would refuse what is to be planted, and fill it."""
    table = TABLES[name]
    columns = ", ".join(f"{quoted(column.name)} {duckdb_type(column.type)}" for column in table.columns)
    connection.execute(f"create table {quoted(name)} ({columns})")
    given = [column for column in table.column_names if any(column in row for row in rows)]
    if given:
        placeholders = ", ".join([f"({', '.join('?' for _ in given)})"] * len(rows))
        into = f"{quoted(name)} ({', '.join(map(quoted, given))})"
        values = [row.get(column) for row in rows for column in given]
        connection.execute(f"insert into {into} values {placeholders}", values)


def good_world(number: int) -> World:
    """A world in which all is well. Its number marks every key, so that an offending row tells its world."""
    mark, annotator = f"world {number}", f"a{number:032}"
    judgment = {
        "source_id": mark,
        "item_id": mark,
        "annotator_id": annotator,
        "question_id": mark,
        "annotator_kind": "human",
        "attribution": "stable",
        "answer_type": "choice",
        "answer": '"a"',
        "answer_choice": "a",
        "raw_answer": "a",
        "status": "submitted",
        "abstained": False,
        "file_sha256": mark,
        "record_ordinal": 0,
        "record_part": 0,
    }
    return {
        "sources": [_source(mark, "stable")],
        "questions": [*_questions(mark, mark), *_questions(_NOBODY, mark)[:1]],
        "items": [_item(mark, mark), _item(_NOBODY, mark)],
        "annotators": [
            {"annotator_id": annotator, "annotator_kind": "human", "platform": mark, "pool": mark},
        ],
        "annotator_attributes": [
            {
                "source_id": mark,
                "annotator_id": annotator,
                "attribute": mark,
                "observation": 1,
                "value": "x",
                "attribute_status": "given",
                "file_sha256": mark,
                "record_ordinal": 0,
            }
        ],
        "judgments": [{**judgment, "occurrence": 1, "version": 2}],
        "judgment_history": [
            {
                **judgment,
                "answer": '"b"',
                "answer_choice": "b",
                "raw_answer": "b",
                "version": 1,
                "change": "corrected",
                "came_with": 1,
                "ended_by": 2,
                "changed_columns": ["answer", "answer_choice", "raw_answer"],
                "now_file_sha256": mark,
                "now_record_ordinal": 0,
                "now_record_part": 0,
            }
        ],
        "quarantine": [
            {
                "source_id": mark,
                "file_sha256": mark,
                "record_ordinal": 0,
                "record_part": 0,
                "question_id": mark,
                "stage": "judgment",
                "reason": "answer_unknown_option",
                "raw_sha256": mark,
            }
        ],
    }


def _anonymous_source() -> World:
    """One more source, shared by all worlds, whose judgments name nobody."""
    return {"sources": [_source(_NOBODY, "none")]}


def _source(source_id: str, attribution: str) -> Row:
    return {
        "source_id": source_id,
        "title": source_id,
        "licence": "CC0-1.0",
        "family": source_id,
        "platform": source_id,
        "attribution": attribution,
        "guideline_mode": "descriptive",
        "export_mode": "full",
        "known_losses": [],
        "contract_sha256": source_id,
    }


def _item(source_id: str, item_id: str) -> Row:
    return {"source_id": source_id, "item_id": item_id, "text": "x", "responses": []}


def _questions(source_id: str, mark: str) -> list[Row]:
    """A question of each kind that a fault needs; the first is the one that a world's judgment answers."""
    options = [{"value": value, "label": None} for value in ("a", "b", "unsure")]
    base = {
        "source_id": source_id,
        "options": [],
        "abstaining_options": [],
        "declared_synonyms": [],
        "guideline_mode": "descriptive",
    }
    optioned = {"options": options, "abstaining_options": ["unsure"]}
    return [
        {**base, "question_id": mark, "answer_type": "choice", **optioned},
        {**base, "question_id": "multi_choice", "answer_type": "multi_choice", **optioned},
        {**base, "question_id": "pairwise", "answer_type": "pairwise"},
        {
            **base,
            "question_id": "rating",
            "answer_type": "rating",
            "scale_kind": "ordinal",
            "scale_min": 1.0,
            "scale_max": 5.0,
        },
    ]
