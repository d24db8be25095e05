"""The declaration of a dataset: a named set of sources that is released together."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipelines.contracts.model import SourceContract
from pipelines.contracts.questions import Code, Part

DATASET_COMPONENT = "pipelines.components.DatasetRelease"


class Dataset(Part):
    """What a release holds, and what it says of itself."""

    dataset: Code = Field(description="the dataset's code; the name of its folder")
    title: str = Field(min_length=1, description="the dataset's name for people")
    description: str = Field(min_length=1, description="what it is, in a few sentences")
    sources: Annotated[list[Code], Field(min_length=1)] = Field(description="codes of its sources")
    licence: str = Field(min_length=1, description="licence of the release, as an SPDX id where there is one")
    tier: Literal["internal"] = Field("internal", description="privacy tier")

    @model_validator(mode="after")
    def _names_each_source_once(self) -> Dataset:
        if len(set(self.sources)) != len(self.sources):
            raise ValueError("sources names one source twice")
        return self


def dataset_of_one(contract: SourceContract) -> Dataset:
    """Every source that no declared dataset holds is a dataset of its own, by its own code."""
    return Dataset(
        dataset=contract.source,
        title=contract.title,
        description=f"The judgments of one source, {contract.source}.",
        sources=[contract.source],
        licence=contract.licence,
        tier="internal",
    )
