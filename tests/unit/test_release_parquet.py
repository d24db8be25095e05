"""The Parquet files of a release: what they say of themselves, how they are cut, and that their bytes never vary."""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from pipelines.domain.tables import JUDGMENTS, RELEASED, TABLES, Column, Table
from pipelines.domain.types import INT64, STRING
from pipelines.release.parquet import MOST_BYTES, TooLargeError, write_parquet
from tests.conftest import Ran

TABLE = Table(
    "t", "One row per t.", ("n",), (Column("n", INT64, "It's a number."), Column("text", STRING, "Words.", unit="s"))
)
ROWS = "select i as n, md5(i::varchar) as text from range(20000) r(i)"


def written(folder: Path, query: str = ROWS, threads: int = 2, most_bytes: int = MOST_BYTES) -> list[Path]:
    """The files of a table that was written."""
    with duckdb.connect(config={"threads": threads}) as con:
        write_parquet(con, TABLE, query, folder, most_bytes)
    return sorted(folder.iterdir())


def digests(paths: list[Path]) -> list[str]:
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]


@pytest.mark.parametrize("name", RELEASED)
def test_each_column_of_a_release_says_what_it_means(demo: Ran, name: str) -> None:
    table = TABLES[name]
    schema = pq.read_schema(next((demo.release("demo") / name).glob("*.parquet")))
    assert {field.name: field.metadata[b"description"].decode() for field in schema} == {
        column.name: column.description for column in table.columns
    }
    units = {field.name: field.metadata.get(b"unit", b"").decode() or None for field in schema}
    assert units == {column.name: column.unit for column in table.columns}
    assert schema.metadata[b"description"].decode() == table.grain


def test_durations_are_in_seconds() -> None:
    assert {column.name: column.unit for column in JUDGMENTS.columns if column.unit} == {"duration_s": "s"}


def test_who_does_not_read_arrow_finds_the_same(tmp_path: Path) -> None:
    (path,) = written(tmp_path / "t")
    with duckdb.connect() as con:
        told = con.execute(f"select decode(key), decode(value) from parquet_kv_metadata('{path}')").fetchall()
    held = dict(told)
    assert held["description"] == "One row per t."
    assert held["columns"] == '{"n": "It\'s a number.", "text": "Words."}'


def test_a_release_is_packed_sorted_and_has_dictionaries_and_statistics(demo: Ran) -> None:
    (path,) = (demo.release("demo") / "judgments").glob("*.parquet")
    groups = pq.read_metadata(path)
    columns = [groups.row_group(0).column(position) for position in range(groups.num_columns)]
    assert {column.compression for column in columns} == {"ZSTD"}
    assert {column.path_in_schema for column in columns if column.statistics is None} == set()
    packed = {column.path_in_schema for column in columns if column.has_dictionary_page}
    assert {"source_id", "question_id", "annotator_id", "answer", "status", "file_sha256"} <= packed
    keys = [tuple(row.values()) for row in pq.read_table(path, columns=list(JUDGMENTS.key)).to_pylist()]
    assert [(s, i, q, a, o) for s, i, a, q, o in keys] == sorted((s, i, q, a, o) for s, i, a, q, o in keys)


def test_the_same_rows_make_the_same_bytes_whatever_the_machine(tmp_path: Path) -> None:
    one = digests(written(tmp_path / "one", threads=1, most_bytes=200_000))
    assert len(one) > 1
    assert one == digests(written(tmp_path / "four", threads=4, most_bytes=200_000))
    other = written(tmp_path / "other", ROWS.replace("20000", "19999"), most_bytes=200_000)
    assert one != digests(other)


def test_a_large_table_is_cut_and_no_row_is_lost_or_moved(tmp_path: Path) -> None:
    paths = written(tmp_path / "t", most_bytes=100_000)
    assert [path.name for path in paths] == [f"part-{number:05d}.parquet" for number in range(len(paths))]
    assert len(paths) >= 5
    assert all(path.stat().st_size < 100_000 for path in paths)
    rows = [row["n"] for path in paths for row in pq.read_table(path).to_pylist()]
    assert rows == list(range(20_000))
    assert all(pq.read_schema(path).field("n").metadata == {b"description": b"It's a number."} for path in paths)


def test_a_row_that_fits_no_file_is_refused(tmp_path: Path) -> None:
    query = "select i as n, string_agg(md5((i * 1000 + j)::varchar), '') as text from range(3) a(i), range(1000) b(j)"
    with pytest.raises(TooLargeError, match="a row of t takes more than 10,000 bytes"):
        written(tmp_path / "t", f"{query} group by i", most_bytes=10_000)
