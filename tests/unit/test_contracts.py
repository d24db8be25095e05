"""Wrong contracts are refused with file, line, field, what is wrong and what is allowed."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from pipelines.contracts.load import ContractError, load_contract, load_contracts
from pipelines.contracts.model import SourceContract
from pipelines.project import Project, UnknownNameError, this_project

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


def loaded(tmp_path: Path, text: str) -> SourceContract:
    """The contract that a text is."""
    path = tmp_path / "mine" / "defs.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return load_contract(path)


def test_the_good_one_is_taken(tmp_path: Path) -> None:
    contract = loaded(tmp_path, GOOD)
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
        ("type: choice", "type: text", 12, "options belong to choice"),
        ("abstain: [unsure]", "abstain: [maybe]", 13, "which options does not list"),
        ("abstain: [unsure]", 'synonyms: {"No": "nope"}', 13, "no declared option"),
        ("abstain: [unsure]", 'synonyms: {"no": "yes"}', 13, "an option of its own"),
        (", scale: {kind: ordinal, min: 1, max: 5}", "", 14, "a rating question needs a scale"),
        ("min: 1, max: 5", "min: 5, max: 1", 14, "not below max"),
        ("kind: ordinal", "kind: nominal", 14, "'ordinal', 'interval' or 'ratio'"),
        ("role: judgments", "role: judgements", 16, "'judgments', 'items' or 'annotators'"),
        ('pattern: "*.jsonl"', 'pattern: "../*.jsonl"', 17, "leaves the source's inbox folder"),
        ('pattern: "*.jsonl"', 'pattern: "/etc/*"', 17, "leaves the source's inbox folder"),
        ("{format: jsonl}", "{format: xlsx}", 18, "'csv', 'json', 'jsonl' or 'xml'"),
        ("{format: jsonl}", "{format: csv}", 19, "need json, jsonl or xml"),
        ("{format: jsonl}", "{format: jsonl, encoding: utf-9}", 18, "unknown text encoding"),
        ("item: {key: id, text: text}", "", 16, "need item and answers"),
        ("key: annotations.who", "key: annotations..who", 21, "cannot be read from character 13"),
        ("annotator: {key: annotations.who}", "", 16, "needs an annotator"),
        ("score: annotations.score", "scores: annotations.score", 22, "which questions does not declare"),
        (", score: annotations.score", "", 14, "answered in no file"),
        ("score: annotations.score", "score: {field: annotations.score, split: ','}", 22, "split belongs to"),
        ("score: annotations.score", "score: {best: a, worst: b}", 22, "cannot be read so; it fits best_worst"),
        ("score: annotations.score", "score: {field: a, one_hot: {columns: {a: b}}}", 22, "needs exactly one of"),
        (
            "score: annotations.score",
            "score: {one_hot: {prefix: 'a.', columns: {a: b}}}",
            22,
            "either columns or prefix",
        ),
        ("score: annotations.score", "score: {one_hot: {columns: {a: b}, options: [a]}}", 22, "options go with prefix"),
        ("score: annotations.score", "score: {one_hot: {prefix: annotations.}}", 22, "prefix needs options"),
        ("score: annotations.score", "score: {one_hot: {prefix: a..}}", 22, "cannot be read from character 3"),
        ("each: {list: annotations}", "each: {zip: {a: 'x{3..1}'}}", 19, "does not count up"),
        ("item: {key: id", "ignored: [{fields: [a], way: b}]\n      item: {key: id", 20, "why"),
        (
            "item: {key: id",
            "ignored: [{fields: [a, a], why: b}, {fields: a, why: c}]\n      item: {key: id",
            20,
            "two reasons",
        ),
        ("licence: MIT", "licence: MIT\n  fetch: {base: 'ftp://x', files: {a: b}}", 7, "should match pattern"),
        ("licence: MIT", "licence: MIT\n  known_losses: [everything]", 7, "is no loss code; allowed: aggregate_only"),
        ("source: mine", "source: catalog", 4, "used by the pipeline itself"),
        ("source: mine", "source: yours", 1, "the folder is 'mine'"),
        ("licence: MIT", "licence: MIT\n  licence: MIT", 7, "given twice; first on line 6"),
        ("licence: MIT", "licence: 5", 6, "should be a valid string; put a number into quotes"),
        ("licence: MIT", 'licence: "a\\0b"', 6, "no text (NUL"),
        ("licence: MIT", 'licence: "a\\ud800b"', 6, "half a surrogate pair"),
        ("licence: MIT", "licence: &x [*x]", 6, "refers to itself"),
        ("licence: MIT", "licence: *nothing", 6, "undefined alias"),
        ("licence: MIT", "? [a, b]\n  : c", 6, "a key is a single word"),
        ("licence: MIT", "licence: MIT\n---\nmore: 1", 7, "is no valid YAML"),
        ("offensive:\n", "Offensive Language:\n", 10, "should match pattern"),
        ("abstain: [unsure]", "abstain: [1.5]", 13, "put a number into quotes, as the export writes it"),
        ("abstain: [unsure]", "unanswered: [unsure]", 13, "which are answers"),
        ("type: rating,", 'type: rating, synonyms: {"six": "6"},', 14, "no declared option"),
        ("type: rating,", "type: text,", 14, "a scale belongs to a rating, not to text"),
        ("min: 1", "min: .inf", 14, "finite number"),
        ("min: 1", "min: one", 14, "valid number"),
        ('pattern: "*.jsonl"', 'pattern: "a**b.jsonl"', 17, "stands for any folders"),
        ('pattern: "*.jsonl"', 'pattern: "./*.jsonl"', 17, "has an empty step"),
        ('pattern: "*.jsonl"', "pattern: []", 17, "at least 1 item"),
        ("{format: jsonl}", "{format: jsonl, encoding: rot13}", 18, "unknown text encoding"),
        ("{format: jsonl}", "{format: jsonl, encoding: utf-7}", 18, "unknown text encoding"),
        ("{format: jsonl}", "{format: jsonl, records: object}", 18, "records: object belongs to format json"),
        ("{format: jsonl}", "{format: jsonl, delimiter: ';;'}", 18, "at most 1 character"),
        ("{format: jsonl}", "{format: jsonl, delimiter: 'é'}", 18, "no ASCII sign"),
        ("{format: jsonl}", "{format: jsonl, quote: ','}", 18, "the same sign"),
        ("{format: jsonl}", "{format: jsonl, header: [a]}", 18, "header belongs to format csv"),
        ("{format: jsonl}", "{format: csv, header: [a, b, a]}", 18, "header names a twice"),
        ("{format: jsonl}", "{format: csv, header: []}", 18, "at least 1 item"),
        ("{format: jsonl}", "{format: xml}", 18, "format xml needs record"),
        ("{format: jsonl}", "{format: csv, trailing_commas: true}", 18, "trailing_commas belongs to json and jsonl"),
        ("{format: jsonl}", "{format: jsonl, record: a/b}", 18, "record belongs to format xml"),
        ("{format: jsonl}", "{format: xml, record: a//b}", 18, "is no path of elements"),
        ("each: {list: annotations}", "each: {lst: annotations}", 19, "list, entries, columns, zip or zips"),
        ("each: {list: annotations}", "each: {list: annotations, to: x}", 19, "unknown field; allowed here: by, list"),
        ("each: {list: annotations}", 'each: {list: "annotations[a=b]"}', 19, "what a selector chose"),
        ("{key: id, text: text}", "{key: id, text: text, txt: a}", 20, "unknown field; did you mean text?"),
        ("{key: id, text: text}", '{key: [id, "a["]}', 20, "cannot be read from character 1"),
        ("{key: id, text: text}", "{key: $key}", 20, "nothing makes $key; fields that are made: $file"),
        (
            "{key: id, text: text}",
            "{key: id, responses: [{key: a, text: x}, {key: a, text: y}]}",
            20,
            "two responses have the key a",
        ),
        ("{key: id, text: text}", "{key: id, language: l, language_is: en}", 20, "exclude each other"),
        (
            "{key: id, text: text}",
            "{key: id, responses: [{key: b, text: x}]}\n      presentation_order: [a]",
            21,
            "presentation_order names ['a']; the item has ['b']",
        ),
        ("answers: {", "status: {field: s, values: {x: gone}}\n      answers: {", 22, "'submitted', 'skipped'"),
        ("answers: {", "judged_at: {field: t, format: '%Q'}\n      answers: {", 22, "is no time format"),
        (
            "licence: MIT",
            "licence: MIT\n  fetch: [{file: ../x, url: 'http://a', sha256: aa}]",
            7,
            "should match pattern",
        ),
        (
            "licence: MIT",
            f"licence: MIT\n  fetch: [{{file: x.csv, url: 'http://a', sha256: {'0' * 64}}}]",
            7,
            "x.csv would be fetched, but no pattern of files matches it",
        ),
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


AVERAGES = """\
type: pipelines.components.AnnotationSource

