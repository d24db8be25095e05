"""What became of judgments from delivery to delivery, folded once and kept beside the landed files.

A *change* is a folder in ``landing/<source>/<reading>/changes``: what one delivery did to the state before it
(``full``), or what all files so far did to each other (``correct``). It follows from the deliveries, the contract and
the key alone, so it can be thrown away; it is written beside its place and moved there whole.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

from pipelines.contracts.model import SourceContract
from pipelines.domain.pseudonyms import PseudonymKey
from pipelines.landing.changes import ENDED, OUTCOMES, STANDING, LandedJudgments, compare_states, fold_corrections
from pipelines.landing.deliveries import DeliveredFile, current_files, deliveries, file_sha256, states_delivered
from pipelines.landing.home import Home, locked
from pipelines.landing.land import connect, land_file
from pipelines.landing.receipts import folder_of, read_receipt, reading_folder
from pipelines.shapes.sql import literal

CHANGE = "change.json"


class HistoryError(RuntimeError):
    """A change that is missing or no longer what was written; the message says what to do."""


@dataclass(frozen=True)
class State:
    """A source's judgments after a delivery, in order of arrival."""

    sequence: int
    files: tuple[LandedJudgments, ...]


@dataclass(frozen=True)
class ChangeReceipt:
    """What a delivery changed; counts are of judgments, ``delivery`` and ``against`` are sequence numbers.

    ``repeated`` counts landed judgments of a correcting source that an earlier file holds already. ``digests`` are of
    the change's own files.
    """

    against: int
    delivery: int
    before: int
    after: int
    unchanged: int
    corrected: int
    added: int
    deleted: int
    repeated: int
    digests: dict[str, str]

    def counts(self) -> dict[str, int]:
        """The numbers that people read."""
        names = ("unchanged", "corrected", "added", "deleted", "repeated")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class Change:
    """One kept change."""

    folder: Path
    receipt: ChangeReceipt

    def rows(self, outcome: str) -> str:
        """The relation of an outcome's rows."""
        return f"read_parquet({literal(str(self.folder / f'{outcome}.parquet'))})"


@dataclass(frozen=True)
class History:
    """The changes of a source, in order, and the two states that the last one lies between.

    Attributes:
        is_current: whether the last state is that of the last delivery; else that one was refused.
        skipped: deliveries that are no states, since a judgments file of theirs was refused as a whole.
    """

    source: str
    changes: tuple[Change, ...] = ()
    states: tuple[State, ...] = ()
    is_current: bool = True
    skipped: tuple[int, ...] = ()


@dataclass(frozen=True)
class _Step:
    """A change that is to be there: its folder, and the states before and after it."""

    folder: Path
    before: State
    after: State


def land_past(
    contract: SourceContract, key: PseudonymKey, home: Home, told: Callable[[str, int], None] | None = None
) -> None:
    """Land what earlier deliveries of a ``full`` source held, where the present reading has not: history needs it."""
    for file in _past_files(contract, home):
        on_progress = (lambda count, digest=file.sha256: told(digest, count)) if told else None
        land_file(contract, file, key, home, on_progress)


def fold_history(contract: SourceContract, key: PseudonymKey, home: Home) -> None:
    """Compute the changes that are not there yet, or that are damaged."""
    steps, _, _ = _steps(contract, key, home)
    if not _unsound(steps):
        return
    root = reading_folder(contract, key, home)
    with locked(root):
        (root / "changes").mkdir(exist_ok=True)
        if damaged := _unsound(steps):
            first = steps.index(damaged[0])
            while first and not _is_sound(steps[first - 1].folder):
                first -= 1
            for number in range(first, len(steps)):
                if not _is_sound(steps[number].folder):
                    previous = steps[number - 1].folder if number else None
                    _keep(contract, steps[number], previous, steps[0].before.sequence)
        if contract.export_mode == "correct":
            _forget_others(root / "changes", steps[-1].folder)


def read_history(contract: SourceContract, key: PseudonymKey, home: Home) -> History:
    """The changes of a source as they were folded.

    Raises:
        HistoryError: a change is missing or damaged.
    """
    steps, is_current, skipped = _steps(contract, key, home)
    if damaged := _unsound(steps):
        raise HistoryError(
            f"{contract.source}: what delivery {damaged[0].after.sequence} changed is missing or damaged"
            f" ({damaged[0].folder}); it is computed again by: variorum run --source {contract.source}"
        )
    changes = tuple(Change(step.folder, _receipt(step.folder)) for step in steps)
    states = (steps[-1].before, steps[-1].after) if steps else ()
    return History(contract.source, changes, states, is_current, skipped)


def _past_files(contract: SourceContract, home: Home) -> list[DeliveredFile]:
    """The judgments files of earlier deliveries that may differ from the last one."""
    if contract.export_mode != "full" or len(deliveries(contract.source, home)) < 2:
        return []
    found = [
        file
        for _, files in states_delivered(contract, home)[:-1]
        for file in files
        if contract.files[file.mapping].role == "judgments"
    ]
    return list({(file.mapping, file.sha256, file.name, file.copy): file for file in found}.values())


