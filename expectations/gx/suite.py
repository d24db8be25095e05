"""A suite: what is expected of one mart table, and the bad rows that the canary plants to see it noticed.

The model, its loader and the SQL of its row rules; running a suite is the business of ``run``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from pipelines.contracts.load import ContractError, Fault, load_declaration, shown
from pipelines.domain.tables import TABLES, Table

SUITE_COMPONENT = "expectations.gx.Suite"
SUITES = Path(__file__).parent.parent / "suites"
"""The suites that ship with the product, one file a table."""

GUARDED = (
    "sources", "questions", "items", "annotators", "annotator_attributes", "judgments", "judgment_history",
    "quarantine",
)  # fmt: skip
"""The mart tables that suites guard: those that the canary knows good rows of."""

ExpectationType = Literal[
    "expect_column_values_to_be_in_set",
    "expect_column_values_to_be_between",
    "expect_column_values_to_be_unique",
    "expect_compound_columns_to_be_unique",
    "unexpected_rows_expectation",
]
"""Great Expectations' own names of the kinds that are proved here, on DuckDB, by a planted row each."""

ROW_RULE = "unexpected_rows_expectation"


@dataclass(frozen=True)
class _Arguments:
    """The keyword arguments of a kind. Never ``mostly``: the tolerance is zero."""

    required: frozenset[str]
    optional: frozenset[str] = frozenset()


_ARGUMENTS: dict[str, _Arguments] = {
    "expect_column_values_to_be_in_set": _Arguments(frozenset({"column", "value_set"})),
    "expect_column_values_to_be_between": _Arguments(frozenset({"column"}), frozenset({"min_value", "max_value"})),
    "expect_column_values_to_be_unique": _Arguments(frozenset({"column"})),
    "expect_compound_columns_to_be_unique": _Arguments(frozenset({"column_list"})),
    ROW_RULE: _Arguments(frozenset({"unexpected_rows_query"})),
}

