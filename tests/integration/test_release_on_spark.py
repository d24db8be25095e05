"""A release read by Spark, where there is one: it is no part of the environment, which it does not go well with."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from pipelines.domain.tables import RELEASED
from tests.conftest import Ran
from tests.reading import rows_of

SPARK_PYTHON = os.environ.get("SPARK_PYTHON") or (sys.executable if importlib.util.find_spec("pyspark") else "")

PROGRAM = """
import json, pathlib, sys
from pyspark.sql import Row, SparkSession
spark = (SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
         .config("spark.sql.shuffle.partitions", "1").getOrCreate())
def plain(value):
    if isinstance(value, Row):
        return {name: plain(inner) for name, inner in value.asDict().items()}
    return [plain(inner) for inner in value] if isinstance(value, list) else value
for table in sys.argv[2:]:
    for row in spark.read.parquet(sys.argv[1] + "/" + table).collect():
        print(table, json.dumps([plain(value) for value in row], default=str))
"""


@pytest.mark.skipif(not SPARK_PYTHON, reason="pyspark is not here; name a Python that has it in SPARK_PYTHON")
def test_spark_gives_the_rows_that_other_readers_give(demo: Ran, tmp_path: Path) -> None:
    command = [SPARK_PYTHON, "-c", PROGRAM, str(demo.release("demo")), *RELEASED]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    read: dict[str, Counter[str]] = {table: Counter() for table in RELEASED}
    for line in done.stdout.splitlines():
        table, _, row = line.partition(" ")
        read[table][row] += 1
    for table in RELEASED:
        held = pyarrow.parquet.read_table(demo.release("demo") / table)
        assert read[table] == Counter(told(row) for row in rows_of(held)), table
        assert read[table].total() > 0


def told(row: tuple[Any, ...]) -> str:
    """A row as the program tells it."""
    return json.dumps(list(row), default=str)
