"""`variorum run`: ingest, build, prove, publish."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from pipelines.commands.console import BROKEN, USAGE, beside, console, plain_errors, print_json, say, stop
from pipelines.commands.laws import show_laws
from pipelines.commands.options import HomeOption, InboxOption, JsonOption, StoreOption, require_inbox, workspace

if TYPE_CHECKING:
    from pathlib import Path

    from expectations.laws.verdicts import Verdict
    from pipelines.contracts.dataset import Dataset
    from pipelines.project import Project
    from pipelines.resources.workspace import Workspace
    from pipelines.runner import RunOutcome

SourceOption = Annotated[
    list[str] | None,
    typer.Option("--source", help="Only this source; may be given several times. Default: every delivered source."),
]
DatasetOption = Annotated[str | None, typer.Option("--dataset", help="Only this dataset, with all its sources.")]


def run(
    source: SourceOption = None,
    dataset: DatasetOption = None,
    inbox: InboxOption = None,
    store: StoreOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Ingest what arrived, build the tables, prove every step, publish what is new.

    A source that no declared dataset holds is released as a dataset of its own. Publishing the same content
    again changes nothing. A store that cannot be published to is told before anything is built.

    Examples:
      variorum run --source crehate --inbox ~/exports --store ~/releases

      variorum run --dataset demo
    """
    with plain_errors():
        from pipelines.project import this_project
        from pipelines.release.attempts import require_store
        from pipelines.static_proof import prove_models, require, static_verdicts

        project = this_project()
        space = workspace(home, inbox, store)
        sources, datasets = plan(project, space, source or [], dataset)
        _ = space.key, space.signer
        proof = prove_models(project.dbt_project)
        require(proof)
        require_store(space.store, [one.dataset for one in datasets])
        outcome = _execute(project, space, sources, datasets, quiet=json)
        from pipelines.summary import summarise

        summary = summarise(project, space, sources, datasets, outcome)
    if json:
        print_json(summary)
    else:
        _show(
            summary, space, [*static_verdicts(proof, [row["source"] for row in summary["sources"]]), *outcome.verdicts]
        )
    if not outcome.succeeded:
        _fail(summary, outcome)


def plan(
    project: Project, space: Workspace, sources: list[str], dataset: str | None
) -> tuple[list[str], list[Dataset]]:
    """Which sources to ingest and which datasets to publish."""
    if dataset is not None:
        chosen = project.dataset(dataset)
        if outside := [name for name in sources if name not in chosen.sources]:
            stop(
                f"dataset {dataset} does not hold {', '.join(outside)}; it holds {', '.join(chosen.sources)}",
                USAGE,
            )
        named = sources or list(chosen.sources)
        datasets = [chosen]
    elif sources:
        named = list(dict.fromkeys(project.contract(name).source for name in sources))
        datasets = project.datasets_with(named)
    else:
        named = [code for code, contract in project.contracts.items() if (space.inbox / contract.inbox_folder).is_dir()]
        if not named:
            stop(
                f"no source has a folder in the inbox {space.inbox}; try --inbox DIR, or: variorum source list",
                USAGE,
            )
        datasets = project.datasets_with(named)
    from pipelines.landing.deliveries import deliveries
    from pipelines.landing.inbox import inbox_listing

    if all(project.contract(name).is_aggregate_only for name in named):
        stop(
            f"{', '.join(named)}: only aggregates were published, single judgments are gone, so there is nothing to"
            f" prove or to release. Look at them, variorum source check {named[0]}, or run them beside other sources",
            USAGE,
        )
    for name in named:
        require_inbox(space, project.contract(name))
        inbox_listing(project.contract(name), space.inbox)
    ready = {*named, *(code for code in project.contracts if deliveries(code, space.home))}
    if waiting := [entry.dataset for entry in datasets if not set(entry.sources) <= ready]:
        say(f"not released, since other sources of theirs were never delivered: {', '.join(waiting)}")
    return named, [entry for entry in datasets if entry.dataset not in waiting]


