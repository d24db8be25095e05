"""Sources that a user adds, through the whole command: a function beside a contract, and names of files that are read.

One run takes all of them, in a copy of the checkout to which nothing but their folders is added.
"""

from __future__ import annotations

import json
import shutil
from typing import Any

import duckdb
import pytest

from tests.conftest import Ran
from tests.integration.by_hand import copied_checkout, variorum_of
from tests.integration.test_fixtures import FIXTURES

CONTRACT = """\
type: pipelines.components.AnnotationSource

attributes:
  source: {source}
  title: Made
  licence: CC0-1.0
  platform: made
  attribution: stable
  quarantine: {{limit: 0.5}}
  questions:
    hate: {{type: choice, options: ["yes", "no"]}}
  files:
    - role: judgments
      pattern: "**/*"
      annotator: {{key: who}}
      answers: {{hate: hate}}
      dialect: {{format: {form}}}
      {more}
"""
FLATTEN = """\
if __name__.startswith(("assets", "flatten")):
    raise RuntimeError("this file is no declaration of Dagster's, and was loaded as one")


def flatten(record):
    for who, hate in zip(record["people"], record["votes"].split("|"), strict=True):
        yield {"id": record["id"], "who": who, "hate": hate}
"""
VOTES = b"""\
{"id":"1","people":["ana","bob","eve"],"votes":"yes|no|yes"}
{"id":"2","people":["ana","bob"],"votes":"no"}
{"id":"3","people":["eve","eve"],"votes":"no|yes"}
"""
ROWS = b"id,who,hate\n1,ana,yes\n1,bob,no\n2,ana,no\n"

SOURCES: dict[str, tuple[str, str, dict[str, bytes]]] = {
    "flattened": ("jsonl", "flatten: true\n      item: {key: id}", {"votes.jsonl": VOTES}),
    "named": ("csv", "item: {key: [$file, id]}", {"a/ids.csv": ROWS, "b/ids.csv": ROWS}),
    "unnamed": ("csv", "item: {key: id}", {"a/ids.csv": ROWS, "b/ids.csv": ROWS}),
}
"""By source: the format, what its mapping says besides, and its export."""

AVERAGES = """\
type: pipelines.components.AnnotationSource

attributes:
  source: averages
  title: Made
  licence: CC0-1.0
  platform: made
  attribution: none
  known_losses: [aggregate_only]
  files:
    - role: items
      pattern: "*.jsonl"
      dialect: {format: jsonl}
      item: {key: id, text: text}
      upstream_aggregates: [labels]
"""
AVERAGED = (
    b'{"id":"1","text":"a","labels":{"quality":{"value":0.30000000000000004,"count":3}}}\n{"id":"2","text":"b"}\n'
)
"""A source of aggregates alone, beside the others."""

TOOLS = {
    **{"label_studio_json": 23, "label_studio_csv": 13, "argilla_rest": 17, "argilla_list": 9},
    **{"doccano_approved": 7, "doccano_all": 5, "potato_user_state": 10, "potato_csv": 18, "potato_history": 4},
    **{"prodigy_binary": 4, "mturk_batch": 15, "crowdflower_full": 7, "prolific_demographics": 3},
}
"""Fixtures of tools' exports, read by their profiles, and how many judgments each holds."""

pytestmark = pytest.mark.xdist_group("added_sources")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    root = tmp_path_factory.mktemp("added_sources")
    tree = copied_checkout(root / "tree")
    for source, (form, more, files) in SOURCES.items():
        folder = tree / "assets" / "ingest" / source
        folder.mkdir()
        (folder / "defs.yaml").write_text(CONTRACT.format(source=source, form=form, more=more))
        for name, data in files.items():
            (root / "inbox" / source / name).parent.mkdir(parents=True, exist_ok=True)
            (root / "inbox" / source / name).write_bytes(data)
    (tree / "assets" / "ingest" / "flattened" / "flatten.py").write_text(FLATTEN)
    for source in TOOLS:
        folder = tree / "assets" / "ingest" / source
        shutil.copytree(FIXTURES / source / "export", root / "inbox" / source)
        folder.mkdir()
        stated = (FIXTURES / source / "defs.yaml").read_text(encoding="utf-8")
        (folder / "defs.yaml").write_text(stated + "  quarantine: {limit: 0.5}\n", encoding="utf-8")
    for path, data in {
        tree / "assets" / "ingest" / "averages" / "defs.yaml": AVERAGES.encode(),
        root / "inbox" / "averages" / "labels.jsonl": AVERAGED,
    }.items():
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
    chosen = [part for source in (*SOURCES, *TOOLS, "averages") for part in ("--source", source)]
    places = [part for name in ("inbox", "home", "store") for part in (f"--{name}", str(root / name))]
    done = variorum_of(tree, "run", "--json", *chosen, *places)
    assert done.returncode == 0, done.stdout + done.stderr
    return Ran(root / "home", root / "store", json.loads(done.stdout))


