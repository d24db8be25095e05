"""Public preference sets that are too large to be here, and what holds of all sets from their published schemas.

Each fixture lands through the real contract and is held against a recount by the standard library; each trap has its
name. Sets that were published for the disagreement in them are in ``test_disagreement_sets``.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipelines.project import this_project
from pipelines.resources.settings import Settings
from pipelines.resources.workspace import Workspace
from tests.conftest import FROM_SCHEMA, variorum
from tests.integration.from_schema import answers, attributes, beside, contract_of, extra_of, judged, refused
from tests.integration.preference_counts import RECOUNTS
from tests.integration.test_fixtures import FIXTURES, inbox_of, landed

QUARANTINED: dict[str, list[tuple[str | None, str]]] = {
    "prism": [("performed_safety", "answer_out_of_scale"), ("score", "answer_out_of_scale")],
    "dices_350": [("q3_beliefs", "answer_missing"), ("q4_misinformation", "answer_unknown_option")],
    "dices_990": [("q1_conversation", "answer_unknown_option")],
    "d3code": [("offensive", "answer_missing"), ("offensive", "answer_out_of_scale")],
    "multipref": [("harmless", "answer_missing"), ("overall", "answer_unknown_option")],
    "helpsteer3_preference": [("preference", "answer_unknown_option")],
    "community_alignment": [("preferred", "answer_unknown_option")],
    "oasst1": [],
    "varierr": [],
    "lewidi2025_csc": [("sarcasm", "answer_out_of_scale")],
    "lewidi2025_multipico": [("irony", "answer_unknown_option"), (None, "record_shape")],
    "lewidi2025_paraphrase": [("paraphrase", "answer_out_of_scale"), (None, "record_shape")],
    "lewidi2025_varierrnli": [("inference", "answer_unknown_option"), (None, "record_shape")],
    "chatbot_arena": [("preference", "answer_unknown_option"), ("verdict", "answer_unknown_option")],
    "alpaca_eval": [("preference", "answer_unknown_option"), ("weighted_preference", "answer_out_of_scale")],
}
LOSSES: dict[str, list[str]] = {
    "prism": ["tie_randomised", "order_unknown"],
    "dices_350": [],
    "dices_990": [],
    "d3code": [],
    "multipref": ["order_unknown"],
    "helpsteer3_preference": ["no_ids", "order_unknown"],
    "community_alignment": ["order_unknown"],
    "oasst1": ["aggregate_only", "no_ids"],
    "varierr": ["silent_nonresponse"],
    "lewidi2025_csc": [],
    "lewidi2025_multipico": [],
    "lewidi2025_paraphrase": [],
    "lewidi2025_varierrnli": [],
    "chatbot_arena": ["filtered_upstream"],
    "alpaca_eval": ["order_unknown"],
}
CHANGED: dict[str, tuple[str, str, str]] = {
    "prism": ("utterances.jsonl", '"score": 33', '"score": 34'),
    "dices_350": ("diverse_safety_adversarial_dialog_350.csv", ",Yes,No,No", ",No,No,No"),
    "dices_990": ("diverse_safety_adversarial_dialog_990.csv", "I am not familiar", "I am familiar"),
    "d3code": ("d3-ratings.csv", "1,R_3eF,-1,", "1,R_3eF,1,"),
    "multipref": (
        "MultiPref-Train.jsonl",
        '"evaluator": "w2", "overall_pref": "B-',
        '"evaluator": "w3", "overall_pref": "B-',
    ),
    "helpsteer3_preference": ("train.jsonl", '"score": -3', '"score": 3'),
    "community_alignment": (
        "train.jsonl",
        '"first_turn_preferred_response": "response_d"',
        '"first_turn_preferred_response": "response_a"',
    ),
    "varierr": ("varierr.json", '{"annotator": 2, "makes_sense": false}', '{"annotator": 2, "makes_sense": true}'),
    "lewidi2025_csc": ("CSC_train.json", '"Ann73": "3"', '"Ann74": "3"'),
    "lewidi2025_multipico": ("MP_train.json", '"Ann10": "1"', '"Ann10": "0"'),
    "lewidi2025_paraphrase": ("Paraphrase_train.json", '"Ann3": "5"', '"Ann3": "4"'),
    "lewidi2025_varierrnli": ("VariErrNLI_dev.json", '"entailment,neutral"', '"entailment,contradiction"'),
    "chatbot_arena": ("train.jsonl", "tie (bothbad)", "model_a"),
    "alpaca_eval": ("annotations.json", "1.0000000001", "1.0000000002"),
}
"""By source: a file, and one value in it that becomes another."""


def test_every_set_is_recounted_and_tells_its_quarantine_its_losses_and_a_change() -> None:
    for known in (RECOUNTS, QUARANTINED, LOSSES, {**CHANGED, "oasst1": None}):
        assert set(known) == set(FROM_SCHEMA)


@pytest.mark.parametrize("source", FROM_SCHEMA)
def test_a_set_lands_judgment_by_judgment_as_it_is_recounted(source: str, set_of: Any) -> None:
    """By question, item, annotator and answer. The laws' second reader was asked while it landed."""
    assert judged(source, set_of(source)) == RECOUNTS[source](FIXTURES / source / "export")


