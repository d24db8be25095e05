"""Cases: a world, written as an export, broken here and there, with all that must come of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from pipelines.contracts.model import SourceContract
from pipelines.domain.vocabulary import AnswerType, Attribution, Reason
from tests.properties.exports.acts import Row, raw_act, rows_of
from tests.properties.exports.damage import OF_FILES, Damage, File, Text
from tests.properties.exports.formats import Look, looks, record_text, render
from tests.properties.exports.landing import KEY
from tests.properties.exports.mutations import OF_ACTS, break_record
from tests.properties.exports.place import Place
from tests.properties.exports.shape import Record, Shape
from tests.properties.exports.values import scalar
from tests.properties.exports.world import World, worlds


@dataclass(frozen=True)
class Case:
    """An export as bytes, the contract that reads it, and what it holds; ``mutations`` names what was done to it."""

    shape: Shape
    world: World
    places: tuple[Place, ...]
    look: Look
    contract: SourceContract
    records: list[Record]
    raws: list[bytes]
    file: File
    mutations: tuple[str, ...]

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What a failure is read by, in Hypothesis's words: all that was done, the contract, and the file."""
        data = self.file.data if len(self.file.data) < 3000 else self.file.data[:3000] + b"..."
        stated = self.contract.model_dump(mode="json", exclude_defaults=True)
        printer.text(f"{self.shape.name}: {self.mutations}\n{stated}\nexact {self.file.exact}\n{data!r}")

    def rows(self) -> Iterator[Row]:
        """What must land, by the order of records."""
        shared = {
            "attribution": self.world.attribution,
            "pseudonym": self.pseudonym,
            "extra": self.shape.extra,
        }
        for ordinal, record in enumerate(self.records):
            if record.refusals:
                yield Row(ordinal, None, None, {}, "record", record.refusals)
                continue
            for part, act in record.acts:
                yield from rows_of(act, ordinal, part, self.places, shared)

    def items(self) -> set[tuple[str, str]]:
        """The items that must land, with their texts."""
        nobody = {Reason.ANNOTATOR_MISSING} if self.world.attribution == Attribution.NONE else set()
        acts = [act for record in self.records if not record.refusals for _, act in record.acts]
        return {(scalar(act.item) or "", act.text) for act in acts if not act.refusals - nobody}

    def pseudonym(self, item: str, who: str | None) -> str | None:
        """Who an annotator is called."""
        if self.world.attribution == Attribution.NONE:
            return None
        assert who is not None
        raw = who
        if self.world.attribution == Attribution.ITEM_SCOPED:
            raw = "/".join(part.replace("%", "%25").replace("/", "%2F") for part in (item, who))
        return KEY.pseudonym("made", "tool", raw)


@st.composite
def cases(
    draw: st.DrawFn,
    shape: Shape,
    types: tuple[AnswerType, ...] | None = None,
    damages: tuple[Damage, ...] = OF_FILES,
) -> Case:
    """An export of a shape, and what was done to it; of ``types``, where not of all that the shape can hold."""
    look = draw(looks(shape))
    world = draw(
        worlds(
            types or shape.types,
            look.codec if look.codec in ("latin-1", "cp1252") else "utf-8",
            is_text=shape.is_text,
            is_sparse=shape.is_sparse,
            without=shape.without,
            never=shape.never,
            max_questions=shape.max_questions,
        )
    )
    places = shape.places(world, draw(st.integers(0, 2)))
    contract = _contract(shape, world, places, look)
    beside = shape.has_beside and world.has_beside
    acts = [
        shape.fitted(raw_act(act, world.texts[act.item], places, beside=beside, is_text=shape.is_text))
        for act in world.acts
    ]
    told = []
    for mutation in draw(st.lists(st.sampled_from(OF_ACTS), max_size=3)):
        acts = mutation(draw, acts, shape, places, look)
        told.append(mutation.__name__)
    records = shape.records(world, acts)
    columns = shape.columns(world, places)
    if draw(st.booleans()):
        at = draw(st.integers(0, len(records) - 1))
        records[at] = break_record(draw, records[at], shape, columns, look)
        told.append("break_record")
    members = render(records, columns, look)
    damage = draw(st.sampled_from(damages))
    file = damage(draw, Text(members, look, shape, columns))
    if not shape.is_text and all(act.is_touched for one in records if not one.refusals for _, act in one.acts):
        # What a field is called is seen where it is present somewhere; here it may be nowhere.
        file = replace(file, refusals=file.refusals | {Reason.FILE_COLUMN_MISSING})
    raws = [record_text(one, columns, look).encode(look.codec) for one in records]
    return Case(shape, world, places, look, contract, records, raws, file, (*told, file.told))


def _contract(shape: Shape, world: World, places: tuple[Place, ...], look: Look) -> SourceContract:
    mapping: dict[str, Any] = {"role": "judgments", "pattern": "export", "dialect": look.dialect()}
    silence = "" if shape.is_text else None
    return SourceContract.model_validate(
        {
            "source": "made",
            "title": "Made",
            "licence": "MIT",
            "platform": "tool",
            "attribution": world.attribution.value,
            "questions": {one.code: one.declared(silence) for one in world.asked},
            "files": [{**mapping, **shape.mapping(world, places)}],
        }
    )
