"""The steps that are measured: the pipeline's own functions over one export, in the order of a run, and the bare pass.

Nothing is computed here that the pipeline does not compute; Dagster, which only calls these functions, is left out.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.bench.exports import Export
from pipelines.contracts.dataset import dataset_of_one
from pipelines.contracts.model import SourceContract
from pipelines.domain.pseudonyms import PseudonymKey
from pipelines.landing.deliveries import current_files, file_sha256, receive
from pipelines.landing.home import Home
from pipelines.landing.land import land_file, layout_of
from pipelines.project import this_project
from pipelines.readers.recount import count_records
from pipelines.shapes.sql import literal
from pipelines.warehouse.catalog import bind, bound_anew
from pipelines.warehouse.run_folder import RunFolder
from pipelines.warehouse.state import State, present_state

RUN = "bench"
_KEY = PseudonymKey(b"it protects nobody: made-up people")


class BenchError(RuntimeError):
    """A step that did not do its work; its time means nothing."""


@dataclass(frozen=True)
class Place:
    """One export of so many judgments, and everything that the pipeline makes of it."""

    export: Export
    root: Path
    judgments: int

    @property
    def inbox(self) -> Path:
        """Where the export lies."""
        return self.root / "inbox"

    @property
    def file(self) -> Path:
        """The export's file."""
        return self.inbox / self.contract.inbox_folder / self.export.file

    @property
    def contract(self) -> SourceContract:
        """The export's contract."""
        return self.export.contract

    @property
    def home(self) -> Home:
        """The pipeline's home."""
        return Home(self.root / "home")

    @property
    def run(self) -> RunFolder:
        """The one run in it."""
        return RunFolder.of(self.home, RUN)

    def expect(self, what: str, count: object) -> None:
        """Stop unless a step came to as many judgments as the export holds."""
        if count != self.judgments:
            raise BenchError(f"{what}: {count} of {self.judgments} judgments")


def generate(place: Place) -> None:
    """Write the export, and read it once, so that whoever comes first does not pay for the disk."""
    place.export.write(place.file.parent, place.judgments)
    file_sha256(place.file)


def bare(place: Place) -> None:
    """The yardstick: DuckDB reads the same bytes and writes them as Parquet, with its own defaults."""
    target = place.root / "bare.parquet"
    source = place.export.bare(str(place.file))
    with duckdb.connect() as con:
        con.execute("set enable_progress_bar = false")
        copied = con.execute(
            f"copy (select * from {source}) to {literal(str(target))} (format parquet, compression zstd)"
        ).fetchall()
    place.expect("bare pass", copied[0][0] * place.export.multiple)
    target.unlink()


def deliver(place: Place) -> None:
    """Into the raw area, by digest."""
    receive(place.contract, place.inbox, place.home)


def land(place: Place) -> None:
    """The delivered file through reader, shape and second reader into landing."""
    for _, file in current_files(place.contract, place.home):
        receipt = land_file(place.contract, file, _KEY, place.home)
        place.expect("landing", receipt.judgments)


def forget_delivery(place: Place) -> None:
    """Nothing was delivered yet."""
    shutil.rmtree(place.home.raw, ignore_errors=True)


def forget_landing(place: Place) -> None:
    """Nothing was landed yet."""
    shutil.rmtree(place.home.landing, ignore_errors=True)


def recount(place: Place) -> None:
    """The second reader alone."""
    dialect = place.contract.files[0].dialect
    records = count_records(place.file, layout_of(dialect))
    place.expect("recount", records * place.export.multiple)


def catalog(place: Place) -> None:
    """The landed files bound to a run's warehouse."""
    rows = bind(place.run.warehouse, _state(place))
    place.expect("catalog", rows["judgments"])


def dbt_models(place: Place) -> None:
    """Every model, built by dbt in this process."""
    _dbt(place, "build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")


def dbt_tests(place: Place) -> None:
    """Every test on data, by dbt in this process."""
    _dbt(place, "test", "--exclude-resource-type", "unit_test")


def _dbt(place: Place, *command: str) -> None:
    from dbt.cli.main import dbtRunner

    from pipelines.warehouse.dbt import run_environment

    project = str(this_project().dbt_project)
    os.environ.update(run_environment(place.run), DBT_SEND_ANONYMOUS_USAGE_STATS="false")
    folders = ["--project-dir", project, "--profiles-dir", project]
    written = ["--target-path", str(place.root.parent / "dbt"), "--log-path", str(place.root / "logs")]
    with (place.root / "dbt.log").open("a") as said, redirect_stdout(said):
        done = dbtRunner().invoke([*command, "--quiet", *folders, *written])
    if not done.success:
        raise BenchError(f"dbt {command[0]} failed; it said: {(place.root / 'dbt.log').read_text()[-2000:]}")


def laws(place: Place) -> None:
    """The laws over every step of the run."""
    from expectations.laws.verdicts import broken
    from pipelines.proof import prove_run

    verdicts = prove_run(place.run, _state(place), place.home)
    if found := broken(verdicts):
        raise BenchError(found[0].story())
    place.expect("laws", min(verdict.count_out for verdict in verdicts if verdict.step == "intermediate→marts"))


