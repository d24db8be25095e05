"""The workspace: home, inbox, store and key as the settings name them, opened when they are first needed."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pipelines.domain.pseudonyms import PseudonymKey
from pipelines.landing.home import Home, private_folder, write_private
from pipelines.release.signatures import Signer, Verifier
from pipelines.release.store import ObjectStore
from pipelines.resources.keys import read_private, read_signer, read_verifier
from pipelines.resources.settings import Settings, SettingsError, key_bytes, load_settings
from pipelines.resources.stores import open_store

KEY_FILE = "pseudonym.key"


@dataclass(frozen=True)
class Workspace:
    """Where this process works.

    ``say`` is told once when a key is made; ``on_progress`` is told a file's digest and the records read so far.
    """

    settings: Settings
    say: Callable[[str], None] = field(default=print)
    on_progress: Callable[[str, int], None] | None = None

    @cached_property
    def home(self) -> Home:
        """The working folder."""
        return Home(self.settings.home.expanduser().absolute())

    @property
    def inbox(self) -> Path:
        """Where exports arrive."""
        return self.settings.inbox_folder

    @cached_property
    def store(self) -> ObjectStore:
        """Where releases are published."""
        return open_store(self.settings.store_uri, self.settings)

    @cached_property
    def key(self) -> PseudonymKey:
        """The pseudonym key: from the settings, or the home's own, made at first use.

        Raises:
            SettingsError: the key file is missing, readable by others, or holds no key.
        """
        if self.settings.pseudonym_key is not None:
            return PseudonymKey(key_bytes(self.settings.pseudonym_key.get_secret_value()))
        if self.settings.pseudonym_key_file is not None:
            return _read_key(self.settings.pseudonym_key_file.expanduser())
        path = self.home.secrets / KEY_FILE
        if not path.exists():
            self.home.root.mkdir(parents=True, exist_ok=True)
            private_folder(self.home.secrets)
            self._make_key(path)
        return _read_key(path)

    @cached_property
    def signer(self) -> Signer | None:
        """The key that releases are signed with when they are published; None: they are not.

        Raises:
            SettingsError: the file is missing, readable by others, or holds no such key.
        """
        path = self.settings.signing_key_file
        return read_signer(path.expanduser()) if path else None

    def verifier(self, file: Path | None = None) -> Verifier | None:
        """The key that a release must be signed with: of the file that is given, or of the settings; None: of nobody.

        Raises:
            SettingsError: the file cannot be read, or holds no such key.
        """
        path = file or self.settings.trusted_key_file
        return read_verifier(path.expanduser()) if path else None

    def _make_key(self, path: Path) -> None:
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        write_private(temporary, secrets.token_hex(32).encode() + b"\n")
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
        finally:
            temporary.unlink()
        self.say(
            f"Made a pseudonym key for this home: {path} (mode 0600). Keep a copy in a safe place:"
            " without it, the same people get other pseudonyms."
        )


def _read_key(path: Path) -> PseudonymKey:
    text = read_private(path, "pseudonym key file").decode("ascii", "replace")
    try:
        return PseudonymKey(key_bytes(text))
    except ValueError as error:
        raise SettingsError(f"pseudonym key file {path}: {error}") from None


_in_use: list[Workspace] = []


@contextmanager
def using(workspace: Workspace) -> Iterator[None]:
    """Runs started within this block, in this process, work in that workspace."""
    _in_use.append(workspace)
    try:
        yield
    finally:
        _in_use.pop()


def current_workspace() -> Workspace:
    """The workspace that ``using`` names, or the one that the settings describe."""
    return _in_use[-1] if _in_use else Workspace(load_settings(), say=lambda text: print(text, file=sys.stderr))