@pytest.mark.parametrize("source", FROM_SCHEMA)
def test_what_a_set_has_wrong_is_in_quarantine_and_nothing_else_is(source: str, set_of: Any) -> None:
    assert refused(set_of(source)) == QUARANTINED[source]


@pytest.mark.parametrize("source", FROM_SCHEMA)
def test_a_contract_declares_what_the_set_had_lost(source: str) -> None:
    assert contract_of(source).known_losses == LOSSES[source]


@pytest.mark.parametrize("source", CHANGED)
def test_a_value_that_changed_in_the_export_is_seen(source: str, tmp_path: Path, set_of: Any) -> None:
    """The twin: an export in which one value is another lands as another, and is recounted as it lands."""
    name, old, new = CHANGED[source]
    export = tmp_path / "export"
    shutil.copytree(FIXTURES / source / "export", export)
    changed = 0
    for path in export.rglob(name):
        text = path.read_text(encoding="utf-8")
        changed += text.count(old)
        path.write_text(text.replace(old, new), encoding="utf-8")
    assert changed == 1
    other = judged(source, landed(source, tmp_path, export))
    assert other == RECOUNTS[source](export)
    assert other != judged(source, set_of(source))


def test_prism_keeps_a_tie_that_if_chosen_breaks_at_random(set_of: Any) -> None:
    found = set_of("prism")
    turn = [item for item in ("ut1", "ut2", "ut3", "ut4") if extra_of(found, item)["interaction_id"] == "int1"]
    scores = {item: int(answers(found, "score", item)["user1"]) for item in turn}
    assert [item for item in turn if scores[item] == max(scores.values())] == ["ut1", "ut2"]
    chosen = {item: value for item, name, value in found["aggregates"] if name == "if_chosen"}
    assert [chosen[item] for item in turn] == ["false", "true", "false", "false"]
    assert "if_chosen" not in {question for question, *_ in found["judgments"]}


def test_prism_takes_not_applicable_for_an_abstention(set_of: Any) -> None:
    found = set_of("prism")
    assert answers(found, "performed_factuality", "c1") == {"user1": '"N/A"'}
    assert beside(found, "performed_factuality", "c1", "user1") == {"abstained": True}
    assert beside(found, "performed_factuality", "c2", "user2") == {}


def test_prism_keeps_who_declined_and_who_was_in_the_survey_alone(set_of: Any) -> None:
    found = set_of("prism")
    assert attributes(found, "user2", "gender") == [(None, "declined")]
    assert attributes(found, "user1", "gender") == [("Female", "given")]
    assert attributes(found, "user3", "age") == [("18-24 years old", "given")]
    assert "user3" not in {who for _, _, who, *_ in found["judgments"]}
    ((religion, _),) = attributes(found, "user1", "religion")
    assert json.loads(str(religion))["simplified"] == "No Affiliation"


def test_prism_has_two_licences() -> None:
    assert contract_of("prism").licence == "CC-BY-4.0 AND CC-BY-NC-4.0"


