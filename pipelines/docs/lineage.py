"""Where each released column comes from, as a document: read off the compiled models, never written by hand."""

from __future__ import annotations

from pipelines.domain.tables import RELEASED
from pipelines.project import this_project
from pipelines.static_proof import prove_models

INTRODUCTION = """\
# Where released columns come from

Read off the SQL of the models by the static proof (law 8). A *copy* is the landed value, unchanged, row by row;
anything else says what computes it. `ledger` is made by the laws.
"""


def markdown() -> str:
    """The origin of every released column.

    Raises:
        DbtError: dbt refuses the project.
    """
    proof = prove_models(this_project().dbt_project)
    lines = [INTRODUCTION]
    for name in RELEASED:
        if name not in proof.models:
            continue
        grain = proof.models[name].grain
        shown = f"Its grain, shown by its SQL: {', '.join(f'`{column}`' for column in grain)}." if grain else ""
        lines += [f"## {name}", "", shown, "", "| column | comes from | how |", "|---|---|---|"]
        for column in proof.lineage(name).values():
            origins = ", ".join(f"`{origin}`" for origin in sorted(column.origins))
            how = "copy" if column.copy_of else f"`{' '.join(column.how.split()).replace('|', '/')}`"
            lines.append(f"| `{column.name}` | {origins} | {how} |")
        lines.append("")
    return "\n".join(lines)
