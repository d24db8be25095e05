"""Tries one mutant: the pipeline from the inbox to the store on the smallest data, with the one edit in it.

What catches a mutant is what keeps ``publish_dataset`` from publishing: nothing else is asked. ``python -m`` runs a
trial in a tree of code that was edited.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
from pydantic import SecretStr

import pipelines.publication as publication
from expectations.gx.release import ExpectationError
from expectations.laws.verdicts import LawBrokenError
from expectations.mutants.exports import deliveries
from expectations.mutants.models import build_models, compiled
from expectations.mutants.mutant import Mutant, Place
from pipelines.contracts.dataset import Dataset, dataset_of_one
from pipelines.contracts.load import ContractError
from pipelines.ingest import ingest_source
from pipelines.landing.history import HistoryError
from pipelines.project import Project, this_project
from pipelines.quarantine import ExcessError
from pipelines.release.build import BuildError
from pipelines.release.prove import UnprovedError
from pipelines.release.publish import PublishError
from pipelines.resources.settings import Settings
from pipelines.resources.workspace import Workspace
from pipelines.shapes.sql import literal
from pipelines.warehouse.catalog import bind
from pipelines.warehouse.run_folder import RunFolder
from pipelines.warehouse.state import CatalogError, present_state

MINI = Path(__file__).parent / "project"
WHOLE = "mini"
"""The dataset of all sources."""

KEY = "5e" * 32
"""The pseudonym key of the trials; it protects nobody."""

_AFTER_LANDING = ("pipelines/warehouse/", "pipelines/release/")
"""Code that has no part in how data land."""

GUARDS: dict[type[Exception], str] = {
    ContractError: "contract",
    CatalogError: "landed files",
    HistoryError: "landed files",
    publication.IncompleteError: "partial source",
    ExcessError: "quarantine limit",
    BuildError: "table schema",
    UnprovedError: "whole proof",
    ExpectationError: "expectations",
    PublishError: "read back",
}
"""What refuses beside the laws, by its error."""


class Miniature(Project):
    """A project of the smallest data, held to the expectations of this one."""

    @property
    def suites(self) -> Path:
        """Folder of the Great Expectations suites."""
        return this_project().suites


@dataclass(frozen=True)
class Outcome:
    """What came of a trial.

    Attributes:
        caught: numbers of the laws that were broken, and names of the guards that refused; nothing if it was published.
        told: what the person who made the edit would read.
    """

    caught: tuple[str, ...]
    told: str


@dataclass(frozen=True)
class Ground:
    """What trials share: a folder, the project in miniature, and dbt's manifest of the models as they are."""

    root: Path
    manifest: Path

    @property
    def home(self) -> Path:
        """The home in which the smallest data is landed as it should be."""
        return self.root / "home"

    def warehouse(self, data: str) -> Path:
        """A warehouse that is bound to a source or dataset of it."""
        return self.root / "bound" / data / "warehouse.duckdb"


def prepare(root: Path, manifest: Path) -> Ground:
    """Land the smallest data once, for every trial that does not land it differently."""
    ground = Ground(root, manifest)
    project, space = Miniature(MINI), _workspace(ground.home, root)
    whole = project.dataset(WHOLE)
    _land(project, space, whole)
    for data in (WHOLE, *whole.sources):
        _bind(project, space, _dataset(project, data), RunFolder(ground.warehouse(data).parent))
    return ground


def attempt(mutant: Mutant | None, ground: Ground, place: Path) -> Outcome:
    """Run the pipeline with the mutant's edit, or with none, in a folder of its own.

    Raises:
        RegistryError: the edit does not apply.
    """
    place.mkdir(parents=True)
    try:
        _publish(mutant, ground, place)
    except LawBrokenError as error:
        numbers = sorted({verdict.definition.number for verdict in error.verdicts})
        return Outcome(tuple(map(str, numbers)), str(error))
    except tuple(GUARDS) as error:
        return Outcome((GUARDS[type(error)],), str(error))
    return Outcome((), "published")


def _publish(mutant: Mutant | None, ground: Ground, place: Path) -> None:
    where = mutant.place if mutant else None
    project = Miniature(_edited_contract(mutant, place) if mutant and where == Place.CONTRACT else MINI)
    dataset = _dataset(project, mutant.data if mutant else WHOLE)
    space = _workspace(_home(mutant, ground, place), place)
    if not space.home.root.exists():
        _land(project, space, dataset)
    run = RunFolder(place / "run")
    if where in (Place.CONTRACT, Place.CODE, Place.LANDED):
        _bind(project, space, dataset, run)
    else:
        run.marts.mkdir(parents=True)
        shutil.copyfile(ground.warehouse(dataset.dataset), run.warehouse)
    manifest = compiled(ground.manifest, mutant if where == Place.MODEL else None)
    build_models(manifest, run)
    run.manifest.parent.mkdir()
    run.manifest.write_text(json.dumps(manifest))
    with _tampered(mutant, run):
        publication.publish_dataset(dataset, project, space, run, "trial")


