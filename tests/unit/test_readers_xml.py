"""XML: what becomes of an element, what is refused, and that the second reader counts the same."""

from __future__ import annotations

import io
from typing import Any

import pytest

from pipelines.domain.vocabulary import Reason
from pipelines.readers import recount_xml, xml_reader
from pipelines.readers.json_reader import MAX_DEPTH
from pipelines.readers.records import FileRefusedError, utf8_stream
from pipelines.readers.recount_json import RecountError
from pipelines.readers.recount_xml import count_elements
from pipelines.readers.xml_reader import Form, XmlReader, XmlRecord


def read(data: bytes | str, form: Form | None = None, **stated: Any) -> list[XmlRecord]:
    """The records at ``c/r``; the second reader must count as many."""
    raw = data.encode() if isinstance(data, str) else data
    encoding = stated.pop("encoding", "utf-8")
    path = stated.pop("path", "c/r")
    records = list(XmlReader(utf8_stream(io.BytesIO(raw), encoding), path, encoding, form, **stated))
    assert count_elements(io.StringIO(raw.decode(encoding)).read, path) == len(records)
    return records


def value(record: str, form: Form | None = None) -> dict[str, Any]:
    """What one record becomes."""
    (one,) = read(f"<c>{record}</c>", form)
    assert one.raw.decode() == record
    return one.value


@pytest.mark.parametrize(
    ("record", "meant"),
    [
        ("<r/>", {}),
        ("<r></r>", {}),
        ("<r >\n</r >", {}),
        ('<r id="1"/>', {"@id": "1"}),
        ('<r a="/>" b=\'"\'></r>', {"@a": "/>", "@b": '"'}),
        ("<r><a>x</a></r>", {"a": "x"}),
        ("<r><a/></r>", {"a": ""}),
        ("<r><a> x </a></r>", {"a": " x "}),
        ("<r>\n <a>1</a>\n <a>2</a>\n <a>3</a></r>", {"a": ["1", "2", "3"]}),
        ('<r><a k="1">x</a></r>', {"a": {"@k": "1", "#text": "x"}}),
        ('<r><a k="1"/></r>', {"a": {"@k": "1"}}),
        ("<r><a><b>x</b></a></r>", {"a": {"b": "x"}}),
        ("<r>x</r>", {"#text": "x"}),
        ("<r><a>x<b>y</b> z<b>w</b></a></r>", {"a": {"#text": "xy zw", "#mixed": ["x", {"b": "y"}, " z", {"b": "w"}]}}),
        ("<r><a>&lt;&amp;&#233;&#x1F600;&gt;</a></r>", {"a": "<&é😀>"}),
        ("<r><a>x<![CDATA[<r>]]]]>y<!-- <r> - --><?pi <r/> ?></a></r>", {"a": "x<r>]]y"}),
        ("<r><x:a x:k='1'/></r>", {"x:a": {"@x:k": "1"}}),
        ("<r><a>1\r\n2\r3\n4&#13;&#10;</a></r>", {"a": "1\n2\n3\n4\r\n"}),
        ("<r a='1\r\n2\t3&#10;'/>", {"@a": "1 2 3\n"}),
        ("<r><r>x</r></r>", {"r": "x"}),
    ],
)
def test_an_element_becomes_what_json_shapes_understand(record: str, meant: dict[str, Any]) -> None:
    assert value(record) == meant


def listed(*names: str, **more: Form) -> Form:
    """A record's form, in which some elements are lists."""
    return Form({**{name: Form(is_list=True) for name in names}, **more}, is_object=True)


@pytest.mark.parametrize(
    ("record", "meant"),
    [
        ("<r><l>1</l></r>", {"l": ["1"]}),
        ("<r><l>1</l><l>2</l></r>", {"l": ["1", "2"]}),
        ("<r/>", {"l": []}),
        ("<r> </r>", {"l": []}),
    ],
)
def test_a_list_is_one_whatever_the_number_of_its_elements(record: str, meant: dict[str, Any]) -> None:
    assert value(record, listed("l")) == meant


