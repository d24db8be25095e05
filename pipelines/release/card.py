"""The README of a release: filled from its measured tables, for people who open the folder."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.contracts.dataset import Dataset
from pipelines.contracts.model import LOSSES, SourceContract
from pipelines.domain.vocabulary import REASON_MEANINGS, Reason
from pipelines.release.manifest import Manifest


def card(dataset: Dataset, contracts: Sequence[SourceContract], manifest: Manifest) -> bytes:
    """The card as Markdown. It names no version, time or run: the same content makes the same bytes."""
    lines = [
        f"# {dataset.title}",
        "",
        dataset.description,
        "",
        "Every row of `judgments` is what one annotator answered to one question about one item, once;",
        "no answer was voted, averaged, merged or dropped on the way. The laws that prove it were evaluated",
        "on these very files; their verdicts are in `ledger`.",
        "",
        f"Licence: {dataset.licence}. Annotators are pseudonyms.",
        "",
        "## Tables",
        "",
        "| table | rows | one row is |",
        "|---|---:|---|",
    ]
    for table in manifest.tables:
        grain = table.grain.removeprefix("One row per ").rstrip(".")
        lines.append(f"| {table.name} | {table.rows:,} | {grain} |")
    lines += [
        "",
        "```python",
        "import pandas as pd",
        "",
        'judgments = pd.read_parquet("judgments")',
        "```",
        "",
    ]
    lines += ["## Sources", ""]
    judgments = manifest.table("judgments")
    quarantined = {source.source: source.quarantined for source in manifest.sources}
    for contract in contracts:
        rows = judgments.rows_by_source.get(contract.source, 0) if judgments else 0
        lines += [
            f"### {contract.title}",
            "",
            f"`{contract.source}`: {rows:,} judgments. Licence: {contract.licence}.",
        ]
        if contract.url:
            lines.append(f"Origin: {contract.url}")
        if contract.citation:
            lines.append(f"Citation: {contract.citation}")
        if contract.known_losses:
            lines += ["", "Lost before it arrived here:", ""]
            lines += [f"- `{loss}`: {LOSSES[loss]}" for loss in contract.known_losses]
        synonyms = [
            f"- `{code}`: the raw answer `{raw}` means `{to}`"
            for code, question in contract.questions.items()
            for raw, to in question.synonyms.items()
        ]
        if synonyms:
            lines += ["", "Declared synonyms:", "", *synonyms]
        if refused := quarantined.get(contract.source):
            lines += ["", "Refused on the way in, and kept in quarantine:", ""]
            lines += [f"- {count:,} `{reason}`: {REASON_MEANINGS[Reason(reason)]}" for reason, count in refused.items()]
        lines.append("")
    lines += ["## Audit", "", "`sha256sum -c SHA256SUMS` checks every file.", ""]
    return "\n".join(lines).encode()
