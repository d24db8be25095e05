"""The declarations of this project: its sources and datasets, read from ``assets``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from pipelines.contracts.dataset import DATASET_COMPONENT, Dataset, dataset_of_one, unlicensed
from pipelines.contracts.load import (
    DECLARATION,
    ContractError,
    Fault,
    faults_at,
    load_contracts,
    load_declaration,
)
from pipelines.contracts.model import SourceContract
from pipelines.contracts.questions import Problems


class UnknownNameError(ValueError):
    """A source or dataset that nothing declares; the message lists those that are."""


@dataclass(frozen=True)
class Project:
    """Where the declarations and the dbt project lie."""

    root: Path

    @property
    def ingest(self) -> Path:
        """Folder of the source contracts."""
        return self.root / "assets" / "ingest"

    @property
    def dbt_project(self) -> Path:
        """Folder of the dbt project."""
        return self.root / "dbt_project"

    @property
    def suites(self) -> Path:
        """Folder of the Great Expectations suites."""
        return self.root / "expectations" / "suites"

    @cached_property
    def contracts(self) -> dict[str, SourceContract]:
        """Every source's contract, by code.

        Raises:
            ContractError: a contract is not valid.
        """
        return load_contracts(self.ingest)

    @cached_property
    def datasets(self) -> dict[str, Dataset]:
        """Every dataset: the declared ones, and one for each source that none of them holds but public ones.

        Raises:
            ContractError: a declaration is not valid, or names a source without contract.
        """
        declared: dict[str, Dataset] = {}
        faults: list[Fault] = []
        for path in sorted((self.root / "assets" / "release").glob(f"*/{DECLARATION}")):
            try:
                dataset = self._dataset(path)
            except ContractError as error:
                faults.extend(error.faults)
            else:
                declared[dataset.dataset] = dataset
        if faults:
            raise ContractError(faults)
        held = {source for dataset in declared.values() if dataset.tier != "public" for source in dataset.sources}
        alone = {
            code: dataset_of_one(contract)
            for code, contract in self.contracts.items()
            if code not in held and code not in declared and not contract.is_aggregate_only
        }
        return dict(sorted({**declared, **alone}.items()))

    def _dataset(self, path: Path) -> Dataset:
        dataset = load_declaration(path, Dataset, DATASET_COMPONENT)
        problems: Problems = []
        if dataset.dataset != path.parent.name:
            message = f"is {dataset.dataset!r}, but the folder is {path.parent.name!r}; the two must be equal"
            problems.append((("dataset",), message))
        problems += [
            (("sources", place), f"no contract for {source}; known sources: {', '.join(self.contracts)}")
            for place, source in enumerate(dataset.sources)
            if source not in self.contracts
        ]
        problems += [
            (("sources", place), f"{source} holds no judgments, only aggregates of them; a release is of judgments")
            for place, source in enumerate(dataset.sources)
            if source in self.contracts and self.contracts[source].is_aggregate_only
        ]
        if dataset.tier == "public" and dataset.dataset in self.contracts:
            problems.append((("dataset",), "is the code of a source, whose own releases are not public; name it else"))
        if problems := problems + unlicensed(dataset, self.contracts):
            raise ContractError(faults_at(path, problems))
        return dataset

    def contract(self, source: str) -> SourceContract:
        """The contract of a source.

        Raises:
            UnknownNameError: there is none.
        """
        if source not in self.contracts:
            raise UnknownNameError(f"no source {source!r}; known sources: {', '.join(self.contracts)}")
        return self.contracts[source]

    def dataset(self, name: str) -> Dataset:
        """The dataset of that name.

        Raises:
            UnknownNameError: there is none.
        """
        if name not in self.datasets:
            raise UnknownNameError(f"no dataset {name!r}; known datasets: {', '.join(self.datasets)}")
        return self.datasets[name]

    def datasets_with(self, sources: list[str]) -> list[Dataset]:
        """The datasets that hold any of the sources, but for public ones: those are published when they are named."""
        return [
            dataset
            for dataset in self.datasets.values()
            if dataset.tier != "public" and set(dataset.sources) & set(sources)
        ]


@cache
def this_project() -> Project:
    """The project that this code belongs to; its declarations are read once a process."""
    return Project(Path(__file__).resolve().parents[1])
