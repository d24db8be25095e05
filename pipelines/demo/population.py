"""The invented people of the demo exports: who they are and how they answer. No file format belongs here.

The model, in integers only:

* **Taste.** Each annotator belongs to a group, and groups want, notice or tolerate different things. They
  disagree lastingly, and none of them is wrong. In the pairwise export an annotator's wishes are the group's,
  each moved by -1, 0 or 1 (drawn once for each annotator).
* **Noise.** Each answer adds a draw around 0, so one person may answer the same question twice in two ways.
* **Minority view.** On contested items a named minority holds the opposite of the others' view. It is stable:
  on these items neither taste nor noise changes which side the minority takes.
* **Idiosyncrasy.** Among those who rate, one of each export is severe (an offset on every rating) and one is
  careless (ties or middle answers, hardly a word); one annotator is fond of a label, one writes in Spanish.
* **Abstention.** Rates, by annotator, at which someone is unsure, ignores a text or rejects an unclear one.
"""

from dataclasses import dataclass, replace
from typing import Literal

from pipelines.demo.dice import Dice
from pipelines.demo.wording import CONCERNS, Message, Pair, Remark, Style

Preference = Literal["short", "tie", "full"]
Offence = Literal["yes", "no", "unsure"]
Verdict = Literal["accept", "reject", "ignore"]


@dataclass(frozen=True)
class PairAnnotator:
    """Compares two responses. `brevity`, `detail` and `warmth` are wishes in points of utility (0 to 6)."""

    raw_id: int
    group: str
    brevity: int
    detail: int
    warmth: int
    severity: int = 0
    careless_percent: int = 0
    is_dissenter: bool = False
    writes: str = "en"


@dataclass(frozen=True)
class TopicAnnotator:
    """Labels remarks. `implied_percent` is how often a concern between the lines is marked."""

    raw_id: str
    group: str
    implied_percent: int
    ignore_percent: int
    reject_unclear_percent: int
    fond_of: str | None = None
    is_dissenter: bool = False


@dataclass(frozen=True)
class ToneAnnotator:
    """Rates messages. Bareness takes `curt_cost` / 2 points a degree off the politeness, rounded down."""

    raw_id: str
    group: str
    curt_cost: int
    sensitivity: int
    unsure_percent: int
    comment_percent: int
    severity: int = 0
    careless_percent: int = 0
    is_dissenter: bool = False


PAIR_ANNOTATORS: tuple[PairAnnotator, ...] = (
    PairAnnotator(610048217, "brief", brevity=5, detail=1, warmth=1),
    PairAnnotator(610073954, "brief", brevity=5, detail=1, warmth=1, is_dissenter=True),
    PairAnnotator(610112683, "brief", brevity=5, detail=1, warmth=1, careless_percent=60),
    PairAnnotator(610159306, "thorough", brevity=1, detail=5, warmth=1, severity=-1),
    PairAnnotator(610204871, "thorough", brevity=1, detail=5, warmth=1),
    PairAnnotator(610266439, "thorough", brevity=1, detail=5, warmth=1, writes="es"),
    PairAnnotator(610318725, "warm", brevity=2, detail=2, warmth=5, is_dissenter=True),
    PairAnnotator(610390142, "warm", brevity=2, detail=2, warmth=5),
)

TOPIC_ANNOTATORS: tuple[TopicAnnotator, ...] = (
    TopicAnnotator("ximena", "literal", implied_percent=10, ignore_percent=3, reject_unclear_percent=80),
    TopicAnnotator("zdenka", "literal", 10, ignore_percent=3, reject_unclear_percent=80, fond_of="safety"),
    TopicAnnotator("thandiwe", "broad", 75, ignore_percent=3, reject_unclear_percent=40, is_dissenter=True),
    TopicAnnotator("yusra", "broad", 75, ignore_percent=12, reject_unclear_percent=40),
)

TONE_ANNOTATORS: tuple[ToneAnnotator, ...] = (
    ToneAnnotator("rosalind.achterberg@example.org", "formal", 1, 1, unsure_percent=4, comment_percent=45),
    ToneAnnotator("tendai.mukwashi@example.org", "formal", 1, 1, 4, comment_percent=30, is_dissenter=True),
    ToneAnnotator("ingeborg.lysaker@example.org", "plain-spoken", 0, 0, unsure_percent=4, comment_percent=30),
    ToneAnnotator("haruto.kiyosawa@example.org", "formal", 1, 1, unsure_percent=15, comment_percent=40),
    ToneAnnotator("dolores.quintanilla@example.org", "plain-spoken", 0, 0, 4, comment_percent=45, severity=-1),
    ToneAnnotator("aurelio.bonfante@example.org", "plain-spoken", 0, 0, 2, comment_percent=6, careless_percent=50),
)

PROFILE_COLUMNS = ("annotator", "age_band", "region", "gender")
PROFILES: tuple[tuple[str, str, str, str], ...] = (
    ("rosalind.achterberg@example.org", "55-64", "Western Europe", "Woman"),
    ("tendai.mukwashi@example.org", "25-34", "Southern Africa", "Man"),
    ("ingeborg.lysaker@example.org", "35-44", "Northern Europe", "Prefer not to say"),
    ("haruto.kiyosawa@example.org", "45-54", "East Asia", "Man"),
    ("dolores.quintanilla@example.org", "65+", "South America", "Woman"),
    ("aurelio.bonfante@example.org", "18-24", "Southern Europe", ""),
    ("haruto.kiyosawa@example.org", "35-44", "North America", "Man"),
)
"""Profiles as given: one declines its gender, one was not asked, one has two that contradict each other."""

