"""The declaration of datasets as a document, generated from its model."""

from __future__ import annotations

from pipelines.contracts.card import QUESTIONS
from pipelines.contracts.dataset import DATASET_COMPONENT, Dataset
from pipelines.docs.contracts import fields_of
from pipelines.domain.licences import LICENCES

INTRODUCTION = f"""\
# Datasets

A dataset is a set of sources that is released together: `assets/release/<dataset>/defs.yaml`, which is
`type: {DATASET_COMPONENT}` with the fields below under `attributes`. A source that none
holds, or only public ones, is released alone, to the team.

A **public** dataset is published when it is named (`variorum run --dataset NAME`), and only then. It is refused, when
it is read and again at the gate, unless it has `published`, `creators`, `contacts` and an answer to each question that
is required below; and where the licence of a source is not known to allow redistribution, or is not in `licence`.

Card, `croissant.json`, `datapackage.json` and `CITATION.cff` of a release are filled from its tables and from here.
None of them names a version or a time: the same content makes the same bytes.
"""


def markdown() -> str:
    """The reference of the declaration, its questions and the licences."""
    lines = [INTRODUCTION, *fields_of(Dataset)]
    lines += ["## Questions that a public dataset answers", ""]
    lines += [f"- `{question.code}`: {question.words}" for question in QUESTIONS if question.is_required]
    lines += ["", "## Licences", "", "| SPDX id | may be passed on |", "|---|---|"]
    lines += [f"| {one.spdx} | {'yes' if one.allows_redistribution else 'no'} |" for one in LICENCES.values()]
    return "\n".join([*lines, ""])