attributes:
  source: mine
  title: Mine
  licence: MIT
  platform: tool
  attribution: none
  known_losses: [aggregate_only]
  files:
    - role: items
      pattern: "*.jsonl"
      dialect: {format: jsonl}
      item: {key: id, text: text}
      upstream_aggregates: [quality]
"""


def test_a_source_of_aggregates_alone_needs_no_question(tmp_path: Path) -> None:
    contract = loaded(tmp_path, AVERAGES)
    assert contract.is_aggregate_only
    assert not contract.questions
    assert not loaded(tmp_path, GOOD).is_aggregate_only


def test_aggregates_are_refused_as_judgments_with_what_is_lost(tmp_path: Path) -> None:
    rated = AVERAGES.replace("role: items", "role: judgments").replace(
        "      upstream_aggregates: [quality]", "      answers: {quality: quality}"
    )
    rated = rated.replace("  files:", "  questions:\n    quality: {type: rating, scale: {kind: interval}}\n  files:")
    error = refused(tmp_path, rated)
    assert [fault.field for fault in error.faults] == ["attributes.files.0", "attributes.questions", "attributes.files"]
    told = error.faults[0].message
    assert "aggregate_only (only aggregates were published; single judgments are gone)" in told
    assert "an average or a count is nobody's answer" in told
    assert "role items" in told
    assert "upstream_aggregates" in told


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("      upstream_aggregates: [quality]\n", "", 11, "list them in upstream_aggregates"),
        (
            "  known_losses: [aggregate_only]\n",
            "",
            10,
            "no file of role judgments; where only aggregates were published",
        ),
    ],
)
def test_a_source_without_judgments_says_why(tmp_path: Path, old: str, new: str, line: int, told: str) -> None:
    assert old in AVERAGES
    error = refused(tmp_path, AVERAGES.replace(old, new))
    assert [(fault.line, told in fault.message) for fault in error.faults] == [(line, True)]


def test_two_faults_that_span_parts_are_both_told(tmp_path: Path) -> None:
    text = GOOD.replace("abstain: [unsure]", 'abstain: [maybe]\n      synonyms: {"No": "nope"}')
    assert [fault.line for fault in refused(tmp_path, text).faults] == [13, 14]
    text = GOOD.replace("licence: MIT", "licence: MIT\n  known_losses: [all]").replace(
        "score: annotations.score", "s: x"
    )
    assert [fault.line for fault in refused(tmp_path, text).faults] == [7, 15, 23]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("yes", "yes"),
        ("No", "No"),
        ("on", "on"),
        ("True", "True"),
        ("true", "true"),
        ("NULL", "NULL"),
        ("007", "007"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2024-01-05", "2024-01-05"),
        ("1e3", None),
        ("12", "12"),
        ("-1", "-1"),
        ("=", "="),
        ('"1.0"', "1.0"),
        ("1.0", None),
        ("~", None),
    ],
)
def test_a_plain_word_is_what_it_looks_like_or_is_refused(tmp_path: Path, written: str, read: str | None) -> None:
    """What the export's value is, the contract says in the same signs: YAML 1.1's guesses would change it."""
    text = GOOD.replace('{"yes": "yes", "no": "no", unsure: I cannot say}', f"{{{written}: label, unsure: x}}")
    if read is None:
        assert any(fault.line == 12 for fault in refused(tmp_path, text).faults)
    else:
        assert list(loaded(tmp_path, text).questions["offensive"].options) == [read, "unsure"]


def test_anchors_and_merge_keys_work(tmp_path: Path) -> None:
    text = GOOD.replace("offensive:\n", "offensive: &one\n").replace(
        "    score: {", "    rude:\n      <<: *one\n      abstain: []\n    score: {"
    )
    text = text.replace("answers: {offensive:", "answers: {rude: annotations.rude, offensive:")
    questions = loaded(tmp_path, text).questions
    assert questions["rude"].options == questions["offensive"].options
    assert (questions["rude"].abstain, questions["offensive"].abstain) == ([], ["unsure"])


def test_an_anchor_repeated_without_end_costs_nothing(tmp_path: Path) -> None:
    """A thousand million laughs, were they laughed one by one."""
    lines = ["x0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
    lines += [f"x{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    assert "must be" in str(refused(tmp_path, "\n".join(lines)))


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
    """A source in a known shape takes at most 40 lines, blank ones included, none of them squeezed.

    What cites and fetches it is not counted. One with several files of judgments, or more than fifteen questions, has
    as much for each of them.
    """
    project = this_project()
    assert len(project.contracts) >= 17
    for source, contract in project.contracts.items():
        lines = (project.ingest / source / "defs.yaml").read_text().splitlines()
        files = sum(mapping.role == "judgments" for mapping in contract.files)
        # Files in one known shape share their lines; a function beside the contract says that they do not.
        parts = max(files if contract.flatten else 1, math.ceil(len(contract.questions) / 15))
        assert len(counted_lines(lines)) <= 40 * parts, source
        assert max(map(len, lines)) <= 120, source


def counted_lines(lines: list[str]) -> list[str]:
    """Those of a contract that neither cite nor fetch it."""
    counted, skips = [], False
    for line in lines:
        if line.startswith("  ") and line[2] not in " -#":
            skips = line.startswith(("  citation:", "  fetch:"))
        if not skips:
            counted.append(line)
    return counted


@pytest.mark.parametrize(
    ("short", "spelled_out"),
    [
        ("attributes: [age, gender]", "attributes: {age: age, gender: gender}"),
        ("pattern: a.csv", "pattern: [a.csv]"),
        ("ignored: [{fields: [a, b], why: none}, {fields: c, why: other}]", "ignored: {a: none, b: none, c: other}"),
        ('each: {zip: {team: "t{1..3}_x"}}', "each: {zip: {team: [t1_x, t2_x, t3_x]}}"),
        ("both: {one_hot: {prefix: is.}}", "both: {one_hot: {columns: {yes: is.yes, a.b: is.a.b}}}"),
        ("one: {one_hot: {prefix: n_, options: [1, -1]}}", 'one: {one_hot: {columns: {"1": n_1, "-1": n_-1}}}'),
        ("answers: {A: left, B: tie}", "answers: {A: {preference: left}, B: {preference: tie}}"),
        (
            "fetch: {base: 'https://x.org/d/', files: {v1/a b.csv: %s}}",
            "fetch: [{file: a b.csv, url: 'https://x.org/d/v1/a%%20b.csv', sha256: %s}]",
        ),
    ],
)
def test_a_shorter_form_means_the_longer_one(tmp_path: Path, short: str, spelled_out: str) -> None:
    """The digest is the same, too: how a contract is written is not what it means."""
    parts = {
        "attributes": "attributes: [age]",
        "pattern": "pattern: [a.csv]",
        "ignored": "ignored: {}",
        "each": "each: {zip: {team: [x, y]}}",
        "both": "both: {one_hot: {prefix: is.}}",
        "one": "one: {one_hot: {prefix: n_, options: [1, -1]}}",
        "answers": "answers: {A: left, B: tie}",
        "fetch": "fetch: []",
    }
    digests = set()
    for form in (short, spelled_out):
        form = form % ("0" * 64) if "%s" in form else form
        now = {**parts, form.partition(":")[0]: form.replace("a b.csv", "a.csv").replace("a%20b", "a")}
        text = f"""\
