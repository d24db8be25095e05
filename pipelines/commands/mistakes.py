"""`variorum release yank|unyank|rollback`: mistakes mended in the log; nothing is deleted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.commands.choice import DatasetOption, VersionArgument, only_dataset
from pipelines.commands.console import console, plain_errors
from pipelines.commands.options import HomeOption, StoreOption, workspace

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipelines.release.standing import Standing
    from pipelines.release.store import ObjectStore

ReasonOption = Annotated[str, typer.Option("--reason", help="Why; it stays in the log.")]


def yank(
    version: VersionArgument,
    reason: ReasonOption,
    dataset: DatasetOption = None,
    store: StoreOption = None,
    home: HomeOption = None,
) -> None:
    """Take a release out of what readers get who name no version. It stays for those who name it, with a warning.

    Example: variorum release yank 1.1.0 --reason "two annotators' files were exchanged" --dataset demo
    """
    _mend("yank", version, reason, dataset, store, home)


def unyank(
    version: VersionArgument,
    reason: ReasonOption,
    dataset: DatasetOption = None,
    store: StoreOption = None,
    home: HomeOption = None,
) -> None:
    """Take a yank back.

    Example: variorum release unyank 1.1.0 --reason "the files were right" --dataset demo
    """
    _mend("unyank", version, reason, dataset, store, home)


def rollback(
    version: VersionArgument,
    reason: ReasonOption,
    dataset: DatasetOption = None,
    store: StoreOption = None,
    home: HomeOption = None,
) -> None:
    """Make an earlier release latest again. Nothing is deleted; a run that finds the same content publishes nothing.

    Example: variorum release rollback 1.0.0 --reason "1.1.0 came too early" --dataset demo
    """
    _mend("rollback", version, reason, dataset, store, home)


def _mend(action: str, version: str, reason: str, dataset: str | None, store: str | None, home: Path | None) -> None:
    with plain_errors():
        from pipelines.release import mistakes
        from pipelines.release.verify import find

        acts: dict[str, Callable[[ObjectStore, str, str, str], Standing]] = {
            "yank": mistakes.yank,
            "unyank": mistakes.unyank,
            "rollback": mistakes.rollback,
        }
        target = workspace(home, None, store).store
        name = only_dataset(target, dataset)
        entry = find(target, name, version).entry
        standing = acts[action](target, name, entry.folder, reason)
    latest = f"latest is {standing.latest.version}" if standing.latest else "no release of it is latest now"
    done = {"yank": "yanked", "unyank": "no longer yanked", "rollback": "latest again"}[action]
    console().print(f"{name}: {entry.version} is {done}; {latest}", markup=False, soft_wrap=True)
