"""`variorum release`: what was published, and whether it is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.commands.console import BROKEN, USAGE, console, plain_errors, print_json, stop
from pipelines.commands.options import HomeOption, JsonOption, StoreOption, workspace

if TYPE_CHECKING:
    from pipelines.release.store import ObjectStore

app = typer.Typer(help="List, show and verify releases.", no_args_is_help=True)

VersionArgument = Annotated[str, typer.Argument(help="A version such as 1.0.0, or latest.")]
DatasetOption = Annotated[
    str | None, typer.Option("--dataset", help="Which dataset. Default: the only one in the store.")
]


def _datasets(store: ObjectStore) -> list[str]:
    return sorted({key.split("/")[0] for key in store.keys("") if "/log/" in key})


def _only(store: ObjectStore, dataset: str | None) -> str:
    if dataset is not None:
        return dataset
    known = _datasets(store)
    if len(known) == 1:
        return known[0]
    if not known:
        stop(f"nothing was published to {store.uri} yet; try: variorum run", USAGE)
    stop(f"the store holds several datasets; name one with --dataset: {', '.join(known)}", USAGE)


@app.command("list")
def list_releases(
    dataset: DatasetOption = None,
    store: StoreOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """List the releases in a store.

    Example: variorum release list --store ~/releases
    """
    with plain_errors():
        from pipelines.release.log import read_log

        target = workspace(home, None, store).store
        names = [dataset] if dataset else _datasets(target)
        entries = [entry for name in names for entry in read_log(target, name)]
    if json:
        print_json([vars(entry) for entry in entries])
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("dataset", "version", "published", "digest"):
        table.add_column(name, no_wrap=True)
    for entry in entries:
        table.add_row(entry.dataset, entry.version, entry.at, entry.content_digest[:16])
    console().print(table if entries else f"nothing was published to {target.uri} yet")


@app.command("show")
def show(
    version: VersionArgument = "latest",
    dataset: DatasetOption = None,
    store: StoreOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Show what a release holds.

    Example: variorum release show 1.0.0 --dataset demo
    """
    with plain_errors():
        from dataclasses import asdict

        from pipelines.release.verify import find_release, load_manifest

        target = workspace(home, None, store).store
        entry = find_release(target, _only(target, dataset), version)
        manifest = load_manifest(target, entry)
    if json:
        shown: dict[str, Any] = {"log": vars(entry), "manifest": asdict(manifest)}
        print_json(shown)
        return
    from rich.table import Table

    out = console()
    out.print(f"{manifest.title}, version {manifest.version}", style="bold")
    out.print(f"{target.uri}/{entry.dataset}/releases/{entry.folder}", soft_wrap=True)
    out.print(f"published {entry.at}, licence {manifest.licence}, digest {manifest.content_digest[:16]}\n")
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("table")
    table.add_column("rows", justify="right")
    table.add_column("one row is")
    for one in manifest.tables:
        table.add_row(one.name, f"{one.rows:,}", one.grain.removeprefix("One row per ").rstrip("."))
    out.print(table)
    judgments = manifest.table("judgments")
    if judgments:
        out.print("\njudgments by source")
        for name, rows in judgments.rows_by_source.items():
            out.print(f"  {name}  {rows:,}")
    held = sum(law["held"] for law in manifest.laws.values())
    out.print(f"\n{held} verdicts of {len(manifest.laws)} laws held on these files")


@app.command("verify")
def verify(
    version: VersionArgument = "latest",
    dataset: DatasetOption = None,
    store: StoreOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Check every byte of a release against its manifest, and the manifest against the log.

    Example: variorum release verify latest --dataset demo
    """
    with plain_errors():
        from pipelines.release.verify import verify as audit_release

        target = workspace(home, None, store).store
        audit = audit_release(target, _only(target, dataset), version)
    faults = [finding for finding in audit.findings if finding.fault]
    if json:
        print_json(
            {
                "dataset": audit.entry.dataset,
                "version": audit.entry.version,
                "whole": audit.is_whole,
                "checked": len(audit.findings),
                "faults": [{"path": finding.path, "fault": finding.fault} for finding in faults],
            }
        )
    else:
        out = console()
        for finding in faults:
            out.print(f"{finding.path} {finding.fault}", soft_wrap=True)
        out.print(
            f"{audit.entry.dataset} {audit.entry.version}:"
            f" {len(audit.findings)} objects checked, {len(faults)} at fault"
        )
    if faults:
        raise typer.Exit(BROKEN)


@app.command("gc")
def gc(
    dataset: DatasetOption = None,
    store: StoreOption = None,
    home: HomeOption = None,
    delete: Annotated[bool, typer.Option("--delete", help="Delete it. Without this, it is only listed.")] = False,
    json: JsonOption = False,
) -> None:
    """Find what attempts to publish left behind: a week old, named by no log entry, and wanted by nobody.

    Example: variorum release gc --dataset demo --delete
    """
    with plain_errors():
        from pipelines.release.gc import collect

        target = workspace(home, None, store).store
        found = collect(target, _only(target, dataset), delete)
    if json:
        print_json([vars(one) for one in found])
        return
    out = console()
    for one in found:
        done = "deleted" if one.is_deleted else "left alone: somebody wants it" if delete else "would be deleted"
        out.print(f"{one.prefix}: {one.objects:,} objects, {one.size:,} bytes, {done}", soft_wrap=True)
    if not found:
        out.print(f"nothing to collect in {target.uri}", soft_wrap=True)
    elif not delete:
        out.print("nothing was deleted; to delete: the same command with --delete")
