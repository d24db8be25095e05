"""Law 8 for this project: dbt's compiled models, and the tables that no model makes. No data is touched. No Dagster."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

from expectations.laws.definitions import STATIC
from expectations.laws.verdicts import NAMED_OFFENDERS, LawBrokenError, Verdict, broken
from expectations.static_proof.project import StaticProof, prove_project
from pipelines.landing.schema import CATALOG, HISTORY, LANDED
from pipelines.warehouse.dbt import fresh_manifest

STEP = "models"


def prove_models(dbt_project: Path) -> StaticProof:
    """Prove every model of a dbt project; it is compiled first if anything in it changed.

    Raises:
        DbtError: dbt refuses the project.
    """
    return prove_manifest(fresh_manifest(dbt_project))


def prove_manifest(path: Path) -> StaticProof:
    """Prove the models of a manifest that dbt wrote when it compiled or built them."""
    manifest = json.loads(path.read_bytes())
    return prove_project(manifest, [*LANDED.values(), *CATALOG.values(), *HISTORY.values()])


def static_verdicts(proof: StaticProof, sources: Iterable[str]) -> list[Verdict]:
    """Law 8 for each source: all go through the same models."""
    faulty = {violation.model for violation in proof.violations}
    total = len(proof.models.keys() | faulty)
    return [
        Verdict(
            STATIC.code,
            STEP,
            source,
            count_in=total,
            count_out=total - len(faulty),
            offending=len(proof.violations),
            offenders=tuple(str(violation) for violation in proof.violations[:NAMED_OFFENDERS]),
        )
        for source in sorted(sources)
    ]


def require(proof: StaticProof) -> None:
    """Stop before any data is touched, if a model could lose or alter a judgment.

    Raises:
        LawBrokenError: it names each model, line and expression.
    """
    if found := broken(static_verdicts(proof, ["every source"])):
        raise LawBrokenError(found)


def main() -> int:
    """Print what is wrong, a line each; 1 if anything is."""
    from pipelines.project import this_project

    proof = prove_models(this_project().dbt_project)
    for violation in proof.violations:
        print(violation)
    if proof.holds:
        print(f"law {STATIC.number} holds: {len(proof.models)} models keep every judgment once, untouched")
        return 0
    print(f"law {STATIC.number}, {STATIC.name}, is broken: {STATIC.failure}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
