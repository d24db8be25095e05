"""Signing and verifying as it is typed, and by tools that are not ours, as docs/signing.md says it."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT, Ran, variorum


@pytest.fixture(scope="module")
def place(demo: Ran, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a copy of the demo's store and two pairs of keys, made as the documentation says; signed by one."""
    folder = tmp_path_factory.mktemp("signing")
    shutil.copytree(demo.store, folder / "store")
    (made,) = re.findall(r"```\n(openssl genpkey.*?)```", page(), flags=re.DOTALL)
    for name in ("", "other"):
        (folder / name).mkdir(exist_ok=True)
        subprocess.run(["bash", "-ec", made], cwd=folder / name, check=True, capture_output=True)
    signed = variorum("release", "sign", "1.0.0", "--key", str(folder / "signing.pem"), *where(folder))
    assert re.search(r"demo 1\.0\.0 is signed by the key [0-9a-f]{16}: .*/demo/signatures/1\.0\.0-", signed.stdout)
    return folder


def page() -> str:
    return (ROOT / "docs" / "signing.md").read_text()


def where(folder: Path) -> list[str]:
    return ["--dataset", "demo", "--store", str(folder / "store")]


def test_readers_check_signatures_and_are_told_what_is_wrong(place: Path, tmp_path: Path) -> None:
    key, other = str(place / "signing.pub.pem"), str(place / "other" / "signing.pub.pem")
    verified = variorum("release", "verify", "1.0.0", "--key", key, *where(place))
    assert re.search(r"0 at fault\nsigned by the key [0-9a-f]{16}\n", verified.stdout)
    told = json.loads(variorum("release", "verify", "--json", *where(place), VARIORUM_TRUSTED_KEY_FILE=key).stdout)
    assert (told["whole"], len(told["signed_by"])) == (True, 64)
    refused = variorum("release", "verify", "1.0.0", "--key", other, *where(place), check=False)
    assert refused.returncode == 1
    assert "is not signed by the key" in refused.stdout
    pulled = variorum("release", "pull", "1.0.0", str(tmp_path / "a"), "--key", key, *where(place))
    assert "each as it was published and signed by the key" in pulled.stdout
    refused = variorum("release", "pull", "1.0.0", str(tmp_path / "b"), "--key", other, *where(place), check=False)
    assert (refused.returncode, (tmp_path / "b").exists()) == (1, False)
    assert "is not signed by the key" in refused.stderr


def test_a_key_that_is_missing_or_wrong_is_wrong_usage(place: Path) -> None:
    for arguments, told in (
        (("sign", "1.0.0"), "no key to sign with: give --key, or set VARIORUM_SIGNING_KEY_FILE"),
        (("sign", "1.0.0", "--key", str(place / "signing.pub.pem")), "others can read it"),
        (("verify", "1.0.0", "--key", str(place / "signing.pem")), "holds no public Ed25519 key in PEM"),
        (("verify", "1.0.0", "--key", str(place / "absent")), "cannot be read (FileNotFoundError)"),
    ):
        refused = variorum("release", *arguments, *where(place), check=False)
        assert (refused.returncode, told in refused.stderr) == (2, True), refused.stderr


def test_an_outsider_verifies_by_the_documented_lines(place: Path, tmp_path: Path) -> None:
    (script,) = re.findall(r"```bash\n(.*?)```", page(), flags=re.DOTALL)
    (signature,) = (place / "store" / "demo" / "signatures").rglob("*.json")
    release = shutil.copytree(place / "store" / "demo" / "releases" / signature.parent.name, tmp_path / "release")

    def outsider(key: Path, signature: Path) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": "/usr/bin:/bin", "KEY": str(key), "SIGNATURE": str(signature)}
        command = ["bash", "-euc", script]
        return subprocess.run(command, cwd=release, env=environment, capture_output=True, text=True, check=False)

    done = outsider(place / "signing.pub.pem", signature)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["Signature Verified Successfully", "manifest.json: OK", "SHA256SUMS: OK"]

    assert outsider(place / "other" / "signing.pub.pem", signature).returncode != 0
    fields = json.loads(signature.read_text())
    payload = base64.b64decode(fields["payload"]).replace(b'"1.0.0"', b'"1.0.1"')
    forged = tmp_path / "forged.json"
    forged.write_text(json.dumps({**fields, "payload": base64.b64encode(payload).decode()}))
    done = outsider(place / "signing.pub.pem", forged)
    assert (done.returncode, done.stdout) == (1, "Signature Verification Failure\n")
    (release / "README.md").chmod(0o644)
    (release / "README.md").write_text("tampered with\n")
    done = outsider(place / "signing.pub.pem", signature)
    assert (done.returncode, "README.md: FAILED" in done.stdout) == (1, True)
    (release / "SHA256SUMS").chmod(0o644)
    (release / "SHA256SUMS").write_text("")
    assert "SHA256SUMS: FAILED" in outsider(place / "signing.pub.pem", signature).stdout
