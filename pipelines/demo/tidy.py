"""The tone demo export, as a tidy CSV and a file of profiles: the course of a project, and its bytes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pipelines.demo.dice import Decks, Dice
from pipelines.demo.population import (
    PROFILE_COLUMNS,
    PROFILES,
    TONE_ANNOTATORS,
    ToneAnnotator,
    ToneAnswer,
    rate,
)
from pipelines.demo.wording import COMMENTS, MESSAGES, Message

SOURCE = "demo_tone"
RATINGS, ANNOTATORS = "ratings.csv", "annotators.csv"
COLUMNS = ("item_id", "text", "annotator", "politeness", "offensive", "comment", "judged_at", "seconds")

_START = datetime(2026, 3, 4, 8, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Rating:
    """One annotator's answers about one message, `ends_s` seconds from the start, in `tenths` of a second."""

    index: int
    annotator: ToneAnnotator
    answer: ToneAnswer
    comment: str
    ends_s: int
    tenths: int


def _csv(rows: Iterable[Iterable[str]]) -> bytes:
    """Return `rows` as CSV: a field is quoted where it must be, and a line ends in LF."""

    def field(value: str) -> str:
        return '"' + value.replace('"', '""') + '"' if any(c in value for c in ',"\r\n') else value

    return "".join(",".join(map(field, row)) + "\n" for row in rows).encode()


def _comment(annotator: ToneAnnotator, answer: ToneAnswer, dice: Dice, decks: Decks) -> str:
    if answer.mood is None or not dice.chance(annotator.comment_percent):
        return ""
    return decks.deal(answer.mood, COMMENTS[answer.mood])


def _repeat(dice: Dice) -> tuple[int, ToneAnnotator, ToneAnswer, ToneAnswer]:
    """Find who rates a message twice, with another politeness the second time: first and second answer."""
    items: list[tuple[int, Message]] = [(n, m) for n, m in enumerate(MESSAGES) if not m.is_contested]
    people = [annotator for annotator in TONE_ANNOTATORS if not annotator.careless_percent]
    while True:
        (index, message), annotator = dice.pick(items), dice.pick(people)
        first, second = rate(annotator, message, dice), rate(annotator, message, dice)
        if first.politeness != second.politeness:
            return index, annotator, first, second


def _ratings(seed: int) -> list[Rating]:
    """Return every rating in the order in which it was given; the repeat comes last, two days later."""
    dice, clock = Dice(seed, f"{SOURCE}/answers"), Dice(seed, f"{SOURCE}/clock")
    decks = Decks(Dice(seed, f"{SOURCE}/comments"))
    repeated, repeater, first, second = _repeat(dice)
    ratings = []
    for annotator in TONE_ANNOTATORS:
        at = clock.below(3_600)
        for index in clock.shuffled(range(len(MESSAGES))):
            is_repeat = index == repeated and annotator is repeater
            answer = first if is_repeat else rate(annotator, MESSAGES[index], dice)
            comment = _comment(annotator, answer, dice, decks)
            hasty = answer.mood is None
            tenths = clock.between(11, 29) if hasty else clock.between(38, 240) + 8 * len(comment)
            at += tenths // 10 + clock.between(1, 6)
            ratings.append(Rating(index, annotator, answer, comment, at, tenths))
    ratings.sort(key=lambda rating: (rating.ends_s, rating.annotator.raw_id))
    comment = _comment(repeater, second, dice, decks)
    return [*ratings, Rating(repeated, repeater, second, comment, 2 * 86_400, clock.between(38, 240))]


def _row(rating: Rating) -> tuple[str, ...]:
    return (
        f"tone-{rating.index + 1:02d}",
        MESSAGES[rating.index].text,
        rating.annotator.raw_id,
        str(rating.answer.politeness),
        rating.answer.offensive,
        rating.comment,
        (_START + timedelta(seconds=rating.ends_s)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        f"{rating.tenths // 10}.{rating.tenths % 10}",
    )


def files(seed: int) -> dict[str, bytes]:
    """Return both files of `seed` by their paths below the inbox."""
    return {
        f"{SOURCE}/{RATINGS}": _csv([COLUMNS, *map(_row, _ratings(seed))]),
        f"{SOURCE}/{ANNOTATORS}": _csv([PROFILE_COLUMNS, *PROFILES]),
    }
