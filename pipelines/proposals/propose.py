"""A contract for an export that has none: proposed from a sample, in YAML, each guess marked with its reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipelines.contracts.load import SOURCE_COMPONENT
from pipelines.proposals.acts import take_apart
from pipelines.proposals.apart import Apart
from pipelines.proposals.fields import fields_of
from pipelines.proposals.guess import Guess, as_yaml, count_guesses
from pipelines.proposals.names import person_rank, thing_rank
from pipelines.proposals.roles import roles_of
from pipelines.proposals.sample import RECORDS, Sample, SampleError, take_sample
from pipelines.proposals.tools import Tool, answered_in, apart_of, numbered, profile_of, recognised


@dataclass(frozen=True)
class Proposal:
    """A proposed contract.

    Attributes:
        text: the YAML.
        guesses: how many guesses it marks.
        unplaced: fields that no part of it names; they would be kept in ``extra``.
        remarks: what a person has to know of it, beside the guesses.
    """

    text: str
    guesses: int
    unplaced: tuple[str, ...]
    remarks: tuple[str, ...]


def propose(code: str, path: Path) -> Proposal:
    """Propose a contract for a file, or for the files of a folder.

    Raises:
        SampleError: there is no file of which a record can be read.
    """
    files = _files(path)
    base = path if path.is_dir() else path.parent
    groups, remarks = _alike(files)
    mappings: list[dict[str, Any]] = []
    questions: dict[str, Any] = {}
    unplaced: list[str] = []
    attribution: Any = None
    profile: dict[str, Any] = {}
    for sample, members in groups:
        pattern = _pattern(base, members, alone=len(groups) == 1)
        role = _role(sample) if len(groups) > 1 else "judgments"
        head = {"role": role if role == "judgments" else Guess(role, "one record each"), "pattern": pattern}
        if role != "judgments":
            mappings.append({**head, "dialect": sample.dialect, **_described(sample, role)})
            continue
        if (tool := recognised(sample)) is not None and not profile:
            profile, asked, told_of = _by_tool(tool, sample)
            questions |= asked
            remarks += told_of
            continue
        apart = take_apart(sample)
        if apart.annotator is None and len(members) > 1:
            apart = replace(
                apart, annotator=Guess("$file", "there are several files, and nothing else says who judged")
            )
        roles = roles_of(apart)
        each = {"each": apart.each[0] if len(apart.each) == 1 else apart.each} if apart.each else {}
        mappings.append({**head, "dialect": sample.dialect, **each, **roles.mapping})
        questions |= {asked.code: asked.question for asked in roles.asked}
        unplaced += roles.unplaced
        attribution = attribution or _attribution(apart)
        told = pattern.value if isinstance(pattern, Guess) else pattern
        remarks += [f"{told}: {remark}" for remark in roles.remarks]
        if apart.beside:
            remarks.append(f"{told}: people judged in {', '.join(apart.beside)}, too; each reads one list, or entries")
        if not roles.asked:
            remarks.append(f"{told}: no field looks like an answer; name the answers yourself")
        if not sample.is_whole:
            remarks.append(f"{told}: only the first {len(sample.records):,} records were looked at")
    text = "\n".join(_lines(code, attribution, questions, mappings, profile)) + "\n"
    return Proposal(text, count_guesses(text), tuple(unplaced), tuple(remarks))


def _by_tool(tool: Tool, sample: Sample) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    """What stands under ``profile``, the questions, and what to know of them."""
    apart = apart_of(tool, sample)
    roles = roles_of(apart)
    fields = [
        answer["field"] if isinstance(answer, dict) and "field" in answer else answer
        for answer in roles.mapping["answers"].values()
    ]
    others = [field for field in [*fields, *roles.unplaced] if isinstance(field, str)]
    answered = answered_in(tool, apart, others)
    remarks = [
        f"what {tool.tool}, format {tool.format}, had lost is in docs/profiles.md: look for a format that loses less"
    ]
    if not answered:
        remarks.append("none of the tool's controls was found in the sample; docs/profiles.md says where it reads them")
    if several := numbered(answered):
        told = "several items a record? each: {zip: …} in the profile takes them apart"
        remarks.append(f"controls {', '.join(several)} differ by a number: {told}")
    questions = {code: one.asked.question for code, one in answered.items()}
    return profile_of(tool, roles.mapping["item"], answered), questions, remarks


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise SampleError(f"{path} is not there")
    if path.is_file():
        return [path]
    files = sorted(one for one in path.rglob("*") if one.is_file() and not one.name.startswith("."))
    if not files:
        raise SampleError(f"{path} holds no file")
    return files


def _alike(files: list[Path]) -> tuple[list[tuple[Sample, list[Path]]], list[str]]:
    """Files by what their records hold, of each kind some records; and why files of several could not be read."""
    groups: list[tuple[Sample, frozenset[str], list[Path]]] = []
    unread: list[str] = []
    for file in files:
        try:
            sample = take_sample(file)
        except SampleError as error:
            unread.append(str(error))
            continue
        names = frozenset(name for record in sample.records for name in record)
        for other, known, members in groups:
            if known == names and other.dialect == sample.dialect:
                members.append(file)
                other.records.extend(sample.records[: max(0, RECORDS - len(other.records))])
                break
        else:
            groups.append((sample, names, [file]))
    if not groups:
        raise SampleError("; ".join(unread))
    return [(sample, members) for sample, _, members in groups], unread


def _pattern(base: Path, members: list[Path], *, alone: bool) -> str | Guess | list[str]:
    names = [file.relative_to(base).as_posix() for file in members]
    if len(names) == 1 and not alone:
        return names[0]
    suffixes = {file.suffix for file in members}
    if alone and len(suffixes) == 1:
        folder = "" if all("/" not in name for name in names) else "**/"
        return Guess(f"{folder}*{suffixes.pop()}", "later exports may have other names")
    return names


def _role(sample: Sample) -> str:
    """Whether records describe items or people, one each, or hold judgments."""
    fields = fields_of(take_apart(sample).acts)
    people = [one for one in fields.values() if person_rank(one) is not None]
    things = [one for one in fields.values() if thing_rank(one) == 0]
    # Nearly one each: a person may have answered a survey twice.
    alone = 0.8 * len(sample.records)
    if people and not things and len(people[0].distinct) >= alone:
        return "annotators"
    if things and not people and len(things[0].distinct) >= alone:
        return "items"
    return "judgments"


def _described(sample: Sample, role: str) -> dict[str, Any]:
    """The mapping of a file that describes people or items."""
    apart = take_apart(sample)
    if role == "items":
        return {"item": roles_of(apart).mapping["item"]}
    assert apart.annotator is not None
    rest = [one for path, one in fields_of(apart.acts).items() if path != apart.annotator.value]
    attributes = {one.name: one.path for one in rest}
    return {"annotator": {"key": apart.annotator, "attributes": Guess(attributes, "what else a record says")}}


def _attribution(apart: Apart) -> Guess:
    if apart.annotator is None:
        return Guess("none", "no field says who judged; if one does, name it as annotator")
    if apart.annotator.value == "$index":
        return Guess("item_scoped", "people have a number within each item")
    return Guess("stable", "or item_scoped, if an id means another person in another item")


def _lines(
    code: str, attribution: Any, questions: dict[str, Any], mappings: list[dict[str, Any]], profile: dict[str, Any]
) -> Iterable[str]:
    attributes: dict[str, Any] = {
        "source": code,
        "title": Guess(code.replace("_", " "), "a name for people"),
        "licence": Guess("LicenseRef-unknown", "an SPDX id, such as CC-BY-4.0"),
    }
    if profile:
        attributes["profile"] = profile
    else:
        attributes["platform"] = Guess(code, "the tool or marketplace that the annotators' ids belong to")
        attributes["attribution"] = attribution or Guess("none", "no field says who judged")
    attributes["questions"] = questions
    if mappings:
        attributes["files"] = mappings
    yield "# Proposed from a sample. Look at each guess, mend it or delete its mark, and try:"
    yield f"# variorum source check {code}"
    yield f"type: {SOURCE_COMPONENT}"
    yield ""
    yield from as_yaml("attributes", attributes)
