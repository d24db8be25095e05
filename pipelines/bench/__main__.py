"""`python -m pipelines.bench [N]`: measure the pipeline at N judgments. Arguments only; the work is in `run`."""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from pipelines.bench.exports import EXPORTS
from pipelines.bench.run import LEAST, run
from pipelines.bench.steps import BenchError


def main() -> int:
    """Print the table, or with --json the values; 1 if a step failed, 2 if N is too small."""
    exports = {export.name.replace(" ", "-").lower(): export for export in EXPORTS}
    parser = argparse.ArgumentParser(
        prog="python -m pipelines.bench", description="Time and memory of each step, beside one bare DuckDB pass."
    )
    parser.add_argument("judgments", type=int, nargs="?", default=1_000_000, help="N (default: %(default)s)")
    parser.add_argument("--only", choices=["ingest"], help="leave out what follows on ingest")
    parser.add_argument(
        "--export", choices=list(exports), action="append", help="measure only this one; several times for several"
    )
    parser.add_argument("--json", action="store_true", help="print values instead of a table")
    parser.add_argument("--scratch", type=Path, help="folder to work in; about 3 KB a judgment (default: the system's)")
    arguments = parser.parse_args()
    if arguments.judgments < LEAST:
        parser.error(f"N must be at least {LEAST}: a marginal cost is the difference of two sizes")
    with tempfile.TemporaryDirectory(prefix="variorum-bench-", dir=arguments.scratch) as folder:
        try:
            reports = run(
                Path(folder),
                arguments.judgments,
                [exports[name] for name in arguments.export or exports],
                only_ingest=arguments.only == "ingest",
                on_step=lambda step: print(f"… {step}", file=sys.stderr),
            )
        except BenchError as error:
            print(error, file=sys.stderr)
            return 1
    if arguments.json:
        print(json.dumps([report.values() for report in reports], indent=2))
    else:
        print("\n\n".join(report.text() for report in reports))
    return 0


if __name__ == "__main__":
    sys.exit(main())
