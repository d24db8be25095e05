"""The static proof of a whole dbt project, from its manifest: each model, the path to the judgments, every grain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlglot
from sqlglot import exp

from expectations.laws.sql import COMPARED
from expectations.static_proof.evaluate import AllowedFilter, Evaluator, SqlError
from expectations.static_proof.relations import Column, Origin, Relation, Violation, table
from pipelines.domain.tables import RELEASED, Table
from pipelines.domain.types import ColumnType, Scalar

JUDGMENTS = "landing.judgments"
MAY_REPEAT = "rows may repeat"
DERIVED = "derived"
"""The layer of summaries; nothing outside it may read it."""

CONTENT = {
    "judgments": COMPARED,
    "items": ("source_id", "item_id", "text", "prompt", "responses", "language", "context", "extra"),
    "annotators": ("annotator_id", "annotator_kind", "pool", "platform"),
    "annotator_attributes": ("source_id", "annotator_id", "attribute", "value", "attribute_status"),
    "questions": (),
    "sources": (),
}
"""By released table: columns that must be unchanged copies of the landed column of the same name. () means all."""

_ALTERING: dict[type, tuple[str, str]] = {
    exp.Round: ("rounding", "is rounded"),
    exp.Trim: ("trimming", "is trimmed"),
    exp.Lower: ("case", "has its case folded"),
    exp.Upper: ("case", "has its case folded"),
    exp.Cast: ("cast", "is cast, which may lose what the type cannot hold"),
    exp.TryCast: ("cast", "is cast, and becomes null where it does not fit"),
    exp.Coalesce: ("inventing", "is filled in where it is unknown"),
    exp.Substring: ("cutting", "is cut"),
    exp.Window: ("window", "is taken from another row by a window"),
    exp.AggFunc: ("aggregate", "is one value made of many rows"),
    exp.Case: ("rewriting", "is rewritten case by case"),
}
"""What a function does to an answer, in words."""


@dataclass(frozen=True)
class ModelProof:
    """What is known of one model.

    Attributes:
        relation: its rows, columns and keys.
        grain: the columns that its YAML declares to be unique together and the SQL must show to be; None where its
            YAML says that rows may repeat, or that a test on the data shows it.
        reads: the models and landed tables that it reads.
        steps: by column, the columns of what it reads that the column is computed from.
    """

    model: str
    layer: str
    relation: Relation
    grain: tuple[str, ...] | None
    reads: tuple[str, ...]
    steps: dict[str, frozenset[Origin]]


@dataclass(frozen=True)
class StaticProof:
    """The proof of a project: every model, and everything that is wrong, in the order of the data's way."""

    models: dict[str, ModelProof]
    violations: tuple[Violation, ...]

    @property
    def holds(self) -> bool:
        """Whether law 8 holds."""
        return not self.violations

    def lineage(self, model: str) -> dict[str, Column]:
        """What each column of a model comes from."""
        return self.models[model].relation.columns


def prove_project(manifest: Mapping[str, Any], landed: Iterable[Table], dialect: str = "duckdb") -> StaticProof:
    """Prove law 8 over the compiled models of a dbt manifest.

    Args:
        manifest: dbt's manifest, compiled.
        landed: the tables that no model makes, with the columns that are unique together in each.
        dialect: the SQL dialect that it is compiled for, as sqlglot names it.
    """
    tables = {f"landing.{one.name}": _table(one) for one in landed}
    nodes = {node["name"]: node for node in manifest["nodes"].values() if node["resource_type"] == "model"}
    models: dict[str, ModelProof] = {}
    violations: list[Violation] = []
    for name in _in_order(nodes):
        node = nodes[name]
        layer = node["fqn"][1]
        meta = node.get("config", {}).get("meta") or node.get("meta") or {}
        filters = [AllowedFilter(one["where"], one["ledger"]) for one in meta.get("ledger_filters", [])]
        known = {**tables, **{one: proof.relation for one, proof in models.items()}}
        evaluator = Evaluator(name, known, dialect, filters)
        try:
            relation = evaluator.run(_compiled(node))
        except SqlError as error:
            violations.append(Violation(name, 1, "", "unreadable", str(error)))
            continue
        grain = _grain(name, meta, violations)
        if grain is not None and not relation.has_key(grain):
            violations.append(_unproved(name, grain, relation))
        steps = {column: held.origins for column, held in _one_step(name, known, dialect, node).columns.items()}
        models[name] = ModelProof(name, layer, relation, grain, tuple(sorted(evaluator.read)), steps)
    violations += _path(models)
    violations += _released(models)
    violations += _downstream(models)
    return StaticProof(models, tuple(dict.fromkeys(violations)))


