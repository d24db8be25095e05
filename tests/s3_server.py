"""A real S3 server for tests: SeaweedFS, on free ports of this machine, with identities of its own."""

from __future__ import annotations

import json
import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WEED = Path(sys.executable).parent / "weed"
REGION = "us-east-1"
BUCKET = "releases"

POLICIES = Path(__file__).resolve().parents[1] / "deploy" / "object-store"
ROLES = ("publisher", "reader", "eraser")

PUBLISHER, READER, ERASER = (
    ("publisher", "publishers-secret-7f3a"),
    ("reader", "readers-secret-91bc"),
    ("eraser", "erasers-secret-c44e"),
)
"""Access key and secret of who has which role, by the policy of that name; they protect nothing."""
ADMIN = ("admin", "admins-secret-5d20")
"""Who may do everything."""
_PORTS = (
    "admin.port", "admin.port.grpc", "filer.port", "filer.port.grpc", "master.port", "master.port.grpc",
    "volume.port", "volume.port.grpc", "s3.port", "s3.port.grpc",
)  # fmt: skip


@dataclass(frozen=True)
class S3Server:
    """A server that runs; its endpoint is loopback, so it has no TLS."""

    endpoint: str

    def environment(self, identity: tuple[str, str] = PUBLISHER) -> dict[str, str]:
        """The variables by which a process uses it, and no other settings of AWS that this machine may have."""
        access, secret = identity
        return {
            "VARIORUM_S3_ENDPOINT": self.endpoint,
            "VARIORUM_S3_REGION": REGION,
            "AWS_ACCESS_KEY_ID": access,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/nonexistent",
            "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
        }


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """Run a server on data in a folder, with one bucket; it is stopped, and its data removed, at the end."""
    folder.mkdir(parents=True)
    (folder / "s3.json").write_text(json.dumps(_configuration()))
    ports = dict(zip(_PORTS, _free_ports(len(_PORTS)), strict=True))
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [
                WEED, "mini", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-s3.config={folder}/s3.json",
                "-s3.autoCreateBucket=false", "-s3.port.iceberg=0", "-s3.port.lance=0", "-webdav=false",
                "-admin.ui=false", "-master.telemetry=false", *(f"-{name}={port}" for name, port in ports.items()),
            ],
            stdout=log,
            stderr=log,
            cwd=folder,
        )  # fmt: skip
    server = S3Server(f"http://127.0.0.1:{ports['s3.port']}")
    try:
        _make_bucket(server, process, folder / "log")
        yield server
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def policy(role: str, bucket: str = BUCKET) -> str:
    """A policy of those that are deployed, filled in for a bucket."""
    return (POLICIES / f"{role}.json").read_text().replace("BUCKET", bucket)


def _configuration() -> dict[str, Any]:
    """Identities as SeaweedFS takes them: each role has what its policy allows, and nothing else."""

    def identity(who: tuple[str, str], **rights: Any) -> dict[str, Any]:
        access, secret = who
        return {"name": access, "credentials": [{"accessKey": access, "secretKey": secret}], **rights}

    return {
        "identities": [
            identity(ADMIN, actions=["Admin", "Read", "Write", "List", "Tagging"]),
            *(identity(who, policyNames=[role]) for role, who in zip(ROLES, (PUBLISHER, READER, ERASER), strict=True)),
        ],
        "policies": [{"name": role, "content": policy(role)} for role in ROLES],
    }


def _make_bucket(server: S3Server, process: subprocess.Popen[bytes], log: Path) -> None:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    client = boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        region_name=REGION,
        aws_access_key_id=ADMIN[0],
        aws_secret_access_key=ADMIN[1],
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
    )
    deadline = time.monotonic() + 60
    while True:
        try:
            client.create_bucket(Bucket=BUCKET)
            client.put_object(Bucket=BUCKET, Key="ready", Body=b"")
            client.delete_object(Bucket=BUCKET, Key="ready")
            return
        except (BotoCoreError, ClientError):
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the S3 server does not start:\n{log.read_text()[-3000:]}") from None
            time.sleep(0.05)


def _free_ports(count: int) -> list[int]:
    """Ports that nobody listens on; below 32768, where the system takes none for outgoing connections."""
    found: list[int] = []
    chosen = random.SystemRandom()
    while len(found) < count:
        port = chosen.randrange(20_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in found:
            found.append(port)
    return found