def test_a_list_of_which_the_element_around_is_absent_is_absent() -> None:
    form = Form({"ls": Form({"l": Form(is_list=True)}, is_object=True)}, is_object=True)
    assert value("<r/>", form) == {}
    assert value("<r><ls/></r>", form) == {"ls": {"l": []}}
    assert value("<r><ls>\n</ls></r>", form) == {"ls": {"l": []}}


def test_what_is_read_as_an_object_is_one_also_where_it_holds_but_text() -> None:
    form = Form({"a": Form({"#text": Form()}, is_object=True)}, is_object=True)
    assert value("<r><a>x</a></r>", form) == {"a": {"#text": "x"}}
    assert value('<r><a k="1">x</a></r>', form) == {"a": {"@k": "1", "#text": "x"}}
    assert value("<r><a/></r>", form) == {"a": {"#text": ""}}


def test_offsets_are_numbers_and_nothing_else_is() -> None:
    form = Form({"@at": Form(is_number=True), "n": Form(is_number=True)}, is_object=True)
    assert value('<r at="12" k="12"><n>-3</n></r>', form) == {"@at": 12, "@k": "12", "n": -3}
    assert value('<r at="012"><n>1.0</n></r>', form) == {"@at": "012", "n": "1.0"}


@pytest.mark.parametrize("record", ['<r><a k="1">x</a></r>', "<r><a>x<b/></a></r>", "<r><a><b/></a></r>"])
def test_text_that_is_read_alone_but_is_not_alone_refuses_its_record(record: str) -> None:
    form = Form({"a": Form(is_text=True)}, is_object=True)
    assert [one.misshapen for one in read(f"<c><r><a>x</a></r>{record}</c>", form)] == [None, "a"]


def test_an_element_that_is_read_but_stands_within_text_refuses_its_record() -> None:
    records = read("<c><r>so <l>1</l></r><r>x<p>y<l/></p></r></c>", listed("l", p=listed("l")))
    assert [one.misshapen for one in records] == ["l", "p.l"]


def test_the_attributes_around_a_record_are_its_own_too() -> None:
    data = '<c v="1"><b who="ana"><r/></b><b><r/></b><b who="bob"><r k="2"/><r/></b></c>'
    assert [one.value for one in read(data, path="c/b/r")] == [
        {"/c/@v": "1", "/c/b/@who": "ana"},
        {"/c/@v": "1"},
        {"/c/@v": "1", "/c/b/@who": "bob", "@k": "2"},
        {"/c/@v": "1", "/c/b/@who": "bob"},
    ]


def test_the_root_may_be_the_record() -> None:
    assert [one.value for one in read('<r k="1"><a/></r>', path="r")] == [{"@k": "1", "a": ""}]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("<c><r/><meta>x</meta></c>", "the element /c/meta is outside the records"),
        ("<c><r/>so</c>", "text stands outside the records, in /c"),
        ("<d><r/></d>", "the element /d is outside the records"),
        ("<c><r/></c><c/>", "no well-formed XML"),
        ("<c><r></c>", "no well-formed XML"),
        ("<c><r/>", "no well-formed XML"),
        ("<c><r a='1' a='2'/></c>", "no well-formed XML"),
        ("<c><r>&nbsp;</r></c>", "no well-formed XML"),
        ("<c><r>\x01</r></c>", "no well-formed XML"),
        ("<!DOCTYPE c><c><r/></c>", "declares a document type"),
        ('<!DOCTYPE c SYSTEM "file:///etc/passwd"><c><r/></c>', "declares a document type"),
        ('<!DOCTYPE c [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><c><r>&b;</r></c>', "declares a document type"),
        ('<!DOCTYPE c [<!ENTITY x SYSTEM "file:///etc/passwd">]><c><r>&x;</r></c>', "declares a document type"),
        ("<!DOCTYPE c [<!ATTLIST r k CDATA 'v'>]><c><r/></c>", "declares a document type"),
    ],
)
def test_a_document_that_is_not_what_is_stated_is_refused(data: str, told: str) -> None:
    with pytest.raises(FileRefusedError, match=told) as caught:
        list(XmlReader(io.BytesIO(data.encode()), "c/r", "utf-8"))
    assert caught.value.reason == Reason.FILE_MALFORMED


