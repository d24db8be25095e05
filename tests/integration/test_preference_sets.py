"""Public preference and disagreement sets that are too large to be here: fixtures from their published schemas.

Each lands through the real contract and is held against a recount by the standard library; each trap has its name.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pipelines.contracts.companions import MACHINE_MARK
from pipelines.contracts.model import SourceContract
from pipelines.ingest import ingest_source
from pipelines.landing.home import Home
from pipelines.project import this_project
from pipelines.resources.settings import Settings
from pipelines.resources.workspace import Workspace
from tests.conftest import FROM_SCHEMA, variorum
from tests.integration.preference_counts import RECOUNTS, Judged, json_text
from tests.integration.test_fixtures import FIXTURES, KEY, inbox_of, landed

Found = dict[str, list[Any]]


@pytest.fixture(scope="module")
def of(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What a set's fixture lands as; each is landed once."""
    known: dict[str, Found] = {}

    def found(source: str) -> Found:
        if source not in known:
            known[source] = landed(source, tmp_path_factory.mktemp(source))
        return known[source]

    return found


def contract_of(source: str) -> SourceContract:
    """The contract in the repository."""
    return this_project().contract(source)


def judged(source: str, found: Found) -> Judged:
    """The judgments that landed, as a recount gives them: items with a digest for an id are told by their content."""
    named = {row[0]: row[0] for row in found["items"]}
    if any(mapping.item and mapping.item.key_digest for mapping in contract_of(source).files):
        contents = [(row[0], json_text([row[2], *row[3], row[5]])) for row in found["items"]]
        named = dict(contents)
        assert len(named) == len(set(named.values())) == len(contents)
    return Counter(
        (question, named[item], who and who.removeprefix(MACHINE_MARK), answer)
        for question, item, who, _, answer, _, _ in found["judgments"]
    )


def refused(found: Found) -> list[tuple[str | None, str]]:
    """What is in quarantine: question and reason, sorted."""
    return sorted(((question, reason) for question, _, _, reason, _ in found["quarantine"]), key=str)


def answers(found: Found, question: str, item: str) -> dict[str | None, str]:
    """Who gave which answer to a question about an item; of several the last."""
    return {
        who: answer for asked, about, who, _, answer, _, _ in found["judgments"] if (asked, about) == (question, item)
    }


def beside(found: Found, question: str, item: str, who: str | None) -> dict[str, Any]:
    """What one judgment has beside its answer, where it is not the usual."""
    (it,) = [row[6] for row in found["judgments"] if row[:3] == [question, item, who]]
    return dict(it)


def extra_of(found: Found, item: str) -> dict[str, Any]:
    """What is kept with an item beside its content."""
    (extra,) = [row[6] for row in found["items"] if row[0] == item]
    return dict(json.loads(extra or "{}"))


def attributes(found: Found, who: str, attribute: str) -> list[tuple[str | None, str]]:
    """Each observation of an annotator's attribute: value and status."""
    return [(value, status) for one, name, value, status in found["attributes"] if (one, name) == (who, attribute)]


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
def test_a_set_lands_judgment_by_judgment_as_it_is_recounted(source: str, of: Any) -> None:
    """By question, item, annotator and answer. The laws' second reader was asked while it landed."""
    assert judged(source, of(source)) == RECOUNTS[source](FIXTURES / source / "export")


@pytest.mark.parametrize("source", FROM_SCHEMA)
def test_what_a_set_has_wrong_is_in_quarantine_and_nothing_else_is(source: str, of: Any) -> None:
    assert refused(of(source)) == QUARANTINED[source]


@pytest.mark.parametrize("source", FROM_SCHEMA)
def test_a_contract_declares_what_the_set_had_lost(source: str) -> None:
    assert contract_of(source).known_losses == LOSSES[source]


@pytest.mark.parametrize("source", CHANGED)
def test_a_value_that_changed_in_the_export_would_be_seen(source: str, tmp_path: Path) -> None:
    """The twin: of an export in which one value is another, the recount is another."""
    name, old, new = CHANGED[source]
    export = FIXTURES / source / "export"
    shutil.copytree(export, tmp_path, dirs_exist_ok=True)
    changed = 0
    for path in tmp_path.rglob(name):
        text = path.read_text(encoding="utf-8")
        changed += text.count(old)
        path.write_text(text.replace(old, new), encoding="utf-8")
    assert changed == 1
    assert RECOUNTS[source](tmp_path) != RECOUNTS[source](export)


def test_prism_keeps_a_tie_that_if_chosen_breaks_at_random(of: Any) -> None:
    found = of("prism")
    turn = [item for item in ("ut1", "ut2", "ut3", "ut4") if extra_of(found, item)["interaction_id"] == "int1"]
    scores = {item: int(answers(found, "score", item)["user1"]) for item in turn}
    assert [item for item in turn if scores[item] == max(scores.values())] == ["ut1", "ut2"]
    chosen = {item: value for item, name, value in found["aggregates"] if name == "if_chosen"}
    assert [chosen[item] for item in turn] == ["false", "true", "false", "false"]
    assert "if_chosen" not in {question for question, *_ in found["judgments"]}


