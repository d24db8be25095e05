"""The made-up nested export that is measured: items with lists of annotations, as annotation tools write them.

An annotation's answers are a list of results, told apart by ``from_name``; around them stands what a tool keeps for
itself. Drawn by DuckDB from hashes of row numbers, as the tidy one is.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipelines.bench.tidy import ANNOTATOR_JUDGMENTS, ANSWERS, SEED, draw, texts, unit
from pipelines.contracts.model import SourceContract
from pipelines.shapes.sql import literal, text_list

ANNOTATIONS = 5
"""Annotations an item gets."""
QUESTIONS = 4
ITEM_JUDGMENTS = ANNOTATIONS * QUESTIONS

_TOPICS = ("delivery", "price", "quality", "service")


def contract(file: str, form: str) -> SourceContract:
    """The contract of the export, whose file is either ``json`` (an array) or ``jsonl``."""
    result = "annotations.result[from_name={}].value.{}".format
    return SourceContract.model_validate(
        {
            "source": "bench",
            "title": "Tone of short messages (made up for measuring)",
            "licence": "Apache-2.0",
            "platform": "bench_tool",
            "attribution": "stable",
            "questions": {
                "tone": {
                    "type": "choice",
                    "options": {"polite": "polite", "neutral": "neutral", "rude": "rude", "unsure": "I cannot say"},
                    "abstain": ["unsure"],
                },
                "warmth": {"type": "rating", "scale": {"kind": "ordinal", "min": 1, "max": 7}},
                "topics": {"type": "multi_choice", "options": list(_TOPICS)},
                "rewrite": {"type": "text"},
            },
            "files": [
                {
                    "role": "judgments",
                    "pattern": file,
                    "dialect": {"format": form},
                    "each": {"list": "annotations"},
                    "item": {"key": "data.message_id", "text": "data.text", "language": "data.language"},
                    "annotator": {"key": "annotations.completed_by"},
                    "status": {
                        "field": "annotations.was_cancelled",
                        "values": {"false": "submitted", "true": "skipped"},
                    },
                    "answers": {
                        "tone": {"field": result("tone", "choices"), "rationale": result("reason", "text")},
                        "warmth": result("warmth", "rating"),
                        "topics": result("topics", "choices"),
                        "rewrite": result("rewrite", "text"),
                    },
                    "judged_at": "annotations.created_at",
                    "duration_s": "annotations.lead_time",
                    "ignored": {
                        "annotations.result.id": "made anew by the tool at each edit",
                        "annotations.result.from_name": "names the question that the result answers",
                        "annotations.result.to_name": "the same for every result",
                        "annotations.result.type": "the same for every result of a question",
                    },
                }
            ],
        }
    )


def write(folder: Path, judgments: int, *, file: str, is_array: bool, seed: int = SEED) -> Path:
    """Write an export of so many judgments (a multiple of ``ITEM_JUDGMENTS``) into the folder; its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / file
    items = judgments // ITEM_JUDGMENTS
    with duckdb.connect() as con:
        con.execute("set enable_progress_bar = false")
        con.execute(texts(items, seed))
        con.execute(
            f"copy ({_records(items, seed)}) to {literal(str(path))} (format json, array {str(is_array).lower()})"
        )
    return path


def _records(items: int, seed: int) -> str:
    annotators = max(items * ITEM_JUDGMENTS // ANNOTATOR_JUDGMENTS, ANNOTATIONS)

    def drawn(sides: int, *values: object) -> str:
        return draw(sides, "item", "place", *values, seed)

    # One after the other around the circle: nobody annotates an item twice.
    who = f"floor({unit('item', seed)} * {annotators})::int + place * {annotators // ANNOTATIONS}"
    chosen = f"({text_list(ANSWERS)})[1 + {drawn(len(ANSWERS))}]"
    topics = f"list_filter({text_list(_TOPICS)}, lambda topic: (hash(item, place, topic, {seed}) % 3) = 0)"
    results = ", ".join(
        f"{{'id': printf('r%08x', hash(item, place, {literal(name)}, {seed}) % 4294967296),"
        f" 'from_name': {literal(name)}, 'to_name': 'message', 'type': {literal(kind)}, 'value': {value}}}"
        for name, kind, value in (
            ("tone", "choices", f"to_json({{'choices': [{chosen}]}})"),
            ("warmth", "rating", f"to_json({{'rating': 1 + {drawn(7, 1)}}})"),
            ("topics", "choices", f"to_json({{'choices': {topics}}})"),
            ("rewrite", "textarea", "to_json({'text': [substr(text, 1, 40)]})"),
            ("reason", "textarea", "to_json({'text': ['because of: ' || substr(text, 10, 20)]})"),
        )
    )
    at = "strftime(timestamp '2026-01-05 08:00:00' + to_seconds(item + place * 3600), '%Y-%m-%dT%H:%M:%S.%fZ')"
    annotation = (
        f"{{'id': item * {ANNOTATIONS} + place, 'completed_by': printf('p%06d@people.example', ({who}) % {annotators}),"
        f" 'result': [{results}], 'was_cancelled': false, 'ground_truth': false,"
        f" 'created_at': {at}, 'updated_at': {at}, 'draft_created_at': null, 'prediction': {{}},"
        f" 'lead_time': 2 + {drawn(400, 2)} / 10, 'result_count': 5, 'last_action': null, 'task': item, 'project': 7,"
        f" 'unique_id': printf('%016x', hash(item, place, {seed}))}}"
    )
    return (
        f"select item as id, list_transform(range({ANNOTATIONS}), lambda place: {annotation}) as annotations,"
        f" 'upload.json' as file_upload, [] as drafts, [] as predictions,"
        f" {{'message_id': printf('message-%08d', item), 'text': text, 'language': 'en'}} as data,"
        f" {{'batch': item // 1000}} as meta, '2026-01-05T08:00:00.000000Z' as created_at, item as inner_id,"
        f" {ANNOTATIONS} as total_annotations, 0 as cancelled_annotations, 7 as project, [] as comment_authors"
        f" from texts order by item"
    )
