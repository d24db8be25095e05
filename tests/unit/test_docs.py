"""The generated documents are what their sources say, and the contract's schema accepts the contracts in the repo."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from pipelines.docs.contracts import json_schema
from pipelines.docs.generated import documents, stale, write
from pipelines.project import this_project

ROOT = this_project().root


def test_the_documents_in_the_repo_are_what_is_generated() -> None:
    assert stale(ROOT) == [], "run: python -m pipelines.docs"


def test_a_changed_document_is_seen(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    write(tmp_path)
    assert stale(tmp_path) == []
    (tmp_path / "docs" / "tables.md").write_text("an older table")
    assert stale(tmp_path) == ["docs/tables.md"]
    (tmp_path / "docs" / "tables.md").unlink()
    assert stale(tmp_path) == ["docs/tables.md"]


def test_every_field_of_the_contract_is_documented() -> None:
    text = documents()["docs/contracts.md"]
    for definition in json.loads(json_schema())["$defs"].values():
        for name in definition.get("properties", {}):
            assert f"| `{name}` |" in text


@pytest.mark.parametrize("source", sorted(this_project().contracts))
def test_the_schema_accepts_the_contracts_in_the_repo(source: str) -> None:
    contract = yaml.safe_load((this_project().ingest / source / "defs.yaml").read_text(encoding="utf-8"))
    as_json = json.loads(json.dumps(contract))
    jsonschema.Draft202012Validator(json.loads(json_schema())).validate(as_json)


def test_the_schema_refuses_an_unknown_field() -> None:
    contract = yaml.safe_load((this_project().ingest / "ttcw" / "defs.yaml").read_text(encoding="utf-8"))
    contract["attributes"]["licens"] = "MIT"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(json.loads(json_schema())).validate(contract)
