"""What the tables of a release tell of themselves, counted on its files for the cards: nothing here is a judgment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.shapes.sql import literal


@dataclass(frozen=True)
class QuestionMeasures:
    """What one question came to.

    Attributes:
        annotators: how many are named; 0 where nobody is.
        machine: how many of the judgments are a machine's.
        abstained: how many of the judgments are abstentions.
        repeated: how many are an annotator's second or later answer about an item.
        explained: how many come with a rationale.
        per_item: the least, the middle (the lower of two) and the most judgments on an item.
        split: on how many items the annotators did not all give one and the same answer.
    """

    source: str
    question: str
    answer_type: str
    judgments: int
    items: int
    annotators: int
    machine: int
    abstained: int
    repeated: int
    explained: int
    per_item: tuple[int, int, int]
    split: int


@dataclass(frozen=True)
class Measures:
    """What a release's tables tell.

    Attributes:
        languages: of the items, as their sources name them.
        annotators: by kind, how many.
        attributes: (source, attribute, how many annotators gave a value).
        statuses: by status, how many judgments.
        judged: the first and the last day on which a judgment is known to have been given; None if no time is known.
    """

    questions: tuple[QuestionMeasures, ...]
    languages: tuple[str, ...]
    annotators: dict[str, int]
    attributes: tuple[tuple[str, str, int], ...]
    statuses: dict[str, int]
    judged: tuple[str, str] | None

    def of(self, source: str) -> Sequence[QuestionMeasures]:
        """The questions of one source."""
        return [one for one in self.questions if one.source == source]


_QUESTIONS = """
with items as (
    select
        source_id, question_id, item_id, any_value(answer_type) as answer_type, count(*) as judgments,
        count_if(annotator_kind = 'machine') as machine, count_if(abstained) as abstained,
        count_if(occurrence > 1 and annotator_id is not null) as repeated,
        count_if(rationale is not null) as explained, count(distinct answer) > 1 as is_split
    from {judgments} group by source_id, question_id, item_id
),
people as (
    select source_id, question_id, count(distinct annotator_id) as annotators
    from {judgments} group by source_id, question_id
)
select
    source_id, question_id, any_value(answer_type), sum(judgments)::bigint, count(*), any_value(annotators),
    sum(machine)::bigint, sum(abstained)::bigint, sum(repeated)::bigint, sum(explained)::bigint,
    min(judgments), quantile_disc(judgments, 0.5), max(judgments), count_if(is_split)
from items join people using (source_id, question_id)
group by source_id, question_id order by source_id, question_id
"""


def measure(con: duckdb.DuckDBPyConnection, folder: Path) -> Measures:
    """Count what lies in a release's folder."""
    judgments = _files(folder, "judgments")
    questions = con.execute(_QUESTIONS.format(judgments=judgments)).fetchall()
    judged = con.execute(
        f"select strftime(min(judged_at), '%Y-%m-%d'), strftime(max(judged_at), '%Y-%m-%d') from {judgments}"
    ).fetchone()
    return Measures(
        questions=tuple(_of_question(*row) for row in questions),
        languages=tuple(
            str(language)
            for (language,) in con.execute(
                f"select distinct language from {_files(folder, 'items')} where language is not null order by language"
            ).fetchall()
        ),
        annotators=dict(
            con.execute(
                f"select annotator_kind, count(*) from {_files(folder, 'annotators')} group by all order by all"
            ).fetchall()
        ),
        attributes=tuple(
            con.execute(
                "select source_id, attribute, count(distinct annotator_id)"
                f" from {_files(folder, 'annotator_attributes')} where attribute_status = 'given'"
                " group by source_id, attribute order by source_id, attribute"
            ).fetchall()
        ),
        statuses=dict(
            con.execute(f"select status, count(*) from {judgments} group by status order by status").fetchall()
        ),
        judged=(judged[0], judged[1]) if judged and judged[0] else None,
    )


def _of_question(source: str, question: str, answer_type: str, *counts: int) -> QuestionMeasures:
    judgments, items, annotators, machine, abstained, repeated, explained, least, middle, most, split = counts
    return QuestionMeasures(
        source, question, answer_type, judgments, items, annotators, machine, abstained, repeated, explained,
        (least, middle, most), split,
    )  # fmt: skip


def _files(folder: Path, table: str) -> str:
    return f"read_parquet({literal(str(folder / table / '*.parquet'))})"
