"""The releases of the public exports, against an independent recount by the standard library."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import PUBLIC, Ran
from tests.integration.public_counts import RECOUNTS, json_lines, json_text

pytestmark = pytest.mark.xdist_group("public")


def rows(public: Ran, source: str, query: str) -> list[tuple[Any, ...]]:
    """A query over a source's release; it names the tables as {judgments}, {annotator_attributes} and so on."""
    folder = public.release(source)
    tables = {part.name: f"read_parquet('{part}/*.parquet')" for part in folder.iterdir() if part.is_dir()}
    with duckdb.connect() as con:
        return con.execute(query.format(**tables)).fetchall()


def test_every_public_source_is_counted() -> None:
    assert set(RECOUNTS) == set(PUBLIC)


@pytest.mark.parametrize("source", RECOUNTS)
def test_every_answer_of_a_public_source_is_released(source: str, public: Ran, shared_data: Path) -> None:
    """The multiset of answers by question equals the recount; nothing is quarantined."""
    recount, judgments, items, annotators = RECOUNTS[source]
    found = rows(
        public,
        source,
        "select question_id, case when answer_type = 'spans' then len(answer_spans)::varchar else answer end,"
        " count(*) from {judgments} group by all",
    )
    counted = "select count(*), count(distinct item_id), count(distinct annotator_id) from {judgments}"
    assert rows(public, source, counted) == [(judgments, items, annotators)]
    assert Counter({(question, answer): count for question, answer, count in found}) == recount(shared_data)
    assert [one["quarantined"] for one in public.summary["sources"] if one["source"] == source] == [{}]


REPEATED = (
    "select {0} from (select count(*) as given, count(distinct answer) as answers from {{judgments}}"
    " where question_id = '{1}' group by item_id, annotator_id having count(*) > 1)"
)
BY_FILE = (
    "select question_id, count(distinct record_ordinal), count(*), count(distinct annotator_id) from {judgments}"
    " group by question_id, file_sha256 order by all"
)

