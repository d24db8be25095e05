"""The schema of every table, in one place: Arrow, DuckDB, the dbt contracts and the docs follow it.

Grain, columns and meanings only; how a table is filled is said where it is filled.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.domain.types import (
    BOOLEAN,
    DOUBLE,
    INT32,
    INT64,
    STRING,
    TIMESTAMP,
    ColumnType,
    ListOf,
    Struct,
)


@dataclass(frozen=True)
class Column:
    """One column: its name, engine-neutral type, meaning, whether it may be null, and its unit where it has one."""

    name: str
    type: ColumnType
    description: str
    nullable: bool = True
    unit: str | None = None


@dataclass(frozen=True)
class Table:
    """One table. ``grain`` says what one row is; ``key`` names the columns that are unique together."""

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        if len(set(names)) != len(names):
            raise ValueError(f"table {self.name}: a column name is used twice")
        if unknown := [name for name in self.key if name not in names]:
            raise ValueError(f"table {self.name}: key columns {unknown} are not columns")

    @property
    def column_names(self) -> tuple[str, ...]:
        """Column names in table order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """The column of that name; KeyError if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"table {self.name} has no column {name!r}")


def _key(name: str, kind: ColumnType, description: str) -> Column:
    return Column(name, kind, description, nullable=False)


OPTION = Struct((("value", STRING), ("label", STRING)))
RESPONSE = Struct((("key", STRING), ("text", STRING), ("model", STRING)))
RANKED = Struct((("option", STRING), ("rank", INT32)))
SPAN = Struct((("start", INT64), ("end", INT64), ("text", STRING), ("label", STRING), ("comment", STRING)))
SYNONYM = Struct((("raw", STRING), ("answer", STRING)))

_SOURCE = _key("source_id", STRING, "The source's code, as its contract names it.")
_ITEM = _key("item_id", STRING, "The item's own id within its source; the parts of a composite key joined by '/'.")
_QUESTION = _key("question_id", STRING, "The question's code within its source.")
_FILE = _key("file_sha256", STRING, "Locator, part 1: the sha256 of the raw file, in hex.")
_ORDINAL = _key(
    "record_ordinal",
    INT64,
    "Locator, part 2: the record's place in its file, from 0; a second file of the same bytes counts on.",
)
_EXTRA = Column("extra", STRING, "Fields of the record that no other column holds, as a JSON object; null if none.")

TYPED_ANSWERS: tuple[Column, ...] = (
    Column("answer_choice", STRING, "choice: the chosen option's value."),
    Column(
        "answer_choices",
        ListOf(STRING),
        "multi_choice: chosen options in declared order; empty is an answer.",
    ),
    Column("answer_number", DOUBLE, "rating: the number; its exact decimal text is in answer."),
    Column("answer_preference", STRING, "pairwise: left (the item's first response), right (its second) or tie."),
    Column("answer_strength", DOUBLE, "pairwise: how strong the preference is, where the scale grades it."),
    Column("answer_ranking", ListOf(RANKED), "ranking: each option with its rank from 1; equal ranks are ties."),
    Column("answer_best", STRING, "best_worst: the option chosen as best."),
    Column("answer_worst", STRING, "best_worst: the option chosen as worst; it may equal the best."),
    Column(
        "answer_spans",
        ListOf(SPAN),
        "spans: marked stretches, offsets in Unicode code points, end exclusive.",
    ),
    Column("answer_text", STRING, "text: the words, untouched."),
)

SOURCES = Table(
    "sources",
    "One row per source.",
    ("source_id",),
    (
        _SOURCE,
        _key("title", STRING, "The source's name for people."),
        Column("url", STRING, "Where the source is published or described."),
        _key("licence", STRING, "Licence of the source's data, as an SPDX id where there is one."),
        Column("citation", STRING, "How to cite the source."),
        _key(
            "family",
            STRING,
            "Dataset family: with the platform, the scope in which an annotator id is one person.",
        ),
        _key("platform", STRING, "The tool or marketplace whose annotator ids the source carries."),
        _key("attribution", STRING, "What its annotator ids can bear: stable, item_scoped or none."),
        _key("guideline_mode", STRING, "descriptive, prescriptive or unknown."),
        _key(
            "export_mode",
            STRING,
            "full: each delivery is the whole state; append: each adds; correct: each adds or replaces.",
        ),
        _key("known_losses", ListOf(STRING), "What the export had lost before it arrived, as loss codes."),
        _key("contract_sha256", STRING, "Digest of the contract that the source was read with."),
    ),
)

QUESTIONS = Table(
    "questions",
    "One row per question of a source.",
    ("source_id", "question_id"),
    (
        _SOURCE,
        _QUESTION,
        Column("prompt", STRING, "The question as shown to the annotators, where it is known."),
        _key(
            "answer_type",
            STRING,
            "choice, multi_choice, rating, pairwise, ranking, best_worst, spans or text.",
        ),
        Column("scale_kind", STRING, "rating: ordinal, interval or ratio."),
        Column("scale_min", DOUBLE, "rating: the lowest value; null if unbounded."),
        Column("scale_max", DOUBLE, "rating: the highest value; null if unbounded."),
        _key(
            "options",
            ListOf(OPTION),
            "The options in declared order, with labels; empty where there are none.",
        ),
        _key("abstaining_options", ListOf(STRING), "Values of the options that abstain."),
        _key(
            "declared_synonyms",
            ListOf(SYNONYM),
            "Raw values that the contract declares to mean another option.",
        ),
        _key("guideline_mode", STRING, "descriptive, prescriptive or unknown."),
    ),
)

ITEMS = Table(
    "items",
    "One row per item of a source.",
    ("source_id", "item_id"),
    (
        _SOURCE,
        _ITEM,
        Column("text", STRING, "The text that was judged, where the item is a text."),
        Column("prompt", STRING, "The prompt, where the item has responses to one."),
        _key(
            "responses",
            ListOf(RESPONSE),
            "The responses in order of the source, with their models; may be empty.",
        ),
        Column("language", STRING, "BCP 47 language tag, where it is known."),
        Column("context", STRING, "What else the annotator saw with the item."),
        _EXTRA,
    ),
)

ANNOTATORS = Table(
    "annotators",
    "One row per annotator, by pseudonym, across the sources of a family and platform.",
    ("annotator_id",),
    (
        _key("annotator_id", STRING, "Pseudonym: keyed HMAC of family, platform and raw id."),
        _key("annotator_kind", STRING, "human or machine."),
        Column("pool", STRING, "The group the annotator was recruited in, where the source says it."),
        _key("platform", STRING, "The tool or marketplace that the id belongs to."),
    ),
)

ANNOTATOR_ATTRIBUTES = Table(
    "annotator_attributes",
    "One row per annotator, attribute and observation; conflicting profiles stay apart.",
    ("source_id", "annotator_id", "attribute", "observation"),
    (
        _SOURCE,
        _key("annotator_id", STRING, "The annotator's pseudonym."),
        _key("attribute", STRING, "The attribute's name."),
        _key("observation", INT32, "1, 2, …: distinct observations of the attribute, in order of arrival."),
        Column("value", STRING, "The value as given; null unless status is given."),
        _key("attribute_status", STRING, "given, declined, not_asked or withheld."),
        _FILE,
        _ORDINAL,
    ),
)

JUDGMENTS = Table(
    "judgments",
    "One row per judgment: one annotator answers one question about one item, once.",
    ("source_id", "item_id", "annotator_id", "question_id", "occurrence"),
    (
        _SOURCE,
        _ITEM,
        Column(
            "annotator_id",
            STRING,
            "The annotator's pseudonym; null where the source does not say who judged.",
        ),
        _QUESTION,
        _key("occurrence", INT32, "1, 2, …: the same annotator's repeated answers, in order of arrival."),
        _key("version", INT32, "1 where no later delivery changed the judgment; 2, 3, … after each change."),
        _key("annotator_kind", STRING, "human or machine."),
        _key("attribution", STRING, "What the annotator id can bear: stable, item_scoped or none."),
        _key("answer_type", STRING, "The question's answer type; says which answer_… column is filled."),
        _key("answer", STRING, "The answer in canonical JSON; a status other than submitted wraps it."),
        *TYPED_ANSWERS,
        Column("raw_answer", STRING, "The source's own value: a CSV cell verbatim, a JSON value as JSON text."),
        _key("status", STRING, "submitted, skipped, rejected, ignored, draft or discarded."),
        _key("abstained", BOOLEAN, "Whether the answer is an abstention."),
        Column("rationale", STRING, "The annotator's own words for this judgment, untouched."),
        Column("confidence", STRING, "The annotator's stated confidence, as given."),
        Column("presentation_order", ListOf(STRING), "Keys of the responses or options in the order shown."),
        Column("judged_at", TIMESTAMP, "When the judgment was given, in UTC."),
        Column("duration_s", DOUBLE, "How long the act took, in seconds.", unit="s"),
        Column("judgment_key", STRING, "The judgment's own id in its tool, where the contract names it."),
        _FILE,
        _ORDINAL,
        _key("record_part", INT32, "Locator, part 3: which part of the record the judgment came from, from 0."),
        _EXTRA,
    ),
)

JUDGMENT_HISTORY = Table(
    "judgment_history",
    "One row per version of a judgment that a later delivery corrected, or that went missing from a full export.",
    ("source_id", "file_sha256", "record_ordinal", "record_part", "question_id", "ended_by"),
    (
        *(column for column in JUDGMENTS.columns if column.name not in ("occurrence", "version")),
        _key("version", INT32, "1, 2, …: which version of the judgment this was."),
        _key("change", STRING, "corrected: a later version follows; deleted: the export no longer held it."),
        _key("came_with", INT32, "Sequence number of the delivery that this version came with."),
        _key("ended_by", INT32, "Sequence number of the delivery that ended it."),
        _key("changed_columns", ListOf(STRING), "corrected: names of the columns in which the next version differs."),
        Column("now_file_sha256", STRING, "Locator of the judgment as it stands now, part 1; null if it is gone."),
        Column("now_record_ordinal", INT64, "Locator of the judgment as it stands now, part 2."),
        Column("now_record_part", INT32, "Locator of the judgment as it stands now, part 3."),
    ),
)

QUARANTINE = Table(
    "quarantine",
    "One row per refused file, record or judgment.",
    ("source_id", "file_sha256", "record_ordinal", "record_part", "question_id", "stage", "reason", "field"),
    (
        _SOURCE,
        _FILE,
        Column(
            "record_ordinal",
            INT64,
            "The record's place in its file, from 0; null if the whole file is refused.",
        ),
        Column("record_part", INT32, "Which part of the record; null if the whole record is refused."),
        Column("question_id", STRING, "The question, where a single judgment is refused."),
        _key("stage", STRING, "What is refused: file, record, judgment, item or attribute."),
        _key("reason", STRING, "The reason code."),
        Column("field", STRING, "The field of the record that is at fault."),
        _key("raw_sha256", STRING, "Digest of the refused raw bytes, which stay in the restricted raw area."),
    ),
)

UPSTREAM_AGGREGATES = Table(
    "upstream_aggregates",
    "One row per aggregate that a source publishes about an item; never a judgment, never released.",
    ("source_id", "item_id", "aggregate", "file_sha256", "record_ordinal"),
    (
        _SOURCE,
        _ITEM,
        _key("aggregate", STRING, "The field that holds the aggregate, such as a majority label."),
        Column("value", STRING, "The source's own value: a CSV cell verbatim, a JSON value as JSON text."),
        _FILE,
        _ORDINAL,
    ),
)

LEDGER = Table(
    "ledger",
    "One row per step, source and law: what went in, what came out, and the verdict.",
    ("step", "source_id", "law"),
    (
        _key("step", STRING, "The step that was checked, such as landing→marts."),
        _SOURCE,
        _key("law", STRING, "The law's code, such as law_2_identity."),
        _key("count_in", INT64, "Rows or records that went into the step."),
        _key("count_out", INT64, "Rows that came out."),
        _key("count_quarantined", INT64, "Rows or records that went to quarantine."),
        _key(
            "count_withdrawn",
            INT64,
            "Rows that a later delivery withdrew, or redeliveries that were recognised.",
        ),
        Column("fingerprint_in", STRING, "Order-free fingerprint of what went in."),
        Column("fingerprint_out", STRING, "Order-free fingerprint of what came out."),
        _key("verdict", STRING, "held or broken."),
        _key("offending_count", INT64, "How many rows break the law."),
        _key("offending_keys", ListOf(STRING), "The first keys that break the law, with what is wrong."),
    ),
)

FINGERPRINTS = Table(
    "fingerprints",
    "One row per question and item that was judged: a fingerprint of the variation on it.",
    ("source_id", "item_id", "question_id"),
    (
        _SOURCE,
        _ITEM,
        _QUESTION,
        _key("judgments", INT64, "How many judgments there are."),
        _key(
            "fingerprint",
            STRING,
            "Order-free, 32 hex digits; DuckDB, Spark and plain Python compute the same (docs/fingerprints.md).",
        ),
    ),
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        SOURCES,
        QUESTIONS,
        ITEMS,
        ANNOTATORS,
        ANNOTATOR_ATTRIBUTES,
        JUDGMENTS,
        JUDGMENT_HISTORY,
        QUARANTINE,
        UPSTREAM_AGGREGATES,
        LEDGER,
        FINGERPRINTS,
    )
}
"""Every table of the product by name, in the order in which people read them."""

MADE_AT_THE_GATE = ("ledger", "fingerprints")
"""What no model makes: it tells of the release's own files."""

RELEASED = ("judgments", "items", "annotators", "annotator_attributes", "questions", "sources", *MADE_AT_THE_GATE)
"""The tables that a release publishes. Quarantine stays with the pipeline, and so does history: whoever withdrew an
answer is not to find it published."""
