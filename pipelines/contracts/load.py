"""YAML to a declared model, with errors that say file, line, field, what is wrong and what is allowed.

Used by the command and by the Dagster components alike; YAML is loaded safely, and a key given twice is an error.
"""

from __future__ import annotations

import difflib
import re
import typing
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from pipelines.contracts.beside import FLATTEN, BesideError, read_flatten
from pipelines.contracts.model import SourceContract
from pipelines.contracts.questions import Problems, WrongPartError

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
        raise ContractError([one for detail in error.errors() for one in _faults(name, root, model, detail)]) from None


def faults_at(path: Path, problems: Problems) -> list[Fault]:
    """Problems with their places within a declaration's attributes, as faults with file and line."""
    name = shown(path)
    root = _compose(path, name)
    return [_fault(name, root, list(where), message) for where, message in problems]


def shown(path: Path) -> str:
    """The path as people should see it: relative to the working folder where it lies inside it."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)


class _Loader(yaml.SafeLoader):
    """The safe loader, with plain words taken as they are written.

    Only true, false, null, ~ and decimal numbers are more than text: YAML 1.1 would make a boolean of yes, a number
    of 12:30 and 007, and nothing of NULL, none of which an export means.
    """


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|false", "tf"),
    ("null", r"null|~|", ["n", "~", ""]),
    ("int", r"-?(0|[1-9][0-9]*)", "-0123456789"),
    ("float", r"-?(0|[1-9][0-9]*)(\.[0-9]+([eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)|[-+]?\.(inf|nan)", "-+.0123456789"),
    ("merge", r"<<", "<"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first))


class _Constructor(yaml.constructor.SafeConstructor):
    """Constructs plain values from nodes, and nothing else."""

    def construct_yaml_float(self, node: yaml.ScalarNode) -> float:
        """As Python reads it: the YAML 1.1 constructor needs a dot to take an exponent."""
        text = str(self.construct_scalar(node))
        return float(text.replace(".inf", "inf").replace(".nan", "nan"))


_Constructor.add_constructor(  # type: ignore[type-var]  # the stubs take loaders only
    "tag:yaml.org,2002:float", _Constructor.construct_yaml_float
)


def _compose(path: Path, name: str) -> yaml.Node:
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=_Loader)
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
    faults = list(_node_faults(root, name, "", {}))
    if faults:
        raise ContractError(faults)
    return root


def _invalid(name: str, error: yaml.MarkedYAMLError) -> Fault:
    line = error.problem_mark.line + 1 if error.problem_mark else 1
    return Fault(name, line, "", f"is no valid YAML: {error.problem}")


def _node_faults(node: yaml.Node, name: str, where: str, seen: dict[int, bool]) -> Iterable[Fault]:
    """What no declaration may hold: a key given twice or that is no word, a value within itself, unwritable text.

    ``seen`` tells of each node by its identity whether it is still open, for an anchor may bring it again.
    """
    if id(node) in seen:
        if seen[id(node)]:
            yield Fault(name, _line(node), where, "refers to itself")
        return
    seen[id(node)] = True
    if isinstance(node, yaml.MappingNode):
        lines: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                yield Fault(name, _line(key), where, "a key is a single word")
                continue
            field = f"{where}.{key.value}".lstrip(".")
            if key.value in lines:
                yield Fault(name, _line(key), field, f"given twice; first on line {lines[key.value]}")
            lines[key.value] = _line(key)
            yield from _node_faults(key, name, field, seen)
            yield from _node_faults(value, name, field, seen)
    elif isinstance(node, yaml.SequenceNode):
        for position, value in enumerate(node.value):
            yield from _node_faults(value, name, f"{where}[{position}]", seen)
    elif "\0" in node.value or any("\ud800" <= sign <= "\udfff" for sign in node.value):
        yield Fault(name, _line(node), where, "holds a sign that is no text (NUL, or half a surrogate pair)")
    seen[id(node)] = False


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


def _faults(name: str, root: yaml.Node, model: type[BaseModel], detail: Any) -> list[Fault]:
    location = [step for step in detail["loc"] if not _is_internal(step)]
    error = detail.get("ctx", {}).get("error")
    if isinstance(error, WrongPartError):
        return [_fault(name, root, [*location, *where], message) for where, message in error.problems]
    is_key = detail["type"] == "extra_forbidden" or "[key]" in detail["loc"]
    return [_fault(name, root, location, _message(model, location, detail), is_key=is_key)]


def _fault(name: str, root: yaml.Node, location: list[Any], message: str, *, is_key: bool = False) -> Fault:
    node = _descend(root, ["attributes", *location], keys=is_key)
    return Fault(name, _line(node), ".".join(["attributes", *map(str, location)]), message)


def _is_internal(step: object) -> bool:
    """Whether pydantic put the step in, such as the name of a union's member or of a validator."""
    return _is_step_kind(step) or (isinstance(step, str) and (step == "[key]" or step.startswith("function-")))


def _is_step_kind(step: object) -> bool:
    """Whether pydantic put the step in to say which member of a union was meant."""
    return isinstance(step, str) and step.startswith("each:")


def _message(model: type[BaseModel], location: list[Any], detail: Any) -> str:
    if detail["type"] == "extra_forbidden":
        allowed = _allowed(
            model, [step for step in detail["loc"][:-1] if _is_step_kind(step) or not _is_internal(step)]
        )
        close = difflib.get_close_matches(str(location[-1]), allowed, n=1)
        hint = f"; did you mean {close[0]}?" if close else ";"
        return f"unknown field{hint} allowed here: {', '.join(allowed)}"
    if detail["type"] == "missing":
        return "is required"
    message = str(detail["msg"]).removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    given = detail.get("input")
    if "value_error" in detail["type"] or not isinstance(given, str | int | float | bool):
        return message
    is_number = detail["type"] == "string_type" and not isinstance(given, bool)
    hint = "; put a number into quotes, as the export writes it" if is_number else ""
    return f"{message}{hint} (given: {given!r})"


def _allowed(model: type[BaseModel], location: list[Any]) -> list[str]:
    """Names of the fields that the model allows at a place."""
    annotations: list[Any] = [model]
    for step in location:
        annotations = [below for annotation in annotations for below in _below(annotation, step)]
    return sorted({name for annotation in annotations for part in _models(annotation) for name in part.model_fields})


def _below(annotation: Any, step: Any) -> list[Any]:
    """What may stand below a key or position of a type."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation.model_fields[step].annotation] if step in annotation.model_fields else []
    if origin is dict:
        return [arguments[1]]
    if origin is list:
        # One element may stand for a list of one.
        return [arguments[0]] if isinstance(step, int) else _below(arguments[0], step)
    if origin is typing.Annotated:
        if _is_step_kind(step) and any(getattr(part, "tag", None) == step for part in arguments[1:]):
            return [arguments[0]]
        return _below(arguments[0], step)
    return [below for argument in arguments for below in _below(argument, step)]  # a union


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in typing.get_args(annotation) for model in _models(argument)]
