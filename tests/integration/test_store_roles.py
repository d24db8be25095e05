"""Who may do what in a bucket: the policies of deploy/object-store, on a real server, and how a denial is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.release import gc
from pipelines.release.fetch import pull
from pipelines.release.log import POINTER, entry_key
from pipelines.release.publish import publish
from pipelines.release.store import ObjectStore, StoreError
from pipelines.release.verify import find_release, verify
from pipelines.resources.s3 import S3Store
from tests.faults.release import DATASET, built, torn
from tests.s3_server import ADMIN, BUCKET, ERASER, POLICIES, PUBLISHER, READER, policy

Become = Callable[[tuple[str, str]], S3Store]


def objects(store: ObjectStore) -> list[tuple[str, bytes | None]]:
    return [(key, store.read(key)) for key in store.keys("")]


def typed(*words: str) -> tuple[int, str]:
    """What a command came to and said, typed by whoever this process is."""
    done = CliRunner().invoke(app, ["release", *words, "--dataset", DATASET])
    return done.exit_code, done.output


@pytest.fixture
def abandoned(s3_as: Become, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A store with a release, and, old enough to be collected, what another attempt left; the folder of that."""
    store = s3_as(PUBLISHER)
    monkeypatch.setenv("VARIORUM_STORE", store.uri)
    publish(store, built(tmp_path / "a", "one"), "r")

    def die(path: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        publish(store, built(tmp_path / "b", "two"), "r", die)
    monkeypatch.setattr(gc, "collect", partial(gc.collect, age=timedelta(days=-1)))
    named = find_release(store, DATASET, None).folder
    (orphan,) = {key.split("/")[2] for key in store.keys(f"{DATASET}/releases")} - {named}
    return orphan


def test_a_publisher_publishes_and_deletes_nothing(s3_as: Become, abandoned: str, tmp_path: Path) -> None:
    store = s3_as(PUBLISHER)
    assert publish(store, built(tmp_path / "c", "three"), "r").entry.sequence == 2
    assert torn(store) == []
    before = objects(store)
    code, said = typed("gc", "--delete")
    assert code == 1
    assert f"cannot write {DATASET}/collecting/{abandoned} to the store {store.uri}: the credentials from the" in said
    assert "no right to s3:PutObject there" in said
    assert "the role eraser (deploy/object-store/eraser.json)" in said
    for key, _ in before:
        with pytest.raises(StoreError, match=r"no right to s3:DeleteObject there.*the role eraser"):
            store.delete(key)
    assert objects(store) == before


def test_a_reader_pulls_lists_and_verifies_and_writes_nothing(s3_as: Become, abandoned: str, tmp_path: Path) -> None:
    store = s3_as(READER)
    before = objects(store)
    assert verify(store, DATASET).is_whole
    assert len(pull(store, find_release(store, DATASET, "1.0.0"), tmp_path / "pulled").fetched) == 10
    assert typed("list")[0] == typed("verify")[0] == typed("gc")[0] == 0
    code, said = typed("yank", "1.0.0", "--reason", "x")
    assert (code, "ask for the role publisher (deploy/object-store/publisher.json)" in said) == (1, True), said
    with pytest.raises(StoreError, match=r"cannot write .* no right to s3:PutObject there.*the role publisher"):
        publish(store, built(tmp_path / "c", "three"), "r")
    with pytest.raises(StoreError, match=r"no right to s3:DeleteObject there"):
        store.delete(f"{DATASET}/{POINTER}")
    assert objects(store) == before


def test_an_eraser_collects_garbage_and_never_touches_the_log(s3_as: Become, abandoned: str, tmp_path: Path) -> None:
    store = s3_as(ERASER)
    code, said = typed("gc", "--delete")
    assert (code, f"{DATASET}/releases/{abandoned}: 1 objects" in said) == (0, True), said
    assert not any(abandoned in key for key in store.keys(""))
    assert verify(store, DATASET).is_whole
    before = objects(store)
    for key in (entry_key(DATASET, 1), f"{DATASET}/{POINTER}"):
        with pytest.raises(StoreError, match=r"no right to s3:DeleteObject there"):
            store.delete(key)
    with pytest.raises(StoreError, match=r"no right to s3:PutObject there.*the role publisher"):
        publish(store, built(tmp_path / "c", "three"), "r")
    assert objects(store) == before


def test_who_may_do_everything_can_delete_the_log(s3_as: Become, abandoned: str) -> None:
    """The twin: it is the roles that keep the log, not the server."""
    store = s3_as(ADMIN)
    store.delete(entry_key(DATASET, 1))
    assert store.read(entry_key(DATASET, 1)) is None


# What only AWS keeps: SeaweedFS knows no condition on preconditions, so what we ask is held against the policy here.


def refused(statement: dict[str, Any], request: dict[str, Any]) -> bool:
    """Whether a Deny of PutObject applies to a request, by the rules of AWS for what these statements use."""
    arn = f"arn:aws:s3:::{request['Bucket']}/{request['Key']}"
    among = any(fnmatchcase(arn, one) for one in statement.get("Resource") or statement["NotResource"])
    absent = {"s3:if-none-match": "IfNoneMatch" not in request, "s3:if-match": "IfMatch" not in request}
    nulls = statement["Condition"]["Null"]
    assert set(statement["Condition"]) == {"Null"}
    return among is ("Resource" in statement) and all(absent[key] is (said == "true") for key, said in nulls.items())


def test_a_publication_keeps_the_preconditions_that_aws_can_insist_on(
    s3_as: Become, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = s3_as(PUBLISHER)
    asked: list[dict[str, Any]] = []
    store._client.meta.events.register("provide-client-params.s3.PutObject", lambda params, **_: asked.append(params))
    for said in ("one", "two"):
        publish(store, built(tmp_path / said, said), "r")
    statements = json.loads(policy("preconditions"))["Statement"]
    assert len(asked) > 20
    assert any("IfMatch" in one for one in asked)
    assert [one["Key"] for one in asked if any(refused(statement, one) for statement in statements)] == []
    bare = [{"Bucket": BUCKET, "Key": one["Key"]} for one in asked]
    assert all(any(refused(statement, one) for statement in statements) for one in bare)
    exchanged = {"Bucket": BUCKET, "Key": f"x/{entry_key(DATASET, 1)}", "IfMatch": '"0"'}
    assert any(refused(statement, exchanged) for statement in statements)


def test_every_policy_names_the_bucket_by_its_placeholder_and_nothing_else() -> None:
    for path in POLICIES.glob("*.json"):
        held = json.loads(path.read_text())
        for statement in held["Statement"]:
            named = statement.get("Resource", statement.get("NotResource"))
            for one in [named] if isinstance(named, str) else named:
                assert one.startswith("arn:aws:s3:::BUCKET"), path.name
    rights = {path.stem: json.dumps(json.loads(path.read_text())) for path in POLICIES.glob("*.json")}
    assert {role for role, said in rights.items() if "s3:DeleteObject" in said} == {"eraser"}
