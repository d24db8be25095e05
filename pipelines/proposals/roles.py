"""Which field is what: the item and what it holds, the annotator and what is known of them, times, and the answers."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from pipelines.proposals import names
from pipelines.proposals.apart import Apart
from pipelines.proposals.fields import Field, fields_of, follows, text_of
from pipelines.proposals.guess import Guess
from pipelines.proposals.questions import Asked, code_of, is_switch, one_hot_of, question_of
from pipelines.proposals.times import holds_moments, time_format

_RESPONSE = re.compile(
    r"(?P<what>response|reply|answer|output|completion|summary|text|story|candidate|chosen|sentence)s?_?(?P<which>a|b|1|2|left|right)"
)
_EXTRA = 12
"""More fields than these are no longer a list that somebody reads; all that nothing names is kept anyway."""
_MANY = 10
_WORDS = 20
_LONG = 60


@dataclass
class Roles:
    """What a proposed file mapping names, each value as the contract states it."""

    mapping: dict[str, Any] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    unplaced: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def roles_of(apart: Apart) -> Roles:
    """The roles of the fields of a sample's acts."""
    fields = fields_of(apart.acts)
    return _Sorter(apart, fields).sort()


class _Sorter:
    """Takes one field after the other out of those that have no role yet."""

    def __init__(self, apart: Apart, fields: dict[str, Field]) -> None:
        self._apart = apart
        self._left = dict(fields)
        self._roles = Roles()
        self._taken: set[str] = set()
        self._annotator = fields.get(str(apart.annotator.value)) if apart.annotator else None
        if self._annotator:
            self._left.pop(self._annotator.path)
        self._is_outer = any(not apart.is_inner(path) for path in fields)

    def sort(self) -> Roles:
        mapping = self._roles.mapping
        keys = self._item(mapping)
        if self._apart.annotator:
            mapping["annotator"] = {"key": self._apart.annotator}
        self._name_again(mapping)
        self._judgment(mapping)
        self._status(mapping)
        self._time(mapping)
        self._aggregates(mapping)
        answers = self._one_hot()
        answers |= self._spans()
        about_item, about_people, open_ = self._by_dependency(keys)
        self._contents(mapping["item"], about_item)
        if about_people and "annotator" in mapping:
            attributes = {code_of(one.name, set()): one.path for one in about_people}
            why = "the same in all that one annotator judged"
            mapping["annotator"]["attributes"] = Guess(attributes, why)
        self._answers(mapping, answers, open_)
        return self._roles

    def _take(self, is_it: Any, *, inner: bool | None = None) -> Field | None:
        for path, one in self._left.items():
            if (inner is None or self._apart.is_inner(path) == inner or not self._is_outer) and is_it(one):
                return self._left.pop(path)
        return None

    def _item(self, mapping: dict[str, Any]) -> list[Field]:
        """The item's key: named as one, and the same for several people; or else the longest text."""
        ranked = sorted(
            (self._apart.is_inner(path) and self._is_outer, rank, place, one)
            for place, (path, one) in enumerate(self._left.items())
            if (rank := names.thing_rank(one)) is not None
            and not names.is_act_id(one)
            and len(one.texts) == len(self._apart.acts)
            and len(one.distinct) > 1
        )
        repeated = [entry for entry in ranked if len(entry[3].distinct) < len(self._apart.acts)]
        if ranked:
            key = (repeated or ranked)[0][3]
            why = "its name says so" + (", and several acts are about the same" if repeated else "")
        elif "$key" in self._left:
            key, why = self._left["$key"], "the record's key"
        else:
            texts = [one for path, one in self._left.items() if not (self._is_outer and self._apart.is_inner(path))]
            key = max(texts or list(self._left.values()), key=lambda one: one.mean_length)
            why = "nothing is named as an id; the longest text stands for one"
            mapping["item"] = {"key": Guess(key.path, why), "key_digest": True}
            return [key]
        self._left.pop(key.path)
        mapping["item"] = {"key": Guess(key.path, why)}
        return [key]

    def _name_again(self, mapping: dict[str, Any]) -> None:
        """Other fields that tell who judged are raw ids, and must not stay in ``extra``."""
        who = self._annotator
        again = [
            path for path, one in self._left.items() if who and one.texts and (_is_person(one, who) or _holds(one, who))
        ]
        for path in again:
            self._left.pop(path)
        if again:
            reason = "may say who somebody is"
            mapping["ignored"] = Guess(dict.fromkeys(again, reason), "or map what is no person")

    def _judgment(self, mapping: dict[str, Any]) -> None:
        """The judgment's own id: named as one, or an id of the act's own, and different in every act."""
        own = [
            one
            for path, one in self._left.items()
            if names.is_act_id(one) or (self._is_outer and self._apart.is_inner(path) and names.thing_rank(one))
        ]
        for one in own:
            self._left.pop(one.path)
            if "judgment" not in mapping and len(one.distinct) == len(self._apart.acts):
                mapping["judgment"] = {"key": Guess(one.path, "an id that is different in every act")}
            else:
                self._roles.unplaced.append(one.path)

    def _status(self, mapping: dict[str, Any]) -> None:
        if status := self._take(names.is_status, inner=True):
            values = {value: names.status_of(value).value for value in status.distinct}
            mapping["status"] = {"field": status.path, "values": Guess(values, "what became of the act, by its values")}

    def _time(self, mapping: dict[str, Any]) -> None:
        if duration := self._take(names.is_duration, inner=True):
            mapping["duration_s"] = Guess(duration.path, "its name says so; it must be in seconds")
        times = [one for path, one in self._left.items() if self._is_time(one) and self._apart.is_inner(path)]
        for one in times:
            form = time_format(one)
            if form is None:
                continue
            self._left.pop(one.path)
            stated: Any = one.path if form == "iso8601" else {"field": one.path, "format": form}
            if "judged_at" in mapping:
                self._roles.unplaced.append(one.path)
            else:
                mapping["judged_at"] = Guess(stated, "it holds times; is it when the judgment was given?")

    def _is_time(self, one: Field) -> bool:
        return names.is_time(one) or holds_moments(one)

    def _aggregates(self, mapping: dict[str, Any]) -> None:
        paths = [path for path, one in self._left.items() if names.is_aggregate(one) and self._is_about_item(one)]
        for path in paths:
            self._left.pop(path)
        if paths:
            mapping["upstream_aggregates"] = Guess(paths, "their names say that somebody aggregated")

    def _is_about_item(self, one: Field) -> bool:
        return not self._apart.is_inner(one.path) if self._is_outer else not one.is_list

    def _by_dependency(self, keys: list[Field]) -> tuple[list[Field], list[Field], list[Field]]:
        """Fields that follow from the item, from the annotator, and all others."""
        about_item, about_people, open_ = [], [], []
        for path, one in self._left.items():
            is_constant = len(one.distinct) == 1 and not one.is_list and len(one.texts) >= _MANY
            is_constant = is_constant and names.content_kind(one) is None
            if one not in keys and (not one.given or is_constant or names.is_bookkeeping(one)):
                self._roles.unplaced.append(path)
                continue
            by_item = follows(one, keys) if one not in keys else True
            by_person = follows(one, [self._annotator]) if self._annotator else None
            if self._is_outer and not self._apart.is_inner(path):
                about_item.append(one)
            elif names.is_demographic(one) and self._annotator and (by_person or not by_item):
                about_people.append(one)
            elif names.is_answer(one) and names.thing_rank(one) is None and one.mean_length <= _LONG:
                open_.append(one)
            elif by_person and not by_item and len(one.distinct) > 1:
                about_people.append(one)
            elif by_item or (by_item is None and (names.content_kind(one) or one.mean_length > _LONG)):
                about_item.append(one)
            elif one.mean_length > _WORDS and not names.is_remark(one) and len(one.distinct) * 2 < len(one.texts):
                # Nobody writes the same sentence twice: it is what was shown.
                self._roles.unplaced.append(path)
                told = (
                    f"{path} is a text that differs between acts of one {keys[0].path}; is that the item's whole key?"
                )
                self._roles.remarks.append(told)
            elif names.is_time(one) or names.thing_rank(one) is not None:
                self._roles.unplaced.append(path)
            else:
                open_.append(one)
        return about_item, about_people, open_

    def _contents(self, item: dict[str, Any], fields: list[Field]) -> None:
        if item.get("key_digest"):
            item[names.content_kind(Field(item["key"].value)) or "text"] = item["key"].value
        pairs: defaultdict[str, dict[str, Field]] = defaultdict(dict)
        for one in fields:
            if found := _RESPONSE.fullmatch(one.name):
                pairs[found["what"]][found["which"]] = one
        for what, held in pairs.items():
            if len(held) == 2:
                item["responses"] = Guess(
                    [{"key": f"{what}_{which}", "text": held[which].path} for which in sorted(held)],
                    "two texts of one kind",
                )
                fields = [one for one in fields if one not in held.values()]
                break
        rest = []
        for one in fields:
            kind = names.content_kind(one) if one.texts and not one.is_list else None
            if kind and kind not in item:
                item[kind] = Guess(one.path, "its name says so")
            elif names.is_language(one) and "language" not in item:
                item["language"] = Guess(one.path, "its name says so")
            elif one.path != item["key"].value and one.texts and not names.is_time(one):
                rest.append(one)
            elif one.path != item["key"].value:
                self._roles.unplaced.append(one.path)
        texts = [one for one in rest if one.mean_length > 30 and one.texts]
        if "text" not in item and "prompt" not in item and "responses" not in item and texts:
            longest = max(texts, key=lambda one: one.mean_length)
            item["text"] = Guess(longest.path, "the longest text of an item")
            rest.remove(longest)
        if len(rest) > _EXTRA:
            self._roles.unplaced += [one.path for one in rest]
        elif rest:
            item["extra"] = Guess([one.path for one in rest], "the same in all acts about one item")

    def _one_hot(self) -> dict[str, Any]:
        """Questions whose options have a column each."""
        answers: dict[str, Any] = {}
        inner = [one for path, one in self._left.items() if self._apart.is_inner(path) or not self._is_outer]
        for prefix, columns in _switches(inner).items():
            for one in columns:
                self._left.pop(one.path)
            self._ask(one_hot_of(prefix, columns, self._taken), answers)
        return answers

    def _spans(self) -> dict[str, Any]:
        """Stretches that stand in a list one by one, each with its person: those of one person are one answer."""
        steps = self._apart.each
        inner = {path: one for path, one in self._left.items() if self._apart.is_inner(path)}
        places = {kind: path for path, one in inner.items() if (kind := names.place_kind(one)) is not None}
        if len(places) < 2 or len(steps) != 1 or "list" not in steps[0] or self._annotator is None:
            return {}
        path = str(steps[0]["list"].value)
        steps[0]["by"] = self._annotator.path.removeprefix(f"{path}.")
        parts = {kind: place.removeprefix(f"{path}.") for kind, place in places.items()}
        for place, one in inner.items():
            kind = "label" if names.is_answer(one) else "text" if names.content_kind(one) else None
            if place not in places.values() and kind and kind not in parts:
                parts[kind] = place.removeprefix(f"{path}.")
        nothing = {"nothing_at": -1} if "-1" in inner[places["start"]].distinct else {}
        for part in parts.values():
            self._left.pop(f"{path}.{part}")
        code = code_of("spans", self._taken)
        question = Guess({"type": "spans"}, "elements with start and end; those of one person are one answer")
        self._roles.mapping["annotator"]["key"] = Guess("$by", "its name says who judged")
        answers: dict[str, Any] = {}
        self._ask(
            Asked(code, question, {"spans": Guess({"list": path, **parts, **nothing}, "their parts, by name")}), answers
        )
        return answers

    def _answers(self, mapping: dict[str, Any], answers: dict[str, Any], fields: list[Field]) -> None:
        taken = self._taken
        remarks = [one for one in fields if names.is_remark(one) and one.numbers is None and not one.is_list]
        asked = [one for one in fields if one not in remarks]
        for one in asked:
            if not one.texts and not one.is_list and not one.is_spans:
                self._roles.unplaced.append(one.path)
                continue
            self._ask(question_of(one, len(self._apart.acts), taken), answers)
        if len(answers) == 1 and len(remarks) == 1:
            ((code, answer),) = answers.items()
            own = answer if isinstance(answer, dict) else {"field": answer}
            answers[code] = {**own, "rationale": Guess(remarks[0].path, "words beside the only answer")}
        else:
            for one in remarks:
                self._ask(question_of(one, len(self._apart.acts), taken), answers)
        mapping["answers"] = answers

    def _ask(self, asked: Asked, answers: dict[str, Any]) -> None:
        self._roles.asked.append(asked)
        answers[asked.code] = asked.answer


