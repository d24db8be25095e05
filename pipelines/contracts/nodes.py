"""YAML as nodes that know their lines: loaded safely, a key given twice is an error, and faults are told by place.

What a declaration means is the business of ``load``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


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


def construct(root: yaml.Node, name: str) -> Any:
    """The plain values of a document.

    Raises:
        ContractError: a value is not what its tag says.
    """
    try:
        return _Constructor().construct_document(root)
    except yaml.MarkedYAMLError as error:
        raise ContractError([_invalid(name, error)]) from None


def compose(path: Path, name: str) -> yaml.Node:
    """A file's nodes; ``name`` is how faults call it.

    Raises:
        ContractError: it is absent, empty or no valid YAML.
    """
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
            yield Fault(name, line_of(node), where, "refers to itself")
        return
    seen[id(node)] = True
    if isinstance(node, yaml.MappingNode):
        lines: dict[str, int] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                yield Fault(name, line_of(key), where, "a key is a single word")
                continue
            field = f"{where}.{key.value}".lstrip(".")
            if key.value in lines:
                yield Fault(name, line_of(key), field, f"given twice; first on line {lines[key.value]}")
            lines[key.value] = line_of(key)
            yield from _node_faults(key, name, field, seen)
            yield from _node_faults(value, name, field, seen)
    elif isinstance(node, yaml.SequenceNode):
        for position, value in enumerate(node.value):
            yield from _node_faults(value, name, f"{where}[{position}]", seen)
    elif "\0" in node.value or any("\ud800" <= sign <= "\udfff" for sign in node.value):
        yield Fault(name, line_of(node), where, "holds a sign that is no text (NUL, or half a surrogate pair)")
    seen[id(node)] = False


def line_of(node: yaml.Node) -> int:
    """The line that a node begins on, from 1."""
    return int(node.start_mark.line) + 1


def descend(node: yaml.Node, path: Iterable[Any], *, keys: bool = False) -> yaml.Node:
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
