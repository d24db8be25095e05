"""A raw file's judgments, derived once more from its bytes: how many, and the fingerprint that landing must have.

What landing refused is left out, and looked at: what cannot be read and was not refused, or was and can be read, is a
fault, told by its place. Places say record, part and question; never what stood there.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from expectations.laws.neutral import Fingerprint, Sum, number_of, written
from expectations.recount.acting import Acting
from expectations.recount.acts import Act, Layout
from expectations.recount.beside import UnsureError
from expectations.recount.flattening import flattened
from expectations.recount.refused import Part, Refused
from expectations.recount.texts import JsonRecords, csv_rows, is_deep, json_lines, members, text_of
from expectations.recount.values import Unreadable, json_of
from expectations.recount.xml import xml_records
from pipelines.contracts.files import FileMapping
from pipelines.contracts.model import SourceContract
from pipelines.contracts.paths import bare_name, parse_path
from pipelines.domain.pseudonyms import PseudonymKey

SHOWN = 20
"""How many faults are told in words."""


@dataclass(frozen=True)
class Recount:
    """What a file came to. ``refused`` counts what quarantine holds of it; ``by_variation`` is by item and question.

    ``faults`` says, by place, where this reading and the quarantine contradict each other; the first ``SHOWN`` of
    ``fault_count``. ``unnamed`` are the fields of records, at their outermost, that the contract neither names nor
    ignores, each with the number of records that hold it and have judgments. ``moments`` is the fingerprint of when
    each judgment was given and how long it took; None where they were not asked for, or may be read in several ways.
    """

    records: int
    judgments: int
    refused: int
    total: Fingerprint
    by_variation: dict[tuple[str, str], Fingerprint] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    fault_count: int = 0
    unnamed: dict[str, int] = field(default_factory=dict)
    moments: Fingerprint | None = None


def recount_file(
    contract: SourceContract,
    mapping: int,
    raw: Path,
    file_name: str,
    file_sha256: str,
    key: PseudonymKey,
    refused: Refused,
    *,
    by_variation: bool = False,
    with_moments: bool = False,
    contents: set[int] | None = None,
) -> Recount:
    """Recount one raw file by the mapping of that number; ``file_name`` is its name within the inbox folder.

    Memory is bounded by the record, but for ``by_variation``, which is empty unless it is asked for, and ``contents``,
    to which the md5 of each different content of an item is added (``expectations.recount.beside``).
    """
    run = _Run(contract, contract.files[mapping], raw, file_name, key, refused, by_variation=by_variation)
    run.contents = contents
    run.moments = Sum() if with_moments else None
    with raw.open("rb") as stream:
        digest = sha256()
        while block := stream.read(1 << 20):
            digest.update(block)
    if digest.hexdigest() != file_sha256:
        run.fault("the raw file", "has other bytes than its digest says")
    wanted = ("judgments",) if contents is None else ("judgments", "items")
    if not refused.whole and contract.files[mapping].role in wanted:
        run.count()
    return run.recount()


class _Run:
    """The recount of one file as it goes on."""

    def __init__(
        self,
        contract: SourceContract,
        mapping: FileMapping,
        raw: Path,
        file_name: str,
        key: PseudonymKey,
        refused: Refused,
        *,
        by_variation: bool,
    ) -> None:
        self._contract, self._mapping, self._raw, self._key = contract, mapping, raw, key
        self._refused = refused
        self._file = bare_name(file_name, mapping.dialect.within)
        self._is_apart = bool(mapping.flatten or mapping.each)
        self._made = sorted({"$file", "$member", "$key"} & mapping.made_fields())
        self._total = Sum()
        self._by: defaultdict[tuple[str, str], Sum] | None = defaultdict(Sum) if by_variation else None
        self._faults: list[str] = []
        self._fault_count = 0
        self._records = 0
        self._named = _named(mapping)
        self._unnamed = Counter[str]()
        self.contents: set[int] | None = None
        self.moments: Sum | None = None
        self._moments: list[bytes] = []
        self._compiled: dict[tuple[str, ...] | None, tuple[Layout, Acting]] = {}

    def fault(self, place: str, what: str) -> None:
        """One more contradiction."""
        self._fault_count += 1
        if len(self._faults) < SHOWN:
            self._faults.append(f"{place}: {what}")

    def recount(self) -> Recount:
        """What came of it."""
        total = self._total.fingerprint()
        by = {} if self._by is None else {place: one.fingerprint() for place, one in self._by.items()}
        return Recount(
            self._records,
            total.count,
            len(self._refused),
            total,
            by,
            tuple(self._faults),
            self._fault_count,
            dict(self._unnamed),
            self.moments.fingerprint() if self.moments else None,
        )

    def count(self) -> None:
        """Go through the file."""
        try:
            for name, stream in members(self._raw, self._mapping.dialect):
                with text_of(stream, self._mapping.dialect) as text:
                    self._member(name, text)
        except (OSError, EOFError, ValueError) as error:
            self.fault("the raw file", f"cannot be read to its end: {type(error).__name__}")
        for ordinal in self._refused.by_record:
            if ordinal >= self._records:
                self.fault(f"record {ordinal}", "is in quarantine, and not in the file")

    def _member(self, name: str, text: IO[str]) -> None:
        made = {"$file": self._file, "$member": name}
        if self._mapping.dialect.format == "csv":
            self._rows(made, text)
            return
        layout, acting = self._for(None)
        for key, record in self._nested(text):
            behind = [key if one == "$key" else made[one] for one in self._made]
            if self._take(layout, acting, record, [[record, *behind]]) and not self._mapping.flatten:
                self._unnamed.update(record.keys() - self._named)

    def _rows(self, made: dict[str, str], text: IO[str]) -> None:
        dialect = self._mapping.dialect
        rows = csv_rows(text, dialect)
        header = dialect.header if dialect.header is not None else next(rows, [])
        behind = [made[one] for one in self._made]
        is_flattened = self._mapping.flatten
        layout, acting = self._for(None if is_flattened else tuple(header))
        size, judged = len(header), 0
        for row in rows:
            record: Any = row if len(row) == size else Unreadable("has too few or too many fields", record=True)
            if is_flattened and record is row:
                record = dict(zip(header, row, strict=True))
                self._take(layout, acting, record, [[record, *behind]])
            else:
                judged += self._take(layout, acting, record, [row + behind] if behind else [row])
        if judged:
            self._unnamed.update(dict.fromkeys(set(header) - self._named, judged))

    def _nested(self, text: IO[str]) -> Iterator[tuple[str, Any]]:
        dialect = self._mapping.dialect
        if dialect.format == "xml":
            return (("", record) for record in xml_records(text, self._contract, self._mapping))
        if dialect.format == "jsonl":
            return (("", record) for record in json_lines(text))
        return iter(JsonRecords(text, dialect.records))

    def _for(self, header: tuple[str, ...] | None) -> tuple[Layout, Acting]:
        """The mapping, compiled for a header; members of an archive may have several."""
        if header not in self._compiled:
            layout = Layout(self._mapping.each, header, self._made)
            self._compiled[header] = layout, Acting(self._contract, self._mapping, layout, self._key)
        return self._compiled[header]

    def _take(self, layout: Layout, acting: Acting, record: Any, acts: list[Act]) -> bool:
        """One record: the judgments that it holds, all at once, and whether there are any."""
        ordinal = self._records
        self._records += 1
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
        self._total.add(*found)
        if self.moments is not None:
            self.moments.add(*self._moments)
        self._moments.clear()
        if self._by is not None:
            for place, text in zip(places, found, strict=True):
                self._by[place].add(text)
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
        is_placed = self._by is not None
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


def _named(mapping: FileMapping) -> frozenset[str]:
    """The outermost fields that a contract names or ignores, in whole or in part."""
    if mapping.is_table:
        return frozenset(mapping.fields())
    return frozenset(step for step in (parse_path(name)[0] for name in mapping.fields()) if isinstance(step, str))


def _what(error: Unreadable | UnicodeEncodeError) -> str:
    return error.what if isinstance(error, Unreadable) else "holds what is no text"
