"""What tests share: the repo's places, and pipelines that are run once for the whole session, across workers."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from tests.s3_server import ADMIN, BUCKET, REGION, S3Server, s3_server

if TYPE_CHECKING:
    from pipelines.resources.s3 import S3Store

ROOT = Path(__file__).resolve().parents[1]
VARIORUM = Path(sys.executable).parent / "variorum"
TEST_KEY = "5e" * 32
"""The pseudonym key of the tests; it protects nobody."""

settings.register_profile("suite", max_examples=200, deadline=None, derandomize=True, database=None)
settings.register_profile(
    "fuzz",
    max_examples=int(os.environ.get("FUZZ", "5000")),
    deadline=None,
    print_blob=True,
    # A shape's first examples make the alphabets of its encodings.
    suppress_health_check=[HealthCheck.too_slow],
)


@dataclass(frozen=True)
class Ran:
    """A pipeline that was run by the command: its home, its store, and what it said with --json."""

    home: Path
    store: Path
    summary: dict[str, Any]

    @property
    def run_folder(self) -> Path:
        """The folder of the run."""
        return self.home / "runs" / self.summary["run"]

    def release(self, dataset: str) -> Path:
        """The folder of the dataset's release."""
        return next(Path(one["path"]) for one in self.summary["releases"] if one["dataset"] == dataset)


def variorum(*arguments: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, with the tests' key and no other setting of this machine."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("VARIORUM_", "DAGSTER_"))}
    inherited.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(
        [str(VARIORUM), *arguments],
        env={**inherited, "VARIORUM_PSEUDONYM_KEY": TEST_KEY, "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,  # all public sources take a minute or so, and several times that on a busy machine
        cwd=ROOT,
    )
    if check and done.returncode:
        raise AssertionError(f"variorum {' '.join(arguments)} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def run_once(root: Path, name: str, arguments: Callable[[Path], list[str]]) -> Ran:
    """Run a pipeline in the session's shared folder, unless another worker has."""
    folder = root / name
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        said = folder / "summary.json"
        if not said.exists():
            folder.mkdir(exist_ok=True)
            done = variorum(
                "run",
                "--json",
                "--home",
                str(folder / "home"),
                "--store",
                str(folder / "store"),
                *arguments(folder),
            )
            said.write_text(done.stdout)
    return Ran(folder / "home", folder / "store", json.loads(said.read_text()))


@pytest.fixture(scope="session")
def session_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for the whole session, whatever the number of workers."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The public exports beside the checkout; tests that need them are skipped where they are not."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the public exports (shared/data beside the checkout) are not here")
    return folder


@pytest.fixture(scope="session")
def demo(session_folder: Path) -> Ran:
    """The demo dataset, published. Read it; do not change it."""
    return run_once(session_folder, "demo", lambda _: ["--dataset", "demo", "--inbox", "pipelines/demo/inbox"])


@pytest.fixture(scope="session")
def s3(session_folder: Path) -> Iterator[S3Server]:
    """A real S3 server; each worker that needs one has its own. It is stopped at the end."""
    with s3_server(session_folder / f"s3-{os.getpid()}") as server:
        yield server


@pytest.fixture
def s3_as(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> Callable[[tuple[str, str]], S3Store]:
    """One empty place on the server, as somebody sees it: this process becomes who is given."""
    from pipelines.resources.s3 import S3Options, S3Store

    place = uuid.uuid4().hex

    def become(identity: tuple[str, str]) -> S3Store:
        for name, value in s3.environment(identity).items():
            monkeypatch.setenv(name, value)
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
            monkeypatch.delenv(name, raising=False)
        return S3Store(BUCKET, place, S3Options(s3.endpoint, REGION))

    return become


@pytest.fixture
def s3_store(s3_as: Callable[[tuple[str, str]], S3Store]) -> S3Store:
    """An empty place on the server, and this process as somebody who may do everything there."""
    return s3_as(ADMIN)


PUBLIC = (
    "convabuse", "crehate", "crowd_oei", "lewidi2023_armis", "lewidi2023_hs_brexit", "pandalm", "presto_distortion",
    "presto_types", "rankme_likert", "rankme_plain_me", "rankme_rank_me", "ruddit", "squality", "ttcw",
)  # fmt: skip
"""The sources of the ten public data sets."""

FROM_SCHEMA = (
    "prism", "dices_350", "dices_990", "d3code", "multipref", "helpsteer3_preference", "community_alignment",
    "oasst1", "varierr", "lewidi2025_csc", "lewidi2025_multipico", "lewidi2025_paraphrase", "lewidi2025_varierrnli",
    "chatbot_arena", "alpaca_eval",
)  # fmt: skip
"""The sources of public sets whose files are nowhere beside the checkout; their fixtures follow published schemas."""


@pytest.fixture(scope="session")
def public(session_folder: Path, shared_data: Path) -> Ran:
    """All public sources, each published as a dataset of its own. Read it; do not change it.

    It takes a minute or so: tests that use it are of the xdist group "public", so that one worker waits for it.
    """
    chosen = [part for code in PUBLIC for part in ("--source", code)]
    return run_once(session_folder, "public", lambda _: [*chosen, "--inbox", str(shared_data)])
