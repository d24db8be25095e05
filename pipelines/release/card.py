"""The README of a release: a data card for people, which the Hugging Face hub and `datasets` read, too.

It is filled from the release's measured tables and from the dataset's declaration. It names no version, time or run:
the same content makes the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import yaml

from pipelines.contracts.card import QUESTIONS
from pipelines.contracts.dataset import Dataset
from pipelines.contracts.losses import LOSSES
from pipelines.contracts.model import SourceContract
from pipelines.domain.licences import LICENCES, licence_parts
from pipelines.domain.vocabulary import REASON_MEANINGS, Reason
from pipelines.release.manifest import Manifest
from pipelines.release.measures import Measures

_SIZES = (
    (1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"), (100_000_000, "10M<n<100M"), (1_000_000_000, "100M<n<1B"),
)  # fmt: skip

_READING = """\
## Read it

In this folder, one line each:

```python
pandas.read_parquet("judgments")
polars.read_parquet("judgments/*.parquet")
duckdb.sql("from 'judgments/*.parquet'")
pyarrow.parquet.read_table("judgments")
datasets.load_dataset(os.getcwd(), "judgments", split="train")
```

Each line gives the same rows. `datasets` calls what is not split `train`; it says nothing about use. Every column's
meaning is in the files' schemas. `sha256sum -c SHA256SUMS` checks every file."""


def card(dataset: Dataset, contracts: Sequence[SourceContract], manifest: Manifest, measures: Measures) -> bytes:
    """The card as Markdown with YAML before it."""
    head = yaml.safe_dump(front_matter(dataset, manifest, measures), sort_keys=False, allow_unicode=True, width=1000)
    parts = [
        f"# {dataset.title}",
        dataset.description,
        "Every row of `judgments` is what one annotator answered to one question about one item, once; no answer was"
        " voted, averaged, merged or dropped on the way. The laws that prove it were evaluated on these very files;"
        " their verdicts are in `ledger`. No table holds an aggregated label. Annotators are pseudonyms.",
        *_variation(measures),
        *_licences(dataset, contracts, manifest),
        *_tables(manifest),
        _READING,
        "## Sources",
        *(part for contract in contracts for part in _source(contract, manifest, measures)),
        *_answers(dataset),
        *_people(dataset),
    ]
    body = "\n\n".join(parts)
    return f"---\n{head}---\n\n{body}\n".encode()


def front_matter(dataset: Dataset, manifest: Manifest, measures: Measures) -> dict[str, object]:
    """What the Hugging Face hub reads of a card, with a configuration a table."""
    judgments = manifest.table("judgments")
    rows = judgments.rows if judgments else 0
    head: dict[str, object] = {"pretty_name": dataset.title, **_hub_licence(dataset)}
    if measures.languages:
        head["language"] = list(measures.languages)
    head["size_categories"] = [next((name for most, name in _SIZES if rows < most), "n>1T")]
    head["tags"] = ["human-label-variation", "annotator-level", "disagreement"]
    head["configs"] = [
        {"config_name": table.name, "data_files": f"{table.name}/*.parquet"}
        | ({"default": True} if table.name == "judgments" else {})
        for table in manifest.tables
    ]
    return head


def _hub_licence(dataset: Dataset) -> dict[str, object]:
    parts = licence_parts(dataset.licence)
    known = [LICENCES[part].hub for part in parts if part in LICENCES]
    if len(known) < len(parts):
        return {"license": "other", "license_name": dataset.licence.lower().replace(" ", "-")}
    return {"license": known[0] if len(known) == 1 else known}


def _variation(measures: Measures) -> Iterator[str]:
    yield "## What was asked, and how people answered"
    yield _table(
        (
            "source",
            "question",
            "type",
            "judgments",
            "items",
            "annotators",
            "per item",
            "abstained",
            "repeated",
            "split",
        ),
        "lllrrrrrrr",
        [
            (
                f"`{one.source}`",
                f"`{one.question}`",
                one.answer_type,
                f"{one.judgments:,}",
                f"{one.items:,}",
                f"{one.annotators:,}" if one.annotators else "not known",
                _spread(one.per_item),
                f"{one.abstained:,}",
                f"{one.repeated:,}",
                f"{one.split:,}",
            )
            for one in measures.questions
        ],
    )
    yield (
        "*People*: annotators that are named. *Per item*: the least, the middle and the most judgments on an item."
        " *Repeated*: an annotator's second or later answer about an item. *Split*: items about which not all gave one"
        " and the same answer."
    )
    people = ", ".join(f"{count:,} {kind}" for kind, count in measures.annotators.items()) or "none is named"
    statuses = ", ".join(f"{count:,} {status}" for status, count in measures.statuses.items())
    machine = sum(one.machine for one in measures.questions)
    lines = [f"- Annotators: {people}; {machine:,} judgments are a machine's.", f"- Judgments by status: {statuses}."]
    if explained := sum(one.explained for one in measures.questions):
        lines.append(f"- {explained:,} judgments come with the annotator's own reasons.")
    if measures.judged:
        lines.append(f"- Judged from {measures.judged[0]} to {measures.judged[1]}, as far as times are known.")
    lines += [f"- Attribute `{name}` of {source}: {count:,} annotators." for source, name, count in measures.attributes]
    yield "\n".join(lines)


