"""`variorum release export`: files derived from a release, for training and for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.console import USAGE, console, plain_errors, stop


def export(
    kind: Annotated[str, typer.Argument(help="labels, soft_labels or preferences.")],
    release: Annotated[Path, typer.Argument(help="The folder of a release.")],
    to: Annotated[Path, typer.Option("--to", help="Where a folder named like the export is made.")] = Path(),
) -> None:
    """Derive files from a release: labels for crowd-kit, soft labels, or preference pairs with TRL's names.

    Example: variorum release export preferences releases/1.0.0-0123456789abcdef --to training
    """
    with plain_errors():
        from pipelines.release.exports import ExportError
        from pipelines.release.exports import export as derive

        try:
            made = derive(kind, release, to)
        except ExportError as error:
            stop(str(error), USAGE)
    console().print(f"{made.rows:,} rows in {made.folder}", soft_wrap=True, markup=False)
    console().print(made.table.grain, soft_wrap=True, markup=False)
