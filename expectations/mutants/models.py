"""Builds the models from their compiled SQL, in order, without dbt: what a mutant needs of it is the SQL alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb

from expectations.mutants.mutant import Mutant
from pipelines.shapes.sql import literal
from pipelines.warehouse.run_folder import RunFolder

_DATABASE = '"memory".'
"""How compiled SQL names the database that it was compiled against."""

_LAYERS = ("staging", "intermediate", "marts", "derived")


def compiled(manifest: Path, mutant: Mutant | None) -> dict[str, Any]:
    """Dbt's manifest as it would be compiled with the mutant's edit of a model."""
    found: dict[str, Any] = json.loads(manifest.read_bytes())
    if mutant:
        node = found["nodes"][f"model.variorum.{mutant.target}"]
        node["compiled_code"] = mutant.edited(node["compiled_code"])
    return found


def build_models(manifest: dict[str, Any], run: RunFolder) -> None:
    """Views for staging and intermediate models, Parquet and a view over it for marts, as dbt makes them."""
    nodes = {key: node for key, node in manifest["nodes"].items() if node["resource_type"] == "model"}
    with duckdb.connect(str(run.warehouse)) as con:
        con.execute("set timezone = 'UTC'; set preserve_insertion_order = true")
        built: set[str] = set()

        def build(key: str) -> None:
            if key in built or key not in nodes:
                return
            built.add(key)
            for below in nodes[key]["depends_on"]["nodes"]:
                build(below)
            _build(con, nodes[key], run)

        # By layers: a mutant may read a model of a layer below that dbt does not know it to read.
        for key in sorted(nodes, key=lambda key: _LAYERS.index(nodes[key]["fqn"][1])):
            build(key)


def _build(con: duckdb.DuckDBPyConnection, node: dict[str, Any], run: RunFolder) -> None:
    name, sql = node["name"], node["compiled_code"].replace(_DATABASE, "")
    if node["config"]["materialized"] == "external":
        target = literal(str(run.mart(name)))
        con.execute(f"copy ({sql}) to {target} (format parquet, compression zstd)")
        sql = f"select * from read_parquet({target})"
    con.execute(f'create view main."{name}" as {sql}')