_TOKEN = re.compile(r"\{([a-z_]+)\}")
_BIND = re.compile(r"(?<![:\w\\]):(?=\w)")
"""What SQLAlchemy would take for a bind parameter."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Expectation(_Part):
    """One expectation: its GX type, its arguments, and what it means in plain words."""

    type: ExpectationType = Field(description="the kind, by Great Expectations' name")
    meaning: str = Field(min_length=1, description="what holds when the expectation holds, in a sentence")
    kwargs: dict[str, Any] = Field(
        description="the kind's arguments; a row rule's SQL names tables in braces and selects the rows that break it"
    )


class Planted(_Part):
    """A fault that the canary plants: rows that stand in the place of a good row of the table."""

    fault: str = Field(min_length=1, description="what is wrong with the rows, in a few words")
    rows: list[dict[str, Any]] = Field(
        min_length=1, description="each row as its difference from a good row: column → value"
    )


class Suite(_Part):
    """What is expected of one mart table."""

    table: str = Field(description="the mart table")
    description: str = Field(min_length=1, description="what the suite guards, in plain words")
    named_by: list[str] = Field(
        min_length=1,
        description="columns that name an offending row; never annotator_id, for Data Docs show them",
    )
    expectations: list[Expectation] = Field(min_length=1, description="what is expected")
    planted: list[Planted] = Field(min_length=1, description="the faults that the canary plants")

    @property
    def name(self) -> str:
        """The suite's name: its table's."""
        return self.table

    @model_validator(mode="after")
    def _fits_its_table(self) -> Suite:
        faults = [
            InitErrorDetails(type=PydanticCustomError("suite", "{fault}", {"fault": message}), loc=place, input=None)
            for place, message in self._faults()
        ]
        if faults:
            raise ValidationError.from_exception_data("suite", faults)
        return self

    def _faults(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        if self.table not in GUARDED:
            yield ("table",), f"{self.table!r} is no table that suites guard; allowed: {', '.join(GUARDED)}"
            return
        table = TABLES[self.table]
        for position, column in enumerate(self.named_by):
            yield from _unknown_columns(table, [column], ("named_by", position))
            if column == "annotator_id":
                yield (
                    ("named_by", position),
                    "may not be annotator_id: should a raw id ever get there, Data Docs would show it",
                )
        for position, expectation in enumerate(self.expectations):
            yield from _argument_faults(table, expectation, ("expectations", position, "kwargs"))
        for position, planted in enumerate(self.planted):
            for number, row in enumerate(planted.rows):
                yield from _unknown_columns(table, row, ("planted", position, "rows", number))


def _argument_faults(
    table: Table, expectation: Expectation, place: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    arguments, kwargs = _ARGUMENTS[expectation.type], expectation.kwargs
    allowed = ", ".join(sorted(arguments.required | arguments.optional))
    for name in sorted(arguments.required - set(kwargs)):
        yield place, f"{expectation.type} needs {name}; allowed: {allowed}"
    for name in sorted(set(kwargs) - arguments.required - arguments.optional):
        yield (*place, name), f"{expectation.type} takes no {name}; allowed: {allowed}"
    if arguments.optional and not arguments.optional & set(kwargs):
        yield place, f"{expectation.type} needs one of {', '.join(sorted(arguments.optional))}"
    if "column" in kwargs:
        yield from _unknown_columns(table, [kwargs["column"]], (*place, "column"))
    if isinstance(columns := kwargs.get("column_list", []), list):
        yield from _unknown_columns(table, columns, (*place, "column_list"))
    if isinstance(query := kwargs.get("unexpected_rows_query", ""), str) and query:
        yield from _query_faults(table, query, (*place, "unexpected_rows_query"))
    for name in ("column_list", "value_set"):
        if not isinstance(kwargs.get(name, []), list):
            yield (*place, name), "must be a list"


def _unknown_columns(
    table: Table, columns: Iterable[Any], place: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for column in columns:
        if column not in table.column_names:
            known = ", ".join(table.column_names)
            yield place, f"{column!r} is no column of {table.name}; allowed: {known}"


def _query_faults(
    table: Table, query: str, place: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    named = _TOKEN.findall(query)
    for name in named:
        if name not in TABLES:
            yield place, f"{{{name}}} is no table; allowed: {', '.join(TABLES)}"
    if table.name not in named:
        yield place, f"must read {{{table.name}}}, the table of the suite"


def quoted(name: str) -> str:
    """A SQL identifier, quoted."""
    return '"' + name.replace('"', '""') + '"'


def row_rule(query: str, schema: str) -> str:
    """The SQL of a row rule with its tables filled in, as DuckDB runs it."""
    return _TOKEN.sub(lambda match: f"{quoted(schema)}.{quoted(match[1])}", query)


def row_rule_for_gx(query: str, schema: str, table: str, limit: int) -> str:
    """The SQL of a row rule as GX takes it: ``{batch}`` for the suite's own table, all else escaped, rows limited."""

    def filled(match: re.Match[str]) -> str:
        if match[1] == table:
            return "(select * from {batch})"
        return _plain(f"{quoted(schema)}.{quoted(match[1])}")

    pieces, end = [], 0
    for match in _TOKEN.finditer(query):
        pieces += [_plain(query[end : match.start()]), filled(match)]
        end = match.end()
    return f"select * from (\n{''.join([*pieces, _plain(query[end:])])}\n) as rule limit {limit}"


def _plain(sql: str) -> str:
    return _BIND.sub(r"\\:", sql.replace("{", "{{").replace("}", "}}"))


def load_suite(path: Path) -> Suite:
    """Read one suite.

    Raises:
        ContractError: the file is no valid suite, or is not named like its table; with file, line and what is allowed.
    """
    suite = load_declaration(path, Suite, SUITE_COMPONENT)
    if suite.table != path.stem:
        message = f"is {suite.table!r}, but the file is {path.name}; the two must be equal"
        raise ContractError([Fault(shown(path), 1, "attributes.table", message)])
    return suite


def load_suites(folder: Path = SUITES) -> list[Suite]:
    """Every suite of a folder, in the order in which people read the tables.

    Raises:
        ContractError: naming the faults of all suites at once.
    """
    suites: list[Suite] = []
    faults: list[Fault] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            suites.append(load_suite(path))
        except ContractError as error:
            faults.extend(error.faults)
    if faults:
        raise ContractError(faults)
    return sorted(suites, key=lambda suite: list(TABLES).index(suite.table))
