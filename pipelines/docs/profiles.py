"""The tools that there are profiles of as a document, generated from the profiles: formats, controls, and losses."""

from __future__ import annotations

from pipelines.contracts.losses import LOSSES
from pipelines.contracts.profile import Profile, ToolFormat, profiles

INTRODUCTION = """\
# Tools

An export of one of these tools needs no file mapping: its profile knows where everything is that is the same in every
project. The project adds what was asked, and what identifies an item, by the names that it gave them in the tool:

```yaml
type: pipelines.components.AnnotationSource
attributes:
  source: helpfulness
  title: Which answer helps more
  licence: CC-BY-4.0
  profile:
    tool: label_studio
    format: json
    item: {key: item_id, text: text}
    answers: {better: {control: pref, rationale: why}, sure: {kind: number}}
  questions:
    better: {type: pairwise, answers: {left: left, right: right}}
    sure: {type: rating, scale: {kind: interval, min: 0, max: 1}}
```

A question is answered by the control of its own name unless `answers` names another; its kind is the first in the
format's table that answers such a question unless `kind` names another. `variorum source check CODE` shows what would
land. What may stand under `profile` is in [contracts.md](contracts.md#tool-profile). What is read of an export that a
profile does not fit is said by `files`, in place of the profile or beside it.

A profile of people's own data stands in `files`, beside whatever profile or mapping reads the judgments:
`files: [{profile: {tool: prolific, attributes: [age, sex]}}]`.

A profile is a file in `pipelines/contracts/profiles`.
"""


def markdown() -> str:
    """Every profile, a section each, and below it each of its formats."""
    lines = [INTRODUCTION]
    for tool, profile in profiles().items():
        lines += _profile(tool, profile)
    return "\n".join(lines).rstrip() + "\n"


def _profile(tool: str, profile: Profile) -> list[str]:
    lines = [
        f"## {profile.title}",
        "",
        f"`tool: {tool}`, of platform `{profile.platform}`. Described at {profile.url}.",
    ]
    lines += [f"Its formats were read in {profile.schema_from.strip()}.", ""]
    lines += ["| format | annotator ids | lost before it arrives |", "|---|---|---|"]
    for name, form in profile.formats.items():
        losses = ", ".join(f"`{loss}`" for loss in form.losses) or "nothing that is known"
        lines.append(f"| [`{name}`](#{_anchor(profile, form)}) | {form.attribution.value} | {losses} |")
    lines.append("")
    lines += [f"`{name}` is refused: {why.strip()}.\n" for name, why in profile.refused.items()]
    for name, form in profile.formats.items():
        lines += _format(name, profile, form)
    return lines


def _format(name: str, profile: Profile, form: ToolFormat) -> list[str]:
    lines = [f"### {profile.title}, {form.title}", "", f"`format: {name}`. {(form.note or '').strip()}".rstrip(), ""]
    lines += [f"- Lost: {LOSSES[loss]} (`{loss}`)." for loss in form.losses]
    pattern = form.file.get("pattern", "*")
    named = [f"`{one}`" for one in ([pattern] if isinstance(pattern, str) else pattern)]
    lines.append(f"- Files: {' or '.join(named)}, unless `pattern` says another.")
    if form.named:
        lines.append("- Fields of the tool's own: " + ", ".join(f"`{one}`" for one in form.named) + ".")
    lines += [f"- `{one}` can be no name of a control or a field: {why}." for one, why in form.reserved.items()]
    if form.is_one_table:
        lines.append("- A control and a field of one name would be one column, and are refused.")
    if form.attributes:
        lines += ["", "| attribute | column |", "|---|---|"]
        lines += [f"| `{one}` | `{field}` |" for one, field in form.attributes.items()]
        told = ", ".join(f"`{value}` is {status.value}" for value, status in form.statuses.items())
        return [*lines, "", f"Of any of them {told}.", ""]
    lines += ["", "| control | answers | read from |", "|---|---|---|"]
    for kind, control in form.controls.items():
        asked = ", ".join(f"`{one.value}`" for one in control.questions)
        note = f"; {control.note}" if control.note else ""
        lines.append(f"| `{kind}` | {asked} | `{_read(control.answer)}`{note} |")
    return [*lines, ""]


def _read(answer: dict[str, object]) -> str:
    """The field of an answer, or the list that it is made of, or its columns."""
    place = next(iter(answer.values()))
    if not isinstance(place, dict):
        return str(place)
    return str(place["list"] if "list" in place else f"{place['prefix']}…")


def _anchor(profile: Profile, form: ToolFormat) -> str:
    kept = "".join(sign for sign in f"{profile.title}, {form.title}".lower() if sign.isalnum() or sign in " -_")
    return kept.replace(" ", "-")
