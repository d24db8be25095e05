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
from pipelines.release.store import ObjectStore
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
    try:
        mode = path.stat().st_mode & 0o077
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"pseudonym key file {path}: cannot be read ({type(error).__name__})") from None
    if mode:
        raise SettingsError(f"pseudonym key file {path}: others can read it; run: chmod 600 {path}")
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
