"""What was asked, guessed from the values of a field: the question's type, its options or scale, and where it is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.proposals.fields import Field, text_of
from pipelines.proposals.guess import Guess
from pipelines.proposals.names import LEFT_RIGHT, TIES, is_abstaining, is_remark

_FEW = 30
_POINTS = 11
_LONG = 60
_SEPARATORS = ("|", ";", ",")


@dataclass(frozen=True)
class Asked:
    """One question as a contract states it, and its answer's mapping."""

    code: str
    question: dict[str, Any] | Guess
    answer: Any


def code_of(name: str, taken: set[str]) -> str:
    """A code that no other question has."""
    code = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "question"
    code = code if code[0].isalpha() else f"q_{code}"
    number, base = 2, code
    while code in taken:
        code, number = f"{base}_{number}", number + 1
    taken.add(code)
    return code


def question_of(one: Field, acts: int, taken: set[str], allowed: Sequence[str] = ()) -> Asked:
    """The question whose answers a field holds, of so many acts; of an allowed type, where only some are."""
    question, why, more = _typed(one)
    if allowed and question["type"] not in allowed:
        question, why, more = _of_type(one, allowed[0]), f"a {allowed[0]} question by its control", {}
    abstaining = [value for value in question.get("options", ()) if is_abstaining(value)]
    if abstaining:
        question["abstain"] = abstaining
        why += f"; {', '.join(abstaining)} may be no opinion"
    if silent := _silent(one, acts):
        question["unanswered"] = silent
        why += "; without a value it may not have been asked"
    code = code_of(one.name, taken)
    return Asked(code, Guess(question, why), {"field": one.path, **more} if more else one.path)


def _of_type(one: Field, kind: str) -> dict[str, Any]:
    """A question of a type that the values alone would not have told."""
    if kind == "pairwise":
        if one.numbers:
            graded = {value: abs(float(value)) for value in one.distinct}
            return {"type": kind, "answers": {value: _graded(value, size) for value, size in graded.items()}}
        sides = [value for value in one.distinct if value.lower() not in TIES]
        ties = [value for value in one.distinct if value.lower() in TIES]
        answers = dict(zip(sides, ("left", "right"), strict=False)) | {value: "tie" for value in ties[:1]}
        return {"type": kind, "answers": answers}
    if kind == "rating":
        return {"type": kind, "scale": {"kind": "interval"}}
    if kind in ("choice", "multi_choice"):
        held = [value for some in one.given for value in (some if isinstance(some, list) else [some])]
        return {"type": kind, "options": sorted({text_of(value) for value in held})}
    return {"type": kind}


def _graded(value: str, size: float) -> Any:
    if not size:
        return "tie"
    return {"preference": "left" if float(value) < 0 else "right", "strength": int(size) if size.is_integer() else size}


def one_hot_of(prefix: str, columns: list[Field], taken: set[str]) -> Asked:
    """The question whose options have a column each."""
    options = [one.path.removeprefix(prefix) for one in columns]
    question = {"type": "multi_choice", "options": options}
    code = code_of(prefix.strip("._- :/"), taken)
    why = f"columns that begin with {prefix!r} hold 0 and 1"
    return Asked(code, Guess(question, why), {"one_hot": {"prefix": prefix}})


def is_switch(one: Field) -> bool:
    """Whether it holds 0 and 1 alone."""
    return bool(one.distinct) and set(one.distinct) <= {"0", "1"}


def _silent(one: Field, acts: int) -> list[str | None]:
    silent: list[str | None] = []
    if any(value == "" for value in one.values.values()):
        silent.append("")
    if any(value is None for value in one.values.values()) or len(one.values) < acts:
        silent.append(None)
    if one.is_list and any(value == [] for value in one.values.values()):
        return silent  # the empty set is an answer
    return silent


