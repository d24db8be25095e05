"""`variorum release sign`: sign a release that was published without, or with another key."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines.commands.choice import DatasetOption, VersionArgument, chosen, only_dataset
from pipelines.commands.console import USAGE, console, plain_errors, stop
from pipelines.commands.options import HomeOption, StoreOption, workspace


def sign(
    version: VersionArgument,
    key: Annotated[
        Path | None,
        typer.Option(
            "--key",
            help="A private Ed25519 key in PEM. [VARIORUM_SIGNING_KEY_FILE; default: none]",
            show_default=False,
        ),
    ] = None,
    dataset: DatasetOption = None,
    store: StoreOption = None,
    home: HomeOption = None,
) -> None:
    """Sign a release, beside it: not a byte of it changes. Runs sign by themselves where a key is set.

    Example: variorum release sign 1.0.0 --dataset demo --key signing.pem
    """
    with plain_errors():
        from pipelines.release.signatures import sign as sign_release
        from pipelines.release.verify import load_manifest
        from pipelines.resources.keys import read_signer

        space = workspace(home, None, store)
        signer = read_signer(key.expanduser()) if key else space.signer
        if signer is None:
            stop(
                "no key to sign with: give --key, or set VARIORUM_SIGNING_KEY_FILE;"
                " make one with: openssl genpkey -algorithm ed25519 -out signing.pem",
                USAGE,
            )
        target = space.store
        entry = chosen(target, only_dataset(target, dataset), version)
        where = sign_release(target, load_manifest(target, entry), signer)
    console().print(
        f"{entry.dataset} {entry.version} is signed by the key {signer.verifier.key_id[:16]}: {target.uri}/{where}",
        markup=False,
        soft_wrap=True,
    )