def test_multipref_keeps_four_aspects_apart_with_confidence_and_strength(set_of: Any) -> None:
    given = {
        question: answer for question, item, who, _, answer, _, _ in set_of("multipref")["judgments"]
        if (item, who) == ("c1", "e1")
    }  # fmt: skip
    assert {question: json.loads(answer) for question, answer in given.items()} == {
        "overall": {"preference": "right", "strength": 2.0},
        "helpful": {"preference": "right", "strength": 2.0},
        "truthful": {"preference": "right", "strength": 2.0},
        "harmless": {"preference": "left", "strength": 1.0},
    }
    first = [row[6] for row in set_of("multipref")["judgments"] if row[:4] == ["helpful", "c1", "w1", 1]]
    assert first == [{"rationale": "  It says so. ", "confidence": "absolutely-confident"}]
    assert beside(set_of("multipref"), "truthful", "c2", "w1") == {"rationale": "", "confidence": "not-confident"}
    assert beside(set_of("multipref"), "overall", "c2", "w1") == {"confidence": "fairly-confident"}


def test_multipref_keeps_one_person_of_both_pools_and_who_recruited_them(set_of: Any) -> None:
    given = [row[3:5] for row in set_of("multipref")["judgments"] if row[:3] == ["overall", "c1", "w1"]]
    assert given == [[1, '{"preference":"left","strength":2.0}'], [2, '{"preference":"left","strength":1.0}']]
    pools = [(who, pool) for who, _, pool in set_of("multipref")["annotators"]]
    assert pools == [("e1", "expert"), ("w1", "expert"), ("w1", "normal worker"), ("w2", "normal worker")]


def test_helpsteer3_invents_nobody_and_drops_nobody(set_of: Any) -> None:
    found = set_of("helpsteer3_preference")
    assert {row[2] for row in found["judgments"]} == {None}
    assert {row[6]["attribution"] for row in found["judgments"]} == {"none"}
    twice = [row for row in found["judgments"] if row[0] == "preference" and row[5] == "1"]
    assert len(twice) == 2  # word for word the same, by two people
    assert len({row[1] for row in twice}) == 1


def test_helpsteer3_tells_items_apart_by_all_that_was_shown(set_of: Any) -> None:
    found = set_of("helpsteer3_preference")
    assert len({row[0] for row in found["items"]}) == 3
    assert len({tuple(row[3]) for row in found["items"]}) == 2  # the same two responses to two questions
    assert {name for _, name, _ in found["aggregates"]} == {"overall_preference"}


def test_community_alignment_has_one_item_where_people_saw_the_same(set_of: Any) -> None:
    found = set_of("community_alignment")
    (opening,) = [row[0] for row in found["items"] if row[2] == "What is a good life?"]
    given = [(who, n, answer) for _, item, who, n, answer, _, _ in found["judgments"] if item == opening]
    assert sorted(given) == [("a1", 1, '"response_b"'), ("a1", 2, '"response_c"'), ("a2", 1, '"response_d"')]
    later = [row for row in found["items"] if row[2] == "More?"]
    assert len({row[0] for row in later}) == len({row[5] for row in later}) == 2


def test_community_alignment_keeps_both_of_two_profiles(set_of: Any) -> None:
    found = set_of("community_alignment")
    assert attributes(found, "a1", "age") == [("18-34", "given"), ("35-45", "given")]
    assert attributes(found, "a2", "age") == [("55+", "given")]


def test_community_alignment_makes_no_item_of_a_turn_that_did_not_take_place(set_of: Any) -> None:
    found = set_of("community_alignment")
    assert sorted(str(row[2]) for row in found["items"]) == ["Hola", "More?", "More?", "What is a good life?", "¿Y?"]


def test_oasst1_holds_no_judgment_and_keeps_its_averages_apart_to_the_last_digit(set_of: Any) -> None:
    found = set_of("oasst1")
    assert found["judgments"] == []
    kept = {(item, name): value for item, name, value in found["aggregates"]}
    assert json.loads(kept["m1", "labels"]) == {"name": ["spam", "quality"], "value": [0.0, 7 / 12], "count": [3, 3]}
    assert "0.5833333333333334" in kept["m1", "labels"]
    assert kept["m3", "labels"] == "null"
    assert {name for _, name in kept} == {"labels", "emojis", "rank", "review_count", "review_result"}
    assert not any("user-" in str(row) for table in found.values() for row in table)


