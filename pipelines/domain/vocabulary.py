"""The closed vocabularies of the tables: each set of words that a column may hold.

Names are the field's standard terms; what a word means is said once, here.
"""

from __future__ import annotations

from enum import StrEnum


class AnswerType(StrEnum):
    """What kind of answer a question takes; it decides which typed column is filled."""

    CHOICE = "choice"
    MULTI_CHOICE = "multi_choice"
    RATING = "rating"
    PAIRWISE = "pairwise"
    RANKING = "ranking"
    BEST_WORST = "best_worst"
    SPANS = "spans"
    TEXT = "text"


class Status(StrEnum):
    """What became of the act of judging, in the tool's own terms."""

    SUBMITTED = "submitted"
    SKIPPED = "skipped"
    REJECTED = "rejected"
    IGNORED = "ignored"
    DRAFT = "draft"
    DISCARDED = "discarded"


ABSTAINING_STATUSES = frozenset({Status.SKIPPED, Status.IGNORED, Status.DISCARDED})
"""Statuses by which an annotator declined to answer: the judgment is an abstention, whatever it holds."""


class AnnotatorKind(StrEnum):
    """Who judged: a person, or a machine such as an LLM judge."""

    HUMAN = "human"
    MACHINE = "machine"


class Attribution(StrEnum):
    """What the annotator ids of an export can bear."""

    STABLE = "stable"
    ITEM_SCOPED = "item_scoped"
    NONE = "none"


class AttributeStatus(StrEnum):
    """Whether and how an annotator's attribute is known."""

    GIVEN = "given"
    DECLINED = "declined"
    NOT_ASKED = "not_asked"
    WITHHELD = "withheld"


class GuidelineMode(StrEnum):
    """Descriptive guidelines invite the annotator's own view; prescriptive ones ask to apply a rule.

    Source: Röttger et al. 2022, "Two Contrasting Data Annotation Paradigms for Subjective NLP Tasks".
    """

    DESCRIPTIVE = "descriptive"
    PRESCRIPTIVE = "prescriptive"
    UNKNOWN = "unknown"


class Preference(StrEnum):
    """The outcome of a pairwise comparison: left is the first of the item's responses, right the second.

    On which side each was shown is another matter: the order of presentation.
    """

    LEFT = "left"
    RIGHT = "right"
    TIE = "tie"


class Reason(StrEnum):
    """Reason codes of quarantine: why a file, record or judgment could not be taken."""

    FILE_EMPTY = "file_empty"
    FILE_ENCODING = "file_encoding"
    FILE_MALFORMED = "file_malformed"
    FILE_COLUMN_MISSING = "file_column_missing"
    FILE_RECOUNT_DIFFERS = "file_recount_differs"
    RECORD_MALFORMED = "record_malformed"
    RECORD_SHAPE = "record_shape"
    ITEM_MISSING = "item_missing"
    ITEM_CONFLICT = "item_conflict"
    ANNOTATOR_MISSING = "annotator_missing"
    ANNOTATOR_KIND_UNKNOWN = "annotator_kind_unknown"
    JUDGMENT_KEY_MISSING = "judgment_key_missing"
    ANSWER_MISSING = "answer_missing"
    ANSWER_UNKNOWN_OPTION = "answer_unknown_option"
    ANSWER_MALFORMED = "answer_malformed"
    ANSWER_OUT_OF_SCALE = "answer_out_of_scale"
    STATUS_UNKNOWN = "status_unknown"
    TIME_MALFORMED = "time_malformed"
    DURATION_MALFORMED = "duration_malformed"
    ORDER_UNKNOWN = "order_unknown"


REASON_MEANINGS: dict[Reason, str] = {
    Reason.FILE_EMPTY: "the file holds no record; nothing of it is taken",
    Reason.FILE_ENCODING: "the bytes are not valid in the declared encoding; nothing of the file is taken",
    Reason.FILE_MALFORMED: "the file is broken as a whole (truncated, or not the declared container)",
    Reason.FILE_COLUMN_MISSING: "a column or field that the contract maps is nowhere in the file",
    Reason.FILE_RECOUNT_DIFFERS: "the independent second reader counts another number of records",
    Reason.RECORD_MALFORMED: "the record cannot be parsed, or has too few or too many fields",
    Reason.RECORD_SHAPE: "the record does not have the shape that the contract declares",
    Reason.ITEM_MISSING: "the record does not say which item was judged",
    Reason.ITEM_CONFLICT: "the same item arrives again with other content; the first stays",
    Reason.ANNOTATOR_MISSING: "the record does not say who judged, though the contract says that it would",
    Reason.ANNOTATOR_KIND_UNKNOWN: "what says whether a person or a machine judged is none of the declared values",
    Reason.JUDGMENT_KEY_MISSING: "the record lacks the judgment's own id, though the contract says that it has one",
    Reason.ANSWER_MISSING: "there is no answer where the contract expects one",
    Reason.ANSWER_UNKNOWN_OPTION: "the answer is none of the declared options, abstentions or synonyms",
    Reason.ANSWER_MALFORMED: "the answer cannot be read as the question's type",
    Reason.ANSWER_OUT_OF_SCALE: "the rating lies outside the declared scale",
    Reason.STATUS_UNKNOWN: "the status is none of the declared ones",
    Reason.TIME_MALFORMED: "the time of judging cannot be read in the declared format",
    Reason.DURATION_MALFORMED: "the duration is not a number of the declared unit",
    Reason.ORDER_UNKNOWN: "the order of presentation cannot be read, or is not told where the answer depends on it",
}
