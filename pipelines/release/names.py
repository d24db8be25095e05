"""What annotators are called in a release: every tier but the internal one has pseudonyms of its own.

They are a keyed hash of landing's, given while the files are written. The gate takes them back from the very files, and
holds what comes of it against landing: a name that is nobody's, two people's, or landing's own breaks a law.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from pipelines.domain.pseudonyms import PSEUDONYM, PseudonymKey
from pipelines.domain.tables import TABLES
from pipelines.shapes.sql import literal
from pipelines.warehouse.catalog import ANEW

INTERNAL = "internal"
"""The tier whose releases call annotators what landing calls them."""

_RELATION = "temp.names"
_AUTHOR = "json_extract_string(rows.extra, '$.author')"
# The rest of extra stays byte for byte what it is: a pseudonym between quotes is found nowhere else.
_AUTHOR_REPLACED = f"coalesce(replace(rows.extra, '\"' || {_AUTHOR} || '\"', '\"' || names.{{}} || '\"'), rows.extra)"


@dataclass(frozen=True)
class Names:
    """The names of a release: the key that they are made with, and the relation (annotator_id, released_id) of them.

    The relation is None where they are landing's own.
    """

    key: PseudonymKey
    relation: str | None = None

    def given(self, table: str, rows: str) -> str:
        """A query's rows of a table, each annotator under the release's name; in the order of the table's key."""
        order = f"order by {', '.join(TABLES[table].key)}"
        if self._has_authors(table):
            return (
                f"select rows.* replace ({_AUTHOR_REPLACED.format('released_id')} as extra) from ({rows}) rows"
                f" left join {self.relation} names on names.annotator_id = {_AUTHOR} {order}"
            )
        if not self._is_renamed(table):
            return rows
        return (
            f"select rows.* replace (coalesce(released_id, rows.annotator_id) as annotator_id) from ({rows}) rows"
            f" left join {self.relation} names using (annotator_id) {order}"
        )

    def taken_back(self, table: str, relation: str) -> str:
        """A relation with each annotator under landing's name; who has no name of the release is told apart."""
        landed = f"(select distinct annotator_id from {self.relation}) landed"
        if self._has_authors(table):
            return (
                f"(select rows.* replace (case when landed.annotator_id is null then"
                f" {_AUTHOR_REPLACED.format('annotator_id')} else 'no name of this tier' end as extra)"
                f" from {relation} rows left join {self.relation} names on names.released_id = {_AUTHOR}"
                f" left join {landed} on landed.annotator_id = {_AUTHOR})"
            )
        if not self._is_renamed(table):
            return relation
        foreign = "'no name of this tier: ' || rows.annotator_id"
        return (
            "(select rows.* replace (case when rows.annotator_id is null then null"
            f" when names.annotator_id is null or landed.annotator_id is not null then {foreign}"
            f" else names.annotator_id end as annotator_id) from {relation} rows"
            f" left join {self.relation} names on names.released_id = rows.annotator_id"
            f" left join {landed} on landed.annotator_id = rows.annotator_id)"
        )

    def _has_authors(self, table: str) -> bool:
        """Whether it names, in ``extra``, who wrote what was judged."""
        return self.relation is not None and table == "items"

    def _is_renamed(self, table: str) -> bool:
        return self.relation is not None and "annotator_id" in TABLES[table].column_names


def names_of(con: duckdb.DuckDBPyConnection, key: PseudonymKey, tier: str, sources: Sequence[str]) -> Names:
    """The names of a tier's release of these sources. ``con`` is the run's warehouse, as ``bound_anew`` opens it."""
    if tier == INTERNAL:
        return Names(key)
    own = key.of_tier(tier)
    chosen = ", ".join(literal(source) for source in sources)
    query = (
        f"select annotator_id from {ANEW}.annotators where source_id in ({chosen}) union"
        f" select {_AUTHOR} from {ANEW}.items rows where source_id in ({chosen})"
        f" and regexp_full_match({_AUTHOR}, '{PSEUDONYM}') order by all"
    )
    landed = [str(row[0]) for row in con.execute(query).fetchall()]
    made = pa.table({"annotator_id": landed, "released_id": [own.renamed(one) for one in landed]})
    con.register("names_made", made)
    con.execute(f"create or replace temp table {_RELATION.removeprefix('temp.')} as from names_made")
    con.unregister("names_made")
    return Names(own, _RELATION)
