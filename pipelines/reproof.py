"""Proves what exists: a build of this home, or a release as its store gives it back. No Dagster.

A release's files prove themselves as far as files can; where this home still holds what the release was built from,
they are held against landing, judgment by judgment, as the gate did.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from expectations.gx.release import expect_of_release
from expectations.gx.suite import load_suites
from expectations.laws.answers import prove_answers
from expectations.laws.connection import verdict
from expectations.laws.definitions import ACCOUNTING, IDENTITY
from expectations.laws.neutral import neutral_fingerprints
from expectations.laws.verdicts import Verdict, broken, sort_key, story
from pipelines.project import Project
from pipelines.proof import CONFLICTS, forms_of, prove_run
from pipelines.recounting import prove_recounted
from pipelines.release.fetch import fetch_files
from pipelines.release.log import Entry
from pipelines.release.manifest import Manifest
from pipelines.release.names import names_of
from pipelines.release.prove import prove_release, released, require_whole
from pipelines.release.verify import find_release, load_manifest, verify
from pipelines.resources.workspace import Workspace
from pipelines.static_proof import prove_manifest, static_verdicts
from pipelines.warehouse.catalog import bound_anew
from pipelines.warehouse.run_folder import RunFolder
from pipelines.warehouse.state import CatalogError, State, replays_of, state_of_run


class NothingToProveError(RuntimeError):
    """There is no such build or release, or its bytes are not those that were published; the message says which."""


@dataclass(frozen=True)
class Proof:
    """What proving came to.

    Attributes:
        what: the build or release, for people.
        verdicts: every verdict, broken ones included.
        expectations: how many expectations held on a release's files.
        left_out: what could not be proved here, and why.
    """

    what: str
    verdicts: tuple[Verdict, ...]
    expectations: int = 0
    left_out: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether nothing is broken."""
        return not broken(self.verdicts)

    @property
    def story(self) -> str:
        """What happened, for people."""
        return story(self.verdicts)


def prove_build(project: Project, workspace: Workspace, run_id: str | None = None) -> Proof:
    """Every law on a run's tables, from the raw bytes on; on the last run that built any, where none is named.

    Raises:
        NothingToProveError: there is no such run.
        StaleError: its sources were delivered again since.
    """
    run = _run(workspace, run_id)
    state = state_of_run(run.warehouse, project.contracts, workspace.key, workspace.home)
    verdicts = prove_run(run, state, workspace.home, replays_of(state, workspace.home))
    with bound_anew(run, state) as con:
        verdicts += prove_recounted(con, state, workspace.key, workspace.home)
    verdicts += static_verdicts(prove_manifest(run.manifest), state.sources)
    return Proof(f"run {run.root.name}", tuple(sorted(verdicts, key=sort_key)))


def prove_published(project: Project, workspace: Workspace, dataset: str, version: str | None = None) -> Proof:
    """A release, as the store gives it back: its bytes, its ledger, and the laws on its files.

    Raises:
        NothingToProveError: its bytes are not those that were published.
        UnknownReleaseError, LogError, ManifestError: as they say.
        UnprovedError, ExpectationError: its ledger has a hole; its files are not what is expected.
    """
    store = workspace.store
    audit = verify(store, dataset, version)
    if faults := [f"{finding.path} {finding.fault}" for finding in audit.findings if finding.fault]:
        raise NothingToProveError(
            f"release {audit.entry.version} of {dataset} is not what was published:\n  " + "\n  ".join(faults[:10])
        )
    entry = find_release(store, dataset, version)
    manifest = load_manifest(store, entry)
    sources = [source.source for source in manifest.sources]
    with tempfile.TemporaryDirectory(prefix="variorum-prove-") as name:
        folder = Path(name)
        fetch_files(store, entry, manifest.files, folder)
        verdicts, left_out = _files(project, manifest, folder, sources), []
        require_whole(_ledger(folder), sources)
        expectations = sum(expect_of_release(folder, load_suites(project.suites)).values())
        try:
            with _built_from(project, workspace, entry, manifest) as (con, state):
                names = names_of(con, workspace.key, manifest.tier, state.sources)
                verdicts += prove_release(con, folder, state.sources, CONFLICTS, names)
        except (CatalogError, NothingToProveError) as error:
            left_out.append(f"landing→release: {error}")
    what = f"release {manifest.version} of {dataset}"
    return Proof(what, tuple(sorted(verdicts, key=sort_key)), expectations, tuple(left_out))


