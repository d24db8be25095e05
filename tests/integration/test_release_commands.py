"""`variorum release` on what a run published: differences, yanks that default reads follow, pulls that are checked."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.landing.deliveries import file_sha256
from pipelines.release.build import Built
from pipelines.release.manifest import MANIFEST, Manifest, ReleaseFile
from pipelines.release.publish import publish
from pipelines.resources.folder import FolderStore
from tests.conftest import Ran, variorum

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def store(demo: Ran, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's release, and 1.0.1 after it, whose README has one more line."""
    folder = tmp_path_factory.mktemp("two")
    shutil.copytree(demo.store, folder / "store")
    copy = shutil.copytree(demo.release("demo"), folder / "made")
    manifest = Manifest.from_json((copy / MANIFEST).read_bytes())
    readme = copy / "README.md"
    readme.chmod(0o644)
    readme.write_bytes(readme.read_bytes() + b"\n")
    for name in (MANIFEST, "SHA256SUMS", "CHANGELOG.md"):
        (copy / name).chmod(0o644)
    changed = ReleaseFile("README.md", file_sha256(readme), readme.stat().st_size)
    files = tuple(changed if file.path == "README.md" else file for file in manifest.files)
    built = Built(copy, replace(manifest, version="", files=files, title="Demo"), ())
    publish(FolderStore(folder / "store"), built, "r")
    return folder / "store"


@pytest.fixture
def release(store: Path, tmp_path: Path) -> Command:
    """`variorum release` on a copy of the store."""
    shutil.copytree(store, tmp_path / "store")
    return lambda *arguments: variorum("release", *arguments, "--store", str(tmp_path / "store"), check=False)


def test_a_difference_is_told_and_is_data(release: Command) -> None:
    told = release("diff", "1.0.0", "1.0.1").stdout
    assert told.startswith("## 1.0.1, after 1.0.0\n\nA patch difference:\n\n- title is Demo, was Variorum demo\n")
    assert "Unchanged: demo_helpfulness, demo_tone, demo_topics." in told
    data = json.loads(release("diff", "1.0.0", "--json").stdout)
    assert (data["level"], data["after"]) == ("patch", "1.0.1")
    assert all(one["judgments"]["before"] == one["judgments"]["after"] for one in data["sources"])
    assert [(one["source"], one["judgments"]["after"]) for one in data["sources"]] == [
        ("demo_helpfulness", 618),
        ("demo_tone", 846),
        ("demo_topics", 200),
    ]


def test_default_reads_pass_a_yanked_release_over_and_pinned_ones_are_warned(release: Command, tmp_path: Path) -> None:
    done = release("yank", "1.0.1", "--reason", "a line too many")
    assert done.stdout == "demo: 1.0.1 is yanked; latest is 1.0.0\n"
    listed = release("list")
    assert "1.0.1" not in listed.stdout
    assert "1 yanked, not shown" in listed.stderr
    assert "yanked: a line too many" in release("list", "--all").stdout
    warning = "WARNING  1.0.1 of demo is yanked: a line too many\n"
    for command in (["verify"], ["pull", "latest", str(tmp_path / "latest")]):
        done = release(*command)
        assert (done.returncode, "1.0.0" in done.stdout, "WARNING" in done.stderr) == (0, True, False), done.stderr
    for command in (["show", "1.0.1"], ["pull", "1.0.1", str(tmp_path / "pinned")]):
        done = release(*command)
        assert (done.returncode, "1.0.1" in done.stdout, warning in done.stderr) == (0, True, True), done.stderr
    assert release("unyank", "1.0.1", "--reason", "it was right").stdout.endswith("latest is 1.0.1\n")


def test_a_rollback_moves_latest(release: Command, tmp_path: Path) -> None:
    done = release("rollback", "1.0.0", "--reason", "too early")
    assert done.stdout == "demo: 1.0.0 is latest again; latest is 1.0.0\n"
    assert json.loads((tmp_path / "store" / "demo" / "latest.json").read_text())["version"] == "1.0.0"
    again = release("rollback", "1.0.0", "--reason", "too early")
    assert (again.returncode, again.stderr) == (2, "variorum: 1.0.0 of demo is latest already\n")


def test_a_pulled_release_audits_itself_and_a_tampered_one_is_refused(release: Command, tmp_path: Path) -> None:
    done = release("pull", "latest", str(tmp_path / "pulled"))
    assert done.returncode == 0
    assert "each as it was published" in done.stdout
    sums = subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=tmp_path / "pulled", check=False)
    assert sums.returncode == 0
    (path,) = (tmp_path / "store").glob("demo/releases/1.0.1-*/items/part-00000.parquet")
    path.chmod(0o644)
    path.write_bytes(path.read_bytes() + b"\0")
    refused = release("pull", "latest", str(tmp_path / "again"), "--json")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "items/part-00000.parquet in " in refused.stderr
    assert "is not what was published" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "again" / "items" / "part-00000.parquet").exists()


def test_the_first_release_has_a_changelog(demo: Ran) -> None:
    text = (demo.release("demo") / "CHANGELOG.md").read_text()
    assert "## 1.0.0\n\n- the first release\n" in text
    assert "| demo_tone | 846 |" in text
    assert demo.release("demo").name == f"1.0.0-{file_sha256(demo.release('demo') / MANIFEST)[:16]}"
