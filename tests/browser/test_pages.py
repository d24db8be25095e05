"""What people see in the Dagster UI: a real server, a real sensor tick, a real run, in headless Chromium."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.conftest import ROOT, TEST_KEY, VARIORUM

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

pytestmark = [
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(
        not CHROMIUM.exists() and "CI" not in os.environ, reason="no /usr/bin/chromium: apt-get install chromium"
    ),
]


@dataclass(frozen=True)
class Served:
    """A running UI, and the one run that its sensor started."""

    url: str
    home: Path
    run_id: str


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _ask(url: str, query: str) -> dict[str, object]:
    answer = httpx.post(f"{url}/graphql", json={"query": query}, timeout=30)
    return dict(answer.json()["data"])


def _wait(seconds: float, what: str, found: object) -> object:
    """Poll until something is there."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            result = found()  # type: ignore[operator]
        except (httpx.HTTPError, KeyError, TypeError, ValueError):
            result = None
        if result:
            return result
        time.sleep(1)
    raise AssertionError(f"waited {seconds:.0f} s for {what}")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """`variorum ui` over an inbox into which the demo exports are dropped; it ends with its one run."""
    base = tmp_path_factory.mktemp("ui")
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    said = (base / "ui.out").open("w")
    process = subprocess.Popen(
        [str(VARIORUM), "ui", "--home", str(base / "home"), "--inbox", str(base / "inbox"), "--port", str(port)],
        env={**environment, "VARIORUM_PSEUDONYM_KEY": TEST_KEY},
        cwd=ROOT,
        stdout=said,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        _wait(90, "the server", lambda: httpx.get(f"{url}/server_info").status_code == 200)
        arrived = time.time() - 60
        shutil.copytree(ROOT / "pipelines/demo/inbox/demo_tone", base / "inbox/demo_tone")
        for path in (base / "inbox/demo_tone").iterdir():
            os.utime(path, (arrived, arrived))
        query = "{ runsOrError { ... on Runs { results { runId status } } } }"

        def finished() -> str | None:
            runs = _ask(url, query)["runsOrError"]["results"]  # type: ignore[index]
            assert len(runs) <= 1, "one run a delivery"
            return runs[0]["runId"] if runs and runs[0]["status"] in ("SUCCESS", "FAILURE") else None

        run_id = str(_wait(150, "the run of the delivery", finished))
        yield Served(url, base / "home", run_id)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        said.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium of the system."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    """A page that may ask this machine only; anything else fails the test."""
    outside: list[str] = []
    page = browser.new_page(viewport={"width": 1600, "height": 1000})
    page.on("request", lambda request: outside.append(request.url) if _is_outside(request.url) else None)
    yield page
    page.close()
    assert outside == []


def _is_outside(url: str) -> bool:
    return not url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:", "about:"))


def test_the_sensors_run_ingests_proves_and_stops_where_a_dataset_is_incomplete(served: Served) -> None:
    query = f'{{ runOrError(runId: "{served.run_id}") {{ ... on Run {{ status tags {{ key value }} }} }} }}'
    run = _ask(served.url, query)["runOrError"]
    assert run["status"] == "SUCCESS"  # type: ignore[index]
    tags = {tag["key"]: tag["value"] for tag in run["tags"]}  # type: ignore[index]
    assert tags["variorum/source"] == "demo_tone"
    assert not (served.home / "store" / "demo").exists()


def test_the_lineage_shows_every_layer(page: Page, served: Served, tmp_path: Path) -> None:
    page.goto(f"{served.url}/asset-groups")
    for group in ("inbox", "ingest", "staging", "intermediate", "marts", "quality", "release"):
        page.get_by_text(group, exact=True).first.wait_for(timeout=60_000)
    page.screenshot(path=str(tmp_path / "lineage.png"))


def test_the_judgments_show_the_laws_as_checks_that_held(page: Page, served: Served, tmp_path: Path) -> None:
    page.goto(f"{served.url}/assets/judgments?view=checks")
    for law in ("law_1_accounting", "law_2_identity", "law_3_distribution", "law_9_attribution"):
        page.get_by_text(law).first.wait_for(timeout=60_000)
    page.goto(f"{served.url}/assets/judgments?view=checks&checkDetail=law_2_identity")
    page.get_by_text("multiset of judgments").first.wait_for(timeout=60_000)
    page.screenshot(path=str(tmp_path / "checks.png"))


def test_the_ledger_is_shown_as_a_table(page: Page, served: Served, tmp_path: Path) -> None:
    page.goto(f"{served.url}/assets/ledger")
    page.get_by_text("ledger", exact=True).first.wait_for(timeout=60_000)
    page.screenshot(path=str(tmp_path / "ledger.png"))


def test_a_source_shows_its_licence_and_what_arrived(page: Page, served: Served, tmp_path: Path) -> None:
    page.goto(f"{served.url}/assets/landing/demo_tone")
    for text in ("Apache-2.0", "records by the second reader"):
        page.get_by_text(text).first.wait_for(timeout=60_000)
    page.screenshot(path=str(tmp_path / "source.png"))


def test_a_source_shows_what_its_export_had_lost_before_it_arrived(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/assets/landing/demo_helpfulness")
    for text in ("lost upstream", "edits_overwritten", "where an account was deleted"):
        page.get_by_text(text).first.wait_for(timeout=60_000)
