"""A tool's profile and a project's questions are a contract: what comes of it, and what is refused where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipelines.contracts.files import FileMapping
from pipelines.contracts.load import ContractError, load_contract
from pipelines.contracts.model import SourceContract
from pipelines.contracts.profile import FOLDER, ToolFormat, profiles, read_profile
from pipelines.domain.vocabulary import AnswerType

GOOD = """\
type: pipelines.components.AnnotationSource
attributes:
  source: mine
  title: Mine
  licence: MIT
  profile:
    tool: label_studio
    format: json_min
    item: {key: ref, text: text}
    answers:
      order: {control: rank}
  questions:
    tone: {type: choice, options: [good, bad]}
    order: {type: ranking}
"""

QUESTIONS: dict[AnswerType, dict[str, Any]] = {
    AnswerType.CHOICE: {"type": "choice", "options": ["a", "b"]},
    AnswerType.MULTI_CHOICE: {"type": "multi_choice", "options": ["a", "b"]},
    AnswerType.RATING: {"type": "rating", "scale": {"kind": "ordinal", "min": 1, "max": 5}},
    AnswerType.PAIRWISE: {"type": "pairwise", "answers": {"left": "left", "right": "right"}},
    AnswerType.RANKING: {"type": "ranking"},
    AnswerType.BEST_WORST: {"type": "best_worst"},
    AnswerType.SPANS: {"type": "spans"},
    AnswerType.TEXT: {"type": "text"},
}


def loaded(tmp_path: Path, text: str) -> SourceContract:
    path = tmp_path / "mine" / "defs.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return load_contract(path)


def refused(tmp_path: Path, text: str) -> str:
    with pytest.raises(ContractError) as caught:
        loaded(tmp_path, text)
    return str(caught.value).replace(f"{tmp_path}/", "")


def test_what_comes_of_it_is_what_could_have_been_written_by_hand(tmp_path: Path) -> None:
    made = loaded(tmp_path, GOOD)
    by_hand = SourceContract.model_validate(
        {
            "source": "mine",
            "title": "Mine",
            "licence": "MIT",
            "platform": "label_studio",
            "attribution": "stable",
            "known_losses": [
                "edits_overwritten",
                "accounts_deleted",
                "cancelled_dropped",
                "items_dropped",
                "marks_dropped",
                "regions_unlinked",
            ],
            "questions": {"tone": {"type": "choice", "options": ["good", "bad"]}, "order": {"type": "ranking"}},
            "files": [
                {
                    "role": "judgments",
                    "pattern": "*.json",
                    "dialect": {"format": "json"},
                    "item": {"key": "ref", "text": "text"},
                    "annotator": {"key": "annotator", "unknown": {"values": [None, "None"], "by": "annotation_id"}},
                    "judgment": {"key": "annotation_id", "may_be_absent": True},
                    "answers": {"tone": "tone[?choices]", "order": "rank[].ranker.rank[]"},
                    "judged_at": "created_at",
                    "duration_s": "lead_time",
                }
            ],
        }
    )
    assert made.digest() == by_hand.digest()
    assert made.profile is not None
    assert by_hand.profile is None


def test_what_the_project_says_goes_before_the_profile(tmp_path: Path) -> None:
    more = "  platform: our_server\n  attribution: item_scoped\n  known_losses: [filtered_upstream]\n"
    made = loaded(tmp_path, GOOD.replace("    item:", "    pattern: sub/*.json\n    item:") + more)
    assert (made.platform, made.attribution) == ("our_server", "item_scoped")
    assert made.known_losses[:2] == ["filtered_upstream", "edits_overwritten"]
    assert made.files[0].pattern == ["sub/*.json"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("tool: label_studio", "tool: labelstudio", "7: attributes.profile.tool: there is no profile 'labelstudio'"),
        ("json_min", "jsonmin", "8: attributes.profile.format: label_studio has no format 'jsonmin'; it has: json,"),
        ("tool:", "tol:", "7: attributes.profile.tol: unknown field; did you mean tool?"),
        ("text: text", "txt: text", "9: attributes.profile.item.txt: unknown field; did you mean text?"),
        ("key: ref", "key: id", "9: attributes.profile.item.key.0: Label Studio's JSON-MIN cannot carry a field 'id'"),
        (
            "key: ref",
            "key: $record",
            "9: attributes.profile.item.key.0: Label Studio's JSON-MIN has no $record; it has",
        ),
        ("text: text", "text: tone", "13: attributes.questions.tone: 'tone' is a control and a field"),
        ("control: rank", "control: lead_time", "11: attributes.profile.answers.order: Label Studio's JSON-MIN cannot"),
        ("control: rank", 'control: "a]b"', "11: attributes.profile.answers.order: 'a]b' holds a sign"),
        (
            "control: rank",
            "kind: choices",
            "11: attributes.profile.answers.order: label_studio (JSON-MIN) cannot answer",
        ),
        ("control: rank", "kind: buckets", "11: attributes.profile.answers.order: needs exactly one of"),
        ("order: {control", "odrer: {control", "11: attributes.profile.answers.odrer: answers name odrer"),
        (
            "control: rank",
            "control: rank, rationale: {control: why, kind: labels}",
            "11: attributes.profile.answers.order.rationale: label_studio (JSON-MIN) cannot tell it by labels; it can",
        ),
        ("type: ranking", "type: best_worst", "11: attributes.profile.answers.order: label_studio (JSON-MIN) cannot"),
        ("type: ranking", "type: rank", "14: attributes.questions.order.type: input should be"),
        ("licence: MIT", "licence: MIT\n  files: 3", "attributes.files: input should be a valid list"),
        ("    item: {key: ref, text: text}\n", "", "7: attributes.profile.item: is required"),
    ],
)
def test_a_fault_is_told_where_the_contract_says_it(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in GOOD
    error = refused(tmp_path, GOOD.replace(old, new, 1))
    assert told.split(": ", 1)[1] in error, error
    assert f"mine/defs.yaml:{told.split(':')[0]}: " in error or not told[0].isdigit(), error


def test_what_stands_beside_an_answer_needs_a_format_that_holds_them_together(tmp_path: Path) -> None:
    """Lists of a question's own do not say which reason belongs to which answer."""
    text = GOOD.replace("label_studio", "argilla").replace("json_min", "list")
    told = (
        "attributes.profile.answers.order.rationale: argilla (to_list(flatten=True)) holds the answers to each question"
    )
    assert told in refused(tmp_path, text.replace("control: rank", "control: rank, rationale: why"))
    assert loaded(tmp_path, text).files[0].answers["order"].field == "$order"


