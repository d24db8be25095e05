"""Our own miniature of each public export, with its traps, through the real contract, judgment by judgment.

``tests/fixtures/<source>/export`` is what lies in the inbox (a folder named ``….zip`` is packed here, so that its
members can be read in the repo, any other is copied as it is); ``expected.json`` was written from the text of the
export, never from what landed.
"""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from pipelines.contracts.load import DECLARATION, load_contract
from pipelines.contracts.model import SourceContract
from pipelines.contracts.profile import profiles
from pipelines.domain.pseudonyms import PseudonymKey
from pipelines.ingest import ingest_source
from pipelines.landing.home import Home
from pipelines.landing.land import connect
from pipelines.project import this_project
from tests.conftest import FROM_SCHEMA, PUBLIC, ROOT
from tests.recounting import assert_recounted
from tests.unit.landed import landed_folders

FIXTURES = ROOT / "tests" / "fixtures"
TOOLS = sorted(path.parent.name for path in FIXTURES.glob(f"*/{DECLARATION}"))
"""Exports of tools, read by a contract of a profile that lies beside them."""

KEY = PseudonymKey(b"k" * 32)

JUDGMENT = ("question", "item", "annotator", "occurrence", "answer", "raw_answer")
BESIDE = {"status": "submitted", "abstained": False, "rationale": None, "confidence": None, "attribution": "stable",
          "annotator_kind": "human", "presentation_order": None, "judged_at": None}  # fmt: skip
"""What a judgment has unless expected.json says otherwise."""


def contract_of(source: str) -> SourceContract:
    """The contract of a fixture: a public source's own, or the one that lies beside a tool's export."""
    beside = FIXTURES / source / DECLARATION
    return load_contract(beside) if beside.exists() else this_project().contract(source)


def inbox_of(source: str, tmp_path: Path, export: Path | None = None) -> Path:
    """An inbox with the fixture's export, or with another one, archives packed."""
    contract = contract_of(source)
    folder = tmp_path / "inbox" / contract.inbox_folder
    folder.mkdir(parents=True)
    for path in sorted((export or FIXTURES / source / "export").iterdir()):
        if path.is_file():
            shutil.copy(path, folder)
            continue
        if path.suffix != ".zip":
            shutil.copytree(path, folder / path.name)
            continue
        with zipfile.ZipFile(folder / path.name, "w", zipfile.ZIP_DEFLATED) as archive:
            for member in sorted(path.iterdir()):
                archive.writestr(zipfile.ZipInfo(member.name), member.read_bytes())
    return folder.parent


def landed(source: str, tmp_path: Path, export: Path | None = None) -> dict[str, list[Any]]:
    """What the export lands as, in the form of expected.json; annotators by their raw ids."""
    contract, home = contract_of(source), Home(tmp_path / "home")
    report = ingest_source(contract, inbox_of(source, tmp_path, export), home, KEY)
    folders = landed_folders(contract, home, KEY)
    assert_recounted(contract, home, KEY)
    for one in report.receipts:
        assert one.refused_as_a_whole is None, one.message
        assert one.records_recounted == one.records
        assert one.candidates == one.judgments + one.judgments_refused
    identities = home.root / "raw" / source / "identities"
    with connect() as con:
        con.execute(f"create view who as select distinct * from read_parquet('{identities}/*/*.parquet')")
        for table in ("judgments", "quarantine", "annotators", "annotator_attributes", "items", "upstream_aggregates"):
            parts = " union all ".join(
                f"select *, {place} as file_position from read_parquet('{folder}/{table}/*.parquet')"
                for place, folder in enumerate(folders)
            )
            con.execute(f"create view {table} as {parts}")
        judgments = con.execute(
            "select question_id, item_id, raw_annotator, row_number() over (partition by item_id, annotator_id,"
            " question_id order by file_position, record_ordinal, record_part) as occurrence, answer, raw_answer,"
            f" {', '.join(BESIDE)} from judgments left join who using (annotator_id)"
            " order by file_position, record_ordinal, record_part, question_id"
        ).fetchall()
        found = {
            "judgments": [[*row[: len(JUDGMENT)], _unusual(row[len(JUDGMENT) :])] for row in judgments],
            "quarantine": con.execute(
                "select question_id, record_ordinal, stage, reason, field from quarantine"
                " order by file_position, record_ordinal, record_part, question_id"
            ).fetchall(),
            "attributes": con.execute(
                "select distinct raw_annotator, attribute, value, attribute_status from annotator_attributes"
                " join who using (annotator_id) order by all"
            ).fetchall(),
            "annotators": con.execute(
                "select distinct raw_annotator, annotator_kind, pool from annotators join who using (annotator_id)"
                " order by all"
            ).fetchall(),
            "items": con.execute(
                "select distinct item_id, text, prompt, [one.text for one in responses], language, context, extra"
                " from items order by all"
            ).fetchall(),
            "aggregates": con.execute(
                "select distinct item_id, aggregate, value from upstream_aggregates order by all"
            ).fetchall(),
        }
    return json.loads(json.dumps(found))


