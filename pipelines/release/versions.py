"""Semantic versions for data: computed from the difference to the last release, and explained.

Schema or meaning changed, or something taken away: major. Judgments, sources or columns added: minor. Anything else:
patch. A version can be raised by hand, never lowered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.release.difference import Difference, Rows, SourceDifference

FIRST = "1.0.0"
VERSION = r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)"

MEANING = frozenset({"licence", "family", "platform", "attribution", "guideline_mode"})
"""Columns of ``sources`` that say what its judgments mean, and what may be done with them."""


class Level(IntEnum):
    """How much of a difference something is."""

    PATCH, MINOR, MAJOR = range(3)


@dataclass(frozen=True)
class Reason:
    """Something that is different, in words, and how much of a difference it is."""

    level: Level
    text: str


@dataclass(frozen=True)
class NextVersion:
    """A version and why it is that one."""

    version: str
    reasons: tuple[str, ...]


def parse_version(version: str) -> tuple[int, int, int]:
    """Major, minor and patch.

    Raises:
        ValueError: the text is no version.
    """
    found = re.fullmatch(VERSION, version)
    if found is None:
        raise ValueError(f"no version: {version!r}; a version looks like 1.4.0")
    major, minor, patch = map(int, found.groups())
    return major, minor, patch


def next_version(highest: str | None, difference: Difference | None, at_least: str | None = None) -> NextVersion:
    """The version of a release.

    Args:
        highest: the highest version that was ever published, yanked ones included; None for the first release.
        difference: what is different from the release that is latest; None where there is none.
        at_least: raised by hand: the version is this one, unless the difference asks for a higher one.
    """
    if highest is None:
        version, told = FIRST, ["the first release"]
    elif difference is None:
        version, told = _raised(highest, Level.MAJOR), ["every release before it was yanked"]
    else:
        ordered = sorted(reasons(difference), key=lambda reason: -reason.level)
        version, told = _raised(highest, ordered[0].level), [reason.text for reason in ordered]
    if at_least is not None and parse_version(at_least) > parse_version(version):
        return NextVersion(at_least, (f"raised by hand, computed {version}", *told))
    return NextVersion(version, tuple(told))


def level(difference: Difference) -> Level:
    """How much of a difference it is."""
    return max(reason.level for reason in reasons(difference))


def reasons(difference: Difference) -> tuple[Reason, ...]:
    """What is different, in words: of the whole release first, then by source. There is always one."""
    found = [*_of_release(difference)]
    for source in difference.sources:
        found += _of_source(source)
    if difference.annotators is not None:
        found += _of_rows("annotators", difference.annotators, Level.PATCH, Level.PATCH)
    found += [
        Reason(Level.MAJOR if name in ("licence", "tier") else Level.PATCH, f"{name} is {now}, was {was}")
        for name, (was, now) in difference.told.items()
    ]
    return tuple(found) or (Reason(Level.PATCH, "no judgment, question, item or column is different"),)


def _raised(version: str, level: Level) -> str:
    major, minor, patch = parse_version(version)
    raised = {
        Level.MAJOR: (major + 1, 0, 0),
        Level.MINOR: (major, minor + 1, 0),
        Level.PATCH: (major, minor, patch + 1),
    }
    return ".".join(map(str, raised[level]))


def _of_release(difference: Difference) -> Iterator[Reason]:
    if not difference.same_key:
        yield Reason(Level.MAJOR, "pseudonyms made with another key; annotators cannot be compared")
    for name in difference.tables_removed:
        yield Reason(Level.MAJOR, f"table {name} removed")
    for column in difference.columns_removed:
        yield Reason(Level.MAJOR, f"column {column} removed")
    for column, (was, now) in difference.retyped.items():
        yield Reason(Level.MAJOR, f"column {column} is {now}, was {was}")
    for name in difference.tables_added:
        yield Reason(Level.MINOR, f"table {name} added")
    for column in difference.columns_added:
        yield Reason(Level.MINOR, f"column {column} added")


def _of_source(source: SourceDifference) -> Iterator[Reason]:
    name, judgments = source.source, source.judgments
    if source.what != "kept":
        gained = source.what == "added"
        count = judgments.after if gained else judgments.before
        told = f"source {name} {source.what}, {_counted(count, 'judgment')}"
        yield Reason(Level.MINOR if gained else Level.MAJOR, told)
        return
    for column in source.described:
        yield Reason(Level.MAJOR if column in MEANING else Level.PATCH, f"{name}: its {column} changed")
    for question in source.questions_removed:
        yield Reason(Level.MAJOR, f"{name}: question {question} removed")
    for question, columns in source.questions_changed.items():
        yield Reason(Level.MAJOR, f"{name}: question {question} changed: {', '.join(columns)}")
    for question in source.questions_added:
        yield Reason(Level.MINOR, f"{name}: question {question} added")
    if judgments.withdrawn:
        yield Reason(Level.MAJOR, f"{name}: {_counted(judgments.withdrawn, 'judgment')} withdrawn")
    if judgments.added:
        yield Reason(Level.MINOR, f"{name}: {_counted(judgments.added, 'judgment')} added")
    if judgments.corrected:
        differing = told_columns(judgments.columns)
        yield Reason(Level.PATCH, f"{name}: {_counted(judgments.corrected, 'judgment')} corrected ({differing})")
    yield from _of_rows(f"{name}: items", source.items, Level.MAJOR, Level.MINOR)
    if source.attributes is not None:
        yield from _of_rows(f"{name}: attributes of annotators", source.attributes, Level.MAJOR, Level.MINOR)
    if source.raw_files_gained or source.raw_files_lost:
        told = f"{source.raw_files_gained:,} new, {source.raw_files_lost:,} no longer used"
        yield Reason(Level.PATCH, f"{name}: raw files: {told}")


def _of_rows(name: str, rows: Rows, removed: Level, added: Level) -> Iterator[Reason]:
    if rows.removed:
        yield Reason(removed, f"{name}: {rows.removed:,} removed")
    if rows.added:
        yield Reason(added, f"{name}: {rows.added:,} added")
    if rows.changed:
        yield Reason(Level.PATCH, f"{name}: {rows.changed:,} changed ({told_columns(rows.columns)})")


def told_columns(columns: dict[str, int]) -> str:
    """In how many rows each column differs, the most frequent first."""
    ordered = sorted(columns.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{name} {count:,}" for name, count in ordered)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
