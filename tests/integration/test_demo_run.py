"""The two commands' promise, end to end: published, whole, readable, repeatable, and nothing leaked."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest

from pipelines.demo.population import PAIR_ANNOTATORS, TONE_ANNOTATORS, TOPIC_ANNOTATORS
from tests.conftest import ROOT, TEST_KEY, Ran, variorum
from tests.integration.by_hand import copied_checkout, python_of

RAW_IDS = [str(one.raw_id) for group in (PAIR_ANNOTATORS, TOPIC_ANNOTATORS, TONE_ANNOTATORS) for one in group]


def rows(ran: Ran, dataset: str, query: str) -> list[tuple[Any, ...]]:
    """A query over a release's judgments."""
    with duckdb.connect() as con:
        files = str(ran.release(dataset) / "judgments" / "*.parquet")
        return con.execute(query.format(f"read_parquet('{files}')")).fetchall()


def test_the_demo_is_published_with_every_judgment(demo: Ran) -> None:
    assert demo.summary["succeeded"]
    assert demo.summary["laws"]["broken"] == 0
    assert {one["source"]: one["judgments_out"] for one in demo.summary["sources"]} == {
        "demo_helpfulness": 618,
        "demo_tone": 846,
        "demo_topics": 200,
    }


def test_skips_repeats_ties_rejections_and_reasons_are_there(demo: Ran) -> None:
    assert rows(demo, "demo", "select count(*) from {} where status = 'skipped'") == [(3,)]
    assert rows(demo, "demo", "select count(*) from {} where occurrence = 2") == [(5,)]
    assert rows(demo, "demo", "select count(*) from {} where answer_preference = 'tie'") == [(39,)]
    statuses = "select status, count(*) from {} where question_id = 'topics' group by all order by all"
    assert rows(demo, "demo", statuses) == [("ignored", 12), ("rejected", 8), ("submitted", 180)]
    assert rows(demo, "demo", "select count(*) from {} where rationale is not null") == [(169,)]
    empty = "select count(*) from {} where question_id = 'topics' and answer = '[]'"
    assert rows(demo, "demo", empty) == [(23,)]


@pytest.mark.xdist_group("public")
def test_the_public_sources_reach_their_published_counts(public: Ran) -> None:
    crehate = "select answer, count(*) from {} group by all order by all"
    assert rows(public, "crehate", crehate) == [('"0"', 21_775), ('"1"', 17_711), ('"2"', 3_060)]
    counted = "select count(*), count(distinct item_id), count(distinct annotator_id), count_if(abstained) from {}"
    assert rows(public, "crehate", counted) == [(42_546, 1_580, 1_064, 3_060)]
    repeats = "select occurrence, count(*) from {} where occurrence > 1 group by all order by all"
    assert rows(public, "crehate", repeats) == [(2, 14), (3, 5)]
    assert rows(public, "pandalm", "select count(*), count_if(answer_preference = 'tie') from {}") == [(2_997, 326)]
    by_question = "select question_id, count(*) from {} group by all order by all"
    assert rows(public, "lewidi2023_hs_brexit", by_question) == [
        ("aggressive", 6_720),
        ("hate", 6_720),
        ("offensive", 6_720),
    ]
    synonyms = "select count(*) from {} where raw_answer = '\"No\"' and answer = '\"0\"'"
    assert rows(public, "lewidi2023_hs_brexit", synonyms) == [(3,)]
    card = (public.release("lewidi2023_hs_brexit") / "README.md").read_text()
    assert "`offensive`: the raw answer `No` means `0`" in card


def test_a_release_reads_in_one_line_everywhere(demo: Ran) -> None:
    folder = demo.release("demo") / "judgments"
    by_pandas = pd.read_parquet(folder)
    by_polars = pl.read_parquet(folder / "*.parquet")
    by_arrow = pq.read_table(folder)
    by_duckdb = rows(demo, "demo", "select * from {}")
    assert len(by_pandas) == by_polars.height == by_arrow.num_rows == len(by_duckdb) == 1_664
    assert by_polars.rows() == [tuple(row.values()) for row in by_arrow.to_pylist()] == by_duckdb
    assert list(by_pandas.columns) == by_polars.columns == by_arrow.column_names


