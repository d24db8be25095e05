"""Cells of a CSV file that hold JSON: read as the value that they are, where it is the one that a contract expects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.readers.json_reader import RecordMalformedError, parse
from pipelines.readers.records import RawRecord

_WRAPPED = b'{"cell":%s}'


def with_json_cells(row: dict[str, Any], keys: Mapping[str, str]) -> dict[str, Any]:
    """A row in which the cells of some columns are values: objects that have the column's key, or lists of them.

    Any other cell stays the text that it is: a text may look like JSON.
    """
    return {name: _value(cell, keys[name]) if name in keys else cell for name, cell in row.items()}


def _value(cell: str, key: str) -> Any:
    if not cell.startswith(("{", "[")):
        return cell
    try:
        found, _ = parse(RawRecord(0, _WRAPPED % cell.encode()))
    except (RecordMalformedError, UnicodeEncodeError):
        return cell
    if len(found) > 1:  # a value with more behind it, which only the wrapping made one of
        return cell
    value = found["cell"]
    elements = value if isinstance(value, list) else [value]
    is_expected = bool(elements) and all(isinstance(one, dict) and key in one for one in elements)
    return value if is_expected else cell
