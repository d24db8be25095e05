"""What came of mutants, for people: the table mutant × law that caught it, the counts, and what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from expectations.laws.definitions import LAWS
from expectations.mutants.mutant import FAMILIES, Mutant
from expectations.mutants.run import Result

_NUMBERS = [str(law.number) for law in LAWS.values()]


def table(results: Sequence[Result], *, told: bool = False) -> Table:
    """A line a mutant: which laws were broken, which guard refused, and whether that was the only one."""
    shown = Table(box=None, pad_edge=False, header_style="bold", show_lines=told)
    for name in ("family", "place", "mutant"):
        shown.add_column(name, no_wrap=name != "mutant")
    for number in _NUMBERS:
        shown.add_column(number, justify="center")
    for name in ("guard", "only one"):
        shown.add_column(name, no_wrap=True)
    if told:
        shown.add_column("told", overflow="fold")
    for result in results:
        mutant, caught = result.mutant, result.outcome.caught
        guards = ", ".join(one for one in caught if one not in _NUMBERS)
        excused = "equivalent" if mutant.equivalent else "declared" if mutant.declared else "survived"
        excused = excused if result.is_published else "error"
        only = f"only {_named(caught[0])}" if result.only_one else "" if caught else excused
        marks = ["●" if number in caught else "" for number in _NUMBERS]
        style = "red" if result.fault else ""
        more = [escape(result.outcome.told)] if told else []
        shown.add_row(mutant.family, mutant.place, escape(mutant.name), *marks, guards, only, *more, style=style)
    return shown


def counts(results: Sequence[Result]) -> Table:
    """A line a family: how many mutants, and how many of them each law caught; the sums below."""
    shown = Table(box=None, pad_edge=False, header_style="bold")
    shown.add_column("family")
    for name in ("mutants", *_NUMBERS, "guards", "only one", "survived", "equivalent", "declared"):
        shown.add_column(name, justify="right")
    families = [family for family in FAMILIES if any(one.mutant.family == family for one in results)]
    for family in families:
        shown.add_row(family, *_sums([one for one in results if one.mutant.family == family]))
    if len(families) > 1:
        shown.add_row("all", *_sums(results), style="bold")
    return shown


def _sums(results: Sequence[Result]) -> list[str]:
    by_law = Counter(one for result in results for one in result.outcome.caught)
    guards = sum(any(one not in _NUMBERS for one in result.outcome.caught) for result in results)
    published = [result.mutant for result in results if result.is_published]
    excused = [sum(bool(reason) for reason in reasons) for reasons in _reasons(published)]
    survived = len(published) - sum(excused)
    only = sum(result.only_one for result in results)
    numbers = [len(results), *(by_law[number] for number in _NUMBERS), guards, only, survived, *excused]
    return [str(number) if number else "" for number in numbers]


def _reasons(mutants: Sequence[Mutant]) -> tuple[list[str | None], list[str | None]]:
    return [mutant.equivalent for mutant in mutants], [mutant.declared for mutant in mutants]


def faults(results: Sequence[Result]) -> list[str]:
    """What is not as the registry says: survivors first."""
    wrong = [result for result in results if result.fault]
    return [f"{one.mutant.name}: {one.fault}" for one in sorted(wrong, key=lambda one: bool(one.outcome.caught))]


def _named(caught: str) -> str:
    return f"law {caught}" if caught in _NUMBERS else caught
