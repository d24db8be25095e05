"""Wrong contracts are refused with file, line, field, what is wrong and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.contracts.load import ContractError, load_contract, load_contracts
from pipelines.contracts.paths import parse_path
from pipelines.project import Project, UnknownNameError, this_project
from pipelines.shapes.paths import MISSING, AmbiguousPathError, follow

GOOD = """\
type: pipelines.components.AnnotationSource

attributes:
  source: mine
  title: Mine
  licence: MIT
  platform: tool
  attribution: stable
  questions:
    offensive:
      type: choice
      options: {"yes": "yes", "no": "no", unsure: I cannot say}
      abstain: [unsure]
    score: {type: rating, scale: {kind: ordinal, min: 1, max: 5}}
  files:
    - role: judgments
      pattern: "*.jsonl"
      dialect: {format: jsonl}
      each: {list: annotations}
      item: {key: id, text: text}
      annotator: {key: annotations.who}
      answers: {offensive: annotations.offensive, score: annotations.score}
"""


def refused(tmp_path: Path, text: str, folder: str = "mine") -> ContractError:
    """The error that a contract's text is refused with."""
    path = tmp_path / folder / "defs.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ContractError) as caught:
        load_contract(path)
    return caught.value


def test_the_good_one_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "mine" / "defs.yaml"
    path.parent.mkdir()
    path.write_text(GOOD)
    contract = load_contract(path)
    assert contract.annotator_scope == ("mine", "tool")
    assert contract.inbox_folder == "mine"


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("licence: MIT", "licens: MIT", 6, "unknown field; did you mean licence?"),
        ("licence: MIT", "# none", 4, "attributes.licence: is required"),
        ("attribution: stable", "attribution: sure", 8, "'stable', 'item_scoped' or 'none'"),
        ("platform: tool", "platform: My Tool", 7, "should match pattern"),
        ("type: choice", "type: chose", 11, "'choice', 'multi_choice'"),
        ("type: choice", "type: text", 11, "options belong to choice"),
        ("abstain: [unsure]", "abstain: [maybe]", 11, "which options does not list"),
        ("abstain: [unsure]", 'synonyms: {"No": "nope"}', 11, "no declared option"),
        ("abstain: [unsure]", 'synonyms: {"no": "yes"}', 11, "an option of its own"),
        (", scale: {kind: ordinal, min: 1, max: 5}", "", 14, "a rating question needs a scale"),
        ("min: 1, max: 5", "min: 5, max: 1", 14, "not below max"),
        ("kind: ordinal", "kind: nominal", 14, "'ordinal', 'interval' or 'ratio'"),
        ("role: judgments", "role: judgements", 16, "'judgments', 'items' or 'annotators'"),
        ('pattern: "*.jsonl"', 'pattern: "../*.jsonl"', 17, "leaves the source's inbox folder"),
        ('pattern: "*.jsonl"', 'pattern: "/etc/*"', 17, "leaves the source's inbox folder"),
        ("{format: jsonl}", "{format: xlsx}", 18, "'csv', 'json' or 'jsonl'"),
        ("{format: jsonl}", "{format: csv}", 16, "need json or jsonl"),
        ("{format: jsonl}", "{format: jsonl, encoding: utf-9}", 18, "unknown text encoding"),
        ("item: {key: id, text: text}", "", 16, "need item and answers"),
        ("key: annotations.who", "key: annotations..who", 16, "cannot be read from character 13"),
        ("annotator: {key: annotations.who}", "", 4, "needs an annotator"),
        ("score: annotations.score", "scores: annotations.score", 4, "which questions does not declare"),
        (", score: annotations.score", "", 4, "answered in no file"),
        ("score: annotations.score", "score: {field: annotations.score, split: ','}", 4, "split belongs to"),
        ("score: annotations.score", "score: {best: a, worst: b}", 4, "cannot be read so; it fits best_worst"),
        ("score: annotations.score", "score: {field: a, one_hot: {columns: {a: b}}}", 22, "needs exactly one of"),
        ("licence: MIT", "licence: MIT\n  known_losses: [everything]", 4, "allowed: aggregate_only"),
        ("source: mine", "source: catalog", 4, "used by the pipeline itself"),
        ("source: mine", "source: yours", 1, "the folder is 'mine'"),
        ("licence: MIT", "licence: MIT\n  licence: MIT", 7, "given twice; first on line 6"),
        ("licence: MIT", "licence: !!python/object/apply:os.getcwd []", 6, "is no valid YAML"),
        ("licence: MIT", "\tlicence: MIT", 6, "is no valid YAML"),
        ("AnnotationSource", "AnotationSource", 1, "must be pipelines.components.AnnotationSource"),
        ("attributes:", "more: 1\nattributes:", 3, "unknown; allowed: type, attributes"),
    ],
)
def test_a_fault_is_named_with_its_line(tmp_path: Path, old: str, new: str, line: int, told: str) -> None:
    assert old in GOOD
    error = refused(tmp_path, GOOD.replace(old, new, 1))
    assert told in str(error)
    assert any(fault.line == line and fault.file.endswith("mine/defs.yaml") for fault in error.faults), str(error)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("licence: MIT", "licens: MIT").replace("kind: ordinal", "kind: nominal")
    assert {fault.line for fault in refused(tmp_path, text).faults} >= {6, 14}
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "defs.yaml").write_text("")
    with pytest.raises(ContractError) as caught:
        load_contracts(tmp_path)
    assert {Path(fault.file).parent.name for fault in caught.value.faults} == {"mine", "other"}