def _typed(one: Field) -> tuple[dict[str, Any], str, dict[str, Any]]:
    """The question, the reason, and what the answer's mapping needs beside its field."""
    if one.is_spans:
        return {"type": "spans"}, "a list of stretches with start and end", {}
    if one.is_list and not is_remark(one):
        return _set(one)
    if one.is_ranked:
        return {"type": "ranking"}, "lists of options with their ranks", {}
    if (numbers := one.numbers) is not None:
        return _number(one, numbers)
    if pairwise := _pairwise(one):
        return pairwise
    if split := _split(one):
        return split
    distinct = one.distinct
    is_free = is_remark(one) or any("\n" in text for text in distinct)
    if not is_free and len(distinct) <= _FEW and (len(distinct) <= 6 or len(distinct) * 3 <= len(one.texts)):
        return {"type": "choice", "options": distinct}, f"{len(distinct)} different values; there may be more", {}
    return {"type": "text"}, f"free text, {len(distinct)} different ones", {}


def _set(one: Field) -> tuple[dict[str, Any], str, dict[str, Any]]:
    found = Counter(text_of(value) for held in one.given for value in held)
    options = sorted(found)
    if len(options) > 1 and all(sorted(map(text_of, held)) == options for held in one.given):
        return {"type": "ranking"}, f"each list holds the same {len(options)} values, in some order", {}
    why = f"lists of {len(options)} different values; there may be more"
    return {"type": "multi_choice", "options": options}, why, {}


def _number(one: Field, numbers: list[float]) -> tuple[dict[str, Any], str, dict[str, Any]]:
    low, high = min(numbers), max(numbers)
    if set(one.distinct) <= {"0", "1"}:
        return {"type": "choice", "options": ["0", "1"]}, "only 0 and 1; say what they mean", {}
    if all(number.is_integer() for number in numbers) and len(one.distinct) <= _POINTS and high - low <= 100:
        scale: dict[str, Any] = {"kind": "ordinal", "min": int(low), "max": int(high)}
        if low == high:
            scale = {"kind": "ordinal"}
        return {"type": "rating", "scale": scale}, f"whole numbers from {low:g} to {high:g}; the scale may be wider", {}
    why = f"numbers from {low:g} to {high:g}; state min and max, or ratio, if it has them"
    return {"type": "rating", "scale": {"kind": "interval"}}, why, {}


def _pairwise(one: Field) -> tuple[dict[str, Any], str, dict[str, Any]] | None:
    values = {value.lower(): value for value in one.distinct}
    for left, right in LEFT_RIGHT:
        rest = values.keys() - {left, right}
        # Two labels a and b are a comparison no more often than not; a tie, or a name that says so, decides.
        named = {"preference", "preferred", "winner", "better", "compare", "comparison"} & set(one.words)
        if {left, right} <= values.keys() and all(value.startswith(TIES) for value in rest) and (rest or named):
            answers = {values[left]: "left", values[right]: "right"}
            ties = [values[value] for value in sorted(rest)]
            question: dict[str, Any] = {"type": "pairwise", "answers": answers | {value: "tie" for value in ties[:1]}}
            if len(ties) > 1:
                question["synonyms"] = {value: ties[0] for value in ties[1:]}
            return question, "a comparison of two responses, by its values", {}
    return None


def _split(one: Field) -> tuple[dict[str, Any], str, dict[str, Any]] | None:
    """A set that is written as one text."""
    for sign in _SEPARATORS:
        tokens = Counter(token for text in one.texts for token in text.split(sign))
        several = sum(sign in text for text in one.texts)
        spaced = any(token != token.strip() for token in tokens)
        short = all(len(token) <= _LONG for token in tokens)
        if several * 20 >= len(one.texts) > 0 and short and not spaced and len(tokens) < min(_FEW, len(one.distinct)):
            question = {"type": "multi_choice", "options": sorted(filter(None, tokens))}
            return question, f"several values in one text, apart by {sign!r}", {"split": sign}
    return None
