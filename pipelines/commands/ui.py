"""`variorum ui`: the Dagster UI with its daemon, on this machine only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.commands.console import BROKEN, USAGE, plain_errors, say, stop
from pipelines.commands.options import HomeOption, InboxOption, StoreOption, workspace

if TYPE_CHECKING:
    from pipelines.resources.workspace import Workspace


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
    import time

    from pipelines.services import Services, ServicesError, StartError

    began = time.monotonic()
    with plain_errors():
        from pipelines.instance import fail_dead_runs, instance_folder, open_instance
        from pipelines.project import this_project
        from pipelines.warehouse.dbt import fresh_manifest

        space = workspace(home, inbox, store)
        _ = space.key
        _ = this_project().datasets
        fresh_manifest(this_project().dbt_project)
        space.inbox.mkdir(parents=True, exist_ok=True)
        services = Services(instance_folder(space.home), port, environment(space))

    def ready() -> None:
        say(f"ready after {time.monotonic() - began:.0f} s: {services.url}   stop with Ctrl-C")

    say(f"Dagster UI of {space.home.root}")
    say(f"  exports go to  {space.inbox}/<source>/")
    say(f"  releases go to {space.store.uri}")
    say(f"  log            {services.log}")
    try:
        services.run(on_ready=ready, on_stop=lambda: say("stopping"))
    except ServicesError as error:
        stop(str(error), USAGE if isinstance(error, StartError) else BROKEN)
    finally:
        with open_instance(space.home) as instance:
            fail_dead_runs(instance, space.home)


def environment(space: Workspace) -> dict[str, str]:
    """The variables by which Dagster's processes find this workspace, whatever folder they work in."""
    return {
        "VARIORUM_HOME": str(space.home.root),
        "VARIORUM_INBOX": str(space.inbox),
        "VARIORUM_STORE": space.store.uri,
        **{f"VARIORUM_{name.upper()}": value for name, value in space.settings.of_s3().items()},
        "DAGSTER_HOME": str(space.home.dagster),
        "DAGSTER_DISABLE_TELEMETRY": "yes",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
