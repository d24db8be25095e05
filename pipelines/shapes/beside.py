"""Runs the function beside a contract: one record in, the records that its mapping reads out, lazily."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType
from typing import Any

import msgspec

from pipelines.contracts.beside import ALLOWED, FlattenSource
from pipelines.shapes.steps import RecordShapeError

Flatten = Callable[[dict[str, Any]], Iterable[dict[str, Any]]]

_PLAIN = (str, int, float, bool, type(None), msgspec.Raw)


class FlattenError(RuntimeError):
    """A ``flatten.py`` that does not do what it must, whatever the record; nothing of the file is landed."""


def load_flatten(source: FlattenSource | None) -> Flatten:
    """The function, of a private module made from the very text whose digest is part of the reading.

    Raises:
        FlattenError: the module cannot be run.
    """
    if source is None:
        raise FlattenError(f"a mapping says flatten: true, but the contract was read without its file; {ALLOWED}")
    module = ModuleType(f"_variorum_flatten_{source.digest[:16]}")
    module.__file__ = str(source.path)
    try:
        exec(compile(source.text, str(source.path), "exec"), module.__dict__)  # noqa: S102  # the contract's own code
        found = module.__dict__["flatten"]
    except Exception as error:
        raise FlattenError(f"{source.path}: cannot be loaded: {type(error).__name__}: {error}") from error
    return _checked(found, source)


def _checked(function: Any, source: FlattenSource) -> Flatten:
    def flatten(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
        found = _tried(lambda: function(record), source)
        if not isinstance(found, Iterable) or isinstance(found, str | bytes | dict):
            raise FlattenError(f"{source.path}: flatten gave {_kind(found)}; {ALLOWED}")
        rest = iter(found)
        while (one := _tried(lambda: next(rest, rest), source)) is not rest:
            if not isinstance(one, dict):
                raise FlattenError(f"{source.path}: flatten yielded {_kind(one)}; {ALLOWED}")
            if (wrong := _no_json(one)) is not None:
                raise FlattenError(
                    f"{source.path}: flatten yielded {wrong} within a dict; text, numbers, true, false, null, lists and"
                    f" dicts by text are allowed"
                )
            yield one

    return flatten


def _tried(step: Callable[[], Any], source: FlattenSource) -> Any:
    """What a step of the function gives; what it raises is about its record, and may hold the record's own words."""
    try:
        return step()
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        line = next((frame.lineno for frame in reversed(frames) if frame.filename == str(source.path)), 1)
        place = f"{source.path.name}:{line}: {type(error).__name__}"
        raise RecordShapeError(place, "flatten raised") from None


def _no_json(value: Any) -> str | None:
    """What in a value is no JSON; None if all is."""
    if isinstance(value, dict):
        if (key := next((key for key in value if not isinstance(key, str)), None)) is not None:
            return f"a key that is {_kind(key)}"
        return next((wrong for held in value.values() if (wrong := _no_json(held)) is not None), None)
    if isinstance(value, list):
        return next((wrong for held in value if (wrong := _no_json(held)) is not None), None)
    return None if isinstance(value, _PLAIN) else _kind(value)


def _kind(value: Any) -> str:
    return f"a {type(value).__name__}"
