"""The mutants as a document: what is tried, why it matters, and what catches it, from the registry itself."""

from __future__ import annotations

from collections import Counter

from expectations.laws.definitions import LAWS
from expectations.mutants.mutant import FAMILIES, Mutant, registry

INTRODUCTION = """\
# Mutants

A law is trusted because it catches changes that break it. `make mutants` makes each of these changes in turn, one at a
time, runs the pipeline from the inbox to the store on the smallest data that shows it, and prints which laws keep it
from being published. A change that is published is a *survivor*, and `make mutants` then ends with 1; so it does where
another law than here caught a change, or one of these no longer does. `make test` tries
those that a single law or guard catches.

```
make mutants                              all of them, two at a time
make mutants ARGS='--only voting model'   those whose name, family or place holds all these words
make mutants ARGS='--told --only ties'    and what the person is told who made the change
```

- **Where.** *model*: the SQL of a dbt model, as dbt compiles it. *code*: a Python file in a copy of this checkout, run
  in a process of its own. *contract*: a source's contract. *landed*: landed Parquet, after ingest. *mart*: a mart,
  after the laws held on it. *release*: the release's file, after the laws held on it. *stored*: what the store gives
  back.
- **Data.** Four invented sources with every answer type, delivered twice
  ([exports.py](../expectations/mutants/exports.py), [contracts](../expectations/mutants/project/assets/ingest)).
- **Caught by.** Numbers are laws; words are what else refuses: *read back* (the store holds other bytes than were
  proved), *quarantine limit*, *partial source* (a file was refused, since the second reader counts otherwise),
  *contract* (it is not valid). **Bold**: nothing else caught it.
- **Add one.** An entry in the family's file of [the registry](../expectations/mutants/registry): what is edited, what
  stands there once and what instead, why it matters, and what catches it.

All of them took 162 s in November 2026, two at a time on two cores; what is published is dearest, since the
expectations then run, too.

What a contract states is believed: which field is a person, what a status means, what is ignored and why. A false
statement is *declared*, not caught: the contract's digest in the manifest is another, and nothing else tells.
"""


def markdown() -> str:
    """The table of all mutants, by family, after their numbers."""
    lines = [INTRODUCTION, *_numbers()]
    for family in FAMILIES:
        own = [mutant for mutant in registry() if mutant.family == family]
        lines += [
            "",
            f"## {family.capitalize()}",
            "",
            "| mutant | where | why it matters | caught by |",
            "|---|---|---|---|",
        ]
        lines += [f"| {one.name} | {_where(one)} | {_cell(one.why)} | {_caught(one)} |" for one in own]
    return "\n".join([*lines, ""])


def _numbers() -> list[str]:
    """By law: how many mutants it catches, and how many it alone catches."""
    caught = Counter(one for mutant in registry() for one in mutant.caught)
    alone = Counter(mutant.caught[0] for mutant in registry() if len(mutant.caught) == 1)
    laws = [(str(law.number), f"{law.number} {law.name.lower()}") for law in LAWS.values()]
    guards = [(one, one) for one in sorted(caught.keys() - {number for number, _ in laws})]
    return [
        f"{len(registry())} mutants:",
        "",
        "| caught by | mutants | by nothing else |",
        "|---|---:|---:|",
        *(f"| {shown} | {caught[one]} | {alone[one]} |" for one, shown in [*laws, *guards]),
    ]


def _where(mutant: Mutant) -> str:
    return f"{mutant.place} `{mutant.target}`"


def _caught(mutant: Mutant) -> str:
    if mutant.caught:
        return f"**{mutant.caught[0]}**" if len(mutant.caught) == 1 else ", ".join(mutant.caught)
    return (
        f"equivalent: {_cell(mutant.equivalent)}" if mutant.equivalent else f"declared: {_cell(mutant.declared or '')}"
    )


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
