"""`variorum release`: what was published, whether it is whole, what is different, and what was left behind."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines.commands.choice import DatasetOption, VersionArgument, chosen, datasets_in, only_dataset
from pipelines.commands.console import BROKEN, console, plain_errors, print_json, say
from pipelines.commands.options import HomeOption, JsonOption, KeyOption, StoreOption, workspace

app = typer.Typer(help="List, compare, verify and pull releases; mend mistakes.", no_args_is_help=True)


@app.command("list")
def list_releases(
    dataset: DatasetOption = None,
    every: Annotated[bool, typer.Option("--all", help="Yanked ones, too.")] = False,
    store: StoreOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """List the releases in a store, but for yanked ones.

    Example: variorum release list --all --store ~/releases
    """
    with plain_errors():
        from pipelines.release.verify import standing_of

        target = workspace(home, None, store).store
        standings = [standing_of(target, name) for name in ([dataset] if dataset else datasets_in(target))]
    known = [(one, one.entry == standing.latest) for standing in standings for one in standing.releases]
    shown = [(one, is_latest) for one, is_latest in known if every or one.yanked is None]
    if len(shown) < len(known):
        say(f"{len(known) - len(shown)} yanked, not shown; see them: variorum release list --all")
    if json:
        print_json([{**vars(one.entry), "latest": is_latest, "yanked": one.yanked} for one, is_latest in shown])
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("dataset", "version", "published", "digest", ""):
        table.add_column(name, no_wrap=bool(name))
    for one, is_latest in shown:
        state = "latest" if is_latest else "" if one.yanked is None else f"yanked: {one.yanked}"
        entry = one.entry
        table.add_row(entry.dataset, entry.version, entry.at, entry.content_digest[:16], Text(state))
    console().print(table if known else f"nothing was published to {target.uri} yet")


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

        from pipelines.release.verify import load_manifest

        target = workspace(home, None, store).store
        entry = chosen(target, only_dataset(target, dataset), version)
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
    key: KeyOption = None,
    store: StoreOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Check every byte of a release against its manifest, the manifest against the log, and a signature.

    Example: variorum release verify latest --dataset demo --key signing.pub.pem
    """
    with plain_errors():
        from pipelines.release.verify import verify as audit_release

        space = workspace(home, None, store)
        target, verifier = space.store, space.verifier(key)
        name = only_dataset(target, dataset)
        entry = chosen(target, name, version)
        audit = audit_release(target, name, entry.folder, verifier)
    faults = [finding for finding in audit.findings if finding.fault]
    if json:
        print_json(
            {
                "dataset": audit.entry.dataset,
                "version": audit.entry.version,
                "whole": audit.is_whole,
                "checked": len(audit.findings),
                "signed_by": verifier.key_id if verifier and audit.is_whole else None,
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
        if verifier and not faults:
            out.print(f"signed by the key {verifier.key_id[:16]}")
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

    Checkpoints of the log are collected, too, but for the newest two. How old something is, the store's clock says.

    Example: variorum release gc --dataset demo --delete
    """
    with plain_errors():
        from pipelines.release.gc import collect

        target = workspace(home, None, store).store
        found = collect(target, only_dataset(target, dataset), delete)
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


@app.command("diff")
def diff(
    before: Annotated[str, typer.Argument(help="The version to start from.")],
    after: Annotated[str, typer.Argument(help="The version to compare with it, or latest.")] = "latest",
    dataset: DatasetOption = None,
    store: StoreOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Say what is different between two releases: judgments, questions, columns, and the variation of answers.

    Example: variorum release diff 1.0.0 1.1.0 --dataset demo
    """
    with plain_errors():
        from pipelines.release.changelog import told
        from pipelines.release.evolution import difference_between
        from pipelines.release.versions import level, reasons

        target = workspace(home, None, store).store
        name = only_dataset(target, dataset)
        entries = chosen(target, name, before), chosen(target, name, after)
        difference = difference_between(target, *entries)
    if json:
        from dataclasses import asdict

        why = [{"level": reason.level.name.lower(), "text": reason.text} for reason in reasons(difference)]
        print_json({**asdict(difference), "level": level(difference).name.lower(), "reasons": why})
        return
    console().print("\n".join(told(difference)).rstrip(), markup=False, soft_wrap=True)


@app.command("pull")
def pull(
    version: VersionArgument,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to; made if it is not there.")],
    dataset: DatasetOption = None,
    key: KeyOption = None,
    store: StoreOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Bring a release into a folder, every byte checked; go on where an earlier pull of it stopped.

    Example: variorum release pull latest ./demo --dataset demo --store ~/releases
    """
    with plain_errors():
        from rich.console import Console

        from pipelines.commands.progress import BytesProgress
        from pipelines.release.fetch import pull as pull_release
        from pipelines.release.verify import load_manifest

        space = workspace(home, None, store)
        target, verifier = space.store, space.verifier(key)
        entry = chosen(target, only_dataset(target, dataset), version)
        total = sum(file.size for file in load_manifest(target, entry).files)
        with BytesProgress(Console(stderr=True, quiet=json), total) as progress:
            pulled = pull_release(target, entry, folder, progress.advance, verifier)
    if json:
        told = {"fetched": list(pulled.fetched), "kept": list(pulled.kept)}
        print_json({"dataset": entry.dataset, "version": entry.version, "folder": str(folder), **told})
        return
    console().print(
        f"{entry.dataset} {entry.version} is in {folder}: {len(pulled.fetched)} files fetched,"
        f" {len(pulled.kept)} were there, each as it was published"
        + (f" and signed by the key {verifier.key_id[:16]}" if verifier else ""),
        soft_wrap=True,
        markup=False,
    )
