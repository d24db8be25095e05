"""Paths to fields and patterns of file names: what they find, and what they do not."""

from __future__ import annotations

import pytest

from pipelines.contracts.paths import matches, parse_path
from pipelines.shapes.paths import MISSING, AmbiguousPathError, follow


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a.b", 1),
        (r"x\.y", 2),
        ("list[k=v].n", 3),
        ("a.c", MISSING),
        ("list[k=none].n", MISSING),
        ("a.b.c", MISSING),
        ("other annotations.deep one", 4),
        ("by.$who", 5),
        ("by.$nobody", MISSING),
    ],
)
def test_a_path_finds_what_it_says(path: str, found: object) -> None:
    record = {"a": {"b": 1}, "x.y": 2, "list": [{"k": "v", "n": 3}, {"k": "w"}], "other annotations": {"deep one": 4},
              "by": {"ana": 5}, "$who": "ana"}  # fmt: skip
    assert follow(record, parse_path(path)) == found


def test_a_selector_that_fits_two_elements_chooses_none() -> None:
    with pytest.raises(AmbiguousPathError):
        follow({"list": [{"k": "v"}, {"k": "v"}]}, parse_path("list[k=v]"))


@pytest.mark.parametrize("path", ["", ".", "a..b", "a.", "a[b", "a[=c]"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        parse_path(path)


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("a.csv", "a.csv", True),
        ("a.csv", "old/a.csv", False),
        ("*.csv", "a.csv", True),
        ("*.csv", "old/a.csv", False),
        ("*/a.csv", "old/a.csv", True),
        ("**/a.csv", "a.csv", True),
        ("**/a.csv", "old/older/a.csv", True),
        ("2024/**/a_*.csv", "2024/01/a_1.csv", True),
        ("2024/**/a_*.csv", "2025/a_1.csv", False),
        ("A.csv", "a.csv", False),
    ],
)
def test_a_pattern_is_read_from_the_inbox_folder_on(pattern: str, name: str, fits: bool) -> None:
    """A copy that somebody put aside in a folder of its own is not delivered again."""
    assert matches(pattern, name) is fits
