"""Small pieces of SQL text: literals, case maps and lists, each quoted safely."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def literal(value: str | float | bool | None) -> str:
    """A SQL literal. Text is quoted; a quote inside is doubled; NUL is refused.

    Raises:
        ValueError: the text holds a NUL character, which no contract needs.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if "\0" in value:
        raise ValueError("a value of the contract holds a NUL character")
    return "'" + value.replace("'", "''") + "'"


def text_list(values: Iterable[str]) -> str:
    """A list of texts, typed even when it is empty."""
    return f"[{', '.join(literal(value) for value in values)}]::varchar[]"


def is_one_of(expression: str, values: Iterable[str]) -> str:
    """Whether a text is among the values; false, never null, where there are none."""
    listed = ", ".join(literal(value) for value in values)
    return f"coalesce({expression} in ({listed}), false)" if listed else "false"


def mapped(expression: str, values: Mapping[str, str | float | None], otherwise: str = "null") -> str:
    """``case`` from texts to literals."""
    if not values:
        return otherwise
    arms = " ".join(f"when {literal(raw)} then {literal(value)}" for raw, value in values.items())
    return f"case {expression} {arms} else {otherwise} end"


def joined_key(columns: list[str]) -> str:
    """One text from the parts of a key; distinct keys stay distinct.

    One part stays as it is. Several are joined by '/'; a '%' or '/' within a part is written %25 or %2F.
    """
    if len(columns) == 1:
        return columns[0]
    parts = [f"replace(replace({column}, '%', '%25'), '/', '%2F')" for column in columns]
    return " || '/' || ".join(parts)
