"""`variorum prove` and `variorum explain`: the laws on what exists, and what they mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.commands.choice import chosen
from pipelines.commands.console import BROKEN, USAGE, console, plain_errors, print_json, say, stop
from pipelines.commands.options import HomeOption, JsonOption, StoreOption, workspace

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.padding import Padding

    from expectations.laws.verdicts import Verdict

RunOption = Annotated[
    str | None, typer.Option("--run", help="A run of this home, by its id or the first digits. Default: the last one.")
]
DatasetOption = Annotated[
    str | None, typer.Option("--dataset", help="Prove a release of this dataset, as the store gives it back.")
]
VersionOption = Annotated[str, typer.Option("--version", help="With --dataset: which version.")]


def prove(
    run: RunOption = None,
    dataset: DatasetOption = None,
    version: VersionOption = "latest",
    store: StoreOption = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Prove a build of this home, or a published release: every law, evaluated now.

    A release proves itself by its files; where this home holds what it was built from, it is also held against
    landing, judgment by judgment.

    Examples:
      variorum prove

      variorum prove --dataset demo --version 1.0.0 --store ~/releases
    """
    if run and dataset:
        stop("give --run for a build or --dataset for a release, not both", USAGE)
    with plain_errors():
        from pipelines.project import this_project
        from pipelines.reproof import prove_build, prove_published

        space = workspace(home, None, store)
        if dataset:
            entry = chosen(space.store, dataset, version)
            proof = prove_published(this_project(), space, dataset, entry.folder)
        else:
            proof = prove_build(this_project(), space, run)
    if json:
        print_json(
            {
                "what": proof.what,
                "holds": proof.holds,
                "expectations": proof.expectations,
                "left_out": list(proof.left_out),
                "verdicts": [verdict.ledger_row() for verdict in proof.verdicts],
            }
        )
    else:
        console().print(f"{proof.what}\n", style="bold")
        show_laws(proof.verdicts)
        if proof.expectations:
            console().print(f"{proof.expectations} expectations held on its files")
        for reason in proof.left_out:
            console().print(f"not proved here  {reason}", markup=False, soft_wrap=True)
    if not proof.holds:
        say(f"\n{proof.story}")
        raise typer.Exit(BROKEN)


def show_laws(verdicts: Iterable[Verdict]) -> None:
    """One line a law: how many verdicts held, over how many steps and sources."""
    from rich.table import Table

    from expectations.laws.definitions import LAWS

    held = list(verdicts)
    table = Table(box=None, pad_edge=False, show_header=False)
    for law in LAWS.values():
        own = [verdict for verdict in held if verdict.law == law.code]
        if not own:
            continue
        wrong = [verdict for verdict in own if not verdict.held]
        state = f"[bold red]broken[/] {len(wrong)} of {len(own)}" if wrong else f"held {len(own)} of {len(own)}"
        table.add_row(f"law {law.number}", law.name, state, f"{_steps(own)}")
    console().print(table)


def _steps(verdicts: list[Verdict]) -> str:
    steps, sources = ({getattr(one, name) for one in verdicts} for name in ("step", "source"))
    return f"{len(steps)} {'step' if len(steps) == 1 else 'steps'}, {len(sources)} " + (
        "source" if len(sources) == 1 else "sources"
    )


def _indented(text: str) -> Padding:
    from rich.padding import Padding
    from rich.text import Text

    return Padding(Text(text), (0, 0, 0, 2))


def explain(
    law: Annotated[str | None, typer.Argument(help="A law, by number or name. Default: all, in a line each.")] = None,
) -> None:
    """Say what a law means: what it states, what breaks it, and what to do then.

    Examples:
      variorum explain

      variorum explain identity
    """
    from expectations.laws.definitions import LAWS, law_named
    from pipelines.release.prove import REQUIRED

    out = console()
    if law is None:
        for one in LAWS.values():
            out.print(f"[bold]law {one.number}[/]  {one.name}", highlight=False)
            out.print(_indented(one.statement))
        out.print("\nMore on one: variorum explain identity", highlight=False)
        return
    try:
        found = law_named(law)
    except KeyError as error:
        stop(str(error.args[0]), USAGE)
    steps = [step for step, wanted in REQUIRED if found in wanted]
    parts = [
        ("It states", found.statement),
        ("As an equation", found.equation),
        ("For example", found.example),
        ("Where it is broken", found.failure),
        ("What to do", found.mend),
        ("Evaluated on", ", ".join(steps)),
    ]
    out.print(f"Law {found.number}, {found.name}", style="bold")
    for name, text in parts:
        out.print(f"\n{name}", style="bold")
        out.print(_indented(text))