def test_a_fault_in_files_of_the_contracts_own_is_told_there(tmp_path: Path) -> None:
    files = "  files:\n    - {role: annotators, pattern: p.csv, dialect: {format: csv}, annotator: {key: who}}\n"
    assert "mine/defs.yaml:16: attributes.files.0: files of role annotators" in refused(tmp_path, GOOD + files)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("{tool: prolific, attributes: [height]}", "profile.attributes: there is no height; there are: age, sex,"),
        ("{tool: prolificc, attributes: [age]}", "profile.tool: there is no profile 'prolificc'; there are: argilla,"),
        ("{tool: argilla, attributes: [age]}", "profile.format: argilla's records of the REST API holds judgments;"),
        ("{tool: prolific}", "profile.attributes: Field required"),
    ],
)
def test_a_fault_in_a_profile_of_people_is_told_there(tmp_path: Path, written: str, told: str) -> None:
    error = refused(tmp_path, f"{GOOD}  files:\n    - profile: {written}\n")
    assert f"mine/defs.yaml:16: attributes.files.0.{told}" in error, error


def test_a_profile_of_people_is_what_could_have_been_written_by_hand(tmp_path: Path) -> None:
    """What stands beside it goes before it; attributes of the study's own have its reasons, too."""
    files = "  files:\n    - {pattern: who.csv, profile: {tool: prolific, attributes: {age: Age, hand: Handedness}}}\n"
    made = loaded(tmp_path, GOOD + files).files[1]
    statuses = {"Prefer not to say": "declined", "Rather not say": "declined", "CONSENT_REVOKED": "withheld",
                "DATA_EXPIRED": "withheld"}  # fmt: skip
    attributes = {"age": {"field": "Age", "statuses": statuses}, "hand": {"field": "Handedness", "statuses": statuses}}
    by_hand = {"role": "annotators", "pattern": "who.csv", "dialect": {"format": "csv"}}
    by_hand |= {"annotator": {"key": "Participant id", "attributes": attributes}}
    assert made.model_dump() == FileMapping.model_validate(by_hand).model_dump()


