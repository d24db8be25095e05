r"""The part of a contract that says where things are: files, their dialect, their shape, and which field is what.

A *field* is a column name (CSV) or a path (JSON): ``a.b``, ``list[key=value].c``, ``list[].c``, ``a[?b]``; a dot in a
name is written ``\\.``. Names that start with ``$`` are made: ``$file``, ``$member``, ``$key``, ``$column``,
``$value``, ``$<name>``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from pipelines.contracts.answers import FieldPath
from pipelines.contracts.companions import IgnoredFields, Order
from pipelines.contracts.dialect import Dialect
from pipelines.contracts.each import Each, EachElement, EachEntry, EachGroup, EachParallel
from pipelines.contracts.mappings import (
    AS_LIST,
    AnnotatorMapping,
    Answer,
    ItemMapping,
    JudgmentMapping,
    StatusMapping,
    Time,
)
from pipelines.contracts.paths import Every, Looked, Select, Step, Unwrapped, parse_path, pattern_problem
from pipelines.contracts.profile import AnnotatorsProfile
from pipelines.contracts.questions import Code, Part, Problems, WrongPartError, problems_of, refuse


def _as_steps(value: object) -> object:
    return [] if value is None else [value] if isinstance(value, dict) else value


def _schema(schema: dict[str, Any]) -> None:
    """With a profile of people, what it stands for need not be said."""
    schema["required"], said = [], schema["required"]
    schema["anyOf"] = [{"required": ["profile"]}, {"required": said}]


class FileMapping(Part):
    """The files of one role, how to read them, and which field is what.

    ``profile`` stands for role, pattern and dialect, which are required without it.
    """

    model_config = ConfigDict(json_schema_extra=_schema)

    profile: AnnotatorsProfile | None = Field(
        None, exclude=True, description="the tool that tells who people are, and what of that is kept"
    )
    role: Literal["judgments", "items", "annotators"] = Field(description="what the files hold")
    pattern: Annotated[list[str], AS_LIST, Field(min_length=1)] = Field(
        description="glob pattern, or patterns, from the source's inbox folder on; ** is any number of folders"
    )
    dialect: Dialect = Field(description="container and text dialect")
    may_be_empty: bool = Field(
        False, description="true: a file without a record says that there is none; default: it is refused"
    )
    flatten: bool = Field(
        False, description="true: flatten.py beside the contract takes each record apart before anything else"
    )
    each: Annotated[list[Each], BeforeValidator(_as_steps, json_schema_input_type=Each | list[Each])] = Field(
        default_factory=list, description="where a record holds several acts: list, entries, columns, or zip, in turn"
    )
    item: ItemMapping | None = Field(None, description="which item")
    annotator: AnnotatorMapping | None = Field(None, description="who judged")
    judgment: JudgmentMapping | None = Field(None, description="the judgment's own id, if the tool gives it one")
    answers: dict[Code, Answer] = Field(default_factory=dict, description="question → field with its answer")
    status: StatusMapping | None = Field(None, description="skipped, rejected, …")
    presentation_order: Order | None = Field(
        None, description="keys of the responses or options as shown, or the field that says it"
    )
    judged_at: Time | None = Field(None, description="time of judging")
    duration_s: FieldPath | None = Field(None, description="field with the duration in seconds")
    upstream_aggregates: list[FieldPath] = Field(
        default_factory=list, description="fields that hold somebody's aggregate; kept out of the judgments"
    )
    ignored: IgnoredFields = Field(
        default_factory=dict, description="field → why it is not kept; or a list of fields and why"
    )

    @model_validator(mode="before")
    @classmethod
    def _without_profile(cls, value: Any) -> Any:
        if not isinstance(value, dict) or not isinstance(value.get("profile"), dict):
            return value
        try:
            profile = AnnotatorsProfile.model_validate(value["profile"])
        except ValidationError as error:
            found = problems_of(error)
            raise WrongPartError([(("profile", *where), message) for where, message in found]) from None
        return {**profile.spelled_out(value), "profile": profile}

    @field_validator("pattern")
    @classmethod
    def _inside_the_inbox(cls, patterns: list[str]) -> list[str]:
        for pattern in patterns:
            if problem := pattern_problem(pattern):
                raise ValueError(problem)
        return patterns

    @model_validator(mode="after")
    def _has_what_its_role_needs(self) -> FileMapping:
        found: Problems = []
        if self.role == "judgments" and (self.item is None or not self.answers):
            found.append(((), "files of role judgments need item and answers"))
        if self.role == "items" and self.item is None:
            found.append(((), "files of role items need item"))
        if self.role == "annotators" and (self.annotator is None or not self.annotator.attributes):
            found.append(((), "files of role annotators need annotator with attributes"))
        if self.role != "judgments" and self.answers:
            found.append((("answers",), f"answers belong to role judgments, not to {self.role}"))
        if self.role != "judgments" and self.judgment:
            found.append((("judgment",), f"judgment belongs to role judgments, not to {self.role}"))
        who = self.annotator.key if self.annotator else []
        if self.judgment and (named := [name for name in self.judgment.key if name in who]):
            message = f"{', '.join(named)} says who judged, and the key is shown; name the judgment's own id"
            found.append((("judgment", "key"), message))
        keys = [response.key for response in self.item.responses] if self.item else []
        if keys and self.presentation_order:
            found += self.presentation_order.wrong_keys(keys)
        unknown = self.annotator.unknown if self.annotator else None
        if unknown and self.role != "judgments":
            found.append((("annotator", "unknown"), f"unknown belongs to role judgments, not to {self.role}"))
        refuse(found + self._lists_in_order() + self._steps_in_order() + self._fields_in_order())
        return self

    def _lists_in_order(self) -> Problems:
        """Answers that are read from lists, in files that have none, or none of that kind."""
        found: Problems = []
        for code, one in self.answers.items():
            places = {"spans": one.spans, "ranked": one.ranked, "tiers": one.tiers, "levels": one.levels}
            for place in [name for name, given in places.items() if given]:
                if self.is_table:
                    message = f"{place} need json, jsonl or xml: a CSV cell holds no list, unless json_cells names it"
                elif self.dialect.format == "xml" and place != "spans":
                    message = f"{place} need json, jsonl, or csv with json_cells"
                else:
                    continue
                found.append((("answers", code, place), message))
        return found

    @property
    def is_table(self) -> bool:
        """Whether fields are columns of text; else they are paths through nested values."""
        return self.dialect.format == "csv" and not self.flatten and not self.dialect.json_cells

    def _steps_in_order(self) -> Problems:
        found: Problems = []
        for position, step in enumerate(self.each):
            where = ("each", position) if len(self.each) > 1 else ("each",)
            if self.is_table and isinstance(step, EachElement | EachEntry | EachGroup):
                kind = {EachElement: "list", EachEntry: "entries", EachGroup: "zips"}[type(step)]
                found.append((where, f"a CSV row holds no list, so each.{kind} would need json, jsonl or xml"))
            if self.dialect.format == "xml" and isinstance(step, EachGroup):
                found.append((where, "each.zips needs json or jsonl"))
            if self.is_table and isinstance(step, EachParallel) and step.split is None:
                whole = [name for name, given in step.zip.items() if isinstance(given, str)]
                if whole:
                    found.append((where, f"each.zip needs split to take {whole} apart: a CSV row holds no list"))
        return found

    def _fields_in_order(self) -> Problems:
        """Fields that are no paths, or that nothing makes."""
        made = {"$file", *self.made_fields()}
        found: Problems = []
        for where, field in [*self.placed_fields(), *self._prefixes()]:
            steps: tuple[Step, ...] = (field,)
            if not self.is_table:
                try:
                    steps = parse_path(field)
                except ValueError as error:
                    found.append((where, str(error)))
                    continue
                found += [(where, problem) for problem in self._wrong_steps(where, field, steps)]
            asked = [step if isinstance(step, str) else step.name for step in steps if isinstance(step, str | Looked)]
            known = ", ".join(sorted(made))
            found += [
                (where, f"nothing makes {name}; fields that are made: {known}")
                for name in asked
                if name.startswith("$") and name not in made
            ]
        return found

    def _wrong_steps(self, where: tuple[str | int, ...], field: str, steps: tuple[Step, ...]) -> list[str]:
        """What of a path has no meaning where it stands."""
        several = [step for step in steps if isinstance(step, Every) or (isinstance(step, Select) and step.every)]
        if self.dialect.format == "xml" and (several or any(isinstance(step, Unwrapped) for step in steps)):
            return [f"{field!r}: [] and [?x] need json, jsonl or csv"]
        if several and any(isinstance(step, Looked) for step in steps):
            return [f"{field!r}: a key that another field names cannot be looked up in each of several elements"]
        selectors = [step for step in steps if isinstance(step, Select)]
        if self.dialect.format == "xml" and any(one.also or "." in one.key for one in selectors):
            return [f"{field!r}: several selectors, or one by a path, need json, jsonl or csv"]
        allowed: tuple[type, ...] = (str, Looked)
        if where[0] == "each" and any(isinstance(step, EachGroup) for step in self.each) and len(several) < 2:
            allowed = (str, Looked, Every)
        if where[0] == "each" and not all(isinstance(step, allowed) for step in steps):
            return [f"{field!r} takes apart what a selector chose; name the list itself"]
        return []

    def _prefixes(self) -> list[tuple[tuple[str | int, ...], str]]:
        """One field for each prefix of columns, to be looked at before the question's options are known."""
        return [
            (("answers", code, "one_hot", "prefix"), f"{answer.one_hot.prefix}x")
            for code, answer in self.answers.items()
            if answer.one_hot and answer.one_hot.prefix is not None
        ]

    def spelled_out(self, options: Mapping[str, Iterable[str]]) -> FileMapping:
        """The same with every column of a one-hot answer named; ``options`` are those of each question."""
        is_text = self.is_table
        answers = {
            code: answer.model_copy(
                update={"one_hot": answer.one_hot.spelled_out(options.get(code, ()), is_text=is_text)}
            )
            if answer.one_hot
            else answer
            for code, answer in self.answers.items()
        }
        return self.model_copy(update={"answers": answers})

    def placed_fields(self) -> list[tuple[tuple[str | int, ...], str]]:
        """Every field that the mapping names, with its place in the contract; some fields more than once."""
        found: list[tuple[tuple[str | int, ...], str | None]] = []
        if self.item:
            item = self.item
            found += [(("item", "key", number), name) for number, name in enumerate(item.key)]
            for name in ("text", "prompt", "language", "context"):
                found.append((("item", name), getattr(item, name)))
            found.append((("item", "author"), item.author))
            found += [(("item", "extra", number), name) for number, name in enumerate(item.extra)]
            for number, response in enumerate(item.responses):
                found.append((("item", "responses", number, "text"), response.text))
                found.append((("item", "responses", number, "model"), response.model))
        if self.annotator:
            found += [(("annotator", "key", number), name) for number, name in enumerate(self.annotator.key)]
            if unknown := self.annotator.unknown:
                found += [(("annotator", "unknown", "by", number), name) for number, name in enumerate(unknown.by)]
            found.append((("annotator", "pool"), self.annotator.pool))
            found.append((("annotator", "kind", "field"), self.annotator.kind.field))
            for code, part in self.annotator.attributes.items():
                found.append((("annotator", "attributes", code), part.field))
        if self.judgment:
            found += [(("judgment", "key", number), name) for number, name in enumerate(self.judgment.key)]
        for code, answer in self.answers.items():
            named = [*answer.fields(), *answer.element_fields(), answer.rationale, answer.confidence, answer.strength]
            found += [(("answers", code), name) for name in named]
            found += [(("answers", code, "when", name), name) for name in answer.when]
        found.append((("status", "field"), self.status.field if self.status else None))
        order = self.presentation_order
        found.append((("presentation_order", "field"), order.field if order else None))
        found.append((("judged_at",), self.judged_at.field if self.judged_at else None))
        found.append((("duration_s",), self.duration_s))
        found += [(("upstream_aggregates", number), name) for number, name in enumerate(self.upstream_aggregates)]
        found += [(("ignored", name), name) for name in self.ignored]
        for number, step in enumerate(self.each):
            found += [(("each", number) if len(self.each) > 1 else ("each",), name) for name in step.fields()]
        return [(where, name) for where, name in found if name is not None]

    def is_asked_in_part(self, code: str) -> bool:
        """Whether a question is read from what only some groups of lists make: in other acts it is not asked."""
        groups = [step for step in self.each if isinstance(step, EachGroup)]
        read = {path.split(".")[0] for path in (*self.answers[code].fields(), *self.answers[code].element_fields())}
        return any(read & (frozenset(step.made()) - step.made_by_all()) for step in groups)

    def made_fields(self) -> set[str]:
        """Fields that no record holds: those that its file, its reader and the steps make."""
        made = {"$file"} if self.reads_file_name else set()
        made |= {"$member"} if self.dialect.within in ("zip", "tar") else set()
        made |= {"$key"} if self.dialect.records == "object" else set()
        return made | {name for step in self.each for name in step.made()}

    @property
    def reads_file_name(self) -> bool:
        """Whether a file's name says something here: two files of the same bytes are then two."""
        return any("$file" in field.split(".") for field in self.fields())

    def fields(self) -> list[str]:
        """Every field that the mapping names, in the order in which it names them; some more than once."""
        return [name for _, name in self.placed_fields()]
