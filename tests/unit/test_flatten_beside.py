"""The function beside a contract: what it may be, what becomes of what it yields, and of what it cannot do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.contracts.beside import FlattenSource
from pipelines.contracts.load import ContractError, load_contract
from pipelines.contracts.model import SourceContract
from pipelines.ingest import ingest_source
from pipelines.landing.receipts import reading_id
from pipelines.shapes.beside import FlattenError, load_flatten
from pipelines.shapes.steps import RecordShapeError
from tests.unit.landed import KEY, Landed, stated

QUESTIONS = {"hate": {"type": "choice", "options": ["yes", "no"]}}
MAPPING = {
    "role": "judgments",
    "pattern": "*",
    "dialect": {"format": "jsonl"},
    "flatten": True,
    "item": {"key": "id"},
    "annotator": {"key": "who"},
    "answers": {"hate": "hate"},
}
PAIRS = """\
def flatten(record):
    for pair in record["pairs"].split(" "):
        who, hate = pair.split("=")
        yield {"id": record["id"], "who": who, "hate": hate, "rest": {"n": record.get("n")}}
"""
EXPORT = (
    b'{"id":"1","pairs":"ana=yes bob=no","n":1.10}\n{"id":"2","pairs":"eve=yes oops"}\n{"id":"3","pairs":"ana=no"}\n'
)
ROWS = b"id,pairs,n\n1,ana=yes bob=no,1.10\n2,eve=yes oops,\n3,ana=no,\n"


def beside(tmp_path: Path, text: str | None, **changes: Any) -> SourceContract:
    """The contract of a folder in which such a flatten.py lies."""
    folder = tmp_path / "ingest" / "made"
    folder.mkdir(parents=True, exist_ok=True)
    contract = stated(QUESTIONS, {**MAPPING, **changes}).model_dump(mode="json", exclude_defaults=True)
    declared = {"type": "pipelines.components.AnnotationSource", "attributes": contract}
    (folder / "defs.yaml").write_text(yaml.safe_dump(declared))
    if text is not None:
        (folder / "flatten.py").write_text(text)
    return load_contract(folder / "defs.yaml")


def test_what_it_yields_goes_through_the_mapping_and_what_it_refuses_is_kept(tmp_path: Path) -> None:
    landed = Landed(tmp_path, beside(tmp_path, PAIRS), {"a.jsonl": EXPORT})
    assert landed.rows("judgments", "record_ordinal, record_part, item_id, answer, extra") == [
        (0, 0, "1", '"yes"', '{"rest":{"n":1.10}}'),
        (0, 1, "1", '"no"', '{"rest":{"n":1.10}}'),
        (2, 0, "3", '"no"', '{"rest":{"n":null}}'),
    ]
    assert landed.kept() == [(1, "record_shape", b'{"id":"2","pairs":"eve=yes oops"}')]
    assert landed.rows("quarantine", "field") == [("flatten.py:3: ValueError",)]
    (receipt,) = landed.report.receipts
    assert (receipt.records, receipt.records_recounted, receipt.records_refused) == (3, 3, 1)
    assert receipt.uncovered == {"rest": 2}


def test_rows_of_a_table_are_taken_apart_as_records_are(tmp_path: Path) -> None:
    landed = Landed(tmp_path, beside(tmp_path, PAIRS, dialect={"format": "csv"}), {"a.csv": ROWS})
    assert landed.rows("judgments", "record_ordinal, record_part, item_id, answer, raw_answer, extra") == [
        (0, 0, "1", '"yes"', '"yes"', '{"rest":{"n":"1.10"}}'),
        (0, 1, "1", '"no"', '"no"', '{"rest":{"n":"1.10"}}'),
        (2, 0, "3", '"no"', '"no"', '{"rest":{"n":""}}'),
    ]
    assert landed.kept() == [(1, "record_shape", b"2,eve=yes oops,")]


def test_its_yields_may_be_taken_apart_further(tmp_path: Path) -> None:
    text = 'def flatten(record):\n    yield {"id": record["id"], "acts": record["acts"]}\n    yield record\n'
    contract = beside(
        tmp_path,
        text,
        each={"list": "acts"},
        annotator={"key": "acts.who"},
        answers={"hate": "acts.hate"},
    )
    data = b'{"id":"1","acts":[{"who":"a","hate":"yes"},{"who":"b","hate":"no"}]}\n'
    landed = Landed(tmp_path, contract, {"a.jsonl": data})
    assert landed.rows("judgments", "record_part, answer") == [(0, '"yes"'), (1, '"no"'), (2, '"yes"'), (3, '"no"')]


def test_a_field_that_it_never_yields_is_a_name_that_changed(tmp_path: Path) -> None:
    text = PAIRS.replace('"who"', '"whom"')
    for form, data in (("jsonl", EXPORT), ("csv", ROWS)):
        landed = Landed(tmp_path / form, beside(tmp_path, text, dialect={"format": form}), {"a": data})
        assert [one.refused_as_a_whole for one in landed.report.receipts] == ["file_column_missing"]


def test_an_edit_of_it_is_another_reading(tmp_path: Path) -> None:
    first = beside(tmp_path, PAIRS)
    landed = Landed(tmp_path, first, {"a.jsonl": EXPORT})
    second = beside(tmp_path, PAIRS.replace("hate = pair", "hate = pair.removesuffix('oops')"))
    assert first.digest() != second.digest()
    assert first.reading_digest() != second.reading_digest()
    assert reading_id(first, KEY) != reading_id(second, KEY)
    assert beside(tmp_path, PAIRS).digest() == first.digest()
    ingest_source(second, tmp_path / "inbox", landed.home, KEY)
    assert len(list((landed.home.landing / "made").iterdir())) == 2


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        (None, 1, "there is no such file beside the contract"),
        ("x = 1\n", 1, "defines no function flatten"),
        ("class A:\n    def flatten(record): ...\n", 1, "defines no function flatten"),
        ("async def flatten(record): ...\n", 1, "defines no function flatten"),
        ("x = 1\ndef flatten(): ...\n", 2, "takes something else than one record"),
        ("def flatten(a, b): ...\n", 1, "takes something else than one record"),
        ("def flatten(a, *, b): ...\n", 1, "takes something else than one record"),
        ("x = 1\ndef flatten(record)\n", 2, "is no valid Python"),
        ("x = '\0'\n", 1, "is no valid Python"),
    ],
)
def test_a_file_that_is_not_what_it_must_be_is_a_fault_of_the_contract(
    tmp_path: Path, text: str | None, line: int, told: str
) -> None:
    with pytest.raises(ContractError, match=told) as caught:
        beside(tmp_path, text)
    assert [(fault.line, Path(fault.file).name) for fault in caught.value.faults] == [(line, "flatten.py")]
    assert "flatten(record: dict) -> Iterator[dict]" in str(caught.value)


def test_a_file_that_no_mapping_asks_for_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="no file mapping says flatten: true"):
        beside(tmp_path, PAIRS, flatten=False)


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere.py").write_text(PAIRS)
    folder = tmp_path / "ingest" / "made"
    folder.mkdir(parents=True)
    (folder / "flatten.py").symlink_to(tmp_path / "elsewhere.py")
    with pytest.raises(ContractError, match="a link out of the contract's folder"):
        beside(tmp_path, None)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("return None", "flatten gave a NoneType"),
        ("return {'id': 1}", "flatten gave a dict"),
        ("return 'abc'", "flatten gave a str"),
        ("yield 'abc'", "flatten yielded a str"),
        ("yield None", "flatten yielded a NoneType"),
        ("yield {1: 2}", "flatten yielded a key that is a int within a dict"),
        ("yield {'a': [{1, 2}]}", "flatten yielded a set within a dict"),
        ("yield {'a': b''}", "flatten yielded a bytes within a dict"),
    ],
)
def test_a_function_that_is_wrong_whatever_the_record_stops_the_run_and_lands_nothing(
    tmp_path: Path, body: str, told: str
) -> None:
    contract = beside(tmp_path, f"def flatten(record):\n    {body}\n")
    with pytest.raises(FlattenError, match=told) as caught:
        Landed(tmp_path, contract, {"a.jsonl": EXPORT})
    assert "flatten.py" in str(caught.value)
    assert list((tmp_path / "home" / "landing").rglob("*.parquet")) == []


@pytest.mark.parametrize("body", ["return [{'id': 1}, {'id': 2}]", "yield {'id': 1}\n    yield {'id': 2}"])
def test_any_iterable_of_dicts_will_do(body: str) -> None:
    flatten = load_flatten(FlattenSource(Path("flatten.py"), f"def flatten(record):\n    {body}\n"))
    assert list(flatten({})) == [{"id": 1}, {"id": 2}]


def test_it_is_called_lazily_and_what_it_raises_says_nothing_of_the_record() -> None:
    text = "def flatten(record):\n    yield {'id': 1}\n    raise KeyError('ana')\n"
    found = iter(load_flatten(FlattenSource(Path("flatten.py"), text))({}))
    assert next(found) == {"id": 1}
    with pytest.raises(RecordShapeError) as caught:
        next(found)
    assert caught.value.field == "flatten.py:3: KeyError"
    assert "ana" not in str(caught.value)


def test_a_module_that_cannot_be_loaded_says_why() -> None:
    with pytest.raises(FlattenError, match="cannot be loaded: ModuleNotFoundError"):
        load_flatten(FlattenSource(Path("flatten.py"), "import nowhere\ndef flatten(record): ...\n"))