def _unusual(values: tuple[Any, ...]) -> dict[str, Any]:
    """What a judgment has beside its answer, where it is not the usual."""
    named = zip(BESIDE, values, strict=True)
    return {name: str(value) if name == "judged_at" else value for name, value in named if value != BESIDE[name]}


def expected_of(source: str) -> dict[str, list[Any]]:
    """What is expected of a fixture; a judgment's usual companions may be left out."""
    said = json.loads((FIXTURES / source / "expected.json").read_text(encoding="utf-8"))
    said["judgments"] = [row if isinstance(row[-1], dict) else [*row, {}] for row in said["judgments"]]
    return {name: said.get(name, []) for name in ("judgments", "quarantine", "attributes", "items", "aggregates")}


def test_every_public_source_has_a_fixture_with_its_provenance() -> None:
    assert {path.name for path in FIXTURES.iterdir() if path.is_dir()} == {*PUBLIC, *FROM_SCHEMA, *TOOLS}
    for source in PUBLIC:
        text = (FIXTURES / source / "README.md").read_text(encoding="utf-8")
        assert all(part in text for part in ("invented", "## Schema", "## Traps", "sha256")), source
    for source in FROM_SCHEMA:
        text = (FIXTURES / source / "README.md").read_text(encoding="utf-8")
        assert all(part in text for part in ("from the schema", "invented", "## Not confirmed", "## Traps")), source


@pytest.mark.parametrize("source", TOOLS)
def test_a_tools_fixture_tells_its_schema_and_its_contract_is_short(source: str) -> None:
    """A profile and a project's questions are a contract of at most 40 lines."""
    text = (FIXTURES / source / "README.md").read_text(encoding="utf-8")
    assert all(part in text for part in ("invented", "## Schema", "## Traps")), source
    assert contract_of(source).profile is not None
    assert len((FIXTURES / source / DECLARATION).read_text(encoding="utf-8").splitlines()) <= 40


def test_every_format_of_every_tool_has_a_fixture() -> None:
    contracts = [contract_of(source) for source in TOOLS]
    used = {(one.tool, one.format_name) for one in (contract.profile for contract in contracts) if one is not None}
    beside = [mapping.profile for contract in contracts for mapping in contract.files]
    used |= {(one.tool, one.format or next(iter(profiles()[one.tool].formats))) for one in beside if one is not None}
    offered = {(tool, form) for tool, profile in profiles().items() for form in profile.formats}
    tables = {("label_studio", "tsv"), ("potato", "tsv")}
    assert offered - used == tables, "CSV with tabs, and tried on the tools' own exports"


@pytest.mark.parametrize("source", [*PUBLIC, *TOOLS])
def test_a_fixture_lands_as_it_was_written_down(source: str, tmp_path: Path) -> None:
    found, expected = landed(source, tmp_path), expected_of(source)
    for table, rows in expected.items():
        assert found[table] == rows, table


@pytest.mark.parametrize("place", range(len(JUDGMENT)))
def test_a_change_anywhere_in_a_judgment_would_be_seen(place: int, tmp_path: Path) -> None:
    """The twin: another question, item, annotator, occurrence, answer or raw answer, or one judgment less."""
    found, expected = landed("crehate", tmp_path), expected_of("crehate")["judgments"]
    assert found["judgments"] == expected
    changed = [list(row) for row in expected]
    changed[0][place] = "other"
    assert found["judgments"] != changed
    assert found["judgments"][1:] != expected