def test_what_is_ignored_may_stand_outside_the_records() -> None:
    data = "<c><meta><r/><x>1</x></meta><r/><meta/></c>"
    assert len(list(XmlReader(io.BytesIO(data.encode()), "c/r", "utf-8", None, {"/c/meta"}))) == 1
    assert count_elements(io.StringIO(data).read, "c/r") == 1


@pytest.mark.parametrize(
    ("stated", "declared", "fits"),
    [
        ("UTF-8", "utf-8", True),
        ("utf-8", "utf-8-sig", True),
        ("utf-16", "utf-16-le", True),
        ("UTF-16LE", "utf-16-be", False),
        ("ISO-8859-1", "latin-1", True),
        ("ISO-8859-1", "utf-8", False),
        ("windows-1252", "latin-1", False),
        ("klingon", "utf-8", False),
    ],
)
def test_an_xml_declaration_may_not_contradict_the_contract(stated: str, declared: str, fits: bool) -> None:
    data = f'<?xml version="1.0" encoding="{stated}"?><c><r>é</r></c>'.encode(declared)
    if fits:
        assert read(data, encoding=declared)[0].value == {"#text": "é"}
        return
    with pytest.raises(FileRefusedError, match="the XML declaration says") as caught:
        list(XmlReader(utf8_stream(io.BytesIO(data), declared), "c/r", declared))
    assert caught.value.reason == Reason.FILE_ENCODING


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_byte_order_mark_is_recognised(mark: bytes) -> None:
    assert len(read(mark + b"<c><r/></c>", encoding="utf-8-sig")) == 1


def test_a_document_cut_at_any_byte_is_refused() -> None:
    data = '<?xml version="1.0"?>\n<c>\n<!-- x --><r k="é>">x<![CDATA[]]]]></r><r/>\n</c>\n'.encode()
    whole = [one.value for one in read(data)]
    for cut in range(len(data)):
        try:
            found = [one.value for one in XmlReader(io.BytesIO(data[:cut]), "c/r", "utf-8")]
        except FileRefusedError:
            continue
        assert found == whole
    for cut in range(len(data.decode())):
        text = data.decode()[:cut]
        try:
            assert count_elements(io.StringIO(text).read, "c/r") == len(whole)
        except RecountError:
            continue


def test_elements_nested_too_deep_refuse_their_record_alone() -> None:
    deepest = MAX_DEPTH - 1
    deep = [f"<r>{'<a>' * depth}x{'</a>' * depth}</r>" for depth in (deepest, deepest + 1, 5000)]
    records = read(f"<c>{''.join(deep)}<r>y</r></c>")
    assert [one.is_too_deep for one in records] == [False, True, True, False]
    assert [one.raw.decode() for one in records[:3]] == deep
    assert records[3].value == {"#text": "y"}


def test_a_record_larger_than_the_limit_refuses_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml_reader, "_PIECE", 64)
    data = f"<c><r>{'x' * 500}</r></c>".encode()
    assert len(list(XmlReader(io.BytesIO(data), "c/r", "utf-8"))) == 1
    monkeypatch.setattr(xml_reader, "MAX_RECORD_BYTES", 400)
    with pytest.raises(FileRefusedError, match="larger than 400"):
        list(XmlReader(io.BytesIO(data), "c/r", "utf-8"))
    monkeypatch.setattr(recount_xml, "_PIECE", 64)
    monkeypatch.setattr(recount_xml, "MAX_RECORD_BYTES", 400)
    with pytest.raises(RecountError, match="larger than 400"):
        count_elements(io.StringIO(f'<c><r k="{"x" * 500}"/></c>').read, "c/r")


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 64])
def test_nothing_depends_on_where_the_pieces_end(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data = '<c v="1"><!-- <r> --><r k="é>"><a>x</a><![CDATA[<r>]]></r ><r/><r ></r><r><r/></r></c>'
    whole = read(data)
    monkeypatch.setattr(xml_reader, "_PIECE", piece)
    monkeypatch.setattr(recount_xml, "_PIECE", piece)
    assert read(data) == whole
    assert [one.raw.decode() for one in whole][1:] == ["<r/>", "<r ></r>", "<r><r/></r>"]
