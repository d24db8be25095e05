"""`source new` proposes contracts that are valid, land what the export holds, mark every guess, and name nobody."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pipelines.check import SourceCheck, check_source
from pipelines.contracts.load import DECLARATION, load_contract
from pipelines.contracts.model import SourceContract
from pipelines.proposals.guess import MARK, Guess, as_yaml, count_guesses
from pipelines.proposals.names import is_personal
from pipelines.proposals.propose import Proposal, propose
from pipelines.proposals.sample import SampleError
from tests.conftest import ROOT

DATA = ROOT.parent / "shared" / "data"


def proposed(tmp_path: Path, export: Path) -> tuple[Proposal, SourceContract]:
    """A proposal, and the contract that it is."""
    proposal = propose("mine", export)
    file = tmp_path / "contracts" / "mine" / DECLARATION
    file.parent.mkdir(parents=True)
    file.write_text(proposal.text, encoding="utf-8")
    return proposal, load_contract(file)


def checked(tmp_path: Path, export: Path) -> tuple[Proposal, SourceContract, SourceCheck]:
    """The same, with what the export would become by it."""
    proposal, contract = proposed(tmp_path, export)
    inbox = tmp_path / "inbox" / "mine"
    if export.is_dir():
        shutil.copytree(export, inbox)
    else:
        inbox.mkdir(parents=True)
        shutil.copy(export, inbox)
    return proposal, contract, check_source(contract, inbox.parent)


def written(path: Path, value: Any) -> Path:
    """An export of our own: rows as CSV, records as JSON Lines, or a text."""
    if isinstance(value, str):
        path.write_text(value, encoding="utf-8")
    else:
        path.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in value), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("export", "counts"),
    [
        ("crehate/CREHate_raw_annotations.csv", {"annotation": 42_546}),
        ("lewidi2023/ArMIS_dev.json", {"annotations": 423}),
        ("pandalm/testset-v1.json", {"value": 2_997}),
        ("crowd_oei/dev-crowd.json", {"spans": 3_427}),
    ],
)
def test_of_a_real_export_every_judgment_lands_by_what_was_guessed(
    tmp_path: Path, export: str, counts: dict[str, int]
) -> None:
    _, _, found = checked(tmp_path, DATA / export)
    assert {one.question: one.judgments for one in found.questions} == counts
    assert found.is_clean


def test_a_folder_of_ratings_and_profiles_is_read_file_by_file(tmp_path: Path) -> None:
    _, contract, found = checked(tmp_path, ROOT / "pipelines" / "demo" / "inbox" / "demo_tone")
    assert [mapping.role for mapping in contract.files] == ["annotators", "judgments"]
    assert (found.judgments, found.annotators, found.items) == (846, 6, 60)
    assert contract.questions["offensive"].abstain == ["unsure"]
    assert contract.questions["politeness"].type == "rating"


NESTED = [
    {
        "doc": {"doc_id": f"d{number}", "body": f"the text of document number {number}"},
        "turns": [
            {"turn": turn, "marks": [{"rater": who, "ok": (number + turn + who) % 2 == 0} for who in (11, 12, 13)]}
            for turn in (1, 2)
        ],
    }
    for number in range(12)
]
BY_PERSON = [
    {
        "text_id": number,
        "text": f"what was said in message {number}",
        "labels": {f"ann_{who}": ("yes", "no", "unsure")[(number * who) % 3] for who in range(1 + number % 2, 5)},
        "why": {f"ann_{who}": f"because of {who} and {number}" for who in range(1 + number % 2, 5)},
    }
    for number in range(20)
]
PARALLEL = [
    {"id": number, "sentence": f"sentence number {number}", "workers": ["w1", "w2"], "scores": [number % 4, 1]}
    for number in range(20)
]
NUMBERED = "item_id;text;coder_1;stance_1;coder_2;stance_2\n" + "".join(
    f"{number};a text about the matter of {number};c{number % 3};{'pro' if number % 2 else 'con'};c9;pro\n"
    for number in range(20)
)
ONE_HOT = "post_id,post,annotator,hate.race,hate.sex,hate.none,tags\n" + "".join(
    f"{number // 3},a post with number {number // 3},a{number % 3},{number % 2},0,{1 - number % 2},{tags}\n"
    for number in range(60)
    for tags in [("red|blue", "red", "green", "")[number % 4]]
)


@pytest.mark.parametrize(
    ("name", "export", "acts", "people"),
    [
        ("nested.jsonl", NESTED, {"ok": 72}, 3),
        ("by_person.jsonl", BY_PERSON, {"labels": 70}, 4),
        ("parallel.jsonl", PARALLEL, {"scores": 40}, 2),
        ("numbered.csv", NUMBERED, {"stance": 40}, 4),
        ("one_hot.csv", ONE_HOT, {"hate": 60, "tags": 45}, 3),
    ],
)
def test_shapes_of_our_own_are_taken_apart(
    tmp_path: Path, name: str, export: Any, acts: dict[str, int], people: int
) -> None:
    _, _, found = checked(tmp_path, written(tmp_path / name, export))
    assert found.is_clean, found.refusals
    assert {one.question: one.judgments for one in found.questions} == acts
    assert found.annotators == people


def test_reasons_by_the_same_people_stay_with_their_answers(tmp_path: Path) -> None:
    _, contract, _ = checked(tmp_path, written(tmp_path / "by_person.jsonl", BY_PERSON))
    assert contract.files[0].answers["labels"].rationale == "why.$annotator"
    assert contract.questions["labels"].abstain == ["unsure"]


def test_files_that_nothing_else_tells_apart_are_people(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    for who in ("ana", "bruno"):
        rows = [
            {"id": number, "text": f"a text of number {number}", "label": ["x"] * (number % 2)} for number in range(9)
        ]
        written(folder / f"{who}.jsonl", rows)
    (folder / "empty.jsonl").touch()
    proposal, contract = proposed(tmp_path, folder)
    assert contract.files[0].annotator is not None
    assert contract.files[0].annotator.key == ["$file"]
    assert proposal.remarks == ("empty.jsonl is empty",)


def test_no_raw_id_gets_into_a_proposal_and_none_would_stay_in_extra(tmp_path: Path) -> None:
    rows = [
        {
            "item_id": number // 3,
            "text": "a text",
            "rater_email": f"person{number % 3}@mail.example",
            "session": f"night-person{number % 3}@mail.example-{number}",
            "updated_by": f"person{number % 3}@mail.example",
            "label": "yes" if number % 2 else "no",
        }
        for number in range(30)
    ]
    proposal, contract, found = checked(tmp_path, written(tmp_path / "export.jsonl", rows))
    assert "mail.example" not in proposal.text
    assert set(contract.files[0].ignored) == {"session", "updated_by"}
    assert found.unmapped == {}


def test_bytes_that_are_no_utf8_and_signs_that_are_no_comma_are_guessed_and_marked(tmp_path: Path) -> None:
    export = tmp_path / "export.txt"
    rows = "".join(f"{number}\tr{number % 3}\t{'schön' if number % 2 else 'häßlich'}\n" for number in range(30))
    export.write_bytes(("text_id\trater\tlabel\n" + rows).encode("cp1252"))
    proposal, contract, found = checked(tmp_path, export)
    assert (contract.files[0].dialect.encoding, contract.files[0].dialect.delimiter) == ("cp1252", "\t")
    assert f"encoding: cp1252  {MARK}" in proposal.text
    assert contract.questions["label"].options.keys() == {"schön", "häßlich"}
    assert found.judgments == 30


def test_a_comma_that_trails_is_guessed_and_marked(tmp_path: Path) -> None:
    rows = "".join(f'{{"id":"{n}","annotator":"p{n % 3}","label":"yes",}}\n' for n in range(6))
    _, contract, found = checked(tmp_path, written(tmp_path / "x.jsonl", rows))
    assert contract.files[0].dialect.trailing_commas
    assert found.judgments == 6
    plain = written(tmp_path / "y.jsonl", rows.replace(",}", "}").replace('"yes"', '"yes,]"'))
    assert not proposed(tmp_path / "plain", plain)[1].files[0].dialect.trailing_commas


def test_xml_and_archives_are_looked_into(tmp_path: Path) -> None:
    import gzip

    marks = "".join(
        f'<doc id="{number}"><text>words of {number}</text>'
        + "".join(f'<mark rater="r{who}"><label>{who % 2}</label></mark>' for who in range(3))
        + "</doc>"
        for number in range(10)
    )
    export = tmp_path / "export.xml.gz"
    export.write_bytes(gzip.compress(f"<corpus>{marks}</corpus>".encode()))
    _, contract, found = checked(tmp_path, export)
    assert (contract.files[0].dialect.record, contract.files[0].dialect.within) == ("corpus/doc", "gzip")
    assert (found.judgments, found.annotators, found.is_clean) == (30, 3, True)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("empty.csv", "", "empty.csv is empty"),
        ("broken.json", "[{]", "broken.json"),
        ("words.csv", "nothing but words", "is empty"),
    ],
)
def test_what_shows_no_record_is_said_plainly(tmp_path: Path, name: str, content: str, told: str) -> None:
    with pytest.raises(SampleError, match=told):
        propose("mine", written(tmp_path / name, content))
    with pytest.raises(SampleError, match="is not there"):
        propose("mine", tmp_path / "nowhere")


plain = st.text(max_size=20) | st.integers() | st.booleans() | st.none()
values = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner.filter(lambda one: not isinstance(one, list)), max_size=3)
        | st.dictionaries(st.text(min_size=1, max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text(min_size=1, max_size=8), values, min_size=1, max_size=3), st.text("ab #", max_size=200))
def test_what_is_written_is_read_back_whatever_the_values_and_however_long_the_reasons(
    content: dict[str, Any], why: str
) -> None:
    marked = {name: Guess(value, why or "why") for name, value in content.items()}
    text = "\n".join(as_yaml("attributes", marked))
    assert yaml.safe_load(text) == {"attributes": content}
    assert count_guesses(text) >= len(content)


TOOLS = ROOT.parent / "shared" / "tool_exports"


@pytest.mark.parametrize(
    ("export", "tool", "controls"),
    [
        (
            "label-studio/ratings/{}/export_JSON_all.json",
            "label_studio json",
            "best confidence issues quality rationale",
        ),
        ("label-studio/pairwise/{}/export_JSON_all.json", "label_studio json", "margin pref rationale"),
        ("label-studio/ratings/{}/export_JSON_MIN_all.json", "label_studio json_min", "best confidence issues quality"),
        ("label-studio/pairwise/{}/export_CSV_all.csv", "label_studio csv", "margin pref rationale"),
        ("argilla/prefs/{}/rest_records.json", "argilla rest", "best issues order quality rationale"),
        ("argilla/prefs/{}/to_list_flat.json", "argilla list", "best issues order quality rationale"),
        ("argilla/prefs/{}/hf_dataset.jsonl", "argilla datasets", "best issues order quality rationale"),
        ("doccano/classif_multi/before_member_removal/JSONL", "doccano all", "labels"),
        ("doccano/spans/before_member_removal/JSONL", "doccano all", "labels"),
        (
            "potato/prefs/exports/csv/annotations.csv",
            "potato csv",
            "best conf dims_tone issues num order pref strength",
        ),
    ],
)
def test_an_export_of_a_tool_is_recognised_and_lands_by_its_profile(
    tmp_path: Path, export: str, tool: str, controls: str
) -> None:
    proposal, contract, found = checked(tmp_path, TOOLS / export.format("before_user_delete"))
    stated = yaml.safe_load(proposal.text)["attributes"]["profile"]
    default = {"label_studio": "json", "argilla": "rest"}.get(stated["tool"])
    assert f"{stated['tool']} {stated.get('format', default)}" == tool
    assert set(controls.split()) <= contract.questions.keys()
    assert all(one.judgments > 20 for one in found.questions if one.question in controls.split())
    # A batch of the project's own looks like an answer, and one of two dimensions is all that is asked of both.
    assert [one for one in found.refusals if not re.search("question (meta_batch|dims)", one)] == []


@pytest.mark.parametrize(
    ("export", "tool", "controls"),
    [
        ("mturk_batch", "mturk", "tone_1 topic_1"),
        ("crowdflower_full", "crowdflower", "faults tone"),
        ("prodigy_jsonl", "prodigy", "choice"),
        ("prodigy_binary", "prodigy", "decision"),
    ],
)
def test_a_miniature_of_a_tool_s_export_is_recognised_and_shows_nobody(export: str, tool: str, controls: str) -> None:
    proposal = propose("mine", ROOT / "tests" / "fixtures" / export / "export")
    stated = yaml.safe_load(proposal.text)["attributes"]
    assert stated["profile"]["tool"] == tool
    assert set(controls.split()) <= stated["questions"].keys()
    assert not re.search(r"_session_id|_worker_id|WorkerId|_ip|192\.0\.2", proposal.text)


def test_an_export_that_only_resembles_a_tool_s_is_read_by_itself(tmp_path: Path) -> None:
    records = [
        {"annotations": [{"rater": who, "label": who % 2} for who in (11, 12)], "text_id": at} for at in range(9)
    ]
    proposal, contract, _ = checked(tmp_path, written(tmp_path / "export.jsonl", records))
    assert "profile" not in yaml.safe_load(proposal.text)["attributes"]
    assert contract.questions.keys() == {"label"}


def test_addresses_of_people_are_proposed_to_be_ignored_and_never_as_questions(tmp_path: Path) -> None:
    rows = "".join(
        f"10.0.0.{number},p{number}@mail.example,51.{number},i{number // 3},a text,{'yes' if number % 2 else 'no'}\n"
        for number in range(12)
    )
    header = "IPAddress,RecipientEmail,LocationLatitude,item_id,text,label\n"
    proposal, contract = proposed(tmp_path, written(tmp_path / "export.csv", header + rows))
    assert contract.questions.keys() == {"label"}
    assert contract.files[0].annotator is not None
    assert contract.files[0].annotator.key == ["RecipientEmail"]
    assert set(contract.files[0].ignored) == {"IPAddress", "LocationLatitude"}
    assert not re.search(r"10\.0\.0\.|mail\.example", proposal.text)


@pytest.mark.parametrize(
    ("name", "is_told"),
    [
        ("IPAddress", True),
        ("meta.worker_email", True),
        ("annotations[].completed_by", True),
        ("updated_by", True),
        ("annotator", True),
        ("zip", False),
        ("tip", False),
        ("text", False),
    ],
)
def test_names_of_fields_that_may_say_who_somebody_is(name: str, is_told: bool) -> None:
    assert is_personal(name) is is_told
