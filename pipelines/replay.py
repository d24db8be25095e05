"""Replays a source's quarantine: its delivered files are read again by the contract as it is now. No Dagster."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from pipelines.contracts.model import SourceContract
from pipelines.domain.pseudonyms import PseudonymKey
from pipelines.ingest import land_delivered
from pipelines.landing.deliveries import current_files
from pipelines.landing.home import Home
from pipelines.landing.quarantine import Replay, replayed
from pipelines.landing.receipts import folder_of


def replay_source(contract: SourceContract, home: Home, key: PseudonymKey, *, dry_run: bool = False) -> Replay:
    """Land what was delivered by the present contract, and tell what of the quarantine before that takes.

    With ``dry_run`` it happens in a folder that is thrown away. Where the contract did not change there is nothing
    to take, and the replay says so with zeros.

    Raises:
        InboxError: a delivered file is no longer matched by the contract.
    """
    if not dry_run:
        return _replay(contract, home, key)
    with tempfile.TemporaryDirectory(prefix="variorum-replay-") as folder:
        trial = Home(Path(folder))
        trial.restricted(contract.source)
        kept = home.raw / contract.source
        shutil.copytree(
            kept, trial.raw / contract.source, dirs_exist_ok=True, ignore=shutil.ignore_patterns("files", "identities")
        )
        (trial.raw / contract.source / "files").symlink_to(kept / "files")
        return _replay(contract, trial, key)


def _replay(contract: SourceContract, home: Home, key: PseudonymKey) -> Replay:
    land_delivered(contract, home, key)
    landed = [folder_of(contract, file, key, home) for _, file in current_files(contract, home)]
    return replayed(contract.source, landed, home) or Replay(contract.source, 0, 0, 0, 0, {})