def test_oasst1_is_in_no_release_and_no_run_of_its_own() -> None:
    assert not this_project().datasets_with(["oasst1"])
    ran = variorum("run", "--source", "oasst1", check=False)
    assert ran.returncode == 2
    assert "single judgments are gone, so there is nothing to prove or to release" in ran.stderr


def test_oasst1_is_landed_in_dagster_too(tmp_path: Path) -> None:
    """Without a question there is no table of questions; Dagster takes none without columns."""
    import dagster as dg

    from pipelines.components.annotation_source import AnnotationSource

    space = Workspace(Settings(home=tmp_path / "home", inbox=inbox_of("oasst1", tmp_path)))
    assets = AnnotationSource(contract_of("oasst1")).build_defs(None).assets or []  # type: ignore[arg-type]
    landed_once = dg.materialize([*assets], resources={"workspace": space})  # type: ignore[list-item]
    (materialized,) = landed_once.asset_materializations_for_node("landing__oasst1")
    assert materialized.metadata["records"].value == 3
    questions = materialized.metadata["questions"]
    assert isinstance(questions, dg.TableMetadataValue)
    assert not questions.records


def test_oasst1_is_checked_with_what_is_lost(tmp_path: Path) -> None:
    inbox = inbox_of("oasst1", tmp_path)
    told = variorum("source", "check", "oasst1", "--inbox", str(inbox), "--home", str(tmp_path / "home")).stdout
    assert "refused as judgments: only aggregates were published; single judgments are gone." in told
    assert "labels 3" in told
    other = inbox_of("d3code", tmp_path / "other")
    ran = variorum("source", "check", "d3code", "--inbox", str(other), "--home", str(tmp_path / "home"), check=False)
    assert "about 3 items" in ran.stdout
    assert "refused as judgments" not in ran.stdout


def test_the_arena_keeps_two_kinds_of_tie_apart(set_of: Any) -> None:
    found = set_of("chatbot_arena")
    assert answers(found, "preference", "q2") == {"arena_user_973": '"tie"'}
    assert answers(found, "preference", "q3") == {"arena_user_8": '"tie"'}
    assert answers(found, "verdict", "q2") == {"arena_user_973": '"tie (bothbad)"'}
    assert answers(found, "verdict", "q3") == {"arena_user_8": '"tie"'}
    assert contract_of("chatbot_arena").questions["preference"].synonyms == {"tie (bothbad)": "tie"}


def test_the_arena_keeps_conversations_times_and_the_order_shown(set_of: Any) -> None:
    found = set_of("chatbot_arena")
    assert beside(found, "preference", "q1", "arena_user_973") == {
        "presentation_order": ["a", "b"],
        "judged_at": "2023-04-24 15:53:11.132200",
    }
    (texts,) = [row[3] for row in found["items"] if row[0] == "q2"]
    assert [message["content"] for message in json.loads(texts[1])] == ["2+2?", "3", "Sure?", ""]


def test_alpaca_eval_has_machines_alone_among_its_annotators(set_of: Any) -> None:
    found = set_of("alpaca_eval")
    assert {kind for _, kind, _ in found["annotators"]} == {"machine"}
    assert {row[6]["annotator_kind"] for row in found["judgments"]} == {"machine"}


def test_alpaca_eval_keeps_every_digit_of_a_weighted_preference(set_of: Any) -> None:
    weighted = sorted(row[4] for row in set_of("alpaca_eval")["judgments"] if row[0] == "weighted_preference")
    assert weighted == ["1.0000000001", "1.9900139974"]


def test_alpaca_eval_keeps_spellings_and_a_machine_that_was_asked_twice(set_of: Any) -> None:
    given = sorted(row[3:6] for row in set_of("alpaca_eval")["judgments"] if row[0] == "preference")
    assert given == [
        [1, '"left"', "1"],
        [1, '"right"', "2.0"],
        [1, '"tie"', "0"],
        [1, '"tie"', "1.5"],
        [2, '"right"', "2"],
    ]
