"""The SQL that compares deliveries: which judgments stayed, were corrected, came or went.

A judgment's *act* is what stays the same over deliveries: who was asked what about which item, or the judgment's own
id. Where an annotator answered several times an act has several *slots*; equal content keeps its slot, whatever the
order of the rows. What is left is paired in order: a correction. Only acts of which something changed are looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.domain.tables import JUDGMENT_HISTORY
from pipelines.domain.types import ListOf, Struct, duckdb_type
from pipelines.landing.schema import LANDED
from pipelines.shapes.sql import literal

LOCATOR = ("file_sha256", "record_ordinal", "record_part", "question_id")
CONTENT = tuple(name for name in LANDED["judgments"].column_names if name not in LOCATOR[:3])
"""What a version consists of: every column of a landed judgment but its place in the raw files."""

ACT = (
    "case when judgment_key is null then length(item_id) || ':' || item_id || '/' || coalesce(annotator_id, '')"
    " else '#' || length(judgment_key) || ':' || judgment_key end || '/' || question_id"
)
"""Distinct acts have distinct texts: lengths stand before what could hold a '/'."""

NAMED = "judgment_key is not null or annotator_id is not null"
"""Where nobody and nothing is named, no judgment can be said to have become another."""

_NESTED = {column.name for column in LANDED["judgments"].columns if isinstance(column.type, ListOf | Struct)}
_HASHED = ", ".join(f"to_json({name})" if name in _NESTED else name for name in CONTENT)
_LIGHT = (
    f"{', '.join(LOCATOR)}, {ACT} as act, {NAMED} as is_named, hash(hash({_HASHED})) as digest,"
    f" hash(hash('second', {_HASHED})) as second_digest"
)

ENDED, STANDING, WITHDRAWN = "ended", "standing", "withdrawn"
OUTCOMES = (ENDED, STANDING, WITHDRAWN)
"""Versions that ended; judgments whose slot, version or arrival is not the obvious one; landed rows to leave out."""

_PLACE = "file_sha256 varchar, record_ordinal bigint, record_part integer, question_id varchar"
_STANDING = f"act varchar, slot bigint, version integer, came_with integer, is_gone boolean, {_PLACE}"
_ENDED = [column for column in JUDGMENT_HISTORY.columns if not column.name.startswith("now_")]


@dataclass(frozen=True)
class LandedJudgments:
    """The judgments of one landed file: the delivery that it counts to, and its Parquet."""

    delivery: int
    paths: tuple[Path, ...]


def relation(files: Sequence[LandedJudgments]) -> str:
    """The judgments of landed files with ``position``, their file's place among them, and ``delivery``.

    Files are told apart by their paths, for those that only their names tell apart have one digest.
    """
    placed = [(literal(str(path)), n, file.delivery) for n, file in enumerate(files) for path in file.paths]
    if not placed:
        columns = LANDED["judgments"].columns
        nulls = ", ".join(f"null::{duckdb_type(column.type)} as {column.name}" for column in columns)
        return f"(select {nulls}, null::integer as position, null::integer as delivery where false)"
    listed = ", ".join(path for path, _, _ in placed)
    places = ", ".join(f"({path}, {position}, {delivery})" for path, position, delivery in placed)
    return (
        f"(select landed.* exclude (filename), position, delivery from"
        f" read_parquet([{listed}], filename = true) as landed"
        f" join (values {places}) as place (filename, position, delivery) using (filename))"
    )


def compare_states(
    con: duckdb.DuckDBPyConnection,
    before: Sequence[LandedJudgments],
    after: Sequence[LandedJudgments],
    standing: Path | None,
    first: int,
    sequence: int,
) -> dict[str, int]:
    """Compare two whole states; leaves the tables of ``OUTCOMES``, and returns how many judgments did what.

    Args:
        con: a connection of its own.
        before: the former state's files, in order.
        after: the later state's.
        standing: what the comparison before this one left, or None where the former state is the first.
        first: the delivery that judgments came with of which nothing is known.
        sequence: the later state's delivery.
    """
    _prepare(con, standing)
    both = {file.paths for file in before} & {file.paths for file in after}
    old, new = (
        f"(select act, digest, second_digest, {sign} as sign from (select {_LIGHT} from"
        f" {relation([file for file in files if file.paths not in both])}))"
        for files, sign in ((before, 1), (after, -1))
    )
    con.execute(
        f"create temp table suspects as select hash(act) as suspect from (from {old} union all from {new})"
        " group by suspect having sum(sign) <> 0 or sum(sign * digest::hugeint) <> 0"
        " or sum(sign * second_digest::hugeint) <> 0 union select hash(act) from kept"
    )
    for name, files in (("pool_before", before), ("pool_after", after)):
        _pool(con, name, files)
    con.execute(
        "create temp table was as select pool.id, pool.act, is_named, digest, second_digest,"
        " coalesce(slot, row_number() over (partition by pool.act order by place)) as slot,"
        f" coalesce(version, 1)::integer as version, coalesce(came_with, {first})::integer as came_with"
        f" from pool_before as pool left join kept using ({', '.join(LOCATOR)})"
    )
    con.execute("create temp table comes as select * from pool_after")
    _match(con)
    con.execute(
        "create temp table ended_ids as"
        " select was_id, comes_id, comes.delivery as ended_by from paired join comes on comes_id = comes.id"
        f" union all select id, null, {sequence} from was anti join linked on was.id = linked.was_id"
    )
    _write_ended(con, relation(before), relation(after), "pool_before", "pool_after")
    # Where nobody is named a slot is nobody's, either: what comes into it later is another judgment.
    con.execute(
        "update ended set slot = null where change = 'deleted' and judgment_key is null and annotator_id is null"
    )
    con.execute(
        f"insert into standing select pool.act, slot, version, came_with, false, {_of('pool', LOCATOR)}"
        " from pool_after as pool join placed using (id)"
    )
    con.execute(
        "insert into standing by name select act, slot, version, came_with, is_gone from kept"
        " where is_gone and (act, slot) not in (select (act, slot) from standing)"
    )
    con.execute(
        f"insert into standing by name select act, slot, version, {sequence} as came_with, true as is_gone"
        " from was anti join linked on was.id = linked.was_id where is_named"
    )
    corrected, deleted, added = _numbers(
        con, "from paired", "from ended_ids where comes_id is null", "from placed where is_fresh"
    )
    was, now = _numbers(con, f"from {relation(before)}", f"from {relation(after)}")
    return {
        "before": was,
        "after": now,
        "unchanged": was - corrected - deleted,
        "corrected": corrected,
        "added": added,
        "deleted": deleted,
        "repeated": 0,
    }


def fold_corrections(con: duckdb.DuckDBPyConnection, files: Sequence[LandedJudgments], sequence: int) -> dict[str, int]:
    """Let each file correct those before it; leaves the tables of ``OUTCOMES``, and returns what delivery did what.

    Every file is a step of its own. Acts that one file alone knows are not looked at. The others go in rounds: in
    round n each act meets the n-th file that knows it, so that there are as many rounds as an act has files at most.
    """
    _prepare(con, None)
    con.execute(
        f"create temp table suspects as select hash(act) as suspect from (select {ACT} as act, position"
        f" from {relation(files)}) group by suspect having min(position) <> max(position)"
    )
    _pool(con, "pool", files)
    con.execute(
        "create temp table rounds as"
        " select id, dense_rank() over (partition by act order by position) as round from pool"
    )
    con.execute(
        "create temp table now_standing (id bigint, slot bigint, version integer, came_with integer);"
        " create temp table all_ended (was_id bigint, comes_id bigint, ended_by integer)"
    )
    place = _of("pool", LOCATOR)
    (last,) = _numbers(con, "from (select distinct round from rounds)")
    for number in range(1, last + 1):
        con.execute(f"create temp table comes as select pool.* from pool join rounds using (id) where round = {number}")
        con.execute(
            "create temp table was as select pool.id, act, is_named, digest, second_digest, slot, version, came_with"
            " from now_standing join pool using (id) where act in (select act from comes)"
        )
        _match(con)
        con.execute(
            "insert into all_ended"
            " select was_id, comes_id, comes.delivery from paired join comes on comes_id = comes.id;"
            f" insert into withdrawn"
            f" select {place}, 'corrected', delivery from paired join pool on was_id = pool.id;"
            f" insert into withdrawn select {place}, 'repeated', delivery from same join pool on comes_id = pool.id"
        )
        con.execute(
            "insert into now_standing select id, slot, version, came_with from placed"
            " where id not in (select comes_id from same)"
        )
        con.execute("insert into past select * from now_standing where id in (select was_id from paired)")
        con.execute("delete from now_standing where id in (select was_id from paired)")
        for name in ("comes", "was", "same", "paired", "linked", "placed"):
            con.execute(f"drop table {name}")
    con.execute(
        "create temp table ended_ids as select * from all_ended;"
        " create temp table was as select past.*, pool.act from past join pool using (id)"
    )
    whole = relation(files)
    _write_ended(con, whole, whole, "pool", "pool")
    con.execute(
        f"insert into standing select act, slot, version, came_with, false, {_of('pool', LOCATOR)}"
        " from now_standing join pool using (id)"
    )
    landed, new, withdrawn, repeated, ended, corrected = _numbers(
        con,
        f"from {whole}",
        f"from {whole} where delivery = {sequence}",
        "from withdrawn",
        f"from withdrawn where why = 'repeated' and delivery = {sequence}",
        f"from all_ended where ended_by = {sequence}",
        f"from ended where ended_by = {sequence} and came_with < {sequence}",
    )
    added = new - repeated - ended
    return {
        "before": landed - withdrawn - added,
        "after": landed - withdrawn,
        "unchanged": landed - withdrawn - added - corrected,
        "corrected": corrected,
        "added": added,
        "deleted": 0,
        "repeated": repeated,
    }


def _prepare(con: duckdb.DuckDBPyConnection, standing: Path | None) -> None:
    ended = ", ".join(f"{column.name} {duckdb_type(column.type)}" for column in _ENDED)
    con.execute(f"create temp table kept ({_STANDING}); create temp table standing ({_STANDING})")
    con.execute(f"create temp table ended (act varchar, slot bigint, {ended})")
    con.execute(f"create temp table withdrawn ({_PLACE}, why varchar, delivery integer)")
    con.execute("create temp table past (id bigint, slot bigint, version integer, came_with integer)")
    if standing:
        con.execute(f"insert into kept by name select * from read_parquet({literal(str(standing))})")


def _pool(con: duckdb.DuckDBPyConnection, name: str, files: Sequence[LandedJudgments]) -> None:
    """The judgments of suspect acts, without their content, numbered, with their place in order of arrival."""
    con.execute(
        f"create temp table {name} as select row_number() over () as id, *,"
        " (position, record_ordinal, record_part) as place from"
        f" (select {_LIGHT}, position, delivery from {relation(files)})"
        " where hash(act) in (select suspect from suspects)"
    )


def _match(con: duckdb.DuckDBPyConnection) -> None:
    """Link ``comes`` to ``was``: ``same`` by content, ``paired`` in order; ``placed`` numbers slots and versions."""
    ranked = (
        "(select id, act, digest, second_digest, row_number() over"
        " (partition by act, digest, second_digest order by {}) as nth from {})"
    )
    con.execute(
        "create temp table same as select was.id as was_id, comes.id as comes_id"
        f" from {ranked.format('slot', 'was')} as was join {ranked.format('place', 'comes')} as comes"
        " using (act, digest, second_digest, nth)"
    )
    left = (
        "(select id, act, row_number() over (partition by act order by {0}) as nth"
        " from {1} anti join same on {1}.id = same.{1}_id where is_named)"
    )
    con.execute(
        "create temp table paired as select was.id as was_id, comes.id as comes_id"
        f" from {left.format('slot', 'was')} as was join {left.format('place', 'comes')} as comes using (act, nth)"
    )
    con.execute("create temp table linked as from same union all from paired")
    con.execute(
        "create temp table placed as"
        " with linked_how as (select *, 0 as more from same union all select *, 1 from paired),"
        " fresh as (select id, act, is_named, delivery, row_number() over (partition by act order by place) as nth"
        " from comes anti join linked on comes.id = linked.comes_id),"
        " graves as (select act, slot, version, row_number() over (partition by act order by slot) as nth"
        " from kept where is_gone),"
        " tops as (select act, max(slot) as top from (select act, slot from was union all select act, slot from kept)"
        " group by act)"
        " select comes.id, was.slot, (was.version + more)::integer as version,"
        " case when more = 1 then comes.delivery else was.came_with end as came_with, false as is_fresh"
        " from linked_how join was on was_id = was.id join comes on comes_id = comes.id"
        " union all"
        " select fresh.id, coalesce(graves.slot, coalesce(top, 0) + nth), coalesce(graves.version + 1, 1)::integer,"
        " delivery, true from fresh left join graves using (act, nth) left join tops using (act)"
    )


def _write_ended(con: duckdb.DuckDBPyConnection, old: str, new: str, pool_old: str, pool_new: str) -> None:
    """The ended versions with all their columns, and the names of those in which the next version differs."""
    differing = ", ".join(f"case when o.{name} is distinct from n.{name} then {literal(name)} end" for name in CONTENT)
    values = {
        "act": "was.act",
        "slot": "was.slot",
        "version": "was.version",
        "change": "case when comes_id is null then 'deleted' else 'corrected' end",
        "came_with": "was.came_with",
        "ended_by": "ended_ids.ended_by",
        "changed_columns": "case when comes_id is null then []"
        f" else list_filter([{differing}], lambda x: x is not null) end",
    }
    columns = ", ".join(
        f"{values.get(name, f'o.{name}')} as {name}" for name in ("act", "slot", *(column.name for column in _ENDED))
    )
    locator = ", ".join(LOCATOR)
    for name, rows, pool, chosen in (("old_rows", old, pool_old, "was_id"), ("next_rows", new, pool_new, "comes_id")):
        con.execute(
            f"create temp table {name} as select id, landed.* from {rows} as landed join (select id, {locator} from"
            f" {pool} where id in (select {chosen} from ended_ids)) using ({locator})"
        )
    con.execute(
        f"insert into ended by name select {columns} from ended_ids join was on was_id = was.id"
        " join old_rows as o on o.id = was_id left join next_rows as n on n.id = comes_id"
    )


def _of(name: str, columns: Sequence[str]) -> str:
    return ", ".join(f"{name}.{column}" for column in columns)


def _numbers(con: duckdb.DuckDBPyConnection, *sources: str) -> tuple[int, ...]:
    """How many rows each has."""
    return tuple(int(con.execute(f"select count(*) {source}").fetchall()[0][0]) for source in sources)
