"""The tutorial, word by word: its commands are run in their order, and what it says that they print is printed."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from tests.conftest import ROOT, VARIORUM
from tests.integration.by_hand import copied_checkout

TUTORIAL = ROOT / "docs" / "add-a-source.md"
_CONTRACT = Path("assets/ingest/kind_replies/defs.yaml")
_BLOCK = re.compile(r"^```(sh|text|yaml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    tree = copied_checkout(tmp_path / "tree")
    command = tmp_path / "bin" / "variorum"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{VARIORUM.parent / "python"}" -m pipelines.cli "$@"\n')
    command.chmod(0o755)
    settings = {name: value for name, value in os.environ.items() if not name.startswith("VARIORUM_")}
    path = f"{command.parent}:{os.environ['PATH']}"
    done: subprocess.CompletedProcess[str] | None = None
    tried = 0
    for kind, text in _BLOCK.findall(TUTORIAL.read_text(encoding="utf-8")):
        if kind == "sh":
            done = subprocess.run(
                ["sh", "-euc", text],
                cwd=tree,
                env={**settings, "PATH": path, "PYTHONPATH": str(tree), "COLUMNS": "120"},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stdout
            tried += 1
        else:
            assert done is not None
            said = done.stdout if kind == "text" else (tree / _CONTRACT).read_text(encoding="utf-8")
            missing = [line for line in text.splitlines() if line not in said]
            assert not missing, said
    assert tried == 4
