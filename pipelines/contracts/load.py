"""YAML to a declared model, with errors that say file, line, field, what is wrong and what is allowed.

Used by the command and by the Dagster components alike; YAML is loaded safely, and a key given twice is an error.
"""

from __future__ import annotations

import difflib
import typing
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from pipelines.contracts.model import SourceContract

SOURCE_COMPONENT = "pipelines.components.AnnotationSource"
DECLARATION = "defs.yaml"

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Fault:
    """One thing wrong with a declaration: where it is, and what to do."""

    file: str
    line: int
    field: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}"
        return f"{where}: {self.field}: {self.message}" if self.field else f"{where}: {self.message}"


class ContractError(ValueError):
    """A declaration that cannot be accepted; ``faults`` lists everything wrong with it."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        super().__init__("\n".join(str(fault) for fault in faults))


def load_contract(path: Path) -> SourceContract:
    """Read a source's contract from its ``defs.yaml``.

    Raises:
        ContractError: the file is no valid contract, or its folder is not named like its source.
    """
    contract = load_declaration(path, SourceContract, SOURCE_COMPONENT)
    if contract.source != path.parent.name:
        message = f"is {contract.source!r}, but the folder is {path.parent.name!r}; the two must be equal"
        raise ContractError([Fault(shown(path), 1, "attributes.source", message)])
    return contract


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
    root = _compose(path, name)
    try:
        document = _Constructor().construct_document(root)
    except yaml.MarkedYAMLError as error:
        raise ContractError([_invalid(name, error)]) from None
    if not isinstance(document, dict) or document.get("type") != component:
        raise ContractError([Fault(name, 1, "type", f"must be {component}")])
    extra = [key for key in document if key not in ("type", "attributes")]
    if extra:
        node = _descend(root, [extra[0]], keys=True)
        raise ContractError([Fault(name, _line(node), str(extra[0]), "unknown; allowed: type, attributes")])
    try:
        return model.model_validate(document.get("attributes") or {})
    except ValidationError as error:
        raise ContractError([_fault(name, root, model, detail) for detail in error.errors()]) from None


def shown(path: Path) -> str:
    """The path as people should see it: relative to the working folder where it lies inside it."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


class _Constructor(yaml.constructor.SafeConstructor):
    """The safe constructor; dates stay text, since a contract holds no dates."""


_Constructor.add_constructor(  # type: ignore[type-var]  # the stubs take loaders only
    "tag:yaml.org,2002:timestamp", yaml.constructor.SafeConstructor.construct_yaml_str
)


def _compose(path: Path, name: str) -> yaml.Node:
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except FileNotFoundError:
        raise ContractError([Fault(name, 1, "", "there is no such file")]) from None
    except UnicodeDecodeError as error:
        raise ContractError([Fault(name, 1, "", f"is not UTF-8: {error.reason}")]) from None
    except yaml.MarkedYAMLError as error:
        raise ContractError([_invalid(name, error)]) from None
    except yaml.YAMLError as error:
        raise ContractError([Fault(name, 1, "", f"is no valid YAML: {error}")]) from None
    if root is None:
        raise ContractError([Fault(name, 1, "", "is empty")])
    faults = list(_duplicates(root, name, ""))
    if faults:
        raise ContractError(faults)
    return root


def _invalid(name: str, error: yaml.MarkedYAMLError) -> Fault:
    line = error.problem_mark.line + 1 if error.problem_mark else 1
    return Fault(name, line, "", f"is no valid YAML: {error.problem}")


def _duplicates(node: yaml.Node, name: str, where: str) -> Iterable[Fault]:
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            field = f"{where}.{key.value}".lstrip(".")
            if key.value in seen:
                yield Fault(name, _line(key), field, f"given twice; first on line {seen[key.value]}")
            seen[key.value] = _line(key)
            yield from _duplicates(value, name, field)
    elif isinstance(node, yaml.SequenceNode):
        for position, value in enumerate(node.value):
            yield from _duplicates(value, name, f"{where}[{position}]")


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _descend(node: yaml.Node, path: Iterable[Any], *, keys: bool = False) -> yaml.Node:
    """The node at a path, or the deepest one there is; with ``keys`` the last key itself."""
    for step in path:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(step):
                    node = key if keys and value is not None and step == list(path)[-1] else value
                    break
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
    return node


def _fault(name: str, root: yaml.Node, model: type[BaseModel], detail: Any) -> Fault:
    location = [step for step in detail["loc"] if not _is_internal(step)]
    node = _descend(root, ["attributes", *location], keys=detail["type"] == "extra_forbidden")
    field = ".".join(["attributes", *map(str, location)])
    return Fault(name, _line(node), field, _message(model, location, detail))


def _is_internal(step: object) -> bool:
    """Whether pydantic put the step in, such as the name of a union's member or of a validator."""
    return isinstance(step, str) and (step == "[key]" or step.startswith(("Each", "function-", "list[")))


def _message(model: type[BaseModel], location: list[Any], detail: Any) -> str:
    if detail["type"] == "extra_forbidden":
        allowed = _allowed(model, location[:-1])
        close = difflib.get_close_matches(str(location[-1]), allowed, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        return (
            f"unknown field{hint} Allowed here: {', '.join(allowed)}"
            if hint
            else (f"unknown field; allowed here: {', '.join(allowed)}")
        )
    if detail["type"] == "missing":
        return "is required"
    message = str(detail["msg"]).removeprefix("Value error, ")
    given = detail.get("input")
    if isinstance(given, str | int | float | bool) and "value_error" not in detail["type"]:
        return f"{message[:1].lower()}{message[1:]} (given: {given!r})"
    return message[:1].lower() + message[1:]


def _allowed(model: type[BaseModel], location: list[Any]) -> list[str]:
    """Names of the fields that the model allows at a place."""
    found: list[type[BaseModel]] = [model]
    for step in location:
        following: list[type[BaseModel]] = []
        for candidate in found:
            if step in candidate.model_fields:
                following.extend(_models(candidate.model_fields[step].annotation))
        found = following or found
    return sorted({name for candidate in found for name in candidate.model_fields})


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in typing.get_args(annotation) for model in _models(argument)]
