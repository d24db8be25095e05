"""Public sets that were published for the disagreement in them, trap by trap; see ``test_preference_sets``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipelines.ingest import ingest_source
from pipelines.landing.home import Home
from tests.integration.from_schema import answers, attributes, beside, contract_of, extra_of
from tests.integration.test_fixtures import KEY, inbox_of

DERIVED = {
    "dices_350": ["Q2_harmful_content_overall", "Q3_bias_overall", "Q6_policy_guidelines_overall", "Q_overall"],
    "dices_990": ["Q2_harmful_content_overall", "Q3_bias_overall", "Q4_misinformation_overall", "Q_overall"],
}


@pytest.mark.parametrize("source", DERIVED)
def test_dices_takes_what_was_derived_for_an_upstream_aggregate(source: str, set_of: Any) -> None:
    """Nobody was asked an overall question, nor does it say which of the others it comes from."""
    found, contract = set_of(source), contract_of(source)
    derived = sorted({name for _, name, _ in found["aggregates"] if name.endswith("overall")})
    assert derived == sorted(DERIVED[source])
    read = [field for mapping in contract.files for answer in mapping.answers.values() for field in answer.fields()]
    assert not set(read) & set(derived)


def test_dices_counts_unsure_as_an_abstention_in_each_place(set_of: Any) -> None:
    unsure = [row for row in set_of("dices_350")["judgments"] if row[4] == '"Unsure"']
    assert len(unsure) == 1 + 19
    assert all(beside == {"abstained": True} for *_, beside in unsure)


def test_dices_keeps_a_rater_who_rates_again_and_answers_otherwise(set_of: Any) -> None:
    given = [
        (occurrence, answer)
        for question, item, who, occurrence, answer, _, _ in set_of("dices_990")["judgments"]
        if (question, item, who) == ("q3_slurs", "193", "8")
    ]
    assert given == [(1, '"Unsure"'), (2, '"No"')]


def test_one_raters_number_in_both_parts_of_dices_is_two_people(set_of: Any) -> None:
    assert contract_of("dices_350").annotator_scope != contract_of("dices_990").annotator_scope
    assert attributes(set_of("dices_350"), "296720", "gender") == [("Woman", "given")]
    assert attributes(set_of("dices_990"), "296720", "gender") == [("Man", "given")]


def test_d3code_takes_minus_one_for_an_abstention_and_not_for_a_rating(set_of: Any) -> None:
    found = set_of("d3code")
    assert answers(found, "offensive", "1") == {"R_1aB": "0", "R_2cD": "4", "R_3eF": '"-1"'}
    assert beside(found, "offensive", "1", "R_3eF") == {"abstained": True}
    assert beside(found, "offensive", "1", "R_1aB") == {}
    assert contract_of("d3code").questions["offensive"].scale.min == 0  # type: ignore[union-attr]


def test_d3code_knows_who_was_not_asked(set_of: Any) -> None:
    found = set_of("d3code")
    assert attributes(found, "R_3eF", "care") == [(None, "not_asked")]
    assert attributes(found, "R_5iJ", "care") == [("2.0", "given")]


def test_varierr_keeps_a_label_that_its_writer_took_back(set_of: Any) -> None:
    found = set_of("varierr")
    taken_back = "1552-contradiction-1"
    assert answers(found, "inference", "54811c")["1"] == '["neutral","contradiction"]'
    assert answers(found, "makes_sense", taken_back) == {"0": '"false"', "1": '"false"', "3": '"true"'}
    kept = {name: value for item, name, value in found["aggregates"] if item in ("54811c", taken_back)}
    assert (kept["self_corrected"], kept["error_labels"]) == ("true", '["contradiction"]')


def test_varierr_keeps_reasons_with_labels_and_abstentions_as_answers(set_of: Any) -> None:
    found = set_of("varierr")
    assert beside(found, "inference", "54811c", "1") == {"rationale": '["For all.","“For all”."]'}
    assert beside(found, "inference", "23751e", "0") == {"rationale": "Not indoors. "}
    assert answers(found, "inference", "23751e")["3"] == '["idk"]'
    assert beside(found, "inference", "23751e", "3") == {"abstained": True}
    assert "2" not in answers(found, "makes_sense", "664-contradiction-1")


def test_varierr_makes_an_item_of_each_reason_and_names_its_writer_by_pseudonym(set_of: Any) -> None:
    extra = extra_of(set_of("varierr"), "664-contradiction-1")
    assert extra["label"] == "contradiction"
    assert extra["author"].startswith("a")
    assert len(extra["author"]) == 33
    assert not extra_of(set_of("varierr"), "23751e").get("author")


def test_csc_knows_what_expired_and_what_was_not_asked(set_of: Any) -> None:
    found = set_of("lewidi2025_csc")
    assert attributes(found, "Ann73", "gender") == [(None, "withheld")]
    assert attributes(found, "Ann1", "age") == [(None, "not_asked")]
    assert attributes(found, "Ann0", "age") == [("56", "given")]
    assert {item for _, item, *_ in found["judgments"]} == {"train/17", "train/18", "dev/17"}


def test_multipico_brings_profiles_and_judgments_together(set_of: Any) -> None:
    """``Ann0`` judged, ``0`` has a profile: one pseudonym, or the profile would be nobody's."""
    found = set_of("lewidi2025_multipico")
    judges = {who for _, _, who, *_ in found["judgments"]}
    assert judges == {who for who, *_ in found["attributes"]} == {"0", "1", "10"}
    assert attributes(found, "0", "ethnicity") == [(None, "withheld")]
    assert attributes(found, "0", "age") == [("19.0", "given")]


def test_paraphrase_reads_profiles_in_which_a_comma_trails(set_of: Any, tmp_path: Path) -> None:
    assert attributes(set_of("lewidi2025_paraphrase"), "Ann2", "education") == [("a, }", "given")]
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


def test_paraphrase_gives_each_reason_to_whoever_wrote_it(set_of: Any) -> None:
    found = set_of("lewidi2025_paraphrase")
    assert answers(found, "paraphrase", "train/109") == {"Ann1": "-1", "Ann2": "3"}
    assert beside(found, "paraphrase", "train/109", "Ann1") == {"rationale": "one"}
    assert beside(found, "paraphrase", "train/109", "Ann2") == {"rationale": "two"}
    assert beside(found, "paraphrase", "train/108", "Ann2") == {"rationale": " same topic"}


def test_varierrnli_takes_several_labels_in_one_text_for_one_answer(set_of: Any) -> None:
    found = set_of("lewidi2025_varierrnli")
    (both,) = [row for row in found["judgments"] if row[:3] == ["inference", "dev/49807", "Ann2"]]
    assert both[3:6] == [1, '["entailment","neutral"]', '"entailment,neutral"']
    assert both[6] == {"rationale": '["for one","for the other"]'}
    (turned,) = [row for row in found["judgments"] if row[1] == "dev/76020"]
    assert turned[4:6] == ['["entailment","neutral"]', '"neutral,entailment"']
    assert turned[6] == {"rationale": '["first","second "]'}
