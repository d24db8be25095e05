"""Laws 4 and 5 on answers: no two raw answers became one, and each answer says in every column what its raw one says.

They hold in landing, where both are; that later layers keep both columns is identity's business.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from expectations.laws.connection import Connection, first_offenders, literal, of_source, verdict
from expectations.laws.definitions import CONTENT, INJECTIVITY
from expectations.laws.evidence import judgment_key, short
from expectations.laws.verdicts import Verdict


@dataclass(frozen=True)
class Form:
    """How a question's raw answers are written, as far as one answer may be written in several ways.

    Attributes:
        separator: what stands between the options of a set that is one text.
        is_tiers: whether it is an object of lists, the order within which says nothing.
        element_parts: JSON paths, within an element of a list of spans or ranks, of all that makes one.
        start: of these, the path of its start.
        nothing_at: a start that says that nothing was marked.
    """

    separator: str | None = None
    is_tiers: bool = False
    element_parts: tuple[str, ...] = ()
    start: str | None = None
    nothing_at: int | None = None


Forms = Mapping[tuple[str, str], Form]
"""Forms by source and question."""

_IS_TEXT = "json_valid(raw_answer) and json_type(case when json_valid(raw_answer) then raw_answer end) = 'VARCHAR'"
_DECODED = f"case when {_IS_TEXT} then json_extract_string(raw_answer, '$') else raw_answer end"
_IS_LIST = "coalesce(json_type(case when json_valid(raw_answer) then raw_answer end) = 'ARRAY', false)"
_ONLY_ONE = (
    "case when json_array_length(case when json_valid(raw_answer) then raw_answer end) = 1"
    " then json_extract_string(raw_answer, '$[0]') end"
)
_MEANT = "coalesce(synonyms[{0}], {0})"


def prove_answers(
    con: Connection, judgments: str, questions: str, sources: Iterable[str], forms: Forms, step: str = "raw→landing"
) -> list[Verdict]:
    """Law 4, and law 5 for answers, by source.

    ``questions`` is the relation of questions with their declared synonyms, as the contracts state them.
    """
    verdicts = []
    for source in sorted(sources):
        own, asked = of_source(judgments, source), of_source(questions, source)
        verdicts.append(_injectivity(con, source, own, asked, forms, step))
        verdicts.append(_content(con, source, own, step))
    return verdicts


def _injectivity(con: Connection, source: str, own: str, asked: str, forms: Forms, step: str) -> Verdict:
    con.execute(f"create or replace temp table told as {meanings(own, asked, source, forms)}")
    raws, answers = con.execute("select coalesce(sum(raws), 0)::bigint, count(*) from told").fetchall()[0]
    count, rows = first_offenders(con, "select * from told where raws > 1 order by question_id, answer")
    named = [
        f"{source}, question {question}: {', '.join(map(short, examples))} all became {short(answer)}"
        for question, answer, _, examples in rows
    ]
    return verdict(INJECTIVITY, step, source, (raws, answers), (count, named))


def meanings(judgments: str, questions: str, source: str, forms: Forms) -> str:
    """A query: per question and answer, how many different raw answers it stands for, declared synonyms being one.

    Sets are equal in any order; a preference may be told by the side on which it was shown; an element of spans may
    hold more than the span; the strength of a preference is a number, however it is written. What an N/A box overrode
    stays in the raw answer of an abstention. Columns: question_id, answer, raws, examples.
    """
    own = {question: form for (where, question), form in sorted(forms.items()) if where == source}
    listed = f"json_extract_string(case when {_IS_LIST} then raw_answer end, '$[*]')"
    arms = "".join(
        f" when question_id = {literal(question)} then {_element_parts(listed, form)}"
        for question, form in own.items()
        if form.element_parts
    )
    tiers = "case when json_valid(raw_answer) then raw_answer end"
    filled = f"list_zip(json_keys({tiers}), json_extract({tiers}, '$.*'))"
    filled = f"list_filter({filled}, lambda one: one[2]::varchar <> '[]')"
    arms += "".join(
        f" when question_id = {literal(question)} then list_transform({filled},"
        " lambda one: to_json([one[1], list_sort(json_extract_string(one[2], '$[*]'))::varchar])::varchar)"
        for question, form in own.items()
        if form.is_tiers
    )
    arms += "".join(
        f" when question_id = {literal(question)} and not {_IS_LIST}"
        f" then string_split({_DECODED}, {literal(form.separator)})"
        for question, form in own.items()
        if form.separator is not None
    )
    graded = "case when json_valid(raw_answer) and starts_with(raw_answer, '{') then raw_answer end"
    number = "coalesce(try_cast(one as double)::varchar, one)"
    parts = (
        f"case{arms} when answer_type = 'pairwise' and {graded} is not null then list_transform("
        f"json_extract_string({graded}, '$.*'), lambda one, place: place || ' ' || {number})"
        f" when answer_type = 'spans' then [len({listed})::varchar] when {_IS_LIST} and"
        f" answer_type = 'multi_choice' then {listed}"
        f" when answer_type = 'multi_choice' and {_IS_TEXT} then [{_DECODED}] end"
    )
    meant = _MEANT.format("decoded")
    return (
        f"with raws as (select question_id, answer_type, status, answer, raw_answer,"
        f" case when answer_type = 'pairwise' then presentation_order[1] end as first_shown"
        f" from {judgments} where answer_type <> 'text' and not (abstained and starts_with(raw_answer, '{{'))"
        " group by all),"
        f" asked as (select question_id, map_from_entries(list_transform(declared_synonyms,"
        f" lambda one: {{'k': one.raw, 'v': one.answer}})) as synonyms from {questions}),"
        f" decoded as (select raws.*, synonyms, {_DECODED} as decoded, {parts} as parts"
        f" from raws left join asked using (question_id)),"
        f" meant as (select question_id, status, answer, first_shown, raw_answer, case when parts is not null then"
        f" to_json(list_sort(list_transform(parts, lambda one: {_MEANT.format('one')})))::varchar"
        f" else {meant} end as meaning from decoded)"
        " select question_id, answer, count(distinct meaning) as raws,"
        " list_sort(array_agg(distinct raw_answer))[:3] as examples from meant"
        " group by question_id, status, answer, first_shown"
    )


def _element_parts(listed: str, form: Form) -> str:
    """The elements of a list of spans or ranks, each as the JSON of what makes it one; marks of nothing left out."""
    made = ", ".join(f"json_extract(one, {literal(path)})" for path in form.element_parts)
    marks = listed
    if form.start is not None and form.nothing_at is not None:
        start = f"json_extract_string(one, {literal(form.start)})"
        marks = f"list_filter({listed}, lambda one: {start} is distinct from {literal(str(form.nothing_at))})"
    return f"list_transform({marks}, lambda one: to_json([{made}])::varchar)"


def _content(con: Connection, source: str, own: str, step: str) -> Verdict:
    """The typed columns say what the canonical answer says, and a text is its raw answer, decoded."""
    given = "case when json_valid(answer) then answer end"
    inner = f"case when status = 'submitted' then {given} else json_extract({given}, '$.' || status)::varchar end"
    text = "json_extract_string(said, '$')"
    differs = {
        "choice": f"answer_choice is distinct from {text}",
        "rating": "answer_number is distinct from try_cast(said as double)",
        "multi_choice": "to_json(answer_choices)::varchar is distinct from nullif(said, 'null')",
        "pairwise": f"answer_preference is distinct from coalesce(json_extract_string(said, '$.preference'), {text})"
        " or answer_strength is distinct from try_cast(json_extract_string(said, '$.strength') as double)",
        "best_worst": "answer_best is distinct from json_extract_string(said, '$.best')"
        " or answer_worst is distinct from json_extract_string(said, '$.worst')",
        "ranking": "to_json(list_transform(answer_ranking, lambda one: [one.option, one.rank::varchar]))::varchar"
        " is distinct from to_json(list_transform(from_json(said, '[\"json\"]'),"
        " lambda one: json_extract_string(one, '$[*]')))::varchar",
        "spans": "to_json(answer_spans)::varchar is distinct from nullif(said, 'null')",
        "text": f"answer_text is distinct from {text}"
        f" or (answer_text is distinct from raw_answer and answer_text is distinct from {_DECODED}"
        f" and answer_text is distinct from {_ONLY_ONE})",
    }
    arms = " ".join(f"when {literal(kind)} then {condition}" for kind, condition in differs.items())
    query = (
        f"select item_id, question_id, annotator_id, answer, raw_answer, record_ordinal"
        f" from (select *, {inner} as said from {own} where not abstained)"
        f" where case answer_type {arms} else true end order by file_sha256, record_ordinal, record_part, question_id"
    )
    count, rows = first_offenders(con, query)
    named = [
        f"{judgment_key(source, item, question)}, annotator {who or 'unknown'}: {short(answer)} is not,"
        f" in every column, what record {ordinal} says: {short(raw)}"
        for item, question, who, answer, raw, ordinal in rows
    ]
    total = con.execute(f"select count(*) from {own}").fetchall()[0][0]
    return verdict(CONTENT, step, source, (total, total), (count, named))
