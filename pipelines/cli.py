"""The `variorum` command: groups of commands, their help, and nothing slow before one of them runs."""

from __future__ import annotations

import logging
import sys

import typer

from pipelines.commands import export, laws, mistakes, quarantine, release, run, sign, source, ui

EPILOG = "Exit codes: 0 published or nothing new, 1 a law or contract broken, 2 wrong usage."

app = typer.Typer(
    name="variorum",
    help="Human annotation exports to annotator-level releases, with every judgment kept.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run", epilog=EPILOG)(run.run)
app.command("prove", epilog=EPILOG)(laws.prove)
app.command("explain")(laws.explain)
app.command("ui")(ui.ui)
app.add_typer(source.app, name="source")
app.add_typer(quarantine.app, name="quarantine")
for mended in (mistakes.yank, mistakes.unyank, mistakes.rollback):
    release.app.command()(mended)
release.app.command("export")(export.export)
release.app.command("sign")(sign.sign)
app.add_typer(release.app, name="release")


@app.callback(invoke_without_command=True)
def _version(
    version: bool = typer.Option(False, "--version", help="Show the version.", is_eager=True),
) -> None:
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"variorum {installed('variorum')}")
        raise typer.Exit(0)


def main() -> None:
    """Entry point of the console script."""
    warnings = logging.StreamHandler()
    warnings.setFormatter(logging.Formatter("%(levelname)s  %(message)s"))
    logging.getLogger("pipelines").addHandler(warnings)
    try:
        app()
    except KeyboardInterrupt:
        typer.echo("variorum: interrupted; what was published stays published, nothing else is visible", err=True)
        sys.exit(130)


if __name__ == "__main__":
    main()
