"""Words by which exports name what a field is; only ever the ground of a guess."""

from __future__ import annotations

import re

from pipelines.domain.vocabulary import Status
from pipelines.proposals.fields import Field

_LONG_NAME = 50
"""A person's id is shorter, on average: ``user`` may also be what a user wrote."""

_PEOPLE = (
    "annotator",
    "rater",
    "worker",
    "coder",
    "labeler",
    "labeller",
    "judge",
    "assessor",
    "reviewer",
    "evaluator",
    "participant",
    "respondent",
    "crowdworker",
    "turker",
    "prolific",
    "expert",
    "completed by",
    "annotated by",
    "created by",
    "user",
    "person",
    "subject",
    "email",
)
_THING = re.compile(
    "item|task|text|document|doc|post|tweet|comment|example|sample|instance|question|sentence|unit|story|dialog|dialogue"
    "|conversation|pair|prompt|message|image|hit|stimulus|source|record|case|row|data|summary|utterance"
)
_KEYS = ("id", "key", "uid", "uuid", "guid", "no", "number", "idx", "index", "nr")


def _whole(pattern: str) -> re.Pattern[str]:
    return re.compile(f"(?:{pattern})")


_ANNOTATOR_IDS = _whole(r"(?:|_id|_ids|_code|_name|_number|_no|_pid|_key|_uuid|_email|_hash|_idx|_index|_nr|_[0-9]+)")
_SOMEBODY = _whole(
    r"(?:.*_)?(?:(?:updated|approved|reviewed|modified|deleted|created)_by|e_?mail|username|ip|ip_?address|ipaddress"
    r"|latitude|longitude|phone|first_?name|last_?name|surname|recipient|zip_?code|postcode|respondent)(?:_.*)?"
)
_TIME = _whole(
    r"(?:(?:created|submitted|submit|updated|completed|judged|annotated|finished|end|answered|accept)_)?"
    r"(?:at|time|on|date|timestamp|datetime|time_utc|timestamp_utc)|time_?stamp|epoch"
)
_DURATION = _whole(
    r"(?:.*_)?(?:duration|seconds|secs|sec|elapsed|lead_time|work_time(?:_in_seconds)?|time_spent|response_time|rt)"
    r"(?:_s|_sec|_secs|_seconds)?"
)
_AGGREGATE = _whole(
    r"(?:.*_)?(?:majority|consensus|gold|aggregated?|aggregation|adjudicated|agreement|mean|average|avg|median|final"
    r"|hard|soft|derived|ground_truth)(?:_.*)?"
)
_REMARK = _whole(
    r"(?:.*_)?(?:rationale|reason|explanation|justification|why|comment|comments|remark|note|notes)(?:_.*)?"
)
_PLACES = {"start": _whole(r"(?:.*_)?start(?:_.*)?|begin(?:_.*)?"), "end": _whole(r"(?:.*_)?end(?:_.*)?|stop")}
_ANSWER = _whole(
    r"(?:.*_)?(?:label|labels|answer|answers|rating|score|judge?ment|vote|choice|preference|preferred|winner|annotation"
    r"|verdict|response|value|category|selected|is|better)(?:_.*)?"
)
_STATUS = _whole(r"(?:.*_)?(?:status|state|answer|was_cancelled|cancelled|skipped|action)")
_ACT_ID = _whole(r"(?:annotation|judge?ment|response|assignment|rating|answer|submission|label)_(?:id|uuid|uid|key)")
_BOOKKEEPING = _whole(r"(?:.*_)?(?:count|total|hash|version|index|order|url|path|filename)|total_.*|num_.*|n_.*")
_LANGUAGE = _whole(r"lang|language|language_code|locale")
_DEMOGRAPHIC = _whole(
    r"(?:.*_)?(?:age|city|gender|sex|country|nationality|region|education|ethnicity|race|religion|occupation|native|politics"
    r"|political|income|birth|orientation|employment|student)(?:_.*)?"
)
_TEXTS = {
    "prompt": _whole(r"(?:.*_)?(?:prompt|instruction|query|question)(?:_text)?"),
    "text": _whole(r"(?:.*_)?(?:text|content|sentence|post|tweet|comment|body|message|utterance|document|sms|review)"),
    "context": _whole(r"(?:.*_)?(?:context|history|passage|background|previous|premise|parent)(?:_.*)?"),
}
_ABSTAINING = re.compile(
    r"(?i)(?:i )?(?:not sure|unsure|don.?t know|do not know|dk|n/?a|not applicable"
    r"|(?:can.?not|can.?t) (?:say|tell|judge)|unclear|undecided|no opinion|prefer not to.*|skip(?:ped)?|unknown"
    r"|not relevant)"
)
_STATUSES = {
    "accept": Status.SUBMITTED,
    "accepted": Status.SUBMITTED,
    "approved": Status.SUBMITTED,
    "submitted": Status.SUBMITTED,
    "completed": Status.SUBMITTED,
    "complete": Status.SUBMITTED,
    "done": Status.SUBMITTED,
    "reject": Status.REJECTED,
    "rejected": Status.REJECTED,
    "ignore": Status.IGNORED,
    "ignored": Status.IGNORED,
    "draft": Status.DRAFT,
    "discarded": Status.DISCARDED,
    "skip": Status.SKIPPED,
    "skipped": Status.SKIPPED,
    "cancelled": Status.SKIPPED,
}
_SWITCHES = {"false": Status.SUBMITTED, "true": Status.SKIPPED, "0": Status.SUBMITTED, "1": Status.SKIPPED}
LEFT_RIGHT = (
    ("left", "right"),
    ("a", "b"),
    ("1", "2"),
    ("model_a", "model_b"),
    ("response_a", "response_b"),
    ("first", "second"),
)
TIES = ("tie", "equal", "same", "both", "neither", "draw", "no preference", "0")