def expectations(place: Place) -> None:
    """Great Expectations over the marts, with Data Docs."""
    from expectations.gx.run import validate
    from expectations.gx.suite import load_suites

    for report in validate(place.run.warehouse, load_suites(this_project().suites), place.run.docs):
        for one in report.expectations:
            if one.outcome != "held":
                raise BenchError(f"{report.suite}: {one.meaning} {one.outcome}: {one.observed or one.error}")


def build_release(place: Place) -> None:
    """The release's files, written, proved, hashed and reopened: all that the gate does but Great Expectations."""
    from expectations.laws.verdicts import broken
    from pipelines.proof import CONFLICTS, prove_steps
    from pipelines.recounting import prove_recounted
    from pipelines.release.build import finish, finish_build, write_tables
    from pipelines.release.names import Names
    from pipelines.release.prove import prove_release

    dataset, state = dataset_of_one(place.contract), _state(place)
    with bound_anew(place.run, state) as con:
        verdicts = prove_steps(con, state, place.home)
        verdicts += prove_recounted(con, state, _KEY, place.home)
        written = write_tables(dataset, place.run, con, Names(_KEY))
        verdicts += prove_release(con, written.folder, dataset.sources, CONFLICTS, Names(_KEY))
        if found := broken(verdicts):
            raise BenchError(found[0].story())
        built = finish_build(written, dataset, state, con, verdicts, {}, {}, _KEY.fingerprint)
    finish(built, "1.0.0", b"")
    table = built.manifest.table("judgments")
    place.expect("release", table and table.rows)


def laws_on_answers(place: Place) -> None:
    """Laws 4 and 5 on what answers say."""
    from expectations.laws.answers import prove_answers
    from pipelines.proof import LANDED, LANDING, forms_of

    with bound_anew(place.run, _state(place)) as con:
        forms = forms_of([place.contract])
        prove_answers(con, LANDING.relation, LANDED.questions, [place.contract.source], forms)


def laws_between_layers(place: Place) -> None:
    """Laws 1, 2, 3 and 9 between one pair of layers, by fingerprints."""
    from expectations.laws.prove import prove_path
    from pipelines.proof import LANDING, LAYERS

    with bound_anew(place.run, _state(place)) as con:
        prove_path(con, [LANDING, LAYERS[-1]], exact=False)


def plain_recount(place: Place) -> None:
    """Laws 6 and 7: every judgment derived once more by plain Python."""
    from pipelines.recounting import prove_recounted

    with bound_anew(place.run, _state(place)) as con:
        verdicts = prove_recounted(con, _state(place), _KEY, place.home)
    place.expect("plain recount", verdicts[0].count_in)


def gate(place: Place) -> None:
    """The laws on the release's files alone."""
    from pipelines.proof import CONFLICTS
    from pipelines.release.names import Names
    from pipelines.release.prove import prove_release

    with bound_anew(place.run, _state(place)) as con:
        prove_release(con, place.run.releases / place.contract.source, [place.contract.source], CONFLICTS, Names(_KEY))


def _state(place: Place) -> State:
    return present_state([place.contract], _KEY, place.home)


def publish_release(place: Place) -> None:
    """The built release into a folder store, read back and committed."""
    from pipelines.release.build import Built
    from pipelines.release.manifest import MANIFEST, Manifest
    from pipelines.release.publish import publish
    from pipelines.resources.folder import FolderStore

    folder = place.run.releases / place.contract.source
    manifest = Manifest.from_json((folder / MANIFEST).read_bytes())
    published = publish(FolderStore(place.root / "store"), Built(folder, manifest, ()), RUN)
    if not published.is_new:
        raise BenchError("the release was there already")


@dataclass(frozen=True)
class Step:
    """One step: its name, its function, and the step that it is measured within, if it is no step of its own."""

    name: str
    run: Callable[[Place], None]
    within: str | None = None
    again: Callable[[Place], None] | None = None
    """Takes back what the step did, so that it can be measured once more."""


GENERATE = Step("generate", generate)
BARE = Step("bare DuckDB pass", bare)
SECOND_READER = "second reader"
INGEST = (
    Step("deliver", deliver, again=forget_delivery),
    Step("land", land, again=forget_landing),
    Step(SECOND_READER, recount, within="land"),
)
"""In the order of a run."""

REST = (
    Step("catalog", catalog),
    Step("dbt models", dbt_models),
    Step("dbt tests", dbt_tests),
    Step("laws", laws),
    Step("laws 4, 5: answers", laws_on_answers, within="laws"),
    Step("laws 1, 2, 3, 9: two layers", laws_between_layers, within="laws"),
    Step("expectations", expectations),
    Step("release", build_release),
    Step("laws 6, 7: plain recount", plain_recount, within="release"),
    Step("laws 1, 2, 3, 5, 9: files, exactly", gate, within="release"),
    Step("publish", publish_release),
)
"""What follows on ingest."""
