"""The invented wording of the demo exports, from the TOML files beside: what is judged, what people write.

Only constants and the small records that hold them. Who judges, and how, is in `population`.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Style = Literal["short", "full"]


@dataclass(frozen=True)
class Pair:
    """A prompt and two responses: `short` answers briefly, `full` answers thoroughly.

    `topic` names the subject inside a sentence. `warm` says which response is the kinder one. `edge` says
    which is the better one to everybody, and how clearly: -2 (short) to 2 (full). `majority` is set on a
    contested pair and names the response that all but the minority prefer.
    """

    topic: str
    prompt: str
    short: str
    full: str
    warm: Style | None = None
    edge: int = 0
    language: str = "en"
    majority: Style | None = None


@dataclass(frozen=True)
class Remark:
    """A remark, the concerns that its words state (`plain`) and those that one may read into it (`implied`).

    `contrary` is set on a contested remark: the concerns that the minority sees in it, instead of `plain`.
    `is_unclear` marks a remark that some annotators reject as not answerable.
    """

    text: str
    plain: list[str]
    implied: list[str]
    contrary: list[str] | None = None
    is_unclear: bool = False
    language: str = "en"


@dataclass(frozen=True)
class Message:
    """A message: how `polite` it sounds to most (1 to 7), how bare (`curt`) and how rude (`edge`), 0 to 3.

    `is_contested` marks a message that the minority takes as an insult, whenever it reads it.
    """

    text: str
    polite: int
    curt: int = 0
    edge: int = 0
    is_contested: bool = False
    language: str = "en"


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / f"{name}.toml").read_text(encoding="utf-8"))


CONCERNS: tuple[tuple[str, str], ...] = (
    ("transport", "Transport"),
    ("noise", "Noise"),
    ("litter", "Litter and dirt"),
    ("cost", "Prices and fees"),
    ("access", "Accessibility"),
    ("safety", "Safety"),
    ("opening_hours", "Opening hours"),
)
"""The options shown to those who label remarks: id and text, in the order of presentation."""

PAIRS: tuple[Pair, ...] = tuple(Pair(**row) for row in _read("pairs")["pair"])
REMARKS: tuple[Remark, ...] = tuple(Remark(**row) for row in _read("remarks")["remark"])
MESSAGES: tuple[Message, ...] = tuple(Message(**row) for row in _read("messages")["message"])

REASONS: Mapping[str, list[str]] = _read("reasons")
"""Reasons for a preference by what carried it, with places for {win}, {lose} and {topic}."""

COMMENTS: Mapping[str, list[str]] = _read("comments")
"""Comments on a message by what the annotator felt."""
