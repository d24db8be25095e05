"""Mutants: every entry of the registry is caught by the laws that it names and by no other; some through dbt itself."""

from __future__ import annotations

import fcntl
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest

import expectations.mutants.__main__ as command
from expectations.laws.definitions import LAWS
from expectations.laws.verdicts import Verdict, broken, story
from expectations.mutants.models import build_models as build_by_hand
from expectations.mutants.models import compiled
from expectations.mutants.mutant import FAMILIES, Mutant, Place, RegistryError, registry
from expectations.mutants.report import counts, faults, table
from expectations.mutants.run import Result, try_one
from expectations.mutants.trial import GUARDS, WHOLE, Ground, attempt, prepare
from pipelines.project import this_project
from pipelines.proof import prove_run
from pipelines.warehouse.dbt import fresh_manifest
from pipelines.warehouse.run_folder import RunFolder
from tests.conftest import Ran
from tests.integration.by_hand import (
    Edit,
    bound_run,
    build_models,
    edited_project,
    state_behind,
    workspace_of,
)

BY_NAME = {mutant.name: mutant for mutant in registry()}


@pytest.fixture(scope="session")
def ground(session_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Ground:
    """What trials share; each worker has its own, and the models are compiled by one of them."""
    with (session_folder / "compiled.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        manifest = fresh_manifest(this_project().dbt_project)
    return prepare(tmp_path_factory.mktemp("ground"), manifest)


def test_what_each_mutant_changes_is_still_there() -> None:
    """Else it would say nothing until somebody tries them all."""
    code = [mutant for mutant in registry() if Path(mutant.target).suffix == ".py"]
    changed = [mutant.edited((this_project().root / mutant.target).read_text()) for mutant in code]
    assert len(changed) > 50
    with pytest.raises(RegistryError, match="0 times, not once"):
        code[0].edited("")


GUARDED_ONCE = [mutant for mutant in registry() if len(mutant.caught) < 2]
"""What one law or guard alone catches, or none: what a change of a law would let through. `make mutants` tries all."""


@pytest.mark.parametrize("name", [mutant.name for mutant in GUARDED_ONCE])
def test_a_mutant_is_caught_as_the_registry_says(ground: Ground, tmp_path: Path, name: str) -> None:
    assert try_one(BY_NAME[name], ground, tmp_path / "trial").fault is None


def test_the_pipeline_as_it_is_publishes_the_smallest_data(ground: Ground, tmp_path: Path) -> None:
    outcome = attempt(None, ground, tmp_path / "trial")
    assert (outcome.caught, outcome.told) == ((), "published")


def test_the_registry_holds_every_family_place_and_law() -> None:
    assert len(BY_NAME) >= 60
    families = Counter(mutant.family for mutant in BY_NAME.values())
    assert all(families[family] >= 6 for family in FAMILIES)
    assert {mutant.place for mutant in BY_NAME.values()} == set(Place)
    named = {one for mutant in BY_NAME.values() for one in mutant.caught}
    assert named <= {str(law.number) for law in LAWS.values()} | set(GUARDS.values())
    assert all(mutant.why.endswith(".") for mutant in BY_NAME.values())


VOTE = BY_NAME["majority vote on each item"]


@pytest.mark.parametrize(
    ("mutant", "told"),
    [
        (replace(VOTE, new=" answer,"), "survived: it was published"),
        (replace(VOTE, caught=("2",)), "was caught by 2, 3, 8, 9; the registry says 2"),
        (replace(VOTE, caught=(), equivalent="it is not"), "is called equivalent, and 2, 3, 8, 9 caught it"),
        (replace(VOTE, caught=(), declared="it is not"), "is called declared, and 2, 3, 8, 9 caught it"),
    ],
    ids=["nothing is changed", "another law catches it", "called equivalent", "called declared"],
)
def test_what_is_not_as_the_registry_says_is_a_fault(ground: Ground, tmp_path: Path, mutant: Mutant, told: str) -> None:
    result = try_one(mutant, ground, tmp_path / "trial")
    assert result.fault == told
    assert faults([result]) == [f"{VOTE.name}: {told}"]


@pytest.mark.parametrize(
    ("mutant", "told"),
    [
        (replace(VOTE, old=" no such text,"), "holds ' no such text,' 0 times, not once"),
        (replace(VOTE, old=","), "times, not once"),
        (replace(VOTE, new=" no_such_function(answer) as answer,"), "does not run: CatalogException"),
        (replace(BY_NAME["numbers as doubles, while landing"], new="msgspec.json.Decoder(()"), "does not run: Syntax"),
    ],
    ids=["the text is not there", "the text is there twice", "SQL that does not run", "code that does not run"],
)
def test_an_edit_that_does_not_apply_or_run_is_no_mutant(
    ground: Ground, tmp_path: Path, mutant: Mutant, told: str
) -> None:
    result = try_one(mutant, ground, tmp_path / "trial")
    assert told in str(result.fault)
    assert not result.is_published


def test_the_table_marks_what_one_law_alone_caught() -> None:
    from rich.console import Console

    from expectations.mutants.trial import Outcome

    several = Result(VOTE, Outcome(("2", "8"), "told"))
    alone = Result(replace(VOTE, name="alone"), Outcome(("9",), "told"))
    console = Console(width=120, record=True)
    console.print(table([several, alone]), counts([several, alone]))
    lines = console.export_text().splitlines()
    (marked,) = [line for line in lines if "only law 9" in line]
    assert "alone" in marked
    assert any(line.split() == ["voting", "2", "1", "1", "1", "1"] for line in lines)


@pytest.mark.usefixtures("ground")
def test_the_command_ends_with_1_where_a_mutant_survives(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    harmless = replace(VOTE, name="nothing at all", new=" answer,")
    monkeypatch.setattr(command, "registry", lambda: (VOTE, harmless))
    said = {}
    for words in ("majority voting", "nothing", "no such words"):
        monkeypatch.setattr("sys.argv", ["mutants", "--only", *words.split()])
        code = command.main()
        said[words] = (code, capsys.readouterr().out)
    assert [code for code, _ in said.values()] == [0, 1, 2]
    assert "1 mutants" in said["majority voting"][1]
    assert "nothing at all: survived: it was published" in said["nothing"][1]


def test_models_built_from_compiled_sql_are_what_dbt_builds(ground: Ground, tmp_path: Path) -> None:
    """Mutants of models are tried without dbt: it would build the same tables."""
    runs = [RunFolder(tmp_path / name) for name in ("by_hand", "dbt")]
    for run in runs:
        run.marts.mkdir(parents=True)
        run.warehouse.write_bytes(ground.warehouse(WHOLE).read_bytes())
    build_by_hand(compiled(ground.manifest, None), runs[0])
    build_models({edited_project(None, tmp_path / "project"): runs[1]}, select="*")
    found = []
    for run in runs:
        with duckdb.connect(str(run.warehouse), read_only=True) as con:
            con.execute("set timezone = 'UTC'")
            names = [
                name
                for (name,) in con.execute(
                    "select view_name from duckdb_views() where not internal and schema_name = 'main' order by all"
                ).fetchall()
            ]
            found.append({name: _rows(con, name) for name in names})
    assert len(found[0]) >= 25
    assert found[0] == found[1]


def _rows(con: duckdb.DuckDBPyConnection, name: str) -> tuple[list[str], list[str]]:
    """Columns with their types, and the rows as text, sorted."""
    columns = [f"{column} {kind}" for column, kind, *_ in con.execute(f'describe "{name}"').fetchall()]
    rows = con.execute(f'select to_json(held)::varchar from "{name}" as held order by all').fetchall()
    return columns, [row for (row,) in rows]


class Told(NamedTuple):
    """A mutant through dbt itself on the demo: the laws that it breaks, the step, and a row that must be named."""

    edit: Edit
    laws: set[int]
    step: str
    named: str


MART, NUMBERED, STAGING = "judgments", "int_judgments_numbered", "stg_judgments"
MARTS = "intermediate→marts"
_ONE = "(select min(annotator_id) from source where source_id = 'demo_topics')"
_OTHER = "(select max(annotator_id) from source where source_id = 'demo_topics')"
THROUGH_DBT: dict[str, Told] = {
    "majority vote on each item": Told(
        Edit(
            MART,
            "        answer,\n",
            "        mode(answer) over (partition by source_id, item_id, question_id) as answer,\n",
        ),
        {2, 3, 9},
        MARTS,
        " became ",
    ),
    "two annotators swapped": Told(
        Edit(
            MART,
            "        annotator_id,\n",
            f"        case when annotator_id = {_ONE} then {_OTHER} when annotator_id = {_OTHER} then {_ONE}"
            " else annotator_id end as annotator_id,\n",
        ),
        {2, 9},
        MARTS,
        ": changed, now of annotator a",
    ),
    "a join that fans out": Told(
        Edit(MART, "    from source\n)", "    from source, range(2)\n)"), {1, 2, 3, 9}, MARTS, ": added, "
    ),
    "repeats numbered backwards": Told(
        Edit(NUMBERED, "file_position, record_ordinal, record_part", "record_ordinal desc"),
        {9},
        "marts occurrences",
        "in order of arrival it is 1",
    ),
    "submitted only, in staging": Told(
        Edit(STAGING, "select * from source\n", "select * from source\nwhere status = 'submitted'\n"),
        {1, 2, 3, 9},
        "landing→staging",
        ": missing, ",
    ),
}


@pytest.fixture(scope="module")
def built(demo: Ran, tmp_path_factory: pytest.TempPathFactory) -> dict[str, RunFolder]:
    """The runs by mutant, built by dbt in one process."""
    root = tmp_path_factory.mktemp("mutants")
    space = workspace_of(demo.home, root / "store")
    runs = {name: bound_run(space, root / f"run{number}") for number, name in enumerate(THROUGH_DBT)}
    jobs = {
        edited_project(one.edit, root / f"project{number}"): runs[name]
        for number, (name, one) in enumerate(THROUGH_DBT.items())
    }
    build_models(jobs)
    return runs


def proved(demo: Ran, run: RunFolder) -> list[Verdict]:
    space = workspace_of(demo.home, run.root)
    return prove_run(run, state_behind(space, run), space.home)


@pytest.mark.xdist_group("mutants")
@pytest.mark.parametrize("name", THROUGH_DBT)
def test_a_mutant_through_dbt_is_caught_in_its_step_and_the_rows_are_named(
    demo: Ran, built: dict[str, RunFolder], name: str
) -> None:
    one = THROUGH_DBT[name]
    found = broken(proved(demo, built[name]))
    first = [verdict for verdict in found if verdict.step == one.step]
    assert {verdict.definition.number for verdict in first} == one.laws
    assert any(one.named in offender for verdict in first for offender in verdict.offenders)
    assert story(found).startswith(f"The laws are broken in step {one.step}:")
