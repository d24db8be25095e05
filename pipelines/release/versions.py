"""Semantic versions for data: computed from the difference to the last release, and explained."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.release.manifest import Manifest

FIRST = "1.0.0"


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
    parts = version.split(".")
    if len(parts) != 3 or not all(part.isdigit() for part in parts):
        raise ValueError(f"no version: {version!r}; a version looks like 1.4.0")
    major, minor, patch = (int(part) for part in parts)
    return major, minor, patch


def next_version(last: Manifest | None, new: Manifest) -> NextVersion:
    """The version of a release after ``last``.

    Schema or meaning changed, or something taken away: major. Judgments, sources or columns added: minor.
    Anything else: patch.
    """
    if last is None:
        return NextVersion(FIRST, ("the first release",))
    breaking, adding = _differences(last, new)
    major, minor, patch = parse_version(last.version)
    if breaking:
        return NextVersion(f"{major + 1}.0.0", tuple(breaking + adding))
    if adding:
        return NextVersion(f"{major}.{minor + 1}.0", tuple(adding))
    return NextVersion(f"{major}.{minor}.{patch + 1}", ("content corrected; no schema, source or count changed",))


def _differences(last: Manifest, new: Manifest) -> tuple[list[str], list[str]]:
    breaking: list[str] = []
    adding: list[str] = []
    for name in sorted({table.name for table in last.tables} | {table.name for table in new.tables}):
        before, after = last.table(name), new.table(name)
        if before is None or after is None:
            (adding if before is None else breaking).append(f"table {name} {'added' if before is None else 'removed'}")
            continue
        was, now = dict(before.columns), dict(after.columns)
        breaking += [f"{name}.{column} removed" for column in was if column not in now]
        breaking += [
            f"{name}.{column} is {now[column]}, was {was[column]}"
            for column in was
            if column in now and now[column] != was[column]
        ]
        adding += [f"{name}.{column} added" for column in now if column not in was]
    _compare_sources(last, new, breaking, adding)
    return breaking, adding


def _compare_sources(last: Manifest, new: Manifest, breaking: list[str], adding: list[str]) -> None:
    was = {source.source: source for source in last.sources}
    now = {source.source: source for source in new.sources}
    breaking += [f"source {source} removed" for source in was if source not in now]
    adding += [f"source {source} added" for source in now if source not in was]
    if last.key_fingerprint != new.key_fingerprint:
        breaking.append("pseudonyms made with another key")
    old, fresh = last.table("judgments"), new.table("judgments")
    for source in was.keys() & now.keys():
        if was[source].questions_sha256 != now[source].questions_sha256:
            breaking.append(f"questions of {source} changed")
        before = old.rows_by_source.get(source, 0) if old else 0
        after = fresh.rows_by_source.get(source, 0) if fresh else 0
        if before != after:
            adding.append(f"{source}: {before} judgments became {after}")
