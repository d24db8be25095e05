"""Quarantine: what is kept, what a mended contract takes of it, and when too much of it stops a release."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from expectations.laws.verdicts import broken
from pipelines.contracts.model import QuarantinePolicy, SourceContract
from pipelines.domain.pseudonyms import PseudonymKey
from pipelines.domain.vocabulary import Reason
from pipelines.ingest import ingest_source
from pipelines.landing.home import Home
from pipelines.landing.quarantine import Refused, Replay, counted, is_read_anew, quarantined
from pipelines.proof import prove_replays
from pipelines.quarantine import ExcessError, SourceQuarantine, refuse_excess
from pipelines.release.manifest import Manifest, ReleaseSource
from pipelines.replay import replay_source
from tests.unit.test_bad_input import KEY, QUESTIONS, contract

EXPORT = b'item,who,hate,score\ni1,ana,yes,1\ni2,bob,perhaps,5\ni3,"c, d",no,9\ni4,eve,perhaps\ni5,,yes,2\n'
MENDED = {**QUESTIONS, "hate": {"type": "choice", "options": ["yes", "no", "perhaps"]}}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home in which an export with bad rows was ingested."""
    (tmp_path / "inbox" / "bad").mkdir(parents=True)
    (tmp_path / "inbox" / "bad" / "export.csv").write_bytes(EXPORT)
    home = Home(tmp_path / "home")
    ingest_source(contract("csv"), tmp_path / "inbox", home, KEY)
    return home


def mended(**changes: Any) -> SourceContract:
    """The contract after somebody has looked at the quarantine."""
    return SourceContract.model_validate({**contract("csv").model_dump(mode="json"), "questions": MENDED, **changes})


def test_each_refusal_is_kept_with_its_place_reason_and_bytes(home: Home) -> None:
    found = [(one.record_ordinal, one.question_id, one.reason, one.field, one.raw) for one in _all(home)]
    assert found == [
        (1, "hate", Reason.ANSWER_UNKNOWN_OPTION, "hate", b"i2,bob,perhaps,5"),
        (2, "score", Reason.ANSWER_OUT_OF_SCALE, "score", b'i3,"c, d",no,9'),
        (3, None, Reason.RECORD_MALFORMED, "3 fields, expected 4", b"i4,eve,perhaps"),
        (4, None, Reason.ANNOTATOR_MISSING, "who", b"i5,,yes,2"),
    ]
    assert counted(contract("csv"), home)["export.csv", Reason.RECORD_MALFORMED] == 1
    only = list(quarantined(contract("csv"), home, reason=Reason.ANNOTATOR_MISSING))
    assert [one.where for one in only] == ["export.csv, record 4, part 0, field who"]


def _all(home: Home) -> list[Refused]:
    return list(quarantined(contract("csv"), home))


def test_a_mended_contract_takes_what_now_passes_and_nothing_else(home: Home) -> None:
    assert not is_read_anew(contract("csv"), KEY, home)
    assert is_read_anew(mended(), KEY, home)
    replay = replay_source(mended(), home, KEY)
    assert replay == Replay(
        "bad",
        before=4,
        taken=1,
        still=3,
        unasked=0,
        reasons={
            "annotator_missing": (1, 1),
            "answer_out_of_scale": (1, 1),
            "answer_unknown_option": (1, 0),
            "record_malformed": (1, 1),
        },
    )
    assert not is_read_anew(mended(), KEY, home)
    assert Reason.ANSWER_UNKNOWN_OPTION not in {one.reason for one in quarantined(mended(), home)}


def test_a_dry_run_tells_the_same_and_keeps_nothing(home: Home) -> None:
    before = sorted(str(path) for path in home.root.rglob("*"))
    assert replay_source(mended(), home, KEY, dry_run=True).taken == 1
    assert sorted(str(path) for path in home.root.rglob("*")) == before
    assert is_read_anew(mended(), KEY, home)


def test_what_the_contract_calls_unanswered_now_was_not_taken(home: Home) -> None:
    silent = {**QUESTIONS, "hate": {"type": "choice", "options": ["yes", "no"], "unanswered": ["perhaps"]}}
    replay = replay_source(mended(questions=silent), home, KEY)
    assert (replay.taken, replay.still, replay.unasked) == (0, 3, 1)


