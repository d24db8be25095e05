"""What each package may import: pure logic knows nothing of Dagster, dbt or object stores."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

ORCHESTRATION = {"dagster", "dagster_dbt", "dbt", "great_expectations", "sqlalchemy", "duckdb_engine", "boto3", "httpx"}
ENGINES = {"duckdb", "pyarrow", "numpy", "pandas", "polars", "msgspec"}

FORBIDDEN: dict[str, set[str]] = {
    "pipelines/domain": ORCHESTRATION | ENGINES | {"pydantic", "yaml", "pipelines.contracts", "pipelines.readers"},
    "pipelines/contracts": ORCHESTRATION | ENGINES | {"pipelines.readers", "pipelines.shapes", "pipelines.landing"},
    "pipelines/readers": ORCHESTRATION | {"duckdb", "pipelines.shapes", "pipelines.landing", "pipelines.contracts"},
    "pipelines/shapes": ORCHESTRATION | {"duckdb", "pipelines.landing", "pipelines.warehouse"},
    "pipelines/landing": ORCHESTRATION,
    "pipelines/release": ORCHESTRATION,
    "expectations/recount": ORCHESTRATION
    | ENGINES - {"pyarrow"}
    | {"pipelines.readers", "pipelines.shapes", "pipelines.landing", "pipelines.ingest", "pipelines.warehouse"},
    "expectations/laws": ORCHESTRATION | ENGINES | {"pipelines.landing", "pipelines.release"},
}
"""package → what none of its modules may import."""


def imported(source: str) -> Iterator[str]:
    """Every module that a source text imports, anywhere in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def offences(package: str, name: str, source: str) -> list[str]:
    """What a module imports although its package may not."""
    return [
        f"{name} imports {module}"
        for module in imported(source)
        for forbidden in FORBIDDEN[package]
        if module == forbidden or module.startswith(f"{forbidden}.")
    ]


@pytest.mark.parametrize("package", FORBIDDEN)
def test_a_package_imports_only_what_it_may(package: str) -> None:
    found = [
        offence
        for path in sorted((ROOT / package).rglob("*.py"))
        for offence in offences(package, str(path.relative_to(ROOT)), path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_a_forbidden_import_is_seen_even_within_a_function() -> None:
    planted = "def f():\n    from dagster._core import x\n    import duckdb.typing\n"
    assert offences("pipelines/shapes", "planted.py", planted) == [
        "planted.py imports dagster._core",
        "planted.py imports duckdb.typing",
    ]


@pytest.mark.parametrize(
    ("statement", "forbidden"),
    [
        (
            "import pipelines.domain.tables, pipelines.domain.judgments, pipelines.domain.pseudonyms",
            ENGINES | {"pydantic"},
        ),
        ("import pipelines.contracts.load", ENGINES),
        ("import pipelines.shapes.plan, pipelines.landing.chunks", {"duckdb"}),
        ("import expectations.laws.prove", ENGINES),
        ("import expectations.recount.recount, expectations.recount.refused", ENGINES),
        ("import pipelines.cli", ENGINES | {"pydantic", "yaml"}),
    ],
)
def test_importing_loads_nothing_that_it_may_not(statement: str, forbidden: set[str]) -> None:
    """By what is really loaded, through whatever chain of imports."""
    code = f"{statement}\nimport sys\nprint(*sorted(set(name.split('.')[0] for name in sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert set(loaded.stdout.split()) & (forbidden | ORCHESTRATION) == set()


def test_the_recount_shares_no_code_with_what_it_recounts() -> None:
    """By what is really loaded: a mistake in a reader or a shape cannot be in both."""
    code = "import expectations.recount.recount, expectations.recount.refused, sys\nprint(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    shared = {name for name in loaded.stdout.split() if name.startswith("pipelines.")}
    assert {name.split(".")[1] for name in shared} == {"contracts", "domain"}
