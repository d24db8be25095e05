"""The release proves the very bytes that it is about to publish, whatever the checks of the run said before."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import pytest

from expectations.laws.verdicts import LawBrokenError
from pipelines.project import this_project
from pipelines.proof import VERDICTS
from pipelines.publication import Publication, publish_dataset
from pipelines.release.build import BuildError
from pipelines.warehouse.run_folder import RunFolder
from tests.conftest import Ran
from tests.integration.by_hand import workspace_of


@pytest.fixture
def run(demo: Ran, tmp_path: Path) -> RunFolder:
    """A copy of the demo's run, proved and checked, but not yet released."""
    copy = RunFolder(tmp_path / demo.summary["run"])
    shutil.copytree(demo.run_folder, copy.root, ignore=shutil.ignore_patterns("releases", "data_docs"))
    return copy


def tamper(run: RunFolder, query: str) -> None:
    """Write the mart of judgments anew, as a query over itself says."""
    mart = str(run.mart("judgments"))
    with duckdb.connect() as con:
        con.execute(f"create table mart as select * from read_parquet('{mart}')")
        con.execute(f"copy ({query}) to '{mart}' (format parquet)")


def publish(demo: Ran, run: RunFolder, store: Path) -> Publication:
    space = workspace_of(demo.home, store)
    return publish_dataset(this_project().dataset("demo"), this_project(), space, run, run.root.name)


MODE = "select * replace (mode(answer) over (partition by source_id, item_id, question_id) as answer) from mart"
SWAP = (
    "select mart.* replace (case annotator_id when one then other when other then one else annotator_id end"
    " as annotator_id) from mart, (select min(annotator_id) as one, max(annotator_id) as other from mart"
    " where source_id = 'demo_topics')"
)


@pytest.mark.parametrize(
    ("query", "numbers", "named"),
    [
        (MODE, {2, 3, 9}, " became "),
        (SWAP, {2, 9}, ": changed, now of annotator a"),
        ("select * from mart where answer_preference is distinct from 'tie'", {1, 2, 3, 9}, ': missing, "tie"'),
        ("select * replace (nullif(answer_choices, []) as answer_choices) from mart", {2}, "answer_choices not the"),
        ("select * replace (1 as occurrence) from mart", {9}, "occurrence 1, in order of arrival it is 2"),
    ],
    ids=["majority vote", "two annotators swapped", "no ties", "empty sets made null", "repeats not numbered"],
)
def test_a_mart_that_is_changed_after_the_checks_is_not_published(
    demo: Ran, run: RunFolder, tmp_path: Path, query: str, numbers: set[int], named: str
) -> None:
    tamper(run, query)
    with pytest.raises(LawBrokenError) as refused:
        publish(demo, run, tmp_path / "store")
    assert {verdict.definition.number for verdict in refused.value.verdicts} == numbers
    assert named in str(refused.value)
    assert str(refused.value).startswith("The laws are broken in step ")
    assert not (tmp_path / "store").exists()


def test_the_same_run_untouched_is_published(demo: Ran, run: RunFolder, tmp_path: Path) -> None:
    published = publish(demo, run, tmp_path / "store")
    assert published.published.is_new
    assert published.manifest.content_digest == demo.summary["releases"][0]["digest"]


def test_the_laws_are_evaluated_by_the_release_where_a_run_left_its_checks_out(
    demo: Ran, run: RunFolder, tmp_path: Path
) -> None:
    (run.root / VERDICTS).unlink()
    with duckdb.connect(str(run.warehouse)) as con:
        con.execute("create or replace view stg_judgments as select * from landing.judgments where not abstained")
    with pytest.raises(LawBrokenError, match="The laws are broken in step landing→staging"):
        publish(demo, run, tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_a_model_that_could_lose_judgments_is_not_published_even_where_it_lost_none(
    demo: Ran, run: RunFolder, tmp_path: Path
) -> None:
    manifest = json.loads(run.manifest.read_bytes())
    node = manifest["nodes"]["model.variorum.judgments"]
    node["compiled_code"] = node["compiled_code"].replace("from source\n", "from source where answer is not null\n")
    run.manifest.write_text(json.dumps(manifest))
    with pytest.raises(LawBrokenError, match=r"judgments:[0-9]+: leaves rows out, and no entry in the ledger"):
        publish(demo, run, tmp_path / "store")
    run.manifest.unlink()
    with pytest.raises(BuildError, match="which SQL made its tables is not known"):
        publish(demo, run, tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_a_mart_with_other_columns_than_the_schema_is_not_published(demo: Ran, run: RunFolder, tmp_path: Path) -> None:
    tamper(run, "select * exclude (rationale) from mart")
    with pytest.raises(BuildError, match="rationale"):
        publish(demo, run, tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_a_run_that_built_no_tables_has_nothing_to_release(demo: Ran, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="this run built no tables"):
        publish(demo, RunFolder(tmp_path / "empty"), tmp_path / "store")
