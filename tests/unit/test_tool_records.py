"""What exports of tools hold beside plain rows: a file that is one record, records that answer one question each."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pipelines.contracts.model import SourceContract
from tests.unit.landed import Landed, stated

CHOICE = {"type": "choice", "options": ["A", "B"]}
SET = {"type": "multi_choice", "options": ["one", "two, three", "four"]}
TEXT = {"type": "text"}
RANKING = {"type": "ranking", "options": ["alpha", "beta", "gamma, delta"]}


def csv_of(**answers: Any) -> dict[str, Any]:
    return {
        "role": "judgments",
        "pattern": "*",
        "dialect": {"format": "csv"},
        "item": {"key": "item"},
        "annotator": {"key": "who"},
        "answers": answers,
    }


def json_of(form: str = "jsonl", **changes: Any) -> dict[str, Any]:
    return {**csv_of(**changes.pop("answers")), "dialect": {"format": form, **changes.pop("dialect", {})}, **changes}


def faults(questions: dict[str, Any], *files: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as error:
        stated(questions, *files)
    return str(error.value)


def as_lines(*records: Any) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def test_a_record_answers_the_question_that_it_names_and_no_other(tmp_path: Path) -> None:
    """In the records of other questions a question was not asked, whatever became of them."""
    mapping = csv_of(
        q={"field": "value", "when": {"asked": "q"}}, r={"field": "value", "when": {"asked": "r", "of": 1}}
    )
    mapping["status"] = {"field": "state", "values": {"ok": "submitted", "skip": "skipped"}}
    table = b"item,who,asked,of,value,state\ni,ana,q,1,A,ok\ni,ana,r,1,B,skip\ni,ana,r,2,B,ok\ni,ana,s,1,C,ok\n"
    found = Landed(tmp_path, stated({"q": CHOICE, "r": CHOICE}, mapping), {"a.csv": table})
    assert found.rows("judgments", "question_id, answer") == [("q", '"A"'), ("r", '{"skipped":"B"}')]
    assert found.rows("quarantine", "reason") == []


@pytest.mark.parametrize(
    ("text", "answers", "reason"),
    [
        (b'{"who": "ana", "given": {"i": "A", "j": "B"}}', ['"A"', '"B"'], None),
        (b'\xef\xbb\xbf \n{"who": "ana", "given": {}}\n', [], None),
        (b'[{"who": "ana", "given": {"i": "A"}}]', [], "file_malformed"),
        (b'{"who": "ana", "given": {"i": "A"}', [], "file_malformed"),
        (b'{"who": "ana", "given": {"i": "A"}} {}', [], "file_malformed"),
        (b'{"who": "ana", "given": {"i": A}}', [], "record_malformed"),
        (b'{"who": "ana", "who": "bo", "given": {"i": "A"}}', [], "record_malformed"),
        (b" \n", [], "file_malformed"),
        (b"", [], "file_malformed"),
    ],
)
def test_a_document_may_be_one_record(tmp_path: Path, text: bytes, answers: list[str], reason: str | None) -> None:
    mapping = json_of("json", answers={"q": "given"}, dialect={"records": "whole"})
    mapping |= {"each": {"entries": "given", "name": "item"}, "item": {"key": "$item"}}
    found = Landed(tmp_path, stated({"q": CHOICE}, mapping), {"a.json": text})
    assert [answer for (answer,) in found.rows("judgments", "answer")] == answers
    assert [one for (one,) in found.rows("quarantine", "reason")] == ([] if reason is None else [reason])


@pytest.mark.parametrize("text", [b"", b"\n", b" \r\n\n"])
@pytest.mark.parametrize("may_be_empty", [True, False])
def test_a_file_without_a_record_is_refused_unless_it_says_that_there_is_none(
    tmp_path: Path, text: bytes, may_be_empty: bool
) -> None:
    mapping = json_of(answers={"q": "a"}, may_be_empty=may_be_empty)
    files = {"ana.jsonl": text, "bo.jsonl": as_lines({"item": "i", "who": "bo", "a": "A"})}
    found = Landed(tmp_path, stated({"q": CHOICE}, mapping), files)
    assert found.rows("judgments", "answer") == [('"A"',)]
    assert found.rows("quarantine", "reason") == ([] if may_be_empty else [("file_empty",)])


def test_a_column_an_option_may_hold_the_option_and_may_lack(tmp_path: Path) -> None:
    one_hot = {"prefix": "q.", "set": "{option}", "unset": "", "may_be_absent": True}
    contract = stated({"q": {**SET, "unanswered": [""]}}, csv_of(q={"one_hot": one_hot}))
    table = b'item,who,q.one,"q.two, three"\ni,ana,one,"two, three"\ni,bo,,"two, three"\ni,cem,,\ni,dee,one,one\n'
    found = Landed(tmp_path / "some", contract, {"a.csv": table})
    assert found.rows("judgments", "answer") == [('["one","two, three"]',), ('["two, three"]',)]
    assert found.rows("quarantine", "record_ordinal, reason") == [(3, "answer_malformed")]
    none = Landed(tmp_path / "none", contract, {"a.csv": b"item,who\ni,ana\n"})
    assert none.rows("judgments", "answer") + none.rows("quarantine", "reason") == []


def test_a_column_that_must_be_there_is_missed(tmp_path: Path) -> None:
    contract = stated({"q": SET}, csv_of(q={"one_hot": {"prefix": "q.", "set": "{option}", "unset": ""}}))
    found = Landed(tmp_path, contract, {"a.csv": b"item,who,q.one\ni,ana,one\n"})
    assert found.rows("quarantine", "reason, field") == [("file_column_missing", "q.two, three")]


def test_a_ranking_is_told_apart_by_its_options(tmp_path: Path) -> None:
    table = (
        b'item,who,q\ni,ana,"gamma, delta,alpha"\ni,bo,"beta,gamma, delta,alpha"\ni,cem,"alpha,omega"\n'
        b'i,dee,"alpha,alpha"\ni,eve,"gamma"\ni,flo,"alpha,"\n'
    )
    found = Landed(tmp_path, stated({"q": RANKING}, csv_of(q={"field": "q", "split": ","})), {"a.csv": table})
    assert found.rows("judgments", "answer") == [
        ('[["beta",1],["gamma, delta",2],["alpha",3]]',),
        ('[["gamma, delta",1],["alpha",2]]',),
    ]
    assert found.rows("quarantine", "record_ordinal, reason") == [(n, "answer_malformed") for n in (2, 3, 4, 5)]


def test_a_ranking_that_lists_its_options_takes_no_other(tmp_path: Path) -> None:
    table = b'item,who,q\ni,ana,"beta;alpha"\ni,bo,"beta;omega"\n'
    found = Landed(tmp_path, stated({"q": RANKING}, csv_of(q={"field": "q", "split": ";"})), {"a.csv": table})
    assert found.rows("judgments", "answer") == [('[["beta",1],["alpha",2]]',)]
    assert found.rows("quarantine", "reason") == [("answer_unknown_option",)]


def test_options_that_cannot_be_told_apart_are_refused_in_the_contract() -> None:
    for options in (["a", "a,b"], ["a,b", "b,c"], ["a,a"]):
        told = faults({"q": {**RANKING, "options": options}}, csv_of(q={"field": "q", "split": ","}))
        assert "split at ',' would tear the options" in told, options
    assert "would tear" in faults({"q": SET}, csv_of(q={"field": "q", "split": ","}))


def test_an_empty_list_is_none_and_a_text_that_reads_like_one_is_an_answer(tmp_path: Path) -> None:
    given = {**TEXT, "unanswered": ["[]"]}
    contract = stated({"q": given}, json_of(answers={"q": {"field": "a", "several": True}}))
    lines = as_lines(*({"item": "i", "who": who, "a": a} for who, a in (("ana", []), ("bo", ["[]"]), ("cem", ["x"]))))
    assert Landed(tmp_path, contract, {"a.jsonl": lines}).rows("judgments", "answer") == [('"[]"',), ('"x"',)]


def test_elements_may_be_lists_of_their_parts(tmp_path: Path) -> None:
    mapping = json_of(answers={"s": {"spans": {"list": "s", "start": "0", "end": "1", "label": "2.name"}},
                               "r": {"ranked": {"list": "r", "option": "1", "rank": "0"}}})  # fmt: skip
    records = [
        {"item": "i", "who": "ana", "s": [[0, 2, {"name": "X", "by": 7}]], "r": [[2, "b"], [1, "a"]]},
        {"item": "i", "who": "bo", "s": [{"0": 0, "1": 2}], "r": [{"1": "a", "0": 1}]},
        {"item": "i", "who": "cem", "s": [[3, 1]], "r": [["x", "a"]]},
    ]
    contract = stated({"s": {"type": "spans"}, "r": {"type": "ranking"}}, mapping)
    found = Landed(tmp_path, contract, {"a.jsonl": as_lines(*records)})
    span = '[{"start":0,"end":2,"text":null,"label":"X","comment":null}]'
    assert found.rows("judgments", "question_id, answer") == [("r", '[["a",1],["b",2]]'), ("s", span)]
    assert found.rows("judgments", "distinct extra") == [('{"s":[[null,null,{"by":7}]]}',)]
    assert len(found.rows("quarantine", "reason")) == 4


def test_parts_by_name_and_by_place_are_not_mixed() -> None:
    mapping = json_of(answers={"s": {"spans": {"list": "s", "start": "0", "end": "1", "label": "label"}}})
    assert "has parts by name, and parts by their places" in faults({"s": {"type": "spans"}}, mapping)


ZONES = {"PST": "-08:00", "PDT": "-07:00", "IST": "+05:30"}


def test_a_zone_is_what_the_contract_says_and_no_other(tmp_path: Path) -> None:
    mapping = csv_of(q="q") | {"judged_at": {"field": "at", "format": "%a %b %d %H:%M:%S %Z %Y", "zones": ZONES}}
    times = ["Mon Mar 04 10:12:32 PST 2019", "Mon Jul 01 10:12:32 PDT 2019", "Mon Jul 01 10:12:32 IST 2019",
             "Mon Jul 01 10:12:32 CST 2019", "Mon Jul 01 10:12:32 2019", ""]  # fmt: skip
    table = "item,who,q,at\n" + "".join(f"i,p{number},A,{at}\n" for number, at in enumerate(times))
    found = Landed(tmp_path, stated({"q": CHOICE}, mapping), {"a.csv": table.encode()})
    assert [str(at) for (at,) in found.rows("judgments", "judged_at")] == [
        "2019-03-04 18:12:32",
        "2019-07-01 04:42:32",
        "2019-07-01 17:12:32",
        "None",
    ]
    assert found.rows("quarantine", "record_ordinal, reason") == [(3, "time_malformed"), (4, "time_malformed")]


@pytest.mark.parametrize(
    "time",
    [
        {"field": "at", "format": "%H:%M %Z"},
        {"field": "at", "format": "%H:%M", "zones": ZONES},
        {"field": "at", "format": "%H:%M %Z", "zones": {"PST": "-8"}},
        {"field": "at", "format": "%H:%M %Z", "zones": {"%d": "-08:00"}},
    ],
)
def test_a_zones_name_means_nothing_of_itself(time: dict[str, Any]) -> None:
    assert "judged_at" in faults({"q": CHOICE}, csv_of(q="q") | {"judged_at": time})


def use(profile: dict[str, Any], *files: dict[str, Any], **more: Any) -> SourceContract:
    named = {"source": "made", "title": "Made", "licence": "MIT", "questions": {"tone": CHOICE}}
    return SourceContract.model_validate({**named, "profile": profile, "files": list(files), **more})


CROWD = {"tool": "crowdflower", "item": {"key": "$unit"}}
MTURK = {
    "tool": "mturk",
    "each": {"zip": {"ref": "Input.ref{1..2}", "tone": "Answer.tone{1..2}"}},
    "item": {"key": "$ref"},
    "answers": {"tone": "$tone"},
}


@pytest.mark.parametrize(
    ("profile", "beside", "told"),
    [
        ({**CROWD, "format": "aggregated"}, [], "crowdflower's aggregated holds no judgments: each of its rows is"),
        ({**CROWD, "tool": "prolific"}, [], "Demographic export tells who people are; name it as the profile of one"),
        (CROWD, [{"tool": "prolifique", "attributes": ["age"]}], "there is no profile 'prolifique'"),
        (CROWD, [{"tool": "prolific", "attributes": ["height"]}], "there is no height; there are: age, sex"),
        (CROWD, [{"tool": "mturk", "attributes": ["age"]}], "mturk's Batch results holds judgments; name it as the"),
        (CROWD, [{"tool": "prolific"}], "Field required"),
        ({**MTURK, "item": {"key": "$txt"}}, [], "has no $txt; it has"),
    ],
)  # fmt: skip
def test_a_profile_that_is_none_of_that_kind_is_refused(
    profile: dict[str, Any], beside: list[dict[str, Any]], told: str
) -> None:
    with pytest.raises(ValidationError) as error:
        use(profile, *({"profile": one} for one in beside))
    assert told in str(error.value)


def test_an_aggregated_report_in_place_of_a_full_one_is_no_judgment(tmp_path: Path) -> None:
    header = b"_unit_id,_golden,_unit_state,_trusted_judgments,_last_judgment_at,tone,tone:confidence\n"
    table = header + b"1,false,finalized,3,,A,1\n"
    found = Landed(tmp_path, use(CROWD), {"a.csv": table})
    assert found.rows("judgments", "answer") == []
    assert found.rows("quarantine", "reason") == [("file_column_missing",)]


def test_an_aggregated_report_beside_the_full_one_is_upstream_aggregates(tmp_path: Path) -> None:
    items = {"role": "items", "pattern": "agg.csv", "dialect": {"format": "csv"}, "item": {"key": "_unit_id"},
             "upstream_aggregates": ["tone", "tone:confidence"]}  # fmt: skip
    full = (
        b"_unit_id,_created_at,_id,_tainted,_worker_id,_country,_region,_city,tone\n"
        b"1,2/22/2015 05:41:06,9,false,31,GBR,,,B\n"
    )
    files = {"full.csv": full, "agg.csv": b"_unit_id,tone,tone:confidence\n1,A,0.6667\n"}
    found = Landed(tmp_path, use({**CROWD, "pattern": "full.csv"}, items), files)
    assert found.rows("judgments", "answer") == [('"B"',)]
    assert found.rows("upstream_aggregates", "aggregate, value") == [("tone", "A"), ("tone:confidence", "0.6667")]


def test_acts_of_one_assignment_have_ids_of_their_own(tmp_path: Path) -> None:
    """What the tool numbers is the whole row; a later delivery is compared act by act."""
    columns = ["AssignmentId", "WorkerId", "AssignmentStatus", "SubmitTime", "WorkTimeInSeconds"]
    header = ",".join([*columns, "Input.ref1", "Input.ref2", "Answer.tone1", "Answer.tone2"]).encode()
    found = Landed(tmp_path, use(MTURK), {"b.csv": header + b"\nX,w,Approved,Mon Mar 04 10:12:32 PST 2019,9,i,i,A,B\n"})
    assert found.rows("judgments", "judgment_key, answer") == [("X/1", '"A"'), ("X/2", '"B"')]


def test_members_of_an_archive_are_people_by_their_names(tmp_path: Path) -> None:
    """Where a file's name says who judged, the name of the archive would make everybody one."""
    profile = {"tool": "doccano", "item": {"key": "ref"}, "dialect": {"within": "zip"}}
    contract = use(profile, questions={"topics": {"type": "multi_choice", "options": ["A"]}})
    assert contract.files[0].annotator is not None
    assert contract.files[0].annotator.key == ["$member"]
    path = tmp_path / "made.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("ana.jsonl", "bo.jsonl", "readme"):
            archive.writestr(name, as_lines({"id": 1, "ref": "i", "label": ["A"], "Comments": []}))
    found = Landed(tmp_path / "landed", contract, {"export.zip": path.read_bytes()})
    assert len(found.rows("judgments", "distinct annotator_id")) == 2
    assert found.rows("quarantine", "reason, field") == [("record_shape", "$member")]
