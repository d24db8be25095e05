"""What annotators are called in a release: each tier has pseudonyms of its own, which the gate proves on the files."""

from __future__ import annotations

import hashlib
import hmac
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations.laws.verdicts import LawBrokenError, broken
from pipelines.contracts.dataset import Dataset
from pipelines.domain.pseudonyms import PseudonymKey
from pipelines.domain.tables import RELEASED, TABLES
from pipelines.project import this_project
from pipelines.proof import CONFLICTS
from pipelines.publication import prove_and_build, publish_dataset
from pipelines.release.build import Built, write_tables
from pipelines.release.names import Names, names_of
from pipelines.release.prove import prove_release
from pipelines.reproof import prove_published
from pipelines.warehouse.catalog import bound_anew
from pipelines.warehouse.run_folder import RunFolder
from pipelines.warehouse.state import state_of_run
from tests.conftest import TEST_KEY, Ran
from tests.integration.by_hand import workspace_of

NAMED = [name for name in RELEASED if "annotator_id" in TABLES[name].column_names]


@pytest.fixture(scope="module")
def run(demo: Ran, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A copy of the demo's run, proved and checked, but not yet released. No test changes its tables."""
    copy = RunFolder(tmp_path_factory.mktemp("names") / demo.summary["run"])
    shutil.copytree(demo.run_folder, copy.root, ignore=shutil.ignore_patterns("releases", "data_docs"))
    return copy


def of_tier(tier: str, **fields: Any) -> Dataset:
    return this_project().dataset("demo").model_copy(update={"tier": tier, **fields})


def build(demo: Ran, run: RunFolder) -> Built:
    """What the gate lets through of the demo, when it is restricted."""
    space = workspace_of(demo.home, run.root.parent / "store")
    state = state_of_run(run.warehouse, this_project().contracts, space.key, space.home)
    return prove_and_build(of_tier("restricted"), this_project(), space, run, state, {})


def broken_laws(demo: Ran, run: RunFolder) -> set[int]:
    """Which laws the gate finds broken on the files of one source, when it is restricted: that part of it alone."""
    dataset = of_tier("restricted", sources=["demo_tone"])
    space = workspace_of(demo.home, run.root.parent / "store")
    state = state_of_run(run.warehouse, this_project().contracts, space.key, space.home).of(dataset.sources)
    with bound_anew(run, state) as con:
        names = names_of(con, space.key, dataset.tier, dataset.sources)
        written = write_tables(dataset, run, con, names)
        verdicts = prove_release(con, written.folder, dataset.sources, CONFLICTS, names)
    return {verdict.definition.number for verdict in broken(verdicts)}


def rows(folder: Path, table: str) -> list[dict[str, Any]]:
    with duckdb.connect() as con:
        con.execute("set timezone = 'UTC'")
        found = con.execute(f"from read_parquet('{folder}/{table}/*.parquet')")
        columns = [column[0] for column in found.description or []]
        return [dict(zip(columns, row, strict=True)) for row in found.fetchall()]


def expected(pseudonym: str | None) -> str | None:
    """The name of a restricted release, by the standard library alone."""
    if pseudonym is None:
        return None
    own = hmac.new(bytes.fromhex(TEST_KEY), b"variorum pseudonyms of tier\x1frestricted\x01", hashlib.sha256).digest()
    return "a" + hmac.new(own, pseudonym.encode(), hashlib.sha256).hexdigest()[:32]


def test_a_release_has_the_names_of_its_tier_and_is_the_same_but_for_them(demo: Ran, run: RunFolder) -> None:
    made = build(demo, run)
    assert NAMED == ["judgments", "annotators", "annotator_attributes"]
    for table in NAMED:
        ours, landed = rows(made.folder, table), rows(demo.release("demo"), table)
        told = [{**row, "annotator_id": expected(row["annotator_id"])} for row in landed]
        assert Counter(map(repr, ours)) == Counter(map(repr, told))
    everybody = {row["annotator_id"] for row in rows(made.folder, "annotators")}
    assert len(everybody) == 18
    assert everybody.isdisjoint(row["annotator_id"] for row in rows(demo.release("demo"), "annotators"))
    others = [table for table in RELEASED if table not in (*NAMED, "ledger", "fingerprints")]
    for table in others:
        assert rows(made.folder, table) == rows(demo.release("demo"), table)
    text = b"".join(path.read_bytes() for path in made.folder.rglob("*.*") if path.suffix != ".parquet")
    assert not any(row["annotator_id"].encode() in text for row in rows(demo.release("demo"), "annotators"))

    key = PseudonymKey(bytes.fromhex(TEST_KEY))
    assert made.manifest.key_fingerprint == key.of_tier("restricted").fingerprint != key.fingerprint
    assert key.of_tier("restricted").secret.hex().encode() not in text


def test_names_that_are_landing_s_own_do_not_pass_the_gate(
    demo: Ran, run: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PseudonymKey, "renamed", lambda _, name: name)
    with pytest.raises(LawBrokenError, match="no name of this tier: a"):
        build(demo, run)


def test_nothing_is_broken_where_nothing_is_wrong(demo: Ran, run: RunFolder) -> None:
    assert broken_laws(demo, run) == set()


WRONG_KEYS: dict[str, Callable[[PseudonymKey, str], str]] = {
    "one name for all": lambda key, name: "a" + "0" * 32,
    "names that people share": lambda key, name: "a" + hashlib.sha256(name.encode()).hexdigest()[:1] * 32,
}


@pytest.mark.parametrize("wrong", WRONG_KEYS)
def test_names_that_are_not_a_tier_s_own_or_not_one_person_s_are_not_published(
    demo: Ran, run: RunFolder, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    monkeypatch.setattr(PseudonymKey, "renamed", WRONG_KEYS[wrong])
    assert {2, 9} <= broken_laws(demo, run)


GIVEN = Names.given


def all_but(left: str) -> Callable[[Names, str, str], str]:
    """One table is written as landing has it."""
    return lambda names, table, rows: rows if table == left else GIVEN(names, table, rows)


def altered(who: str) -> Callable[[Names, str, str], str]:
    """Judgments are given away before people are renamed."""

    def given(names: Names, table: str, rows: str) -> str:
        if table != "judgments":
            return GIVEN(names, table, rows)
        ends = f"(select min(annotator_id) as low, max(annotator_id) as high from {names.relation})"
        query = f"select held.* replace ({who} as annotator_id) from ({rows}) held, {ends} ends"
        return GIVEN(names, table, query)

    return given


WRONG_FILES: dict[str, Callable[[Names, str, str], str]] = {
    "nobody is renamed": lambda names, table, rows: rows,
    **{f"{table} are not renamed": all_but(table) for table in NAMED},
    "two people are swapped": altered("case annotator_id when low then high when high then low else annotator_id end"),
    "two people are one": altered("case annotator_id when low then high else annotator_id end"),
    "somebody is nobody": altered("nullif(annotator_id, low)"),
    "somebody is made up": altered("case annotator_id when low then 'somebody' else annotator_id end"),
}


@pytest.mark.parametrize("wrong", WRONG_FILES)
def test_files_that_do_not_have_the_names_of_their_tier_break_the_laws(
    demo: Ran, run: RunFolder, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    monkeypatch.setattr(Names, "given", WRONG_FILES[wrong])
    assert 9 in broken_laws(demo, run)


def test_a_release_under_names_of_its_own_is_proved_again_and_versioned(demo: Ran, run: RunFolder) -> None:
    space = workspace_of(demo.home, run.root.parent / "store")
    first = publish_dataset(of_tier("internal"), this_project(), space, run, run.root.name)
    second = publish_dataset(of_tier("restricted"), this_project(), space, run, run.root.name)
    assert (first.manifest.version, second.manifest.version) == ("1.0.0", "2.0.0")
    assert "pseudonyms made with another key" in " ".join(second.published.reasons)
    for version in ("1.0.0", "2.0.0"):
        proof = prove_published(this_project(), space, "demo", version)
        assert (proof.holds, proof.left_out) == (True, ()), proof.story
        assert "landing→release" in {verdict.step for verdict in proof.verdicts}
