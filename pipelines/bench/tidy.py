"""The made-up tidy export that is measured: one CSV of one source, and the contract that reads it.

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

ANSWERS = ("polite", "polite", "polite", "neutral", "neutral", "rude", "rude", "unsure")
_SYLLABLES = (
    *("ba", "be", "co", "da", "de", "el", "en", "fa", "fi", "ga", "he", "in", "ja", "ka", "le", "li", "lo", "ma"),
    *("mi", "na", "ne", "no", "or", "pa", "pe", "qui", "ra", "ri", "ros", "sa", "sen", "ta", "ter", "tu", "un", "vé"),
)
_WORDS = 4_096
_TEXT_WORDS = 12
_ENDINGS = (".", "?", "!", " …", ", please.", ', "so to say".', " 🙂", ", or not?\nThanks.")
"""Comma, quotes and a newline within a field: what a reader of CSV must be able to bear."""


def write(folder: Path, judgments: int, seed: int = SEED) -> Path:
    """Write an export of so many judgments into the folder, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    with duckdb.connect() as con:
        con.execute("set enable_progress_bar = false")
        con.execute(texts(max(judgments // ITEM_JUDGMENTS, 1), seed))
        con.execute(
            f"create temp table judgments as select range % (select count(*) from texts) as item, draw"
            f" from (select range, hash(range, {seed}) as draw from range({judgments})) order by draw"
        )
        con.execute(f"copy ({_rows(judgments, seed)}) to {literal(str(path))} (format csv, header)")
    return path


def texts(items: int, seed: int) -> str:
    """The items' texts: words that are frequent or rare, as in a language, so that they pack no better than one."""
    syllables = ", ".join(f"({text_list(_SYLLABLES)})[1 + {draw(len(_SYLLABLES), 'word', n, seed)}]" for n in range(3))
    rank = f"pow({unit('range', 'place', seed)}, 3) * {_WORDS}"
    return (
        f"create temp table texts as with vocabulary as (select list(substr(concat({syllables}), 1, "
        f" 2 + {draw(7, 'word', 99, seed)}) order by word) as words from range({_WORDS}) as made(word))"
        f" select range as item, list_aggregate(list_transform(range({_TEXT_WORDS}),"
        f" lambda place: words[1 + floor({rank})::int]), 'string_agg', ' ')"
        f" || ({text_list(_ENDINGS)})[1 + {draw(len(_ENDINGS), 'range', seed)}] as text"
        f" from range({items}), vocabulary"
    )


def _rows(judgments: int, seed: int) -> str:
    """The export's rows, in the order in which they were judged."""
    annotators = max(judgments // ANNOTATOR_JUDGMENTS, 3)
    sitting = unit(f"judgments.rowid // {SITTING}", seed)
    return (
        f"select printf('message-%08d', item) as item_id, text,"
        f" printf('p%06d@people.example', floor({sitting} * {sitting} * {annotators})::int) as annotator,"
        f" ({text_list(ANSWERS)})[1 + (draw % {len(ANSWERS)})::int] as tone,"
        f" strftime(timestamp '2026-01-05 08:00:00' + to_seconds(judgments.rowid // 40), '%Y-%m-%dT%H:%M:%SZ')"
        f" as judged_at,"
        f" printf('%.1f', 2 + (draw // 8) % 400 / 10) as seconds"
        f" from judgments join texts using (item) order by judgments.rowid"
    )


def unit(*values: object) -> str:
    """SQL for a number from 0 to 1, drawn from a hash."""
    return f"(hash({', '.join(map(str, values))}) / 18446744073709551616.0)"


def draw(sides: int, *values: object) -> str:
    """SQL for an integer from 0 to ``sides`` less one, drawn from a hash."""
    return f"(hash({', '.join(map(str, values))}) % {sides})::int"
