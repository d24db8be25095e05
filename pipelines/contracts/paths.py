r"""The language of fields: JSON paths (``a.b``, ``list[key=value].c``, ``list[].0``, ``a[?b]``), and file patterns.

Parsed and checked here; paths are followed through records in ``pipelines.shapes.paths``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import PurePosixPath


@dataclass(frozen=True)
class Select:
    """Step into the one element of a list whose ``key`` equals ``value``; or, ``every``, into each that has it.

    The key is a path of names, as ``names_of`` reads it; ``also`` are further keys with what they must equal.
    """

    key: str
    value: str
    every: bool = False
    also: tuple[tuple[str, str], ...] = ()

    @property
    def conditions(self) -> tuple[tuple[str, str], ...]:
        """Every key with what it must equal."""
        return ((self.key, self.value), *self.also)


@dataclass(frozen=True)
class Every:
    """Step into each element of a list: what follows is a list of what each of them holds there, if it does.

    At the end of a path it steps into each value of an object, too.
    """


@dataclass(frozen=True)
class Unwrapped:
    """Step into ``name`` where there is an object that has it; anything else stands for itself."""

    name: str


@dataclass(frozen=True)
class Looked:
    """Step into the key that another field of the record names: ``profiles.$annotator``."""

    name: str


Step = str | Select | Every | Unwrapped | Looked

_SEGMENT = re.compile(
    r"(?P<name>(?:\\.|[^.\[\]\\])+)(?P<selectors>(?:\[[^\]=]+=[^\]]*\])*)(?P<every>\[\])?"
    r"(?:\[\?(?P<inner>[^\]=]+)\])?(?P<end>\.|$)"
)
_SELECTOR = re.compile(r"\[([^\]=]+)=([^\]]*)\]")
_NAME = re.compile(r"(?:\\.|[^.\\])+")


def parse_path(text: str) -> tuple[Step, ...]:
    """The steps of a path.

    Raises:
        ValueError: the text is no path; the message says where it stops being one.
    """
    steps: list[Step] = []
    position = 0
    while True:
        match = _SEGMENT.match(text, position)
        if match is None:
            raise ValueError(
                f"field path {text!r} cannot be read from character {position + 1} on; a path is a.b,"
                f" list[key=value].c, list[].c or a[?b], and a dot or bracket within a name follows a backslash"
            )
        name = _unescaped(match["name"])
        steps.append(Looked(name) if steps and match["name"].startswith("$") else name)
        if match["selectors"]:
            (key, value), *also = _SELECTOR.findall(match["selectors"])
            steps.append(Select(key, value, match["every"] is not None, tuple(also)))
        elif match["every"] is not None:
            steps.append(Every())
        if match["inner"] is not None:
            steps.append(Unwrapped(match["inner"]))
        position = match.end()
        if not match["end"]:
            return tuple(steps)


def _unescaped(name: str) -> str:
    return re.sub(r"\\(.)", r"\1", name)


@lru_cache(maxsize=1024)
def names_of(key: str) -> tuple[str, ...]:
    """The names that a selector's key passes through; ``0.schema`` is ``schema`` in the first of several."""
    return tuple(map(_unescaped, _NAME.findall(key)))


def is_place(step: object) -> bool:
    """Whether a step is a name that steps into a list, too: the element at that place, counted from 0."""
    return isinstance(step, str) and step.isdecimal() and step.isascii()


def escaped(name: str) -> str:
    """A name as one step of a path."""
    return re.sub(r"([.\[\]\\])", r"\\\1", name)


def pattern_problem(pattern: str) -> str | None:
    """Why a text is no pattern of file names within an inbox folder; None if it is one."""
    parts = pattern.split("/")
    if pattern.startswith("~") or "\\" in pattern or not parts[0] or ".." in parts:
        return f"pattern {pattern!r} leaves the source's inbox folder; name files relative to it, such as export_*.csv"
    if not all(parts) or "." in parts:
        return f"pattern {pattern!r} has an empty step; write it as folder/file.csv"
    if any("**" in part and part != "**" for part in parts) or parts[-1] == "**":
        return f"pattern {pattern!r}: ** stands for any folders, alone between slashes, as in **/export.csv"
    return None


def bare_name(name: str, within: str | None) -> str:
    """A file's name within the inbox folder without its last suffix, and without that of its packing behind it.

    ``train/ana.csv`` and, packed, ``train/ana.csv.gz`` are ``train/ana``; ``v1.2/b.zip`` is ``v1.2/b``.
    """
    path = PurePosixPath(name)
    packing = {"gzip": (".gz",), "tar": (".gz", ".bz2", ".xz")}.get(within or "", ())
    if path.suffix.lower() in packing:
        path = path.with_suffix("")
    return path.with_suffix("").as_posix()


def matches(pattern: str, name: str) -> bool:
    """Whether a pattern means a file, by its name within the inbox folder, folders apart by '/'.

    ``*``, ``?`` and ``[…]`` stay within a folder; ``**`` is any number of folders, none included.
    """
    return _match(pattern.split("/"), name.split("/"))


def _match(pattern: list[str], name: list[str]) -> bool:
    if not pattern:
        return not name
    if pattern[0] == "**":
        return any(_match(pattern[1:], name[skipped:]) for skipped in range(len(name) + 1))
    return bool(name) and fnmatchcase(name[0], pattern[0]) and _match(pattern[1:], name[1:])
