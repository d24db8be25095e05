"""What rankings say: ranks in fields of their own, in a list, or by the tier that an option is in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from expectations.recount.saying import Said, Says, quoted
from expectations.recount.values import ABSENT, WHOLE, Token, Unreadable, scalar, single
from pipelines.contracts.answers import AnswerMapping
from pipelines.contracts.questions import Question
from pipelines.domain.answers import Ranking

_RANK = re.compile(r"[1-9][0-9]*")
_HIGHEST_RANK = 2**31


def ranks_say(question: Question, answer: AnswerMapping) -> Says:
    """Of ranks in fields of their own, ``values`` are those ranks; of one row an option, the rank and its option."""
    options = list(answer.ranks)

    def say(values: Sequence[Any], _: Sequence[str | None] | None) -> Said:
        texts = [scalar(value) for value in values]
        named = options
        if answer.rank_of:
            option, texts = texts[1], texts[:1]
            if texts[0] not in question.abstain:
                if option is None:
                    raise Unreadable("ranks nothing")
                named = [option]
        if texts[0] in question.abstain and len(set(texts)) == 1:
            return quoted(texts[0] or ""), True
        return ranking_of(list(zip(named, map(_rank_of, texts), strict=True)), question)

    return say


def _rank_of(text: str | None) -> int:
    rank = int(text) if text and _RANK.fullmatch(text) else 0
    if not 0 < rank < _HIGHEST_RANK:
        raise Unreadable("has a rank that is none")
    return rank


def ranking_of(pairs: list[tuple[str, int]], question: Question) -> Said:
    """A ranking of options with their ranks, each of which the question lists if it lists any.

    Raises:
        Unreadable: it is none.
    """
    if question.options and any(option not in question.options for option, _ in pairs):
        raise Unreadable("ranks what is none of the declared options")
    if not pairs or len({option for option, _ in pairs}) < len(pairs):
        raise Unreadable("does not name each option once")
    return Ranking(tuple(pairs)).canonical(), False


def elements_are(answer: AnswerMapping) -> type:
    """What the elements of a list are that is an answer: objects, or lists of their parts."""
    return list if answer.listed is not None and answer.listed.is_by_place else dict


def ranked_say(question: Question, answer: AnswerMapping) -> Says:
    """Of ranks, ``values`` are the list, and each element with its parts: [option, rank]."""
    kind = elements_are(answer)

    def say(values: Sequence[Any], _: Sequence[str | None] | None) -> Said:
        whole, parts = values
        text = single(whole)
        if type(whole) is str and text in question.abstain:
            return quoted(text), True
        if type(whole) is not list or any(type(one) is not kind for one in whole):
            raise Unreadable("is no list of objects")
        pairs = []
        for option, rank in parts(whole):
            name = single(option)
            if name is None:
                raise Unreadable("ranks nothing")
            pairs.append((name, _rank_of(single(rank))))
        return ranking_of(pairs, question)

    return say


def tiers_say(question: Question) -> Says:
    """Lists of options, best first: the rank of an option is the place of its list."""

    def say(values: Sequence[Any], _: Sequence[str | None] | None) -> Said:
        texts = {scalar(value) for value in values}
        (word,) = texts if len(texts) == 1 else (None,)
        if word is not None and word in question.abstain:
            return quoted(word), True
        pairs: list[tuple[str, int]] = []
        for rank, value in enumerate(values, 1):
            if value is ABSENT:
                continue
            if type(value) is not list or any(type(one) is Token and not WHOLE.fullmatch(one) for one in value):
                raise Unreadable("is no list of options")
            names = [single(one) for one in value]
            if None in names:
                raise Unreadable("has an element that is no value")
            pairs += [(name, rank) for name in names if name is not None]
        return ranking_of(pairs, question)

    return say
