"""Who judged what, and what came of it: the judgment and what it refers to, as records with invariants."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipelines.domain.answers import Abstention, Answer, canonical
from pipelines.domain.vocabulary import ABSTAINING_STATUSES, AnnotatorKind, AnswerType, Attribution, Status

_PSEUDONYM = re.compile(r"a[0-9a-f]{32}")


@dataclass(frozen=True)
class Locator:
    """Where a judgment stands in the raw files: the file's sha256, the record's ordinal, the part of the record.

    Raises:
        ValueError: the digest is no sha256 in hex, or a position is negative.
    """

    file_sha256: str
    record_ordinal: int
    record_part: int = 0

    def __post_init__(self) -> None:
        if re.fullmatch(r"[0-9a-f]{64}", self.file_sha256) is None:
            raise ValueError("a locator needs a sha256 of 64 hex digits")
        if self.record_ordinal < 0 or self.record_part < 0:
            raise ValueError("positions in a file begin at 0")


@dataclass(frozen=True)
class Annotator:
    """Who judged, by pseudonym.

    Raises:
        ValueError: the id is no pseudonym; a raw id must never get this far.
    """

    annotator_id: str
    kind: AnnotatorKind
    platform: str
    pool: str | None = None

    def __post_init__(self) -> None:
        if _PSEUDONYM.fullmatch(self.annotator_id) is None:
            raise ValueError("an annotator is known by a pseudonym: 'a' and 32 hex digits")


@dataclass(frozen=True)
class Response:
    """One response of an item, by its key."""

    key: str
    text: str | None
    model: str | None = None


@dataclass(frozen=True)
class Item:
    """What was judged.

    Raises:
        ValueError: it has no id, or two responses share a key.
    """

    source_id: str
    item_id: str
    text: str | None = None
    prompt: str | None = None
    responses: tuple[Response, ...] = ()
    language: str | None = None
    context: str | None = None

    def __post_init__(self) -> None:
        if not self.item_id:
            raise ValueError("an item has an id")
        keys = [response.key for response in self.responses]
        if len(set(keys)) != len(keys):
            raise ValueError("an item's responses have distinct keys")


@dataclass(frozen=True)
class Judgment:
    """One annotator's answer to one question about one item, once.

    Raises:
        ValueError: the occurrence is below 1; a submitted act has no answer; an id contradicts the attribution;
            the answer is not of the question's type; the time has no offset; the duration is negative.
    """

    source_id: str
    item_id: str
    annotator_id: str | None
    question_id: str
    answer_type: AnswerType
    answer: Answer | None
    locator: Locator
    occurrence: int = 1
    status: Status = Status.SUBMITTED
    attribution: Attribution = Attribution.STABLE
    annotator_kind: AnnotatorKind = AnnotatorKind.HUMAN
    raw_answer: str | None = None
    rationale: str | None = None
    judged_at: datetime | None = None
    duration: timedelta | None = None

    def __post_init__(self) -> None:
        if self.occurrence < 1:
            raise ValueError("occurrences begin at 1")
        if self.attribution == Attribution.NONE and self.annotator_id is not None:
            raise ValueError("attribution none names nobody")
        if self.annotator_id is not None and _PSEUDONYM.fullmatch(self.annotator_id) is None:
            raise ValueError("an annotator is known by a pseudonym: 'a' and 32 hex digits")
        if self.answer is None and self.status == Status.SUBMITTED:
            raise ValueError("a submitted judgment has an answer")
        if self.answer is not None and not isinstance(self.answer, Abstention) and self.answer.type != self.answer_type:
            raise ValueError(f"the answer is of type {self.answer.type}, the question of type {self.answer_type}")
        if self.judged_at is not None and self.judged_at.utcoffset() is None:
            raise ValueError("a time of judging has an offset from UTC")
        if self.duration is not None and self.duration < timedelta(0):
            raise ValueError("a duration is not negative")

    @property
    def abstained(self) -> bool:
        """Whether the annotator declined to answer, by an option or by the act's status."""
        return isinstance(self.answer, Abstention) or self.status in ABSTAINING_STATUSES

    @property
    def canonical_answer(self) -> str:
        """The answer in canonical JSON."""
        return canonical(self.answer, self.status)

    @property
    def key(self) -> tuple[str, str, str | None, str, int]:
        """The grain: source, item, annotator, question, occurrence."""
        return self.source_id, self.item_id, self.annotator_id, self.question_id, self.occurrence
