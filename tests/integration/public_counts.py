"""The public exports counted by the standard library alone: (question, answer) → how many.

Nothing of the product's readers or shapes is used, so that a fault of theirs cannot hide here.
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

Count = Counter[tuple[str, str]]


def json_text(value: Any) -> str:
    """JSON as the product writes canonical answers."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _csv(path: Path) -> Iterator[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        yield from csv.DictReader(stream)


def json_lines(path: Path) -> list[Any]:
    """The records of a file, one a line."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]


def _crehate(data: Path) -> Count:
    return Counter(("hate", json_text(row["annotation"])) for row in _csv(data / "crehate/CREHate_raw_annotations.csv"))


def _pandalm(data: Path) -> Count:
    meaning = {0: "tie", 1: "left", 2: "right"}
    records = json.loads((data / "pandalm/testset-v1.json").read_text())
    return Counter(("preference", json_text(meaning[row[f"annotator{n}"]])) for row in records for n in (1, 2, 3))


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
                found.update((question, json_text({"No": "0"}.get(answer, answer))) for answer in answers.split(","))
    return found


def _armis(data: Path) -> Count:
    files = [json.loads((data / f"lewidi2023/ArMIS_{part}.json").read_text()) for part in ("train", "dev", "test")]
    return Counter(
        ("misogyny", json_text(answer))
        for rows in files
        for row in rows.values()
        for answer in row["annotations"].split(",")
    )


def _status(row: Any, value: str) -> str:
    return value if row["answer"] == "accept" else f'{{"{row["answer"]}ed":{value}}}'


def _presto_types(data: Path) -> Count:
    rows = json_lines(data / "presto_prodigy/presto_types.jsonl")
    return Counter(
        ("distortion_types", _status(row, json_text(sorted(row["accept"], key=_declared.index)))) for row in rows
    )


_declared = [
    "adivinación", "imperativos", "sobregeneralización", "catastrofismo", "pensamiento absolutista", "leer la mente",
    "etiquetado", "abstracción selectiva", "personalización", "razonamiento emocional",
]  # fmt: skip


def _presto_distortion(data: Path) -> Count:
    rows = json_lines(data / "presto_prodigy/presto_distortion.jsonl")
    return Counter(("distortion", _status(row, json_text(row["accept"][0] if row["accept"] else "[]"))) for row in rows)


def _squality(data: Path) -> Count:
    found: Count = Counter()
    for record in json_lines(data / "squality_humaneval/all-responses.jsonl"):
        for systems in record["questions"].values():
            for system, held in systems.items():
                for review in held["reviews"]:
                    for aspect in ("correctness", "selection", "overall"):
                        found[aspect, json_text(review[f"{aspect}-rating"])] += 1
                        found[f"{aspect}_rank", json_text([[system, review[f"{aspect}-rank"]]])] += 1
                    found["comments", str(len(review["annotations"]))] += 1
    return found


def _ruddit(data: Path) -> Count:
    return Counter(
        ("offensiveness", json_text({"best": row["BestItem"], "worst": row["WorstItem"]}))
        for row in _csv(data / "ruddit/Ruddit_individual_annotations.csv")
    )


def _ttcw(data: Path) -> Count:
    rows = json.loads((data / "ttcw/ttcw_annotations.json").read_text())
    return Counter(("verdict", json_text(row["binary_verdict"])) for row in rows)


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
            found[question, json_text([name for name in names.split() if row[f"{prefix}.{name}"] == "1"])] += 1
    return found


def _crowd_oei(data: Path) -> Count:
    """How many spans each (item, user) marked; a start of -1 says that nothing was."""
    found: Count = Counter()
    for part in ("dev", "test"):
        for row in json_lines(data / f"crowd_oei/{part}-crowd.json"):
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
                faults = json_text([name for name in ("ok", "added", "missing") if name in ticked])
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
