"""Landing: the same file always gives the same bytes, and neither large records nor threads change what arrives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipelines.contracts.model import SourceContract
from pipelines.domain.pseudonyms import PseudonymKey
from pipelines.landing import chunks
from pipelines.landing.ahead import ahead
from pipelines.landing.deliveries import DeliveredFile, raw_file
from pipelines.landing.home import Home
from pipelines.landing.land import land_file
from pipelines.landing.receipts import FileReceipt, folder_of
from pipelines.landing.schema import LANDED
from pipelines.readers.records import CHUNK_BYTES, SMALL_BLOCK_BYTES

KEY = PseudonymKey(b"k" * 32)
HEADER = "item,text,who,hate,note\n"
CONTRACT = SourceContract.model_validate(
    {
        "source": "made",
        "title": "Made",
        "licence": "MIT",
        "platform": "tool",
        "attribution": "stable",
        "questions": {"hate": {"type": "choice", "options": ["yes", "no"]}},
        "files": [
            {
                "role": "judgments",
                "pattern": "*.csv",
                "dialect": {"format": "csv"},
                "item": {"key": "item", "text": "text"},
                "annotator": {"key": "who"},
                "answers": {"hate": "hate"},
            }
        ],
    }
)


def landed(tmp_path: Path, name: str, text: str) -> tuple[FileReceipt, Path]:
    """The receipt and the folder of a landed CSV file."""
    home = Home(tmp_path / name)
    home.restricted("made", "files")
    file = DeliveredFile(0, f"{name}.csv", "f" * 64, len(text))
    raw_file("made", file.sha256, home).write_text(text)
    return land_file(CONTRACT, file, KEY, home), folder_of(CONTRACT, file, KEY, home)


def rows(folder: Path, table: str) -> list[dict[str, Any]]:
    """The rows of a landed table, in their order."""
    found: list[dict[str, Any]] = pq.read_table(folder / table).to_pylist()
    return found


def test_the_same_file_lands_the_same_bytes(tmp_path: Path) -> None:
    text = HEADER + "".join(f"i{n % 700},t{n % 700},w{n % 13},{'yes' if n % 3 else 'no'},\n" for n in range(20_000))
    one, other = (landed(tmp_path, name, text)[1] for name in ("one", "other"))
    parts = sorted(path.relative_to(one) for path in one.rglob("*.parquet"))
    assert len(parts) == len(LANDED)
    for part in parts:
        assert (one / part).read_bytes() == (other / part).read_bytes()


def test_chunks_do_not_show_in_what_lands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = HEADER + "".join(f"i{n},{'x' * 500},w{n % 13},{'yes' if n % 3 else 'no'},n{n}\n" for n in range(5_000))
    whole = landed(tmp_path, "whole", text)
    monkeypatch.setattr(chunks, "CHUNK_ACTS", 100)
    parts = landed(tmp_path, "parts", text)
    assert len(list((parts[1] / "judgments").iterdir())) > 1
    assert rows(parts[1], "judgments") == rows(whole[1], "judgments")
    assert rows(parts[1], "items") == rows(whole[1], "items")
    assert parts[0] == whole[0]


def test_a_record_larger_than_a_block_arrives_whole(tmp_path: Path) -> None:
    long = "x" * (2 * SMALL_BLOCK_BYTES + 1)
    receipt, folder = landed(tmp_path, "long", f'{HEADER}i1,t,w,yes,\ni2,"{long}",w,no,"{long}"\n')
    assert (receipt.records, receipt.judgments) == (2, 2)
    assert [row["text"] for row in rows(folder, "items")] == ["t", long]


def test_a_record_larger_than_the_limit_refuses_the_file(tmp_path: Path) -> None:
    receipt, folder = landed(tmp_path, "huge", f'{HEADER}i1,t,w,yes,\ni2,"{"x" * (2 * CHUNK_BYTES)}",w,no,\n')
    assert receipt.refused_as_a_whole == "file_malformed"
    assert rows(folder, "judgments") == rows(folder, "items") == []


def test_what_is_read_ahead_comes_in_order_and_errors_in_their_place() -> None:
    def broken() -> Iterator[int]:
        yield from range(3)
        raise ValueError("the fourth")

    seen: list[int] = []
    with pytest.raises(ValueError, match="the fourth"):
        seen.extend(ahead(broken()))
    assert seen == [0, 1, 2]


def test_who_stops_early_leaves_no_thread_behind() -> None:
    made = []

    def many() -> Iterator[int]:
        for one in range(100):
            made.append(one)
            yield one

    things = ahead(many())
    assert next(things) == 0
    things.close()
    assert len(made) <= 2
