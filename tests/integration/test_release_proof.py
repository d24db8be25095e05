"""The release proves the very bytes that it is about to publish, whatever the checks of the run said before."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import pytest

from expectations.gx.release import ExpectationError
from expectations.gx.suite import load_suites
from expectations.laws.verdicts import LawBrokenError, broken
from pipelines.project import this_project
from pipelines.proof import VERDICTS, read_verdicts
from pipelines.publication import Publication, prove_and_build, publish_dataset
from pipelines.release.build import BuildError, Built
from pipelines.release.prove import UnprovedError
from pipelines.release.publish import PublishError
from pipelines.release.publish import publish as publish_built
from pipelines.resources.workspace import Workspace
from pipelines.warehouse.run_folder import RunFolder
from pipelines.warehouse.state import StaleError, state_of_run
from tests.conftest import Ran
from tests.integration.by_hand import workspace_of


@pytest.fixture
def run(demo: Ran, tmp_path: Path) -> RunFolder:
    """A copy of the demo's run, proved and checked, but not yet released."""
    copy = RunFolder(tmp_path / demo.summary["run"])
    shutil.copytree(demo.run_folder, copy.root, ignore=shutil.ignore_patterns("releases", "data_docs"))
    return copy


def tamper(run: RunFolder, query: str, table: str = "judgments") -> None:
    """Write a mart anew, as a query over itself says."""
    mart = str(run.mart(table))
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


BESIDE = {
    "an item's text changed": ("items", "select * replace (text || '.' as text) from mart", 5, "has other content"),
    "an item dropped": ("items", "select * from mart where item_id <> (select min(item_id) from mart)", 5, "is gone"),
    "a question reworded": ("questions", "select * replace ('?' as prompt) from mart", 5, "is gone or altered"),
    "a known loss made up": ("sources", "select * replace (['x'] as known_losses) from mart", 5, "is gone or altered"),
    "people made machines": (
        "annotators",
        "select * replace ('machine' as annotator_kind) from mart",
        9,
        "is gone, or is no longer what they were",
    ),
    "an attribute changed": (
        "annotator_attributes",
        "select * replace (value || '!' as value) from mart",
        9,
        "was given the attribute",
    ),
}


@pytest.mark.parametrize("name", BESIDE)
def test_a_table_beside_the_judgments_that_is_swapped_is_not_published(
    demo: Ran, run: RunFolder, tmp_path: Path, name: str
) -> None:
    table, query, number, told = BESIDE[name]
    tamper(run, query, table)
    with pytest.raises(LawBrokenError) as refused:
        publish(demo, run, tmp_path / "store")
    assert {verdict.definition.number for verdict in refused.value.verdicts} == {number}
    assert {verdict.step.split()[0] for verdict in refused.value.verdicts} == {"landing→release"}
    assert any(told in one for verdict in refused.value.verdicts for one in verdict.offenders)
    assert not (tmp_path / "store").exists()


