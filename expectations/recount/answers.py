"""What the fields of an answer say: for each type of question and each place an answer can be in.

Each ``..._says`` makes, once a question, a function that takes the raw values of an answer and gives its canonical
text and whether it abstains. What the words of contracts and answers mean is said in ``docs/contracts.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from expectations.recount.rankings import elements_are, ranked_say, ranking_of, ranks_say, tiers_say
from expectations.recount.saying import Said, Says, quoted
from expectations.recount.texts import parsed
from expectations.recount.values import ABSENT, WHOLE, Token, Unreadable, content, scalar, single
from pipelines.contracts.answers import AnswerMapping
from pipelines.contracts.questions import Question
from pipelines.domain.answers import BestWorst, MultiChoice, Pairwise, Rating, Span, Spans
from pipelines.domain.vocabulary import AnswerType, Preference


def says(question: Question, answer: AnswerMapping, responses: Sequence[str], *, is_table: bool) -> Says:
    """What tells the meaning of an answer's raw values, in the order of ``AnswerMapping.fields``.

    ``responses`` are the keys of the item's responses; ``is_table``: values are cells of a CSV file.
    """
    if answer.one_hot:
        return _one_hot_says(question, answer)
    if answer.ranks or answer.rank_of:
        return ranks_say(question, answer)
    if answer.ranked:
        return ranked_say(question, answer)
    if answer.tiers:
        return tiers_say(question)
    if answer.best:
        return _best_worst_says(question, answer)
    if answer.spans:
        return _spans_say(question, answer)
    if question.type in (AnswerType.MULTI_CHOICE, AnswerType.RANKING):
        return _list_says(question, answer, is_table=is_table)
    word = word_says(question, responses)

    def says_word(values: Sequence[Any], order: Sequence[str | None] | None) -> Said:
        value = values[0]
        text = "[]" if value == [] and question.type != AnswerType.TEXT else scalar(value)
        if text is None and answer.several and value is not None:
            text = content(value)
        if text is None:
            raise Unreadable("holds no single value")
        return word(text, values[1] if answer.strength else None, order)

    return says_word


def word_says(question: Question, responses: Sequence[str]) -> Callable[..., Said]:
    """What one word means as an answer to a question with one value."""
    abstain, synonyms, options = set(question.abstain), question.synonyms, question.options
    scale = question.scale

    def say(text: str, strength: Any = None, order: Sequence[str | None] | None = None) -> Said:
        text = synonyms.get(text, text)
        if question.type == AnswerType.PAIRWISE:
            given = _strength(strength)
            if text in abstain:
                return quoted(text), True
            if text not in question.answers:
                raise Unreadable("is none of the declared answers")
            meant = question.answers[text]
            preference = Preference(meant.preference)
            if question.sides == "shown" and preference != Preference.TIE:
                preference = _turned(preference, responses, order)
            return Pairwise(preference, meant.strength if given is None else given).canonical(), False
        if text in abstain:
            return quoted(text), True
        if question.type == AnswerType.TEXT:
            return quoted(text), False
        if question.type == AnswerType.CHOICE:
            if text not in options:
                raise Unreadable("is none of the declared options")
            return quoted(text), False
        try:
            rating = Rating(text)
        except ValueError:
            raise Unreadable("is no number") from None
        if scale and (
            (scale.min is not None and rating.number < scale.min)
            or (scale.max is not None and rating.number > scale.max)
        ):
            raise Unreadable("lies outside the scale")
        return rating.canonical(), False

    return say


def _strength(value: Any) -> float | None:
    if value is None or value is ABSENT or value == "":
        return None
    try:
        found = Rating(scalar(value) or "").number
    except ValueError:
        raise Unreadable("has a strength that is no number") from None
    if found < 0:
        raise Unreadable("has a negative strength")
    return found


def _turned(preference: Preference, responses: Sequence[str], order: Sequence[str | None] | None) -> Preference:
    """A side of the screen as the response that was shown there."""
    if order is None:
        raise Unreadable("names a side, and the order is not told")
    if order[0] == responses[0]:
        return preference
    return Preference.RIGHT if preference == Preference.LEFT else Preference.LEFT


def _set_of(question: Question, words: list[str]) -> Said:
    meant = [question.synonyms.get(word, word) for word in words]
    if len(set(meant)) < len(meant):
        raise Unreadable("names an option twice")
    if any(word not in question.options for word in meant):
        raise Unreadable("names what is none of the declared options")
    chosen = tuple(option for option in question.options if option in meant)
    return MultiChoice(chosen).canonical(), any(option in question.abstain for option in chosen)


def _one_hot_says(question: Question, answer: AnswerMapping) -> Says:
    assert answer.one_hot is not None
    options = list(answer.one_hot.columns)
    chosen_by = [answer.one_hot.set.replace("{option}", option) for option in options]
    other, may_be_absent = answer.one_hot.unset, answer.one_hot.may_be_absent
    word = word_says(question, ())

    def say(values: Sequence[Any], _: Sequence[str | None] | None) -> Said:
        texts = [other if value is ABSENT and may_be_absent else scalar(value) for value in values]
        cells = list(zip(options, chosen_by, texts, strict=True))
        if any(text not in (mark, other) for _, mark, text in cells):
            raise Unreadable("has a cell that is neither set nor unset")
        chosen = [option for option, mark, text in cells if text == mark]
        if question.type == AnswerType.MULTI_CHOICE:
            return _set_of(question, chosen)
        if len(chosen) != 1:
            raise Unreadable("has not one option")
        return word(chosen[0])

    return say


def _list_says(question: Question, answer: AnswerMapping, *, is_table: bool) -> Says:
    is_set = question.type == AnswerType.MULTI_CHOICE

    def say(values: Sequence[Any], _: Sequence[str | None] | None) -> Said:
        value = values[0]
        if is_set and not is_table and answer.split is None and answer.levels is None and type(value) is str and value:
            value = [value]  # a text alone is a set of one
        if answer.levels is not None:
            value = _leveled(value, answer.levels)
        if answer.split is not None and any(answer.split in option for option in question.options):
            words = _whole_options(scalar(value) or "", list(question.options), answer.split)
        else:
            words = _words(value, answer.split, is_set=is_set, is_table=is_table)
        if is_set:
            return _set_of(question, words)
        if not words or len(set(words)) < len(words):
            raise Unreadable("does not name each option once")
        return ranking_of([(word, rank) for rank, word in enumerate(words, 1)], question)

    def say_or_abstain(values: Sequence[Any], order: Sequence[str | None] | None) -> Said:
        text = scalar(values[0])
        return (quoted(text), True) if text in question.abstain else say(values, order)

    return say if is_set else say_or_abstain


def _whole_options(text: str, options: list[str], separator: str) -> list[str]:
    """The options that a text names one after the other, some of which hold the separator themselves."""
    words: list[str] = []
    rest = text + separator
    while rest:
        for option in options:
            if rest.startswith(option + separator):
                words.append(option)
                rest = rest[len(option + separator) :]
                break
        else:
            raise Unreadable("names what is none of the declared options")
    return words


def _leveled(value: Any, separator: str) -> list[str]:
    """Options that are lists of texts, each as its parts joined."""
    if type(value) is not list:
        raise Unreadable("is no list")
    for one in value:
        if type(one) is not list or not one or any(type(part) is not str or separator in part for part in one):
            raise Unreadable("has an option that is no list of texts")
    return [separator.join(one) for one in value]


def _words(value: Any, split: str | None, *, is_set: bool, is_table: bool) -> list[str]:
    if split is not None:
        text = "[]" if value == [] and is_set else scalar(value)
        if text is None:
            raise Unreadable("is no text to split")
        return text.split(split) if text else []
    if is_table:
        value = parsed(value)
    if type(value) is not list:
        raise Unreadable("is no list")
    words = [single(one) for one in value]
    if any(word is None for word in words):
        raise Unreadable("has an element that is no value")
    if is_set and any(type(one) is Token and not WHOLE.fullmatch(one) for one in value):
        raise Unreadable("has a fraction among its options")
    return [word for word in words if word is not None]


def _best_worst_says(question: Question, answer: AnswerMapping) -> Says:
    def say(values: Sequence[Any], _: Sequence[str | None] | None) -> Said:
        best, worst, *among = (scalar(value) for value in values)
        if not best or not worst:
            raise Unreadable("has no best, or no worst")
        if best == worst and best in question.abstain:
            return quoted(best), True
        if best in question.abstain or worst in question.abstain:
            raise Unreadable("abstains by half")
        if answer.among and (best not in among or worst not in among):
            raise Unreadable("names what was not there to choose from")
        return BestWorst(best, worst).canonical(), False

    return say


def _spans_say(question: Question, answer: AnswerMapping) -> Says:
    """Of spans, ``values`` are the list, and each element with its parts: [start, end, label, text, comment]."""
    assert answer.spans is not None
    nothing = answer.spans.nothing_at
    kind = elements_are(answer)

    def offset(value: Any) -> int | None:
        if value is None or value is ABSENT:
            return None
        if type(value) is not Token or not WHOLE.fullmatch(value):
            raise Unreadable("has an offset that is no whole number")
        return int(value)

    def say(values: Sequence[Any], _: Sequence[str | None] | None) -> Said:
        whole, parts = values
        text = single(whole)
        if text is not None and text in question.abstain:
            return quoted(text), True
        if type(whole) is not list or any(type(one) is not kind for one in whole):
            raise Unreadable("is no list of objects")
        found = []
        for start, end, label, marked, comment in parts(whole):
            begin, behind = offset(start), offset(end)
            if nothing is not None and begin == nothing:
                continue
            try:
                found.append(Span(begin, behind, *map(content, (label, marked, comment))))
            except ValueError:
                raise Unreadable("has offsets of no span") from None
        return Spans(tuple(found)).canonical(), False

    return say


def parsed_list(text: str) -> list[Any]:
    """The list that a CSV cell holds as JSON."""
    value = parsed(text)
    if type(value) is not list:
        raise Unreadable("is no list")
    return value