def _steps(contract: SourceContract, key: PseudonymKey, home: Home) -> tuple[list[_Step], bool, tuple[int, ...]]:
    """The changes that a source has, whether the last delivery is a state, and the deliveries that are none."""
    root = reading_folder(contract, key, home) / "changes"
    delivered = deliveries(contract.source, home)
    if contract.export_mode == "append" or (contract.export_mode == "full" and len(delivered) < 2):
        return [], True, ()
    if contract.export_mode == "correct":
        files = _landed(contract, current_files(contract, home), key, home) or ()
        if len(files) < 2:
            return [], True, ()
        state = State(delivered[-1].sequence, files)
        return [_Step(root / _name("", state), State(delivered[-1].sequence - 1, ()), state)], True, ()
    states: list[State] = []
    skipped: list[int] = []
    for sequence, whole in states_delivered(contract, home):
        landed = _landed(contract, [(sequence, file) for file in whole], key, home)
        if landed is None:
            skipped.append(sequence)
        else:
            states.append(State(sequence, landed))
    steps: list[_Step] = []
    digest = _name("", states[0]) if states else ""
    for before, after in pairwise(states):
        digest = _name(digest, after)
        steps.append(_Step(root / digest, before, after))
    return steps, not skipped or skipped[-1] != delivered[-1].sequence, tuple(skipped)


def _landed(
    contract: SourceContract, files: Sequence[tuple[int, DeliveredFile]], key: PseudonymKey, home: Home
) -> tuple[LandedJudgments, ...] | None:
    """The landed judgments files; None where one of a whole state was refused as a whole.

    Raises:
        HistoryError: one is not landed under the present contract and key.
    """
    found = []
    for sequence, file in files:
        if contract.files[file.mapping].role != "judgments":
            continue
        folder = folder_of(contract, file, key, home)
        if not folder.exists():
            raise HistoryError(
                f"{contract.source}: {file.name} of delivery {sequence} is not landed under the present contract;"
                f" run: variorum run --source {contract.source}"
            )
        if read_receipt(folder).refused_as_a_whole:
            if contract.export_mode == "full":
                return None
            continue
        paths = tuple(sorted((folder / "judgments").glob("*.parquet")))
        found.append(LandedJudgments(sequence, paths))
    return tuple(found)


def _name(chain: str, state: State) -> str:
    """A change's name: its delivery, and a digest of everything that it follows from within a reading."""
    listing = [
        chain,
        state.sequence,
        [(file.delivery, file.paths[0].parts[-3]) for file in state.files],
    ]
    return f"{state.sequence:06d}-{sha256(json.dumps(listing).encode()).hexdigest()[:16]}"


def _keep(contract: SourceContract, step: _Step, previous: Path | None, first: int) -> None:
    """Compute one change; the lock is held."""
    building = step.folder.with_name(f".{step.folder.name}")
    for left in step.folder.parent.glob(".*"):
        shutil.rmtree(left)
    building.mkdir()
    try:
        with connect(spill=building / "spill") as con:
            if contract.export_mode == "correct":
                counts = fold_corrections(con, step.after.files, step.after.sequence)
            else:
                standing = previous / f"{STANDING}.parquet" if previous else None
                counts = compare_states(con, step.before.files, step.after.files, standing, first, step.after.sequence)
            for name in OUTCOMES:
                target = literal(str(building / f"{name}.parquet"))
                con.execute(f"copy (from {name} order by all) to {target} (format parquet, compression zstd)")
        shutil.rmtree(building / "spill", ignore_errors=True)
        digests = {path.name: file_sha256(path) for path in sorted(building.iterdir())}
        receipt = ChangeReceipt(step.before.sequence, step.after.sequence, **counts, digests=digests)
        (building / CHANGE).write_text(json.dumps(asdict(receipt), indent=1))
        shutil.rmtree(step.folder, ignore_errors=True)
        building.rename(step.folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _receipt(folder: Path) -> ChangeReceipt:
    data: dict[str, Any] = json.loads((folder / CHANGE).read_bytes())
    return ChangeReceipt(**data)


def _unsound(steps: Sequence[_Step]) -> list[_Step]:
    """The changes that lack what is read of them: the versions that ended, and of the last one everything."""
    return [step for step in steps if not _is_sound(step.folder, OUTCOMES if step is steps[-1] else (ENDED,))]


def _is_sound(folder: Path, outcomes: Sequence[str] = OUTCOMES) -> bool:
    """Whether a change is there with the bytes that were written."""
    try:
        digests = _receipt(folder).digests
        return all(file_sha256(folder / f"{name}.parquet") == digests[f"{name}.parquet"] for name in outcomes)
    except (OSError, ValueError, TypeError, KeyError):
        return False


def _forget_others(folder: Path, kept: Path) -> None:
    """Changes of a correcting source hold all of history; only the last is needed."""
    for left in folder.iterdir():
        if left != kept:
            shutil.rmtree(left)
