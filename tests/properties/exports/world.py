"""A small world of judgments: questions of every answer type, and acts that answer them. No reader, no shape.

Everything drawn here is valid; what breaks an export is in ``mutations``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from hypothesis import strategies as st

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
)
from pipelines.domain.vocabulary import AnswerType, Attribution, Preference, Status

MARK = "§who"
"""Every raw annotator id ends so: nothing else does, which lets a test find an id that leaked."""

OPTIONS = (
    "0",
    "1",
    "1.10",
    "yes",
    "a b",
    "é",
    "line\nbreak",
    'a "quoted" \\',
    "None",
    "null",
    "N/A",
    "NaN",
    "true",
    "=1+1",
)
NUMBERS = ("0", "-0", "1", "1.0", "1.10", "2", "3.5", "-1.5", "1e2", "2E-3", "0.1234567890123456789", "7" * 25)
FORMULAS = ("=cmd|' /C calc'!A0", "+1", "@x", "-1+1|x", '=HYPERLINK("http://x","y")', "\t=1")
WORDS = (
    "",
    " ",
    "null",
    "None",
    "NaN",
    "N/A",
    "[]",
    "{}",
    "0",
    "'",
    '"',
    '""',
    ",",
    ";",
    "\r\n",
    "\n",
    "\\",
    " padded ",
)
SPELLINGS = {"ok": Status.SUBMITTED, "skip": Status.SKIPPED, "no": Status.REJECTED, "": Status.IGNORED}
TIMES = {
    "2024-02-29T23:59:59Z": "2024-02-29 23:59:59",
    "2024-05-01T12:30:45.123456+02:00": "2024-05-01 10:30:45.123456",
    "1999-12-31 00:00": "1999-12-31 00:00:00",
}
"""Times as exports write them, and the instants in UTC."""


@dataclass(frozen=True)
class Asked:
    """A question: what it takes, and how a source may spell it.

    ``may_be_silent``: an act may leave it unanswered, which is no judgment.
    """

    code: str
    type: AnswerType
    options: tuple[str, ...] = ()
    abstaining: tuple[str, ...] = ()
    synonyms: Mapping[str, str] = field(default_factory=dict)
    low: float | None = None
    high: float | None = None
    meanings: Mapping[str, Pairwise] = field(default_factory=dict)
    may_be_silent: bool = False

    def declared(self, unanswered: str | None) -> dict[str, Any]:
        """The question as a contract states it; ``unanswered`` is how silence is written."""
        stated: dict[str, Any] = {"type": self.type.value}
        if self.type in (AnswerType.CHOICE, AnswerType.MULTI_CHOICE):
            stated["options"] = list(self.options)
        if self.type == AnswerType.RATING:
            stated["scale"] = {"kind": "ratio", "min": self.low, "max": self.high}
        if self.type == AnswerType.PAIRWISE:
            stated["answers"] = {
                raw: {"preference": one.preference.value, "strength": one.strength}
                for raw, one in self.meanings.items()
            }
        if self.may_be_silent:
            stated["unanswered"] = [unanswered]
        return {**stated, "abstain": list(self.abstaining), "synonyms": dict(self.synonyms)}


@dataclass(frozen=True)
class Given:
    """An answer, and the words the source has for it (options may be spelled by a synonym)."""

    answer: Answer
    spelled: tuple[str, ...]


@dataclass(frozen=True)
class Act:
    """One annotator before one item: what became of it, and an answer a question, or None where there is none."""

    item: str
    annotator: str
    given: Mapping[str, Given | None]
    spelled_status: str = "ok"
    rationale: str | None = None
    confidence: str | None = None
    spelled_time: str | None = None
    duration: str | None = None
    note: str | None = None

    @property
    def status(self) -> Status:
        """What became of the act."""
        return SPELLINGS[self.spelled_status]


@dataclass(frozen=True)
class World:
    """What a source holds. ``texts`` gives each item's text; ``has_beside``: acts have a status and more."""

    asked: tuple[Asked, ...]
    texts: Mapping[str, str]
    acts: tuple[Act, ...]
    attribution: Attribution
    has_beside: bool = False


