"""Damage to a file as a whole: its text, its bytes, or the container around them, and what can still be foretold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

from pipelines.domain.vocabulary import Reason
from tests.properties.exports.formats import CODECS, Look, Piece, encode, pack
from tests.properties.exports.shape import Shape

ANY = frozenset(Reason)
MUST = "must"


@dataclass(frozen=True)
class File:
    """A file, and what is foretold: records below ``exact`` are as written (None: all are, and there are no others).

    ``refusals`` are reasons for which the file may be refused as a whole; it has to be where ``must_be_refused``.
    """

    data: bytes
    exact: int | None = None
    refusals: frozenset[Reason] = frozenset()
    must_be_refused: bool = False
    told: str = "nothing"


@dataclass(frozen=True)
class Text:
    """The text of a file before it is bytes: pieces by member."""

    members: list[list[Piece]]
    look: Look
    shape: Shape
    columns: list[str] = field(default_factory=list)

    def bytes(self, members: list[list[Piece]] | None = None) -> bytes:
        """The packed file."""
        return pack([encode(one, self.look) for one in members or self.members], self.look)

    def first(self, pieces: list[Piece]) -> list[list[Piece]]:
        """The members with another first one."""
        return [pieces, *self.members[1:]]


def untouched(draw: Any, text: Text) -> File:
    """Nothing happens."""
    return File(text.bytes())


def truncated(draw: Any, text: Text) -> File:
    """The file breaks off somewhere."""
    whole = text.bytes()
    cut = draw(st.integers(0, max(len(whole) - 1, 0)))
    data = whole[:cut]
    if text.look.within is None:
        # A document that breaks off before its end is refused whole; rows and lines before the end are as they were.
        end = [*text.members[0][:-1], Piece(text.members[0][-1].text.rstrip())]
        breaks_off = text.look.format in ("json", "object", "xml") and cut < len(encode(end, text.look))
        return File(data, _record_at(text, cut), ANY, breaks_off, told="truncated")
    # What a container loses is seen by the container, or is nothing.
    return File(data, None, ANY, text.look.within != "tar", told=f"truncated {text.look.within}")


def overwritten(draw: Any, text: Text) -> File:
    """Some bytes are others: one, several, more or fewer than there were."""
    whole = text.bytes()
    at = draw(st.integers(0, len(whole)))
    other = draw(st.one_of(st.binary(max_size=4), st.sampled_from([b"\0", b'"', b"\r", b"\n", b"\\", b"\xed\xa0\x80"])))
    data = whole[:at] + other + whole[at + draw(st.integers(0, 3)) :]
    if text.look.within is None:
        return File(data, _record_at(text, at), ANY, told="overwritten")
    # gzip has a checksum; tar has none of the content, and zip none of the names that order its members.
    return File(data, None if text.look.within == "gzip" else 0, ANY, told=f"overwritten {text.look.within}")


def stray_quote(draw: Any, text: Text) -> File:
    """A quote stands where none belongs."""
    places = [number for number, piece in enumerate(text.members[0]) if piece.ordinal is not None]
    if not places:
        return untouched(draw, text)
    at = draw(st.sampled_from(places))
    pieces = list(text.members[0])
    held = pieces[at].text
    where = draw(st.integers(0, len(held)))
    pieces[at] = replace(pieces[at], text=held[:where] + text.look.quote + held[where:])
    return File(text.bytes(text.first(pieces)), pieces[at].ordinal, ANY, told="stray quote")


def other_encoding(draw: Any, text: Text) -> File:
    """The bytes are of another encoding than the contract declares."""
    other = replace(text.look, encoding=draw(st.sampled_from(sorted(CODECS))), has_mark=False)
    try:
        data = pack([encode(one, other) for one in text.members], other)
    except UnicodeEncodeError:
        return untouched(draw, text)
    return File(data, 0, ANY, told="other encoding")


def lone_surrogate(draw: Any, text: Text) -> File:
    """Bytes of half a character, which are valid in no text."""
    if text.look.codec != "utf-8" or text.look.within is not None:
        return untouched(draw, text)
    data = text.bytes()
    at = draw(st.integers(3 * data.startswith(b"\xef\xbb\xbf"), len(data)))
    broken = data[:at] + b"\xed\xa0\x80" + data[at:]
    return File(broken, 0, frozenset({Reason.FILE_ENCODING, Reason.FILE_MALFORMED}), True, told="lone surrogate")


def line_ends(draw: Any, text: Text) -> File:
    """Lines end in every way, and some are blank."""
    if text.look.format not in ("csv", "jsonl"):
        return untouched(draw, text)
    ends = ["\n", "\r\n", "\n\n", "\r\n\r\n"] + (["\r", "\r\r\n", "\r\r"] if text.look.format == "csv" else ["\n \t\n"])
    members = [
        [Piece(draw(st.sampled_from(ends))) if piece == Piece(text.look.end) else piece for piece in member]
        for member in text.members
    ]
    return File(text.bytes(members), told="line ends")


def header(draw: Any, text: Text) -> File:
    """A column has another name, or the name of another."""
    if not text.shape.is_text:
        return untouched(draw, text)
    mapped = [name for name in text.columns if name != "note"]
    name = draw(st.sampled_from(mapped))
    twin = draw(st.booleans())
    other = next(one for one in text.columns if one != name) if twin else "renamed"
    columns = [other if one == name else one for one in text.columns]
    look = text.look
    head = look.delimiter.join(f"{look.quote}{one.replace(look.quote, look.quote * 2)}{look.quote}" for one in columns)
    reasons = {Reason.FILE_MALFORMED} if twin else {Reason.FILE_COLUMN_MISSING}
    data = text.bytes(text.first([Piece(head), *text.members[0][1:]]))
    return File(data, 0, frozenset(reasons), True, told="header")


def around(draw: Any, text: Text) -> File:
    """A document has a comma too many, more behind its end, or no end."""
    if text.look.format not in ("json", "object", "xml"):
        return untouched(draw, text)
    pieces = text.members[0]
    closing = pieces[-1].text
    ends = [closing + "]", closing + "x", closing + closing, ""]
    ends += ["</act>", closing + "<all/>"] if text.shape.is_xml else ["," + closing, closing + "{}", "}]", "]}"]
    changed = [*pieces[:-1], Piece(draw(st.sampled_from(ends)))]
    return File(text.bytes(text.first(changed)), 0, frozenset({Reason.FILE_MALFORMED}), True, told="around")


def emptied(draw: Any, text: Text) -> File:
    """There is no record in it."""
    kept = [] if draw(st.booleans()) else [piece for piece in text.members[0][:1] if text.shape.is_text]
    look = replace(text.look, encoding="utf-8", has_mark=False) if not kept else text.look
    data = pack([encode(kept, look)], look)
    reasons = {Reason.FILE_EMPTY, *([] if kept else [Reason.FILE_MALFORMED])}
    return File(data, 0, frozenset(reasons), True, told="emptied")


def _record_at(text: Text, at: int) -> int:
    """Which record's bytes, or the bytes before it, hold a position of the file."""
    position = len(encode([], text.look))
    count = 0
    for piece in text.members[0]:
        position += len(piece.text.encode(text.look.codec))
        if piece.ordinal is not None:
            # The last byte of a record also tells that it ends there.
            if at <= position:
                return piece.ordinal
            count = piece.ordinal + 1
        elif at < position and count == 0 and text.shape.is_text:
            return 0
    return max(count - 1, 0)


Damage = Callable[[Any, Text], File]
OF_FILES: tuple[Damage, ...] = (
    untouched,
    untouched,
    untouched,
    truncated,
    overwritten,
    stray_quote,
    other_encoding,
    lone_surrogate,
    line_ends,
    header,
    around,
    emptied,
)
