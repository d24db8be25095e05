"""The SQL of the answers says what the domain says: judgments written as an export come back in canonical form."""

from __future__ import annotations

import csv
import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.contracts.model import SourceContract
from pipelines.domain.answers import Abstention, Answer, Choice, MultiChoice, Pairwise, Rating, Text, canonical
from pipelines.domain.pseudonyms import PseudonymKey
from pipelines.domain.vocabulary import Preference, Status
from pipelines.ingest import ingest_source
from pipelines.landing.home import Home
from pipelines.landing.land import connect
from tests.unit.landed import landed_folders

OPTIONS = ("0", "a b", 'quote " and \\', "é 😀", "line\nbreak")
STATUSES = {"ok": Status.SUBMITTED, "skip": Status.SKIPPED, "no": Status.REJECTED, "pass": Status.IGNORED}
KEY = PseudonymKey(b"k" * 32)

CONTRACT = SourceContract.model_validate(
    {
        "source": "made",
        "title": "Made",
        "licence": "MIT",
        "platform": "tool",
        "attribution": "stable",
        "questions": {
            "choice": {"type": "choice", "options": [*OPTIONS, "unsure"], "abstain": ["unsure"]},
            "many": {"type": "multi_choice", "options": list(OPTIONS)},
            "score": {"type": "rating", "scale": {"kind": "ratio"}},
            "better": {
                "type": "pairwise",
                "answers": {
                    "A": {"preference": "left", "strength": 2},
                    "b": {"preference": "right", "strength": 0.5},
                    "=": {"preference": "tie"},
                },
            },
            "words": {"type": "text"},
        },
        "files": [
            {
                "role": "judgments",
                "pattern": "made.jsonl",
                "dialect": {"format": "jsonl"},
                "item": {"key": "item"},
                "annotator": {"key": "who"},
                "status": {"field": "status", "values": {raw: status.value for raw, status in STATUSES.items()}},
                "answers": {name: f"answers.{name}" for name in ("choice", "many", "score", "better", "words")},
            }
        ],
    }
)

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
numbers = st.one_of(
    st.integers(-(10**30), 10**30).map(str),
    st.decimals(allow_nan=False, allow_infinity=False, places=12).map(lambda number: format(number, "f")),
    st.sampled_from(["-0", "1.0", "1.10", "1e5", "2E-3", "0.1234567890123456789"]),
)
pairs = st.sampled_from(
    [("A", Pairwise(Preference.LEFT, 2)), ("b", Pairwise(Preference.RIGHT, 0.5)), ("=", Pairwise(Preference.TIE))]
)


@st.composite
def acts(draw: st.DrawFn) -> tuple[str, dict[str, tuple[str, Answer]]]:
    """A raw status, and by question the raw JSON text and the answer that it means."""
    answers: dict[str, tuple[str, Answer]] = {}
    option = draw(st.sampled_from([*OPTIONS, "unsure"]))
    answers["choice"] = (json.dumps(option), Abstention(option) if option == "unsure" else Choice(option))
    chosen = draw(st.lists(st.sampled_from(OPTIONS), unique=True))
    in_order = tuple(option for option in OPTIONS if option in chosen)
    answers["many"] = (json.dumps(chosen), MultiChoice(in_order))
    number = draw(numbers)
    answers["score"] = (number, Rating(number))
    raw, preference = draw(pairs)
    answers["better"] = (json.dumps(raw), preference)
    text = draw(texts)
    answers["words"] = (json.dumps(text), Text(text))
    return draw(st.sampled_from(list(STATUSES))), answers


@settings(max_examples=40, deadline=None)
@given(st.lists(acts(), min_size=1, max_size=12))
def test_sql_and_domain_give_the_same_canonical_answers(given_acts: list[Any]) -> None:
    lines = []
    expected = []
    for number, (status, answers) in enumerate(given_acts):
        body = ",".join(f'"{name}":{raw}' for name, (raw, _) in answers.items())
        lines.append(f'{{"item":"i{number}","who":"w","status":"{status}","answers":{{{body}}}}}')
        for name, (_, answer) in answers.items():
            abstains = isinstance(answer, Abstention) or STATUSES[status] in (Status.SKIPPED, Status.IGNORED)
            expected.append((f"i{number}", name, canonical(answer, STATUSES[status]), abstains))
    assert sorted(landed("made.jsonl", "\n".join(lines))) == sorted(expected)


def landed(name: str, text: str) -> list[tuple[Any, ...]]:
    """What an export lands as; nothing of it may be refused."""
    with tempfile.TemporaryDirectory() as folder:
        inbox = Path(folder) / "inbox" / "made"
        inbox.mkdir(parents=True)
        (inbox / name).write_text(text, encoding="utf-8", newline="")
        home = Home(Path(folder) / "home")
        report = ingest_source(CONTRACT, inbox.parent, home, KEY)
        assert report.total("judgments_refused") == report.total("acts_refused") == 0
        (place,) = landed_folders(CONTRACT, home, KEY)
        files = place / "judgments" / "*.parquet"
        with connect() as con:
            query = f"select item_id, question_id, answer, abstained from read_parquet('{files}')"
            return con.execute(query).fetchall()


CSV_CONTRACT = SourceContract.model_validate(
    {
        "source": "made",
        "title": "Made",
        "licence": "MIT",
        "platform": "tool",
        "attribution": "stable",
        "questions": {"words": {"type": "text"}},
        "files": [
            {
                "role": "judgments",
                "pattern": "made.csv",
                "dialect": {"format": "csv"},
                "item": {"key": "item"},
                "annotator": {"key": "who"},
                "answers": {"words": {"field": "words", "rationale": "why"}},
            }
        ],
    }
)
cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=12), st.sampled_from(["\n", "\r\n"]))
def test_csv_cells_arrive_byte_for_byte(rows: list[tuple[str, str]], ending: str) -> None:
    """Embedded newlines, quotes and delimiters included, as the standard library writes them."""
    with tempfile.TemporaryDirectory() as folder:
        inbox = Path(folder) / "inbox" / "made"
        inbox.mkdir(parents=True)
        with (inbox / "made.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator=ending, quoting=csv.QUOTE_ALL)
            writer.writerow(["item", "who", "words", "why"])
            writer.writerows([f"i{number}", "w", word, why] for number, (word, why) in enumerate(rows))
        home = Home(Path(folder) / "home")
        report = ingest_source(CSV_CONTRACT, inbox.parent, home, KEY)
        assert report.total("records") == report.total("judgments") == len(rows)
        (place,) = landed_folders(CSV_CONTRACT, home, KEY)
        files = place / "judgments" / "*.parquet"
        with connect() as con:
            query = f"select answer_text, raw_answer, rationale from read_parquet('{files}') order by record_ordinal"
            assert con.execute(query).fetchall() == [(word, word, why) for word, why in rows]