_CONVICTION = 12
"""Points that separate the two responses on a contested pair: more than the noise of both can undo."""


@dataclass(frozen=True)
class PairAnswer:
    """A preference with the stars given to each response (1 to 5) and what carried the choice."""

    preference: Preference
    stars_short: int
    stars_full: int
    motive: str


@dataclass(frozen=True)
class TopicAnswer:
    """Prodigy's verdict on the task with the concerns marked, in the order in which they were clicked."""

    verdict: Verdict
    concerns: tuple[str, ...]


@dataclass(frozen=True)
class ToneAnswer:
    """Politeness (1 to 7), whether it offends, and what the annotator felt (None: careless)."""

    politeness: int
    offensive: Offence
    mood: str | None


def _clamp(value: int, low: int, high: int) -> int:
    return max(low, min(high, value))


def individual(annotator: PairAnnotator, dice: Dice) -> PairAnnotator:
    """Return `annotator` with each wish of its group moved by -1, 0 or 1."""
    return replace(
        annotator,
        brevity=annotator.brevity + dice.between(-1, 1),
        detail=annotator.detail + dice.between(-1, 1),
        warmth=annotator.warmth + dice.between(-1, 1),
    )


def _motives(annotator: PairAnnotator, pair: Pair, style: Style) -> dict[str, int]:
    """What speaks for one response of `pair`, in points by motive."""
    return {
        "brevity": annotator.brevity if style == "short" else 0,
        "detail": annotator.detail if style == "full" else 0,
        "warmth": annotator.warmth if pair.warm == style else 0,
        "quality": 2 * max(0, pair.edge if style == "full" else -pair.edge),
    }


def _favourite(annotator: PairAnnotator, pair: Pair) -> Style | None:
    """Return the response that `annotator` holds to be right on a contested pair, None on any other."""
    if pair.majority is None or not annotator.is_dissenter:
        return pair.majority
    return "full" if pair.majority == "short" else "short"


def compare(annotator: PairAnnotator, pair: Pair, dice: Dice) -> PairAnswer:
    """Compare the responses of `pair`: each one's utility is its motives' points plus noise from -4 to 4.

    A lead of less than 2 points is a tie; 3 points of utility are a star.
    """
    if dice.chance(annotator.careless_percent):
        return PairAnswer("tie", 3, 3, "careless")
    styles: tuple[Style, ...] = ("short", "full")
    favourite = _favourite(annotator, pair)
    motives = {style: _motives(annotator, pair, style) for style in styles}
    points, stars = {}, {}
    for style in styles:
        wish = sum(motives[style].values()) if favourite is None else _CONVICTION * (style == favourite) - 3
        points[style] = wish + dice.bell(2)
        stars[style] = _clamp(2 + (points[style] + 1) // 3 + annotator.severity, 1, 5)
    lead = points["full"] - points["short"]
    if abs(lead) < 2:
        return PairAnswer("tie", stars["short"], stars["full"], "tie")
    winner: Style = "full" if lead > 0 else "short"
    loser: Style = "short" if lead > 0 else "full"
    if favourite is not None:
        return PairAnswer(winner, stars["short"], stars["full"], "conviction")
    gains = {name: value - motives[loser][name] for name, value in motives[winner].items()}
    motive = max(gains, key=lambda name: gains[name])
    return PairAnswer(winner, stars["short"], stars["full"], motive)


def label(annotator: TopicAnnotator, remark: Remark, dice: Dice) -> TopicAnswer:
    """Mark the concerns of `remark`: 95 % of those stated, a share of those implied, 1 % of the others."""
    if remark.contrary is not None and annotator.is_dissenter:
        return TopicAnswer("accept", tuple(remark.contrary))
    if dice.chance(annotator.ignore_percent):
        return TopicAnswer("ignore", ())
    is_rejected = remark.is_unclear and dice.chance(annotator.reject_unclear_percent)
    marked = []
    for concern, _ in CONCERNS:
        percent = 95 if concern in remark.plain else annotator.implied_percent if concern in remark.implied else 1
        if concern == annotator.fond_of:
            percent += 20
        if dice.chance(percent):
            marked.append(concern)
    return TopicAnswer("reject" if is_rejected else "accept", tuple(dice.shuffled(marked)))


def rate(annotator: ToneAnnotator, message: Message, dice: Dice) -> ToneAnswer:
    """Rate the tone of `message`: 2 points of offence a degree of rudeness; 4 is "unsure", more is "yes"."""
    if message.is_contested and annotator.is_dissenter:
        return ToneAnswer(dice.between(1, 2), "yes", "insulted")
    if dice.chance(annotator.careless_percent):
        return ToneAnswer(4, "no", None)
    heard = message.polite - annotator.curt_cost * message.curt // 2 + annotator.severity + dice.bell(1)
    offence = 2 * message.edge + annotator.sensitivity + dice.bell(1)
    politeness = _clamp(heard, 1, 7)
    if dice.chance(annotator.unsure_percent) or offence == 4:
        return ToneAnswer(politeness, "unsure", "torn")
    if offence > 4:
        return ToneAnswer(politeness, "yes", "rude")
    mood = "warm" if politeness >= 6 else "curt" if message.curt > 0 else "mild"
    return ToneAnswer(politeness, "no", mood)
