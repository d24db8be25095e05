"""`variorum quarantine`: what could not be taken, why, its bytes, and taking it once the contract is mended."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.commands.console import USAGE, beside, console, plain_errors, print_json, say, stop
from pipelines.commands.options import HomeOption, JsonOption, workspace

if TYPE_CHECKING:
    from pipelines.contracts.model import SourceContract
    from pipelines.domain.vocabulary import Reason
    from pipelines.landing.quarantine import Refused, Replay
    from pipelines.project import Project
    from pipelines.resources.workspace import Workspace

app = typer.Typer(help="List, show and replay what is in quarantine.", no_args_is_help=True)

_SHOWN_BYTES = 600

SourcesArgument = Annotated[
    list[str] | None, typer.Argument(help="Codes of sources. Default: every delivered source.", show_default=False)
]
ReasonOption = Annotated[str | None, typer.Option("--reason", help="Only this reason code.", show_default=False)]


@app.command("list")
def list_quarantine(sources: SourcesArgument = None, home: HomeOption = None, json: JsonOption = False) -> None:
    """Count what is in quarantine, by source, file and reason.

    Example: variorum quarantine list crehate
    """
    with plain_errors():
        from pipelines.domain.vocabulary import REASON_MEANINGS
        from pipelines.landing.quarantine import counted, is_read_anew
        from pipelines.project import this_project

        space = workspace(home)
        contracts = _delivered(this_project(), space, sources)
        rows: list[dict[str, Any]] = [
            {
                "source": contract.source,
                "file": file,
                "reason": reason.value,
                "count": count,
                "meaning": REASON_MEANINGS[reason],
            }
            for contract in contracts
            for (file, reason), count in counted(contract, space.home).items()
        ]
        changed = [one.source for one in contracts if is_read_anew(one, space.key, space.home)]
    if json:
        print_json(rows)
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("source", "file", "reason", "count", "meaning"):
        table.add_column(name, justify="right" if name == "count" else "left", overflow="fold")
    for row in rows:
        table.add_row(*(f"{value:,}" if isinstance(value, int) else value for value in row.values()))
    console().print(table if rows else "nothing is in quarantine")
    if changed:
        say(f"the contract of {', '.join(changed)} changed since; try: variorum quarantine replay {changed[0]}")
    elif rows:
        say(f"\nIts bytes: variorum quarantine show {rows[0]['source']} --reason {rows[0]['reason']}")


@app.command("show")
def show(
    source: Annotated[str, typer.Argument(help="The source's code.")],
    reason: ReasonOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many at most.")] = 10,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Show what is in quarantine of a source, with the bytes as they stand in the file.

    They come from the restricted raw area and may hold raw annotator ids: mind where you copy them.

    Example: variorum quarantine show crehate --reason answer_unknown_option --limit 3
    """
    with plain_errors():
        from pipelines.landing.quarantine import quarantined
        from pipelines.project import this_project

        space = workspace(home)
        contract = this_project().contract(source)
        found = list(islice(quarantined(contract, space.home, reason=_reason(reason)), limit + 1))
    shown, is_more = found[:limit], len(found) > limit
    if json:
        print_json([_plain(refused) for refused in shown])
        return
    out = console()
    for refused in shown:
        _show(refused, contract)
    if is_more:
        out.print(f"… and more; --limit {limit * 10} shows more of them")
    if not shown:
        out.print(f"nothing of {source} is in quarantine" + (f" as {reason}" if reason else ""))


@app.command("replay")
def replay(
    sources: SourcesArgument = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be taken, and keep nothing.")] = False,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Read delivered files again by the contract as it is now, and say what of the quarantine it takes.

    Only what was delivered before is read; the inbox is not looked at. The next run proves and publishes it.

    Example: variorum quarantine replay crehate --dry-run
    """
    with plain_errors():
        from pipelines.project import this_project
        from pipelines.replay import replay_source

        space = workspace(home)
        done: list[Replay] = []
        for contract in _delivered(this_project(), space, sources):
            say(f"… {contract.source}")
            done.append(replay_source(contract, space.home, space.key, dry_run=dry_run))
    if json:
        print_json([{**vars(one), "dry_run": dry_run} for one in done])
        return
    _show_replays(done, dry_run=dry_run)


def _delivered(project: Project, space: Workspace, sources: list[str] | None) -> list[SourceContract]:
    from pipelines.warehouse.state import delivered_sources

    if not sources:
        return delivered_sources(project.contracts.values(), space.home)
    wanted = [project.contract(source) for source in sources]
    found = delivered_sources(wanted, space.home)
    if missing := [one.source for one in wanted if one not in found]:
        stop(f"nothing was delivered yet of {', '.join(missing)} to {space.home.root}", USAGE)
    return found


def _reason(code: str | None) -> Reason | None:
    from pipelines.domain.vocabulary import Reason

    if code is not None and code not in set(Reason):
        stop(f"no reason code {code!r}; the codes: {', '.join(Reason)}", USAGE)
    return Reason(code) if code else None


def _plain(refused: Refused) -> dict[str, Any]:
    values = {name: value for name, value in vars(refused).items() if name != "raw"}
    try:
        return {**values, "raw": refused.raw.decode(), "raw_is_hex": False}
    except UnicodeDecodeError:
        return {**values, "raw": refused.raw.hex(), "raw_is_hex": True}


def _show(refused: Refused, contract: SourceContract) -> None:
    from pipelines.domain.vocabulary import REASON_MEANINGS, Reason

    out = console()
    out.print(f"{refused.where}: {refused.reason}", style="bold", markup=False, soft_wrap=True)
    hint = ""
    if refused.reason == Reason.ANSWER_UNKNOWN_OPTION and refused.question_id in contract.questions:
        question = contract.questions[refused.question_id]
        hint = f"; declared: {', '.join([*question.options, *question.answers])}"
    out.print(f"  {REASON_MEANINGS[refused.reason]}{hint}", markup=False, soft_wrap=True)
    if refused.stage == "file":
        out.print(f"  the whole file is kept at {refused.kept_at}", markup=False, soft_wrap=True)
        return
    text = refused.raw[:_SHOWN_BYTES].decode("utf-8", "backslashreplace")
    cut = f" … ({len(refused.raw):,} bytes; --json shows all)" if len(refused.raw) > _SHOWN_BYTES else ""
    out.print(f"  {text}{cut}\n", markup=False, soft_wrap=True)


def _show_replays(done: list[Replay], *, dry_run: bool) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    names = ("source", "in quarantine before", "would be taken" if dry_run else "taken", "still there", "no answer now")
    for name in names:
        table.add_column(name, justify="left" if name == "source" else "right")
    for one in done:
        table.add_row(one.source, *(f"{count:,}" for count in (one.before, one.taken, one.still, one.unasked)))
    console().print(table)
    for one in done:
        if one.still:
            told = ", ".join(f"{now:,} of {was:,} {reason}" for reason, (was, now) in one.reasons.items() if now)
            console().print(f"still in quarantine of {one.source}: {told}", markup=False)
    taken = [one.source for one in done if one.taken]
    if taken and not dry_run:
        chosen = " ".join(f"--source {source}" for source in taken)
        say(f"\nNext, to prove and publish it: {beside('variorum')} run {chosen}")
