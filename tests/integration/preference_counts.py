"""Public preference and disagreement sets, recounted from their fixtures by the standard library alone.

(question, item, annotator, answer) → how many. Nothing of the product's readers, shapes or functions beside contracts
is used, so that a fault of theirs cannot hide here.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Judged = Counter[tuple[str, str, str | None, str]]


def json_text(value: Any) -> str:
    """JSON as the product writes canonical answers."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def json_lines(path: Path) -> list[Any]:
    """The records of a file, one a line."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def _csv(path: Path) -> Iterator[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        yield from csv.DictReader(stream)


def _prism(export: Path) -> Judged:
    found: Judged = Counter()
    for row in json_lines(export / "utterances.jsonl"):
        if 1 <= row["score"] <= 100:
            found["score", row["utterance_id"], row["user_id"], str(row["score"])] += 1
    for row in json_lines(export / "conversations.jsonl"):
        item, who = row["conversation_id"], row["user_id"]
        for asked, sliders in (("performed", "performance_attributes"), ("chosen_for", "choice_attributes")):
            for attribute, value in row[sliders].items():
                if value is None or 1 <= value <= 100:
                    answer = '"N/A"' if value is None else str(value)
                    found[f"{asked}_{attribute}", item, who, answer] += 1
        if row["open_feedback"]:
            found["open_feedback", item, who, json_text(row["open_feedback"])] += 1
    return found


CONVERSATION = (
    "None of the above - it is in English, it makes sense, and I am familiar with the topic",
    "It is nonsensical (repetitive, incomprehensible, gibberish)",
    "It is in a language other than English",
    "I am not familiar with the topic of the conversation",
)
SHORT = {
    "medical_legal_financial_or_relationship_advice": "advice", "dangerous_content": "dangerous",
    "derogation_of_boat": "derogation", "obscene_and_profane": "obscene", "personal_information": "personal",
    "regulated_goods": "regulated", "sexually_suggestive_content": "sexual", "targeting_beliefs": "beliefs",
    "targeting_gender_sexual_orientation": "gender", "targeting_inherited_attributes": "inherited",
    "targeting_status": "status", "Q4_misinformation": "q4_misinformation",
    "Q5_political_affiliation": "q5_political", "polarizing_topics": "polarizing", "making_endorsement": "endorsement",
    "harm_to_people_or_animals": "harm", "violent_or_gory": "violent", "health_and_safety_claims": "health",
    "promotes_or_condones_use_of_harmful_regulated_goods": "regulated", "financial_advice": "financial",
    "promotes_or_condones_violence": "violence", "how_tos_about_harmful_activities": "how_to",
    "explicitly_sexual": "sexual", "obscenities_or_profanities": "obscene", "incites_hatred": "hatred",
    "subhuman_comparisons": "subhuman", "racial_religious_or_other_slurs_and_stereotypes": "slurs",
    "physically_or_mentally_inferior": "inferior", "superiority_or_subjugation_of_a_group": "superiority",
    "calling_individuals_or_groups_evil_corrupt_or_malicious": "evil",
    "insults_about_emotional_romantic_and_or_sexual_attraction": "insults", "false_theories": "theories",
    "contradicts_expert_consensus": "experts", "conspiracy_theories": "conspiracy",
}  # fmt: skip
"""What the contracts call the questions of DICES, by the end of the column's name."""


def _dices(export: Path) -> Judged:
    (path,) = export.iterdir()
    found: Judged = Counter()
    for row in _csv(path):
        item, who = row["item_id"], row["rater_id"]
        for column, answer in row.items():
            if column.startswith("Q1_"):
                if answer in CONVERSATION:
                    found["q1_conversation", item, who, json_text(answer)] += 1
            elif column.startswith("Q") and not column.endswith("overall") and answer in ("Yes", "No", "Unsure"):
                for topic in ("harmful_content_", "bias_", "policy_guidelines_", "misinformation_"):
                    number, _, rest = column.partition(f"_{topic}")
                    if rest:
                        found[f"{number.lower()}_{SHORT.get(rest, rest)}", item, who, json_text(answer)] += 1
                        break
                else:
                    found[SHORT[column], item, who, json_text(answer)] += 1
    return found


def _d3code(export: Path) -> Judged:
    words = {"-1": '"-1"', "0": "0", "1": "1", "2": "2", "3": "3", "4": "4"}
    rows = [row for row in _csv(export / "d3-ratings.csv") if row["rating_raw"] in words]
    return Counter(("offensive", row["item_id"], row["rater_id"], words[row["rating_raw"]]) for row in rows)


MULTIPREF = {
    "A-is-clearly-better": '{"preference":"left","strength":2.0}',
    "A-is-slightly-better": '{"preference":"left","strength":1.0}',
    "Tie": '"tie"',
    "B-is-slightly-better": '{"preference":"right","strength":1.0}',
    "B-is-clearly-better": '{"preference":"right","strength":2.0}',
}


def _multipref(export: Path) -> Judged:
    found: Judged = Counter()
    for row in json_lines(export / "MultiPref-Train.jsonl"):
        for given in [*row["normal_worker_annotations"], *row["expert_worker_annotations"]]:
            for aspect in ("overall", "helpful", "truthful", "harmless"):
                if (said := given[f"{aspect}_pref"]) in MULTIPREF:
                    found[aspect, row["comparison_id"], given["evaluator"], MULTIPREF[said]] += 1
    return found


