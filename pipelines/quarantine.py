"""How much of a run's sources is in quarantine, and whether a release may go out all the same. No Dagster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from pipelines.contracts.model import SourceContract
from pipelines.domain.vocabulary import REASON_MEANINGS, Reason
from pipelines.release.manifest import Manifest
from pipelines.shapes.sql import literal, text_list
from pipelines.warehouse.run_folder import RunFolder


class ExcessError(RuntimeError):
    """More is in quarantine than the contract of a source allows; the message says what, how much, and what to do."""


@dataclass(frozen=True)
class SourceQuarantine:
    """What of a source is in quarantine.

    Attributes:
        judgments: how many judgments the source has.
        reasons: how often each reason code was given, over files, records, judgments, items and attributes.
        files: reason codes for which a whole file was refused.
    """

    source: str
    judgments: int
    reasons: dict[str, int]
    files: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        """The part of what arrived that was refused, from 0 to 1."""
        refused = sum(self.reasons.values())
        return refused / (refused + self.judgments) if refused else 0.0


def read_quarantine(run: RunFolder, sources: Sequence[str]) -> list[SourceQuarantine]:
    """What of each source is in quarantine, by the marts of a run."""
    chosen = text_list(sources)
    with duckdb.connect(":memory:") as con:
        judged = con.execute(
            f"select source_id, count(*) from read_parquet({literal(str(run.mart('judgments')))})"
            f" where list_contains({chosen}, source_id) group by source_id"
        ).fetchall()
        refused = con.execute(
            f"select source_id, reason, count(*), bool_or(stage = 'file')"
            f" from read_parquet({literal(str(run.mart('quarantine')))})"
            f" where list_contains({chosen}, source_id) group by source_id, reason order by source_id, reason"
        ).fetchall()
    judgments = dict(judged)
    return [
        SourceQuarantine(
            source,
            judgments.get(source, 0),
            {reason: count for of, reason, count, _ in refused if of == source},
            tuple(reason for of, reason, _, is_file in refused if of == source and is_file),
        )
        for source in sources
    ]


def refuse_excess(
    contracts: Sequence[SourceContract], found: Sequence[SourceQuarantine], last: Manifest | None
) -> None:
    """Refuse a release of which a source has more in quarantine than its contract allows.

    That is: a greater share than its limit; a whole file; or a reason code that the last release of the source had
    none of. Codes that the contract expects are let through, up to the limit.

    Raises:
        ExcessError: it names each source, and what to do.
    """
    policies = {contract.source: contract.quarantine for contract in contracts}
    earlier = {source.source: source.quarantined for source in last.sources} if last else {}
    faults = []
    for one in found:
        policy = policies[one.source]
        if one.share > policy.limit:
            told = ", ".join(f"{count:,} {reason}" for reason, count in one.reasons.items())
            share = f"{one.share:.2%} of what arrived is in quarantine, the limit is {policy.limit:.2%}"
            faults.append(f"{one.source}: {share}; {told}")
        unexpected = [code for code in one.files if code not in policy.expected]
        faults += [f"{one.source}: a whole file is in quarantine, {_told(code)}" for code in unexpected]
        if one.source in earlier:
            faults += [
                f"{one.source}: the last release had nothing in quarantine for this reason, {_told(code)}"
                for code in one.reasons
                if code not in earlier[one.source] and code not in policy.expected and code not in unexpected
            ]
    if not faults:
        return
    source = faults[0].split(":")[0]
    lines = [
        "Not published: too much is in quarantine.",
        *(f"  {fault}" for fault in faults),
        f"  What to do: look at it, variorum quarantine show {source}; mend the contract or the export and run again;",
        "  or allow it in the contract of the source, with its reason: quarantine: {limit: …, expected: […]}",
    ]
    raise ExcessError("\n".join(lines))


def _told(code: str) -> str:
    return f"{code} ({REASON_MEANINGS[Reason(code)]})"
