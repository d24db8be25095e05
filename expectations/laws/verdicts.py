"""What evaluating a law yields: a verdict a step and source, which is a row of the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from expectations.laws.definitions import LAWS, Law
from pipelines.domain.tables import LEDGER

NAMED_OFFENDERS = 20


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
        """What happened, for people: the law, the step, the first offenders and what to do."""
        if self.held:
            return f"{self.definition.name} held: {self.source}, {self.step}"
        lines = [
            f"Law {self.definition.number} ({self.definition.name}) is broken in {self.step} for {self.source}:"
            f" {self.offending} offending, {self.count_in} in, {self.count_out} out.",
            f"  {self.definition.failure}",
            *(f"    {offender}" for offender in self.offenders[:3]),
            f"  {self.definition.mend}",
        ]
        return "\n".join(lines)


class LawBrokenError(RuntimeError):
    """A law does not hold; ``verdicts`` are the broken ones."""

    def __init__(self, verdicts: Iterable[Verdict]) -> None:
        self.verdicts = tuple(verdicts)
        super().__init__("\n".join(verdict.story() for verdict in self.verdicts))


def broken(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """The verdicts that do not hold."""
    return [verdict for verdict in verdicts if not verdict.held]


def sort_key(verdict: Verdict) -> tuple[Any, ...]:
    """Order of the ledger: the same verdicts always make the same bytes."""
    return tuple(verdict.ledger_row()[name] for name in LEDGER.key)