def test_prism_takes_not_applicable_for_an_abstention(of: Any) -> None:
    found = of("prism")
    assert answers(found, "performed_factuality", "c1") == {"user1": '"N/A"'}
    assert beside(found, "performed_factuality", "c1", "user1") == {"abstained": True}
    assert beside(found, "performed_factuality", "c2", "user2") == {}


def test_prism_keeps_who_declined_and_who_was_in_the_survey_alone(of: Any) -> None:
    found = of("prism")
    assert attributes(found, "user2", "gender") == [(None, "declined")]
    assert attributes(found, "user1", "gender") == [("Female", "given")]
    assert attributes(found, "user3", "age") == [("18-24 years old", "given")]
    assert "user3" not in {who for _, _, who, *_ in found["judgments"]}
    ((religion, _),) = attributes(found, "user1", "religion")
    assert json.loads(str(religion))["simplified"] == "No Affiliation"


def test_prism_has_two_licences() -> None:
    assert contract_of("prism").licence == "CC-BY-4.0 AND CC-BY-NC-4.0"


DERIVED = {
    "dices_350": ["Q2_harmful_content_overall", "Q3_bias_overall", "Q6_policy_guidelines_overall", "Q_overall"],
    "dices_990": ["Q2_harmful_content_overall", "Q3_bias_overall", "Q4_misinformation_overall", "Q_overall"],
}


@pytest.mark.parametrize("source", DERIVED)
def test_dices_takes_what_was_derived_for_an_upstream_aggregate(source: str, of: Any) -> None:
    """Nobody was asked an overall question, nor does it say which of the others it comes from."""
    found, contract = of(source), contract_of(source)
    derived = sorted({name for _, name, _ in found["aggregates"] if name.endswith("overall")})
    assert derived == sorted(DERIVED[source])
    read = [field for mapping in contract.files for answer in mapping.answers.values() for field in answer.fields()]
    assert not set(read) & set(derived)


def test_dices_counts_unsure_as_an_abstention_in_each_place(of: Any) -> None:
    unsure = [row for row in of("dices_350")["judgments"] if row[4] == '"Unsure"']
    assert len(unsure) == 1 + 19
    assert all(beside == {"abstained": True} for *_, beside in unsure)


def test_dices_keeps_a_rater_who_rates_again_and_answers_otherwise(of: Any) -> None:
    given = [
        (occurrence, answer)
        for question, item, who, occurrence, answer, _, _ in of("dices_990")["judgments"]
        if (question, item, who) == ("q3_slurs", "193", "8")
    ]
    assert given == [(1, '"Unsure"'), (2, '"No"')]


def test_one_raters_number_in_both_parts_of_dices_is_two_people(of: Any) -> None:
    assert contract_of("dices_350").annotator_scope != contract_of("dices_990").annotator_scope
    assert attributes(of("dices_350"), "296720", "gender") == [("Woman", "given")]
    assert attributes(of("dices_990"), "296720", "gender") == [("Man", "given")]


def test_d3code_takes_minus_one_for_an_abstention_and_not_for_a_rating(of: Any) -> None:
    found = of("d3code")
    assert answers(found, "offensive", "1") == {"R_1aB": "0", "R_2cD": "4", "R_3eF": '"-1"'}
    assert beside(found, "offensive", "1", "R_3eF") == {"abstained": True}
    assert beside(found, "offensive", "1", "R_1aB") == {}
    assert contract_of("d3code").questions["offensive"].scale.min == 0  # type: ignore[union-attr]


def test_d3code_knows_who_was_not_asked(of: Any) -> None:
    found = of("d3code")
    assert attributes(found, "R_3eF", "care") == [(None, "not_asked")]
    assert attributes(found, "R_5iJ", "care") == [("2.0", "given")]


def test_multipref_keeps_four_aspects_apart_with_confidence_and_strength(of: Any) -> None:
    given = {
        question: answer for question, item, who, _, answer, _, _ in of("multipref")["judgments"]
        if (item, who) == ("c1", "e1")
    }  # fmt: skip
    assert {question: json.loads(answer) for question, answer in given.items()} == {
        "overall": {"preference": "right", "strength": 2.0},
        "helpful": {"preference": "right", "strength": 2.0},
        "truthful": {"preference": "right", "strength": 2.0},
        "harmless": {"preference": "left", "strength": 1.0},
    }
    first = [row[6] for row in of("multipref")["judgments"] if row[:4] == ["helpful", "c1", "w1", 1]]
    assert first == [{"rationale": "  It says so. ", "confidence": "absolutely-confident"}]
    assert beside(of("multipref"), "truthful", "c2", "w1") == {"rationale": "", "confidence": "not-confident"}
    assert beside(of("multipref"), "overall", "c2", "w1") == {"confidence": "fairly-confident"}


