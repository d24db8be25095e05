"""`variorum ui`: the Dagster UI with its daemon, on this machine only."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.commands.console import plain_errors, say, stop
from pipelines.commands.options import HomeOption, InboxOption, StoreOption, workspace


def ui(
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port on 127.0.0.1.")] = 3000,
    home: HomeOption = None,
    inbox: InboxOption = None,
    store: StoreOption = None,
) -> None:
    """Start the Dagster UI, the schedule and the inbox sensor on 127.0.0.1.

    The UI has no login: it binds to this machine only.

    Example: variorum ui --home .variorum/demo
    """
    import os
    import socket
    import sys
    from pathlib import Path

    with plain_errors():
        from pipelines.instance import instance_folder
        from pipelines.project import this_project
        from pipelines.warehouse.dbt import fresh_manifest

        space = workspace(home, inbox, store)
        _ = space.key
        os.environ["VARIORUM_HOME"] = str(space.home.root)
        os.environ["DAGSTER_HOME"] = str(instance_folder(space.home))
        os.environ["DAGSTER_DISABLE_TELEMETRY"] = "yes"
        space.inbox.mkdir(parents=True, exist_ok=True)
        _ = this_project().datasets
        fresh_manifest(this_project().dbt_project)
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            stop(f"port {port} on 127.0.0.1 is taken; try --port {port + 1}", 2)
    say(f"Dagster UI: http://127.0.0.1:{port}  (home {space.home.root}, inbox {space.inbox}); stop with Ctrl-C")
    dagster = str(Path(sys.executable).parent / "dagster")
    os.execv(  # noqa: S606  # our own interpreter's dagster, no shell
        dagster,
        [
            dagster,
            "dev",
            "-m",
            "pipelines.definitions",
            "-h",
            "127.0.0.1",
            "-p",
            str(port),
            "--log-level",
            "warning",
        ],
    )
