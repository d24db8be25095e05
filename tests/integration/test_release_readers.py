"""A release read by what people have, line by line as its card says it, and what is derived from it for training."""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import datasets
import duckdb
import pandas
import polars
import pyarrow.parquet
import pytest

from pipelines.domain.tables import RELEASED
from pipelines.release.exports import EXPORTS, ExportError, export
from tests.conftest import ROOT, Ran, variorum
from tests.reading import rows_of


def lines(demo: Ran) -> list[str]:
    """The lines of Python on the release's card."""
    text = (demo.release("demo") / "README.md").read_text()
    (block,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    found: list[str] = block.strip().splitlines()
    return found


READERS = ("pandas", "polars", "duckdb", "pyarrow", "datasets")


@pytest.fixture
def within(demo: Ran, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The release's folder is where one works, and nothing is asked of any network."""
    monkeypatch.chdir(demo.release("demo"))
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)


def test_the_card_names_each_reader_in_a_line(demo: Ran) -> None:
    assert [line.split(".")[0] for line in lines(demo)] == list(READERS)


def test_the_readme_of_the_product_reads_the_same_rows(demo: Ran, within: None) -> None:
    text = (ROOT / "README.md").read_text().replace("…/releases/1.0.0-0123456789abcdef", str(demo.release("demo")))
    block = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)[0].strip().splitlines()
    named = {"pandas": pandas, "polars": polars, "duckdb": duckdb, "pyarrow": pyarrow, "datasets": datasets}
    assert [line.split(".")[0] for line in block] == list(READERS)
    (first, *others) = (rows_of(eval(line, dict(named))) for line in block)  # noqa: S307  # the document's own
    assert all(other == first for other in others)


@pytest.mark.parametrize("table", RELEASED)
def test_every_reader_gives_the_same_rows_of_a_table(demo: Ran, within: None, tmp_path: Path, table: str) -> None:
    named = {"pandas": pandas, "polars": polars, "duckdb": duckdb, "pyarrow": pyarrow, "datasets": datasets, "os": os}
    read = {
        line.split(".")[0]: rows_of(eval(line.replace("judgments", table), dict(named)))  # noqa: S307  # the card's own
        for line in lines(demo)
    }
    assert len(read["pyarrow"]) > 0
    for reader in READERS:
        assert read[reader] == read["pyarrow"], reader


def test_the_default_configuration_is_the_judgments(demo: Ran, within: None) -> None:
    assert datasets.get_dataset_config_names(str(Path.cwd())) == list(RELEASED)
    assert datasets.load_dataset(str(Path.cwd()), split="train").num_rows == 1_664


def test_a_card_without_its_head_gives_no_configurations(demo: Ran, within: None, tmp_path: Path) -> None:
    """The twin: it is the card that tells `datasets` of the tables."""
    copy = tmp_path / "headless"
    shutil.copytree(demo.release("demo"), copy)
    (copy / "README.md").chmod(0o644)
    (copy / "README.md").write_text("# Variorum demo\n")
    assert datasets.get_dataset_config_names(str(copy)) == ["default"]


def exported(kind: str, release: Path, target: Path) -> list[dict[str, Any]]:
    made = export(kind, release, target)
    rows: list[dict[str, Any]] = pyarrow.parquet.read_table(made.folder).to_pylist()
    assert len(rows) == made.rows
    return rows


def judgments(demo: Ran) -> list[dict[str, Any]]:
    held: list[dict[str, Any]] = pyarrow.parquet.read_table(demo.release("demo") / "judgments").to_pylist()
    return held


def test_labels_are_the_judgments_with_other_names(demo: Ran, tmp_path: Path) -> None:
    rows = exported("labels", demo.release("demo"), tmp_path)
    told = Counter((row["task"], row["worker"], row["label"], row["abstained"]) for row in rows)
    assert told == Counter(
        (
            f"{one['source_id']}/{one['item_id']}/{one['question_id']}",
            one["annotator_id"],
            one["answer"],
            one["abstained"],
        )
        for one in judgments(demo)
    )


def test_soft_labels_are_shares_of_all_answers(demo: Ran, tmp_path: Path) -> None:
    rows = exported("soft_labels", demo.release("demo"), tmp_path)
    held = [one for one in judgments(demo) if one["answer_type"] not in ("text", "spans")]
    counted = Counter((one["source_id"], one["item_id"], one["question_id"], one["answer"]) for one in held)
    asked = Counter((one["source_id"], one["item_id"], one["question_id"]) for one in held)
    assert {
        (row["source_id"], row["item_id"], row["question_id"], row["answer"]): (row["judgments"], row["share"])
        for row in rows
    } == {key: (count, count / asked[key[:3]]) for key, count in counted.items()}
    assert sum(row["judgments"] for row in rows if row["abstained"]) == sum(one["abstained"] for one in held)


