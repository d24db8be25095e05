"""The declaration of a dataset: what it says, and what a public one is refused for, with file, line and field."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.contracts.card import QUESTIONS
from pipelines.contracts.dataset import Dataset, unanswered, unlicensed
from pipelines.contracts.load import ContractError
from pipelines.domain.licences import LICENCES, may_be_passed_on
from pipelines.project import Project, this_project
from pipelines.release.build import BuildError, refuse_unready
from tests.conftest import FROM_SCHEMA
from tests.conftest import PUBLIC as PUBLIC_SOURCES

SOURCE = """\
type: pipelines.components.AnnotationSource
attributes:
  source: {code}
  title: {code}
  licence: {licence}
  platform: tool
  attribution: stable
  questions: {{q: {{type: text}}}}
  files:
    - role: judgments
      pattern: "*.csv"
      dialect: {{format: csv}}
      item: {{key: i}}
      annotator: {{key: a}}
      answers: {{q: q}}
"""

PUBLIC = """\
type: pipelines.components.DatasetRelease
attributes:
  dataset: both
  title: Both
  description: Two sources.
  sources: [one, two]
  licence: CC-BY-4.0 AND MIT
  tier: public
  published: 2026-03-31
  creators: [{name: Ana}]
  contacts: [{name: Ana, email: ana@example.org}]
  answers:
""" + "".join(f"    {question.code}: Said.\n" for question in QUESTIONS if question.is_required)


def project(root: Path, text: str = PUBLIC, licence: str = "MIT") -> Project:
    """A project of two sources, the second under a licence, and one declared dataset."""
    for code, its in (("one", "CC-BY-4.0"), ("two", licence)):
        folder = root / "assets" / "ingest" / code
        folder.mkdir(parents=True)
        (folder / "defs.yaml").write_text(SOURCE.format(code=code, licence=its))
    folder = root / "assets" / "release" / "both"
    folder.mkdir(parents=True)
    (folder / "defs.yaml").write_text(text)
    return Project(root)


def test_a_public_dataset_that_says_what_it_must_is_taken(tmp_path: Path) -> None:
    declared = project(tmp_path)
    dataset = declared.dataset("both")
    refuse_unready(dataset, declared.contracts.values())
    assert (dataset.tier, dataset.published, dataset.creators[0].name) == ("public", "2026-03-31", "Ana")


REFUSED = {
    "an answer left out": (
        "    consent: Said.\n",
        "",
        13,
        "attributes.answers.consent: is required of a public dataset",
    ),
    "an empty answer": ("consent: Said.", 'consent: " "', 21, "should match pattern"),
    "an unknown question": ("consent: Said.", "concent: Said.", 21, "unknown field; did you mean consent?"),
    "nobody to ask": (
        "  contacts: [{name: Ana, email: ana@example.org}]\n",
        "",
        3,
        "attributes.contacts: is required of a public dataset: whom to ask",
    ),
    "nobody to cite": ("  creators: [{name: Ana}]\n", "", 3, "attributes.creators: is required of a public dataset"),
    "no day": ("  published: 2026-03-31\n", "", 3, "attributes.published: is required of a public dataset"),
    "a day that is none": ("2026-03-31", "31.3.2026", 9, "is no day; write it as 2026-03-31"),
    "a contact out of reach": (", email: ana@example.org", "", 11, "needs email or url"),
    "an ORCID that is none": ("{name: Ana}]\n", "{name: Ana, orcid: 0000-1}]\n", 10, "should match pattern"),
    "an unknown tier": ("tier: public", "tier: secret", 8, "'internal', 'restricted' or 'public'"),
    "a licence left out": (
        "CC-BY-4.0 AND MIT",
        "MIT",
        7,
        "leaves out CC-BY-4.0 of its sources; write CC-BY-4.0 AND MIT",
    ),
    "a licence nobody knows": ("AND MIT", "AND MIT AND mine", 7, "mine is not known; known are Apache-2.0"),
    "an unknown source": ("[one, two]", "[one, three]", 6, "no contract for three; known sources: one, two"),
    "a source twice": ("[one, two]", "[one, one]", 3, "names one source twice"),
    "another folder": ("dataset: both", "dataset: all", 3, "the folder is 'both'; the two must be equal"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_declaration_is_refused_by_file_line_and_field(tmp_path: Path, name: str) -> None:
    old, new, line, told = REFUSED[name]
    assert PUBLIC.count(old) == 1
    with pytest.raises(ContractError) as refused:
        _ = project(tmp_path, PUBLIC.replace(old, new)).datasets
    assert any(told in str(fault) and fault.line == line for fault in refused.value.faults), refused.value
    assert all(fault.file.endswith("both/defs.yaml") for fault in refused.value.faults)


@pytest.mark.parametrize("licence", ["LicenseRef-research-use", "CC-BY-ND-4.0", "MIT AND LicenseRef-research-use"])
def test_a_public_dataset_holds_no_source_that_may_not_be_passed_on(tmp_path: Path, licence: str) -> None:
    text = PUBLIC.replace("AND MIT", f"AND {licence}")
    with pytest.raises(ContractError) as refused:
        _ = project(tmp_path, text, licence).datasets
    (fault, *_) = refused.value.faults
    assert (fault.line, fault.field) == (6, "attributes.sources.1")
    assert f"two is under {licence}, which is not known to allow redistribution" in fault.message
    assert "leave the source out, or say another tier" in fault.message


@pytest.mark.parametrize("tier", ["internal", "restricted"])
def test_other_tiers_may_be_silent_and_hold_any_source(tmp_path: Path, tier: str) -> None:
    silent = PUBLIC.split("  published")[0].replace("tier: public", f"tier: {tier}")
    declared = project(tmp_path, silent, "LicenseRef-research-use")
    refuse_unready(declared.dataset("both"), declared.contracts.values())
    assert list(declared.datasets) == ["both"]


def test_a_public_dataset_is_released_when_it_is_named_and_leaves_its_sources_to_themselves(tmp_path: Path) -> None:
    declared = project(tmp_path)
    assert list(declared.datasets) == ["both", "one", "two"]
    assert [one.dataset for one in declared.datasets_with(["one"])] == ["one"]


def test_a_source_of_aggregates_alone_is_in_no_dataset(tmp_path: Path) -> None:
    """Nor is it one of its own: a release is of judgments."""
    declared = project(tmp_path)
    path = tmp_path / "assets" / "ingest" / "two" / "defs.yaml"
    text = path.read_text().partition("  questions")[0] + (
        "  known_losses: [aggregate_only]\n  files:\n    - role: items\n      pattern: a.csv\n"
        "      dialect: {format: csv}\n      item: {key: i}\n      upstream_aggregates: [mean]\n"
    )
    path.write_text(text)
    with pytest.raises(ContractError, match="two holds no judgments, only aggregates of them"):
        _ = declared.datasets
    (tmp_path / "assets" / "release" / "both" / "defs.yaml").unlink()
    assert list(Project(tmp_path).datasets) == ["one"]


def test_a_public_dataset_may_not_be_called_as_a_source_is(tmp_path: Path) -> None:
    declared = project(tmp_path)
    (tmp_path / "assets" / "release" / "both").rename(tmp_path / "assets" / "release" / "one")
    path = tmp_path / "assets" / "release" / "one" / "defs.yaml"
    path.write_text(PUBLIC.replace("dataset: both", "dataset: one"))
    with pytest.raises(ContractError, match="is the code of a source, whose own releases are not public"):
        _ = declared.datasets


def silenced(dataset: Dataset, **changes: object) -> Dataset:
    """A dataset that no loader has checked."""
    return dataset.model_copy(update=changes)


def test_the_gate_asks_again_whatever_the_loader_said(tmp_path: Path) -> None:
    declared = project(tmp_path)
    dataset, contracts = declared.dataset("both"), declared.contracts
    unsaid = silenced(dataset, contacts=[], answers=dataset.answers.model_copy(update={"uses": None}))
    with pytest.raises(BuildError, match=r"Not published: both is public(.|\n)*contacts: (.|\n)*answers\.uses: "):
        refuse_unready(unsaid, contracts.values())
    research = {**contracts, "two": contracts["two"].model_copy(update={"licence": "LicenseRef-research-use"})}
    with pytest.raises(BuildError, match=r"sources\.1: two is under LicenseRef-research-use"):
        refuse_unready(dataset, research.values())
    assert (
        unanswered(silenced(unsaid, tier="internal")) == unlicensed(silenced(dataset, tier="internal"), research) == []
    )


def test_no_licence_is_known_to_allow_what_it_does_not() -> None:
    assert not any(may_be_passed_on(spdx) for spdx in LICENCES if "-ND-" in spdx)
    assert may_be_passed_on("CC-BY-4.0 AND MIT")
    assert not may_be_passed_on("CC-BY-4.0 OR mine")


def test_the_public_sources_that_may_be_public_are_public_together() -> None:
    declared = this_project()
    held = set(declared.dataset("public_sources").sources)
    assert set(PUBLIC_SOURCES) - held == {"lewidi2023_armis"}
    assert not held & set(FROM_SCHEMA), "nobody has looked at their files"
    assert not may_be_passed_on(declared.contracts["lewidi2023_armis"].licence)
    assert not any(
        question.is_required and not declared.dataset("demo").answers.answer(question.code) for question in QUESTIONS
    )


def test_the_daily_run_publishes_nothing_to_the_public() -> None:
    from pipelines.components.shared import release_key
    from pipelines.definitions import defs

    schedule = defs.resolve_schedule_def("daily")
    daily, whole = (
        set(defs.resolve_job_def(name).asset_layer.executable_asset_keys) for name in (schedule.job_name, "pipeline")
    )
    assert whole - daily == {release_key("public_sources")}
