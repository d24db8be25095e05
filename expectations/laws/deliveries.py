"""The laws over what deliveries did to each other: nothing ends, goes or is left out that history does not hold.

Everything is compared anew with what is landed, by other SQL than that which found the changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from expectations.laws.connection import Connection, count_rows, first_offenders, of_source, verdict
from expectations.laws.definitions import ACCOUNTING, ATTRIBUTION, IDENTITY
from expectations.laws.evidence import judgment_key, short
from expectations.laws.sql import COMPARED, LOCATOR, fingerprints
from expectations.laws.verdicts import Verdict

_CONTENT = tuple(name for name in COMPARED if name not in LOCATOR[:3])
_PLACE = ("source_id", *LOCATOR)
_ACT = (
    "question_id, judgment_key, case when judgment_key is null then item_id end as act_item,"
    " case when judgment_key is null then annotator_id end as act_annotator"
)
_BY_ACT = "question_id, judgment_key, act_item, act_annotator"
_SHOWN = "source_id, item_id, question_id, annotator_id, answer"


@dataclass(frozen=True)
class DeliveryRelations:
    """Where deliveries are held: all landed judgments, those of the state before, and what changed."""

    sources: str = "landing.sources"
    judgments: str = "landing.judgments"
    files: str = "landing.files"
    arrivals: str = "landing.arrivals"
    before: str = "landing.judgments_before"
    begun: str = "landing.begun"
    transitions: str = "landing.transitions"
    withdrawn: str = "landing.withdrawn"
    history: str = "landing.judgment_history"
    versions: str = "landing.judgment_versions"

    @classmethod
    def within(cls, schema: str) -> DeliveryRelations:
        """The same relations in another schema."""
        return cls(**{name: f"{schema}.{relation.split('.')[1]}" for name, relation in asdict(cls()).items()})


def prove_deliveries(con: Connection, held: DeliveryRelations) -> list[Verdict]:
    """Laws 1, 2 and 9 over the last delivery of each source that was delivered again."""
    verdicts = []
    for source, before, after in con.execute(f"from {held.transitions} order by source_id").fetchall():
        verdicts += _whole_states(con, held, source, before, after)
    correcting = f"select source_id from {held.sources} where export_mode = 'correct' order by source_id"
    for (source,) in con.execute(correcting).fetchall():
        verdicts += _corrections(con, held, source)
    return verdicts


def prove_versions(
    con: Connection, layer: str, relation: str, sources: Iterable[str], held: DeliveryRelations
) -> list[Verdict]:
    """Law 9 within a layer: a judgment's version is one more than history holds of it."""
    verdicts = []
    for source in sorted(sources):
        own = of_source(relation, source)
        past = (
            f"(select {', '.join(f'now_{name} as {name}' for name in LOCATOR[:3])}, question_id, count(*) as ended,"
            f" max(version) as latest from {of_source(held.history, source)} where now_file_sha256 is not null"
            " group by all)"
        )
        query = (
            f"select {_SHOWN}, version, coalesce(latest, 0) + 1 as expected from {own} as judgments"
            f" left join {past} as past using ({', '.join(LOCATOR)})"
            " where version is distinct from coalesce(latest, 0) + 1 or coalesce(ended, 0) <> coalesce(latest, 0)"
        )
        count, rows = first_offenders(con, query)
        named = [f"{_named(row)}: version {row[5]}, by its history it is {row[6]}" for row in rows]
        total = count_rows(con, own)
        verdicts.append(verdict(ATTRIBUTION, f"{layer} versions", source, (total, total), (count, named)))
    return verdicts


def prove_history(con: Connection, landed: str, mart: str) -> list[Verdict]:
    """Law 2 for history itself: the mart holds the versions that ended, all of them and no other."""
    verdicts = []
    sources = f"select source_id from {landed} union select source_id from {mart} order by source_id"
    for (source,) in con.execute(sources).fetchall():
        old, new = of_source(landed, source), of_source(mart, source)
        query = _difference(f"select * from {old}", f"select * from {new}")
        count, rows = first_offenders(con, query)
        named = [f"{_named(row)}: {row[5]} in history" for row in rows]
        counts = (count_rows(con, old), count_rows(con, new))
        verdicts.append(verdict(IDENTITY, "landing→judgment_history", source, counts, (count, named)))
    return verdicts


