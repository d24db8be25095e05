"""XML elements as records: nested objects, in which a contract's paths say what is a list and what is an object.

``docs/contracts.md`` (Records of XML) says what becomes what; here it is done with expat alone.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any
from xml.parsers import expat

from expectations.recount.values import Token, Unreadable
from pipelines.contracts.each import Each, EachElement, EachEntry, EachParallel
from pipelines.contracts.files import FileMapping
from pipelines.contracts.model import SourceContract
from pipelines.contracts.paths import Looked, Select, Step, parse_path
from pipelines.domain.vocabulary import AnswerType

_BLOCK = 1 << 16
_SPACE = " \t\r\n"
_WHOLE = re.compile(r"-?(0|[1-9][0-9]*)")


@dataclass
class Reads:
    """What a contract reads of an element: its parts by name, and whether it is a list or a whole number."""

    parts: dict[str, Reads] = field(default_factory=dict)
    is_list: bool = False
    is_number: bool = False
    is_object: bool = False

    def at(self, path: tuple[Step, ...]) -> Reads:
        """That of what a path leads to."""
        here = self
        for step in path:
            if isinstance(step, Looked):
                here.is_object = True
                return Reads()
            if isinstance(step, Select):
                here.is_list = here.is_object = True
                here.parts.setdefault(step.key, Reads())
            else:
                here.is_object = True
                here = here.parts.setdefault(str(step), Reads())
        return here


def reads(contract: SourceContract, mapping: FileMapping) -> Reads:
    """What a mapping reads of a record."""
    root = Reads()
    zipped = {
        f"${name}": given
        for step in mapping.each
        if isinstance(step, EachParallel)
        for name, given in step.zip.items()
        if isinstance(given, str)
    }
    for name in mapping.fields():
        if name in mapping.ignored:
            continue
        path = parse_path(name)
        if isinstance(path[0], str) and path[0] in zipped:
            path = (*parse_path(zipped[path[0]]), *path[1:])
        if not (isinstance(path[0], str) and path[0].startswith("$")):
            root.at(path)
    for step in mapping.each:
        _read_step(root, step)
    for code, answer in mapping.answers.items():
        is_set = contract.questions[code].type == AnswerType.MULTI_CHOICE
        if answer.field and is_set and not answer.split and answer.field[0] != "$":
            root.at(parse_path(answer.field)).is_list = True
        if answer.spans:
            marked = root.at(parse_path(answer.spans.list))
            marked.is_list = marked.is_object = True
            for part in (answer.spans.start, answer.spans.end):
                if part is not None:
                    marked.at(parse_path(part)).is_number = True
    return root


def _read_step(root: Reads, step: Each) -> None:
    if isinstance(step, EachElement):
        listed = root.at(parse_path(step.list))
        listed.is_list = listed.is_object = True
    elif isinstance(step, EachEntry):
        root.at(parse_path(step.entries)).is_object = True
    elif isinstance(step, EachParallel) and step.split is None:
        for given in step.zip.values():
            if isinstance(given, str):
                root.at(parse_path(given)).is_list = True


@dataclass
class Element:
    """An element as it stands in the file: attributes, and texts and elements in turn."""

    name: str
    attributes: dict[str, str]
    held: list[str | Element] = field(default_factory=list)

    def text(self) -> str:
        """All of its text."""
        return "".join(one if isinstance(one, str) else one.text() for one in self.held)


def xml_records(text: IO[str], contract: SourceContract, mapping: FileMapping) -> Iterator[Any]:
    """The records of an XML text, each as nested objects.

    Raises:
        ValueError: the text is no XML.
    """
    read = reads(contract, mapping)
    path = (mapping.dialect.record or "").split("/")
    found: deque[tuple[Element, dict[str, str]]] = deque()
    parser = _parser(path, found)
    is_over = False
    while not is_over:
        block = text.read(_BLOCK)
        is_over = not block
        try:
            parser.Parse(block, is_over)
        except expat.ExpatError as error:
            raise ValueError(f"no XML: {error}") from None
        while found:
            element, around = found.popleft()
            try:
                record = value_of(element, read)
            except Unreadable as error:
                yield error
            else:
                yield {**around, **(record if type(record) is dict else {})}


def _parser(path: list[str], found: deque[tuple[Element, dict[str, str]]]) -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    names: list[str] = []
    open_: list[Element] = []
    around: list[dict[str, str]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        names.append(name)
        if open_:
            element = Element(name, attributes)
            open_[-1].held.append(element)
            open_.append(element)
        elif names == path:
            open_.append(Element(name, attributes))
        else:
            at = "/" + "/".join(names)
            around.append({f"{at}/@{one}": value for one, value in attributes.items()})

    def end(_: str) -> None:
        names.pop()
        if not open_:
            around.pop()
            return
        element = open_.pop()
        if not open_:
            found.append((element, {name: value for one in around for name, value in one.items()}))

    def text(data: str) -> None:
        if open_:
            held = open_[-1].held
            if held and isinstance(held[-1], str):
                held[-1] += data
            else:
                held.append(data)

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    return parser


def value_of(element: Element, read: Reads | None) -> Any:
    """An element as a value: a text, or an object.

    Raises:
        Unreadable: the contract reads an element that stands among text.
    """
    is_object = read is not None and read.is_object
    parts = read.parts if read is not None else {}
    inner = [one for one in element.held if isinstance(one, Element)]
    if not (inner or element.attributes or is_object):
        return _text(element.text(), read)
    found: dict[str, Any] = {
        f"@{name}": _text(value, parts.get(f"@{name}")) for name, value in element.attributes.items()
    }
    is_mixed = inner and any(isinstance(one, str) and one.strip(_SPACE) for one in element.held)
    if is_mixed:
        if any(one.name in parts for one in inner):
            raise Unreadable("has text around an element that is read", record=True)
        found["#text"] = element.text()
        found["#mixed"] = [one if isinstance(one, str) else {one.name: value_of(one, None)} for one in element.held]
    elif inner:
        groups: dict[str, list[Any]] = {}
        for one in inner:
            groups.setdefault(one.name, []).append(value_of(one, parts.get(one.name)))
        for name, values in groups.items():
            is_list = name in parts and parts[name].is_list
            found[name] = values if is_list or len(values) > 1 else values[0]
    elif (text := element.text()) or "#text" in parts:
        found["#text"] = text
    for name, part in parts.items():
        if part.is_list and name not in found:
            found[name] = []
    return found


def _text(text: str, read: Reads | None) -> str:
    return Token(text) if read is not None and read.is_number and _WHOLE.fullmatch(text) else text
