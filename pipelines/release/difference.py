"""What is different between two releases of a dataset, as plain values: counts of judgments, and by source.

A judgment is corrected, added or withdrawn as between deliveries (``pipelines.landing.changes``). How the numbers are
found is said in ``comparison``; what they mean for a version, in ``versions``.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Rows:
    """How the rows of a table differ, matched by their key; ``columns`` is how many changed in each column."""

    added: int = 0
    removed: int = 0
    changed: int = 0
    columns: dict[str, int] = field(default_factory=dict)

    @property
    def is_same(self) -> bool:
        """Whether nothing differs."""
        return not (self.added or self.removed or self.changed)


@dataclass(frozen=True)
class Judgments:
    """How the judgments of a source differ; ``columns`` is in how many corrected ones each column differs."""

    before: int = 0
    after: int = 0
    added: int = 0
    withdrawn: int = 0
    corrected: int = 0
    columns: dict[str, int] = field(default_factory=dict)

    @property
    def unchanged(self) -> int:
        """Those with equal content in both."""
        return self.before - self.withdrawn - self.corrected


@dataclass(frozen=True)
class Variation:
    """What became of the variation of answers; abstentions are answers.

    Attributes:
        wider: questions about an item that have more distinct answers than before.
        narrower: those that have fewer.
        even: those that have as many.
        new: questions about an item that nobody had answered before.
        gone: those that nobody's answer is left of.
        answers_before: distinct answers to a question about an item, all of them together.
        answers_after: the same, after.
        answers_gained: those that nobody had given before.
        answers_lost: those that nobody gives any more.
        abstentions_before: judgments that abstain.
        abstentions_after: the same, after.
        annotators_before: annotators of the source's judgments; None where pseudonyms cannot be compared.
        annotators_after: the same, after.
        annotators_gained: those that had no judgment before.
        annotators_lost: those that have none any more.
    """

    wider: int = 0
    narrower: int = 0
    even: int = 0
    new: int = 0
    gone: int = 0
    answers_before: int = 0
    answers_after: int = 0
    answers_gained: int = 0
    answers_lost: int = 0
    abstentions_before: int = 0
    abstentions_after: int = 0
    annotators_before: int = 0
    annotators_after: int = 0
    annotators_gained: int | None = 0
    annotators_lost: int | None = 0


@dataclass(frozen=True)
class SourceDifference:
    """What is different in one source.

    Attributes:
        what: added, removed or kept.
        described: columns of its row in ``sources`` that differ.
        questions_changed: by question, the columns of its row in ``questions`` that differ.
        raw_files_gained: raw files that the later release is made of and the earlier is not.
        raw_files_lost: the other way round.
        attributes: None where pseudonyms cannot be compared.
    """

    source: str
    what: str
    judgments: Judgments = field(default_factory=Judgments)
    variation: Variation = field(default_factory=Variation)
    items: Rows = field(default_factory=Rows)
    attributes: Rows | None = field(default_factory=Rows)
    described: tuple[str, ...] = ()
    questions_added: tuple[str, ...] = ()
    questions_removed: tuple[str, ...] = ()
    questions_changed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    raw_files_gained: int = 0
    raw_files_lost: int = 0


@dataclass(frozen=True)
class Difference:
    """What is different between two releases of a dataset.

    Attributes:
        before: the earlier version; empty where it has none.
        after: the later version; empty while it is not yet decided.
        same_key: whether both have pseudonyms of one key; if not, annotators are left out of every comparison.
        tables_added: tables, and columns as ``table.column``; so are the next two.
        retyped: by column, its type before and after.
        told: what the manifests say of the whole release and is not the same: by name, before and after.
        annotators: None where pseudonyms cannot be compared.
    """

    dataset: str
    before: str
    after: str
    same_key: bool
    tables_added: tuple[str, ...]
    tables_removed: tuple[str, ...]
    columns_added: tuple[str, ...]
    columns_removed: tuple[str, ...]
    retyped: dict[str, tuple[str, str]]
    told: dict[str, tuple[str, str]]
    annotators: Rows | None
    sources: tuple[SourceDifference, ...]
