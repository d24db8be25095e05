"""A raw file's judgments, derived once more from its bytes: how many, and the fingerprint that landing must have.

What landing refused is left out, and looked at: what cannot be read and was not refused, or was and can be read, is a
fault, told by its place. Places say record, part and question; never what stood there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from expectations.laws.neutral import Fingerprint
from expectations.recount.acting import Acting
from expectations.recount.acts import Layout
from expectations.recount.refused import Refused
from expectations.recount.taking import ALL, Share, Taking
from expectations.recount.texts import JsonRecords, csv_rows, json_lines, json_whole, members, text_of, with_json
from expectations.recount.values import Unreadable
from expectations.recount.xml import xml_records
from pipelines.contracts.files import FileMapping
from pipelines.contracts.model import SourceContract
from pipelines.contracts.paths import bare_name, parse_path
from pipelines.domain.pseudonyms import PseudonymKey


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
    share: Share = ALL,
) -> Recount:
    """Recount one raw file by the mapping of that number; ``file_name`` is its name within the inbox folder.

    Of a ``share`` of the records only what they come to is told, and by the first share what concerns the whole file.

    Memory is bounded by the record, but for ``by_variation``, which is empty unless it is asked for, and ``contents``,
    to which the md5 of each different content of an item is added (``expectations.recount.beside``).
    """
    files = contract.files[mapping]
    taking = Taking(
        contract, files, refused, by_variation=by_variation, with_moments=with_moments, contents=contents, share=share
    )
    walk = _Walk(contract, files, raw, file_name, key, taking)
    if share.place == 0 and _sha256(raw) != file_sha256:
        taking.fault("the raw file", "has other bytes than its digest says")
    wanted = ("judgments",) if contents is None else ("judgments", "items")
    if not refused.whole and files.role in wanted:
        walk.count()
        for ordinal in refused.by_record:
            if ordinal >= taking.records and share.holds(ordinal):
                taking.fault(f"record {ordinal}", "is in quarantine, and not in the file")
    total, moments = taking.total.fingerprint(), taking.moments
    return Recount(
        taking.records,
        total.count,
        len(refused),
        total,
        {place: one.fingerprint() for place, one in (taking.by_variation or {}).items()},
        tuple(taking.faults),
        taking.fault_count,
        dict(walk.unnamed),
        moments.fingerprint() if moments else None,
    )


def _sha256(raw: Path) -> str:
    with raw.open("rb") as stream:
        digest = sha256()
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


class _Walk:
    """The recount of one file as it goes on."""

    def __init__(
        self,
        contract: SourceContract,
        mapping: FileMapping,
        raw: Path,
        file_name: str,
        key: PseudonymKey,
        taking: Taking,
    ) -> None:
        self._contract, self._mapping, self._raw, self._key = contract, mapping, raw, key
        self._taking = taking
        self._file = bare_name(file_name, mapping.dialect.within)
        self._made = sorted({"$file", "$member", "$key"} & mapping.made_fields())
        self._named = _named(mapping)
        self.unnamed = Counter[str]()
        self._compiled: dict[tuple[str, ...] | None, tuple[Layout, Acting]] = {}

    def count(self) -> None:
        """Go through the file."""
        try:
            for name, stream in members(self._raw, self._mapping.dialect):
                with text_of(stream, self._mapping.dialect) as text:
                    self._member(name, text)
        except (OSError, EOFError, ValueError) as error:
            self._taking.fault("the raw file", f"cannot be read to its end: {type(error).__name__}")

    def _member(self, name: str, text: IO[str]) -> None:
        made = {"$file": self._file, "$member": name}
        if self._mapping.dialect.format == "csv":
            self._rows(made, text)
            return
        layout, acting = self._for(None)
        for key, record in self._nested(text):
            behind = [key if one == "$key" else made[one] for one in self._made]
            if self._taking.take(layout, acting, record, [[record, *behind]]) and not self._mapping.flatten:
                self.unnamed.update(record.keys() - self._named)

    def _rows(self, made: dict[str, str], text: IO[str]) -> None:
        dialect = self._mapping.dialect
        rows = csv_rows(text, dialect)
        header = dialect.header if dialect.header is not None else next(rows, [])
        behind = [made[one] for one in self._made]
        is_flattened = not self._mapping.is_table
        layout, acting = self._for(None if is_flattened else tuple(header))
        size, judged = len(header), 0
        for row in rows:
            record: Any = row if len(row) == size else Unreadable("has too few or too many fields", record=True)
            if is_flattened and record is row:
                record = with_json(dict(zip(header, row, strict=True)), dialect.json_cells)
                if self._taking.take(layout, acting, record, [[record, *behind]]) and not self._mapping.flatten:
                    self.unnamed.update(record.keys() - self._named)
            else:
                judged += self._taking.take(layout, acting, record, [row + behind] if behind else [row])
        if judged:
            self.unnamed.update(dict.fromkeys(set(header) - self._named, judged))

    def _nested(self, text: IO[str]) -> Iterator[tuple[str, Any]]:
        dialect = self._mapping.dialect
        if dialect.format == "xml":
            return (("", record) for record in xml_records(text, self._contract, self._mapping))
        if dialect.format == "jsonl":
            return (("", record) for record in json_lines(text, trailing_commas=dialect.trailing_commas))
        if dialect.records == "whole":
            return json_whole(text)
        return iter(JsonRecords(text, dialect.records, trailing_commas=dialect.trailing_commas))

    def _for(self, header: tuple[str, ...] | None) -> tuple[Layout, Acting]:
        """The mapping, compiled for a header; members of an archive may have several."""
        if header not in self._compiled:
            layout = Layout(self._mapping.each, header, self._made)
            self._compiled[header] = layout, Acting(self._contract, self._mapping, layout, self._key)
        return self._compiled[header]


def _named(mapping: FileMapping) -> frozenset[str]:
    """The outermost fields that a contract names or ignores, in whole or in part."""
    if mapping.is_table:
        return frozenset(mapping.fields())
    return frozenset(step for step in (parse_path(name)[0] for name in mapping.fields()) if isinstance(step, str))
