"""The releases of the public exports, against an independent recount by the standard library.

Each recount yields what the README of the exports counts: (question, answer) → how many. Nothing of the product's
readers or shapes is used to make it.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import PUBLIC, Ran

pytestmark = pytest.mark.xdist_group("public")

Count = Counter[tuple[str, str]]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _csv(path: Path) -> Iterator[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        yield from csv.DictReader(stream)


def _jsonl(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]


def _crehate(data: Path) -> Count:
    return Counter(("hate", _json(row["annotation"])) for row in _csv(data / "crehate/CREHate_raw_annotations.csv"))


def _pandalm(data: Path) -> Count:
    meaning = {0: "tie", 1: "left", 2: "right"}
    records = json.loads((data / "pandalm/testset-v1.json").read_text())
    return Counter(("preference", _json(meaning[row[f"annotator{n}"]])) for row in records for n in (1, 2, 3))


def _hs_brexit(data: Path) -> Count:
    found: Count = Counter()
    for part in ("train", "dev", "test"):
        for row in json.loads((data / f"lewidi2023/HS-Brexit_{part}.json").read_text()).values():
            others = row["other_info"]["other annotations"]
            for question, answers in (
                ("hate", row["annotations"]),
                ("aggressive", others["aggressive language detection"]),
                ("offensive", others["offensive language detection"]),
            ):
                found.update((question, _json({"No": "0"}.get(answer, answer))) for answer in answers.split(","))
    return found


def _armis(data: Path) -> Count:
    files = [json.loads((data / f"lewidi2023/ArMIS_{part}.json").read_text()) for part in ("train", "dev", "test")]
    return Counter(
        ("misogyny", _json(answer))
        for rows in files
        for row in rows.values()
        for answer in row["annotations"].split(",")
    )


def _status(row: Any, value: str) -> str:
    return value if row["answer"] == "accept" else f'{{"{row["answer"]}ed":{value}}}'


def _presto_types(data: Path) -> Count:
    rows = _jsonl(data / "presto_prodigy/presto_types.jsonl")
    return Counter(
        ("distortion_types", _status(row, _json(sorted(row["accept"], key=_declared.index)))) for row in rows
    )


_declared = [
    "adivinación", "imperativos", "sobregeneralización", "catastrofismo", "pensamiento absolutista", "leer la mente",
    "etiquetado", "abstracción selectiva", "personalización", "razonamiento emocional",
]  # fmt: skip


def _presto_distortion(data: Path) -> Count:
    rows = _jsonl(data / "presto_prodigy/presto_distortion.jsonl")
    return Counter(("distortion", _status(row, _json(row["accept"][0] if row["accept"] else "[]"))) for row in rows)


def _squality(data: Path) -> Count:
    found: Count = Counter()
    for record in _jsonl(data / "squality_humaneval/all-responses.jsonl"):
        for systems in record["questions"].values():
            for system, held in systems.items():
                for review in held["reviews"]:
                    for aspect in ("correctness", "selection", "overall"):
                        found[aspect, _json(review[f"{aspect}-rating"])] += 1
                        found[f"{aspect}_rank", _json([[system, review[f"{aspect}-rank"]]])] += 1
                    found["comments", str(len(review["annotations"]))] += 1
    return found


def _ruddit(data: Path) -> Count:
    return Counter(
        ("offensiveness", _json({"best": row["BestItem"], "worst": row["WorstItem"]}))
        for row in _csv(data / "ruddit/Ruddit_individual_annotations.csv")
    )


def _ttcw(data: Path) -> Count:
    rows = json.loads((data / "ttcw/ttcw_annotations.json").read_text())
    return Counter(("verdict", _json(row["binary_verdict"])) for row in rows)


def _convabuse(data: Path) -> Count:
    groups = {
        "abuse_type": ("type", "ableism homophobic intellectual racist sexist sex_harassment transphobic"),
        "target": ("target", "generalised individual system"),
        "direction": ("direction", "explicit implicit"),
    }
    found: Count = Counter()
    for row in _csv(data / "convabuse/ConvAbuseEMNLPfull.csv"):
        found["abuse", next(value for value in ("1", "0", "-1", "-2", "-3") if row[f"is_abuse.{value}"] == "1")] += 1
        for question, (prefix, names) in groups.items():
            found[question, _json([name for name in names.split() if row[f"{prefix}.{name}"] == "1"])] += 1
    return found


def _crowd_oei(data: Path) -> Count:
    """How many spans each (item, user) marked; a start of -1 says that nothing was."""
    found: Count = Counter()
    for part in ("dev", "test"):
        for row in _jsonl(data / f"crowd_oei/{part}-crowd.json"):
            marked: Counter[int] = Counter()
            for span in row["annotations"]:
                marked[span["user"]] += span["start_offset"] != -1
            found.update(("opinions", str(count)) for count in marked.values())
    return found


def _rankme_single(data: Path, setup: str) -> Count:
    found: Count = Counter()
    files = {
        f"stp1_{setup}": {name: [name] for name in ("informativeness", "naturalness", "quality")},
        f"stp2_{setup}_inf": {"informativeness_alone": ["informativeness"]},
        f"stp2_{setup}_nat": {"naturalness_alone": ["naturalness"]},
        f"stp2_{setup}_qual": {"quality_alone": ["quality"], "faults": ["check_those_that_apply"]},
    }
    for name, questions in files.items():
        found += _rankme_file(data / "rankme" / f"{name}.zip", questions)
    return found


def _rankme_three(data: Path) -> Count:
    files = {
        "stp1_rankME": {
            name: [f"{name}{n}" for n in (1, 2, 3)] for name in ("informativeness", "naturalness", "quality")
        },
        "stp2_rankME_inf": {"informativeness_alone": [f"inf{n}" for n in (1, 2, 3)]},
        "stp2_rankME_nat": {"naturalness_alone": [f"naturalness{n}" for n in (1, 2, 3)]},
        "stp2_rankME_qual": {
            "quality_alone": [f"quality{n}" for n in (1, 2, 3)],
            "faults": [f"check{n}" for n in (1, 2, 3)],
        },
    }
    found: Count = Counter()
    for name, questions in files.items():
        found += _rankme_file(data / "rankme" / f"{name}.zip", questions)
    return found


def _rankme_file(path: Path, questions: dict[str, list[str]]) -> Count:
    found: Count = Counter()
    with zipfile.ZipFile(path) as archive:
        text = archive.read(archive.namelist()[0]).decode()
    for row in csv.DictReader(io.StringIO(text, newline="")):
        for question, fields in questions.items():
            for field in fields:
                ticked = row[field].split("\n")
                faults = _json([name for name in ("ok", "added", "missing") if name in ticked])
                found[question, faults if question == "faults" else row[field]] += 1
    return found


RECOUNTS: dict[str, tuple[Callable[[Path], Count], int, int, int]] = {
    "crehate": (_crehate, 42_546, 1_580, 1_064),
    "pandalm": (_pandalm, 2_997, 999, 3),
    "lewidi2023_hs_brexit": (_hs_brexit, 20_160, 1_120, 6),
    "lewidi2023_armis": (_armis, 2_829, 943, 3),
    "presto_types": (_presto_types, 745, 317, 3),
    "presto_distortion": (_presto_distortion, 1_779, 593, 3),
    "squality": (_squality, 900 * 7, 300, 4),
    "ruddit": (_ruddit, 78_639, 13_199, 0),
    "ttcw": (_ttcw, 2_016, 672, 11),
    "convabuse": (_convabuse, 12_768 * 4, 4_185, 8),
    "crowd_oei": (_crowd_oei, 3_427 + 6_265, 2_320, 70),
    "rankme_likert": (lambda data: _rankme_single(data, "likert"), 914 * 3 + 900 * 4, 300, 49),
    "rankme_plain_me": (lambda data: _rankme_single(data, "plainME"), 900 * 7, 300, 55),
    "rankme_rank_me": (_rankme_three, 300 * 3 * 7, 300, 34),
}
"""source → (recount, judgments, items, annotators)."""


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
        for row in _jsonl(shared_data / f"crowd_oei/{part}-crowd.json")
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
         else _json(one["annotation"]))
        for record in _jsonl(shared_data / "squality_humaneval/all-responses.jsonl")
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
    whole = _ttcw(shared_data)
    assert whole != whole - Counter({("verdict", '"No"'): 1})
    assert whole != whole - Counter({("verdict", '"No"'): 1}) + Counter({("verdict", '"Yes"'): 1})
