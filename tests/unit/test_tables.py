"""The schema of every table, in its three places: the domain, dbt's contracts, and the marts as built."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from pipelines.domain.tables import MADE_AT_THE_GATE, RELEASED, TABLES, Column, Table
from pipelines.domain.types import INT32, STRING, ListOf, Scalar, Struct, duckdb_type, plain_name
from tests.conftest import Ran

ROOT = Path(__file__).resolve().parents[2]
MARTS = ROOT / "dbt_project" / "models" / "marts"
BUILT_BY_DBT = [name for name in TABLES if name not in MADE_AT_THE_GATE]


def declared_by_dbt() -> dict[str, Any]:
    """Dbt's models of the marts, by name."""
    return {model["name"]: model for model in yaml.safe_load((MARTS / "marts.yml").read_text())["models"]}


def differences(table: Table, model: dict[str, Any]) -> list[str]:
    """Where dbt's contract of a table is not what the domain says, for people."""
    found = []
    if model["description"] != table.grain:
        found.append(f"{table.name}: description is {model['description']!r}, the grain is {table.grain!r}")
    if not model["config"]["contract"]["enforced"]:
        found.append(f"{table.name}: the contract is not enforced")
    there = {column["name"]: column for column in model["columns"]}
    here = {column.name: column for column in table.columns}
    found += [f"{table.name}.{name}: dbt lacks it" for name in here if name not in there]
    found += [f"{table.name}.{name}: only dbt has it" for name in there if name not in here]
    for name in here.keys() & there.keys():
        expected = duckdb_type(here[name].type)
        if there[name]["data_type"] != expected:
            found.append(f"{table.name}.{name}: dbt has {there[name]['data_type']}, the domain {expected}")
        if there[name]["description"] != here[name].description:
            found.append(f"{table.name}.{name}: the descriptions differ")
    if list(there) != list(here) and not found:
        found.append(f"{table.name}: the columns stand in another order")
    return found


@pytest.mark.parametrize("name", BUILT_BY_DBT)
def test_dbt_and_the_domain_agree_on_a_table(name: str) -> None:
    assert differences(TABLES[name], declared_by_dbt()[name]) == []


def test_dbt_builds_no_mart_that_the_domain_does_not_know() -> None:
    assert sorted(declared_by_dbt()) == sorted(BUILT_BY_DBT)
    assert sorted(path.stem for path in MARTS.glob("*.sql")) == sorted(BUILT_BY_DBT)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda model: model["columns"].pop(), "dbt lacks it"),
        (lambda model: model["columns"].append({"name": "more"}), "only dbt has it"),
        (lambda model: model["columns"][0].update(data_type="integer"), "dbt has integer"),
        (lambda model: model["columns"][0].update(description="else"), "descriptions differ"),
        (lambda model: model["columns"].reverse(), "another order"),
        (lambda model: model["config"]["contract"].update(enforced=False), "not enforced"),
        (lambda model: model.update(description="One row per whatever."), "the grain is"),
    ],
)
def test_a_difference_is_told(change: Any, told: str) -> None:
    model = declared_by_dbt()["sources"]
    change(model)
    assert told in " ".join(differences(TABLES["sources"], model))


def test_the_released_files_have_the_schema(demo: Ran) -> None:
    """Names, order and types, as Arrow reads them back."""
    arrow = {"string": "string", "int32": "int32", "int64": "int64", "double": "double", "boolean": "bool",
             "timestamp": "timestamp[us]"}  # fmt: skip

    def shown(kind: Any) -> str:
        if isinstance(kind, Scalar):
            return arrow[kind.name]
        if isinstance(kind, ListOf):
            return f"list<element: {shown(kind.element)}>"
        return "struct<" + ", ".join(f"{name}: {shown(inner)}" for name, inner in kind.fields) + ">"

    for name in RELEASED:
        schema = pq.read_schema(next((demo.release("demo") / name).glob("*.parquet")))
        assert [(field.name, str(field.type)) for field in schema] == [
            (column.name, shown(column.type)) for column in TABLES[name].columns
        ]


def test_types_are_written_for_engines_and_for_people() -> None:
    ranked = ListOf(Struct((("option", STRING), ("rank", INT32))))
    assert duckdb_type(ranked) == 'struct("option" varchar, "rank" integer)[]'
    assert plain_name(ranked) == "list<struct<option: string, rank: int32>>"


def test_a_table_with_a_key_that_is_no_column_is_refused() -> None:
    with pytest.raises(ValueError, match="not columns"):
        Table("t", "One row per t.", ("b",), (Column("a", STRING, "a"),))
    with pytest.raises(ValueError, match="used twice"):
        Table("t", "One row per t.", ("a",), (Column("a", STRING, "a"), Column("a", STRING, "a")))
    with pytest.raises(ValueError, match="unknown scalar"):
        Scalar("decimal")
