"""A difference in words: the CHANGELOG of a release, which is what `variorum release diff` prints.

It names no time, run or machine: the same two releases make the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipelines.release.difference import Difference, Rows, SourceDifference
from pipelines.release.manifest import Manifest
from pipelines.release.versions import NextVersion, level, reasons, told_columns

_HEADING = "# Changes\n\nWhat each version has that the one before had not: judgments, and the variation of answers.\n"


def changelog(manifest: Manifest, decided: NextVersion, difference: Difference | None, earlier: bytes | None) -> bytes:
    """The changelog of a release that is to be published.

    Args:
        manifest: what it holds; its version is not looked at.
        decided: its version, and why it is that one.
        difference: from the release before it; None for the first one.
        earlier: the changelog of the release before it, which goes on below; None where it has none.
    """
    if difference is None:
        body = [f"## {decided.version}", "", *_bullets(decided.reasons), "", *_first(manifest)]
    else:
        body = told(replace(difference, after=decided.version), decided.reasons)
    before = (earlier or b"").decode().removeprefix(_HEADING)
    return (_HEADING + "\n" + "\n".join(body).rstrip() + "\n" + before).encode()


def told(difference: Difference, why: Sequence[str] | None = None) -> list[str]:
    """A difference in lines of Markdown, for people; ``why`` as the release was told, else as it is found."""
    if why is None:
        why = [reason.text for reason in sorted(reasons(difference), key=lambda reason: -reason.level)]
    lines = [
        f"## {difference.after or 'this build'}, after {difference.before}",
        "",
        f"A {level(difference).name.lower()} difference:",
        "",
        *_bullets(why),
        "",
    ]
    for source in difference.sources:
        if not _is_same(source):
            lines += _source(source)
    if unchanged := [source.source for source in difference.sources if _is_same(source)]:
        lines += [f"Unchanged: {', '.join(unchanged)}.", ""]
    return lines


def _is_same(source: SourceDifference) -> bool:
    judgments = source.judgments
    told_apart = (source.questions_added, source.questions_removed, source.questions_changed, source.described)
    return (
        source.what == "kept"
        and not (judgments.added or judgments.withdrawn or judgments.corrected)
        and source.items.is_same
        and (source.attributes is None or source.attributes.is_same)
        and not any(told_apart)
    )


def _source(source: SourceDifference) -> list[str]:
    judgments, variation, items = source.judgments, source.variation, source.items
    rows = [
        ("judgments", judgments.before, judgments.after, judgments.added, judgments.withdrawn),
        ("abstentions among them", variation.abstentions_before, variation.abstentions_after, None, None),
        (
            "annotators",
            variation.annotators_before,
            variation.annotators_after,
            variation.annotators_gained,
            variation.annotators_lost,
        ),
        (
            "distinct answers to a question about an item",
            variation.answers_before,
            variation.answers_after,
            variation.answers_gained,
            variation.answers_lost,
        ),
    ]
    lines = [f"### {source.source}" + ("" if source.what == "kept" else f", {source.what}"), ""]
    lines += ["| | before | after | gained | lost |", "|---|--:|--:|--:|--:|"]
    lines += [f"| {name} | " + " | ".join(_number(cell) for cell in cells) + " |" for name, *cells in rows]
    if source.what != "kept":
        return [*lines, ""]
    told_lines = [
        f"Judgments: {judgments.unchanged:,} as before, {judgments.corrected:,} corrected"
        + (f" ({told_columns(judgments.columns)})" if judgments.columns else ""),
        f"Questions about an item: {variation.wider:,} with more distinct answers, {variation.narrower:,} with fewer,"
        f" {variation.even:,} with as many; {variation.new:,} answered for the first time, {variation.gone:,} no"
        " longer answered",
        _told_rows("Items", items),
    ]
    if source.attributes is not None and not source.attributes.is_same:
        told_lines.append(_told_rows("Attributes of annotators", source.attributes))
    lines += ["", *_bullets(told_lines), ""]
    return lines


def _told_rows(name: str, rows: Rows) -> str:
    columns = f" ({told_columns(rows.columns)})" if rows.columns else ""
    return f"{name}: {rows.added:,} added, {rows.removed:,} removed, {rows.changed:,} changed{columns}"


def _first(manifest: Manifest) -> list[str]:
    judgments = manifest.table("judgments")
    if judgments is None:
        return []
    lines = ["| source | judgments |", "|---|--:|"]
    return [*lines, *(f"| {source} | {rows:,} |" for source, rows in judgments.rows_by_source.items()), ""]


def _bullets(texts: Sequence[str]) -> list[str]:
    return [f"- {text}" for text in texts]


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"
