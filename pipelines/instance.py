"""Dagster's own home: made at first use, telemetry and pop-ups off, one per Variorum home; and which runs live.

A run holds a lock in its folder while its process lives. Dagster's local launcher cannot tell that a run died with
the machine or its terminal, and one such run would hold up the queue for ever.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.landing.home import Home, locked, write_private
from pipelines.resources.workspace import Workspace, current_workspace
from pipelines.warehouse.run_folder import RunFolder

if TYPE_CHECKING:
    import dagster as dg

CONFIG = """\
# Written by variorum at first use. Local runs need no more; deploy/ says what a server needs.
telemetry:
  enabled: false
nux:
  enabled: false
concurrency:
  runs:
    max_concurrent_runs: 1  # a run uses every core
run_monitoring:
  enabled: true
  start_timeout_seconds: 180
  cancel_timeout_seconds: 60
retention:
  sensor:
    purge_after_days: {skipped: 1, success: 90, failure: 90}
  schedule:
    purge_after_days: 90
"""

_LOCK = "running.lock"
_LOCK_WITHIN_S = 60.0
"""A started run takes its lock as soon as its first resource is made; without one after this long it is dead."""


def instance_folder(home: Home) -> Path:
    """The folder that Dagster keeps its runs in, configured."""
    folder = home.dagster
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "dagster.yaml"
    if not config.exists():
        write_private(config, CONFIG.encode())
    return folder


def open_instance(home: Home) -> dg.DagsterInstance:
    """Dagster's instance of this home."""
    import dagster as dg

    folder = instance_folder(home)
    os.environ["DAGSTER_HOME"] = str(folder)
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "yes")
    with locked(folder):  # Dagster makes its databases at the first opening, and two of those at once fail
        return dg.DagsterInstance.from_config(str(folder))


@contextmanager
def living(home: Home, run_id: str) -> Iterator[None]:
    """Show that the run's process lives, for as long as the block lasts or until the process dies, however it dies."""
    with (RunFolder.of(home, run_id).root / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield


def workspace_of_run(context: dg.InitResourceContext) -> Iterator[Workspace]:
    """The workspace as a resource: within a run it also shows that the run lives; sensors have no run."""
    workspace = current_workspace()
    if context.run is None:
        yield workspace
        return
    with living(workspace.home, context.run.run_id):
        yield workspace


def fail_dead_runs(instance: dg.DagsterInstance, home: Home) -> list[str]:
    """Report runs as failed whose process died without a word; returns their ids."""
    import dagster as dg

    dead = []
    for record in instance.get_run_records(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
        run = record.dagster_run
        if _is_dead(home.runs / run.run_id / _LOCK, record.start_time or 0.0):
            instance.report_run_failed(run, "The process of this run died: it was killed, or the machine stopped.")
            dead.append(run.run_id)
    return dead


def _is_dead(lock: Path, started_at: float) -> bool:
    try:
        with lock.open() as probe:
            fcntl.flock(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return time.time() - started_at > _LOCK_WITHIN_S
    except BlockingIOError:
        return False
    return True