def _spread(per_item: tuple[int, int, int]) -> str:
    least, middle, most = per_item
    return f"{least:,}" if least == most else f"{least:,} – {middle:,} – {most:,}"


def _licences(dataset: Dataset, contracts: Sequence[SourceContract], manifest: Manifest) -> Iterator[str]:
    yield "## Licences"
    yield (
        f"The release: {dataset.licence}. Each row keeps the licence of its source, which `sources` has: join it on"
        " `source_id`."
    )
    judgments = manifest.table("judgments")
    rows = judgments.rows_by_source if judgments else {}
    yield _table(
        ("source", "licence", "judgments"),
        "llr",
        [(f"`{one.source}`", one.licence, f"{rows.get(one.source, 0):,}") for one in contracts],
    )


def _tables(manifest: Manifest) -> Iterator[str]:
    yield "## Tables"
    rows = [
        (f"`{table.name}`", f"{table.rows:,}", table.grain.removeprefix("One row per ").rstrip("."))
        for table in manifest.tables
    ]
    yield _table(("table", "rows", "one row is"), "lrl", rows)


def _source(contract: SourceContract, manifest: Manifest, measures: Measures) -> Iterator[str]:
    yield f"### {contract.title}"
    judgments = sum(one.judgments for one in measures.of(contract.source))
    about = [
        f"`{contract.source}`: {judgments:,} judgments, by {contract.platform}. Licence: {contract.licence}.",
        f"Annotator ids: {contract.attribution.value}. Guidelines: {contract.guideline_mode.value}.",
    ]
    if contract.url:
        about.append(f"Origin: {contract.url}")
    if contract.citation:
        about.append(f"Citation: {contract.citation.strip()}")
    yield "\n".join(about)
    if contract.known_losses:
        yield "Lost before it arrived here:"
        yield "\n".join(f"- `{loss}`: {LOSSES[loss]}" for loss in contract.known_losses)
    synonyms = [
        f"- `{code}`: the raw answer `{raw}` means `{to}`"
        for code, question in contract.questions.items()
        for raw, to in question.synonyms.items()
    ]
    if synonyms:
        yield "Declared synonyms:"
        yield "\n".join(synonyms)
    refused = next((one.quarantined for one in manifest.sources if one.source == contract.source), {})
    if refused:
        yield "Refused on the way in, and kept in quarantine:"
        yield "\n".join(f"- {count:,} `{why}`: {REASON_MEANINGS[Reason(why)]}" for why, count in refused.items())


def _answers(dataset: Dataset) -> Iterator[str]:
    """What a person said, question by question, and which questions nobody answered."""
    yield "## What only people can say"
    yield (
        "By the questions of [Data Statements](https://aclanthology.org/Q18-1041) and"
        " [CrowdWorkSheets](https://arxiv.org/abs/2206.08931)."
    )
    for question in QUESTIONS:
        if answer := dataset.answers.answer(question.code):
            yield f"**{question.words}**\n{answer.strip()}"
    if silent := [question.words for question in QUESTIONS if not dataset.answers.answer(question.code)]:
        yield "Not answered:"
        yield "\n".join(f"- {words}" for words in silent)


def _people(dataset: Dataset) -> Iterator[str]:
    if dataset.creators or dataset.contacts:
        yield "## Who made it"
        made = [f"- {one.name}" + (f", https://orcid.org/{one.orcid}" if one.orcid else "") for one in dataset.creators]
        asked = [f"- Contact: {one.name}, {one.email or one.url}" for one in dataset.contacts]
        yield "\n".join([*made, *asked])
    yield "How to cite it is in `CITATION.cff`; cite its sources, too."


def _table(names: Sequence[str], sides: str, rows: Sequence[Sequence[str]]) -> str:
    rule = ["---:" if side == "r" else "---" for side in sides]
    cells = ([cell.replace("|", "\\|") for cell in row] for row in (names, rule, *rows))
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)
