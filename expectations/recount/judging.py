"""One question of a file mapping, compiled: an act goes in, the text of its judgment for the fingerprint comes out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from expectations.laws.neutral import written
from expectations.recount.acts import Act, Get, Layout
from expectations.recount.answers import says
from expectations.recount.saying import Says, quoted
from expectations.recount.values import ABSENT, content_reader, json_of, scalar, single
from pipelines.contracts.answers import AnswerMapping
from pipelines.contracts.files import FileMapping
from pipelines.contracts.questions import Question
from pipelines.domain.vocabulary import ABSTAINING_STATUSES, AnnotatorKind, Status

_REMEMBERED = 50_000
_LONG = 300

Order = tuple[str | None, ...] | None
Judge = Callable[[Act, str, Status, Order], bytes | None]
Raw = Callable[[Sequence[Any]], str | None]


class Asked:
    """A question as it is asked in a file.

    ``judge`` gives what a judgment holds from its question to its abstention, as the fingerprint's text, or None where
    there is none; ``beside`` its rationale and confidence. Both raise Unreadable.
    """

    def __init__(
        self, code: str, question: Question, answer: AnswerMapping, mapping: FileMapping, layout: Layout
    ) -> None:
        self.code = code
        self._question = question
        self._answer = answer
        self._layout = layout
        self._is_table = mapping.is_table
        self._is_xml = mapping.dialect.format == "xml"
        responses = [response.key for response in mapping.item.responses] if mapping.item else []
        self._says: Says = says(question, answer, responses, is_table=self._is_table)
        self._names = self._value_names()
        self._gets = [layout.get(name) for name in self._names]
        self._is_turned = question.sides == "shown"
        self._is_in_part = mapping.is_asked_in_part(code)
        self._written_code = written(code)
        self._written_type = written(question.type.value)
        self.judge: Judge = self._when_asked(self._judge_of())
        self.beside = self._beside_of()

    def _value_names(self) -> list[str]:
        """The fields that ``says`` takes, in its order; the raw answer's order may be another."""
        answer = self._answer
        if answer.listed:
            return [answer.listed.list]
        if answer.tiers:
            return list(answer.tiers)
        if answer.one_hot:
            return list(answer.one_hot.columns.values())
        if answer.ranks:
            return list(answer.ranks.values())
        if answer.best and answer.worst:
            return [answer.best, answer.worst, *answer.among]
        return [name for name in (answer.field, answer.rank_of, answer.strength) if name is not None]

    def _judge_of(self) -> Judge:
        if self._answer.not_applicable:
            return self._uncached(self._box_or_answer())
        plain = self._uncached(self._answered())
        if self._answer.listed or self._answer.levels:
            return plain
        if len(self._gets) == 1:
            return self._remembering_one(plain)
        return self._remembering_several(plain) if self._is_table else plain

    def _when_asked(self, judge: Judge) -> Judge:
        """The same where a field says which records answer this question."""
        told = [(self._layout.get(name), value) for name, value in self._answer.when.items()]
        if not told:
            return judge

        def judged(act: Act, kind: str, status: Status, order: Order) -> bytes | None:
            is_asked = all(scalar(get(act)) == value for get, value in told)
            return judge(act, kind, status, order) if is_asked else None

        return judged

    def _remembering_one(self, judge: Judge) -> Judge:
        """The same, each short value judged once."""
        (get,) = self._gets
        known: dict[tuple[Any, ...], bytes | None] = {}
        is_turned = self._is_turned

        def remembering(act: Act, kind: str, status: Status, order: Order) -> bytes | None:
            value = get(act)
            what: Any = type(value)
            if what is list:
                what, value = tuple(map(type, value)), tuple(value)
            elif what is dict:
                return judge(act, kind, status, order)
            key = (value, what, kind, status, order) if is_turned else (value, what, kind, status)
            try:
                return known[key]
            except TypeError:  # a list of lists cannot be looked up
                return judge(act, kind, status, order)
            except KeyError:
                found = judge(act, kind, status, order)
                if len(known) < _REMEMBERED and len(found or b"") < _LONG:
                    known[key] = found
                return found

        return remembering

    def _remembering_several(self, judge: Judge) -> Judge:
        """The same of several cells of a CSV row."""
        places = [self._layout.place(name) for name in self._names]
        if None in places:
            return judge
        cells = itemgetter(*places)
        known: dict[tuple[Any, ...], bytes | None] = {}

        def remembering(act: Act, kind: str, status: Status, order: Order) -> bytes | None:
            key = (cells(act), kind, status, order)
            try:
                return known[key]
            except KeyError:
                found = judge(act, kind, status, order)
                if len(known) < _REMEMBERED and sum(map(len, key[0])) < _LONG:
                    known[key] = found
                return found

        return remembering

    def _uncached(self, found: Callable[[Act, Order], tuple[str | None, bool, str | None]]) -> Judge:
        submitted, is_in_part = Status.SUBMITTED, self._is_in_part
        begins = {kind.value: self._written_code + written(kind.value) + self._written_type for kind in AnnotatorKind}
        ends = {
            (status, abstains): written(status.value) + written("true" if abstains else "false")
            for status in Status
            for abstains in (True, False)
        }

        def judge(act: Act, kind: str, status: Status, order: Order) -> bytes | None:
            answer, abstains, raw = found(act, order)
            if answer is None and (status is submitted or (is_in_part and raw in (None, "{}"))):
                return None
            if status is not submitted:
                answer = f'{{"{status.value}":{"null" if answer is None else answer}}}'
                abstains = abstains or status in ABSTAINING_STATUSES
            return begins[kind] + written(answer) + written(raw) + ends[status, abstains]

        return judge

    def _answered(self) -> Callable[[Act, Order], tuple[str | None, bool, str | None]]:
        """What finds an act's answer (None: it gives none), whether it abstains, and the raw answer."""
        gets, say, raw = self._gets, self._says, self._raw_of()
        is_silent = self._silence()
        answer = self._answer
        leading = 1 if answer.field or answer.listed else 2 if answer.best else len(gets)
        parts = self._element_parts() if answer.listed else None

        def found(act: Act, order: Order) -> tuple[str | None, bool, str | None]:
            values = [get(act) for get in gets]
            if all(value is ABSENT for value in values[:leading]) or is_silent(values[:leading]):
                return None, False, raw(values)
            text, abstains = say(values if parts is None else [values[0], parts], order)
            return text, abstains, raw(values)

        return found

    def _box_or_answer(self) -> Callable[[Act, Order], tuple[str | None, bool, str | None]]:
        """The same where a field beside the answer may override it."""
        box = self._answer.not_applicable
        assert box is not None
        get_box, gets, overriding = self._layout.get(box.field), self._gets, frozenset(box.values)
        answered = self._answered()
        raw = self._raw_of() if self._answer.listed else _object_of([*self._raw_order(), box.field])
        places = [self._names.index(name) for name in self._raw_order()]

        def found(act: Act, order: Order) -> tuple[str | None, bool, str | None]:
            value = get_box(act)
            word = scalar(value)
            if word not in overriding or word is None:
                return answered(act, order)
            values = [get(act) for get in gets]
            return quoted(word), True, raw([*(values[place] for place in places), value])

        return found

    def _silence(self) -> Callable[[Sequence[Any]], bool]:
        """What tells values that mean that no judgment was given: of several fields, all hold the same one."""
        unanswered = frozenset(self._question.unanswered)
        if not unanswered:
            return lambda _: False
        word = single if self._answer.listed else scalar
        one_hot = self._answer.one_hot
        unset = one_hot.unset if one_hot and one_hot.may_be_absent else None

        def is_silent(values: Sequence[Any]) -> bool:
            if values[0] is None:
                return None in unanswered and all(value is None for value in values)
            if unset is not None:
                values = [unset if value is ABSENT else value for value in values]
            said = {"[]" if value == [] else None if value == ["[]"] else word(value) for value in values}
            return len(said) == 1 and None not in said and said <= unanswered

        return is_silent

    def _element_parts(self) -> Callable[[list[Any]], list[list[Any]]]:
        listed = self._answer.listed
        assert listed is not None
        layout = Layout([], None, [])
        named = listed.parts()
        gets = [_nowhere if name is None else layout.get(name) for name in named]
        return lambda whole: [[get([one]) for get in gets] for one in whole]

    def _words_at(self, name: str | None, layout: Layout) -> Get:
        """What finds a text, whatever it says; in XML an element that is no mere text refuses its record."""
        if name is None:
            return lambda _: None
        get, read = layout.get(name), content_reader(name, is_xml=self._is_xml)
        return lambda act: read(get(act))

    def _raw_order(self) -> list[str]:
        """The fields that the raw answer holds."""
        answer = self._answer
        if answer.rank_of and answer.field:
            return [answer.rank_of, answer.field]
        return self._names[:2] if answer.best else self._names

    def _raw_of(self) -> Raw:
        names = self._raw_order()
        if len(names) == 1 and (self._answer.field or self._answer.listed):
            return _cell if self._is_table else _json
        told = _object_of(names)
        places = [self._names.index(name) for name in names]
        return lambda values: told([values[place] for place in places])

    def _beside_of(self) -> Callable[[Act], bytes]:
        named = (self._answer.rationale, self._answer.confidence)
        if named == (None, None):
            return lambda _: b"--"
        rationale, confidence = (self._words_at(name, self._layout) for name in named)
        return lambda act: written(rationale(act)) + written(confidence(act))


def _cell(values: Sequence[Any]) -> str | None:
    return None if values[0] is ABSENT else str(values[0])


def _json(values: Sequence[Any]) -> str | None:
    return None if values[0] is ABSENT else json_of(values[0])


def _object_of(names: Sequence[str]) -> Raw:
    """Several fields' values as an object; what is not there is left out."""
    keys = [f"{json_of(name)}:" for name in names]

    def told(values: Sequence[Any]) -> str:
        return "{" + ",".join(k + json_of(v) for k, v in zip(keys, values, strict=True) if v is not ABSENT) + "}"

    return told


def _nowhere(_: Act) -> Any:
    return ABSENT
