"""What evaluating a law yields: a verdict a step and source, which is a row of the ledger."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from expectations.laws.definitions import ATTRIBUTION, DISTRIBUTION, IDENTITY, LAWS, Law
from pipelines.domain.tables import LEDGER

NAMED_OFFENDERS = 20
"""How many offenders a verdict names."""

_SHOWN_OFFENDERS = 3
"""How many of them a story shows."""

_SHOWN_SOURCES = 5
_SHOWN_LAWS = 5

_LAYERS = ("models", "raw", "records", "landing", "staging", "intermediate", "marts", "release")
"""The way of the data: a step is as far along as the layer that it ends in."""


@dataclass(frozen=True)
class Verdict:
    """One law on one step of one source.

    ``offenders`` are the first offending keys with what is wrong, at most ``NAMED_OFFENDERS``; they hold
    pseudonyms, never raw ids. ``offending`` is their number in all.
    """

    law: str
    step: str
    source: str
    count_in: int
    count_out: int
    count_quarantined: int = 0
    count_withdrawn: int = 0
    fingerprint_in: str | None = None
    fingerprint_out: str | None = None
    offending: int = 0
    offenders: tuple[str, ...] = ()

    @property
    def held(self) -> bool:
        """Whether the law holds here."""
        return self.offending == 0

    @property
    def definition(self) -> Law:
        """The law in words."""
        return LAWS[self.law]

    def ledger_row(self) -> dict[str, Any]:
        """The verdict as a row of the ledger."""
        return {
            "step": self.step,
            "source_id": self.source,
            "law": self.law,
            "count_in": self.count_in,
            "count_out": self.count_out,
            "count_quarantined": self.count_quarantined,
            "count_withdrawn": self.count_withdrawn,
            "fingerprint_in": self.fingerprint_in,
            "fingerprint_out": self.fingerprint_out,
            "verdict": "held" if self.held else "broken",
            "offending_count": self.offending,
            "offending_keys": list(self.offenders),
        }

    def story(self) -> str:
        """What happened here, for people."""
        return story([self])


class LawBrokenError(RuntimeError):
    """A law does not hold; ``verdicts`` are the broken ones."""

    def __init__(self, verdicts: Iterable[Verdict]) -> None:
        self.verdicts = tuple(verdicts)
        super().__init__(story(self.verdicts))


def broken(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """The verdicts that do not hold."""
    return [verdict for verdict in verdicts if not verdict.held]


def sort_key(verdict: Verdict) -> tuple[Any, ...]:
    """Order of the ledger: the same verdicts always make the same bytes."""
    return tuple(verdict.ledger_row()[name] for name in LEDGER.key)


def story(verdicts: Iterable[Verdict]) -> str:
    """What happened, for people: the first broken step with its laws, some offenders and what to do; then the others.

    It fits a screen, however many sources and laws are broken.
    """
    steps: dict[str, list[Verdict]] = {}
    for verdict in sorted(broken(verdicts), key=_place):
        steps.setdefault(verdict.step, []).append(verdict)
    if not steps:
        return "Every law holds."
    (first, found), *others = steps.items()
    lines = [f"The laws are broken in step {first}:", *_books(found)]
    by_law: dict[str, list[Verdict]] = {}
    for verdict in sorted(found, key=lambda verdict: (verdict.law != IDENTITY.code, verdict.definition.number)):
        by_law.setdefault(verdict.law, []).append(verdict)
    for number, own in enumerate(list(by_law.values())[:_SHOWN_LAWS]):
        lines += _law(own, shown=1 if number else _SHOWN_OFFENDERS)
    lines.append(f"  What to do: {_advice({verdict.law for verdict in found})}")
    for step, later in others:
        lines.append(f"  Broken in step {step}, too: {_numbers(later)}.")
    return "\n".join(lines)


def _books(found: list[Verdict]) -> list[str]:
    by_source: dict[str, list[Verdict]] = {}
    for verdict in found:
        by_source.setdefault(verdict.source, []).append(verdict)
    lines = []
    for source, own in list(by_source.items())[:_SHOWN_SOURCES]:
        kept = f", {own[0].count_quarantined:,} quarantined" if own[0].count_quarantined else ""
        lines.append(f"  {source}: {own[0].count_in:,} in, {own[0].count_out:,} out{kept}; {_numbers(own)}")
    if len(by_source) > _SHOWN_SOURCES:
        lines.append(f"  … and {len(by_source) - _SHOWN_SOURCES} more sources")
    return lines


def _law(found: list[Verdict], shown: int) -> list[str]:
    law = found[0].definition
    total = sum(verdict.offending for verdict in found)
    named = [offender for verdict in found for offender in verdict.offenders][:shown]
    lines = [f"  Law {law.number}, {law.name}: {total:,} offending. {law.failure}"]
    lines += [f"    {offender}" for offender in named]
    if total > len(named):
        lines[-1] += f"  … and {total - len(named):,} more"
    return lines


def _advice(laws: set[str]) -> str:
    """How to mend it; where every distribution is kept, judgments only moved between people."""
    if ATTRIBUTION.code in laws and DISTRIBUTION.code not in laws:
        return ATTRIBUTION.mend
    return IDENTITY.mend if IDENTITY.code in laws else LAWS[min(laws)].mend


def _numbers(found: Iterable[Verdict]) -> str:
    numbers = sorted({verdict.definition.number for verdict in found})
    return f"{'law' if len(numbers) == 1 else 'laws'} {', '.join(map(str, numbers))}"


def _place(verdict: Verdict) -> tuple[int, str, int, str]:
    """Order along the way of the data, so that the first fault comes first."""
    if verdict.step.startswith("deliver"):
        return (_LAYERS.index("landing"), verdict.step, verdict.definition.number, verdict.source)
    ends = [_LAYERS.index(name) for name in re.split("[→ ]", verdict.step) if name in _LAYERS]
    return (max(ends, default=len(_LAYERS)), verdict.step, verdict.definition.number, verdict.source)
