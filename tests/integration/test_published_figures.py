"""Published figures of the public data sets, computed anew from the releases alone.

What an upstream published as an aggregate is read from the run's mart ``upstream_aggregates`` (or, for Ruddit's
scores, from the file beside the export); the judgments that it is compared with come from released Parquet.
"""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

import duckdb
import krippendorff
import numpy as np
import pytest

from tests.conftest import Ran

pytestmark = pytest.mark.xdist_group("public")

Row = tuple[Any, ...]


def released(public: Ran, source: str, query: str) -> list[Row]:
    """A query over a release; it names the tables as {judgments}, {items} and so on."""
    folder = public.release(source)
    tables = {part.name: f"read_parquet('{part}/*.parquet')" for part in folder.iterdir() if part.is_dir()}
    with duckdb.connect() as con:
        return con.execute(query.format(**tables)).fetchall()


def published(public: Ran, source: str, aggregate: str) -> dict[str, str]:
    """What the source itself publishes of each item, as the mart of upstream aggregates has it."""
    mart = public.run_folder / "marts" / "upstream_aggregates.parquet"
    with duckdb.connect() as con:
        query = "select item_id, value from read_parquet(?) where source_id = ? and aggregate = ?"
        rows = con.execute(query, [str(mart), source, aggregate]).fetchall()
    found = dict(rows)
    assert len(found) == len(rows), "an aggregate that is published twice"
    return found


def cohens_kappa(pairs: Iterable[tuple[Hashable, Hashable]]) -> float:
    """Agreement of two annotators beyond chance.

    Source: Cohen 1960, "A Coefficient of Agreement for Nominal Scales", formula 1.
    """
    given = list(pairs)
    observed = sum(one == other for one, other in given) / len(given)
    first, second = (Counter(pair[side] for pair in given) for side in (0, 1))
    chance = sum(first[value] * second[value] for value in first) / len(given) ** 2
    return (observed - chance) / (1 - chance)


def kappas(rows: Iterable[Row]) -> list[float]:
    """Cohen's kappa of every two annotators, lowest first, from rows (annotator, item, answer).

    Pseudonyms do not say which published pair is which; the set of values does.
    """
    by_annotator: dict[str, dict[str, Hashable]] = defaultdict(dict)
    for annotator, item, answer in rows:
        assert item not in by_annotator[annotator], "one answer an item is compared"
        by_annotator[annotator][item] = answer
    return sorted(
        cohens_kappa((one[item], other[item]) for item in one.keys() & other.keys())
        for one, other in combinations(by_annotator.values(), 2)
    )


def alpha(rows: Iterable[Row], level: Literal["nominal", "ordinal", "interval"]) -> float:
    """Krippendorff's alpha from rows (item, answer): counts of answers by item, whoever gave them."""
    counts: dict[str, Counter[Any]] = defaultdict(Counter)
    for item, answer in rows:
        counts[item][answer] += 1
    values = sorted({answer for counted in counts.values() for answer in counted})
    matrix = np.array([[counted[value] for value in values] for counted in counts.values()])
    domain = [str(value) for value in values] if level == "nominal" else values
    return float(krippendorff.alpha(value_counts=matrix, value_domain=domain, level_of_measurement=level))


def majority(answers: Iterable[str]) -> str | None:
    """The answer of more annotators than any other, if there is one."""
    first, *others = Counter(answers).most_common(2)
    return None if others and others[0][1] == first[1] else first[0]


def by_item(rows: Iterable[Row]) -> dict[Any, list[Any]]:
    """Answers by item, from rows (item, answer)."""
    found: dict[Any, list[Any]] = defaultdict(list)
    for item, answer in rows:
        found[item].append(answer)
    return found


def test_pandalm_agreement_and_majorities(public: Ran) -> None:
    """The README of the data: kappa .85, .88, .86 between annotators; majorities 105 / 422 / 472."""
    rows = released(public, "pandalm", "select annotator_id, item_id, answer_preference from {judgments}")
    assert [round(kappa, 2) for kappa in kappas(rows)] == [0.85, 0.86, 0.88]
    majorities = Counter(majority(answers) for answers in by_item(row[1:] for row in rows).values())
    assert majorities == {"tie": 105, "left": 422, "right": 472}


def test_presto_agreement(public: Ran) -> None:
    """The agreement report counts what was chosen, whether the text was then accepted or rejected."""
    query = "select annotator_id, item_id, answer_choice from {judgments}"
    found = kappas(released(public, "presto_distortion", query))
    assert len(found) == 3
    assert found[0] == pytest.approx(0.6459843749, abs=1e-10)


def scores(rows: Iterable[Row]) -> dict[str, float]:
    """Best-worst scores: the share of times chosen as best less that of being chosen as worst, of the times shown.

    Source: Hada et al. 2021, "Ruddit: Norms of Offensiveness for English Reddit Comments". What was shown are the
    four parts of an item's id.
    """
    shown, chosen = Counter[str](), Counter[str]()
    for item, best, worst in rows:
        shown.update(item.split("/"))
        chosen[best] += 1
        chosen[worst] -= 1
    return {option: chosen[option] / times for option, times in shown.items()}