def _one_step(name: str, known: Mapping[str, Relation], dialect: str, node: Mapping[str, Any]) -> Relation:
    """The model over what it reads as if that were nobody's: each column's origin is one step away."""
    near = {
        one: table(one, {column: held.type or "" for column, held in relation.columns.items()}, ())
        for one, relation in known.items()
    }
    return Evaluator(name, near, dialect).run(_compiled(node))


def _table(one: Table) -> Relation:
    columns = {column.name: _plain(column.type) for column in one.columns}
    return table(f"landing.{one.name}", columns, [one.key] if one.key else [], carries=one.name == "judgments")


def _plain(kind: ColumnType) -> str:
    return kind.name if isinstance(kind, Scalar) else "nested"


def _compiled(node: Mapping[str, Any]) -> str:
    if not node.get("compiled_code"):
        raise SqlError(f"{node['name']}: is not compiled; run: dbt compile")
    return str(node["compiled_code"])


def _in_order(nodes: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Models so that each comes after those that it reads."""
    ids = {node["unique_id"]: name for name, node in nodes.items()}
    done: dict[str, None] = {}

    def visit(name: str) -> None:
        if name not in done:
            for below in sorted(nodes[name]["depends_on"]["nodes"]):
                if below in ids:
                    visit(ids[below])
            done[name] = None

    for name in sorted(nodes):
        visit(name)
    return list(done)


def _grain(name: str, meta: Mapping[str, Any], violations: list[Violation]) -> tuple[str, ...] | None:
    grain = meta.get("grain")
    if isinstance(grain, list):
        return tuple(grain)
    if grain != MAY_REPEAT and not (isinstance(grain, dict) and list(grain) == ["tested"]):
        message = (
            "declares no grain; say which columns are unique together, config: {meta: {grain: [...]}},"
            f" or {{grain: {MAY_REPEAT}}}, or {{grain: {{tested: [...]}}}} where only a test on the data can show it"
        )
        violations.append(Violation(name, 1, "", "grain", message))
    return None


def _unproved(name: str, grain: tuple[str, ...], relation: Relation) -> Violation:
    known = " or ".join(sorted(f"({', '.join(sorted(key))})" for key in relation.keys)) or "none"
    message = f"its grain is declared as ({', '.join(grain)}), and the SQL does not show it; proved: {known}"
    return Violation(name, 1, "", "grain", message)


def _path(models: Mapping[str, ModelProof]) -> list[Violation]:
    """Law 8 itself: the judgments carry every landed judgment once."""
    proof = models.get("judgments")
    if proof is None:
        return [Violation("judgments", 1, "", "path", "there is no such model, or it could not be read")]
    if proof.relation.carries != JUDGMENTS:
        message = f"does not carry the rows of {JUDGMENTS}: they must come by staging and left joins alone"
        return [Violation("judgments", 1, "", "path", message)]
    return list(proof.relation.breaks)


def _released(models: Mapping[str, ModelProof]) -> list[Violation]:
    """Content is copied, never computed."""
    found = []
    for name in RELEASED:
        if name not in models or name not in CONTENT:
            continue
        columns = models[name].relation.columns
        for column in CONTENT[name] or columns:
            expected = Origin(f"landing.{name}", column)
            held = columns.get(column)
            if held is None:
                found.append(Violation(name, 1, column, "content", f"{column} is not there any more"))
            elif held.copy_of != expected:
                found.append(_altered(name, column, held))
    return found


def _altered(model: str, name: str, column: Column) -> Violation:
    where, line = column.model or model, column.line
    if column.copy_of is not None:
        return Violation(where, line, str(column.copy_of), "moving", f"{name} is taken from another column")
    rule, told = "rewriting", "is computed anew"
    if not column.origins:
        return Violation(where, line, column.how, "inventing", f"{name} is made up; it must arrive as it was given")
    if column.how in ("union", "intersect", "except"):
        return Violation(where, line, column.how, "set operation", f"{name} comes from several queries")
    tree = sqlglot.parse_one(column.how, dialect="duckdb")
    for part in tree.walk():
        words = next((words for kind, words in _ALTERING.items() if isinstance(part, kind)), None)
        if words:
            rule, told = words
            break
    shown = column.how if len(column.how) <= 80 else column.how[:79] + "…"
    return Violation(where, line, shown, rule, f"{name} {told}; it must arrive as it was given")


def _downstream(models: Mapping[str, ModelProof]) -> list[Violation]:
    """Summaries are read by summaries only."""
    return [
        Violation(proof.model, 1, below, "downstream", f"reads {below}, a summary; nothing but summaries may")
        for proof in models.values()
        for below in proof.reads
        if proof.layer != DERIVED and below in models and models[below].layer == DERIVED
    ]
