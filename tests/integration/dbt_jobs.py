"""Builds models of several dbt projects in one process: started by ``by_hand.build_models``."""

from __future__ import annotations

import json
import os
import sys

from dbt.cli.main import dbtRunner


def main() -> int:
    """Each job is (project, warehouse, marts); the first that fails ends the process."""
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
    select, jobs = sys.argv[1], json.loads(sys.argv[2])
    for project, warehouse, marts in jobs:
        os.environ.update(VARIORUM_WAREHOUSE=warehouse, VARIORUM_MARTS=marts)
        arguments = ["run", "--quiet", "--select", select, "--project-dir", project, "--profiles-dir", project]
        if not dbtRunner().invoke(arguments).success:
            print(f"dbt cannot build {project}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