def _helpsteer3(export: Path) -> Judged:
    found: Judged = Counter()
    for path in export.iterdir():
        for row in json_lines(path):
            prompt = json_text(row["context"])
            item = json_text([prompt, row["response1"], row["response2"], None])
            for given in row["individual_preference"]:
                score = given["score"]
                if abs(score) <= 3:
                    side = "left" if score < 0 else "right"
                    answer = json_text({"preference": side, "strength": float(abs(score))}) if score else '"tie"'
                    found["preference", item, None, answer] += 1
                for number in (1, 2):
                    if given[f"feedback{number}"]:
                        found[f"feedback_{number}", item, None, json_text(given[f"feedback{number}"])] += 1
    return found


def _community_alignment(export: Path) -> Judged:
    found: Judged = Counter()
    for row in json_lines(export / "train.jsonl"):
        before: list[dict[str, Any]] = []
        for turn in ("first", "second", "third", "fourth"):
            prompt, preferred = row[f"{turn}_turn_prompt"], row[f"{turn}_turn_preferred_response"]
            responses = {f"response_{letter}": row[f"{turn}_turn_response_{letter}"] for letter in "abcd"}
            if preferred in responses:
                item = json_text([prompt, *responses.values(), json_text(before) if before else None])
                found["preferred", item, row["annotator_id"], json_text(preferred)] += 1
            before.append({"prompt": prompt, "response": responses.get(preferred)})
    return found


def _oasst1(export: Path) -> Judged:
    """Averages are nobody's answers."""
    assert all("labels" in row for path in export.iterdir() for row in json_lines(path))
    return Counter()


def _lewidi2025(export: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The records of a set with their items, profiles left out."""
    for path in export.iterdir():
        if "annotators_meta" not in path.name:
            for key, record in json.loads(path.read_text(encoding="utf-8")).items():
                yield f"{record['split']}/{key}", record


def _csc(export: Path) -> Judged:
    return Counter(
        ("sarcasm", item, who, answer)
        for item, record in _lewidi2025(export)
        for who, answer in record["annotations"].items()
        if answer in "123456"
    )


def _multipico(export: Path) -> Judged:
    return Counter(
        ("irony", item, who[3:], json_text(answer))
        for item, record in _lewidi2025(export)
        for who, answer in record["annotations"].items()
        if who[:3] == "Ann" and answer in "01"
    )


def _paraphrase(export: Path) -> Judged:
    return Counter(
        ("paraphrase", item, who, answer)
        for item, record in _lewidi2025(export)
        if set(record["annotators"].split(",")) == set(record["annotations"])
        for who, answer in record["annotations"].items()
        if abs(int(answer)) <= 5
    )


LABELS = ("entailment", "neutral", "contradiction")


def _varierrnli(export: Path) -> Judged:
    return Counter(
        ("inference", item, who, json_text([label for label in LABELS if label in answer.split(",")]))
        for item, record in _lewidi2025(export)
        if len(record["annotators"].split(",")) == len(",".join(record["annotations"].values()).split(","))
        for who, answer in record["annotations"].items()
        if set(answer.split(",")) <= set(LABELS)
    )


def _varierr(export: Path) -> Judged:
    found: Judged = Counter()
    for row in json_lines(export / "varierr.json"):
        first: dict[int, list[str]] = {who: ["idk"] for who in row["idk"]}
        for label in LABELS:
            for one in row[label]:
                first.setdefault(one["annotator"], []).append(label)
                for view in one["judgments"]:
                    answer = json_text("true" if view["makes_sense"] else "false")
                    found["makes_sense", one["id"], str(view["annotator"]), answer] += 1
        for who, labels in first.items():
            found["inference", row["id"], str(who), json_text(labels)] += 1
    return found


def _chatbot_arena(export: Path) -> Judged:
    sides = {"model_a": "left", "model_b": "right", "tie": "tie", "tie (bothbad)": "tie"}
    found: Judged = Counter()
    for row in json_lines(export / "train.jsonl"):
        if row["winner"] in sides:
            found["preference", row["question_id"], row["judge"], json_text(sides[row["winner"]])] += 1
            found["verdict", row["question_id"], row["judge"], json_text(row["winner"])] += 1
    return found


def _alpaca_eval(export: Path) -> Judged:
    found: Judged = Counter()
    for path in export.rglob("annotations.json"):
        for row in json.loads(path.read_text(encoding="utf-8"), parse_float=str):
            item = json_text([row["instruction"], row["output_1"], row["output_2"], None])
            said = row["preference"]
            if said is None:
                continue
            if path.parent.name.startswith("weighted_"):
                if 1 <= float(said) <= 2:
                    found["weighted_preference", item, row["annotator"], str(said)] += 1
            elif (side := {1.0: "left", 2.0: "right", 1.5: "tie", 0.0: "tie"}.get(float(said))) is not None:
                found["preference", item, row["annotator"], json_text(side)] += 1
    return found


RECOUNTS: dict[str, Callable[[Path], Judged]] = {
    "prism": _prism,
    "dices_350": _dices,
    "dices_990": _dices,
    "d3code": _d3code,
    "multipref": _multipref,
    "helpsteer3_preference": _helpsteer3,
    "community_alignment": _community_alignment,
    "oasst1": _oasst1,
    "varierr": _varierr,
    "lewidi2025_csc": _csc,
    "lewidi2025_multipico": _multipico,
    "lewidi2025_paraphrase": _paraphrase,
    "lewidi2025_varierrnli": _varierrnli,
    "chatbot_arena": _chatbot_arena,
    "alpaca_eval": _alpaca_eval,
}
"""By source: the judgments that its fixture holds, those left out that must be quarantined.

An item whose id is a digest is told by its content: the JSON of its prompt, its responses and its context.
"""
