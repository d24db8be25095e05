"""What commands share: exit codes, errors in plain words, tables, and JSON for machines."""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import typer

if TYPE_CHECKING:
    from rich.console import Console

OK, BROKEN, USAGE = 0, 1, 2
"""Published or nothing new; a law or contract broken; the command was used wrongly."""

_ROOM = "make room on that disk, or work on another one: --home DIR"
_RIGHTS = "give yourself the right to write there, or work elsewhere: --home DIR"
_OF_THE_MACHINE = {
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EFBIG: _ROOM,
    errno.EROFS: _RIGHTS,
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
}
_FULL = ("No space left on device", "database or disk is full", "disk I/O error")
"""How SQLite and DuckDB say it, within errors of their own."""


def of_the_machine(error: BaseException) -> str | None:
    """What the system refused, in plain words, where an error comes from that: no room, or no right to write."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in _OF_THE_MACHINE:
            where = f"{cause.filename}: " if cause.filename else ""
            return f"{where}{cause.strerror}; {_OF_THE_MACHINE[cause.errno]}"
        if told := next((told for told in _FULL if told in str(cause)), None):
            return f"{told}; {_ROOM}"
        cause = cause.__cause__ or cause.__context__
    return None


def console() -> Console:
    """Where people read: standard output, folded to its width."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=False)


def say(text: str) -> None:
    """A line beside the output proper: to standard error, so that JSON stays clean."""
    typer.echo(text, err=True)


def beside(program: str) -> str:
    """A program of this environment, as it can be typed in the working folder."""
    from pathlib import Path

    path = Path(sys.executable).parent / program
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def stop(message: str, code: int) -> NoReturn:
    """End the command with a message on standard error."""
    typer.secho(f"variorum: {message}", err=True, fg="red" if sys.stderr.isatty() else None)
    raise typer.Exit(code)


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turns what users can cause into one plain message and the right exit code."""
    from expectations.gx.release import ExpectationError
    from expectations.laws.verdicts import LawBrokenError
    from expectations.recount.shares import ShareError
    from pipelines.contracts.load import ContractError
    from pipelines.fetch import FetchError
    from pipelines.landing.inbox import InboxError
    from pipelines.project import UnknownNameError
    from pipelines.quarantine import ExcessError
    from pipelines.release.build import BuildError
    from pipelines.release.comparison import DifferenceError
    from pipelines.release.fetch import FetchedError
    from pipelines.release.log import LogError
    from pipelines.release.manifest import ManifestError
    from pipelines.release.mistakes import MistakeError
    from pipelines.release.prove import UnprovedError
    from pipelines.release.publish import PublishError
    from pipelines.release.signatures import SignatureError
    from pipelines.release.store import StoreError
    from pipelines.release.verify import UnknownReleaseError
    from pipelines.reproof import NothingToProveError
    from pipelines.resources.settings import SettingsError
    from pipelines.shapes.beside import FlattenError
    from pipelines.warehouse.dbt import DbtError
    from pipelines.warehouse.state import CatalogError

    try:
        yield
    except (MistakeError, UnknownNameError, UnknownReleaseError, SettingsError) as error:
        stop(str(error), USAGE)
    except ContractError as error:
        stop(f"a declaration is not valid\n{error}", BROKEN)
    except (
        BuildError,
        CatalogError,
        DbtError,
        DifferenceError,
        ExpectationError,
        ExcessError,
        FetchError,
        FetchedError,
        FlattenError,
        InboxError,
        LawBrokenError,
        LogError,
        ManifestError,
        NothingToProveError,
        PublishError,
        ShareError,
        SignatureError,
        StoreError,
        UnprovedError,
    ) as error:
        stop(str(error), BROKEN)
    except Exception as error:
        if (refused := of_the_machine(error)) is None:
            raise
        stop(refused, BROKEN)