def test_the_sums_audit_the_folder_by_themselves(demo: Ran) -> None:
    done = subprocess.run(
        ["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=demo.release("demo"), capture_output=True, check=False
    )
    assert done.returncode == 0


def test_the_second_of_two_identical_runs_changes_nothing(demo: Ran, tmp_path: Path) -> None:
    home, store = tmp_path / "home", tmp_path / "store"
    shutil.copytree(demo.home, home)
    shutil.copytree(demo.store, store)
    before = sorted(path.relative_to(store) for path in store.rglob("*"))
    where = ["--dataset", "demo", "--inbox", "pipelines/demo/inbox", "--home", str(home), "--store", str(store)]
    said = json.loads(variorum("run", "--json", *where).stdout)
    assert [one["new"] for one in said["releases"]] == [False]
    assert said["releases"][0]["digest"] == demo.summary["releases"][0]["digest"]
    assert sorted(path.relative_to(store) for path in store.rglob("*")) == before


@pytest.mark.parametrize(
    "kind",
    ["judgments/part-00000.parquet", "ledger/part-00000.parquet", "manifest.json", "SHA256SUMS", "README.md",
     "../../log/00000001.json", "../../latest.json"],
)  # fmt: skip
def test_one_flipped_byte_is_named(demo: Ran, tmp_path: Path, kind: str) -> None:
    store = tmp_path / "store"
    shutil.copytree(demo.store, store)
    release = store / demo.release("demo").relative_to(demo.store)
    target = (release / kind).resolve()
    data = bytearray(target.read_bytes())
    data[len(data) // 2] ^= 1
    target.chmod(0o644)
    target.write_bytes(data)
    done = variorum("release", "verify", "latest", "--dataset", "demo", "--store", str(store), check=False)
    assert done.returncode == 1
    assert target.name in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_whole_release_verifies(demo: Ran) -> None:
    done = variorum("release", "verify", "--dataset", "demo", "--store", str(demo.store), "--json")
    assert json.loads(done.stdout)["whole"] is True


def leaks(ran: Ran, needles: list[str]) -> list[str]:
    """Files outside the restricted folders that hold any of the needles, Parquet and DuckDB decoded."""
    found = []
    for root in (ran.home, ran.store):
        for path in sorted(root.rglob("*")):
            if not path.is_file() or {"raw", "secrets"} & set(path.relative_to(root).parts[:1]):
                continue
            if path.suffix == ".parquet":
                text = str(pq.read_table(path).to_pylist())
            elif path.suffix == ".duckdb":
                continue  # views over the Parquet files that are read here
            else:
                text = path.read_bytes().decode("utf-8", errors="replace")
            found += [f"{path.name}: {needle}" for needle in needles if needle in text]
    return found


def test_no_raw_id_and_no_key_is_outside_the_restricted_folders(demo: Ran) -> None:
    assert leaks(demo, [*RAW_IDS, TEST_KEY, bytes.fromhex(TEST_KEY).decode("latin-1")]) == []
    assert not any(needle in json.dumps(demo.summary) for needle in RAW_IDS)


def test_a_planted_raw_id_would_be_found(demo: Ran, tmp_path: Path) -> None:
    (tmp_path / "home" / "runs").mkdir(parents=True)
    (tmp_path / "store").mkdir()
    (tmp_path / "home" / "runs" / "run.log").write_text(f"reading {RAW_IDS[0]}")
    planted = Ran(tmp_path / "home", tmp_path / "store", {})
    assert leaks(planted, RAW_IDS) == [f"run.log: {RAW_IDS[0]}"]


def test_the_restricted_folders_are_their_owners_only(demo: Ran) -> None:
    assert {path.stat().st_mode & 0o077 for path in (demo.home / "raw").rglob("*")} == {0}
    assert (demo.home / "raw").stat().st_mode & 0o077 == 0


MUTANTS = {
    "a majority vote": (
        "select * from final\norder by",
        "select * replace (max(answer) over (partition by source_id, item_id, question_id) as answer) from final"
        "\norder by",
        "answer is taken from another row by a window",
    ),
    "a distinct": (
        "select * from final\norder by",
        "select distinct on (source_id, item_id, question_id, answer) * from final\norder by",
        "removes rows that look alike, and people who agree look alike",
    ),
    "two annotators' answers swapped": (
        "select * from final\norder by",
        "select * replace (case annotator_id when (select min(annotator_id) from final)"
        " then (select max(annotator_id) from final) when (select max(annotator_id) from final)"
        " then (select min(annotator_id) from final) else annotator_id end as annotator_id) from final\norder by",
        "annotator_id is rewritten case by case",
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_an_aggregating_edit_of_a_mart_cannot_publish(name: str, tmp_path: Path) -> None:
    """The real command on a copy of the tree with one mart edited: refused before any data is touched."""
    old, new, told = MUTANTS[name]
    tree = copied_checkout(tmp_path / "tree")
    mart = tree / "dbt_project" / "models" / "marts" / "judgments.sql"
    assert old in mart.read_text()
    mart.write_text(mart.read_text().replace(old, new))
    arguments = [
        "--source",
        "demo_tone",
        "--inbox",
        str(ROOT / "pipelines/demo/inbox"),
        "--home",
        str(tmp_path / "home"),
    ]
    done = python_of(tree, "-m", "pipelines.cli", "run", *arguments, HOME=str(tmp_path))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Law 8, Static" in done.stderr
    assert re.search(r"judgments:[0-9]+: ", done.stderr)
    assert told in done.stderr
    assert not (tmp_path / "home" / "landing").exists()
    assert not (tmp_path / "home" / "store").exists()