def person_rank(field: Field) -> int | None:
    """How surely a field's name says who judged, 0 the surest; None if it does not."""
    name = field.name
    if field.mean_length > _LONG_NAME:
        return None
    for rank, word in enumerate(_PEOPLE):
        at = name.find(word.replace(" ", "_"))
        if at >= 0 and (at == 0 or name[at - 1] == "_"):
            rest = name[at + len(word) :]
            if _ANNOTATOR_IDS.fullmatch(rest) or rest == "s":
                return rank
    return None


def is_raw_id(field: Field) -> bool:
    """Whether the name says that somebody is named, be it one who judged or one who looked after."""
    return person_rank(field) is not None or is_somebody(field)


def is_somebody(field: Field) -> bool:
    """Whether the name says that it tells who or where somebody is, apart from the id of who judged."""
    return bool(_SOMEBODY.fullmatch(field.name))


def is_personal(path: str) -> bool:
    """Whether a field's name alone says that it may tell who somebody is."""
    return is_raw_id(Field(path))


def thing_rank(field: Field) -> int | None:
    """How surely a field's name says which item was judged, 0 the surest; None if it does not."""
    words = field.words
    if not words or words[-1] not in _KEYS:
        return None
    if len(words) == 1:
        return 1
    return 0 if _THING.fullmatch(words[-2]) else 2


def is_time(field: Field) -> bool:
    """Whether the name is that of a time."""
    return bool(_TIME.fullmatch(field.name))


def is_duration(field: Field) -> bool:
    """Whether the name is that of a time taken, and the values are numbers."""
    return bool(_DURATION.fullmatch(field.name)) and field.numbers is not None


def is_aggregate(field: Field) -> bool:
    """Whether the name says that several judgments were made into one value."""
    return any(_AGGREGATE.fullmatch(Field(step).name) for step in field.path.split("."))


def is_remark(field: Field) -> bool:
    """Whether the name is that of words beside an answer."""
    return bool(_REMARK.fullmatch(field.name)) and field.words[-1] not in _KEYS


def place_kind(field: Field) -> str | None:
    """Whether it holds where a marked stretch starts or ends."""
    if field.numbers is None:
        return None
    return next((kind for kind, pattern in _PLACES.items() if pattern.fullmatch(field.name)), None)


def is_answer(field: Field) -> bool:
    """Whether the name is that of an answer."""
    return bool(_ANSWER.fullmatch(field.name))


def is_bookkeeping(field: Field) -> bool:
    """Whether the name is that of what tools write for themselves."""
    return bool(_BOOKKEEPING.fullmatch(field.name))


def is_status(field: Field) -> bool:
    """Whether it says what became of an act."""
    if not _STATUS.fullmatch(field.name) or not field.distinct:
        return False
    is_switch = field.name.endswith(("cancelled", "skipped"))
    return {value.lower() for value in field.distinct} <= (_SWITCHES if is_switch else _STATUSES).keys()


def status_of(value: str) -> Status:
    """The status that a value of such a field is."""
    return _STATUSES.get(value.lower()) or _SWITCHES[value.lower()]


def is_act_id(field: Field) -> bool:
    """Whether the name is that of a judgment's own id."""
    return bool(_ACT_ID.fullmatch(field.name))


def is_language(field: Field) -> bool:
    """Whether it holds a language tag."""
    return bool(_LANGUAGE.fullmatch(field.name)) and all(len(text) <= 12 for text in field.distinct)


def is_demographic(field: Field) -> bool:
    """Whether the name is that of something about a person."""
    return bool(_DEMOGRAPHIC.fullmatch(field.name))


def content_kind(field: Field) -> str | None:
    """Whether the name is that of an item's prompt, text or context."""
    return next((kind for kind, pattern in _TEXTS.items() if pattern.fullmatch(field.name)), None)


def is_abstaining(value: str) -> bool:
    """Whether an answer says that there is none."""
    return bool(_ABSTAINING.fullmatch(value.strip()))