def test_preferences_are_one_row_an_annotator_and_pair_with_ties_and_abstentions(demo: Ran, tmp_path: Path) -> None:
    rows = exported("preferences", demo.release("demo"), tmp_path)
    held = [one for one in judgments(demo) if one["answer_type"] == "pairwise"]
    assert len(rows) == len(held) == 206
    key = ("source_id", "item_id", "annotator_id", "question_id", "occurrence")
    by_key = {tuple(row[name] for name in key): row for row in rows}
    items = {
        one["item_id"]: one
        for one in pyarrow.parquet.read_table(demo.release("demo") / "items").to_pylist()
        if one["source_id"] == "demo_helpfulness"
    }
    for one in held:
        row = by_key[tuple(one[name] for name in key)]
        left, right = (response["text"] for response in items[one["item_id"]]["responses"])
        side = one["answer_preference"]
        outcome = "abstained" if one["abstained"] else "tie" if side == "tie" else "preferred"
        pair = {"left": (left, right), "right": (right, left)}[side] if outcome == "preferred" else (None, None)
        assert (row["outcome"], row["chosen"], row["rejected"]) == (outcome, *pair)
        assert (row["prompt"], row["left_response"]) == (items[one["item_id"]]["prompt"], left)
    assert Counter(row["outcome"] for row in rows) == {"preferred": 166, "tie": 39, "abstained": 1}


def test_groups_are_columns_and_conflicting_profiles_a_group_of_their_own(tmp_path: Path, demo: Ran) -> None:
    """A release made by hand: two people, one of whom has two profiles."""
    release = tmp_path / "release"
    shutil.copytree(demo.release("demo"), release)
    (path,) = (release / "annotator_attributes").glob("*.parquet")
    path.chmod(0o644)
    one, other = sorted({row["annotator_id"] for row in judgments(demo) if row["source_id"] == "demo_helpfulness"})[:2]
    given = [(one, "it's", "a", 1), (other, "it's", "b", 1), (other, "it's", "a", 2), (one, "age", "30", 1)]
    with duckdb.connect() as con:
        con.execute("create table held (annotator_id varchar, attribute varchar, value varchar, observation int)")
        con.executemany("insert into held values (?, ?, ?, ?)", given)
        con.execute(
            f"copy (select *, 'demo_helpfulness' as source_id, 'given' as attribute_status from held) to '{path}'"
            " (format parquet)"
        )
    rows = exported("preferences", release, tmp_path / "out")
    assert len(rows) == 206
    groups = {(row["annotator_id"], row["group_it's"], row["group_age"]) for row in rows}
    assert {group for group in groups if group[0] in (one, other)} == {(one, "a", "30"), (other, '["a","b"]', None)}
    assert all(group[1:] == (None, None) for group in groups if group[0] not in (one, other))


@pytest.mark.parametrize("kind", EXPORTS)
def test_an_export_says_what_it_is_and_overwrites_nothing(demo: Ran, tmp_path: Path, kind: str) -> None:
    made = export(kind, demo.release("demo"), tmp_path)
    text = (tmp_path / f"{kind}.md").read_text()
    assert "Derived from Variorum demo, version 1.0.0 of `demo`" in text
    assert demo.summary["releases"][0]["digest"] in text
    schema = pyarrow.parquet.read_schema(next(made.folder.glob("*.parquet")))
    assert "Derived" in schema.metadata[b"description"].decode()
    with pytest.raises(ExportError, match="is there already"):
        export(kind, demo.release("demo"), tmp_path)


def test_the_command_exports_and_tells_what_it_cannot(demo: Ran, tmp_path: Path) -> None:
    done = variorum("release", "export", "preferences", str(demo.release("demo")), "--to", str(tmp_path))
    assert "206 rows in" in done.stdout
    for arguments, told in (
        (("majority", str(demo.release("demo"))), "no export 'majority'; there are: labels, soft_labels, preferences"),
        (("labels", str(tmp_path)), "is no folder of a release"),
    ):
        refused = variorum("release", "export", *arguments, "--to", str(tmp_path), check=False)
        assert refused.returncode == 2
        assert told in refused.stderr
