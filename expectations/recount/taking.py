"""What the records of a raw file come to: its judgments, what its items hold, when judgments were given."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from expectations.laws.neutral import Sum, number_of, written
from expectations.recount.acting import Acting
from expectations.recount.acts import Act, Layout
from expectations.recount.beside import UnsureError
from expectations.recount.flattening import flattened
from expectations.recount.refused import Part, Refused
from expectations.recount.texts import is_deep
from expectations.recount.values import Unreadable, json_of
from pipelines.contracts.files import FileMapping
from pipelines.contracts.model import SourceContract

SHOWN = 20
"""How many faults are told in words."""


@dataclass(frozen=True)
class Share:
    """Every ``of``-th record of a file, from the ``place``-th on; by default all."""

    place: int = 0
    of: int = 1

    def holds(self, ordinal: int) -> bool:
        """Whether a record is in it."""
        return ordinal % self.of == self.place


ALL = Share()


class Taking:
    """The records of one file, taken one after the other; memory is bounded by what is asked for beside the total.

    Attributes:
        total: of all judgments.
        by_variation: of the judgments by item and question; None where it is not asked for.
        contents: numbers of what items hold; None where they are not asked for.
        moments: of when judgments were given; None where it is not asked for, or not surely known.
        faults: in words, the first ``SHOWN`` of ``fault_count``.
        records: how many there were, those of other shares included.
    """

    def __init__(
        self,
        contract: SourceContract,
        mapping: FileMapping,
        refused: Refused,
        *,
        by_variation: bool,
        with_moments: bool,
        contents: set[int] | None,
        share: Share = ALL,
    ) -> None:
        self._contract, self._mapping, self._refused = contract, mapping, refused
        self._is_apart = bool(mapping.flatten or mapping.each)
        self._share = share
        self.total = Sum()
        self.by_variation: defaultdict[tuple[str, str], Sum] | None = defaultdict(Sum) if by_variation else None
        self.contents = contents
        self.moments: Sum | None = Sum() if with_moments else None
        self._moments: list[bytes] = []
        self.faults: list[str] = []
        self.fault_count = 0
        self.records = 0

    def fault(self, place: str, what: str) -> None:
        """One more contradiction."""
        self.fault_count += 1
        if len(self.faults) < SHOWN:
            self.faults.append(f"{place}: {what}")

    def take(self, layout: Layout, acting: Acting, record: Any, acts: list[Act]) -> bool:
        """One record: the judgments that it holds, all at once, and whether there are any."""
        ordinal = self.records
        self.records += 1
        if not self._share.holds(ordinal):
            return False
        refused = self._refused.by_record.get(ordinal)
        found: list[bytes] = []
        places: list[tuple[str, str]] = []
        if refused is None:
            try:
                self._read(layout, acting, record, acts, found, places)
            except (Unreadable, UnicodeEncodeError):
                found.clear()
                places.clear()
                self._moments.clear()
                self._read_carefully(ordinal, layout, acting, record, acts, frozenset(), found, places)
        else:
            self._read_carefully(ordinal, layout, acting, record, acts, refused, found, places)
        self.total.add(*found)
        if self.moments is not None:
            self.moments.add(*self._moments)
        self._moments.clear()
        if self.by_variation is not None:
            for place, text in zip(places, found, strict=True):
                self.by_variation[place].add(text)
        return bool(found)

    def _read(
        self,
        layout: Layout,
        acting: Acting,
        record: Any,
        acts: Sequence[Act],
        found: list[bytes],
        places: list[tuple[str, str]],
    ) -> None:
        if type(record) is Unreadable:
            raise record
        if self._is_apart:
            acts = self._acts(layout, acts)
        is_placed = self.by_variation is not None
        for act in acts:
            item, kind, status, order, begin, end = acting.said(act)
            if self.contents is not None:
                self._hold(acting, act, item)
            for code, judge, beside in acting.judges:
                judged = judge(act, kind, status, order)
                if judged is not None:
                    found.append(begin + judged + beside(act) + end)
                    if self.moments is not None:
                        self._time(acting, act, begin, code)
                    if is_placed:
                        places.append((item, code))

    def _hold(self, acting: Acting, act: Act, item: str) -> None:
        """What the act says that its item holds."""
        assert self.contents is not None
        if (text := acting.content(act, item)) is not None:
            self.contents.add(number_of(text))

    def _time(self, acting: Acting, act: Act, begin: bytes, code: str) -> None:
        """When one judgment was given; from the first time that is not written plainly, none is compared."""
        assert self.moments is not None
        try:
            at, took = acting.moment(act)
        except UnsureError:
            self.moments = None
        else:
            self._moments.append(begin + written(code) + written(at) + written(took))

    def _acts(self, layout: Layout, acts: Sequence[Act]) -> Sequence[Act]:
        if self._mapping.flatten:
            acts = [[one, *act[1:]] for act in acts for one in flattened(self._contract, act[0])]
        return acts if not layout.steps else [part for act in acts for part in layout.acts(act)]

    def _read_carefully(
        self,
        ordinal: int,
        layout: Layout,
        acting: Acting,
        record: Any,
        acts: list[Act],
        refused: frozenset[Part],
        found: list[bytes],
        places: list[tuple[str, str]],
    ) -> None:
        """The same of a record of which something is refused, or should be."""
        place = f"record {ordinal}"
        if (None, None) in refused:
            if not self._is_unreadable(layout, acting, record, acts):
                self.fault(place, "is in quarantine, and can be read")
            return
        try:
            if type(record) is Unreadable:
                raise record
            parts = self._acts(layout, acts)
        except Unreadable as error:
            self.fault(place, f"{error.what}, and is not in quarantine")
            return
        met: set[Part] = set()
        for part, act in enumerate(parts):
            at, whole = f"{place}, part {part}", (part, None)
            met.add(whole)
            try:
                item, kind, status, order, begin, end = acting.said(act)
            except (Unreadable, UnicodeEncodeError) as error:
                if whole not in refused:
                    self.fault(at, f"{_what(error)}, and is not in quarantine")
                continue
            if whole in refused:
                if not acting.may_be_refused(act):
                    self.fault(at, "is in quarantine, and can be read")
                continue
            if self.contents is not None:
                self._hold(acting, act, item)
            for asked in acting.asked:
                met.add((part, asked.code))
                is_refused = (part, asked.code) in refused
                try:
                    judged = asked.judge(act, kind, status, order)
                    text = None if judged is None else begin + judged + asked.beside(act) + end
                except (Unreadable, UnicodeEncodeError) as error:
                    if not is_refused:
                        self.fault(f"{at}, {asked.code}", f"{_what(error)}, and is not in quarantine")
                    continue
                if is_refused:
                    self.fault(f"{at}, {asked.code}", "is in quarantine, and can be read")
                elif text is not None:
                    found.append(text)
                    places.append((item, asked.code))
                    if self.moments is not None:
                        self._time(acting, act, begin, asked.code)
        for part_, question in sorted(refused - met, key=str):
            at = ", ".join([place, f"part {part_}", *([question] if question else [])])
            self.fault(at, "is in quarantine, and not in the file")

    def _is_unreadable(self, layout: Layout, acting: Acting, record: Any, acts: list[Act]) -> bool:
        """Whether something makes a whole record one that cannot be taken."""
        if type(record) is Unreadable:
            return True
        try:
            if self._mapping.dialect.format != "csv":
                if is_deep(record):
                    return True
                json_of(record).encode()
            for act in self._acts(layout, acts):
                acting.look_everywhere(act)
        except (Unreadable, UnicodeEncodeError, RecursionError):
            return True
        return False


def _what(error: Unreadable | UnicodeEncodeError) -> str:
    return error.what if isinstance(error, Unreadable) else "holds what is no text"
