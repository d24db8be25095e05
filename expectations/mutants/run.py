"""Runs mutants: those of code in a copied tree and a process of its own, the others in the process at hand."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

from expectations.mutants.mutant import Mutant, Place, RegistryError
from expectations.mutants.trial import Ground, Outcome, attempt
from pipelines.project import this_project

_TREE = ("pipelines", "expectations")
_LEFT_OUT = shutil.ignore_patterns("bench", "demo", "registry")


@dataclass(frozen=True)
class Result:
    """A mutant, and what came of it; ``error`` where it could not be tried."""

    mutant: Mutant
    outcome: Outcome
    error: str | None = None

    @property
    def is_published(self) -> bool:
        """Whether nothing caught it."""
        return not self.outcome.caught and self.error is None

    @property
    def only_one(self) -> bool:
        """Whether one law or guard alone caught it."""
        return len(self.outcome.caught) == 1

    @property
    def fault(self) -> str | None:
        """What is wrong with the result; None where it is as the registry says."""
        mutant, caught = self.mutant, self.outcome.caught
        if self.error is not None:
            return self.error
        if mutant.equivalent or mutant.declared:
            called = "equivalent" if mutant.equivalent else "declared"
            return f"is called {called}, and {', '.join(caught)} caught it" if caught else None
        if not caught:
            return "survived: it was published"
        if caught != mutant.caught:
            return f"was caught by {', '.join(caught)}; the registry says {', '.join(mutant.caught)}"
        return None


def try_all(chosen: Sequence[Mutant], ground: Ground, workers: int, on_done: Callable[[], None]) -> list[Result]:
    """Try mutants, so many at a time; the results are in the mutants' order."""
    found: dict[str, Result] = {}
    # Spawned, not forked: this process has DuckDB's threads.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        places = (ground.root / f"mutant{number}" for number in range(len(chosen)))
        jobs = [pool.submit(try_one, mutant, ground, place) for mutant, place in zip(chosen, places, strict=True)]
        for job in as_completed(jobs):
            result = job.result()
            found[result.mutant.name] = result
            on_done()
    return [found[mutant.name] for mutant in chosen]


def try_one(mutant: Mutant, ground: Ground, place: Path) -> Result:
    """Try a mutant in a folder of its own, which is gone afterwards."""
    try:
        tried = _in_a_tree if mutant.place == Place.CODE else attempt
        return Result(mutant, tried(mutant, ground, place))
    except RegistryError as error:
        return Result(mutant, Outcome((), ""), str(error))
    except Exception as error:  # whatever the edit broke
        return Result(mutant, Outcome((), ""), f"does not run: {type(error).__name__}: {error}")
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _in_a_tree(mutant: Mutant, ground: Ground, place: Path) -> Outcome:
    """The trial in a copy of this checkout's code, in which one file was edited."""
    root, tree = this_project().root, place / "tree"
    for name in _TREE:
        shutil.copytree(root / name, tree / name, ignore=_LEFT_OUT)
    edited = tree / mutant.target
    edited.write_text(mutant.edited(edited.read_text(encoding="utf-8")), encoding="utf-8")
    given = {
        "mutant": asdict(mutant),
        "ground": str(ground.root),
        "manifest": str(ground.manifest),
        "place": str(place / "trial"),
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("VARIORUM_")}
    inherited.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(  # noqa: S603  # our own interpreter and module, no shell
        [sys.executable, "-m", "expectations.mutants.trial", json.dumps(given)],
        cwd=tree,
        env={**inherited, "PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if done.returncode:
        told = done.stderr.strip().splitlines()
        raise RegistryError(f"does not run: {told[-1] if told else 'no message'}")
    found = json.loads(done.stdout)
    return Outcome(**{**found, "caught": tuple(found["caught"])})
