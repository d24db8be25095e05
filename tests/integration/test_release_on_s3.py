"""The whole way on a real S3 server: a run publishes, and signs; somebody else, who may only read, audits and reads."""

from __future__ import annotations

import json
import re
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas
import polars
import pyarrow.dataset
import pyarrow.parquet
import pytest

from pipelines.domain.tables import RELEASED
from tests.conftest import ROOT, Ran, variorum
from tests.reading import rows_of
from tests.s3_server import BUCKET, PUBLISHER, READER, REGION, S3Server

pytestmark = pytest.mark.xdist_group("on_s3")


@dataclass(frozen=True)
class Signed:
    """A release on the server: its address, the store's, and the public key that it is signed with."""

    address: str
    store: str
    key: Path


@pytest.fixture(scope="module")
def signed(s3: S3Server, tmp_path_factory: pytest.TempPathFactory) -> Signed:
    """The demo, published by a run of who may publish and not delete."""
    folder = tmp_path_factory.mktemp("signed")
    private, public = folder / "signing.pem", folder / "signing.pub.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", private], check=True)
    subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True)
    store = f"s3://{BUCKET}/{uuid.uuid4().hex}"
    where = ["--home", str(folder / "home"), "--inbox", "pipelines/demo/inbox", "--store", store]
    rights = {**s3.environment(PUBLISHER), "VARIORUM_SIGNING_KEY_FILE": str(private)}
    done = variorum("run", "--json", "--dataset", "demo", *where, check=True, **rights)
    (release,) = json.loads(done.stdout)["releases"]
    said = done.stderr + "".join(path.read_text("utf-8", "replace") for path in folder.rglob("*.log"))
    for secret in (PUBLISHER[1], private.read_text().splitlines()[1]):
        assert secret not in said
    return Signed(release["path"], store, public)


def test_who_may_only_read_audits_it_by_sha256sum_alone(
    s3: S3Server, signed: Signed, demo: Ran, tmp_path: Path
) -> None:
    where = ["--dataset", "demo", "--key", str(signed.key), "--store", signed.store]
    pulled = variorum("release", "pull", "latest", str(tmp_path / "demo"), *where, check=True, **s3.environment(READER))
    assert "files fetched, 0 were there, each as it was published and signed by the key" in pulled.stdout
    done = subprocess.run(
        ["sha256sum", "-c", "SHA256SUMS"], cwd=tmp_path / "demo", capture_output=True, text=True, check=True
    )
    held = {str(path.relative_to(tmp_path / "demo")) for path in (tmp_path / "demo").rglob("*") if path.is_file()}
    assert {line.removesuffix(": OK") for line in done.stdout.splitlines()} == held - {"SHA256SUMS"}
    ours, folders = (path / "SHA256SUMS" for path in (tmp_path / "demo", demo.release("demo")))
    assert ours.read_bytes() == folders.read_bytes()
    (tmp_path / "demo" / "README.md").write_text("tampered with\n")
    assert subprocess.run(["sha256sum", "-c", "--status", "SHA256SUMS"], cwd=tmp_path / "demo", check=False).returncode


@pytest.fixture
def reading(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process is somebody who may read, and knows the server by AWS's own variables alone."""
    aws = {name: value for name, value in s3.environment(READER).items() if name.startswith("AWS_")}
    for name, value in {**aws, "AWS_ENDPOINT_URL": s3.endpoint, "AWS_REGION": REGION, "AWS_ALLOW_HTTP": "true"}.items():
        monkeypatch.setenv(name, value)


def test_each_reader_gives_the_rows_that_the_folder_has(signed: Signed, demo: Ran, reading: None) -> None:
    block = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)[1]
    lines = block.strip().replace("s3://bucket/demo/releases/1.0.0-0123456789abcdef", signed.address).splitlines()
    assert [line.split(".")[0] for line in lines] == ["pandas", "polars", "duckdb", "pyarrow"]
    named = {"pandas": pandas, "polars": polars, "duckdb": duckdb, "pyarrow": pyarrow}
    for table in RELEASED:
        held = rows_of(pyarrow.parquet.read_table(demo.release("demo") / table))
        assert held
        for line in lines:
            assert rows_of(eval(line.replace("/judgments", f"/{table}"), dict(named))) == held, line  # noqa: S307
