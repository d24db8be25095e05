"""What is fetched, how it is reported, and how it is refused: values only.

No IO belongs here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Literal
from urllib.parse import SplitResult, urlsplit

PART_SUFFIX = ".part"
ORIGIN_SUFFIX = ".origin.part"  # ends like the part: one suffix tells what is unfinished


class FetchError(Exception):
    """A file that could not be fetched: what is wrong, where, and what to do about it."""

    def __init__(self, what: str, where: str, what_to_do: str) -> None:
        super().__init__(f"{what} ({where}); {what_to_do}")
        self.what = what
        self.where = where
        self.what_to_do = what_to_do


@dataclass(frozen=True)
class FetchFile:
    """One public file: its name below the inbox folder, its origin, and the sha256 (hex) that it must have.

    Raises:
        FetchError: the name leaves the folder, the URL is not plain http(s), or the digest is no sha256.
    """

    file: str
    url: str
    sha256: str

    def __post_init__(self) -> None:
        fault = _name_fault(self.file) or _url_fault(self.url)
        if not fault and not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
            fault = "the sha256 is not 64 lower-case hex digits"
        if fault:
            what, todo = f"{self.file!r}: {fault}", "correct it in the source's contract"
            raise FetchError(what, shown(self.url), todo)


@dataclass(frozen=True)
class FetchProgress:
    """How far a file is: bytes that have arrived, and in all (None where the server does not say)."""

    file: str
    bytes: int
    total: int | None


@dataclass(frozen=True)
class FetchedFile:
    """A file that lies in the folder with the right digest, and how it came there.

    ``resumed``: some of its bytes had been left by an earlier fetch that was broken off.
    """

    file: str
    path: Path
    bytes: int
    outcome: Literal["fetched", "resumed", "already_there"]


def shown(url: str) -> str:
    """A URL as it may be shown: without credentials and without what its query says."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an unreadable URL"
    host = parts.netloc.rpartition("@")[2]
    return SplitResult(parts.scheme, host, parts.path, "…" if parts.query else "", "").geturl()


def _name_fault(name: str) -> str | None:
    if name.startswith("/") or "\\" in name or PureWindowsPath(name).drive:
        return "the file name is not relative with forward slashes"
    if not name.isprintable() or {"", ".", ".."} & set(name.split("/")):
        return "the file name has a part that is empty, '.', '..' or not printable"
    if name.endswith(PART_SUFFIX):
        return f"the file name ends in {PART_SUFFIX}, which marks what is unfinished"
    return None


def _url_fault(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        is_readable = bool(parts.hostname) and parts.port != 0 and url.isprintable() and " " not in url
    except ValueError:
        is_readable = False
    if is_readable and parts.scheme not in ("http", "https"):
        return f"the URL has the scheme {parts.scheme!r}; only http and https are fetched"
    if is_readable and "@" in parts.netloc:
        return "the URL holds credentials; only public files are fetched"
    return None if is_readable else "the URL cannot be read"
