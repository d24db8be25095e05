"""`variorum source`: the sources, a dry run of one, and fetching public files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.commands.console import BROKEN, USAGE, console, plain_errors, print_json, say, stop
from pipelines.commands.options import HomeOption, InboxOption, JsonOption, workspace

if TYPE_CHECKING:
    from pipelines.check import SourceCheck
    from pipelines.contracts.model import SourceContract
    from pipelines.landing.home import Home

app = typer.Typer(help="List, propose, check and fetch sources.", no_args_is_help=True)

PROPOSED = "proposed.yaml"
"""Name of a proposal that is no contract yet, beside where the contract would be."""

CodeArgument = Annotated[str, typer.Argument(help="The source's code, as `source list` shows it.")]


@app.command("list")
def list_sources(home: HomeOption = None, json: JsonOption = False) -> None:
    """List the sources that have a contract: what was asked, who answered, what was lost upstream, what arrived.

    docs/sources.md tells more of each; --json has their titles, licences and questions.

    Example: variorum source list
    """
    with plain_errors():
        from pipelines.project import this_project

        space = workspace(home)
        rows = [_row(contract, space.home) for contract in this_project().contracts.values()]
    if json:
        print_json(rows)
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("source", "attribution", "answers", "lost upstream", "delivered"):
        # What people copy into the next command is never cut, however narrow the window.
        table.add_column(name, no_wrap=name != "delivered")
    for row in rows:
        kinds = "\n".join(sorted(set(row["questions"].values()))) or "none"
        last = row["last_delivery"]
        arrived = f"{last['number']}, {last['arrived_at'][:10]}" if last else ""
        table.add_row(row["source"], row["attribution"], kinds, "\n".join(row["losses"]), arrived)
    console().print(table)


def _row(contract: SourceContract, home: Home) -> dict[str, Any]:
    from pipelines.landing.deliveries import arrived_at, deliveries

    arrived = deliveries(contract.source, home)
    last = arrived[-1] if arrived else None
    return {
        "source": contract.source,
        "title": contract.title,
        "attribution": contract.attribution.value,
        "questions": {code: question.type.value for code, question in contract.questions.items()},
        "licence": contract.licence,
        "losses": list(contract.known_losses),
        "deliveries": len(arrived),
        "last_delivery": last
        and {
            "number": last.sequence,
            "arrived_at": arrived_at(last, home).isoformat(timespec="seconds"),
            "files": len(last.files) + len(last.redelivered),
        },
        "fetchable": bool(contract.fetch),
    }


@app.command("new")
def new(
    code: Annotated[str, typer.Argument(help="The new source's code: lower-case letters, digits and underscores.")],
    export: Annotated[
        Path, typer.Option("--from", help="The export: a file, or a folder of them.", show_default=False)
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the contract instead of writing it.")] = False,
    inbox: InboxOption = None,
    home: HomeOption = None,
) -> None:
    """Propose a contract for an export: look at its first records, and mark every guess. Nothing is overwritten.

    Example: variorum source new my_survey --from ~/exports/survey.csv
    """
    with plain_errors():
        from pipelines.contracts.load import DECLARATION, ContractError, load_contract
        from pipelines.contracts.questions import CODE_PATTERN
        from pipelines.project import this_project
        from pipelines.proposals.propose import propose
        from pipelines.proposals.sample import SampleError

        if not re.fullmatch(CODE_PATTERN, code):
            stop(f"{code!r} is no code: lower-case letters, digits and underscores, starting with a letter", USAGE)
        file = this_project().ingest / code / DECLARATION
        if file.exists() and not dry_run:
            stop(f"{file} is there already, and is not overwritten; mend it, or choose another code", USAGE)
        try:
            proposal = propose(code, export)
        except SampleError as error:
            stop(str(error), USAGE)
        space = workspace(home, inbox)
    if dry_run:
        typer.echo(proposal.text, nl=False)
    else:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as stream:
            stream.write(proposal.text)
    say(f"{len(proposal.text.splitlines())} lines, {proposal.guesses} guesses marked: look at each")
    for field in proposal.unplaced:
        say(f"field {field} has no place: it would be kept in extra; map it, or ignore it with a reason")
    for remark in proposal.remarks:
        say(remark)
    if dry_run:
        return
    try:
        load_contract(file)
    except ContractError as error:
        # A contract that is not valid stops every command, for all sources.
        aside = file.rename(file.with_name(PROPOSED))
        say(f"\nIt is no contract yet. Mend it, and rename {_shown(aside)} to {DECLARATION}:")
        say("\n".join(str(fault) for fault in error.faults))
        raise typer.Exit(BROKEN) from None
    console().print(_shown(file), soft_wrap=True)
    say(f"\nNext: look at it, put the export into {space.inbox / code}, and try: variorum source check {code}")


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


@app.command("check")
def check(
    code: CodeArgument,
    inbox: InboxOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Dry run: what a source's files would become, and what would be quarantined. Nothing is kept.

    The models that its judgments would pass are proved first, from their SQL alone (law 8).

    Example: variorum source check crehate --inbox ~/exports
    """
    with plain_errors():
        from pipelines.check import check_source, guesses_in
        from pipelines.contracts.load import DECLARATION, load_contract
        from pipelines.project import this_project
        from pipelines.static_proof import prove_models, require

        own = this_project().ingest / code / DECLARATION
        # Another source's contract, half written, is no reason not to look at this one.
        contract = load_contract(own) if own.exists() else this_project().contract(code)
        require(prove_models(this_project().dbt_project))
        found = check_source(contract, workspace(home, inbox).inbox)
        marked = guesses_in(this_project().ingest / code)
    if json:
        print_json({**found.as_dict(), "guesses": marked})
    else:
        _show(found)
        if marked:
            console().print(f"\n{marked} guesses are still marked in the contract: look at each, and delete its mark")
    if not found.is_clean:
        raise typer.Exit(BROKEN)


