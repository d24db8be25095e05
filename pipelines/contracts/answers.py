"""The part of a contract that says where an answer is: one field, or several that make one answer together."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import Annotated

from pydantic import Field, model_validator

from pipelines.contracts.paths import escaped, is_place, parse_path
from pipelines.contracts.questions import Part, Word
from pipelines.domain.vocabulary import AnswerType

FieldPath = Annotated[str, Field(min_length=1)]


class OneHot(Part):
    """One column an option: which column stands for which option, and what its cells hold."""

    columns: dict[Word, FieldPath] = Field(default_factory=dict, description="option → its column")
    prefix: FieldPath | None = Field(
        None, description="in place of columns: what stands before the option in its column's name"
    )
    options: list[Word] = Field(
        default_factory=list, description="with prefix: the options that have a column; default: the question's options"
    )
    set: Word = Field("1", description="the cell of a chosen option; {option} is the option itself")
    unset: Word = Field("0", description="the cell of an option that was not chosen")
    may_be_absent: bool = Field(False, description="true: an option that nobody chose may have no column")

    @model_validator(mode="after")
    def _is_told_once(self) -> OneHot:
        if bool(self.columns) == (self.prefix is not None):
            raise ValueError("needs either columns or prefix")
        if self.options and self.prefix is None:
            raise ValueError("options go with prefix; columns name their options themselves")
        return self

    def chosen_by(self, option: str) -> str:
        """The cell of an option that was chosen."""
        return self.set.replace("{option}", option)

    def spelled_out(self, options: Iterable[str], *, is_text: bool) -> OneHot:
        """The same with a column for each option; ``options`` are the question's, ``is_text`` says that it is CSV."""
        if self.prefix is None:
            return self
        columns = {option: self.prefix + (option if is_text else escaped(option)) for option in self.options or options}
        return self.model_copy(update={"columns": columns, "prefix": None, "options": []})


class ListedFields(Part):
    """An answer of several parts: a list, and where each element has its own; all by name, or all by their places."""

    list: FieldPath = Field(description="path of the list")

    @abstractmethod
    def parts(self) -> tuple[FieldPath | None, ...]:
        """Where the parts are, within an element."""

    @property
    def is_by_place(self) -> bool:
        """Whether each element is a list of its parts, which are named by their places, from 0."""
        return any(_is_by_place(part) for part in self.parts() if part is not None)

    @model_validator(mode="after")
    def _is_in_one_way(self) -> ListedFields:
        if len({_is_by_place(part) for part in self.parts() if part is not None}) > 1:
            raise ValueError("has parts by name, and parts by their places; an element is an object, or a list")
        return self


def _is_by_place(path: str) -> bool:
    try:
        return is_place(parse_path(path)[0])
    except ValueError:
        return False  # what is wrong with it is told where paths are checked


class SpanFields(ListedFields):
    """Marked stretches: a list, and where each element has its parts."""

    start: FieldPath | None = Field(None, description="offset of the first character, from 0, in code points")
    end: FieldPath | None = Field(None, description="offset behind the last character")
    label: FieldPath | None = Field(None, description="the label")
    text: FieldPath | None = Field(None, description="the marked text")
    comment: FieldPath | None = Field(None, description="the annotator's words on it")
    nothing_at: int | None = Field(None, description="a start that says that nothing was marked, such as -1")

    def parts(self) -> tuple[FieldPath | None, ...]:
        """What makes a span, within an element."""
        return self.start, self.end, self.label, self.text, self.comment


class RankedFields(ListedFields):
    """Options with their ranks: a list, and where each element has the two."""

    option: FieldPath = Field(description="the option")
    rank: FieldPath = Field(description="its rank, from 1; equal ranks are ties")

    def parts(self) -> tuple[FieldPath | None, ...]:
        """What makes a rank, within an element."""
        return self.option, self.rank


class NotApplicable(Part):
    """A field beside the answer that overrides it, such as an N/A box beside a slider: an abstention."""

    field: FieldPath = Field(description="the field")
    values: list[Word] = Field(min_length=1, description="what it holds when it overrides; list them in abstain, too")


