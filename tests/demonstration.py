"""The whole way, to be seen: every public source published to a real S3 server, and read by somebody else.

``python -m tests.demonstration [--inbox DIR] [--dataset NAME]`` starts a server, publishes to it with the rights of a
publisher and a signature, pulls with the rights of a reader, audits the folder by sha256sum alone, reads every table
from the bucket by each reader and compares all rows with the folder's, and has the descriptions read by their own
tools. It prints a table of what was seen, and stops at the first thing that is not as it should be.

``MLCROISSANT_PYTHON`` names a Python that has mlcroissant, with pandas and pyarrow, and ``SPARK_PYTHON`` one that has
pyspark: neither is part of the environment.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import datasets
import duckdb
import frictionless
import pandas
import polars
import pyarrow.dataset
import pyarrow.parquet

from pipelines.domain.tables import RELEASED
from tests.conftest import ROOT, variorum
from tests.croissant_rules import faults
from tests.reading import rows_of
from tests.s3_server import BUCKET, PUBLISHER, READER, REGION, S3Server, s3_server

FIRST = 1_000
"""Rows of a table that frictionless looks at: all of them take it more than five minutes."""

STORE = f"s3://{BUCKET}/public"
READERS: dict[str, Callable[[str], Any]] = {
    "pyarrow": pyarrow.parquet.read_table,
    "pandas": pandas.read_parquet,
    "polars": lambda place: polars.read_parquet(f"{place}/*.parquet"),
    "duckdb": lambda place: duckdb.from_arrow(pyarrow.dataset.dataset(place)),
}
CROISSANT = """
import sys, mlcroissant
dataset = mlcroissant.Dataset(sys.argv[1])
issues = dataset.metadata.ctx.issues
print(f"{len(issues.errors)} errors, warnings: {len(issues.warnings)}")
print(f"{sum(1 for _ in dataset.records('judgments')):,} judgments")
"""
SPARK = """
import sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
counts = [spark.read.parquet(sys.argv[1] + "/" + table).count() for table in sys.argv[2:]]
print(f"{sum(counts):,} rows in {len(counts)} tables")
"""


@contextmanager
def seen(what: str) -> Iterator[list[str]]:
    """One line of the table: what was done, what came of it, and how long it took."""
    said: list[str] = []
    began = time.monotonic()
    yield said
    print(f"| {what} | {'; '.join(said)} | {time.monotonic() - began:.0f} s |", flush=True)


def demonstrate(server: S3Server, folder: Path, dataset: str, inbox: Path) -> None:
    """Publish, pull, audit, read."""
    private, public = folder / "signing.pem", folder / "signing.pub.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", private], check=True)
    subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True)
    where = ["--dataset", dataset, "--store", STORE]

    with seen("a publisher, who cannot delete: `variorum run --store s3://…`") as said:
        homes = ["--home", str(folder / "home"), "--inbox", str(inbox)]
        rights = {**server.environment(PUBLISHER), "VARIORUM_SIGNING_KEY_FILE": str(private)}
        summary = json.loads(variorum("run", "--json", *where, *homes, check=True, **rights).stdout)
        (release,) = summary["releases"]
        said.append(f"{release['version']}, {release['judgments']:,} judgments of {len(summary['sources'])} sources")
        said.append(release["proved"])
    pulled = folder / "pulled"
    with seen("a reader, who cannot write: `release pull --key`") as said:
        told = variorum(
            "release", "pull", "latest", str(pulled), "--key", str(public), *where, check=True,
            **server.environment(READER),
        )  # fmt: skip
        said.append(told.stdout.strip().partition(": ")[2])
        said.append(f"{sum(path.stat().st_size for path in pulled.rglob('*') if path.is_file()):,} bytes")
        manifest = json.loads((pulled / "manifest.json").read_bytes())
        said.append(f"{manifest['tier']}, names by the key {manifest['key_fingerprint']}")
    with seen("`sha256sum -c SHA256SUMS`") as said:
        done = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=pulled, check=True, capture_output=True, text=True)
        said.append(f"{done.stdout.count(': OK')} OK")

    held = {table: fingerprint(pyarrow.parquet.read_table(pulled / table)) for table in RELEASED}
    os.environ.update({name: text for name, text in server.environment(READER).items() if name.startswith("AWS_")})
    os.environ.update(AWS_ENDPOINT_URL=server.endpoint, AWS_REGION=REGION, AWS_ALLOW_HTTP="true")
    for name, read in READERS.items():
        with seen(f"{name}, from the bucket") as said:
            for table in RELEASED:
                assert fingerprint(read(f"{release['path']}/{table}")) == held[table], f"{name}: {table}"
            said.append(f"{sum(rows for rows, _ in held.values()):,} rows in {len(held)} tables, the folder's")
    with seen("Hugging Face `datasets`, from the folder") as said:
        datasets.config.HF_HUB_OFFLINE = True
        datasets.disable_progress_bars()
        for table in RELEASED:
            read_here = datasets.load_dataset(str(pulled), table, split="train", cache_dir=str(folder / "cache"))
            assert fingerprint(read_here) == held[table], f"datasets: {table}"
        said.append("the same rows, each configuration of the card")
    with seen("`datapackage.json`, by frictionless") as said:
        report = frictionless.validate(str(pulled / "datapackage.json"), limit_rows=FIRST)
        assert report.valid, report.flatten(["title", "message"])
        said.append(f"valid, {len(report.tasks)} resources, the first {FIRST:,} rows of each")
    with seen("the card, by huggingface_hub") as said:
        from huggingface_hub import DatasetCard

        card = DatasetCard.load(pulled / "README.md")
        licence = card.data.license
        licences = ", ".join([licence] if isinstance(licence, str) else licence or [])
        said.append(f"licence {licences}; size {', '.join(card.data.size_categories or [])}")
    with seen("`croissant.json`, by rules written from the specification") as said:
        assert faults(json.loads((pulled / "croissant.json").read_bytes()), pulled) == []
        said.append("no faults")
    elsewhere("MLCROISSANT_PYTHON", "`croissant.json`, by mlcroissant", CROISSANT, [
        str(pulled / "croissant.json")
    ])  # fmt: skip
    elsewhere("SPARK_PYTHON", "Spark, from the folder", SPARK, [str(pulled), *RELEASED])


def fingerprint(read: Any) -> tuple[int, str]:
    """How many rows a reader gave, and a digest of all of them, in order."""
    digest, rows = hashlib.sha256(), rows_of(read)
    for row in rows:
        digest.update(repr(row).encode())
    return len(rows), digest.hexdigest()


def elsewhere(variable: str, what: str, program: str, arguments: list[str]) -> None:
    """Let another Python look; say so where there is none."""
    with seen(what) as said:
        python = os.environ.get(variable)
        if not python:
            said.append(f"not tried: {variable} names no Python")
            return
        done = subprocess.run([python, "-c", program, *arguments], capture_output=True, text=True, check=True)
        said.append(", ".join(done.stdout.split("\n")).strip(", "))


def main() -> None:
    """What is typed."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--inbox", type=Path, default=ROOT.parent / "shared" / "data")
    options.add_argument("--dataset", default="public_sources")
    given = options.parse_args()
    print("| what | seen | time |\n|---|---|--:|", flush=True)
    with tempfile.TemporaryDirectory() as folder, s3_server(Path(folder) / "server") as server:
        demonstrate(server, Path(folder), given.dataset, given.inbox.absolute())


if __name__ == "__main__":
    main()