def test_multipref_keeps_one_person_of_both_pools_and_who_recruited_them(of: Any) -> None:
    given = [row[3:5] for row in of("multipref")["judgments"] if row[:3] == ["overall", "c1", "w1"]]
    assert given == [[1, '{"preference":"left","strength":2.0}'], [2, '{"preference":"left","strength":1.0}']]
    pools = [(who, pool) for who, _, pool in of("multipref")["annotators"]]
    assert pools == [("e1", "expert"), ("w1", "expert"), ("w1", "normal worker"), ("w2", "normal worker")]


def test_helpsteer3_invents_nobody_and_drops_nobody(of: Any) -> None:
    found = of("helpsteer3_preference")
    assert {row[2] for row in found["judgments"]} == {None}
    assert {row[6]["attribution"] for row in found["judgments"]} == {"none"}
    twice = [row for row in found["judgments"] if row[0] == "preference" and row[5] == "1"]
    assert len(twice) == 2  # word for word the same, by two people
    assert len({row[1] for row in twice}) == 1


def test_helpsteer3_tells_items_apart_by_all_that_was_shown(of: Any) -> None:
    found = of("helpsteer3_preference")
    assert len({row[0] for row in found["items"]}) == 3
    assert len({tuple(row[3]) for row in found["items"]}) == 2  # the same two responses to two questions
    assert {name for _, name, _ in found["aggregates"]} == {"overall_preference"}


def test_community_alignment_has_one_item_where_people_saw_the_same(of: Any) -> None:
    found = of("community_alignment")
    (opening,) = [row[0] for row in found["items"] if row[2] == "What is a good life?"]
    given = [(who, n, answer) for _, item, who, n, answer, _, _ in found["judgments"] if item == opening]
    assert sorted(given) == [("a1", 1, '"response_b"'), ("a1", 2, '"response_c"'), ("a2", 1, '"response_d"')]
    later = [row for row in found["items"] if row[2] == "More?"]
    assert len({row[0] for row in later}) == len({row[5] for row in later}) == 2


def test_community_alignment_keeps_both_of_two_profiles(of: Any) -> None:
    found = of("community_alignment")
    assert attributes(found, "a1", "age") == [("18-34", "given"), ("35-45", "given")]
    assert attributes(found, "a2", "age") == [("55+", "given")]


def test_community_alignment_makes_no_item_of_a_turn_that_did_not_take_place(of: Any) -> None:
    found = of("community_alignment")
    assert sorted(str(row[2]) for row in found["items"]) == ["Hola", "More?", "More?", "What is a good life?", "¿Y?"]


def test_oasst1_holds_no_judgment_and_keeps_its_averages_apart_to_the_last_digit(of: Any) -> None:
    found = of("oasst1")
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


def test_varierr_keeps_a_label_that_its_writer_took_back(of: Any) -> None:
    found = of("varierr")
    taken_back = "1552-contradiction-1"
    assert answers(found, "inference", "54811c")["1"] == '["neutral","contradiction"]'
    assert answers(found, "makes_sense", taken_back) == {"0": '"false"', "1": '"false"', "3": '"true"'}
    kept = {name: value for item, name, value in found["aggregates"] if item in ("54811c", taken_back)}
    assert (kept["self_corrected"], kept["error_labels"]) == ("true", '["contradiction"]')


def test_varierr_keeps_reasons_with_labels_and_abstentions_as_answers(of: Any) -> None:
    found = of("varierr")
    assert beside(found, "inference", "54811c", "1") == {"rationale": '["For all.","“For all”."]'}
    assert beside(found, "inference", "23751e", "0") == {"rationale": "Not indoors. "}
    assert answers(found, "inference", "23751e")["3"] == '["idk"]'
    assert beside(found, "inference", "23751e", "3") == {"abstained": True}
    assert "2" not in answers(found, "makes_sense", "664-contradiction-1")


def test_varierr_makes_an_item_of_each_reason_and_names_its_writer_by_pseudonym(of: Any) -> None:
    extra = extra_of(of("varierr"), "664-contradiction-1")
    assert extra["label"] == "contradiction"
    assert extra["author"].startswith("a")
    assert len(extra["author"]) == 33
    assert not extra_of(of("varierr"), "23751e").get("author")


def test_csc_knows_what_expired_and_what_was_not_asked(of: Any) -> None:
    found = of("lewidi2025_csc")
    assert attributes(found, "Ann73", "gender") == [(None, "withheld")]
    assert attributes(found, "Ann1", "age") == [(None, "not_asked")]
    assert attributes(found, "Ann0", "age") == [("56", "given")]
    assert {item for _, item, *_ in found["judgments"]} == {"train/17", "train/18", "dev/17"}