@pytest.mark.parametrize("content", ["", "- a list", "just words", "{", b"\xff\xfe"])
def test_a_file_that_is_no_contract_is_refused(tmp_path: Path, content: str | bytes) -> None:
    path = tmp_path / "mine" / "defs.yaml"
    path.parent.mkdir()
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ContractError, match=r"defs\.yaml:1"):
        load_contract(path)


def test_the_digest_is_the_meaning_not_the_text(tmp_path: Path) -> None:
    digests = []
    for text in (GOOD, "# a comment\n" + GOOD, GOOD.replace("title: Mine", "title: Other")):
        path = tmp_path / "mine" / "defs.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        digests.append(load_contract(path).digest())
    assert digests[0] == digests[1] != digests[2]


def test_the_contracts_in_the_repo_are_valid_and_short() -> None:
    project = this_project()
    assert len(project.contracts) >= 17
    for source in project.contracts:
        lines = (project.ingest / source / "defs.yaml").read_text().splitlines()
        stated = [
            line for line in lines if line.strip() and not line.strip().startswith(("- file:", "url:", "sha256:"))
        ]
        assert len(stated) <= 52, source


def test_an_unknown_source_or_dataset_is_told_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="known sources: convabuse, crehate"):
        this_project().contract("nothing")
    with pytest.raises(UnknownNameError, match=r"known datasets: .*demo"):
        this_project().dataset("nothing")
    release = tmp_path / "assets" / "release" / "all"
    release.mkdir(parents=True)
    (release / "defs.yaml").write_text(
        "type: pipelines.components.DatasetRelease\n"
        "attributes: {dataset: all, title: All, description: Everything., sources: [gone], licence: MIT}\n"
    )
    with pytest.raises(ContractError, match="no contract for gone"):
        _ = Project(tmp_path).datasets


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a.b", 1),
        (r"x\.y", 2),
        ("list[k=v].n", 3),
        ("a.c", MISSING),
        ("list[k=none].n", MISSING),
        ("a.b.c", MISSING),
        ("other annotations.deep one", 4),
        ("by.$who", 5),
        ("by.$nobody", MISSING),
    ],
)
def test_a_path_finds_what_it_says(path: str, found: object) -> None:
    record = {"a": {"b": 1}, "x.y": 2, "list": [{"k": "v", "n": 3}, {"k": "w"}], "other annotations": {"deep one": 4},
              "by": {"ana": 5}, "$who": "ana"}  # fmt: skip
    assert follow(record, parse_path(path)) == found


def test_a_selector_that_fits_two_elements_chooses_none() -> None:
    with pytest.raises(AmbiguousPathError):
        follow({"list": [{"k": "v"}, {"k": "v"}]}, parse_path("list[k=v]"))


@pytest.mark.parametrize("path", ["", ".", "a..b", "a.", "a[b", "a[=c]"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        parse_path(path)
