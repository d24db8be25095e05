"""What lies in a source's inbox folder: which mapping reads which file, and which files are passed over.

Files are looked at, never read or moved.
"""

from __future__ import annotations

import os
from pathlib import Path

from pipelines.contracts.files import FileMapping
from pipelines.contracts.model import SourceContract
from pipelines.contracts.paths import bare_name, matches

UNFINISHED = (".part", ".tmp", ".crdownload", ".partial")
"""How the names of files end that are still being written."""


class InboxError(RuntimeError):
    """The inbox does not hold what a contract expects; the message says what and where."""


def inbox_listing(contract: SourceContract, inbox: Path) -> tuple[list[tuple[int, Path]], tuple[str, ...]]:
    """Files in the source's inbox folder as (mapping, path), and the names of files that no pattern matches.

    Links, hidden files and files that are still being written are passed over.

    Raises:
        InboxError: there is no such folder, a mapping of role judgments matches nothing, two mappings match one file,
            or two files have one name where the contract reads it.
    """
    folder = inbox / contract.inbox_folder
    if not folder.is_dir():
        raise InboxError(f"{contract.source}: there is no inbox folder {folder}; put the export there")
    present = sorted(path for path in folder.rglob("*") if path.is_file() and _is_complete(path, folder))
    by_mapping: dict[int, list[Path]] = {number: [] for number in range(len(contract.files))}
    unmatched: list[str] = []
    for path in present:
        number = mapping_of(contract, name_in(path, folder))
        if number is None:
            unmatched.append(name_in(path, folder))
        else:
            by_mapping[number].append(path)
    for number, mapping in enumerate(contract.files):
        if not by_mapping[number] and mapping.role == "judgments":
            patterns = ", ".join(mapping.pattern)
            raise InboxError(f"{contract.source}: no file in {folder} matches {patterns} (role judgments)")
        if mapping.reads_file_name:
            _refuse_namesakes(contract, mapping, [name_in(path, folder) for path in by_mapping[number]])
    return [(number, path) for number, paths in by_mapping.items() for path in paths], tuple(unmatched)


def _refuse_namesakes(contract: SourceContract, mapping: FileMapping, names: list[str]) -> None:
    first: dict[str, str] = {}
    for name in names:
        word = bare_name(name, mapping.dialect.within)
        if first.setdefault(word, name) != name:
            raise InboxError(
                f"{contract.source}: {first[word]} and {name} are the same $file, for its last suffix does not count;"
                f" rename one, so that what they say stays apart"
            )


def mapping_of(contract: SourceContract, name: str) -> int | None:
    """Which of the contract's mappings reads a file, by its name; a file is read by one."""
    found = [
        number
        for number, mapping in enumerate(contract.files)
        if any(matches(pattern, name) for pattern in mapping.pattern)
    ]
    if len(found) > 1:
        raise InboxError(
            f"{contract.source}: {name} is matched by two mappings, files[{found[0]}] and files[{found[1]}]; a file is"
            f" read by one: make their patterns exclude each other"
        )
    return found[0] if found else None


def name_in(path: Path, folder: Path) -> str:
    """The file's name within the folder; bytes of it that are no UTF-8 are shown as such."""
    return os.fsencode(path.relative_to(folder).as_posix()).decode("utf-8", "backslashreplace")


def _is_complete(path: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return not hidden and path.suffix not in UNFINISHED and not path.is_symlink()