type: pipelines.components.AnnotationSource
attributes:
  source: mine
  title: Mine
  licence: MIT
  platform: tool
  attribution: stable
  {now["fetch"]}
  questions:
    both: {{type: multi_choice, options: ["yes", a.b]}}
    one: {{type: rating, scale: {{kind: ordinal, min: -1, max: 1}}}}
    better: {{type: pairwise, {now["answers"]}}}
  files:
    - role: judgments
      {now["pattern"]}
      dialect: {{format: csv}}
      {now["each"]}
      item: {{key: id}}
      annotator: {{key: who, {now["attributes"]}}}
      {now["ignored"]}
      answers:
        {now["both"]}
        {now["one"]}
        better: better
"""
        digests.add(loaded(tmp_path, text).digest())
    assert len(digests) == 1


def test_an_unknown_source_or_dataset_is_told_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"known sources: .*convabuse, crehate"):
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


def test_two_raw_answers_of_a_comparison_that_mean_the_same_are_synonyms_or_have_strengths(tmp_path: Path) -> None:
    comparison = GOOD.replace(
        "score: {type: rating, scale: {kind: ordinal, min: 1, max: 5}}",
        "score: {type: pairwise, answers: {A: left, AA: left, B: right}}",
    )
    told = str(refused(tmp_path, comparison))
    assert "'A' and 'AA' mean the same; give each a strength, or make one a synonym of the other" in told
    synonym = comparison.replace("AA: left, B: right}", "B: right}, synonyms: {AA: A}")
    assert loaded(tmp_path, synonym).questions["score"].synonyms == {"AA": "A"}
    graded = comparison.replace("AA: left", "AA: {preference: left, strength: 2}")
    assert loaded(tmp_path, graded).questions["score"].answers["AA"].strength == 2