def released(ran: Ran, source: str, columns: str) -> list[tuple[Any, ...]]:
    """Some columns of a source's released judgments."""
    files = ran.release(source) / "judgments" / "*.parquet"
    with duckdb.connect() as con:
        return con.execute(f"select {columns} from read_parquet('{files}') order by all").fetchall()


def books(ran: Ran, source: str) -> dict[str, Any]:
    """What the run says of a source."""
    found: dict[str, Any] = next(one for one in ran.summary["sources"] if one["source"] == source)
    return found


def test_what_a_function_beside_a_contract_yields_is_released_and_what_it_refuses_is_kept(ran: Ran) -> None:
    assert released(ran, "flattened", "item_id, record_part, answer") == [
        ("1", 0, '"yes"'),
        ("1", 1, '"no"'),
        ("1", 2, '"yes"'),
        ("3", 0, '"no"'),
        ("3", 1, '"yes"'),
    ]
    assert released(ran, "flattened", "distinct item_id, occurrence")[-1] == ("3", 2)
    assert books(ran, "flattened")["quarantined"] == {"record_shape": 1}


def test_files_of_the_same_bytes_are_two_sets_of_judgments_where_their_names_are_read(ran: Ran) -> None:
    rows = [("1", '"no"'), ("1", '"yes"'), ("2", '"no"')]
    assert released(ran, "named", "item_id, answer") == [
        (f"{folder}%2Fids/{item}", answer) for folder in "ab" for item, answer in rows
    ]
    assert released(ran, "named", "distinct occurrence") == [(1,)]
    places = released(ran, "named", "file_sha256, record_ordinal")
    assert len(set(places)) == len(places) == 6
    assert len({sha256 for sha256, _ in places}) == 1


def test_they_are_one_set_where_their_names_are_not_read(ran: Ran) -> None:
    assert released(ran, "unnamed", "item_id, answer") == [("1", '"no"'), ("1", '"yes"'), ("2", '"no"')]
    assert books(ran, "unnamed")["records"] == 3


def test_every_law_holds_on_them(ran: Ran) -> None:
    assert ran.summary["laws"]["broken"] == 0
    assert {one["source"]: one["judgments_out"] for one in ran.summary["sources"]} == {
        "flattened": 5,
        "named": 6,
        "unnamed": 3,
        "averages": None,
        **TOOLS,
    }


def test_a_tools_export_is_released_and_nobody_unknown_is_anybody_else(ran: Ran) -> None:
    """Two annotations of one item by nobody that is named, whose answers are alike."""
    rows = released(ran, "label_studio_json", "annotator_id, judgment_key, occurrence, attribution, annotator_kind")
    unknown = {who: key for who, key, *_ in rows if key in ("13", "14")}
    assert len(unknown) == 2
    assert [row for row in rows if row[0] in unknown] == [
        (who, key, 1, "stable", "human") for who, key, *_ in rows if key in ("13", "14")
    ]
    ties = released(ran, "argilla_rest", "answer")
    assert ('[["r1",1],["r2",1],["r3",3]]',) in ties


def test_aggregates_go_along_with_their_items_and_into_no_release(ran: Ran) -> None:
    with duckdb.connect() as con:
        kept = con.execute(
            f"select item_id, aggregate, value from '{ran.run_folder}/marts/upstream_aggregates.parquet'"
            " where source_id = 'averages'"
        ).fetchall()
        items = con.execute(
            f"select item_id, text from '{ran.run_folder}/marts/items.parquet' where source_id = 'averages'"
            " order by all"
        ).fetchall()
    assert kept == [("1", "labels", '{"quality":{"value":0.30000000000000004,"count":3}}')]
    assert items == [("1", "a"), ("2", "b")]
    assert sorted(one["dataset"] for one in ran.summary["releases"]) == sorted([*SOURCES, *TOOLS])