def test_ruddit_scores(public: Ran, shared_data: Path) -> None:
    """All published scores, to the three digits they are published with."""
    found = scores(released(public, "ruddit", "select item_id, answer_best, answer_worst from {judgments}"))
    with (shared_data / "ruddit" / "Ruddit.csv").open(newline="", encoding="utf-8") as stream:
        expected = {row["comment_id"]: float(row["offensiveness_score"]) for row in csv.DictReader(stream)}
    assert len(expected) == 6_000
    # Half of the last digit, and the error of a double.
    assert [option for option, score in expected.items() if abs(found[option] - score) > 0.0005 + 1e-9] == []


def test_ruddit_scores_need_every_row(public: Ran) -> None:
    """The twin: with repeated rows removed, as a careless pipeline does, the scores are others."""
    query = "select {} item_id, answer_best, answer_worst from {{judgments}}"
    every = scores(released(public, "ruddit", query.format("")))
    distinct = scores(released(public, "ruddit", query.format("distinct")))
    assert sum(abs(every[option] - distinct[option]) > 0.0005 for option in every) > 5_000


COUNTRIES = ("Australia", "Singapore", "South Africa", "United Kingdom", "United States")


def test_crehate_majorities_by_country(public: Ran) -> None:
    """Every final label: the majority of a country's annotators, those who did not know left out."""
    query = (
        "select profile.value, item_id, answer_choice from {judgments} join {annotator_attributes} as profile"
        " using (source_id, annotator_id) where profile.attribute = 'nationality' and not abstained"
    )
    voted = by_item(((country, item), answer) for country, item, answer in released(public, "crehate", query))
    compared = 0
    for country in COUNTRIES:
        labels = published(public, "crehate", f"{country.replace(' ', '_')}_Hate")
        assert {item: float(label) for item, label in labels.items()} == {
            item: float(majority(voted[country, item]) or "nan") for item in labels
        }
        compared += len(labels)
    assert compared == 7_900


@pytest.mark.parametrize(
    ("source", "question", "items"),
    [("lewidi2023_hs_brexit", "hate", 1_120), ("lewidi2023_armis", "misogyny", 943)],
)
def test_lewidi_soft_labels(public: Ran, source: str, question: str, items: int) -> None:
    """The share of each answer, to the two digits they are published with; the hard label is the larger share."""
    query = f"select item_id, answer_choice from {{judgments}} where question_id = '{question}'"
    answers = by_item(released(public, source, query))
    soft = {item: json.loads(value) for item, value in published(public, source, "soft_label").items()}
    assert len(soft) == items
    assert soft == {
        item: {label: round(answers[item].count(label) / len(answers[item]), 2) for label in ("0", "1")}
        for item in soft
    }
    hard = {item: json.loads(value) for item, value in published(public, source, "hard_label").items()}
    agreed = {item: majority(answers[item]) for item in hard}
    assert {item: label for item, label in agreed.items() if label not in (None, hard[item])} == {}


@pytest.mark.parametrize("aspect", ["correctness", "selection", "overall"])
def test_squality_mean_ratings(public: Ran, aspect: str) -> None:
    """The mean rating of each response, to the last digit of a double."""
    query = f"select item_id, answer_number from {{judgments}} where question_id = '{aspect}'"
    ratings = by_item(released(public, "squality", query))
    means = published(public, "squality", f"questions.overall.{aspect}-rating")
    assert len(means) == 300
    assert {item: float(mean) for item, mean in means.items()} == pytest.approx(
        {item: sum(ratings[item]) / len(ratings[item]) for item in means}, rel=1e-12
    )


@pytest.mark.parametrize(
    ("source", "answers", "level", "figure"),
    [
        ("crehate", "answer_choice from {judgments}", "nominal", 0.3026),
        ("lewidi2023_hs_brexit", "answer_choice from {judgments} where question_id = 'hate'", "nominal", 0.3475),
        ("lewidi2023_armis", "answer_choice from {judgments}", "nominal", 0.5242),
        ("ttcw", "answer_choice from {judgments}", "nominal", 0.4264),
        ("convabuse", "answer_number from {judgments} where question_id = 'abuse'", "ordinal", 0.666),
        ("squality", "answer_number from {judgments} where question_id = 'overall'", "interval", 0.798),
    ],
)
def test_krippendorffs_alpha(public: Ran, source: str, answers: str, level: Any, figure: float) -> None:
    digits = len(str(figure)) - 2
    assert round(alpha(released(public, source, f"select item_id, {answers}"), level), digits) == figure


def test_a_figure_moves_with_one_answer(public: Ran) -> None:
    """The twin: one answer changed, one pair of answers swapped between annotators, and the figures are others."""
    rows = released(public, "pandalm", "select annotator_id, item_id, answer_preference from {judgments} order by 2, 1")
    changed = [(*rows[0][:2], "tie" if rows[0][2] != "tie" else "left"), *rows[1:]]
    assert kappas(changed) != kappas(rows)
    assert alpha((row[1:] for row in changed), "nominal") != alpha((row[1:] for row in rows), "nominal")
    one, other = next(
        (one, one + 1)
        for one in range(len(rows) - 1)
        if rows[one][1] == rows[one + 1][1] and rows[one][2] != rows[one + 1][2]
    )
    swapped = list(rows)
    swapped[one], swapped[other] = (*rows[one][:2], rows[other][2]), (*rows[other][:2], rows[one][2])
    assert kappas(swapped) != kappas(rows)
    assert alpha((row[1:] for row in swapped), "nominal") == alpha((row[1:] for row in rows), "nominal")