def test_checks_that_say_that_all_is_well_are_not_asked(demo: Ran, run: RunFolder, tmp_path: Path) -> None:
    assert broken(read_verdicts(run)) == []
    with duckdb.connect(str(run.warehouse)) as con:
        con.execute("create or replace view stg_judgments as select * from landing.judgments where not abstained")
    with pytest.raises(LawBrokenError, match="The laws are broken in step landing→staging"):
        publish(demo, run, tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_what_the_warehouse_calls_landing_is_not_believed(demo: Ran, run: RunFolder, tmp_path: Path) -> None:
    with duckdb.connect(str(run.warehouse)) as con:
        (view,) = con.execute(
            "select sql from duckdb_views() where schema_name = 'landing' and view_name = 'judgments'"
        ).fetchall()[0]
        held = view.split(" AS ", 1)[1].rstrip(";")
        con.execute(f"create or replace view landing.judgments as select * from ({held}) where not abstained")
    with pytest.raises(LawBrokenError, match="The laws are broken in step landing→staging"):
        publish(demo, run, tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_a_proof_with_a_hole_is_no_proof(
    demo: Ran, run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.proof.prove_answers", lambda *_: [])
    with pytest.raises(UnprovedError, match="demo_tone: law 4, injectivity, on step raw→landing"):
        publish(demo, run, tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_expectations_are_evaluated_on_the_files_of_the_release(
    demo: Ran, run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    suites = shutil.copytree(this_project().suites, tmp_path / "suites")
    text = (suites / "questions.yaml").read_text()
    (suites / "questions.yaml").write_text(text.replace("value_set: [choice,", "value_set: [vote,"))
    assert "value_set: [vote," in (suites / "questions.yaml").read_text()
    monkeypatch.setattr("pipelines.publication.load_suites", lambda _: load_suites(suites))
    with pytest.raises(ExpectationError, match="Not published: the release's files are not what is expected"):
        publish(demo, run, tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_a_run_of_another_state_is_not_published(demo: Ran, run: RunFolder, tmp_path: Path) -> None:
    with duckdb.connect(str(run.warehouse)) as con:
        con.execute("update landing.files set file_sha256 = repeat('f', 64) where source_id = 'demo_tone'")
    with pytest.raises(StaleError, match="demo_tone: a delivery came, or a file went, since this run bound its files"):
        publish(demo, run, tmp_path / "store")
    assert not (tmp_path / "store").exists()


LANDED = {
    "a majority vote in landing": (
        "select * replace (mode(answer) over (partition by item_id, question_id) as answer) from landed",
        7,
        "not the same ones",
    ),
    "answers and raw answers alike in upper case": (
        "select * replace (upper(answer) as answer, upper(raw_answer) as raw_answer) from landed",
        7,
        "not the same ones",
    ),
    "a judgment dropped": ("from landed where record_ordinal <> 3", 7, "judgments in the raw files"),
    "two annotators exchanged": (
        "select landed.* replace (case annotator_id when one then other when other then one else annotator_id end as"
        " annotator_id) from landed, (select min(annotator_id) as one, max(annotator_id) as other from landed)",
        7,
        "not the same ones",
    ),
    "what no contract names": ("select * replace (null::varchar as extra) from landed", 6, "keep it in extra"),
}


@pytest.mark.parametrize("name", LANDED)
def test_landing_that_is_not_what_the_raw_files_hold_is_not_published(
    demo: Ran, run: RunFolder, tmp_path: Path, name: str
) -> None:
    query, number, told = LANDED[name]
    home = tmp_path / "home"
    shutil.copytree(demo.home, home, ignore=shutil.ignore_patterns("runs", "store", "dagster"))
    source = "demo_topics" if number == 6 else "demo_tone"  # the one with fields that its contract does not name
    for path in home.glob(f"landing/{source}/*/*/judgments/*.parquet"):
        with duckdb.connect() as con:
            con.execute(f"create table landed as from '{path}'")
            con.execute(f"copy ({query}) to '{path}' (format parquet)")
    space = workspace_of(home, tmp_path / "store")
    with pytest.raises(LawBrokenError) as refused:
        publish_dataset(this_project().dataset("demo"), this_project(), space, run, run.root.name)
    own = [one for one in refused.value.verdicts if (one.definition.number, one.step) == (number, "raw→landing")]
    assert [one.source for one in own] == [source]
    assert any(told in offender for offender in own[0].offenders)
    assert not (tmp_path / "store").exists()


def built_of(demo: Ran, run: RunFolder, store: Path) -> tuple[Built, Workspace]:
    space = workspace_of(demo.home, store)
    state = state_of_run(run.warehouse, this_project().contracts, space.key, space.home)
    return prove_and_build(this_project().dataset("demo"), this_project(), space, run, state, {}), space


@pytest.mark.parametrize("table", ["judgments", "ledger", "fingerprints"])
def test_a_file_that_changes_after_its_proof_is_not_published(
    demo: Ran, run: RunFolder, tmp_path: Path, table: str
) -> None:
    built, space = built_of(demo, run, tmp_path / "store")
    (path,) = (built.folder / table).glob("*.parquet")
    with duckdb.connect() as con:
        con.execute(f"create table held as from '{path}'; delete from held where rowid = 0")
        con.execute(f"copy held to '{path}' (format parquet)")
    with pytest.raises(PublishError, match=r"holds other bytes than this release"):
        publish_built(space.store, built, "r")
    assert not list((tmp_path / "store").rglob("log/*"))


def test_a_manifest_that_is_edited_while_files_go_up_is_not_published(
    demo: Ran, run: RunFolder, tmp_path: Path
) -> None:
    built, space = built_of(demo, run, tmp_path / "store")

    def edit(_: str) -> None:
        path = built.folder / "manifest.json"
        path.write_text(path.read_text().replace('"held"', '"hold"'))

    with pytest.raises(PublishError, match=r"manifest\.json in .* holds other bytes"):
        publish_built(space.store, built, "r", edit)
    assert not list((tmp_path / "store").rglob("log/*"))


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


def test_a_public_dataset_that_does_not_say_what_it_must_is_not_published(
    demo: Ran, run: RunFolder, tmp_path: Path
) -> None:
    """The loader would have refused it; the gate does not ask the loader."""
    unready = this_project().dataset("demo").model_copy(update={"tier": "public"})
    space = workspace_of(demo.home, tmp_path / "store")
    with pytest.raises(BuildError, match=r"Not published: demo is public, and not ready to be\.(.|\n)*contacts: "):
        publish_dataset(unready, this_project(), space, run, run.root.name)
    assert not (tmp_path / "store").exists()