def _home(mutant: Mutant | None, ground: Ground, place: Path) -> Path:
    """A home of its own for what lands otherwise, or is rewritten; else the one that trials share."""
    own = place / "home"
    if mutant and mutant.place == Place.LANDED:
        shutil.copytree(ground.home, own)
        for path in sorted(own.glob(f"landing/{mutant.data}/*/*/{mutant.target}/*.parquet")):
            _rewrite(path, mutant.new)
        return own
    lands = mutant and (
        mutant.place == Place.CONTRACT or (mutant.place == Place.CODE and not mutant.target.startswith(_AFTER_LANDING))
    )
    return own if lands else ground.home


def _workspace(home: Path, place: Path) -> Workspace:
    settings = Settings.model_construct(
        home=home, inbox=None, store=str(place / "store"), pseudonym_key=SecretStr(KEY), pseudonym_key_file=None
    )
    return Workspace(settings, say=lambda _: None)


def _edited_contract(mutant: Mutant, place: Path) -> Path:
    root = place / "project"
    shutil.copytree(MINI, root)
    path = root / "assets" / "ingest" / mutant.target / "defs.yaml"
    path.write_text(mutant.edited(path.read_text(encoding="utf-8")), encoding="utf-8")
    return root


def _dataset(project: Project, data: str) -> Dataset:
    return project.dataset(WHOLE) if data == WHOLE else dataset_of_one(project.contract(data))


def _land(project: Project, space: Workspace, dataset: Dataset) -> None:
    """Both deliveries, one after the other."""
    for files in deliveries():
        for name, data in files.items():
            path = space.inbox / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        for source in dataset.sources:
            ingest_source(project.contract(source), space.inbox, space.home, space.key)


def _bind(project: Project, space: Workspace, dataset: Dataset, run: RunFolder) -> None:
    run.marts.mkdir(parents=True)
    contracts = [project.contract(source) for source in dataset.sources]
    bind(run.warehouse, present_state(contracts, space.key, space.home))


def _rewrite(path: Path, query: str) -> None:
    """A Parquet file written anew, as a query over ``rows`` says."""
    with duckdb.connect() as con:
        con.execute("set timezone = 'UTC'")
        con.execute(f"create table rows as select * from read_parquet({literal(str(path))})")
        path.chmod(0o644)
        con.execute(f"copy ({query}) to {literal(str(path))} (format parquet, compression zstd)")


@contextmanager
def _tampered(mutant: Mutant | None, run: RunFolder) -> Iterator[None]:
    """Whoever publishes within this block finds a file altered between its proof and its publication."""
    if mutant is None or mutant.place not in (Place.MART, Place.RELEASE, Place.STORED):
        yield
        return
    table = f"{mutant.target}/part-00000.parquet"
    if mutant.place == Place.MART:
        patched = _before("write_tables", lambda *_: _rewrite(run.mart(mutant.target), mutant.new))
    elif mutant.place == Place.RELEASE:
        patched = _before("finish_build", lambda written, *_: _rewrite(written.folder / table, mutant.new))
    else:
        from pipelines.resources.folder import FolderStore

        puts = FolderStore.put_if_absent

        def put(self: FolderStore, key: str, source: Any, sha256: str | None = None) -> bool:
            is_new = puts(self, key, source, sha256)
            if key.endswith(table):
                _rewrite(Path(self.uri) / key, mutant.new)
            return is_new

        patched = mock.patch.object(FolderStore, "put_if_absent", put)
    with patched:
        yield


def _before(step: str, act: Callable[..., None]) -> Any:
    """Let something happen right before a step of the publication, which gets what the step gets."""
    held = getattr(publication, step)

    def stepped(*args: Any) -> Any:
        act(*args)
        return held(*args)

    return mock.patch.object(publication, step, stepped)


def main() -> int:
    """A trial as the arguments say it, in JSON; what came of it, in JSON."""
    given = json.loads(sys.argv[1])
    fields = {**given["mutant"], "place": Place(given["mutant"]["place"])}
    ground = Ground(Path(given["ground"]), Path(given["manifest"]))
    found = attempt(Mutant(**fields), ground, Path(given["place"]))
    print(json.dumps(asdict(found)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
