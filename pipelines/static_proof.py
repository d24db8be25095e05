"""Law 8 for this project: dbt's compiled models, and the tables that no model makes. No data is touched. No Dagster."""

from __future__ import annotations

import json
from pathlib import Path

from expectations.static_proof.project import StaticProof, prove_project
from pipelines.landing.schema import CATALOG, HISTORY, LANDED
from pipelines.warehouse.dbt import fresh_manifest


def prove_models(dbt_project: Path) -> StaticProof:
    """Prove every model of a dbt project; it is compiled first if anything in it changed.

    Raises:
        DbtError: dbt refuses the project.
    """
    manifest = json.loads(fresh_manifest(dbt_project).read_bytes())
    return prove_project(manifest, [*LANDED.values(), *CATALOG.values(), *HISTORY.values()])


def main() -> int:
    """Print what is wrong, a line each; 1 if anything is."""
    from pipelines.project import this_project

    proof = prove_models(this_project().dbt_project)
    for violation in proof.violations:
        print(violation)
    if proof.holds:
        print(f"law 8 holds: {len(proof.models)} models keep every judgment once, untouched")
    return 0 if proof.holds else 1


if __name__ == "__main__":
    raise SystemExit(main())