def _whole_states(con: Connection, held: DeliveryRelations, source: str, before: int, after: int) -> list[Verdict]:
    """One full export after another: what was there is there, or was corrected, or is recorded as deleted."""
    step = f"delivery {before}→{after}"
    was, now, begun = (of_source(name, source) for name in (held.before, held.judgments, held.begun))
    ended = f"(select * from {of_source(held.history, source)} where ended_by = {after})"
    place = ", ".join(_PLACE)
    stayed = f"(select * from {was} anti join {ended} using ({place}))"
    same = f"(select * from {now} anti join {begun} using ({place}))"
    n_was, n_now, n_stayed, n_begun = (count_rows(con, name) for name in (was, now, stayed, begun))
    corrected = count_rows(con, f"(select * from {ended} where change = 'corrected')")
    deleted = count_rows(con, f"(select * from {ended} where change = 'deleted')")
    faults = []
    if n_was != n_stayed + corrected + deleted:
        faults.append(
            f"{source}: {n_was} judgments before, but {n_stayed} stayed, {corrected} were corrected, {deleted} deleted"
        )
    if n_now != n_stayed + n_begun or n_begun < corrected:
        faults.append(
            f"{source}: {n_now} judgments now, but {n_stayed} stayed and {n_begun} came, {corrected} as corrections"
        )
    content = ", ".join(_CONTENT)
    all_columns = ", ".join(COMPARED)
    lost = _difference(f"select {content} from {stayed}", f"select {content} from {same}")
    invented = _difference(
        f"select {all_columns} from {was} semi join {ended} using ({place})", f"select {all_columns} from {ended}"
    )
    prints = tuple(_fingerprint(con, name) for name in (stayed, same))
    count, rows = first_offenders(con, lost) if prints[0] != prints[1] else (0, [])
    named = [f"{_named(row)}: {row[5]}, {short(row[4])}, and history does not say so" for row in rows]
    more, rows = first_offenders(con, invented)
    named += [f"{_named(row)}: {row[5]} in history, {short(row[4])}" for row in rows]
    moved = (
        f"select {', '.join(f'ended.{name}' for name in _SHOWN.split(', '))} from {ended} as ended join {now} as now"
        f" on {' and '.join(f'ended.now_{name} = now.{name}' for name in LOCATOR[:3])}"
        " and ended.question_id = now.question_id where ended.change = 'corrected'"
        " and (ended.judgment_key is distinct from now.judgment_key or (ended.judgment_key is null and"
        " (ended.item_id <> now.item_id or ended.annotator_id is distinct from now.annotator_id)))"
    )
    n_moved, rows = first_offenders(con, moved)
    given_away = [f"{_named(row)}: corrected into somebody else's judgment" for row in rows]
    act = _ACT.removeprefix("question_id, judgment_key, ")
    corrections = ", ".join(f"now_{name} as {name}" for name in LOCATOR[:3])
    added = (
        f"(select *, {act} from {begun} join {now} using ({place}) anti join"
        f" (select {corrections}, question_id from {ended} where change = 'corrected') using ({', '.join(LOCATOR)}))"
    )
    same_act = " and ".join(f"gone.{name} is not distinct from added.{name}" for name in _BY_ACT.split(", "))
    renamed = (
        f"select {_SHOWN} from (select *, {act} from {ended} where change = 'deleted'"
        f" and coalesce(judgment_key, annotator_id) is not null) as gone"
        f" semi join {added} as added on {same_act}"
    )
    n_renamed, rows = first_offenders(con, renamed)
    given_away += [f"{_named(row)}: told to be deleted and given anew, but it was corrected" for row in rows]
    n_out = n_stayed + corrected
    return [
        verdict(ACCOUNTING, step, source, (n_was, n_out), (len(faults), faults), deleted),
        verdict(IDENTITY, step, source, (n_was, n_out), (count + more, named), deleted, prints),
        verdict(ATTRIBUTION, step, source, (n_was, n_out), (n_moved + n_renamed, given_away), deleted),
    ]


