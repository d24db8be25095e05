"""What a release says of itself to people and to other programs: its card, and the descriptions beside its tables."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import frictionless
import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

from pipelines.contracts.card import QUESTIONS
from pipelines.domain.licences import LICENCES
from pipelines.domain.tables import RELEASED
from pipelines.release.measures import measure
from tests.conftest import Ran
from tests.croissant_rules import faults

DESCRIPTIONS = ("CITATION.cff", "README.md", "croissant.json", "datapackage.json")


@pytest.fixture
def folder(demo: Ran, tmp_path: Path) -> Path:
    """A copy of the demo's release that a test may change."""
    copy = tmp_path / "release"
    shutil.copytree(demo.release("demo"), copy)
    for path in copy.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return copy


def document(demo: Ran, name: str) -> dict[str, Any]:
    held: dict[str, Any] = json.loads((demo.release("demo") / name).read_bytes())
    return held


def head(text: str) -> dict[str, Any]:
    """The YAML before a card."""
    held: dict[str, Any] = yaml.safe_load(text.split("---\n")[1])
    return held


def test_every_description_is_in_the_manifest_and_in_the_sums(demo: Ran) -> None:
    manifest = document(demo, "manifest.json")
    assert set(DESCRIPTIONS) <= {file["path"] for file in manifest["files"]}
    sums = (demo.release("demo") / "SHA256SUMS").read_text()
    assert all(f"  {name}\n" in sums for name in DESCRIPTIONS)


def test_the_card_is_filled_from_the_tables(demo: Ran) -> None:
    text = (demo.release("demo") / "README.md").read_text()
    judgments = pd.read_parquet(demo.release("demo") / "judgments")
    asked = judgments[judgments.question_id == "offensive"]
    per_item = sorted(asked.groupby("item_id").size())
    split = (asked.groupby("item_id").answer.nunique() > 1).sum()
    told = (
        f"| `demo_tone` | `offensive` | choice | {len(asked)} | {asked.item_id.nunique()} |"
        f" {asked.annotator_id.nunique()} | {per_item[0]} – {per_item[(len(per_item) - 1) // 2]} – {per_item[-1]} |"
        f" {asked.abstained.sum()} | {(asked.occurrence > 1).sum()} | {split} |"
    )
    assert told in text.splitlines()
    assert f"- {judgments.rationale.notna().sum()} judgments come with the annotator's own reasons." in text
    assert "`edits_overwritten`: only the last version of an edited answer was kept" in text
    assert "| `demo_tone` | Apache-2.0 | 846 |" in text
    assert "Annotators: 18 human; 0 judgments are a machine's." in text


def test_nothing_is_measured_where_nothing_is(folder: Path) -> None:
    """The twin: the numbers follow the files."""
    with duckdb.connect() as con:
        before = measure(con, folder)
        (path,) = (folder / "judgments").glob("*.parquet")
        con.execute(f"create table held as from '{path}' where not abstained and question_id <> 'topics'")
        con.execute(f"copy held to '{path}' (format parquet)")
        after = measure(con, folder)
    assert sum(one.abstained for one in before.questions) == 52
    assert sum(one.abstained for one in after.questions) == 0
    assert {one.question for one in before.questions} - {one.question for one in after.questions} == {"topics"}
    assert after.statuses.keys() < before.statuses.keys()


def test_the_card_has_each_answer_and_names_what_nobody_answered(demo: Ran) -> None:
    text = (demo.release("demo") / "README.md").read_text()
    for question in QUESTIONS:
        answered = f"**{question.words}**\n" in text
        assert answered != (f"- {question.words}" in text.splitlines())
    assert "Nobody; the texts are invented." in text


def test_the_head_of_the_card_is_the_hub_s(demo: Ran) -> None:
    from huggingface_hub import DatasetCard

    card = DatasetCard.load(demo.release("demo") / "README.md")
    assert card.data.license == "apache-2.0"
    assert card.data.size_categories == ["1K<n<10K"]
    items = pd.read_parquet(demo.release("demo") / "items")
    assert card.data.language == sorted(items.language.dropna().unique())
    configs = head(card.content)["configs"]
    assert [config["config_name"] for config in configs] == list(RELEASED)
    assert [config["config_name"] for config in configs if config.get("default")] == ["judgments"]


def test_croissant_keeps_the_rules_of_its_specifications(demo: Ran) -> None:
    held = document(demo, "croissant.json")
    assert faults(held, demo.release("demo")) == []
    assert [one["@id"] for one in held["recordSet"]] == list(RELEASED)
    assert held["rai:dataCollectionTimeframe"] == ["2026-03-02", "2026-03-06"]
    assert "none is averaged" in held["rai:dataManipulationProtocol"]
    assert "demo_tone, offensive: 6 to 7, the middle 6" in held["rai:annotationsPerItem"]


def _judgments(held: dict[str, Any]) -> Any:
    return held["recordSet"][0]["field"]


