"""`variorum source`: list, dry run, and fetch from an origin, as typed."""

from __future__ import annotations

import functools
import http.server
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.landing.deliveries import receive
from pipelines.landing.home import Home
from pipelines.project import this_project
from tests.conftest import ROOT, variorum
from tests.integration.by_hand import copied_checkout, python_of


@pytest.fixture
def origin() -> Iterator[str]:
    """The demo exports, served on this machine."""
    handler = functools.partial(_Quiet, directory=str(ROOT / "pipelines" / "demo" / "inbox" / "demo_tone"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # the base class names it so
        pass


def copied(tmp_path: Path) -> Path:
    """A copy of the tree, whose contracts can be changed."""
    tree = tmp_path / "tree"
    return tree if tree.exists() else copied_checkout(tree)


def typed(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`source` as typed in a copy of the tree."""
    settings = {"VARIORUM_HOME": str(tmp_path / "home"), "COLUMNS": "120"}
    return python_of(copied(tmp_path), "-m", "pipelines.cli", "source", *arguments, **settings)


def fetched(tmp_path: Path, url: str, digest: str) -> subprocess.CompletedProcess[str]:
    """`source fetch` in a copy of the tree whose demo contract names an origin."""
    tree = copied(tmp_path)
    contract = ROOT / "assets" / "ingest" / "demo_tone" / "defs.yaml"
    stated = f"  fetch:\n    - {{file: annotators.csv, url: {url}/annotators.csv, sha256: {digest}}}\n"
    (tree / "assets" / "ingest" / "demo_tone" / "defs.yaml").write_text(contract.read_text() + stated)
    return typed(tmp_path, "fetch", "demo_tone")


def test_a_file_is_fetched_verified_and_left_alone_the_next_time(tmp_path: Path, origin: str) -> None:
    import hashlib

    export = ROOT / "pipelines" / "demo" / "inbox" / "demo_tone" / "annotators.csv"
    digest = hashlib.sha256(export.read_bytes()).hexdigest()
    done = fetched(tmp_path, origin, digest)
    assert done.returncode == 0, done.stderr
    assert "fetched, digest verified" in done.stdout
    assert (tmp_path / "home" / "inbox" / "demo_tone" / "annotators.csv").read_bytes() == export.read_bytes()
    assert "already there" in fetched(tmp_path, origin, digest).stdout


def test_another_content_than_the_contract_states_is_refused(tmp_path: Path, origin: str) -> None:
    done = fetched(tmp_path, origin, "ab" * 32)
    assert done.returncode == 1
    assert "ab" * 32 in done.stderr
    assert not (tmp_path / "home" / "inbox" / "demo_tone" / "annotators.csv").exists()


def test_the_list_shows_every_source_for_people_and_machines(tmp_path: Path) -> None:
    rows = json.loads(variorum("source", "list", "--json", "--home", str(tmp_path)).stdout)
    assert {"crehate", "demo_tone", "ruddit"} <= {row["source"] for row in rows}
    ruddit = next(row for row in rows if row["source"] == "ruddit")
    assert (ruddit["attribution"], ruddit["losses"], ruddit["last_delivery"]) == ("none", ["no_ids"], None)


def test_the_list_fits_a_terminal_cuts_no_code_and_says_what_arrived(tmp_path: Path) -> None:
    contract = this_project().contract("demo_topics")
    receive(contract, ROOT / "pipelines" / "demo" / "inbox", Home(tmp_path))
    listed = variorum("source", "list", "--home", str(tmp_path), COLUMNS="80").stdout
    lines = {line.split()[0]: line.split() for line in listed.splitlines() if not line.startswith(" ")}
    assert {*this_project().contracts} < lines.keys()
    assert lines["ruddit"][1:] == ["none", "best_worst", "no_ids"]
    assert lines["demo_topics"][1:] == ["stable", "multi_choice", "1,"]
    assert f"{datetime.now(UTC):%Y-%m-%d}" in listed


def test_a_new_source_is_proposed_checked_and_never_overwritten(tmp_path: Path) -> None:
    export = str(ROOT / "pipelines" / "demo" / "inbox" / "demo_tone")
    printed = typed(tmp_path, "new", "tone", "--from", export, "--dry-run")
    contract = copied(tmp_path) / "assets" / "ingest" / "tone" / "defs.yaml"
    assert printed.returncode == 0
    assert not contract.exists()
    made = typed(tmp_path, "new", "tone", "--from", export)
    assert made.returncode == 0
    assert made.stdout == "assets/ingest/tone/defs.yaml\n"
    assert contract.read_text() == printed.stdout
    shutil.copytree(export, tmp_path / "home" / "inbox" / "tone")
    checked = typed(tmp_path, "check", "tone")
    assert checked.returncode == 0
    assert "tone: 368 records, 846 judgments by 6 annotators about 60 items" in checked.stdout
    assert re.search(r"politeness +answer: politeness", checked.stdout)
    assert f"{printed.stdout.count('# guess:')} guesses are still marked" in checked.stdout
    mended = contract.read_text().replace("# guess:", "#")
    contract.write_text(mended)
    again = typed(tmp_path, "new", "tone", "--from", export)
    assert again.returncode == 2
    assert "is not overwritten" in again.stderr
    assert contract.read_text() == mended
    assert "still marked" not in typed(tmp_path, "check", "tone").stdout


def test_a_proposal_that_is_no_contract_yet_stops_nobody_else(tmp_path: Path) -> None:
    (tmp_path / "words.csv").write_text("rater,remark\nr1,well said\nr2,well done\n")
    made = typed(tmp_path, "new", "words", "--from", str(tmp_path / "words.csv"))
    folder = copied(tmp_path) / "assets" / "ingest" / "words"
    assert made.returncode == 1
    assert "no field looks like an answer" in made.stderr
    assert "rename assets/ingest/words/proposed.yaml to defs.yaml" in made.stderr
    assert [path.name for path in folder.iterdir()] == ["proposed.yaml"]
    assert typed(tmp_path, "list").returncode == 0


@pytest.mark.parametrize(
    ("code", "export", "told"),
    [("Tone", "words.csv", "'Tone' is no code"), ("tone", "nowhere.csv", "is not there"), ("tone", "void", "no file")],
)
def test_what_cannot_be_proposed_is_said(tmp_path: Path, code: str, export: str, told: str) -> None:
    (tmp_path / "words.csv").write_text("rater,label\nr1,x\n")
    (tmp_path / "void").mkdir()
    done = variorum("source", "new", code, "--from", str(tmp_path / export), check=False)
    assert done.returncode == 2
    assert told in done.stderr
    assert not (ROOT / "assets" / "ingest" / "tone").exists()


def test_a_dry_run_says_what_would_land_and_keeps_nothing(tmp_path: Path) -> None:
    inbox = "pipelines/demo/inbox"
    done = variorum("source", "check", "demo_tone", "--inbox", inbox, "--home", str(tmp_path / "home"), "--json")
    said = json.loads(done.stdout)
    assert (said["records"], said["judgments"], said["annotators"], said["items"]) == (368, 846, 6, 60)
    assert not (tmp_path / "home" / "landing").exists()


def test_a_half_written_contract_of_another_source_stops_no_dry_run(tmp_path: Path) -> None:
    broken = copied(tmp_path) / "assets" / "ingest" / "broken" / "defs.yaml"
    broken.parent.mkdir()
    broken.write_text("type: pipelines.components.AnnotationSource\nattributes: {source: broken}\n")
    inbox = str(ROOT / "pipelines" / "demo" / "inbox")
    assert typed(tmp_path, "check", "demo_topics", "--inbox", inbox).returncode == 0
    refused = typed(tmp_path, "check", "broken", "--inbox", inbox)
    assert refused.returncode == 1
    assert "assets/ingest/broken/defs.yaml" in refused.stderr


def test_a_dry_run_names_what_would_be_quarantined(tmp_path: Path) -> None:
    folder = tmp_path / "inbox" / "demo_tone"
    shutil.copytree(ROOT / "pipelines" / "demo" / "inbox" / "demo_tone", folder)
    with (folder / "ratings.csv").open("a") as stream:
        stream.write("tone-01,text,eve@example.org,9,perhaps,,,\n")
    done = variorum("source", "check", "demo_tone", "--inbox", str(folder.parent), check=False)
    assert done.returncode == 1
    for told in (
        "ratings.csv",
        "record 361",
        "answer_unknown_option",
        "answer_out_of_scale",
        "Declared: yes, no, unsure",
    ):
        assert told in done.stdout
    assert "eve@example.org" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["source", "check", "nothing"], 2, "no source 'nothing'; known sources:"),
        (["source", "check", "crehate", "--inbox", "/nowhere"], 1, "/nowhere"),
        (["source", "fetch", "ttcw"], 2, "names no files to fetch"),
        (["run", "--dataset", "nothing"], 2, "no dataset 'nothing'; known datasets:"),
        (["run", "--sauce", "x"], 2, "No such option"),
        (["release", "verify", "--store", "/nowhere", "--dataset", "demo"], 2, "no release of demo"),
        (["release", "list", "--store", "ftp://x"], 1, "no store for ftp://"),
    ],
)
def test_what_goes_wrong_is_said_plainly(arguments: list[str], code: int, told: str, tmp_path: Path) -> None:
    done = variorum(*arguments, check=False, VARIORUM_HOME=str(tmp_path))
    assert done.returncode == code, done.stdout + done.stderr
    assert told in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