class AnswerMapping(Part):
    """Where the answer to one question is: one of field, one_hot, ranks, ranked, tiers, best with worst, or spans."""

    field: FieldPath | None = Field(
        None,
        description="field with the answer; of a ranking, the list of options, best first, or the rank of rank_of",
    )
    one_hot: OneHot | None = Field(None, description="choice, multi_choice, rating: one column an option")
    ranks: dict[Word, FieldPath] = Field(default_factory=dict, description="ranking: option → field with its rank")
    rank_of: FieldPath | None = Field(None, description="ranking, one row an option: field that names the option")
    ranked: RankedFields | None = Field(None, description="ranking: the list of options with their ranks")
    tiers: list[FieldPath] = Field(
        default_factory=list,
        description="ranking: fields with lists of options, best first; an option's rank is the place of its list",
    )
    best: FieldPath | None = Field(None, description="best_worst: field with the best")
    worst: FieldPath | None = Field(None, description="best_worst: field with the worst")
    among: list[FieldPath] = Field(
        default_factory=list, description="best_worst: fields with the options to choose from"
    )
    spans: SpanFields | None = Field(None, description="spans: the list of them")
    rationale: FieldPath | None = Field(None, description="field with the annotator's reason for this answer")
    confidence: FieldPath | None = Field(None, description="field with the stated confidence")
    strength: FieldPath | None = Field(
        None, description="pairwise: field with the strength of the preference, a number from 0"
    )
    split: str | None = Field(
        None, min_length=1, description="multi_choice, ranking: separator, where the value is a text"
    )
    levels: str | None = Field(
        None,
        min_length=1,
        description="multi_choice: each option is a list, such as a path through a taxonomy; it is meant by its parts,"
        " joined by this",
    )
    several: bool = Field(
        False,
        description="text: several texts given at once are one answer, kept as JSON; default: they are refused",
    )
    not_applicable: NotApplicable | None = Field(None, description="a field that overrides the answer")
    when: dict[FieldPath, Word] = Field(
        default_factory=dict,
        description="field → what it holds in the records that answer this question, where each answers one of several",
    )

    @model_validator(mode="after")
    def _is_in_one_place(self) -> AnswerMapping:
        places: tuple[object, ...] = (self.field, self.one_hot, self.spans, self.ranked, self.best or self.worst)
        places += (self.ranks or None, self.tiers or None)
        if sum(place is not None for place in places) != 1:
            raise ValueError("needs exactly one of field, one_hot, ranks, ranked, tiers, best with worst, spans")
        if (self.best is None) != (self.worst is None):
            raise ValueError("best and worst belong together")
        if self.rank_of is not None and self.field is None:
            raise ValueError("rank_of needs field, with the rank")
        if self.field is None and (self.levels or self.several):
            raise ValueError("levels and several say how field is read")
        if self.levels and self.split:
            raise ValueError("levels and split exclude each other: a text has no levels")
        return self

    def fields(self) -> list[FieldPath]:
        """Every field that the answer is read from, its companions left out."""
        found = [self.field, self.rank_of, self.best, self.worst, *self.among, *self.ranks.values(), *self.tiers]
        if self.one_hot:
            found += self.one_hot.columns.values()
        if self.not_applicable:
            found.append(self.not_applicable.field)
        return [field for field in found if field is not None]

    @property
    def listed(self) -> SpanFields | RankedFields | None:
        """How the elements of a list are read, where the answer is made of several of them."""
        return self.spans or self.ranked

    def element_fields(self) -> list[FieldPath]:
        """The list of which the answer is made, and the fields of its elements, as paths of the record."""
        if self.listed is None:
            return []
        path = self.listed.list
        each = f"{path}[]" if self.listed.is_by_place and not path.endswith("[]") else path
        return [path, *(f"{each}.{part}" for part in self.listed.parts() if part is not None)]

    def named(self) -> str:
        """The field that a refusal names."""
        return self.fields()[0] if self.listed is None else self.listed.list

    def allowed_types(self) -> tuple[AnswerType, ...]:
        """The answer types that can be read from such a place."""
        if self.one_hot:
            return AnswerType.CHOICE, AnswerType.MULTI_CHOICE, AnswerType.RATING
        if self.ranks or self.rank_of or self.ranked or self.tiers:
            return (AnswerType.RANKING,)
        if self.levels:
            return (AnswerType.MULTI_CHOICE,)
        if self.several:
            return (AnswerType.TEXT,)
        if self.best:
            return (AnswerType.BEST_WORST,)
        if self.spans:
            return (AnswerType.SPANS,)
        return (
            AnswerType.CHOICE,
            AnswerType.MULTI_CHOICE,
            AnswerType.RATING,
            AnswerType.PAIRWISE,
            AnswerType.RANKING,
            AnswerType.TEXT,
        )
