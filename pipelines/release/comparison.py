"""Compares two releases of a dataset, judgment by judgment, over the Parquet files of both.

A judgment is matched as deliveries are (``pipelines.landing.changes``): equal content first, whatever the order; what
is left of one act, in order, as a correction; where nobody and nothing is named, nothing is paired. Content is every
column but the place in raw files and the numbers that follow from it. Nothing is sampled, and no digest decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from pipelines.domain.tables import ANNOTATOR_ATTRIBUTES, ANNOTATORS, ITEMS, JUDGMENTS, QUESTIONS, SOURCES
from pipelines.release import comparison_sql as sql
from pipelines.release.difference import Difference, Judgments, Rows, SourceDifference, Variation
from pipelines.release.manifest import Manifest, ReleaseSource
from pipelines.shapes.sql import literal

COMPARED = tuple(table.name for table in (SOURCES, QUESTIONS, ITEMS, ANNOTATORS, ANNOTATOR_ATTRIBUTES, JUDGMENTS))
"""The tables whose rows are compared. The others follow from them, or tell of the way here."""

_SETTINGS = (
    "set timezone = 'UTC'; set enable_progress_bar = false; set preserve_insertion_order = false;"
    " set memory_limit = '1GiB'"
)
"""What does not fit is spilled: a difference is to cost no more memory than the rest of a publication."""


class DifferenceError(RuntimeError):
    """Two releases that cannot be compared; the message says why."""


@dataclass(frozen=True)
class Held:
    """A release at hand: its manifest, and the Parquet files of each table that is compared."""

    manifest: Manifest
    files: Mapping[str, tuple[Path, ...]]

    @classmethod
    def within(cls, manifest: Manifest, folder: Path) -> Held:
        """The release whose files lie in a folder."""
        tables = {table.name: tuple(folder / path for path in table.files) for table in manifest.tables}
        return cls(manifest, tables)


def compare(before: Held, after: Held, scratch: Path) -> Difference:
    """Compare two releases; ``scratch`` is a folder for what does not fit into memory.

    Raises:
        DifferenceError: they have not even the keys of their judgments in common.
    """
    was, now = before.manifest, after.manifest
    with closing(_Comparison(before, after, scratch)) as comparison:
        sources = tuple(comparison.sources())
        annotators = comparison.rows("annotators").get("", Rows()) if comparison.same_key else None
    names_was, names_now = ({table.name for table in one.tables} for one in (was, now))
    both = sorted(names_was & names_now)
    columns = {name: (_columns(was, name), _columns(now, name)) for name in both}
    return Difference(
        dataset=now.dataset,
        before=was.version,
        after=now.version,
        same_key=comparison.same_key,
        tables_added=tuple(sorted(names_now - names_was)),
        tables_removed=tuple(sorted(names_was - names_now)),
        columns_added=tuple(f"{name}.{c}" for name, (old, new) in columns.items() for c in new if c not in old),
        columns_removed=tuple(f"{name}.{c}" for name, (old, new) in columns.items() for c in old if c not in new),
        retyped={
            f"{name}.{column}": (old[column], new[column])
            for name, (old, new) in columns.items()
            for column in old
            if column in new and old[column] != new[column]
        },
        told=_told(was, now),
        annotators=annotators,
        sources=sources,
    )


def _columns(manifest: Manifest, name: str) -> dict[str, str]:
    table = manifest.table(name)
    return dict(table.columns) if table else {}


def _told(was: Manifest, now: Manifest) -> dict[str, tuple[str, str]]:
    """What differs in the words of the manifests."""
    pairs = {name: (getattr(was, name), getattr(now, name)) for name in ("title", "licence", "tier")}
    for name in sorted(was.code.keys() | now.code.keys()):
        pairs[f"made with {name}"] = (was.code.get(name, "nothing"), now.code.get(name, "nothing"))
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


class _Comparison:
    """The queries over two releases, each asked once."""

    def __init__(self, before: Held, after: Held, scratch: Path) -> None:
        self._before, self._after, self._scratch = before, after, scratch
        self.same_key = before.manifest.key_fingerprint == after.manifest.key_fingerprint

    @cached_property
    def _con(self) -> duckdb.DuckDBPyConnection:
        con = duckdb.connect(":memory:", config={"temp_directory": str(self._scratch)})
        con.execute(_SETTINGS)
        return con

    def close(self) -> None:
        """Let go of what was needed to compare."""
        if "_con" in vars(self):
            self._con.close()

    def sources(self) -> Iterator[SourceDifference]:
        """Every source that one of the releases has."""
        was, now = ({one.source: one for one in held.manifest.sources} for held in (self._before, self._after))
        described, questions = self._named(SOURCES.name), self._named(QUESTIONS.name)
        items = self.rows(ITEMS.name)
        attributes = self.rows(ANNOTATOR_ATTRIBUTES.name) if self.same_key else None
        variation, counts = self._variation()
        judgments = self._judgments(counts)
        for source in sorted(was.keys() | now.keys()):
            of = [row for row in questions if row[0] == source]
            gained, lost = _raw_files(was.get(source), now.get(source))
            yield SourceDifference(
                source=source,
                what="added" if source not in was else "removed" if source not in now else "kept",
                judgments=judgments.get(source, Judgments()),
                variation=variation.get(source, Variation()),
                items=items.get(source, Rows()),
                attributes=None if attributes is None else attributes.get(source, Rows()),
                described=next((row[3] for row in described if row[0] == source and row[2] == "changed"), ()),
                questions_added=tuple(name for _, name, what, _ in of if what == "added"),
                questions_removed=tuple(name for _, name, what, _ in of if what == "removed"),
                questions_changed={name: columns for _, name, what, columns in of if what == "changed"},
                raw_files_gained=gained,
                raw_files_lost=lost,
            )

    def rows(self, name: str) -> dict[str, Rows]:
        """How the rows of a table differ, by source."""
        if not self._pair_rows(name):
            return {}
        found: dict[str, dict[str, int]] = {}
        for source, what, count in self._all(sql.COUNTED):
            found.setdefault(source, {})[what] = count
        columns: dict[str, dict[str, int]] = {}
        for source, column, count in self._all(sql.COLUMNS_COUNTED):
            columns.setdefault(source, {})[column] = count
        return {source: Rows(**counts, columns=columns.get(source, {})) for source, counts in found.items()}

    def _named(self, name: str) -> list[tuple[str, str, str, tuple[str, ...]]]:
        """As ``rows``, each with its name: source, key, what, and columns."""
        if not self._pair_rows(name):
            return []
        return [(source, key, what, tuple(columns)) for source, key, what, columns in self._all(sql.NAMED_ROWS)]

    def _pair_rows(self, name: str) -> bool:
        """Leave the rows that differ in a table of the connection; False if the releases share no key to match by."""
        shared = self._shared(name)
        key = sql.KEYS[name]
        if not set(key) <= set(shared):
            return False
        self._con.execute(
            sql.rows_apart(name, shared, self._relation(self._before, name), self._relation(self._after, name))
        )
        return True

    def _variation(self) -> tuple[dict[str, Variation], dict[str, tuple[int, int]]]:
        """By source, its variation, and how many judgments it had and has."""
        shared = self._shared(JUDGMENTS.name)
        if not self._are_both(JUDGMENTS.name):
            return {}, {}
        if lacking := [name for name in sql.NEEDED if name not in shared]:
            raise DifferenceError(f"the releases cannot be compared: judgments.{lacking[0]} is not the same in both")
        old, new = self._relation(self._before, JUDGMENTS.name), self._relation(self._after, JUDGMENTS.name)
        variation: dict[str, Variation] = {}
        counts: dict[str, tuple[int, int]] = {}
        people = {source: numbers for source, *numbers in self._all(sql.annotators(old, new))}
        for source, was, now, *numbers in self._all(sql.variation(old, new)):
            had, has, gained, lost = people.get(source, (0, 0, 0, 0))
            variation[source] = Variation(
                **dict(zip(sql.VARIED, numbers, strict=True)),
                annotators_before=had,
                annotators_after=has,
                annotators_gained=gained if self.same_key else None,
                annotators_lost=lost if self.same_key else None,
            )
            counts[source] = (was, now)
        return variation, counts

    def _judgments(self, counts: Mapping[str, tuple[int, int]]) -> dict[str, Judgments]:
        if not counts:
            return {}
        shared = self._shared(JUDGMENTS.name)
        old, new = self._relation(self._before, JUDGMENTS.name), self._relation(self._after, JUDGMENTS.name)
        for statement in sql.judgments_apart(shared, old, new, with_annotators=self.same_key):
            self._con.execute(statement)
        gone, came = (dict(self._all(query)) for query in (sql.GONE, sql.CAME))
        names, query = sql.corrections(shared)
        corrected = {
            source: (count, dict(zip(names, columns, strict=True))) for source, count, *columns in self._all(query)
        }
        found = {}
        for source, (was, now) in counts.items():
            count, columns = corrected.get(source, (0, {}))
            found[source] = Judgments(
                before=was,
                after=now,
                added=came.get(source, 0) - count,
                withdrawn=gone.get(source, 0) - count,
                corrected=count,
                columns={name: number for name, number in columns.items() if number},
            )
        return found

    def _are_both(self, name: str) -> bool:
        """Whether both releases have a table; that one has it alone is told of the whole."""
        return all(held.manifest.table(name) is not None for held in (self._before, self._after))

    def _shared(self, name: str) -> list[str]:
        """Columns that both releases have, of one type, in the order of the later."""
        was = _columns(self._before.manifest, name)
        return [column for column, kind in _columns(self._after.manifest, name).items() if was.get(column) == kind]

    def _relation(self, held: Held, name: str) -> str:
        paths = ", ".join(literal(str(path)) for path in held.files.get(name, ()))
        return f"read_parquet([{paths}])"

    def _all(self, query: str) -> list[tuple[Any, ...]]:
        return self._con.execute(query).fetchall()


def _raw_files(was: ReleaseSource | None, now: ReleaseSource | None) -> tuple[int, int]:
    old, new = (set(one.raw_files) if one else set() for one in (was, now))
    return len(new - old), len(old - new)