def _corrections(con: Connection, held: DeliveryRelations, source: str) -> list[Verdict]:
    """Files that correct each other: of each act as many judgments stand as one file held at most, the last ones."""
    step = "deliveries"
    landed, withdrawn, history = (of_source(name, source) for name in (held.judgments, held.withdrawn, held.history))
    place = ", ".join(_PLACE)
    placed = (
        f"(select judgments.*, file_position from {landed} as judgments"
        f" join {of_source(held.arrivals, source)} as arrivals"
        " on judgments.file_sha256 = arrivals.file_sha256 and record_ordinal >= first_record"
        " and record_ordinal < first_record + records)"
    )
    touched = (
        f"(select {_ACT} from {placed} group by all having min(file_position) <> max(file_position)"
        f" union select {_ACT} from {landed} semi join {withdrawn} using ({place}))"
    )
    same_act = " and ".join(f"rows.{name} is not distinct from touched.{name}" for name in _BY_ACT.split(", "))
    rows_of = (
        f"(select rows.*, {{}} from (select *, {_ACT.removeprefix('question_id, judgment_key, ')} from {{}}) as rows"
        f" semi join {touched} as touched on {same_act})"
    )
    everything = rows_of.format("true", placed)
    standing = rows_of.format("true", f"(select * from {placed} anti join {withdrawn} using ({place}))")
    wrong = (
        f"with held as (select {_BY_ACT}, any_value(item_id) as item_id, any_value(annotator_id) as"
        f" annotator_id, count(*) as n from {everything} group by {_BY_ACT}, file_position),"
        f" most as (select {_BY_ACT}, any_value(item_id) as item_id, any_value(annotator_id) as annotator_id,"
        f" max(n) as n from held group by {_BY_ACT}),"
        f" stands as (select {_BY_ACT}, count(*) as n from {standing} group by {_BY_ACT})"
        f" select '{source}', most.item_id, most.question_id, most.annotator_id, null, coalesce(stands.n, 0), most.n"
        f" from most left join stands on "
        + " and ".join(f"most.{name} is not distinct from stands.{name}" for name in _BY_ACT.split(", "))
        + " where coalesce(stands.n, 0) <> most.n"
    )
    n_wrong, rows = first_offenders(con, wrong)
    miscounted = [f"{_named(row)}: {row[5]} stand, one file held {row[6]}" for row in rows]
    all_columns, content = ", ".join(COMPARED), ", ".join(_CONTENT)
    lost = _difference(
        f"select {all_columns} from {landed} semi join (select * from {withdrawn} where why = 'corrected')"
        f" using ({place})",
        f"select {all_columns} from {history}",
    )
    n_lost, rows = first_offenders(con, lost)
    unkept = [f"{_named(row)}: {row[5]} in history, {short(row[4])}" for row in rows]
    last = f"(select * from {everything} qualify file_position = max(file_position) over (partition by {_BY_ACT}))"
    old = f"select {content} from {last} except all select {content} from {standing}"
    n_old, rows = first_offenders(con, f"select {_SHOWN} from ({old})")
    outdated = [f"{_named(row)}: the last file says {short(row[4])}, which does not stand" for row in rows]
    n_landed, n_withdrawn = count_rows(con, landed), count_rows(con, withdrawn)
    counts = (n_landed, n_landed - n_withdrawn)
    return [
        verdict(ACCOUNTING, step, source, counts, (n_wrong, miscounted), n_withdrawn),
        verdict(IDENTITY, step, source, counts, (n_lost, unkept), n_withdrawn),
        verdict(ATTRIBUTION, step, source, counts, (n_old, outdated), n_withdrawn),
    ]


def _difference(before: str, after: str) -> str:
    """Rows of one side only, as (source, item, question, annotator, answer, missing or added)."""
    return (
        f"select {_SHOWN}, 'missing' as what from ({before} except all {after}) union all"
        f" select {_SHOWN}, 'added' from ({after} except all {before})"
    )


def _fingerprint(con: Connection, relation: str) -> str:
    rows = con.execute(fingerprints(relation, _CONTENT)).fetchall()
    return str(rows[0][2]) if rows else "0" * 32


def _named(row: tuple[Any, ...]) -> str:
    return f"{judgment_key(*row[:3])}, annotator {row[3] or 'unknown'}"