DETAILS: dict[str, tuple[str, str, list[tuple[Any, ...]]]] = {
    "crehate answers": (
        "crehate",
        "select answer, count(*), count_if(abstained) from {judgments} group by all order by all",
        [('"0"', 21_775, 0), ('"1"', 17_711, 0), ('"2"', 3_060, 3_060)],
    ),
    "crehate repeats, and those with another answer": (
        "crehate",
        REPEATED.format("sum(given - 1), count_if(answers > 1)", "hate"),
        [(19, 5)],
    ),
    "crehate's annotator with two profiles": (
        "crehate",
        "select count(distinct annotator_id), count(distinct attribute) from {annotator_attributes}"
        " where observation = 2",
        [(1, 7)],
    ),
    "crehate's religion None is a value, an empty cell is none": (
        "crehate",
        "select count_if(value = 'None'), count_if(value is null), count_if(attribute_status = 'not_asked')"
        " from {annotator_attributes} where attribute = 'religion'",
        [(544, 2, 2)],
    ),
    "crehate's spellings stay two": (
        "crehate",
        "select distinct value from {annotator_attributes} where value ilike 'otheragnostic' order by all",
        [("OtherAgnostic",), ("Otheragnostic",)],
    ),
    "hs-brexit by question": (
        "lewidi2023_hs_brexit",
        "select question_id, count(*) from {judgments} group by all order by all",
        [("aggressive", 6_720), ("hate", 6_720), ("offensive", 6_720)],
    ),
    "hs-brexit's three answers in words": (
        "lewidi2023_hs_brexit",
        "select question_id, raw_answer, answer, count(*) from {judgments} where raw_answer not in ('\"0\"', '\"1\"')"
        " group by all",
        [("offensive", '"No"', '"0"', 3)],
    ),
    "hs-brexit's items by split, for their keys restart": (
        "lewidi2023_hs_brexit",
        "select split_part(item_id, '/', 1), count(distinct item_id) from {judgments} group by all order by all",
        [("dev", 168), ("test", 168), ("train", 784)],
    ),
    "armis's profiles, which stand with its items": (
        "lewidi2023_armis",
        "select value, count(*) from {annotator_attributes} group by all order by all",
        [("Conservative_Male", 1), ("Liberal_Female", 1), ("Moderate_Female", 1)],
    ),
    "presto's rejected and accepted empty sets": (
        "presto_types",
        "select status, answer, count(*) from {judgments} where len(answer_choices) = 0 group by all order by all",
        [("rejected", '{"rejected":[]}', 46), ("submitted", "[]", 10)],
    ),
    "presto's task hash is no item": (
        "presto_types",
        "select count(distinct item_id), count(distinct extra->>'_task_hash') from {judgments}",
        [(317, 698)],
    ),
    "pandalm by annotator's own code": (
        "pandalm",
        "select raw_answer, answer_preference, count(*) from {judgments} group by all order by all",
        [("0", "tie", 326), ("1", "left", 1_255), ("2", "right", 1_416)],
    ),
    "squality by question": (
        "squality",
        "select question_id, count(*), sum(len(answer_spans)) from {judgments} group by all order by all",
        [
            ("comments", 900, 3_142),
            ("correctness", 900, None),
            ("correctness_rank", 900, None),
            ("overall", 900, None),
            ("overall_rank", 900, None),
            ("selection", 900, None),
            ("selection_rank", 900, None),
        ],
    ),
    "squality's ties in rating under strict ranks": (
        "squality",
        "select count(*), count_if(ratings < 3 and ranks = 3) from (select count(distinct answer_number) as ratings,"
        " count(distinct answer_ranking[1].rank) as ranks from {judgments} where question_id in ('overall',"
        " 'overall_rank') group by regexp_replace(item_id, '/[^/]*$', ''), annotator_id)",
        [(300, 17)],
    ),
    "ruddit's rows that are identical to another, and best that is worst": (
        "ruddit",
        "select sum(given - 1), sum(given), sum(given) filter (answer_best = answer_worst) from (select item_id,"
        " answer_best, answer_worst, count(*) as given from {judgments} group by all)",
        [(28_020, 78_639, 557)],
    ),
    "ruddit names nobody": (
        "ruddit",
        "select attribution, annotator_id, count(*) from {judgments} group by all",
        [("none", None, 78_639)],
    ),
    "crowd-oei by file: records, (item, user), spans, those that say that nothing was marked, users": (
        "crowd_oei",
        "select count(distinct record_ordinal), count(*), sum(json_array_length(raw_answer)),"
        " sum(json_array_length(raw_answer) - len(answer_spans)) from {judgments} group by file_sha256 order by all",
        [(803, 3_427, 6_590, 349), (1_517, 6_265, 10_966, 695)],
    ),
    "rankme, likert, by question and file: records, judgments, annotators": (
        "rankme_likert",
        BY_FILE,
        [
            ("faults", 900, 900, 13),
            ("informativeness", 914, 914, 16),
            ("informativeness_alone", 900, 900, 19),
            ("naturalness", 914, 914, 16),
            ("naturalness_alone", 900, 900, 20),
            ("quality", 914, 914, 16),
            ("quality_alone", 900, 900, 13),
        ],
    ),
    "rankme, magnitudes, by question and file": (
        "rankme_plain_me",
        BY_FILE,
        [
            ("faults", 900, 900, 16),
            ("informativeness", 900, 900, 23),
            ("informativeness_alone", 900, 900, 15),
            ("naturalness", 900, 900, 23),
            ("naturalness_alone", 900, 900, 23),
            ("quality", 900, 900, 23),
            ("quality_alone", 900, 900, 16),
        ],
    ),
    "rankme, three systems a record, by question and file": (
        "rankme_rank_me",
        BY_FILE,
        [
            ("faults", 300, 900, 7),
            ("informativeness", 300, 900, 16),
            ("informativeness_alone", 300, 900, 10),
            ("naturalness", 300, 900, 16),
            ("naturalness_alone", 300, 900, 7),
            ("quality", 300, 900, 16),
            ("quality_alone", 300, 900, 7),
        ],
    ),
    "ttcw": (
        "ttcw",
        "select answer, count(*) from {judgments} group by all order by all",
        [('"No"', 1_254), ('"Yes"', 762)],
    ),
    "ttcw's stories and tests": (
        "ttcw",
        "select count(distinct item_id), count(distinct split_part(item_id, '/', 1)),"
        " count(distinct split_part(item_id, '/', 2)) from {judgments}",
        [(672, 48, 14)],
    ),
    "convabuse by question": (
        "convabuse",
        "select question_id, count(*) from {judgments} group by all order by all",
        [("abuse", 12_768), ("abuse_type", 12_768), ("direction", 12_768), ("target", 12_768)],
    ),
    "convabuse's repeats, and the annotators' conflicts with themselves": (
        "convabuse",
        REPEATED.format("sum(given - 1), count_if(answers > 1)", "abuse"),
        [(357, 28)],
    ),
}
"""what → (source, a query over its release, what it yields)."""


