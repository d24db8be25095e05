"""Options that several commands take, and the workspace that they name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.commands.console import USAGE, say, stop

if TYPE_CHECKING:
    from pipelines.contracts.model import SourceContract
    from pipelines.resources.workspace import Workspace

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", help="Working folder. [VARIORUM_HOME; default: .variorum]", show_default=False),
]
InboxOption = Annotated[
    Path | None,
    typer.Option("--inbox", help="Where exports lie. [VARIORUM_INBOX; default: <home>/inbox]", show_default=False),
]
StoreOption = Annotated[
    str | None,
    typer.Option("--store", help="Where releases go. [VARIORUM_STORE; default: <home>/store]", show_default=False),
]
KeyOption = Annotated[
    Path | None,
    typer.Option(
        "--key",
        help="A public key in PEM that it must be signed with. [VARIORUM_TRUSTED_KEY_FILE; default: none]",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on standard output, for machines.")]


def workspace(home: Path | None = None, inbox: Path | None = None, store: str | None = None) -> Workspace:
    """The workspace that options and settings name. Options win; they reach child processes as variables."""
    from pipelines.resources.settings import load_settings
    from pipelines.resources.workspace import Workspace

    for name, value in (("HOME", home), ("INBOX", inbox), ("STORE", store)):
        if value is not None:
            shown = str(value.absolute()) if isinstance(value, Path) else value
            os.environ[f"VARIORUM_{name}"] = shown
    return Workspace(load_settings(), say=say)


def require_inbox(space: Workspace, contract: SourceContract) -> None:
    """End the command if the source has no folder in the inbox: a place that somebody named wrongly."""
    folder = space.inbox / contract.inbox_folder
    if not folder.is_dir():
        stop(f"{contract.source}: no folder {folder}; put the export there, or name another inbox with --inbox", USAGE)
