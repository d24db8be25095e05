"""YAML to a declared model, with errors that say file, line, field, what is wrong and what is allowed.

Used by the command and by the Dagster components alike; YAML is loaded safely, and a key given twice is an error.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from pipelines.contracts.beside import FLATTEN, BesideError, read_flatten
from pipelines.contracts.faults import Declared, Model, validated
from pipelines.contracts.model import SourceContract
from pipelines.contracts.nodes import ContractError, Fault, compose, construct, descend, line_of, shown
from pipelines.contracts.profile import ToolProfile, as_use
from pipelines.contracts.questions import Problems, WrongPartError
from pipelines.contracts.spelled import spelled_out

__all__ = ["ContractError", "Fault", "load_contract", "load_contracts", "load_declaration", "shown"]

SOURCE_COMPONENT = "pipelines.components.AnnotationSource"
DECLARATION = "defs.yaml"


def load_contract(path: Path) -> SourceContract:
    """Read a source's contract from its ``defs.yaml``.

    Raises:
        ContractError: the file is no valid contract, its folder is not named like its source, or the flatten.py
            beside it is not what it must be.
    """
    contract = load_declaration(path, SourceContract, SOURCE_COMPONENT)
    if contract.source != path.parent.name:
        message = f"is {contract.source!r}, but the folder is {path.parent.name!r}; the two must be equal"
        raise ContractError([Fault(shown(path), 1, "attributes.source", message)])
    if not any(mapping.flatten for mapping in contract.files):
        if (path.parent / FLATTEN).exists():
            message = "lies beside the contract, but no file mapping says flatten: true"
            raise ContractError([Fault(shown(path.parent / FLATTEN), 1, "", message)])
        return contract
    try:
        return contract.beside(read_flatten(path.parent))
    except BesideError as error:
        raise ContractError([Fault(shown(path.parent / FLATTEN), error.line, "", str(error))]) from None


def load_contracts(folder: Path) -> dict[str, SourceContract]:
    """Every contract below ``folder`` (``<source>/defs.yaml``), by source code, in alphabetical order.

    Raises:
        ContractError: naming the faults of all contracts at once.
    """
    contracts: dict[str, SourceContract] = {}
    faults: list[Fault] = []
    for path in sorted(folder.glob(f"*/{DECLARATION}")):
        try:
            contract = load_contract(path)
        except ContractError as error:
            faults.extend(error.faults)
        else:
            contracts[contract.source] = contract
    if faults:
        raise ContractError(faults)
    return contracts


def load_declaration(path: Path, model: type[Model], component: str) -> Model:
    """Read ``attributes`` of a component's YAML file into its model.

    Raises:
        ContractError: with every fault found, each with its line.
    """
    name = shown(path)
    root = compose(path, name)
    document = construct(root, name)
    if not isinstance(document, dict) or document.get("type") != component:
        raise ContractError([Fault(name, 1, "type", f"must be {component}")])
    extra = [key for key in document if key not in ("type", "attributes")]
    if extra:
        node = descend(root, [extra[0]], keys=True)
        raise ContractError([Fault(name, line_of(node), str(extra[0]), "unknown; allowed: type, attributes")])
    attributes = document.get("attributes") or {}
    within = Declared(name, root, lambda place: ("attributes", *place))
    if model is SourceContract and isinstance(attributes, dict) and "profile" in attributes:
        attributes, within = _spelled_out(attributes, within)
    return validated(attributes, model, within)


def _spelled_out(attributes: dict[str, Any], within: Declared) -> tuple[dict[str, Any], Declared]:
    """What a contract with a tool's profile says in full, and where it says what."""
    below = replace(within, at=lambda place: within.at(("profile", *place)))
    use = validated(as_use(attributes["profile"]), ToolProfile, below)
    try:
        spelled = spelled_out(attributes, use)
    except WrongPartError as error:
        raise ContractError([within.fault(where, message) for where, message in error.problems]) from None
    return spelled.attributes, replace(within, at=lambda place: within.at(spelled.origin(place)))


def faults_at(path: Path, problems: Problems) -> list[Fault]:
    """Problems with their places within a declaration's attributes, as faults with file and line."""
    name = shown(path)
    within = Declared(name, compose(path, name), lambda place: ("attributes", *place))
    return [within.fault(where, message) for where, message in problems]
