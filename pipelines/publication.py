"""From a proved run to a published release of one dataset. No Dagster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from expectations.gx.release import expect_of_release
from expectations.gx.suite import load_suites
from expectations.laws.verdicts import LawBrokenError, Verdict, broken
from pipelines.contracts.dataset import Dataset
from pipelines.project import Project
from pipelines.proof import CONFLICTS, prove_steps
from pipelines.quarantine import read_quarantine, refuse_excess
from pipelines.recounting import prove_recounted
from pipelines.release.build import BuildError, Built, finish_build, refuse_unready, write_tables
from pipelines.release.manifest import Manifest
from pipelines.release.names import names_of
from pipelines.release.prove import prove_release, require_whole
from pipelines.release.publish import Published, publish
from pipelines.release.verify import last_manifest, load_manifest
from pipelines.resources.workspace import Workspace
from pipelines.static_proof import prove_manifest, static_verdicts
from pipelines.warehouse.catalog import bound_anew
from pipelines.warehouse.run_folder import RunFolder
from pipelines.warehouse.state import LandedFile, State, state_of_run


class IncompleteError(RuntimeError):
    """A release would be silently partial: a judgments file was refused, or a source comes to no judgment."""


@dataclass(frozen=True)
class Publication:
    """What came of it: the release's manifest, where it lies, and the verdicts on its files."""

    dataset: str
    published: Published
    manifest: Manifest
    location: str
    verdicts: tuple[Verdict, ...]


def publish_dataset(
    dataset: Dataset, project: Project, workspace: Workspace, run: RunFolder, run_id: str
) -> Publication:
    """Build, prove and publish a dataset from a run's marts.

    Raises:
        LawBrokenError, UnprovedError, ExpectationError: as ``prove_and_build`` does; nothing is published.
        CatalogError: a source was delivered again since the run was built.
        IncompleteError: bad input would leave the release without what its sources hold.
        ExcessError: more is in quarantine than a source's contract allows.
        BuildError, PublishError, SignatureError, StoreError: as they say.
        ManifestError, FetchedError, DifferenceError: the latest release cannot be compared with.
    """
    if not run.warehouse.exists():
        raise BuildError(
            f"this run built no tables, so there is nothing to release; run: variorum run --dataset {dataset.dataset}"
        )
    state = state_of_run(run.warehouse, project.contracts, workspace.key, workspace.home).of(dataset.sources)
    if missing := [source for source in dataset.sources if source not in state.sources]:
        raise BuildError(
            f"dataset {dataset.dataset} holds {', '.join(missing)}, of which nothing was delivered yet;"
            f" deliver it, or run: variorum run --dataset {dataset.dataset}"
        )
    refuse_partial(dataset, state.files)
    quarantine = read_quarantine(run, dataset.sources)
    refuse_excess(state.contracts, quarantine, last_manifest(workspace.store, dataset.dataset))
    reasons = {one.source: one.reasons for one in quarantine}
    built = prove_and_build(dataset, project, workspace, run, state, reasons)
    published = publish(workspace.store, built, run_id, at_least=dataset.at_least, signer=workspace.signer)
    entry = published.entry
    return Publication(
        dataset=dataset.dataset,
        published=published,
        manifest=load_manifest(workspace.store, entry),
        location=f"{workspace.store.uri}/{entry.dataset}/releases/{entry.folder}",
        verdicts=built.verdicts,
    )


def prove_and_build(
    dataset: Dataset,
    project: Project,
    workspace: Workspace,
    run: RunFolder,
    state: State,
    quarantined: dict[str, dict[str, int]],
) -> Built:
    """The gate: the release's files are written, and every law, expectation and model is proved on them, here and now.

    Nothing that was evaluated before is read; a check that was skipped, softened or forged changes nothing.

    Raises:
        LawBrokenError, UnprovedError, ExpectationError: what does not hold, or was not evaluated.
        BuildError: a table is missing, or is not what its schema says; or a public dataset is not ready to be.
    """
    refuse_unready(dataset, state.contracts)
    if not run.manifest.exists():
        raise BuildError("this run has no manifest of dbt's: which SQL made its tables is not known; run: variorum run")
    verdicts = static_verdicts(prove_manifest(run.manifest), dataset.sources)
    with bound_anew(run, state) as con:
        verdicts += prove_steps(con, state, workspace.home)
        verdicts += prove_recounted(con, state, workspace.key, workspace.home)
        names = names_of(con, workspace.key, dataset.tier, dataset.sources)
        written = write_tables(dataset, run, con, names)
        verdicts += prove_release(con, written.folder, dataset.sources, CONFLICTS, names)
        if found := broken(verdicts):
            raise LawBrokenError(found)
        require_whole(verdicts, dataset.sources)
        expectations = expect_of_release(written.folder, load_suites(project.suites))
        return finish_build(written, dataset, state, con, verdicts, expectations, quarantined, names.key.fingerprint)


def refuse_partial(dataset: Dataset, files: Sequence[LandedFile]) -> None:
    """Refuse to release a dataset of which a source lost a whole judgments file, or all its judgments.

    Single rows in quarantine do not stop the others; a file that was refused as a whole may have held anything.

    Raises:
        IncompleteError: it names each file, the reason, and what to do.
    """
    faults = []
    for source in dataset.sources:
        own = [file for file in files if file.contract.source == source and file.receipt.role == "judgments"]
        refused = [file for file in own if file.receipt.refused_as_a_whole and not _is_replaced(file, own)]
        faults += [
            f"{source}: {file.file.name} (sha256 {file.file.sha256[:16]}…) was refused as a whole:"
            f" {file.receipt.refused_as_a_whole}, {file.receipt.message}"
            for file in refused
        ]
        if own and not refused and not sum(file.receipt.judgments for file in own):
            reasons = Counter[str]()
            for file in own:
                reasons.update(file.receipt.reasons)
            told = ", ".join(f"{count:,} {reason}" for reason, count in sorted(reasons.items())) or "nothing found"
            faults.append(f"{source}: not one judgment is left ({told})")
    if not faults:
        return
    lines = [
        f"Not published: a release of {dataset.dataset} would be partial, and nobody could see it.",
        *(f"  {fault}" for fault in faults),
        "  What to do: put the whole file in its place and run again. What would be taken of it says:"
        f" variorum source check {faults[0].split(':')[0]}",
    ]
    raise IncompleteError("\n".join(lines))


def _is_replaced(refused: LandedFile, files: Sequence[LandedFile]) -> bool:
    """Whether a later delivery brought the same file again, and it was taken: appending sources keep both."""
    return any(
        file.delivery > refused.delivery
        and file.file.name == refused.file.name
        and file.file.mapping == refused.file.mapping
        and not file.receipt.refused_as_a_whole
        for file in files
    )
