"""Files derived from a release for training and for other tools: they say that they are, and are never released.

Nothing is left out on the way: ties, abstentions and machines are marked, not dropped. What aggregates says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from expectations.gx.suite import quoted
from pipelines.domain.tables import ANNOTATORS, ITEMS, JUDGMENTS, Column, Table
from pipelines.domain.types import DOUBLE, INT64, STRING
from pipelines.release.manifest import MANIFEST, Manifest
from pipelines.release.parquet import write_parquet
from pipelines.shapes.sql import literal

_KEYS = tuple(JUDGMENTS.column(name) for name in ("source_id", "item_id", "question_id"))
_KIND = ANNOTATORS.column("annotator_kind")


class ExportError(ValueError):
    """What cannot be exported; the message says why."""


@dataclass(frozen=True)
class Exported:
    """What was exported: the table as it was written, its folder, and how many rows it has."""

    table: Table
    folder: Path
    rows: int


def export(kind: str, release: Path, target: Path) -> Exported:
    """Derive files from a release that lies in a folder.

    Args:
        kind: one of ``EXPORTS``.
        release: the release's folder.
        target: where a folder named like the export is made, and a text beside it that says what it is.

    Raises:
        ExportError: there is no such export, no release, or something is in the way.
    """
    if kind not in EXPORTS:
        raise ExportError(f"no export {kind!r}; there are: {', '.join(EXPORTS)}")
    if not (release / MANIFEST).is_file():
        raise ExportError(f"{release} is no folder of a release: it has no {MANIFEST}")
    folder = target / kind
    if folder.exists():
        raise ExportError(f"{folder} is there already; it is not overwritten")
    target.mkdir(parents=True, exist_ok=True)
    manifest = Manifest.from_json((release / MANIFEST).read_bytes())
    with duckdb.connect() as con:
        con.execute("set timezone = 'UTC'; set enable_progress_bar = false")
        table, query = EXPORTS[kind](con, release)
        write_parquet(con, table, query, folder)
        row = con.execute(f"select count(*) from read_parquet({literal(str(folder / '*.parquet'))})").fetchone()
    (target / f"{kind}.md").write_text(_readme(table, manifest), encoding="utf-8")
    return Exported(table, folder, int(row[0]) if row else 0)


def _readme(table: Table, manifest: Manifest) -> str:
    columns = "\n".join(f"- `{column.name}`: {column.description}" for column in table.columns)
    return (
        f"# {table.name}\n\nDerived from {manifest.title}, version {manifest.version} of `{manifest.dataset}`, content"
        f" digest {manifest.content_digest}. This is no release: cite that one.\n\n{table.grain}\n\n{columns}\n"
    )


def _labels(con: duckdb.DuckDBPyConnection, release: Path) -> tuple[Table, str]:
    """What crowd-kit and its like read: task, worker, label."""
    table = Table(
        "labels",
        "One row per judgment, as crowd-kit and its like read it: task, worker, label. Derived; nothing is aggregated.",
        (),
        (
            Column("task", STRING, "Source, item and question, joined by '/'; within an item's id '/' is %2F.", False),
            Column("worker", STRING, "The annotator's pseudonym; null where nobody is named."),
            Column("label", STRING, "The answer in canonical JSON; an abstention is a label like any other.", False),
            JUDGMENTS.column("abstained"),
            *_KEYS,
            JUDGMENTS.column("occurrence"),
            _KIND,
        ),
    )
    item = "replace(replace(item_id, '%', '%25'), '/', '%2F')"
    query = (
        f"select concat_ws('/', source_id, {item}, question_id) as task, annotator_id as worker, answer as label,"
        f" abstained, source_id, item_id, question_id, occurrence, annotator_kind from {_files(release, 'judgments')}"
    )
    return table, query


def _soft_labels(con: duckdb.DuckDBPyConnection, release: Path) -> tuple[Table, str]:
    """The distribution of answers, machines apart from people."""
    table = Table(
        "soft_labels",
        "One row per item, question, kind of annotator and answer: its share. Derived by counting; no judgments.",
        (*(column.name for column in _KEYS), _KIND.name, "answer"),
        (
            *_KEYS,
            _KIND,
            JUDGMENTS.column("answer_type"),
            JUDGMENTS.column("answer"),
            JUDGMENTS.column("abstained"),
            Column("judgments", INT64, "How many judgments gave this answer, repeats among them.", False),
            Column("share", DOUBLE, "Of all judgments of the kind on the question and item, abstentions too.", False),
        ),
    )
    query = (
        "select source_id, item_id, question_id, annotator_kind, any_value(answer_type) as answer_type, answer,"
        " bool_or(abstained) as abstained, count(*) as judgments,"
        " count(*) / sum(count(*)) over (partition by source_id, item_id, question_id, annotator_kind) as share"
        f" from {_files(release, 'judgments')} where answer_type not in ('text', 'spans')"
        " group by source_id, item_id, question_id, annotator_kind, answer"
        " order by source_id, item_id, question_id, annotator_kind, answer"
    )
    return table, query


def _preferences(con: duckdb.DuckDBPyConnection, release: Path) -> tuple[Table, str]:
    """Pairs for preference tuning, an annotator each, by the names that TRL reads."""
    judgments, items = _files(release, "judgments"), _files(release, "items")
    attributes = _files(release, "annotator_attributes")
    asked = f"select distinct source_id from {judgments} where answer_type = 'pairwise'"
    groups = [
        str(name)
        for (name,) in con.execute(
            f"select distinct attribute from {attributes} where source_id in ({asked}) order by attribute"
        ).fetchall()
    ]
    of_group = "The annotator's own; null if not given. Where profiles conflict, a JSON list of all values."
    table = Table(
        "preferences",
        "One row per annotator, pair and question, repeats apart: which response they prefer. Derived; nothing is"
        " aggregated. For TRL take the rows whose outcome is preferred.",
        (),
        (
            Column("prompt", STRING, "What both responses answer."),
            Column("chosen", STRING, "The response that the annotator prefers; null unless outcome is preferred."),
            Column("rejected", STRING, "The other response; null unless outcome is preferred."),
            Column("outcome", STRING, "preferred, tie, abstained, or the status of what was not submitted.", False),
            JUDGMENTS.column("annotator_id"),
            _KIND,
            *_KEYS,
            JUDGMENTS.column("occurrence"),
            Column("left_response", STRING, "The item's first response."),
            Column("right_response", STRING, "The item's second response."),
            Column("strength", DOUBLE, "How strong the preference is, where the scale grades it."),
            JUDGMENTS.column("rationale"),
            ITEMS.column("context"),
            *(Column(f"group_{name}", STRING, of_group) for name in groups),
        ),
    )
    values = "".join(
        f", max(case when attribute = {literal(name)} then value end) as {quoted(f'group_{name}')}" for name in groups
    )
    query = f"""
        with pairs as (
            select
                j.*, i.prompt, i.context, i.responses[1].text as left_response, i.responses[2].text as right_response,
                case
                    when j.abstained then 'abstained'
                    when j.status <> 'submitted' then j.status
                    when j.answer_preference = 'tie' then 'tie'
                    else 'preferred'
                end as outcome
            from {judgments} j left join {items} i using (source_id, item_id) where j.answer_type = 'pairwise'
        ),
        given as (
            select
                source_id, annotator_id, attribute,
                case when count(distinct value) = 1 then min(value)
                    else to_json(list_sort(list(distinct value)))::varchar end as value
            from {attributes} where attribute_status = 'given' group by source_id, annotator_id, attribute
        ),
        people as (select source_id, annotator_id{values} from given group by source_id, annotator_id)
        select
            prompt,
            case when outcome = 'preferred' then
                case answer_preference when 'left' then left_response else right_response end end as chosen,
            case when outcome = 'preferred' then
                case answer_preference when 'left' then right_response else left_response end end as rejected,
            outcome, annotator_id, annotator_kind, source_id, item_id, question_id, occurrence, left_response,
            right_response, answer_strength as strength, rationale, context
            {"".join(f", {quoted(f'group_{name}')}" for name in groups)}
        from pairs left join people using (source_id, annotator_id)
        order by source_id, item_id, question_id, annotator_id, occurrence
    """
    return table, query


def _files(release: Path, table: str) -> str:
    return f"read_parquet({literal(str(release / table / '*.parquet'))})"


EXPORTS: dict[str, Callable[[duckdb.DuckDBPyConnection, Path], tuple[Table, str]]] = {
    "labels": _labels,
    "soft_labels": _soft_labels,
    "preferences": _preferences,
}
"""By name: how the table and the query over a release's folder are made."""
