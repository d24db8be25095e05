"""The sources that have a contract, as a document generated from the contracts."""

from __future__ import annotations

from collections.abc import Iterable

from pipelines.contracts.files import FileMapping
from pipelines.contracts.losses import LOSSES
from pipelines.contracts.model import SourceContract
from pipelines.contracts.questions import Question
from pipelines.project import this_project

INTRODUCTION = """\
# Sources

Every source that has a contract in `assets/ingest`: what was asked, what its annotator ids can bear, and what had been
lost before the export arrived here. `variorum source list` adds what was delivered. Another source is one file more
([contracts.md](contracts.md)).
"""

_ATTRIBUTION = {
    "stable": "one id is one annotator throughout",
    "item_scoped": "an id holds within one item only",
    "none": "nothing says who judged",
}


def markdown() -> str:
    """All sources: a table, and a section each."""
    contracts = list(this_project().contracts.values())
    lines = [INTRODUCTION, "| source | answers | attribution | lost upstream | licence |", "|---|---|---|---|---|"]
    for contract in contracts:
        kinds = ", ".join(sorted({question.type.value for question in contract.questions.values()})) or "none"
        lost = ", ".join(f"`{loss}`" for loss in contract.known_losses) or "nothing known"
        name = f"[`{contract.source}`](#{contract.source})"
        lines.append(f"| {name} | {kinds} | {contract.attribution.value} | {lost} | {contract.licence} |")
    for contract in contracts:
        lines += ["", *_section(contract)]
    return "\n".join([*lines, ""])


def _section(contract: SourceContract) -> list[str]:
    lines = [f"## {contract.source}", "", f"{contract.title}.", ""]
    attribution = contract.attribution.value
    facts = {
        "origin": contract.url and f"<{contract.url}>",
        "citation": contract.citation,
        "licence": contract.licence,
        "annotators": f"{attribution}: {_ATTRIBUTION[attribution]} (ids of {contract.platform})",
        "guidelines": contract.guideline_mode.value,
        "files": "; ".join(_file(mapping) for mapping in contract.files),
        "deliveries": f"{contract.export_mode} exports" + (", can be fetched" if contract.fetch else ""),
    }
    lines += [f"- {name}: {fact}" for name, fact in facts.items() if fact]
    lines += [f"- lost upstream: `{loss}`, {LOSSES[loss]}" for loss in contract.known_losses]
    aggregates = [field for mapping in contract.files for field in mapping.upstream_aggregates]
    if aggregates:
        lines.append(f"- upstream aggregates, kept apart: {_listed(aggregates)}")
    if contract.is_aggregate_only:
        return lines
    lines += ["", "| question | type | asked | answers |", "|---|---|---|---|"]
    return lines + [_question(code, question) for code, question in contract.questions.items()]


def _file(mapping: FileMapping) -> str:
    packed = f" in {mapping.dialect.within}" if mapping.dialect.within else ""
    patterns = ", ".join(f"`{pattern}`" for pattern in mapping.pattern)
    return f"{mapping.role}: {patterns} ({mapping.dialect.format}{packed})"


def _question(code: str, question: Question) -> str:
    if question.scale is not None:
        low, high = (_bound(bound) for bound in (question.scale.min, question.scale.max))
        span = f" {low or 'unbounded'} to {high or 'unbounded'}" if low or high else ", unbounded"
        said = [f"{question.scale.kind}{span}"]
    else:
        said = [_options(question) or _listed(question.answers)]
    if question.abstain:
        said.append(f"abstaining: {_listed(question.abstain)}")
    if question.synonyms:
        said.append("synonyms: " + ", ".join(f"`{_cell(raw)}` for {one}" for raw, one in question.synonyms.items()))
    return f"| `{code}` | {question.type.value} | {_cell(question.prompt or '')} | {'; '.join(filter(None, said))} |"


def _options(question: Question) -> str:
    named = question.options.items()
    return ", ".join(f"`{_cell(raw)}`" + (f" {_cell(label)}" if label and label != raw else "") for raw, label in named)


def _bound(bound: float | None) -> str:
    return "" if bound is None else f"{bound:g}"


def _listed(values: Iterable[str]) -> str:
    return ", ".join(f"`{_cell(value)}`" for value in values)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
