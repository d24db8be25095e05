"""The contract language as a document and as a JSON Schema for editors, both generated from its model."""

from __future__ import annotations

import json
import typing
from enum import StrEnum
from types import UnionType
from typing import Any

from pydantic import BaseModel, BeforeValidator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from pipelines.contracts.load import SOURCE_COMPONENT
from pipelines.contracts.losses import LOSSES
from pipelines.contracts.model import SourceContract
from pipelines.docs.reading import READING
from pipelines.domain.vocabulary import REASON_MEANINGS

INTRODUCTION = """\
# Source contracts

A contract says what an export means: one file, `assets/ingest/<source>/defs.yaml`, and nothing else to edit. It is
`type: {component}` with the fields below under `attributes`. A field that is not listed is an error;
`variorum source check CODE` tries a contract on real files without keeping anything.

Editors complete and check a contract by [contract.schema.json](contract.schema.json):

```yaml
# yaml-language-server: $schema=../../../docs/contract.schema.json
```
"""


def json_schema() -> str:
    """The JSON Schema of a contract file, as text."""
    attributes = SourceContract.model_json_schema()
    definitions = attributes.pop("$defs")
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Variorum source contract",
        "type": "object",
        "properties": {"type": {"const": SOURCE_COMPONENT}, "attributes": attributes},
        "required": ["type", "attributes"],
        "additionalProperties": False,
        "$defs": definitions,
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def markdown() -> str:
    """The reference of the contract language."""
    lines = [INTRODUCTION.format(component=SOURCE_COMPONENT), *fields_of(SourceContract)]
    lines += [READING, "## Losses", "", "What `known_losses` may name.", "", "| code | means |", "|---|---|"]
    lines += [f"| `{code}` | {meaning} |" for code, meaning in LOSSES.items()]
    lines += ["", "## Reason codes", "", "Why something is in quarantine.", "", "| code | means |", "|---|---|"]
    lines += [f"| `{reason.value}` | {meaning} |" for reason, meaning in REASON_MEANINGS.items()]
    return "\n".join(lines) + "\n"


def fields_of(root: type[BaseModel]) -> list[str]:
    """The fields of a model and of every model below it, a section and a table each, as lines."""
    lines = []
    for model in _models_in_order(root):
        lines += [f"## {_title(model)}", "", _prose(model), "", "| field | is | meaning |", "|---|---|---|"]
        lines += [_row(name, field) for name, field in model.model_fields.items()]
        lines.append("")
    return lines


def _models_in_order(root: type[BaseModel]) -> list[type[BaseModel]]:
    """The model and every model below it, each before those that it holds."""
    found = [root]
    for model in found:
        for field in model.model_fields.values():
            found.extend(below for below in _models(_taken(field)) if below not in found)
    return found


def _taken(field: FieldInfo) -> Any:
    """What a field may be given as: its type, or the wider one that a validator takes."""
    wider = [one.json_schema_input_type for one in field.metadata if isinstance(one, BeforeValidator)]
    return next((kind for kind in wider if kind is not PydanticUndefined), field.annotation)


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in typing.get_args(annotation) for model in _models(argument)]


def _title(model: type[BaseModel]) -> str:
    name = model.__name__
    words = "".join(f" {sign.lower()}" if sign.isupper() else sign for sign in name).strip()
    return words[0].upper() + words[1:]


def _prose(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip()


def _row(name: str, field: FieldInfo) -> str:
    kind = _kind(_taken(field))
    if field.is_required():
        kind = f"{kind}, required"
    elif field.default not in (None, "") and not isinstance(field.default, BaseModel) and not field.default_factory:
        kind = f"{kind}, default `{getattr(field.default, 'value', field.default)}`"
    return f"| `{name}` | {kind} | {(field.description or '').replace('|', '/')} |"


def _kind(annotation: Any) -> str:
    """A type in words."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _kind(arguments[0])
    if origin in (typing.Union, UnionType):
        kinds = [_kind(argument) for argument in arguments if argument is not type(None)]
        return " or ".join(dict.fromkeys(kinds))
    if origin is typing.Literal:
        return " or ".join(f"`{value}`" for value in arguments)
    if origin in (list, tuple):
        return f"list of {_kind(arguments[0])}"
    if origin is dict:
        return f"{_kind(arguments[0])} → {_kind(arguments[1])}"
    if isinstance(annotation, type):
        if issubclass(annotation, BaseModel):
            return f"[{_title(annotation)}](#{_title(annotation).lower().replace(' ', '-')})"
        if issubclass(annotation, StrEnum):
            return " or ".join(f"`{member.value}`" for member in annotation)
        return {"str": "text", "bool": "true or false", "int": "whole number", "float": "number"}.get(
            annotation.__name__, annotation.__name__
        )
    return str(annotation)
