"""A machine whose clock is a day off: the store's clock decides, and a server that minds is told of plainly."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines.resources.folder import FolderStore
from pipelines.resources.s3 import S3Store
from tests.conftest import ROOT, variorum
from tests.faults.release import DATASET
from tests.s3_server import S3Server

DAY = 86_400

_SHIFT = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int failed = real(clock, now);
    if (!failed && clock == CLOCK_REALTIME) now->tv_sec += atol(getenv("SHIFT_S"));
    return failed;
}
"""
"""The system's clock for processes that it is loaded into, shifted."""

_PUBLISH = """
import json, sys
from datetime import datetime, UTC
from pathlib import Path
from pipelines.release import gc
from pipelines.release.mistakes import yank
from pipelines.release.publish import publish
from pipelines.release.checkpoints import read_log
from pipelines.resources.settings import load_settings
from pipelines.resources.stores import open_store
from tests.faults.release import DATASET, built
store = open_store(sys.argv[1], load_settings())
def die(path):
    if path == "manifest.json":
        raise InterruptedError
try:
    publish(store, built(Path(sys.argv[2]) / "b", "two"), "r", die)
except InterruptedError:
    pass
publish(store, built(Path(sys.argv[2]) / "a", "one"), "r")
yank(store, DATASET, "1.0.0", "wrong")
found = [one.prefix for one in gc.collect(store, DATASET, delete=True)]
at = [entry.at for entry in read_log(store, DATASET)]
print(json.dumps({"mine": datetime.now(UTC).isoformat(), "at": at, "collected": found}))
"""


@pytest.fixture(scope="module")
def shift(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that shifts the clock of whoever loads it."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("needs a C compiler, on Linux")
    folder = tmp_path_factory.mktemp("shift")
    (folder / "shift.c").write_text(_SHIFT)
    subprocess.run([compiler, "-shared", "-fPIC", "-o", folder / "shift.so", folder / "shift.c", "-ldl"], check=True)
    return folder / "shift.so"


def shifted(shift: Path, seconds: int) -> dict[str, str]:
    return {"LD_PRELOAD": str(shift), "SHIFT_S": str(seconds)}


def published(store: str, folder: Path, environment: dict[str, str]) -> dict[str, Any]:
    """What a process publishes, yanks and collects, by its clock and by the store's."""
    command = [sys.executable, "-c", _PUBLISH, store, str(folder)]
    done = subprocess.run(command, env={**os.environ, **environment}, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def off(at: str) -> timedelta:
    """How far a time is from now."""
    return abs(datetime.now(UTC) - datetime.fromisoformat(at))


@pytest.mark.parametrize("days", [1, -1, 30])
def test_in_a_folder_times_and_ages_are_those_of_the_folders_clock(shift: Path, tmp_path: Path, days: int) -> None:
    told = published(str(tmp_path / "store"), tmp_path, shifted(shift, days * DAY))
    assert off(told["mine"]) > timedelta(hours=23)  # or the trial would try nothing
    assert len(told["at"]) == 2
    assert all(off(at) < timedelta(minutes=2) for at in told["at"])
    assert told["collected"] == []
    assert any("releases/" in key and "README" in key for key in FolderStore(tmp_path / "store").keys(DATASET))


def test_in_a_bucket_they_are_the_servers(shift: Path, s3: S3Server, s3_store: S3Store, tmp_path: Path) -> None:
    """A server takes requests of a clock that is some minutes off."""
    told = published(s3_store.uri, tmp_path, {**s3.environment(), **shifted(shift, -10 * 60)})
    assert off(told["mine"]) > timedelta(minutes=8)
    assert all(off(at) < timedelta(minutes=2) for at in told["at"])
    assert told["collected"] == []


@pytest.mark.parametrize("days", [1, -1])
def test_a_server_that_refuses_a_clock_a_day_off_is_told_of_before_anything_is_built(
    shift: Path, s3: S3Server, s3_store: S3Store, tmp_path: Path, days: int
) -> None:
    command = ["run", "--dataset", "demo", "--inbox", "pipelines/demo/inbox", "--home", str(tmp_path / "home")]
    away = {**s3.environment(), **shifted(shift, days * DAY)}
    done = variorum(*command, "--store", s3_store.uri, check=False, **away)
    assert (done.returncode, done.stdout) == (1, "")
    assert "this machine's clock and the server's are too far apart; set the clock" in done.stderr
    assert not (tmp_path / "home" / "runs").exists()
    assert list(s3_store.keys("")) == []
