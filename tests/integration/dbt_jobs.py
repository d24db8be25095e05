"""Runs one dbt command on several dbt projects in one process: started by ``by_hand.run_dbt``."""

from __future__ import annotations

import json
import os
import sys

from dbt.cli.main import dbtRunner


def main() -> int:
    """Each job is (project, warehouse, marts); all are done, and 1 is returned if any of them failed."""
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
    command, jobs = json.loads(sys.argv[1]), json.loads(sys.argv[2])
    failed = 0
    for project, warehouse, marts in jobs:
        os.environ.update(VARIORUM_WAREHOUSE=warehouse, VARIORUM_MARTS=marts)
        if not dbtRunner().invoke([*command, "--quiet", "--project-dir", project, "--profiles-dir", project]).success:
            print(f"dbt {command[0]} fails on {project}", file=sys.stderr)
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main())
