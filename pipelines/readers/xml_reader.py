"""XML bytes to records, through the standard library's expat: streaming, without DTD or entities.

A record is the element at a stated path from the root. It becomes the nested dict that JSON's shapes understand:

- an attribute is ``@name``, a child element its name, names with their prefix as they are written;
- an element that holds nothing but text is that text, and an empty one the empty text; beside attributes the text is
  ``#text``; white space between elements is layout and no text;
- elements of one name are a list where there are several, or where the contract reads a list there (``Form``);
- an element in which text and elements alternate is ``#text``, all of its text, and ``#mixed``, its parts in order;
- the attributes of the elements around the record are ``/path/of/element/@name``.

Text is what an XML processor is to report: a line end within it is one line feed, however it was written, and in an
attribute a space (XML 1.0, 2.11 and 3.3.3); a carriage return that is meant is written ``&#13;``. Comments and
processing instructions are no data, and neither is the order of elements of different names.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from xml.parsers import expat

from pipelines.domain.vocabulary import Reason
from pipelines.readers.json_reader import MAX_DEPTH
from pipelines.readers.records import MAX_RECORD_BYTES, FileRefusedError, RawRecord, chunks

_PIECE = 1 << 20
_WHITE = " \t\r\n"
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,17}")


@dataclass
class Form:
    """How a contract reads an element, and those below it by name (``@name`` an attribute, ``#text`` the text).

    ``is_list``: there may be several; it is a list with one, too, and empty where the element around it has none.
    ``is_object``: something below it is read, so that it is no mere text. ``is_text``: its text is read, so that
    attributes or elements in it would be lost. ``is_number``: whole numbers in it are numbers. ``is_seen`` is set
    when the first such element is read.
    """

    below: dict[str, Form] = field(default_factory=dict)
    is_list: bool = False
    is_object: bool = False
    is_text: bool = False
    is_number: bool = False
    is_seen: bool = False


@dataclass(frozen=True)
class XmlRecord(RawRecord):
    """One record, its own bytes (as UTF-8), and its value.

    ``misshapen`` names the element, as a field path, that is not what the contract reads there. ``is_too_deep`` says
    that elements are nested deeper than ``MAX_DEPTH``; the value is then not whole.
    """

    value: dict[str, Any] = field(default_factory=dict)
    misshapen: str | None = None
    is_too_deep: bool = False


class _Element:
    """An element that is still open."""

    __slots__ = ("attributes", "form", "name", "pieces", "text_from")

    def __init__(self, name: str, form: Form | None, attributes: dict[str, Any], text_from: int) -> None:
        self.name = name
        self.form = form
        self.attributes = attributes
        self.pieces: list[Any] = []
        self.text_from = text_from


_NO_FORM = Form()


class XmlReader:
    """Reads one XML stream of UTF-8 text; iterating yields its records.

    ``encoding`` is what the contract declares, and what an XML declaration may not contradict. Elements outside the
    records are refused, unless ``ignored`` names them (``/path/of/element``): no table would hold them.

    Raises:
        FileRefusedError: on iteration; the document is not well-formed, declares a document type, or is not what
            the contract says.
    """

    def __init__(
        self, stream: BinaryIO, record: str, encoding: str, form: Form | None = None, ignored: Collection[str] = ()
    ) -> None:
        self._stream = stream
        self._path = record.split("/")
        self._encoding = encoding
        self._form = form or Form(is_object=True)
        self._ignored = frozenset(ignored)
        self._held = bytearray()
        self._base = 0  # where in the document the held bytes begin
        self._from = 0  # where in the document the record begins, or else the last event
        self._around: list[str] = []
        self._attributes: dict[str, str] = {}
        self._passed = 0  # depth within an element outside the records that is ignored
        self._open: list[_Element] = []
        self._texts: list[str] = []
        self._deeper = 0
        self._misshapen: str | None = None
        self._is_too_deep = False
        self._ready: list[XmlRecord] = []
        self._count = 0
        self._parser = expat.ParserCreate("utf-8")
        self._parser.buffer_text = True
        self._parser.XmlDeclHandler = self._declared
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text

    def __iter__(self) -> Iterator[XmlRecord]:
        is_empty = True
        for piece in chunks(self._stream, _PIECE):
            is_empty = False
            self._held += piece
            self._parse(piece)
            yield from self._taken()
            del self._held[: self._from - self._base]
            self._base = self._from
            if len(self._held) > MAX_RECORD_BYTES:
                raise _malformed(f"record {self._count}, or what stands before it, is larger than {MAX_RECORD_BYTES}")
        if is_empty:
            raise FileRefusedError(Reason.FILE_EMPTY, "the file is empty")
        self._parse(b"", is_last=True)
        yield from self._taken()

    def _taken(self) -> list[XmlRecord]:
        taken, self._ready = self._ready, []
        return taken

    def _parse(self, piece: bytes, *, is_last: bool = False) -> None:
        try:
            self._parser.Parse(piece, is_last)
        except expat.ExpatError as error:
            told = expat.errors.messages.get(error.code, "broken")
            raise _malformed(f"the document is no well-formed XML: {told}, line {error.lineno}") from None

    def _declared(self, version: str, encoding: str | None, standalone: int) -> None:
        if encoding is not None and not _is_same(encoding, self._encoding):
            message = f"the XML declaration says {encoding[:40]!r}, the contract {self._encoding}"
            raise FileRefusedError(Reason.FILE_ENCODING, message)

    def _doctype(self, name: str, system_id: str | None, public_id: str | None, has_internal_subset: int) -> None:
        raise _malformed("the document declares a document type; entities and defaults are not read")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if self._open:
            if self._deeper or len(self._open) == MAX_DEPTH:
                self._deeper += 1
                self._is_too_deep = True
                return
            form = self._open[-1].form
            self._push(name, form.below.get(name) if form is not None else None, attributes)
        elif self._passed or not self._is_around(name):
            self._pass(name)
        else:
            self._from = self._parser.CurrentByteIndex
            if len(self._around) == len(self._path) - 1:
                self._push(name, self._form, attributes)
                return
            self._around.append(name)
            for attribute, value in attributes.items():
                self._attributes[f"{self._where()}/@{attribute}"] = value

    def _is_around(self, name: str) -> bool:
        return self._path[len(self._around)] == name

    def _where(self) -> str:
        return "/" + "/".join(self._around)

    def _pass(self, name: str) -> None:
        self._passed += 1
        if self._passed > 1:
            return
        where = f"/{'/'.join([*self._around, name])}"
        if where not in self._ignored:
            message = f"the element {where[:200]} is outside the records; list it in ignored, with a reason"
            raise FileRefusedError(Reason.FILE_MALFORMED, message, where[:200])

    def _push(self, name: str, form: Form | None, attributes: dict[str, str]) -> None:
        held: dict[str, Any] = {f"@{attribute}": value for attribute, value in attributes.items()}
        if form is not None:
            form.is_seen = True
            for attribute in held.keys() & form.below.keys():
                if form.below[attribute].is_number:
                    held[attribute] = _number(held[attribute])
        self._open.append(_Element(name, form, held, len(self._texts)))

    def _text(self, text: str) -> None:
        if self._open:
            if not self._deeper:
                self._open[-1].pieces.append(text)
                self._texts.append(text)
        elif not self._passed and text.strip(_WHITE):
            raise _malformed(f"text stands outside the records, in {self._where()[:200]}")

    def _end(self, name: str) -> None:
        if self._deeper:
            self._deeper -= 1
        elif self._open:
            element = self._open.pop()
            if self._open:
                self._open[-1].pieces.append((element.name, self._value(element)))
            else:
                self._record(element)
        elif self._passed:
            self._passed -= 1
        else:
            for attribute in [key for key in self._attributes if key.startswith(f"{self._where()}/@")]:
                del self._attributes[attribute]
            self._around.pop()
            self._from = self._parser.CurrentByteIndex

    def _record(self, element: _Element) -> None:
        value = self._value(element)
        at = self._parser.CurrentByteIndex - self._base
        # Of an element without end tag, expat tells the place behind it; else that of its end tag.
        if element.pieces or self._held[at - 2 : at] != b"/>":
            at = self._held.index(b">", at) + 1
        raw = bytes(self._held[self._from - self._base : at])
        self._ready.append(
            XmlRecord(
                self._count,
                raw,
                value={**self._attributes, **value},
                misshapen=self._misshapen,
                is_too_deep=self._is_too_deep,
            )
        )
        self._count += 1
        self._from = self._base + at
        self._texts.clear()
        self._misshapen, self._is_too_deep = None, False

    def _value(self, element: _Element) -> Any:
        form = element.form or _NO_FORM
        children = [piece for piece in element.pieces if type(piece) is tuple]
        value: Any
        if not children:
            text = "".join(element.pieces)
            if not element.attributes and not form.is_object:
                return _number(text) if form.is_number else text
            value = element.attributes
            if text.strip(_WHITE) or "#text" in form.below or (text and not form.is_object):
                value["#text"] = text
        elif all(type(piece) is tuple or not piece.strip(_WHITE) for piece in element.pieces):
            value = element.attributes
            for name, held in children:
                before = value.get(name)
                below = form.below.get(name)
                if type(before) is list:  # no element's own value is a list
                    before.append(held)
                elif before is not None:
                    value[name] = [before, held]
                else:
                    value[name] = [held] if below is not None and below.is_list else held
        else:
            value = element.attributes
            value["#text"] = "".join(self._texts[element.text_from :])
            value["#mixed"] = _alternating(element.pieces)
            for name, _ in children:
                if name in form.below:
                    self._misshape([element.name, name])
        for name, below in form.below.items():
            if below.is_list and name not in value:
                value[name] = []
        if form.is_text:
            self._misshape([element.name])
        return value

    def _misshape(self, names: list[str]) -> None:
        around = [one.name for one in self._open[1:]] if self._open else []
        self._misshapen = self._misshapen or ".".join([*around, *(names if self._open else names[1:])])


def _alternating(pieces: list[Any]) -> list[Any]:
    """The parts of an element in their order: texts, and each element as an object of its own."""
    mixed: list[Any] = []
    for piece in pieces:
        if type(piece) is tuple:
            mixed.append({piece[0]: piece[1]})
        elif mixed and type(mixed[-1]) is str:
            mixed[-1] += piece
        else:
            mixed.append(piece)
    return mixed


def _number(text: str) -> str | int:
    return int(text) if _WHOLE.fullmatch(text) else text


def _is_same(stated: str, declared: str) -> bool:
    """Whether two names mean one encoding; where one leaves the byte order open, the other may tell it."""
    try:
        one, other = (codecs.lookup(name).name.removesuffix("-sig") for name in (stated, declared))
    except LookupError:
        return False
    return one == other or f"{one}-le" == other or f"{one}-be" == other or one in (f"{other}-le", f"{other}-be")


def _malformed(message: str) -> FileRefusedError:
    return FileRefusedError(Reason.FILE_MALFORMED, message)
