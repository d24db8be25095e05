"""Formats: records as text, text as bytes, bytes in a container. Only what ``docs/contracts.md`` says is written."""

from __future__ import annotations

import codecs
import gzip
import io
import tarfile
import zipfile
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.properties.exports.shape import Record, Shape
from tests.properties.exports.values import element, write

CODECS = {
    "utf-8": "utf-8",
    "utf-8-sig": "utf-8",
    "utf-16": "utf-16-le",
    "utf-16-be": "utf-16-be",
    "utf-32": "utf-32-le",
    "latin-1": "latin-1",
    "cp1252": "cp1252",
}
"""Encodings that are declared, and the codec that writes a part of such a text."""

_MARKS = {"utf-8-sig": codecs.BOM_UTF8, "utf-16": codecs.BOM_UTF16_LE, "utf-32": codecs.BOM_UTF32_LE}


@dataclass(frozen=True)
class Look:
    """How a file is written: what its contract's dialect says, and what it leaves open."""

    format: str
    encoding: str
    within: str | None
    delimiter: str = ","
    quote: str = '"'
    end: str = "\n"
    quotes_all: bool = False
    is_ascii: bool = False
    gap: str = ""
    has_mark: bool = False
    ends: bool = True
    members: int = 1

    @property
    def codec(self) -> str:
        """What writes a part of the text."""
        return CODECS[self.encoding]

    def dialect(self) -> dict[str, Any]:
        """What the contract says."""
        stated: dict[str, Any] = {"format": self.format, "encoding": self.encoding, "within": self.within}
        if self.format == "csv":
            return {**stated, "delimiter": self.delimiter, "quote": self.quote}
        if self.format == "xml":
            return {**stated, "record": "all/act"}
        return {**stated, "format": "json", "records": "object"} if self.format == "object" else stated


@dataclass(frozen=True)
class Piece:
    """Some text of a file; ``ordinal`` where it is a record's own."""

    text: str
    ordinal: int | None = None


@st.composite
def looks(draw: st.DrawFn, shape: Shape) -> Look:
    """A way to write a file of a shape."""
    encoding = draw(st.sampled_from(["utf-8", "utf-8", "utf-8", *CODECS]))
    within = draw(st.sampled_from([None, None, None, "gzip", "zip", "tar"]))
    members = draw(st.integers(1, 2)) if within in ("zip", "tar") else 1
    has_mark = encoding == "utf-8" and draw(st.booleans())
    ends = draw(st.booleans())
    if shape.is_text:
        delimiter = draw(st.sampled_from([",", "\t", ";", "|"]))
        quote, end = draw(st.sampled_from(['"', '"', "'", "~"])), draw(st.sampled_from(["\n", "\r\n"]))
        quotes_all = draw(st.booleans())
        return Look("csv", encoding, within, delimiter, quote, end, quotes_all, False, "", has_mark, ends, members)
    if shape.is_xml:
        gap = draw(st.sampled_from(["", " ", "\n  ", "\r\n\t"]))
        return Look("xml", encoding, within, ",", '"', "\n", False, False, gap, has_mark, ends, members)
    kind = "object" if shape.is_keyed else draw(st.sampled_from(["json", "jsonl"]))
    gap = draw(st.sampled_from(["", " ", "\t"] if kind == "jsonl" else ["", " ", "\n  ", "\r\n\t"]))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    return Look(kind, encoding, within, ",", '"', end, False, draw(st.booleans()), gap, has_mark, ends, members)


def cell(text: str, look: Look) -> str:
    """A CSV field, in quotes where it needs them."""
    needs = look.quotes_all or any(sign in text for sign in (look.delimiter, look.quote, "\r", "\n"))
    return f"{look.quote}{text.replace(look.quote, look.quote * 2)}{look.quote}" if needs else text


def record_text(record: Record, columns: list[str], look: Look) -> str:
    """How a record stands in the file."""
    if record.text is not None:
        return record.text
    if look.format == "csv":
        return look.delimiter.join(cell(record.value[name], look) for name in columns)
    if look.format == "xml":
        return element("act", record.value, look.gap)
    text = write(record.value, is_ascii=look.is_ascii, gap=look.gap)
    return text if record.key is None else f"{write(record.key, is_ascii=look.is_ascii)}{look.gap}:{look.gap}{text}"


def render(records: list[Record], columns: list[str], look: Look) -> list[list[Piece]]:
    """The pieces of each member; the members share the records in order."""
    written = [Piece(record_text(one, columns, look), number) for number, one in enumerate(records)]
    share = -(-len(written) // look.members) if written else 1
    shares = [written[at * share : (at + 1) * share] for at in range(look.members)]
    return [_member(part, columns, look) for part in shares if part or part is shares[0]]


def _member(records: list[Piece], columns: list[str], look: Look) -> list[Piece]:
    if look.format in ("csv", "jsonl"):
        header = [Piece(look.delimiter.join(cell(name, look) for name in columns))] if look.format == "csv" else []
        lines = header + records
        pieces = [part for line in lines for part in (line, Piece(look.end))]
        return pieces if look.ends else pieces[:-1]
    if look.format == "xml":
        parts = [part for one in records for part in (Piece(look.gap), one)]
        return [Piece("<all>"), *parts, Piece(f"{look.gap}</all>" + (look.end if look.ends else ""))]
    opening, closing = ("{", "}") if look.format == "object" else ("[", "]")
    pieces = [Piece(look.gap + opening + look.gap)]
    for number, one in enumerate(records):
        pieces += [Piece(look.gap + "," + look.gap), one] if number else [one]
    return [*pieces, Piece(look.gap + closing + (look.end if look.ends else ""))]


def encode(pieces: list[Piece], look: Look) -> bytes:
    """A member's bytes, with a byte order mark where there is to be one."""
    mark = codecs.BOM_UTF8 if look.has_mark else _MARKS.get(look.encoding, b"")
    return mark + b"".join(piece.text.encode(look.codec) for piece in pieces)


def pack(members: list[bytes], look: Look) -> bytes:
    """The file that holds the members; always the same bytes."""
    if look.within is None:
        return members[0]
    if look.within == "gzip":
        return gzip.compress(members[0], 1, mtime=0)
    buffer = io.BytesIO()
    if look.within == "zip":
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
            for number, data in enumerate(members):
                packed.writestr(zipfile.ZipInfo(f"part {number}.txt"), data, zipfile.ZIP_DEFLATED)
    else:
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            for number, data in enumerate(members):
                info = tarfile.TarInfo(f"part {number}.txt")
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()
