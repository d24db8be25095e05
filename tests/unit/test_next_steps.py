"""What a run tells to type next can be typed: by where the release lies."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.commands.run import next_steps

RELEASE = {"dataset": "demo", "version": "1.0.0"}


def test_a_release_in_a_folder_is_read_by_the_line_itself(tmp_path: Path) -> None:
    (tmp_path / "judgments").mkdir()
    pq.write_table(pa.table({"answer": ["one of them"]}), tmp_path / "judgments" / "part-00000.parquet")
    looking, reading = next_steps({**RELEASE, "path": str(tmp_path)}, Path("home"), str(tmp_path))
    assert looking.endswith("variorum ui --home home")
    assert "one of them" in subprocess.run(shlex.split(reading), capture_output=True, text=True, check=True).stdout


def test_a_release_in_a_bucket_is_pulled() -> None:
    _, reading = next_steps(
        {**RELEASE, "path": "s3://bucket/team/demo/releases/1.0.0-0"}, Path("home"), "s3://bucket/team"
    )
    assert reading.endswith("variorum release pull 1.0.0 DIR --dataset demo --store s3://bucket/team")
