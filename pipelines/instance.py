"""Dagster's own home: made at first use, telemetry and pop-ups off, one per Variorum home."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.landing.home import Home

if TYPE_CHECKING:
    import dagster as dg

CONFIG = """\
# Written by variorum at first use. Local runs need no more; deploy/ holds what a server needs.
telemetry:
  enabled: false
nux:
  enabled: false
run_coordinator:
  module: dagster.core.run_coordinator
  class: QueuedRunCoordinator
  config:
    max_concurrent_runs: 1
run_monitoring:
  enabled: true
  free_slots_after_run_end_seconds: 300
"""


def instance_folder(home: Home) -> Path:
    """The folder that Dagster keeps its runs in, configured."""
    folder = home.dagster
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "dagster.yaml"
    if not config.exists():
        config.write_text(CONFIG)
    return folder


def open_instance(home: Home) -> dg.DagsterInstance:
    """Dagster's instance of this home."""
    import dagster as dg

    folder = instance_folder(home)
    os.environ["DAGSTER_HOME"] = str(folder)
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "yes")
    return dg.DagsterInstance.from_config(str(folder))