@lru_cache(maxsize=100)
def words(codec: str, *, without: str = "", max_size: int = 8) -> st.SearchStrategy[str]:
    """Texts that the codec can write: whatever signs, and those that are taken for something else."""
    signs = st.characters(codec=codec, exclude_categories=["Cs"], exclude_characters=without)
    plain = [word for word in (*WORDS, *FORMULAS) if not set(word) & set(without)]
    return st.one_of(st.sampled_from(plain), st.text(signs, max_size=max_size))


def _key(text: str) -> str:
    return text if text.strip(" \t\r\n") else f"{text}."


def _writable(pool: tuple[str, ...], codec: str, without: str) -> list[str]:
    return [one for one in pool if not set(one) & set(without) and one == one.encode(codec, "ignore").decode(codec)]


@st.composite
def questions(
    draw: st.DrawFn,
    code: str,
    types: tuple[AnswerType, ...],
    codec: str,
    without: str,
    *,
    is_text: bool,
    is_sparse: bool = False,
) -> Asked:
    """One question of some type; ``without`` are signs that no option may have. A cell of text is always there."""
    kind = draw(st.sampled_from(types))
    pool = _writable(OPTIONS, codec, without)
    options = tuple(draw(st.lists(st.sampled_from(pool), min_size=2, max_size=4, unique=True)))
    silent = not (is_text and kind in (AnswerType.RANKING, AnswerType.BEST_WORST)) and (
        is_sparse or draw(st.booleans())
    )
    abstaining = options[:1] if draw(st.booleans()) else ()
    if kind in (AnswerType.CHOICE, AnswerType.MULTI_CHOICE):
        synonyms = {"Syn": options[-1]} if draw(st.booleans()) else {}
        return Asked(code, kind, options, abstaining, synonyms, may_be_silent=silent)
    if kind == AnswerType.RATING:
        low, high = draw(st.sampled_from([(None, None), (-1.5, None), (0.0, 100.0)]))
        numeric = [one for one in abstaining if one in ("None", "N/A")]
        return Asked(code, kind, (), tuple(numeric), low=low, high=high, may_be_silent=silent)
    if kind == AnswerType.PAIRWISE:
        outcomes = [Pairwise(Preference.LEFT, 2), Pairwise(Preference.TIE), Pairwise(Preference.RIGHT, 0.5)]
        meanings = dict(zip(options[1:], outcomes, strict=False))
        return Asked(code, kind, (), options[:1], meanings=meanings, may_be_silent=silent)
    return Asked(code, kind, options, may_be_silent=silent)


@st.composite
def answers(draw: st.DrawFn, asked: Asked, codec: str, without: str, never: str, *, is_text: bool) -> Given:
    """One valid answer to a question, and its spelling."""
    kind = asked.type
    if kind == AnswerType.CHOICE:
        raw = draw(st.sampled_from([*asked.options, *asked.synonyms]))
        option = asked.synonyms.get(raw, raw)
        return Given(Abstention(option) if option in asked.abstaining else Choice(option), (raw,))
    if kind == AnswerType.MULTI_CHOICE:
        # Where a cell may be silent, an empty one is: the empty set cannot be written.
        chosen = draw(
            st.lists(st.sampled_from(asked.options), unique=True, min_size=int(asked.may_be_silent and is_text))
        )
        back = {option: raw for raw, option in asked.synonyms.items()}
        spelled = tuple(back[one] if one in back and draw(st.booleans()) else one for one in chosen)
        return Given(MultiChoice(tuple(one for one in asked.options if one in chosen)), spelled)
    if kind == AnswerType.RATING:
        fitting = [
            one
            for one in NUMBERS
            if (asked.low is None or asked.low <= float(one)) and (asked.high is None or float(one) <= asked.high)
        ]
        raw = draw(st.sampled_from([*fitting, *asked.abstaining]))
        return Given(Abstention(raw) if raw in asked.abstaining else Rating(raw), (raw,))
    if kind == AnswerType.PAIRWISE:
        raw = draw(st.sampled_from([*asked.meanings, *asked.abstaining]))
        return Given(asked.meanings.get(raw) or Abstention(raw), (raw,))
    if kind == AnswerType.RANKING:
        ranks = tuple((option, draw(st.integers(1, 3))) for option in asked.options)
        return Given(Ranking(ranks), ())
    if kind == AnswerType.BEST_WORST:
        best, worst = draw(st.sampled_from(asked.options)), draw(st.sampled_from(asked.options))
        return Given(BestWorst(best, worst), (best, worst))
    if kind == AnswerType.SPANS:
        return Given(Spans(tuple(draw(st.lists(spans(codec, never), max_size=2)))), ())
    text = draw(words(codec, without=without + never).filter(lambda text: bool(text) or not asked.may_be_silent))
    return Given(Text(text), (text,))


