"""The declaration of a dataset: a named set of sources that is released together, and what it says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from pipelines.contracts.card import QUESTIONS, CardAnswers
from pipelines.contracts.model import SourceContract
from pipelines.contracts.questions import Code, Part, Problems, refuse
from pipelines.domain.licences import LICENCES, REDISTRIBUTABLE, licence_parts, may_be_passed_on

DATASET_COMPONENT = "pipelines.components.DatasetRelease"


def _day(value: object) -> object:
    if isinstance(value, str):
        try:
            date.fromisoformat(value)
        except ValueError:
            raise ValueError(f"{value!r} is no day; write it as 2026-03-31") from None
    return value


class Creator(Part):
    """Who made the dataset, to be cited: a person or an organisation."""

    name: str = Field(min_length=1, description="the name as it is to be cited")
    orcid: str | None = Field(
        None, pattern=r"^\d{4}-\d{4}-\d{4}-\d{3}[\dX]$", description="a person's ORCID iD, such as 0000-0002-1825-0097"
    )


class Contact(Part):
    """Whom to ask about the dataset."""

    name: str = Field(min_length=1, description="a person or an office")
    email: str | None = Field(None, pattern=r"^[^@\s]+@[^@\s]+$", description="an address for mail")
    url: str | None = Field(None, pattern=r"^https?://", description="an address on the web")

    @model_validator(mode="after")
    def _can_be_reached(self) -> Contact:
        if self.email is None and self.url is None:
            raise ValueError("needs email or url")
        return self


class Dataset(Part):
    """What a release holds, and what it says of itself."""

    dataset: Code = Field(description="the dataset's code; the name of its folder")
    title: str = Field(min_length=1, description="the dataset's name for people")
    description: str = Field(min_length=1, description="what it is, in a few sentences")
    sources: Annotated[list[Code], Field(min_length=1)] = Field(description="codes of its sources")
    licence: str = Field(
        min_length=1,
        description="licence of the release, as an SPDX id where there is one; parts under several: A AND B",
    )
    tier: Literal["internal", "restricted", "public"] = Field(
        "internal",
        description="internal: for the team; restricted: for people who agreed to its terms; public: for anybody",
    )
    url: str | None = Field(None, pattern=r"^https?://", description="where the dataset is presented")
    published: Annotated[str, BeforeValidator(_day)] | None = Field(
        None, description="the day since when it has been public, as 2026-03-31; a release never asks the clock"
    )
    creators: list[Creator] = Field(default_factory=list, description="who made it, to be cited")
    contacts: list[Contact] = Field(default_factory=list, description="whom to ask")
    answers: CardAnswers = Field(
        default_factory=lambda: CardAnswers.model_validate({}), description="the answers to the card's questions"
    )
    at_least: str | None = Field(
        None,
        pattern=r"^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)$",
        description="raises the version of the next release by hand; versions are computed, and never lowered",
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Dataset:
        if len(set(self.sources)) != len(self.sources):
            raise ValueError("sources names one source twice")
        refuse(unanswered(self))
        return self


def unanswered(dataset: Dataset) -> Problems:
    """What a public dataset must say of itself and does not; nothing for other tiers."""
    if dataset.tier != "public":
        return []
    absent: Problems = [
        ((name,), f"is required of a public dataset: {Dataset.model_fields[name].description}")
        for name in ("published", "creators", "contacts")
        if not getattr(dataset, name)
    ]
    return absent + [
        (
            ("answers", question.code),
            f"is required of a public dataset: {question.words} Answer it, or say tier: internal or restricted",
        )
        for question in QUESTIONS
        if question.is_required and not dataset.answers.answer(question.code)
    ]


def unlicensed(dataset: Dataset, contracts: Mapping[str, SourceContract]) -> Problems:
    """Sources whose licence forbids a public dataset, or is not named by it; nothing for other tiers."""
    if dataset.tier != "public":
        return []
    held = [(place, contracts[source]) for place, source in enumerate(dataset.sources) if source in contracts]
    found: Problems = [
        (
            ("sources", place),
            f"{contract.source} is under {contract.licence}, which is not known to allow redistribution; a public"
            f" dataset holds sources under {', '.join(REDISTRIBUTABLE)}: leave the source out, or say another tier",
        )
        for place, contract in held
        if not may_be_passed_on(contract.licence)
    ]
    needed = sorted({part for _, contract in held for part in licence_parts(contract.licence)})
    if left_out := [part for part in needed if part not in licence_parts(dataset.licence)]:
        found.append((("licence",), f"leaves out {', '.join(left_out)} of its sources; write {' AND '.join(needed)}"))
    if unknown := [part for part in licence_parts(dataset.licence) if part not in LICENCES]:
        found.append((("licence",), f"{', '.join(unknown)} is not known; known are {', '.join(LICENCES)}"))
    return found


def dataset_of_one(contract: SourceContract) -> Dataset:
    """Every source that no declared dataset of the team's own holds is a dataset of its own, by its own code."""
    return Dataset(
        dataset=contract.source,
        title=contract.title,
        description=f"The judgments of one source, {contract.source}.",
        sources=[contract.source],
        licence=contract.licence,
        tier="internal",
        url=contract.url if (contract.url or "").startswith(("http://", "https://")) else None,
        published=None,
    )
