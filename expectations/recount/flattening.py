"""The function beside a contract, run from the text that the contract was read with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from hashlib import sha256
from types import ModuleType
from typing import Any

from expectations.recount.values import Token, Unreadable
from pipelines.contracts.model import SourceContract


def flattened(contract: SourceContract, record: Any) -> Iterator[Any]:
    """What the function makes of a record.

    Raises:
        Unreadable: it raised.
    """
    source = contract.flatten
    assert source is not None
    flatten = _function(source.text, str(source.path))
    try:
        found = list(flatten(_given(record)))
    except Exception:  # whatever it raises refuses the record
        raise Unreadable("is not taken apart by flatten.py", record=True) from None
    return map(_taken, found)


@cache
def _function(text: str, path: str) -> Callable[[Any], Iterable[Any]]:
    module = ModuleType(f"_recount_flatten_{sha256(text.encode()).hexdigest()[:16]}")
    module.__file__ = path
    exec(compile(text, path, "exec"), module.__dict__)  # noqa: S102 - as trusted as the contract that it lies beside
    function: Callable[[Any], Iterable[Any]] = module.__dict__["flatten"]
    return function


def _given(value: Any) -> Any:
    """A value as the function gets it: whole numbers are numbers, a fraction is its own text."""
    if type(value) is Token:
        return value if set(value) & set(".eE") else int(value)
    if type(value) is dict:
        return {name: _given(held) for name, held in value.items()}
    return [_given(one) for one in value] if type(value) is list else value


def _taken(value: Any) -> Any:
    """A value that it gave, as a raw file would hold it."""
    if type(value) in (int, float):
        return Token(repr(value))
    if isinstance(value, str):
        return value if type(value) is Token else str(value)
    if isinstance(value, dict):
        return {str(name): _taken(held) for name, held in value.items()}
    return [_taken(one) for one in value] if isinstance(value, list | tuple) else value
