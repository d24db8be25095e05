"""Which documents are generated, and where they go."""

from __future__ import annotations

from pathlib import Path

from pipelines.docs import contracts, datasets, lineage, mutants, profiles, sources, tables


def documents() -> dict[str, str]:
    """The generated documents by their path in the repo."""
    return {
        "docs/contracts.md": contracts.markdown(),
        "docs/contract.schema.json": contracts.json_schema(),
        "docs/profiles.md": profiles.markdown(),
        "docs/datasets.md": datasets.markdown(),
        "docs/sources.md": sources.markdown(),
        "docs/tables.md": tables.markdown(),
        "docs/lineage.md": lineage.markdown(),
        "docs/mutants.md": mutants.markdown(),
    }


def stale(root: Path) -> list[str]:
    """The documents in the repo that are not what would be generated now."""
    held = {name: root / name for name in documents()}
    return [
        name
        for name, text in documents().items()
        if not held[name].exists() or held[name].read_text(encoding="utf-8") != text
    ]


def write(root: Path) -> list[Path]:
    """Write every document; returns where."""
    written = []
    for name, text in documents().items():
        (root / name).write_text(text, encoding="utf-8")
        written.append(root / name)
    return written
