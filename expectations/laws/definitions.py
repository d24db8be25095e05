"""The laws in words: what each states, as an equation, what its failure means, how to mend it, and an example."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Law:
    """One law. ``code`` names it in checks, ledgers and manifests; ``example`` shows a change that breaks it."""

    code: str
    number: int
    name: str
    statement: str
    equation: str
    failure: str
    mend: str
    example: str


ACCOUNTING = Law(
    "law_1_accounting",
    1,
    "Accounting",
    "Whatever goes into a step comes out, or is in quarantine, or was withdrawn by a later delivery.",
    "in = out + quarantined + withdrawn",
    "Rows disappeared or came from nowhere: the books of this step do not balance.",
    "Look for a filter, a join or a file that changed in this step; every row left out needs a ledger entry.",
    'Ana says "kind", Ben says "rude", Cleo says "rude". A model keeps one row for each text: 3 in, 1 out,'
    " nothing in quarantine. Two people's answers are gone.",
)
IDENTITY = Law(
    "law_2_identity",
    2,
    "Identity",
    "Between adjacent layers the multiset of judgments, with all their columns, is equal in both directions.",
    "before except all after = ∅ and after except all before = ∅; what was withdrawn counts as after",
    "Judgments were lost, invented or altered: a vote, a distinct, a fan-out or a rewrite of answers does this.",
    "Compare the named judgments before and after the step; undo what aggregates or rewrites them.",
    'Ana says "kind", Ben says "rude", Cleo says "rude". A model writes the majority into each row: still three rows,'
    ' still Ana, Ben and Cleo, but Ana\'s now says "rude". Every count is right, and her answer is gone.',
)
DISTRIBUTION = Law(
    "law_3_distribution",
    3,
    "Distribution",
    "For each question about each item, the number of judgments, who gave them and the answers are equal.",
    "per (item, question): n, annotators and answer multiset before = after",
    "The variation on an item changed: disagreement was flattened, or made.",
    "Look at the items named: their answers before and after show what was collapsed.",
    "A text was called kind once and rude twice. After the step it was called rude three times:"
    " an item on which people disagreed has become one on which they agree.",
)
INJECTIVITY = Law(
    "law_4_injectivity",
    4,
    "Injectivity",
    "Within a question no two different raw answers become one answer, unless the contract declares them synonyms.",
    "per (question, status, answer): number of distinct raw answers, synonyms declared = 1",
    "Different answers were merged: spellings, cases, options or nearly equal ratings became one.",
    "Give each raw value an option of its own; or declare in the contract that they are synonyms, for all to see.",
    "Ana writes 3.4, Ben 3.5 and Cleo 3.6. Rounded, all three say 4: the raw answers are three, the answer is one."
    ' Or "Rude" and "rude" become one option, and nobody can tell again who wrote which.',
)
CONTENT = Law(
    "law_5_content",
    5,
    "Content",
    "Texts, rationales and items are, byte for byte, what arrived; every item is there once, and none other.",
    "text answer = decoded raw answer; items landed = items after + items in quarantine, with equal content",
    "Words or items were changed: cut, trimmed, re-cased, normalised, or given to another item.",
    "Compare the named texts before and after; undo what rewrites them. White space and case carry meaning.",
    "Cleo explains her answer in two sentences, and ends with a blank line. A model cuts explanations to 20 characters"
    " and trims them: her answer is still there, but not her reason for it.",
)
RESIDUE = Law(
    "law_6_residue",
    6,
    "Residue",
    "Every field of every record is mapped, kept in extra, or ignored by the contract with a reason.",
    "per field that no contract names: records with judgments that hold it and do not keep it in extra = 0",
    "A field that the contract does not name is not in extra, either: what it held is lost.",
    "Map the field in the contract, or list it under ignored with a reason; extra must keep all others.",
    'The export has a column "why", with which Ana and Ben explained themselves, and the contract forgot it. Kept in'
    " extra it can be mapped next year; dropped, the three answers have lost their reasons for good.",
)
INDEPENDENCE = Law(
    "law_7_independence",
    7,
    "Independence",
    "A second reading of the raw bytes, which shares no code with the first, finds what landing holds.",
    "recount of the raw bytes = records and judgments landed + quarantined, by count and by fingerprint",
    "Reading and landing went wrong together: what the books begin with is not what the raw files hold.",
    "Compare the named places in the raw file with landing; the reader or the shape of this format has a fault.",
    "A reader takes only the last of three answers in a list, and counts what it took: its own books balance at one."
    " The second reader counts three.",
)
STATIC = Law(
    "law_8_static",
    8,
    "Static",
    "No model on the way to the judgments groups, deduplicates, samples, limits, filters or rewrites them.",
    "judgments = left joins on proved keys over landing.judgments; each content column = its landed column",
    "A model may lose, multiply, merge or alter judgments: its SQL does not show that it cannot.",
    "Change the model at the line named. A filter needs its entry in the ledger, a join a key that is proved unique.",
    "select item_id, mode(answer) from judgments group by item_id: whatever the data, three people's answers"
    " become one. The syntax tree shows it before any data is touched.",
)
ATTRIBUTION = Law(
    "law_9_attribution",
    9,
    "Attribution",
    "Pseudonyms are injective, no annotator vanishes or merges, and each judgment stays with who gave it.",
    "per annotator: judgments before = judgments after; raw ids = pseudonyms",
    "Judgments moved between people, or two people became one. Every distribution may still look right.",
    "Look for a join or a sort that re-attaches annotators by position rather than by key.",
    'Ana says "kind", Ben says "rude". After the step Ana says "rude" and Ben "kind": one of each, as before, and every'
    " distribution is right. But who thinks what is the reverse of the truth.",
)

LAWS: dict[str, Law] = {
    law.code: law
    for law in (
        ACCOUNTING,
        IDENTITY,
        DISTRIBUTION,
        INJECTIVITY,
        CONTENT,
        RESIDUE,
        INDEPENDENCE,
        STATIC,
        ATTRIBUTION,
    )
}
"""The laws by code, in order of their numbers."""


def law_named(word: str) -> Law:
    """The law of a number, name or code, such as ``3``, ``distribution`` or ``law_3_distribution``.

    Raises:
        KeyError: there is none; the message lists those that there are.
    """
    said = word.strip().lower()
    for law in LAWS.values():
        if said in (law.code, law.name.lower(), str(law.number), f"law {law.number}"):
            return law
    known = ", ".join(f"{law.number} {law.name.lower()}" for law in LAWS.values())
    raise KeyError(f"no law {word!r}; the laws: {known}")