@pytest.mark.parametrize("what", DETAILS)
def test_the_readme_s_details_are_in_the_release(what: str, public: Ran) -> None:
    source, query, expected = DETAILS[what]
    assert rows(public, source, query) == expected


def test_one_name_in_two_data_sets_is_two_people(public: Ran) -> None:
    """Le-Wi-Di calls somebody Ann1 in each of its data sets."""
    query = "select distinct annotator_id from {judgments}"
    brexit, armis = (set(rows(public, source, query)) for source in ("lewidi2023_hs_brexit", "lewidi2023_armis"))
    assert len(brexit) == 6
    assert len(armis) == 3
    assert not brexit & armis


def test_one_person_in_two_exports_of_a_family_is_one(public: Ran) -> None:
    """PRESTO's three annotators answered both exports, under ids with another prefix in each."""
    query = "select distinct annotator_id from {judgments}"
    types, distortion = (set(rows(public, source, query)) for source in ("presto_types", "presto_distortion"))
    assert len(types) == 3
    assert types == distortion


def test_spans_keep_their_offsets_labels_and_comments(public: Ran, shared_data: Path) -> None:
    """Every marked stretch of two exports, part by part, against the raw files."""
    marked = rows(
        public,
        "crowd_oei",
        'select item_id, s.start, s."end", s.label from (select item_id, unnest(answer_spans) as s from {judgments})',
    )
    expected = [
        (str(row["id"]), span["start_offset"], span["end_offset"], span["label"])
        for part in ("dev", "test")
        for row in json_lines(shared_data / f"crowd_oei/{part}-crowd.json")
        for span in row["annotations"]
        if span["start_offset"] != -1
    ]
    assert len(expected) == 17_556 - 1_044
    assert Counter(marked) == Counter(expected)
    comments = rows(
        public,
        "squality",
        "select s.text, s.comment"
        " from (select unnest(answer_spans) as s from {judgments} where question_id = 'comments')",
    )
    said = [
        (one["selection"], None if not one["annotation"] else one["annotation"][0] if len(one["annotation"]) == 1
         else json_text(one["annotation"]))
        for record in json_lines(shared_data / "squality_humaneval/all-responses.jsonl")
        for systems in record["questions"].values()
        for held in systems.values()
        for review in held["reviews"]
        for one in review["annotations"]
    ]  # fmt: skip
    assert len(said) == 3_142
    assert Counter(comments) == Counter(said)


def test_rationales_are_byte_exact(public: Ran, shared_data: Path) -> None:
    """The experts' explanations, character by character."""
    found = rows(public, "ttcw", "select rationale from {judgments}")
    expected = [row["explanation"] for row in json.loads((shared_data / "ttcw/ttcw_annotations.json").read_text())]
    assert Counter(row[0] for row in found) == Counter(expected)


def test_the_recount_would_see_a_lost_answer(shared_data: Path) -> None:
    """The twin: one judgment less, or another answer, is another multiset."""
    whole = RECOUNTS["ttcw"][0](shared_data)
    assert whole != whole - Counter({("verdict", '"No"'): 1})
    assert whole != whole - Counter({("verdict", '"No"'): 1}) + Counter({("verdict", '"Yes"'): 1})
