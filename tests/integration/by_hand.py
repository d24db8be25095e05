"""The steps of a run by hand, without Dagster, for tests that change one of them; and the command of another checkout.

Nothing here checks anything: tests do.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from pipelines.landing.home import Home
from pipelines.project import this_project
from pipelines.resources.settings import Settings
from pipelines.resources.workspace import Workspace
from pipelines.warehouse.catalog import bind
from pipelines.warehouse.run_folder import RunFolder
from pipelines.warehouse.state import State, present_state, state_of_run
from tests.conftest import ROOT, TEST_KEY

SOURCES = ("demo_helpfulness", "demo_tone", "demo_topics")
_LEFT_OUT = shutil.ignore_patterns("target", "logs", "__pycache__")


def workspace_of(home: Path, store: Path) -> Workspace:
    """A workspace with the tests' key, whatever the environment says."""
    settings = Settings.model_construct(
        home=home,
        inbox=None,
        store=str(store),
        pseudonym_key=SecretStr(TEST_KEY),
        pseudonym_key_file=None,
    )
    return Workspace(settings, say=lambda _: None)


def bound_run(workspace: Workspace, root: Path, sources: Iterable[str] = SOURCES) -> RunFolder:
    """A run folder of its own, whose warehouse is bound to what is landed in the workspace's home."""
    run = RunFolder(root)
    run.marts.mkdir(parents=True)
    contracts = [this_project().contract(source) for source in sources]
    bind(run.warehouse, present_state(contracts, workspace.key, workspace.home))
    return run


def state_behind(workspace: Workspace, run: RunFolder) -> State:
    """The state that a run was bound to."""
    return state_of_run(run.warehouse, this_project().contracts, workspace.key, Home(workspace.home.root))


@dataclass(frozen=True)
class Edit:
    """One edit of a model: what stands there, and what stands there instead."""

    model: str
    old: str
    new: str

    def apply(self, dbt_project: Path) -> None:
        """Edit the model in a copy of the dbt project."""
        (path,) = (dbt_project / "models").rglob(f"{self.model}.sql")
        text = path.read_text()
        assert text.count(self.old) == 1, f"{self.model} does not hold {self.old!r} once"
        path.write_text(text.replace(self.old, self.new))


def edited_project(edit: Edit | None, folder: Path) -> Path:
    """A copy of the dbt project with one edit, or none."""
    shutil.copytree(ROOT / "dbt_project", folder, ignore=_LEFT_OUT)
    if edit:
        edit.apply(folder)
    return folder


def run_dbt(command: Sequence[str], jobs: Mapping[Path, RunFolder]) -> subprocess.CompletedProcess[str]:
    """Run a dbt command on several dbt projects, each with its own run's warehouse, in one process of dbt's own."""
    listed = [(str(project), str(run.warehouse), str(run.marts)) for project, run in jobs.items()]
    return subprocess.run(
        [sys.executable, "-m", "tests.integration.dbt_jobs", json.dumps(command), json.dumps(listed)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def build_models(jobs: Mapping[Path, RunFolder], *, select: str = "+judgments") -> None:
    """Build models of several dbt projects, each into its own run."""
    done = run_dbt(["run", "--select", select], jobs)
    assert done.returncode == 0, done.stdout + done.stderr


def copied_checkout(folder: Path, edit: Edit | None = None) -> Path:
    """A copy of this checkout with one edit of a model, or none."""
    for name in ("pipelines", "assets", "expectations"):
        shutil.copytree(ROOT / name, folder / name, ignore=_LEFT_OUT)
    shutil.copy(ROOT / "pyproject.toml", folder)
    edited_project(edit, folder / "dbt_project")
    return folder


def variorum_of(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command of another checkout, with the tests' key."""
    return python_of(checkout, "-m", "pipelines.cli", *arguments)


def python_of(checkout: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Python in another checkout, whose packages go before this one's, with the tests' key."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("VARIORUM_", "DAGSTER_"))}
    inherited.pop("PYTHONDONTWRITEBYTECODE", None)
    own = {"PYTHONPATH": str(checkout), "VARIORUM_PSEUDONYM_KEY": TEST_KEY, "COLUMNS": "80", **environment}
    return subprocess.run(
        [sys.executable, *arguments],
        env={**inherited, **own},
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