def test_files_of_the_contracts_own_stand_behind_the_profiles(tmp_path: Path) -> None:
    files = (
        "  files:\n    - {role: annotators, pattern: p.csv, dialect: {format: csv},"
        " annotator: {key: who, attributes: [age]}}\n"
    )
    assert [one.role for one in loaded(tmp_path, GOOD + files).files] == ["judgments", "annotators"]


@pytest.mark.parametrize(
    ("tool", "form", "kind"),
    [
        (tool, form, kind)
        for tool, profile in profiles().items()
        for form, held in profile.formats.items()
        for kind in held.controls
    ],
)
def test_every_control_of_every_profile_makes_a_contract(tool: str, form: str, kind: str) -> None:
    control = profiles()[tool].formats[form].controls[kind]
    told = str(control.answer)
    answer: dict[str, Any] = {"control": "a.b", "kind": kind}
    answer |= {"tiers": ["one", "two"]} if "{name}" in told else {}
    answer |= {"part": "c.d"} if "{part}" in told else {}
    answer |= {"options": [1, 2]} if "one_hot" in told and AnswerType.RATING in control.questions else {}
    for asked in control.questions:
        contract = SourceContract.model_validate(
            {
                "source": "made",
                "title": "Made",
                "licence": "MIT",
                "questions": {"asked": QUESTIONS[asked]},
                "profile": {
                    "tool": tool,
                    "format": form,
                    "item": {"key": "ref"},
                    "answers": {"asked": answer},
                },
            }
        )
        made = contract.files[0].answers["asked"]
        assert made.named()
        assert not [blank for blank in ("{control}", "{question}", "{name}", "{part}") if blank in str(made)]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_profile_says_where_its_schema_was_read(path: Path) -> None:
    assert len(read_profile(path).schema_from) > 20


def test_a_fault_in_a_profile_is_told_by_its_line(tmp_path: Path) -> None:
    text = (FOLDER / "label_studio.yaml").read_text(encoding="utf-8")
    path = tmp_path / "label_studio.yaml"
    path.write_text(text.replace("losses: [edits_overwritten,", "losses: [edits_lost,", 1), encoding="utf-8")
    line = next(number for number, said in enumerate(text.splitlines(), 1) if "losses: [edits" in said)
    with pytest.raises(ContractError, match=rf"label_studio.yaml:{line}: formats.json.losses: edits_lost is no loss"):
        read_profile(path)


def test_yaml_of_a_profile_is_loaded_safely(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("title: !!python/object/apply:os.getcwd []\n", encoding="utf-8")
    with pytest.raises(ContractError, match="is no valid YAML"):
        read_profile(path)


def test_a_format_that_has_no_control_for_a_question_has_no_default() -> None:
    form: ToolFormat = profiles()["label_studio"].formats["json"]
    assert form.default_kind(AnswerType.BEST_WORST) is None
    assert form.default_kind(AnswerType.CHOICE) == "choices"


def test_a_control_that_is_asked_of_several_things_needs_to_know_which(tmp_path: Path) -> None:
    text = GOOD.replace("tool: label_studio", "tool: potato").replace("json_min", "jsonl")
    text = text.replace("item: {key: ref, text: text}", "item: {key: $item}").replace("type: ranking", "type: text")
    told = "attributes.profile.answers.order: a control of kind part is asked of several things; part says of which"
    assert told in refused(tmp_path, text.replace("control: rank", "kind: part"))
    assert "a control of kind value has no parts" in refused(tmp_path, text.replace("control: rank", "part: one"))
    assert loaded(tmp_path, text.replace("control: rank", "kind: part, part: one")).files[0].answers
