"""A value that does not fit its model, told by file, line and field: what is wrong, and what is allowed."""

from __future__ import annotations

import difflib
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from pipelines.contracts.nodes import ContractError, Fault, descend, line_of
from pipelines.contracts.questions import WrongPartError

Model = TypeVar("Model", bound=BaseModel)

Place = tuple[str | int, ...]
"""Keys and positions, from the outermost on."""


@dataclass(frozen=True)
class Declared:
    """A YAML file as nodes, and where in it a value stood that is being validated.

    ``at`` says where a place within the value is in the file.
    """

    name: str
    root: yaml.Node
    at: Callable[[Place], Place]

    def fault(self, where: Place, message: str, *, is_key: bool = False) -> Fault:
        """What is wrong at a place within the value."""
        place = self.at(where)
        node = descend(self.root, place, keys=is_key)
        return Fault(self.name, line_of(node), ".".join(map(str, place)), message)


def validated(value: object, model: type[Model], declared: Declared) -> Model:
    """A value as the model that it is to be.

    Raises:
        ContractError: with every fault found, each with its line.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise ContractError([one for detail in error.errors() for one in _faults(declared, model, detail)]) from None


def _faults(declared: Declared, model: type[BaseModel], detail: Any) -> list[Fault]:
    location = tuple(step for step in detail["loc"] if not _is_internal(step))
    error = detail.get("ctx", {}).get("error")
    if isinstance(error, WrongPartError):
        return [declared.fault((*location, *where), message) for where, message in error.problems]
    is_key = detail["type"] == "extra_forbidden" or "[key]" in detail["loc"]
    return [declared.fault(location, _message(model, list(location), detail), is_key=is_key)]


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
