"""The laws in words: what each states, as an equation, what its failure means, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Law:
    """One law. ``code`` names it in checks, ledgers and manifests."""

    code: str
    number: int
    name: str
    statement: str
    equation: str
    failure: str
    mend: str


ACCOUNTING = Law(
    "law_1_accounting",
    1,
    "Accounting",
    "Whatever goes into a step comes out, or is in quarantine, or was withdrawn by a later delivery.",
    "in = out + quarantined + withdrawn",
    "Rows disappeared or came from nowhere: the books of this step do not balance.",
    "Look for a filter, a join or a file that changed in this step; every row left out needs a ledger entry.",
)
IDENTITY = Law(
    "law_2_identity",
    2,
    "Identity",
    "Between adjacent layers the multiset of judgments, with all their columns, is equal in both directions.",
    "before except all after = ∅ and after except all before = ∅; what was withdrawn counts as after",
    "Judgments were lost, invented or altered: a vote, a distinct, a fan-out or a rewrite of answers does this.",
    "Compare the named judgments before and after the step; undo what aggregates or rewrites them.",
)
DISTRIBUTION = Law(
    "law_3_distribution",
    3,
    "Distribution",
    "For each question about each item, the number of judgments, who gave them and the answers are equal.",
    "per (item, question): n, annotators and answer multiset before = after",
    "The variation on an item changed: disagreement was flattened, or made.",
    "Look at the items named: their answers before and after show what was collapsed.",
)
STATIC = Law(
    "law_8_static",
    8,
    "Static",
    "No model on the way to the judgments groups, deduplicates, samples, limits, filters or rewrites them.",
    "judgments = left joins on proved keys over landing.judgments; each content column = its landed column",
    "A model may lose, multiply, merge or alter judgments: its SQL does not show that it cannot.",
    "Change the model at the line named. A filter needs its entry in the ledger, a join a key that is proved unique.",
)
ATTRIBUTION = Law(
    "law_9_attribution",
    9,
    "Attribution",
    "Pseudonyms are injective, no annotator vanishes or merges, and each judgment stays with who gave it.",
    "per annotator: judgments before = judgments after; raw ids = pseudonyms",
    "Judgments moved between people, or two people became one. Every distribution may still look right.",
    "Look for a join or a sort that re-attaches annotators by position rather than by key.",
)

LAWS: dict[str, Law] = {law.code: law for law in (ACCOUNTING, IDENTITY, DISTRIBUTION, STATIC, ATTRIBUTION)}
"""The laws that are evaluated, by code."""