def test_a_file_that_was_refused_as_a_whole_is_taken_by_the_right_dialect(tmp_path: Path) -> None:
    (tmp_path / "inbox" / "bad").mkdir(parents=True)
    (tmp_path / "inbox" / "bad" / "export.csv").write_bytes("item,who,hate,score\né1,ana,yes,1\n".encode("latin-1"))
    home = Home(tmp_path / "home")
    ingest_source(contract("csv"), tmp_path / "inbox", home, KEY)
    (refused,) = quarantined(contract("csv"), home)
    assert (refused.stage, refused.reason, refused.raw) == ("file", Reason.FILE_ENCODING, b"")
    assert refused.kept_at.read_bytes().endswith(b"1,ana,yes,1\n")
    right = contract("csv", dialect={"format": "csv", "encoding": "latin-1"})
    replay = replay_source(right, home, KEY)
    assert (replay.before, replay.taken, replay.still) == (1, 1, 0)


def test_an_unchanged_contract_has_nothing_to_replay(home: Home) -> None:
    assert replay_source(contract("csv"), home, KEY).before == 0


def test_another_title_or_limit_reads_nothing_anew(home: Home) -> None:
    same = mended(questions=QUESTIONS, title="Another", quarantine={"limit": 0.5}, known_losses=["order_unknown"])
    assert not is_read_anew(same, KEY, home)
    assert same.digest() != contract("csv").digest()
    assert is_read_anew(same, PseudonymKey(b"j" * 32), home)


def test_the_ledger_shows_a_replay_and_one_that_does_not_balance_is_broken() -> None:
    (held,) = prove_replays([Replay("bad", 4, 1, 3, 0, {}), Replay("new", 0, 0, 0, 0, {})])
    assert (held.step, held.count_in, held.count_out, held.count_quarantined) == ("quarantine→landing", 4, 1, 3)
    assert held.held
    assert broken(prove_replays([Replay("bad", 4, 1, 2, 0, {})]))


def policy(**fields: Any) -> SourceContract:
    """A contract with a policy."""
    return contract("csv").model_copy(update={"quarantine": QuarantinePolicy(**fields)})


def released(**reasons: int) -> Manifest:
    """The manifest of a last release that had so much in quarantine."""
    source = ReleaseSource("bad", "MIT", "", "", (), dict(reasons))
    return Manifest("bad", "", "", "", "", (), (source,), (), {}, {})


@pytest.mark.parametrize(
    ("found", "stated", "last", "told"),
    [
        (SourceQuarantine("bad", 98, {"record_malformed": 2}), {}, None, "2.00% of what arrived is in quarantine"),
        (SourceQuarantine("bad", 98, {"record_malformed": 1, "item_missing": 1}), {}, None, "the limit is 1.00%"),
        (SourceQuarantine("bad", 999, {"item_missing": 1}), {"limit": 0}, None, "the limit is 0.00%"),
        (SourceQuarantine("bad", 999, {"item_missing": 1}), {}, released(), "nothing in quarantine for this reason"),
        (
            SourceQuarantine("bad", 999, {"item_missing": 1}),
            {"expected": ["record_malformed"]},
            released(record_malformed=1),
            "item_missing (the record does not say which item was judged)",
        ),
        (SourceQuarantine("bad", 999, {"file_empty": 1}, ("file_empty",)), {}, None, "a whole file is in quarantine"),
    ],
)
def test_too_much_in_quarantine_refuses_the_release(
    found: SourceQuarantine, stated: dict[str, Any], last: Manifest | None, told: str
) -> None:
    with pytest.raises(ExcessError) as refused:
        refuse_excess([policy(**stated)], [found], last)
    assert told in str(refused.value)
    assert "variorum quarantine show bad" in str(refused.value)


@pytest.mark.parametrize(
    ("found", "stated", "last"),
    [
        (SourceQuarantine("bad", 0, {}), {}, None),
        (SourceQuarantine("bad", 99, {"item_missing": 1}), {}, None),
        (SourceQuarantine("bad", 2, {"item_missing": 2}), {"limit": 0.5}, None),
        (SourceQuarantine("bad", 999, {"item_missing": 1}), {}, released(item_missing=7)),
        (SourceQuarantine("bad", 999, {"item_missing": 1}), {"expected": ["item_missing"]}, released()),
        (SourceQuarantine("bad", 999, {"file_empty": 1}, ("file_empty",)), {"expected": ["file_empty"]}, None),
    ],
)
def test_what_the_contract_allows_is_let_through(
    found: SourceQuarantine, stated: dict[str, Any], last: Manifest | None
) -> None:
    refuse_excess([policy(**stated)], [found], last)
