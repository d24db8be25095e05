"""`variorum prove` on builds and releases, whole and tampered with; `variorum explain`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import pytest

from expectations.laws.definitions import LAWS
from tests.conftest import Ran, variorum


def test_a_build_is_proved_in_a_line_a_law(demo: Ran) -> None:
    said = variorum("prove", "--home", str(demo.home), "--store", str(demo.store)).stdout
    assert f"run {demo.summary['run']}" in said
    lines = [line for line in said.splitlines() if line.startswith("law ")]
    assert [line.split()[1] for line in lines] == sorted({line.split()[1] for line in lines})
    assert all("held" in line for line in lines)
    assert len(lines) >= 8


def test_a_build_with_a_tampered_layer_is_told_with_its_rows(demo: Ran, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(demo.home, home, ignore=shutil.ignore_patterns("releases", "data_docs", "dagster"))
    with duckdb.connect(str(home / "runs" / demo.summary["run"] / "warehouse.duckdb")) as con:
        con.execute("create or replace view stg_judgments as select * from landing.judgments where not abstained")
    done = variorum("prove", "--home", str(home), check=False)
    assert done.returncode == 1
    assert "law 2  Identity      broken" in done.stdout
    assert "The laws are broken in step landing→staging" in done.stderr
    assert ": missing, " in done.stderr


def test_a_release_is_proved_as_the_store_gives_it_back(demo: Ran) -> None:
    arguments = ["prove", "--home", str(demo.home), "--store", str(demo.store), "--dataset", "demo"]
    said = json.loads(variorum(*arguments, "--json").stdout)
    assert said["what"] == "release 1.0.0 of demo"
    assert said["holds"]
    assert said["left_out"] == []
    assert said["expectations"] > 0
    steps = {row["step"] for row in said["verdicts"]}
    assert {"manifest→release", "release", "landing→release"} <= steps


def test_a_release_is_proved_by_its_files_alone_where_what_it_came_from_is_not_here(demo: Ran, tmp_path: Path) -> None:
    done = variorum("prove", "--home", str(tmp_path), "--store", str(demo.store), "--dataset", "demo")
    assert "not proved here  landing→release: no run" in done.stdout
    assert "law 4  Injectivity" in done.stdout


def test_a_release_whose_bytes_changed_in_the_store_is_no_release(demo: Ran, tmp_path: Path) -> None:
    store = tmp_path / "store"
    shutil.copytree(demo.store, store)
    (path,) = (store / "demo" / "releases").glob("*/items/*.parquet")
    path.chmod(0o644)
    path.write_bytes(path.read_bytes() + b"\0")
    done = variorum("prove", "--home", str(demo.home), "--store", str(store), "--dataset", "demo", check=False)
    assert done.returncode == 1
    assert "release 1.0.0 of demo is not what was published" in done.stderr
    assert "items/part-00000.parquet has sha256" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--run", "nowhere"], 1, "no run nowhere in "),
        (["--dataset", "demo", "--version", "9.9.9"], 2, "no release 9.9.9 of demo"),
        (["--dataset", "demo", "--run", "x"], 2, "not both"),
    ],
)
def test_what_is_not_there_cannot_be_proved(demo: Ran, arguments: list[str], code: int, told: str) -> None:
    where = ["--home", str(demo.home), "--store", str(demo.store)]
    done = variorum("prove", *arguments, *where, check=False)
    assert (done.returncode, told in done.stderr) == (code, True), done.stderr


def test_every_law_is_explained_by_name_and_number() -> None:
    said = variorum("explain").stdout
    assert all(f"law {law.number}  {law.name}" in said for law in LAWS.values())
    by_name, by_number = variorum("explain", "identity").stdout, variorum("explain", "2").stdout
    assert by_name == by_number
    assert "Ana" in by_name
    done = variorum("explain", "fairness", check=False)
    assert done.returncode == 2
    assert "no law 'fairness'; the laws: 1 accounting" in done.stderr