def _switches(fields: list[Field]) -> dict[str, list[Field]]:
    """Columns that hold 0 and 1 and begin alike, by what they begin with; a dot parts names more surely than a dash."""
    left = [one for one in fields if is_switch(one)]
    found: dict[str, list[Field]] = {}
    for sign, several in ((".", 2), (":", 2), ("/", 2), (" ", 3), ("_", 3), ("-", 3)):
        groups: defaultdict[str, list[Field]] = defaultdict(list)
        for one in left:
            if sign in one.path[1:-1]:
                groups[one.path[: one.path.index(sign, 1) + 1]].append(one)
        for prefix, columns in groups.items():
            if len(columns) >= several and any(len(one.distinct) > 1 for one in columns):
                found[prefix] = columns
                left = [one for one in left if one not in columns]
    return found


def _is_person(one: Field, who: Field) -> bool:
    return names.is_raw_id(one) and len(one.distinct) <= 2 * len(who.distinct)


def _holds(one: Field, who: Field) -> bool:
    """Whether a field's texts hold the ids of those who judged, as a session's name does."""
    both = [
        (text_of(value), text_of(who.values[at])) for at, value in one.values.items() if value and who.values.get(at)
    ]
    return len(both) >= _MANY and all(len(name) > 2 and name in text for text, name in both)