def _run(workspace: Workspace, run_id: str | None) -> RunFolder:
    folders = [path for path in workspace.home.runs.glob("*") if (path / "warehouse.duckdb").exists()]
    if run_id is not None:
        folders = [path for path in folders if path.name.startswith(run_id)]
    if not folders:
        told = f"no run {run_id}" if run_id else "no run that built tables"
        raise NothingToProveError(f"{told} in {workspace.home.root}; run: variorum run")
    return RunFolder(max(folders, key=lambda path: (path / "warehouse.duckdb").stat().st_mtime))


def _files(project: Project, manifest: Manifest, folder: Path, sources: Sequence[str]) -> list[Verdict]:
    """What files can prove of themselves: the manifest's counts and fingerprints, and that no answers were merged."""
    judgments, questions = released(folder, "judgments"), released(folder, "questions")
    verdicts = []
    with duckdb.connect() as con:
        con.execute("set timezone = 'UTC'; set enable_progress_bar = false")
        found = {
            source: (count, fingerprint)
            for source, count, fingerprint in con.execute(neutral_fingerprints(judgments, ["source_id"])).fetchall()
        }
        table = manifest.table("judgments")
        for source in sources:
            told = table.rows_by_source.get(source, 0) if table else 0
            count, fingerprint = found.get(source, (0, "0" * 32))
            lost = [] if told == count else [f"{source}: the manifest says {told} judgments, the files hold {count}"]
            verdicts.append(verdict(ACCOUNTING, "manifest→release", source, (told, count), (len(lost), lost)))
            stated = manifest.fingerprints.get(source)
            other = [] if stated == fingerprint else [f"{source}: fingerprint {stated}, of the files {fingerprint}"]
            verdicts.append(
                verdict(
                    IDENTITY,
                    "manifest→release",
                    source,
                    (told, count),
                    (len(other), other),
                    prints=(stated, fingerprint),
                )
            )
        contracts = [
            project.contracts[source.source]
            for source in manifest.sources
            if source.source in project.contracts
            and project.contracts[source.source].digest() == source.contract_sha256
        ]
        verdicts += prove_answers(con, judgments, questions, sources, forms_of(contracts), step="release")
    return verdicts


def _ledger(folder: Path) -> list[Verdict]:
    """The verdicts of a release's ledger, as far as the completeness of a proof needs them."""
    with duckdb.connect() as con:
        rows = con.execute(
            f"select law, step, source_id, count_in, count_out from {released(folder, 'ledger')} where verdict = 'held'"
        ).fetchall()
    return [Verdict(law, step, source, came, went) for law, step, source, came, went in rows]


@contextmanager
def _built_from(
    project: Project, workspace: Workspace, entry: Entry, manifest: Manifest
) -> Iterator[tuple[duckdb.DuckDBPyConnection, State]]:
    """The run that a release came from, with its state, if this home has both still."""
    run = _run(workspace, entry.attempt.split("/")[0])
    sources = [source.source for source in manifest.sources]
    state = state_of_run(run.warehouse, project.contracts, workspace.key, workspace.home).of(sources)
    for source in manifest.sources:
        held = tuple(sorted(one.file.sha256 for one in state.files if one.contract.source == source.source))
        if held != source.raw_files:
            raise NothingToProveError(f"{source.source} holds other raw files now than the release was made of")
    with bound_anew(run, state) as con:
        yield con, state