@st.composite
def spans(draw: st.DrawFn, codec: str, never: str) -> Span:
    """A marked stretch; some have no offsets, label or comment."""
    start = draw(st.one_of(st.none(), st.integers(0, 5)))
    part = st.one_of(st.none(), words(codec, without=never))
    end = None if start is None else start + draw(st.integers(0, 5))
    return Span(start, end, draw(part), draw(part), draw(part))


@st.composite
def worlds(
    draw: st.DrawFn,
    types: tuple[AnswerType, ...],
    codec: str,
    *,
    is_text: bool,
    is_sparse: bool = False,
    without: str = "",
    never: str = "",
    max_questions: int = 2,
) -> World:
    """A world in the codec's signs; no key, option or answer has one of ``without``, and nothing one of ``never``."""
    # Two are rare: each more makes the statements that land it longer, and an example slower.
    count = max_questions if draw(st.integers(0, 3)) == 0 else 1
    asked = tuple(
        draw(questions(f"q{number}", types, codec, without, is_text=is_text, is_sparse=is_sparse))
        for number in range(count)
    )
    ids = words(codec, without=without + never + "\0").map(_key)
    items = draw(st.lists(ids, min_size=1, max_size=3, unique=True))
    people = [one + MARK for one in draw(st.lists(ids, min_size=1, max_size=3, unique=True))]
    texts = {item: draw(words(codec, without=never, max_size=20)) for item in items}
    bare = st.fixed_dictionaries({"item": st.sampled_from(items), "annotator": st.sampled_from(people)})
    optional: dict[str, st.SearchStrategy[str | None]] = {
        "spelled_status": st.sampled_from([*SPELLINGS, "ok", "ok"]),
        "rationale": st.one_of(st.none(), words(codec, without=never)),
        "confidence": st.one_of(st.none(), words(codec, without=never)),
        "spelled_time": st.one_of(st.none(), st.sampled_from(list(TIMES))),
        "duration": st.one_of(st.none(), st.sampled_from(["0", "1.5", "12", "1e1"])),
        "note": st.one_of(st.none(), words(codec, without=never)),
    }
    acts = []
    has_beside = draw(st.booleans())
    for _ in range(draw(st.integers(2, 6))):
        given = {
            one.code: None
            if one.may_be_silent and draw(st.integers(0, 3)) == 0
            else draw(answers(one, codec, without, never, is_text=is_text))
            for one in asked
        }
        more: dict[str, Any] = draw(st.fixed_dictionaries(optional)) if has_beside and draw(st.booleans()) else {}
        acts.append(Act(given=given, **draw(bare), **more))
    attribution = draw(st.sampled_from([*Attribution, Attribution.STABLE, Attribution.STABLE]))
    return World(asked, texts, tuple(acts), attribution, has_beside)
