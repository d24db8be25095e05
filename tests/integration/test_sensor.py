"""The inbox sensor: one run a delivery, once it is complete and stable, through crashes and failures."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from pipelines.project import this_project
from pipelines.resources.settings import Settings
from pipelines.resources.workspace import Workspace
from pipelines.sensors import ATTEMPTS, inbox_sensor
from tests.conftest import ROOT

EXPORTS = ROOT / "pipelines" / "demo" / "inbox"
SENSOR = inbox_sensor(this_project(), dg.define_asset_job("pipeline"), [])


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """A Dagster instance of its own."""
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    """A workspace with an empty inbox."""
    (tmp_path / "inbox").mkdir()
    return Workspace(Settings(home=tmp_path / "home", inbox=tmp_path / "inbox"))


def deliver(space: Workspace, source: str, age_s: float = 60) -> None:
    """Put a demo export into the inbox, as if it had arrived some time ago."""
    target = space.inbox / source
    shutil.copytree(EXPORTS / source, target, dirs_exist_ok=True)
    for path in target.iterdir():
        os.utime(path, (time.time() - age_s, time.time() - age_s))


def tick(space: Workspace, instance: dg.DagsterInstance, cursor: str | None) -> tuple[list[dg.RunRequest], str | None]:
    """Evaluate the sensor once: the runs that it asks for, and its new cursor."""
    context = dg.build_sensor_context(instance=instance, cursor=cursor, resources={"workspace": space})
    result = SENSOR(context)
    if isinstance(result, dg.SensorResult):
        return list(result.run_requests or []), result.cursor
    return [], context.cursor


def ran(instance: dg.DagsterInstance, request: dg.RunRequest, *, succeeded: bool) -> None:
    """Record that a requested run took place."""

    @dg.job
    def nothing() -> None:
        pass

    run = instance.create_run_for_job(nothing, tags=dict(request.tags))
    if succeeded:
        instance.handle_new_event(_event(run, dg.DagsterEventType.RUN_SUCCESS))
    else:
        instance.report_run_failed(run)


def _event(run: dg.DagsterRun, kind: dg.DagsterEventType) -> dg.EventLogEntry:
    event = dg.DagsterEvent(event_type_value=kind.value, job_name=run.job_name)
    return dg.EventLogEntry(
        error_info=None,
        user_message="",
        level=20,
        run_id=run.run_id,
        timestamp=time.time(),
        job_name=run.job_name,
        dagster_event=event,
    )


def test_a_delivery_is_asked_for_on_the_second_look(space: Workspace, instance: dg.DagsterInstance) -> None:
    deliver(space, "demo_tone")
    first, cursor = tick(space, instance, None)
    second, _ = tick(space, instance, cursor)
    assert first == []
    assert [request.tags["variorum/source"] for request in second] == ["demo_tone"]


def test_a_lost_cursor_asks_for_the_same_run_again(space: Workspace, instance: dg.DagsterInstance) -> None:
    deliver(space, "demo_tone")
    _, cursor = tick(space, instance, None)
    once, _ = tick(space, instance, cursor)
    again, _ = tick(space, instance, cursor)
    assert [request.run_key for request in once] == [request.run_key for request in again]


def test_a_delivery_that_was_run_is_not_run_again(space: Workspace, instance: dg.DagsterInstance) -> None:
    deliver(space, "demo_tone")
    _, cursor = tick(space, instance, None)
    requests, cursor = tick(space, instance, cursor)
    ran(instance, requests[0], succeeded=True)
    for _ in range(3):
        more, cursor = tick(space, instance, cursor)
        assert more == []


def test_a_failed_run_is_tried_again_under_another_key_and_not_for_ever(
    space: Workspace, instance: dg.DagsterInstance
) -> None:
    deliver(space, "demo_tone")
    _, cursor = tick(space, instance, None)
    keys = []
    for _ in range(ATTEMPTS + 2):
        requests, cursor = tick(space, instance, cursor)
        keys += [request.run_key for request in requests]
        for request in requests:
            ran(instance, request, succeeded=False)
    assert len(keys) == len(set(keys)) == ATTEMPTS


def test_two_sources_give_two_runs(space: Workspace, instance: dg.DagsterInstance) -> None:
    deliver(space, "demo_tone")
    deliver(space, "demo_topics")
    _, cursor = tick(space, instance, None)
    requests, _ = tick(space, instance, cursor)
    assert {request.tags["variorum/source"] for request in requests} == {"demo_tone", "demo_topics"}
    assert len({request.run_key for request in requests}) == 2


def test_a_file_that_is_still_being_written_is_not_taken(space: Workspace, instance: dg.DagsterInstance) -> None:
    deliver(space, "demo_tone", age_s=0)
    _, cursor = tick(space, instance, None)
    requests, _ = tick(space, instance, cursor)
    assert requests == []


def test_a_folder_that_is_gone_or_holds_nothing_is_no_fault(space: Workspace, instance: dg.DagsterInstance) -> None:
    (space.inbox / "demo_topics").mkdir()
    deliver(space, "demo_tone")
    _, cursor = tick(space, instance, None)
    shutil.rmtree(space.inbox / "demo_tone")
    requests, _ = tick(space, instance, cursor)
    assert requests == []


def test_another_content_is_another_delivery(space: Workspace, instance: dg.DagsterInstance) -> None:
    deliver(space, "demo_tone")
    _, cursor = tick(space, instance, None)
    before, cursor = tick(space, instance, cursor)
    with (space.inbox / "demo_tone" / "ratings.csv").open("a") as stream:
        stream.write("tone-01,text,new@example.org,4,no,,2026-03-04T09:00:00Z,3.0\n")
    for path in (space.inbox / "demo_tone").iterdir():
        os.utime(path, (time.time() - 30, time.time() - 30))
    _, cursor = tick(space, instance, cursor)
    after, _ = tick(space, instance, cursor)
    assert len(after) == 1
    assert after[0].run_key != before[0].run_key


def test_a_source_of_aggregates_alone_is_landed_and_nothing_is_proved_of_it(
    space: Workspace, instance: dg.DagsterInstance
) -> None:
    target = space.inbox / "oasst1"
    shutil.copytree(ROOT / "tests" / "fixtures" / "oasst1" / "export", target)
    for path in target.iterdir():
        os.utime(path, (time.time() - 60, time.time() - 60))
    cursor = None
    for _ in range(3):
        requests, cursor = tick(space, instance, cursor)
        if requests:
            break
    (request,) = requests
    assert request.asset_selection == [dg.AssetKey(["landing", "oasst1"])]
    assert not request.run_config