BROKEN: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "no creator": (lambda held: held.pop("creator"), "creator is required"),
    "no version of the format": (lambda held: held.update(conformsTo=[]), "does not say that it conforms"),
    "the library's name": (
        lambda held: held.update({"rai:annotationsManipulationProtocol": "x"}),
        "no property of Croissant RAI",
    ),
    "two values for one": (lambda held: held.update({"rai:annotationsPerItem": ["a"]}), "has one value"),
    "an unknown term": (lambda held: held.update(maker="x"), "no context resolves maker"),
    "a term lost": (lambda held: held["@context"].pop("isArray"), "no context resolves isArray"),
    "an id twice": (lambda held: held["recordSet"].append(held["recordSet"][1]), "is defined 2 times"),
    "a file renamed": (lambda held: held["distribution"][0].update({"@id": "x"}), "referred to and nowhere defined"),
    "another digest": (lambda held: held["distribution"][0].update(sha256="0" * 64), "has another sha256"),
    "another size": (lambda held: held["distribution"][0].update(contentSize="1 B"), "has another size"),
    "no such file": (lambda held: held["distribution"][0].update(contentUrl="x"), "x is no file of the release"),
    "a column lost": (lambda held: _judgments(held).pop(), "the fields of judgments are not its columns"),
    "a key that is no field": (
        lambda held: held["recordSet"][0]["key"].append({"@id": "items/item_id"}),
        "is no field of judgments",
    ),
    "another type": (lambda held: _judgments(held)[4].update(dataType="sc:Text"), "is said to be sc:Text"),
    "no list": (lambda held: _judgments(held)[11].pop("isArray"), "judgments/answer_choices is a list"),
    "nobody answered": (
        lambda held: _judgments(held)[9]["annotation"].pop("equivalentProperty"),
        "does not say what it is to judgments/answer",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_croissant_that_breaks_a_rule_is_seen(demo: Ran, name: str) -> None:
    change, told = BROKEN[name]
    held = document(demo, "croissant.json")
    change(held)
    assert any(told in fault for fault in faults(held, demo.release("demo")))


def test_the_data_package_is_valid_with_its_data(demo: Ran) -> None:
    report = frictionless.validate(str(demo.release("demo") / "datapackage.json"), limit_rows=40)
    assert report.flatten(["title", "message"]) == []
    assert [task.name for task in report.tasks] == list(RELEASED)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda held: held["resources"][5]["schema"]["fields"][1].update(type="integer"), "Type Error"),
        (lambda held: held["resources"][5].pop("path"), "Resource Error"),
        (lambda held: held["resources"][5]["schema"]["fields"][2].update(constraints={"required": True}), "Constraint"),
        (lambda held: held["resources"][4]["schema"].update(primaryKey=["source_id"]), "PrimaryKey"),
    ],
    ids=["another type", "no file", "a null where none may be", "a key that is none"],
)
def test_a_data_package_that_is_wrong_is_refused(folder: Path, change: Callable[[Any], object], told: str) -> None:
    path = folder / "datapackage.json"
    held = json.loads(path.read_bytes())
    change(held)
    path.write_text(json.dumps({**held, "resources": [held["resources"][4], held["resources"][5]]}))
    report = frictionless.validate(str(path))
    assert any(told in " ".join(row) for row in report.flatten(["title", "message"]))


def citation_faults(cff: dict[str, Any]) -> list[str]:
    """Where a citation breaks the rules of the Citation File Format 1.2."""
    found = [f"{name} is required" for name in ("cff-version", "message", "title", "authors") if not cff.get(name)]
    for number, one in enumerate(cff.get("references", [])):
        found += [
            f"references.{number}.{name} is required" for name in ("type", "title", "authors") if not one.get(name)
        ]
    named = cff.get("license", [])
    found += [
        f"{name} is no SPDX id" for name in ([named] if isinstance(named, str) else named) if name not in LICENCES
    ]
    return found


def test_the_citation_is_one_and_names_the_sources(demo: Ran) -> None:
    cff = yaml.safe_load((demo.release("demo") / "CITATION.cff").read_text())
    assert citation_faults(cff) == []
    assert (cff["type"], cff["authors"]) == ("dataset", [{"name": "The Variorum contributors"}])
    assert len(cff["references"]) == 3
    assert citation_faults({**cff, "authors": [], "license": "as we like"}) == [
        "authors is required",
        "as we like is no SPDX id",
    ]


@pytest.mark.xdist_group("public")
def test_releases_of_real_sources_keep_the_rules_too(public: Ran) -> None:
    for release in public.summary["releases"]:
        path = Path(release["path"])
        held = json.loads((path / "croissant.json").read_bytes())
        assert faults(held, path) == []
        package = json.loads((path / "datapackage.json").read_bytes())
        assert [one["name"] for one in package["resources"]] == list(RELEASED)
        for one in package["resources"]:
            assert [field["name"] for field in one["schema"]["fields"]] == pq.read_schema(path / one["path"]).names
        assert citation_faults(yaml.safe_load((path / "CITATION.cff").read_text())) == []
    research = head((public.release("lewidi2023_armis") / "README.md").read_text())
    assert (research["license"], research["license_name"]) == ("other", "licenseref-research-use")
    assert research["language"] == ["ar"]
