"""The words of the product as records: constructors hold their invariants, canonical forms keep everything."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipelines.domain.answers import (
    Abstention,
    Answer,
    BestWorst,
    Choice,
    MultiChoice,
    Pairwise,
    Ranking,
    Rating,
    Span,
    Spans,
    Text,
    canonical,
)
from pipelines.domain.judgments import Annotator, Item, Judgment, Locator, Response
from pipelines.domain.pseudonyms import PseudonymKey
from pipelines.domain.vocabulary import AnnotatorKind, AnswerType, Attribution, Preference, Status

SOMEBODY = "a" + "0" * 32
PLACE = Locator("f" * 64, 0)


def judgment(**changes: Any) -> Judgment:
    """A judgment that is in order, but for the changes."""
    given: dict[str, Any] = {
        "source_id": "s",
        "item_id": "i",
        "annotator_id": SOMEBODY,
        "question_id": "q",
        "answer_type": AnswerType.CHOICE,
        "answer": Choice("x"),
        "locator": PLACE,
    }
    return Judgment(**{**given, **changes})


@pytest.mark.parametrize(
    ("answer", "form"),
    [
        (Choice("0"), '"0"'),
        (Choice('a "b" é'), '"a \\"b\\" é"'),
        (MultiChoice(()), "[]"),
        (MultiChoice(("b", "a")), '["b","a"]'),
        (Rating("1.0"), "1.0"),
        (Rating("-1e-3"), "-1e-3"),
        (Rating("0.1234567890123456789"), "0.1234567890123456789"),
        (Pairwise(Preference.TIE), '"tie"'),
        (Pairwise(Preference.LEFT, 2), '{"preference":"left","strength":2.0}'),
        (Ranking((("b", 1), ("a", 1), ("c", 3))), '[["a",1],["b",1],["c",3]]'),
        (BestWorst("a", "a"), '{"best":"a","worst":"a"}'),
        (Spans(()), "[]"),
        (Spans((Span(0, 2, "POS"),)), '[{"start":0,"end":2,"text":null,"label":"POS","comment":null}]'),
        (Text(" two\nlines "), '" two\\nlines "'),
        (Abstention("unsure"), '"unsure"'),
    ],
)
def test_an_answer_has_one_canonical_form(answer: Answer, form: str) -> None:
    assert canonical(answer) == form
    assert canonical(answer, Status.REJECTED) == f'{{"rejected":{form}}}'


def test_rejecting_skipping_and_answering_nothing_are_three_answers() -> None:
    empty = MultiChoice(())
    forms = {canonical(empty), canonical(empty, Status.REJECTED), canonical(None, Status.SKIPPED)}
    assert forms == {"[]", '{"rejected":[]}', '{"skipped":null}'}


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: MultiChoice(("a", "a")),
        lambda: Rating("1,5"),
        lambda: Rating("NaN"),
        lambda: Rating("1e999"),
        lambda: Rating("01"),
        lambda: Rating(" 1"),
        lambda: Pairwise(Preference.LEFT, -1),
        lambda: Pairwise(Preference.LEFT, float("nan")),
        lambda: Ranking(()),
        lambda: Ranking((("a", 1), ("a", 2))),
        lambda: Ranking((("a", 0),)),
        lambda: Span(3, 2),
        lambda: Span(-1, 2),
        lambda: Span(None, 2),
        lambda: canonical(None),
        lambda: Locator("f" * 63, 0),
        lambda: Locator("f" * 64, -1),
        lambda: Annotator("ana@example.org", AnnotatorKind.HUMAN, "tool"),
        lambda: Item("s", ""),
        lambda: Item("s", "i", responses=(Response("a", "x"), Response("a", "y"))),
        lambda: judgment(occurrence=0),
        lambda: judgment(answer=None),
        lambda: judgment(annotator_id="ana@example.org"),
        lambda: judgment(attribution=Attribution.NONE),
        lambda: judgment(answer=Rating("1")),
        lambda: judgment(judged_at=datetime(2026, 1, 1)),
        lambda: judgment(duration=timedelta(seconds=-1)),
        lambda: PseudonymKey(b"short"),
    ],
)
def test_what_cannot_be_is_refused(wrong: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        wrong()


def test_a_judgment_knows_its_key_its_answer_and_whether_it_abstains() -> None:
    plain = judgment(judged_at=datetime(2026, 1, 1, tzinfo=UTC), duration=timedelta(seconds=2))
    assert plain.key == ("s", "i", SOMEBODY, "q", 1)
    assert plain.canonical_answer == '"x"'
    assert not plain.abstained
    assert judgment(answer=Abstention("unsure")).abstained
    assert judgment(status=Status.SKIPPED, answer=None).abstained
    assert not judgment(status=Status.REJECTED).abstained


def test_a_pseudonym_is_stable_within_its_scope_and_differs_beyond_it() -> None:
    key, other = PseudonymKey(b"k" * 32), PseudonymKey(b"l" * 32)
    name = key.pseudonym("family", "tool", "ana")
    assert name == key.pseudonym("family", "tool", "ana")
    assert len({name, key.pseudonym("family", "tool", "bob"), key.pseudonym("other", "tool", "ana"),
                key.pseudonym("family", "another", "ana"), other.pseudonym("family", "tool", "ana")}) == 5  # fmt: skip
    assert key.pseudonym("a", "bc", "d") != key.pseudonym("ab", "c", "d")


def test_a_key_never_shows_itself() -> None:
    key = PseudonymKey(b"secret" * 6)
    assert "secret" not in f"{key} {key!r} {key.fingerprint}"
    assert key.secret.hex() not in f"{key} {key!r}"
