"""``python -m expectations.mutants``: mutants tried, and the table of what caught each; 1 if one survived."""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from expectations.mutants.mutant import Mutant, registry
from expectations.mutants.report import counts, faults, table
from expectations.mutants.run import try_all
from expectations.mutants.trial import prepare
from pipelines.project import this_project
from pipelines.warehouse.dbt import fresh_manifest


def main() -> int:
    """Try mutants, two at a time, and print what caught them."""
    parser = argparse.ArgumentParser(prog="make mutants", description="Try every mutant, and print what caught it.")
    parser.add_argument("--only", nargs="+", metavar="WORD", help="those whose name, family or place holds all words")
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1), help="how many at a time")
    parser.add_argument("--told", action="store_true", help="what the person who made the edit is told, too")
    given = parser.parse_args()
    chosen = [mutant for mutant in registry() if not given.only or _is_meant(mutant, given.only)]
    # Wide enough for a line each where the output is a file.
    console = Console(highlight=False, width=None if os.isatty(1) else 150)
    if not chosen:
        console.print(f"no mutant has {' and '.join(given.only)} in its name, family or place")
        return 2
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="variorum-mutants-") as folder, Progress(transient=True) as bar:
        task = bar.add_task("mutants", total=len(chosen))
        ground = prepare(Path(folder), fresh_manifest(this_project().dbt_project))
        results = try_all(chosen, ground, given.workers, lambda: bar.advance(task))
    console.print(table(results, told=given.told))
    console.print(counts(results))
    wrong = faults(results)
    for line in wrong:
        console.print(line, markup=False)
    console.print(f"{len(chosen)} mutants, {time.monotonic() - started:.0f} s")
    return 1 if wrong else 0


def _is_meant(mutant: Mutant, words: list[str]) -> bool:
    text = f"{mutant.name} {mutant.family} {mutant.place}".lower()
    return all(word.lower() in text for word in words)


if __name__ == "__main__":
    raise SystemExit(main())
