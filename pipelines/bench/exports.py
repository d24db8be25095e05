"""The exports that are measured: what is generated, by which contract it is read, and the bare pass over its bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pipelines.bench import nested, tidy
from pipelines.contracts.model import SourceContract
from pipelines.shapes.sql import literal


@dataclass(frozen=True)
class Export:
    """One made-up export.

    Attributes:
        title: what it is, for people.
        bare: DuckDB's table function over a path, with the options that anybody would give it.
        multiple: judgments come in multiples of this.
        write: writes so many judgments into a folder.
    """

    name: str
    title: str
    file: str
    contract: SourceContract
    bare: Callable[[str], str]
    multiple: int
    write: Callable[[Path, int], Path]

    def round(self, judgments: int) -> int:
        """At most so many judgments, as many as the export can have."""
        return judgments // self.multiple * self.multiple


def _read_csv(path: str) -> str:
    return f"read_csv({literal(path)}, all_varchar=true, header=true, delim=',', quote='\"', escape='\"')"


def _read_jsonl(path: str) -> str:
    return f"read_json({literal(path)}, format='newline_delimited')"


def _read_json(path: str) -> str:
    return f"read_json({literal(path)}, format='array')"


def _nested(name: str, form: str, bare: Callable[[str], str]) -> Export:
    file = f"tasks.{form}"
    return Export(
        name,
        f"{nested.ITEM_JUDGMENTS} a record: {nested.ANNOTATIONS} annotations, {nested.QUESTIONS} questions",
        file,
        nested.contract(file, form),
        bare,
        nested.ITEM_JUDGMENTS,
        partial(nested.write, file=file, is_array=form == "json"),
    )


TIDY = Export("tidy CSV", "one a record", tidy.FILE, tidy.CONTRACT, _read_csv, 1, tidy.write)
JSONL = _nested("nested JSONL", "jsonl", _read_jsonl)
JSON = _nested("nested JSON", "json", _read_json)
EXPORTS = (TIDY, JSONL, JSON)
