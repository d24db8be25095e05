"""The made-up export that is measured: one tidy CSV of one source, and the contract that reads it.

Drawn by DuckDB from hashes of row numbers, so that a number and a seed always make the same bytes.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipelines.contracts.model import SourceContract
from pipelines.shapes.sql import literal, text_list

SEED = 20261101
ITEM_JUDGMENTS = 10
"""Judgments an item gets."""
ANNOTATOR_JUDGMENTS = 1000
"""Judgments an annotator gives, on average: some give a few, some give thousands."""
SITTING = 25
"""Judgments that one annotator gives in a row; then another's follow, as in an export ordered by time."""

FILE = "ratings.csv"
CONTRACT = SourceContract.model_validate(
    {
        "source": "bench",
        "title": "Tone of short messages (made up for measuring)",
        "licence": "Apache-2.0",
        "platform": "bench_survey",
        "attribution": "stable",
        "questions": {
            "tone": {
                "type": "choice",
                "options": {"polite": "polite", "neutral": "neutral", "rude": "rude", "unsure": "I cannot say"},
                "abstain": ["unsure"],
            }
        },
        "files": [
            {
                "role": "judgments",
                "pattern": FILE,
                "dialect": {"format": "csv"},
                "item": {"key": "item_id", "text": "text"},
                "annotator": {"key": "annotator"},
                "answers": {"tone": "tone"},
                "judged_at": "judged_at",
                "duration_s": "seconds",
            }
        ],
    }
)
"""One record is one judgment: an answer to one question. The item's text is repeated in every row, as tools do."""

_ANSWERS = ("polite", "polite", "polite", "neutral", "neutral", "rude", "rude", "unsure")
_PIECES = (
    "thank you so much",
    "as I said before,",
    "could you please",
    "when you have time",
    "nobody asked you",
    "see you tomorrow",
    "I am not so sure",
    "the café is closed",
    "what were you on?",
    "she said “maybe”",
    'he called it "fine"',
    "well, that is that",
    "with kind regards",
    "you always do this",
    "have a look, then",
    "it is up to you 🙂",
    "first line\nsecond",
    "not my department",
    "let me know, please",
    "I would rather not",
    "how dare you ask",
    "I appreciate that",
    "send it by Friday",
    "this makes no sense",
    "sorry for the wait",
    "ask somebody else",
    "a lovely afternoon",
    "get on with it now",
    "we are all waiting",
    "no hurry whatever",
    "that was uncalled",
    "good luck with it",
)
_PIECES_A_TEXT = 4


def write(folder: Path, judgments: int, seed: int = SEED) -> Path:
    """Write an export of so many judgments into the folder, and return its path."""
    items = max(judgments // ITEM_JUDGMENTS, 1)
    annotators = max(judgments // ANNOTATOR_JUDGMENTS, 3)
    pieces = text_list(_PIECES)
    text = " || ' ' || ".join(f"pieces[1 + hash(item, {seed}, {part}) % {len(_PIECES)}]" for part in range(_PIECES_A_TEXT))
    query = (
        f"with rows as (select range as row, hash(range, {seed}) as draw,"
        f" hash(range // {SITTING}, {seed}) / 18446744073709551616.0 as sitting,"
        f" hash(range % {items}, range // {items}, {seed}) % {items} as item from range({judgments}))"
        f" select printf('message-%08d', item) as item_id, {text} as text,"
        f" printf('p%06d@people.example', (sitting * sitting * {annotators})::bigint) as annotator,"
        f" {text_list(_ANSWERS)}[1 + draw % {len(_ANSWERS)}] as tone,"
        f" strftime(timestamp '2026-01-05 08:00:00' + to_seconds(row // 40), '%Y-%m-%dT%H:%M:%SZ') as judged_at,"
        f" printf('%.1f', 2 + (draw // 8) % 400 / 10) as seconds"
        f" from rows, (select {pieces} as pieces)"
    )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    with duckdb.connect() as con:
        con.execute(f"copy ({query}) to {literal(str(path))} (format csv, header)")
    return path
