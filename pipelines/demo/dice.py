"""Chance for the demo generator: integers drawn from a seed, the same on every platform and Python version.

Only `random.Random.random` is used, whose sequence Python guarantees; every draw is made an integer at once.
"""

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """A stream of draws named by a seed and a purpose; streams with different names are independent."""

    def __init__(self, seed: int, stream: str) -> None:
        self._random = random.Random(f"{seed}/{stream}").random  # noqa: S311 - repeatable, not secret

    def below(self, bound: int) -> int:
        """Return an integer from 0 to `bound` - 1, all equally likely."""
        return int(self._random() * bound)

    def between(self, low: int, high: int) -> int:
        """Return an integer from `low` to `high`, both included."""
        return low + self.below(high - low + 1)

    def chance(self, percent: int) -> bool:
        """Return true in `percent` of 100 draws."""
        return self.below(100) < percent

    def bell(self, half: int) -> int:
        """Return noise around 0: the sum of two uniform draws from -`half` to `half` (a triangle)."""
        return self.between(-half, half) + self.between(-half, half)

    def pick(self, options: Sequence[T]) -> T:
        """Return one of `options`."""
        return options[self.below(len(options))]

    def shuffled(self, values: Sequence[T]) -> list[T]:
        """Return `values` in a drawn order (Fisher-Yates)."""
        out = list(values)
        for last in range(len(out) - 1, 0, -1):
            other = self.below(last + 1)
            out[last], out[other] = out[other], out[last]
        return out

    def text(self, alphabet: str, length: int) -> str:
        """Return `length` characters of `alphabet`."""
        return "".join(self.pick(alphabet) for _ in range(length))


class Decks:
    """Sentences dealt by kind without replacement; when all of a kind were dealt, it is shuffled anew."""

    def __init__(self, dice: Dice) -> None:
        self._dice = dice
        self._left: dict[str, list[str]] = {}

    def deal(self, kind: str, sentences: Sequence[str]) -> str:
        """Return the next sentence of the deck called `kind`, which is made of `sentences`."""
        deck = self._left.get(kind) or self._dice.shuffled(sentences)
        self._left[kind] = deck[:-1]
        return deck[-1]
