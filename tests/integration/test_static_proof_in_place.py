"""Law 8 where people meet it: the command of its own, the dry run of a source, and a run that Dagster starts."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.transform.warehouse import column_lineage
from expectations.laws.definitions import STATIC
from pipelines.components.shared import CATALOG, landing_key
from pipelines.domain.tables import TABLES
from pipelines.instance import instance_folder
from pipelines.landing.home import Home
from pipelines.project import this_project
from pipelines.warehouse.dbt import fresh_manifest
from tests.conftest import ROOT, Ran
from tests.integration.by_hand import Edit, copied_checkout, python_of, variorum_of
from tests.integration.test_mutants import MART, NUMBERED, STAGING, THROUGH_DBT
from tests.integration.test_static_project import edited, proved


@dataclass(frozen=True)
class Launched:
    """A job that Dagster ran by itself: where, what its process came to, and what the run said."""

    root: Path
    done: subprocess.CompletedProcess[str]
    status: dg.DagsterRunStatus
    events: list[dg.DagsterEvent | None]

    def said(self, kind: str) -> list[Any]:
        """What the events of a kind hold."""
        return [one.event_specific_data for one in self.events if one and one.event_type_value == kind]


INBOX = ROOT / "pipelines" / "demo" / "inbox"
VOTE = THROUGH_DBT["majority vote on each item"].edit
NAMED = re.compile(
    r"judgments:[0-9]+: answer is taken from another row by a window; .* \(window\): MODE\(answer\) OVER"
)
"""The model, the line, what is wrong with it, and the expression."""

pytestmark = pytest.mark.xdist_group("static_proof_in_place")


@pytest.fixture(scope="module")
def voting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout whose mart votes; dbt compiles it once, for whoever asks first."""
    return copied_checkout(tmp_path_factory.mktemp("voting") / "tree", VOTE)


def test_the_proof_by_itself_ends_with_1_and_names_model_line_expression_and_law(voting: Path) -> None:
    done = python_of(voting, "-m", "pipelines.static_proof")
    assert done.returncode == 1, done.stderr
    assert len(done.stdout.splitlines()) == 1
    assert NAMED.match(done.stdout)
    assert done.stderr.startswith("law 8, Static, is broken")


def test_the_proof_by_itself_ends_with_0_on_the_models_as_they_are() -> None:
    done = python_of(ROOT, "-m", "pipelines.static_proof")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("law 8 holds")


def test_the_dry_run_of_a_source_says_the_same_before_it_reads_anything(voting: Path) -> None:
    done = variorum_of(voting, "source", "check", "demo_topics", "--inbox", str(INBOX))
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Law 8, Static" in done.stderr
    assert NAMED.search(done.stderr)


@pytest.fixture(scope="module")
def launched(voting: Path, tmp_path_factory: pytest.TempPathFactory) -> Launched:
    """The whole job as Dagster itself starts it: no command of ours looked at the models before."""
    root = tmp_path_factory.mktemp("launched")
    shutil.copytree(INBOX / "demo_topics", root / "inbox" / "demo_topics")
    folder = instance_folder(Home(root / "home"))
    settings = {f"VARIORUM_{name.upper()}": str(root / name) for name in ("home", "inbox", "store")}
    job = ("job", "execute", "--module-name", "pipelines.definitions", "--job", "pipeline")
    done = python_of(voting, "-m", "dagster", *job, DAGSTER_HOME=str(folder), **settings)
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        (run,) = instance.get_runs()
        return Launched(root, done, run.status, [log.dagster_event for log in instance.all_logs(run.run_id)])


def test_a_run_that_dagster_starts_fails_at_the_check_and_says_the_same(launched: Launched) -> None:
    assert launched.done.returncode == 1
    assert launched.status is dg.DagsterRunStatus.FAILURE
    (check,) = [check for check in launched.said("ASSET_CHECK_EVALUATION") if check.asset_key == CATALOG]
    assert (check.check_name, check.passed, check.blocking) == (STATIC.code, False, True)
    assert check.severity is dg.AssetCheckSeverity.ERROR
    assert NAMED.search(check.description)
    assert NAMED.match(check.metadata["offenders"].records[0].data["offender"])


def test_a_run_that_dagster_starts_builds_no_model_and_publishes_nothing(launched: Launched) -> None:
    made = {event.materialization.asset_key for event in launched.said("ASSET_MATERIALIZATION")}
    assert made == {CATALOG, *map(landing_key, this_project().contracts)}
    assert list((launched.root / "home" / "runs").glob("*/marts/*")) == []
    assert list((launched.root / "home" / "runs").glob("*/dbt")) == []
    assert not (launched.root / "store").exists()


def lineage(demo: Ran, model: str, folder: Path) -> dict[str, set[str]]:
    """By column, what the last materialization of a model says that it comes from."""
    shutil.copytree(demo.home / "dagster", folder, dirs_exist_ok=True)
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey([model]))
    assert event
    assert event.asset_materialization
    return told(event.asset_materialization.metadata["dagster/column_lineage"].value)


def told(value: object) -> dict[str, set[str]]:
    """Column lineage in short."""
    assert isinstance(value, dg.TableColumnLineage)
    return {
        column: {f"{dep.asset_key.to_user_string()}.{dep.column_name}" for dep in deps}
        for column, deps in value.deps_by_column.items()
    }


def test_each_materialization_says_where_its_columns_come_from(demo: Ran, tmp_path: Path) -> None:
    marts = lineage(demo, MART, tmp_path)
    assert set(marts) == set(TABLES["judgments"].column_names)
    assert marts["raw_answer"] == {f"{NUMBERED}.raw_answer"}
    numbered = lineage(demo, NUMBERED, tmp_path)
    assert numbered["raw_answer"] == {"stg_judgments.raw_answer"}
    assert numbered["occurrence"] >= {"stg_judgments.record_ordinal", "stg_files.file_position"}
    assert lineage(demo, STAGING, tmp_path)["raw_answer"] == {"landing/catalog.raw_answer"}


def test_a_column_that_is_taken_from_another_says_so() -> None:
    manifest = json.loads(fresh_manifest(this_project().dbt_project).read_bytes())
    edit = Edit(MART, "        raw_answer,\n", "        answer as raw_answer,\n")
    proof = proved(edited(manifest, edit)).models[MART]
    assert told(column_lineage(proof))["raw_answer"] == {f"{NUMBERED}.answer"}
