"""Who judged, and whether anybody did: keys of one part or several, unknown annotators, pseudonyms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from expectations.laws.neutral import written
from expectations.recount.acts import Act, Layout
from expectations.recount.judging import Judge, Order
from expectations.recount.values import Unreadable, joined, scalar
from pipelines.contracts.companions import MACHINE_MARK, UNKNOWN_MARK
from pipelines.contracts.files import FileMapping
from pipelines.contracts.model import SourceContract
from pipelines.domain.pseudonyms import PseudonymKey
from pipelines.domain.vocabulary import AnnotatorKind, Attribution, Status

REMEMBERED = 200_000
_BLANK = " \t\r\n"


def key_of(values: Sequence[Any], what: str) -> str:
    """A key of one part or several.

    Raises:
        Unreadable: a part is not there, or blank.
    """
    return joined(parts_of(values, what))


def parts_of(values: Sequence[Any], what: str) -> list[str]:
    """The parts of a key, each as it is.

    Raises:
        Unreadable: a part is not there, or blank.
    """
    texts = []
    for value in values:
        text = scalar(value)
        if text is None or not text.strip(_BLANK):
            raise Unreadable(f"does not say the {what}")
        texts.append(text)
    return texts


def nobody_of(mapping: FileMapping, layout: Layout) -> Callable[[Act], bool] | None:
    """What tells records that hold no act; None where each is to hold one."""
    if mapping.judgment is None or not mapping.judgment.may_be_absent:
        return None
    gets = [layout.get(name) for name in mapping.judgment.key]
    return lambda act: all(not (scalar(get(act)) or "").strip(_BLANK) for get in gets)


def by_somebody(judge: Judge, is_nobody: Callable[[Act], bool]) -> Judge:
    """The same where a record that holds no act may hold no answer."""

    def judged(act: Act, kind: str, status: Status, order: Order) -> bytes | None:
        if not is_nobody(act):
            return judge(act, kind, status, order)
        if judge(act, kind, Status.SUBMITTED, order) is not None:
            raise Unreadable("has an answer, and no id of its act")
        return None

    return judged


def _unknown_of(contract: SourceContract, mapping: FileMapping, layout: Layout) -> Callable[[Act, str], str | None]:
    """What tells the raw id of an annotator that is not named, by the act; None of one that is."""
    annotator = mapping.annotator
    if annotator is None or annotator.unknown is None:
        return lambda act, item: None
    get, values = layout.get(annotator.key[0]), frozenset(annotator.unknown.values)
    gets = [layout.get(name) for name in annotator.unknown.by]

    def unknown(act: Act, item: str) -> str | None:
        value = get(act)
        word = None if value is None else scalar(value)
        if word not in values or (word is None and value is not None):
            return None
        own = parts_of([one(act) for one in gets], "act of an unknown annotator")
        return UNKNOWN_MARK + joined([contract.source, item, *own])

    return unknown


def who_of(
    contract: SourceContract, mapping: FileMapping, layout: Layout, key: PseudonymKey
) -> Callable[[Act, str, str], bytes]:
    """What tells an act's annotator by pseudonym, as the fingerprint's text."""
    attribution = contract.attribution
    if attribution == Attribution.NONE or mapping.annotator is None:
        return lambda act, item, kind: b"-"
    gets = [layout.get(name) for name in mapping.annotator.key]
    prefix, suffix = mapping.annotator.strip_prefix or "", mapping.annotator.strip_suffix or ""
    family, platform = contract.annotator_scope
    is_scoped = attribution == Attribution.ITEM_SCOPED
    known: dict[Any, bytes] = {}

    def made(values: Sequence[Any], item: str, kind: str) -> bytes:
        parts = parts_of(values, "annotator")
        if prefix or suffix:
            if not parts[0].startswith(prefix) or not parts[0].removeprefix(prefix).endswith(suffix):
                raise Unreadable("names an annotator without what stands before or behind each")
            parts[0] = parts[0].removeprefix(prefix).removesuffix(suffix)
            if not parts[0].strip(_BLANK):
                raise Unreadable("does not say the annotator")
        return pseudonym(joined([item, *parts] if is_scoped else parts), kind)

    def pseudonym(raw: str, kind: str) -> bytes:
        if kind == AnnotatorKind.MACHINE.value:
            raw = MACHINE_MARK + raw
        return written(key.pseudonym(family, platform, raw))

    first = gets[0]
    is_one = len(gets) == 1
    unknown = _unknown_of(contract, mapping, layout)

    def who(act: Act, item: str, kind: str) -> bytes:
        nameless = unknown(act, item)
        if nameless is not None:
            return pseudonym(nameless, kind)
        values = (first(act),) if is_one else tuple([get(act) for get in gets])
        place = (values, kind, item if is_scoped else None)
        try:
            return known[place]
        except TypeError:
            return made(values, item, kind)
        except KeyError:
            if len(known) >= REMEMBERED:
                known.clear()
            known[place] = found = made(values, item, kind)
            return found

    return who