def test_multipico_brings_profiles_and_judgments_together(of: Any) -> None:
    """``Ann0`` judged, ``0`` has a profile: one pseudonym, or the profile would be nobody's."""
    found = of("lewidi2025_multipico")
    judges = {who for _, _, who, *_ in found["judgments"]}
    assert judges == {who for who, *_ in found["attributes"]} == {"0", "1", "10"}
    assert attributes(found, "0", "ethnicity") == [(None, "withheld")]
    assert attributes(found, "0", "age") == [("19.0", "given")]


def test_paraphrase_reads_profiles_in_which_a_comma_trails(of: Any, tmp_path: Path) -> None:
    assert attributes(of("lewidi2025_paraphrase"), "Ann2", "education") == [("a, }", "given")]
    contract = contract_of("lewidi2025_paraphrase")
    *judged, profiles = contract.files
    strict = profiles.model_copy(update={"dialect": profiles.dialect.model_copy(update={"trailing_commas": False})})
    found = ingest_source(
        contract.model_copy(update={"files": [*judged, strict]}),
        inbox_of("lewidi2025_paraphrase", tmp_path),
        Home(tmp_path / "home"),
        KEY,
    )
    (receipt,) = [one for one in found.receipts if one.role == "annotators"]
    assert receipt.reasons == {"record_malformed": 4}


def test_paraphrase_gives_each_reason_to_whoever_wrote_it(of: Any) -> None:
    found = of("lewidi2025_paraphrase")
    assert answers(found, "paraphrase", "train/109") == {"Ann1": "-1", "Ann2": "3"}
    assert beside(found, "paraphrase", "train/109", "Ann1") == {"rationale": "one"}
    assert beside(found, "paraphrase", "train/109", "Ann2") == {"rationale": "two"}
    assert beside(found, "paraphrase", "train/108", "Ann2") == {"rationale": " same topic"}


def test_varierrnli_takes_several_labels_in_one_text_for_one_answer(of: Any) -> None:
    found = of("lewidi2025_varierrnli")
    (both,) = [row for row in found["judgments"] if row[:3] == ["inference", "dev/49807", "Ann2"]]
    assert both[3:6] == [1, '["entailment","neutral"]', '"entailment,neutral"']
    assert both[6] == {"rationale": '["for one","for the other"]'}
    (turned,) = [row for row in found["judgments"] if row[1] == "dev/76020"]
    assert turned[4:6] == ['["entailment","neutral"]', '"neutral,entailment"']
    assert turned[6] == {"rationale": '["first","second "]'}


def test_the_arena_keeps_two_kinds_of_tie_apart(of: Any) -> None:
    found = of("chatbot_arena")
    assert answers(found, "preference", "q2") == {"arena_user_973": '"tie"'}
    assert answers(found, "preference", "q3") == {"arena_user_8": '"tie"'}
    assert answers(found, "verdict", "q2") == {"arena_user_973": '"tie (bothbad)"'}
    assert answers(found, "verdict", "q3") == {"arena_user_8": '"tie"'}
    assert contract_of("chatbot_arena").questions["preference"].synonyms == {"tie (bothbad)": "tie"}


def test_the_arena_keeps_conversations_times_and_the_order_shown(of: Any) -> None:
    found = of("chatbot_arena")
    assert beside(found, "preference", "q1", "arena_user_973") == {
        "presentation_order": ["a", "b"],
        "judged_at": "2023-04-24 15:53:11.132200",
    }
    (texts,) = [row[3] for row in found["items"] if row[0] == "q2"]
    assert [message["content"] for message in json.loads(texts[1])] == ["2+2?", "3", "Sure?", ""]


def test_alpaca_eval_has_machines_alone_among_its_annotators(of: Any) -> None:
    found = of("alpaca_eval")
    assert {kind for _, kind, _ in found["annotators"]} == {"machine"}
    assert {row[6]["annotator_kind"] for row in found["judgments"]} == {"machine"}


def test_alpaca_eval_keeps_every_digit_of_a_weighted_preference(of: Any) -> None:
    weighted = sorted(row[4] for row in of("alpaca_eval")["judgments"] if row[0] == "weighted_preference")
    assert weighted == ["1.0000000001", "1.9900139974"]


def test_alpaca_eval_keeps_spellings_and_a_machine_that_was_asked_twice(of: Any) -> None:
    given = sorted(row[3:6] for row in of("alpaca_eval")["judgments"] if row[0] == "preference")
    assert given == [
        [1, '"left"', "1"],
        [1, '"right"', "2.0"],
        [1, '"tie"', "0"],
        [1, '"tie"', "1.5"],
        [2, '"right"', "2"],
    ]
