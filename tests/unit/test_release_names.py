"""Names of annotators in a release, given and taken back, on rows made by hand."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from pipelines.domain.pseudonyms import PseudonymKey
from pipelines.release.names import Names, names_of
from pipelines.warehouse.catalog import ANEW

KEY = PseudonymKey(b"k" * 32)
OWN = KEY.of_tier("public")


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """Two people of a source, one of another, and attributes of them, and of nobody."""
    with duckdb.connect() as con:
        database, _, schema = ANEW.partition(".")
        con.execute(f"attach ':memory:' as {database}")
        if schema:
            con.execute(f"create schema if not exists {ANEW}")
        con.execute(
            f"create table {ANEW}.annotators as from (values ('s', 'ana'), ('s', 'bo'), ('t', 'cy'))"
            " held (source_id, annotator_id)"
        )
        con.execute(f"create table {ANEW}.items (source_id varchar, extra varchar)")
        con.execute(
            "create table told as from (values ('s', 'bo', 'age', 1, '30'), ('s', 'ana', 'age', 1, '40'),"
            " ('s', null, 'age', 1, '50')) held (source_id, annotator_id, attribute, observation, value)"
        )
        yield con


def given(con: duckdb.DuckDBPyConnection, names: Names, rows: str = "from told") -> list[tuple[str | None, str]]:
    query = names.given("annotator_attributes", rows)
    return [(who, value) for _, who, _, _, value in con.execute(query).fetchall()]


def test_everybody_is_renamed_nobody_stays_nobody_and_the_order_is_the_key_s(con: duckdb.DuckDBPyConnection) -> None:
    names = names_of(con, KEY, "public", ["s"])
    assert (names.key, names.key != KEY) == (OWN, True)
    assert set(given(con, names)) == {(OWN.renamed("ana"), "40"), (OWN.renamed("bo"), "30"), (None, "50")}
    renamed = [who for who, _ in given(con, names) if who]
    assert renamed == sorted(renamed)
    held = f"({names.given('annotator_attributes', 'from told')})"
    back = con.execute(f"from {names.taken_back('annotator_attributes', held)} order by all").fetchall()
    assert back == con.execute("from told order by all").fetchall()


def test_a_tier_s_names_are_its_own_and_always_the_same(con: duckdb.DuckDBPyConnection) -> None:
    assert OWN.renamed("ana") == KEY.of_tier("public").renamed("ana")
    made = {OWN.renamed("ana"), KEY.renamed("ana"), KEY.of_tier("restricted").renamed("ana"), OWN.renamed("bo")}
    assert len(made) == 4
    assert all(len(one) == 33 and one.startswith("a") for one in made)
    assert "key" in str(OWN)
    assert OWN.secret.hex() not in repr(OWN) + str(OWN)


def test_the_internal_tier_keeps_the_names_of_landing(con: duckdb.DuckDBPyConnection) -> None:
    names = names_of(con, KEY, "internal", ["s"])
    assert names == Names(KEY)
    assert given(con, names) == [("bo", "30"), ("ana", "40"), (None, "50")]
    assert names.taken_back("annotator_attributes", "told") == "told"


@pytest.mark.parametrize("who", ["ana", "cy", "somebody"])
def test_whoever_has_no_name_of_the_tier_is_told_apart(con: duckdb.DuckDBPyConnection, who: str) -> None:
    """Landing's own name, that of somebody of another source, and a made-up one."""
    names = names_of(con, KEY, "public", ["s"])
    relation = names.taken_back("annotator_attributes", f"(select * replace ('{who}' as annotator_id) from told)")
    assert con.execute(f"select distinct annotator_id from {relation}").fetchall() == [
        (f"no name of this tier: {who}",)
    ]


def test_tables_without_annotators_are_left_alone(con: duckdb.DuckDBPyConnection) -> None:
    names = names_of(con, KEY, "public", ["s"])
    assert (names.given("questions", "from told"), names.taken_back("questions", "told")) == ("from told", "told")


ANA, BO = (KEY.pseudonym("f", "p", who) for who in ("ana", "bo"))


@pytest.fixture
def written(con: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Items by two people who judged nothing, one by nobody, and one whose export has an author of its own."""
    con.execute(
        "create table written as from (values"
        f' (\'s\', \'1\', \'{{"n": 1.50, "author":"{ANA}"}}\'), (\'s\', \'2\', \'{{"author":"{BO}","x":"{BO[:9]}"}}\'),'
        " ('s', '3', null), ('s', '4', '{\"author\":\"Jane\"}')) held (source_id, item_id, extra)"
    )
    con.execute(f"insert into {ANEW}.items select source_id, extra from written")
    return con


def test_who_wrote_what_was_judged_is_renamed_too_and_nothing_else_of_extra(written: duckdb.DuckDBPyConnection) -> None:
    names = names_of(written, KEY, "public", ["s"])
    held = names.given("items", "from written")
    extras = [row[2] for row in written.execute(held).fetchall()]
    assert extras == [
        f'{{"n": 1.50, "author":"{OWN.renamed(ANA)}"}}',
        f'{{"author":"{OWN.renamed(BO)}","x":"{BO[:9]}"}}',
        None,
        '{"author":"Jane"}',
    ]
    back = written.execute(f"from {names.taken_back('items', f'({held})')} order by all").fetchall()
    assert back == written.execute("from written order by all").fetchall()


@pytest.mark.parametrize("who", [ANA, OWN.renamed(BO), KEY.pseudonym("f", "p", "somebody")])
def test_an_author_under_another_name_is_not_what_landing_holds(written: duckdb.DuckDBPyConnection, who: str) -> None:
    """Landing's own name, another author's, and a made-up one."""
    names = names_of(written, KEY, "public", ["s"])
    held = names.given("items", "from written")
    wrong = f"(select * replace (replace(extra, '{OWN.renamed(ANA)}', '{who}') as extra) from ({held}))"
    back = written.execute(f"from {names.taken_back('items', wrong)} order by all").fetchall()
    assert back != written.execute("from written order by all").fetchall()