@app.command("fetch")
def fetch(code: CodeArgument, inbox: InboxOption = None, home: HomeOption = None, json: JsonOption = False) -> None:
    """Fetch a public source's files from their origin into its inbox folder: resumable, and verified by digest.

    Example: variorum source fetch crehate --inbox ~/exports
    """
    with plain_errors():
        from pipelines.fetch import FetchFile
        from pipelines.fetch import fetch as fetch_files
        from pipelines.project import this_project

        contract = this_project().contract(code)
        if not contract.fetch:
            origin = f"; its origin is {contract.url}" if contract.url else ""
            stop(f"the contract of {code} names no files to fetch{origin}", USAGE)
        folder = workspace(home, inbox).inbox / contract.inbox_folder
        files = [FetchFile(file.file, file.url, file.sha256) for file in contract.fetch]
        fetched = _with_progress(lambda told: fetch_files(files, folder, on_progress=told), quiet=json)
    if json:
        print_json([{"file": one.file, "bytes": one.bytes, "outcome": one.outcome} for one in fetched])
        return
    for one in fetched:
        console().print(f"{one.file}  {one.bytes:,} bytes  {one.outcome.replace('_', ' ')}, digest verified")
    console().print(f"\nNext: variorum source check {code} --inbox {folder.parent}", soft_wrap=True)


def _with_progress(work: Any, *, quiet: bool) -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    out = Console(stderr=True, quiet=quiet)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        console=out,
        transient=True,
        disable=not out.is_terminal,
    ) as progress:
        tasks: dict[str, Any] = {}

        def told(step: Any) -> None:
            if step.file not in tasks:
                tasks[step.file] = progress.add_task(step.file, total=step.total)
            progress.update(tasks[step.file], completed=step.bytes, total=step.total)

        return work(told)


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def _show(found: SourceCheck) -> None:
    from rich.markup import escape
    from rich.table import Table

    from pipelines.proposals.names import is_personal

    out = console()
    totals = (
        f"{found.records:,} records, {found.judgments:,} judgments by {found.annotators:,} annotators"
        f"{f' ({found.unknown:,} of them unknown, an act each)' if found.unknown else ''}"
        f" about {found.items:,} items"
    )
    out.print(f"{found.source}: {totals}", style="bold")
    if found.aggregates:
        out.print(f"kept apart as upstream aggregates, none of them a judgment: {_counted(found.aggregates)}")
    if found.refused_as_judgments:
        out.print(f"refused as judgments: {found.refused_as_judgments}", soft_wrap=True)
    if found.questions:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in ("question", "judgments", "abstentions", "quarantined", "not answered"):
            table.add_column(name, justify="left" if name == "question" else "right")
        for row in found.questions:
            counts = (row.judgments, row.abstentions, row.quarantined, row.silent)
            table.add_row(row.question, *(f"{count:,}" for count in counts))
        out.print(table)
    if found.fields:
        out.print("\nfields", style="bold")
        used = Table(box=None, pad_edge=False, show_header=False)
        for _ in range(2):
            used.add_column(overflow="fold")  # two paths may differ at their ends alone
        for named in found.fields:
            # A selector in brackets would else be taken for the console's own markup.
            used.add_row(escape(named.field), escape(named.use), style="" if named.is_kept else "dim")
        out.print(used)
    for name, count in found.unmapped.items():
        told = f"unmapped field {name!r}, in {count:,} records: kept in extra; map it, or ignore it with a reason"
        if is_personal(name):
            told = f"unmapped field {name!r}, in {count:,} records: it may say who somebody is, and extra is released;"
            told += " ignore it with a reason"
        out.print(told, markup=False)
    for name, count in found.unmapped_of_annotators.items():
        told = f"unmapped field {name!r} of annotators, in {count:,} records: in the raw file alone;"
        out.print(f"{told} make an attribute of it, or ignore it with a reason", markup=False)
    for name in found.unmatched:
        out.print(f"file {name} matches no pattern and would not be taken", markup=False)
    for doubt in found.doubts:
        out.print(doubt, markup=False)
    if found.refusals:
        out.print("\nwould be quarantined", style="bold")
        for refusal in found.refusals:
            out.print(f"  {refusal}", soft_wrap=True, markup=False)
    if found.first_rows:
        out.print("\nfirst rows as they would land", style="bold")
        shown = Table(box=None, pad_edge=False, header_style="bold")
        for name in found.first_rows[0]:
            shown.add_column(name, overflow="ellipsis", no_wrap=True)
        for one in found.first_rows:
            shown.add_row(*("" if cell is None else escape(str(cell)) for cell in one.values()))
        out.print(shown)