def _execute(
    project: Project, space: Workspace, sources: list[str], datasets: list[Dataset], *, quiet: bool
) -> RunOutcome:
    from dataclasses import replace

    from rich.console import Console

    from pipelines.commands.progress import RunProgress

    with RunProgress(Console(stderr=True, quiet=quiet), project, sources, datasets) as progress:
        from pipelines.runner import run_pipeline

        return run_pipeline(project, replace(space, on_progress=progress.records), sources, datasets, progress.event)


def _show(summary: dict[str, Any], space: Workspace, verdicts: list[Verdict]) -> None:
    from rich.table import Table

    out = console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("source", "records", "judgments in", "quarantined", "judgments out"):
        table.add_column(name, justify="left" if name == "source" else "right")
    for row in summary["sources"]:
        cells = (row["records"], row["judgments_in"], sum(row["quarantined"].values()), row["judgments_out"])
        table.add_row(row["source"], *("-" if cell is None else f"{cell:,}" for cell in cells))
    out.print()
    out.print(table)
    for row in summary["sources"]:
        _show_delivery(row)
        _show_quarantine(row)
    out.print()
    show_laws(verdicts)
    checks = summary["checks"]
    out.print(
        f"checks  {checks['passed']} passed, {checks['failed']} failed"
        f"{f', {warned} warned' if (warned := checks['warned']) else ''} (laws, dbt tests, expectations)"
    )
    for release in summary["releases"]:
        state = "published" if release["new"] else "nothing new: the same as"
        out.print(f"\n{release['dataset']}  {state} {release['version']}, {release['judgments']:,} judgments")
        if release["new"] or release["why"] != "nothing new":
            out.print(f"  why {release['version']}: {release['why']}", markup=False)
            out.print(f"  proved: {release['proved']}", markup=False)
        out.print(f"  {release['path']}", soft_wrap=True, markup=False)
    if summary["releases"]:
        out.print("\nNext:", style="bold")
        for line in next_steps(summary["releases"][0], space.settings.home, space.store.uri):
            out.print(f"  {line}", soft_wrap=True, markup=False)


def next_steps(release: dict[str, Any], home: Path, store: str) -> list[str]:
    """What to type after a run: to look at it, and to read its first release.

    Of a bucket it is pulled: readers take no server of S3 from our settings, only from AWS's own variables.
    """
    if release["path"].startswith("s3:"):
        version, dataset = release["version"], release["dataset"]
        reading = f"{beside('variorum')} release pull {version} DIR --dataset {dataset} --store {store}"
    else:
        reading = f"{beside('python')} -c \"import pandas; print(pandas.read_parquet('{release['path']}/judgments'))\""
    return [f"{beside('variorum')} ui --home {home}", reading]


def _show_delivery(row: dict[str, Any]) -> None:
    """What a source's new delivery did to the judgments that were there; nothing where it was not delivered again."""
    if row["new_delivery"] and row["changes"]:
        told = ", ".join(f"{count:,} {what}" for what, count in row["changes"].items() if count)
        console().print(f"delivery {row['delivery']} of {row['source']}: {told or 'no judgments'}", markup=False)


def _show_quarantine(row: dict[str, Any]) -> None:
    """What of a source was not taken, by reason; refused files cannot be overlooked."""
    out = console()
    for file in row["refused_files"]:
        out.print(f"REFUSED  {row['source']}: the {file['role']} file {file['file']}", style="bold red", markup=False)
        out.print(f"  {file['reason']}: {file['message']}; nothing of it was taken", markup=False)
        out.print(f"  sha256 {file['sha256']}", markup=False)
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in row["quarantined"].items())
    if reasons:
        out.print(f"WARNING  in quarantine of {row['source']}: {reasons}", style="yellow", markup=False)
        out.print(f"  its bytes: {beside('variorum')} quarantine show {row['source']}", markup=False)


def _fail(summary: dict[str, Any], outcome: RunOutcome) -> NoReturn:
    """Say why the run failed, where to read on, and what is visible of it."""
    for failure in outcome.failures:
        say(f"\n{failure}")
    from pipelines.runner import LOG

    say(f"\nmore: {outcome.run.root / LOG}")
    stop("nothing was published" if not summary["releases"] else "not everything was published", BROKEN)
