"""`variorum quarantine` as typed: a warning, a refused release, the bytes, a mended contract, and what it takes."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import duckdb
import pytest

from tests.integration.by_hand import copied_checkout, variorum_of

CONTRACT = """\
type: pipelines.components.AnnotationSource

attributes:
  source: mine
  title: Mine
  licence: CC0-1.0
  platform: tool
  attribution: stable
  questions: {rude: {type: choice, options: [%s]}}
  files:
    - {role: judgments, pattern: "*.csv", dialect: {format: csv}, item: {key: item}, annotator: {key: who},
       answers: {rude: rude}}
"""
GOOD = "".join(f"i{number},raw-ana,{'yes' if number % 3 else 'no'}\n" for number in range(300))


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout with one source more."""
    tree = copied_checkout(tmp_path_factory.mktemp("quarantine") / "tree")
    shutil.rmtree(tree / "assets" / "release")
    (tree / "assets" / "ingest" / "mine").mkdir()
    (tree / "inbox" / "mine").mkdir(parents=True)
    return tree


def state(tree: Path, options: str, rows: str) -> None:
    (tree / "assets" / "ingest" / "mine" / "defs.yaml").write_text(CONTRACT % options)
    (tree / "inbox" / "mine" / "export.csv").write_text("item,who,rude\n" + GOOD + rows)


def typed(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    inbox = ("--inbox", "inbox") if arguments[0] == "run" else ()
    return variorum_of(tree, *arguments, "--home", "home", *inbox)


def test_the_way_from_a_warning_to_a_mended_contract(tree: Path) -> None:
    state(tree, "'yes', 'no'", "i999,raw-bob,perhaps\n")
    done = typed(tree, "run", "--source", "mine")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING  in quarantine of mine: 1 answer_unknown_option" in done.stdout
    assert "published 1.0.0, 300 judgments" in done.stdout
    assert ", 0 failed, 1 warned" in done.stdout

    listed = json.loads(typed(tree, "quarantine", "list", "--json").stdout)
    assert [(row["file"], row["reason"], row["count"]) for row in listed] == [
        ("export.csv", "answer_unknown_option", 1)
    ]
    shown = typed(tree, "quarantine", "show", "mine")
    assert "export.csv, record 300, part 0, question rude, field rude: answer_unknown_option" in shown.stdout
    assert "declared: yes, no" in shown.stdout
    assert "i999,raw-bob,perhaps" in shown.stdout

    state(tree, "'yes', 'no'", "i999,raw-bob,perhaps\n,raw-eve,yes\n")
    done = typed(tree, "run", "--source", "mine")
    assert done.returncode == 1
    assert "Not published: too much is in quarantine." in done.stderr
    assert "nothing in quarantine for this reason, item_missing" in done.stderr
    assert "raw-eve" not in done.stdout + done.stderr

    state(tree, "'yes', 'no', perhaps", "i999,raw-bob,perhaps\n")
    assert "variorum quarantine replay mine" in typed(tree, "quarantine", "list").stderr
    tried = json.loads(typed(tree, "quarantine", "replay", "--dry-run", "--json").stdout)
    assert [(row["taken"], row["still"], row["dry_run"]) for row in tried] == [(1, 1, True)]
    replayed = typed(tree, "quarantine", "replay", "mine")
    assert replayed.returncode == 0, replayed.stderr
    assert "run --source mine" in replayed.stderr
    done = typed(tree, "run", "--source", "mine", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    summary = json.loads(done.stdout)
    assert summary["releases"][0]["judgments"] == 301
    assert summary["checks"]["warned"] == 0
    run = tree / "home" / "runs" / summary["run"]
    verdicts = json.loads((run / "verdicts.json").read_text())
    steps = [(row["count_in"], row["count_out"]) for row in verdicts if row["step"] == "quarantine→landing"]
    assert steps == [(1, 1)]
    with duckdb.connect() as con:
        path = Path(summary["releases"][0]["path"]) / "ledger" / "*.parquet"
        released = con.execute(f"select distinct step from read_parquet('{path}')").fetchall()
    assert released
    assert ("quarantine→landing",) not in released


def test_wrong_words_say_what_would_be_right(tree: Path) -> None:
    state(tree, "'yes', 'no'", "")
    unknown = typed(tree, "quarantine", "show", "mine", "--reason", "rubbish")
    assert unknown.returncode == 2
    assert "no reason code 'rubbish'; the codes: file_empty" in unknown.stderr
    assert typed(tree, "quarantine", "list", "yours").returncode == 2
    nothing = typed(tree, "quarantine", "replay", "crehate")
    assert nothing.returncode == 2
    assert "nothing was delivered yet of crehate" in nothing.stderr
