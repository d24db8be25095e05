"""How dbt is run: its manifest, kept fresh, and the environment that points it at a run's warehouse."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from pipelines.warehouse.run_folder import RunFolder

_STAMP = "manifest.sha256"


class DbtError(RuntimeError):
    """dbt could not read its project; the message holds what it said."""


def dbt_executable() -> str:
    """The dbt of this environment, whatever the PATH."""
    return str(Path(sys.executable).parent / "dbt")


def run_environment(run: RunFolder) -> dict[str, str]:
    """The variables by which the dbt profile finds a run's warehouse and marts."""
    return {"VARIORUM_WAREHOUSE": str(run.warehouse), "VARIORUM_MARTS": str(run.marts)}


def fresh_manifest(project: Path) -> Path:
    """Path of dbt's manifest with the SQL of every model, compiled anew if any file of the project changed since.

    Raises:
        DbtError: dbt refuses the project.
    """
    # A folder of its own: whoever else starts dbt in the project writes a manifest without SQL into target.
    target = project / "target" / "compiled_once"
    manifest = target / "manifest.json"
    stamp = target / _STAMP
    digest = _digest(project)
    if manifest.exists() and stamp.exists() and stamp.read_text() == digest:
        return manifest
    # Compiling opens a warehouse: one in memory, never that of a run.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("VARIORUM_")}
    folders = ("--profiles-dir", str(project), "--project-dir", str(project))
    done = subprocess.run(  # noqa: S603  # our own environment's dbt, no shell
        [dbt_executable(), "--quiet", "compile", "--target-path", str(target), *folders],
        env={**inherited, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DbtError(f"dbt cannot compile {project.name}:\n{done.stdout}{done.stderr}")
    stamp.write_text(digest)
    return manifest


def _digest(project: Path) -> str:
    digest = hashlib.sha256()
    names = ("*.sql", "*.yml")
    files = [
        path for folder in ("models", "macros", "tests") for name in names for path in (project / folder).rglob(name)
    ]
    for path in sorted([*files, project / "dbt_project.yml", project / "profiles.yml"]):
        digest.update(f"{path.relative_to(project)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
