"""Progress in the terminal: of a run, one bar over its steps and the records read so far; of a pull, its bytes."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TransferSpeedColumn,
)

if TYPE_CHECKING:
    from pipelines.contracts.dataset import Dataset
    from pipelines.project import Project
    from pipelines.runner import StepEvent

_MODELS = 27
_STEPS = {"dbt_models": "building tables", "laws": "proving the laws", "expectations": "expectations"}


class RunProgress:
    """A bar that moves with the run's events; on a pipe it prints one line a step."""

    def __init__(self, out: Console, project: Project, sources: Sequence[str], datasets: Sequence[Dataset]) -> None:
        self._out = out
        self._records: dict[str, int] = {}
        self._progress = Progress(
            TextColumn("{task.description:<34}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=out,
            transient=True,
            disable=not out.is_terminal,
        )
        total = len(sources) + len(datasets) + _MODELS + 4
        self._task = self._progress.add_task("starting", total=total)

    def __enter__(self) -> RunProgress:
        self._progress.start()
        self._note("starting")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def event(self, event: StepEvent) -> None:
        """Take note of something the run did."""
        if event.kind == "start":
            name = _STEPS.get(event.name, event.name.replace("__", " "))
            self._progress.update(self._task, description=name)
            self._note(name)
        elif event.kind in ("asset", "success"):
            self._progress.advance(self._task)

    def records(self, file: str, count: int) -> None:
        """Take note of how far a file has been read."""
        self._records[file] = count
        self._progress.update(self._task, description=f"reading, {sum(self._records.values()):,} records")

    def _note(self, text: str) -> None:
        if not self._out.is_terminal and not self._out.quiet:
            self._out.print(f"… {text}")


class BytesProgress:
    """A bar over the bytes of a release; on a pipe it prints one line a file."""

    def __init__(self, out: Console, total: int) -> None:
        self._out = out
        self._path = ""
        self._progress = Progress(
            TextColumn("{task.description:<34}"),
            BarColumn(bar_width=30),
            DownloadColumn(),
            TransferSpeedColumn(),
            console=out,
            transient=True,
            disable=not out.is_terminal,
        )
        self._task = self._progress.add_task("starting", total=total)

    def __enter__(self) -> BytesProgress:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def advance(self, path: str, more: int) -> None:
        """Take note of more bytes of a file."""
        if path != self._path and not self._out.is_terminal and not self._out.quiet:
            self._out.print(f"… {path}", markup=False, soft_wrap=True)
        self._path = path
        self._progress.update(self._task, description=path, advance=more)
