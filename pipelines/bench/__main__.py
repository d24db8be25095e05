"""`python -m pipelines.bench [N]`: measure the pipeline at N judgments. Arguments only; the work is in `run`."""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from pipelines.bench.run import LEAST, run
from pipelines.bench.steps import BenchError


def main() -> int:
    """Print the table, or with --json the values; 1 if a step failed, 2 if N is too small."""
    parser = argparse.ArgumentParser(
        prog="python -m pipelines.bench", description="Time and memory of each step, beside one bare DuckDB pass."
    )
    parser.add_argument("judgments", type=int, nargs="?", default=1_000_000, help="N (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print values instead of a table")
    parser.add_argument("--scratch", type=Path, help="folder to work in; about 2 KB a judgment (default: the system's)")
    arguments = parser.parse_args()
    if arguments.judgments < LEAST:
        parser.error(f"N must be at least {LEAST}: a marginal cost is the difference of two sizes")
    with tempfile.TemporaryDirectory(prefix="variorum-bench-", dir=arguments.scratch) as folder:
        try:
            report = run(Path(folder), arguments.judgments, lambda step: print(f"… {step}", file=sys.stderr))
        except BenchError as error:
            print(error, file=sys.stderr)
            return 1
    print(json.dumps(report.values(), indent=2) if arguments.json else report.text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
