"""`python -m pipelines.demo`: write the demo exports. Arguments only; the work is in `generate`."""

import argparse
from pathlib import Path

from pipelines.demo.generate import INBOX, SEED, write


def main() -> None:
    """Write the exports of a seed into a folder and print what was written."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.demo", description="Write the invented demo exports.")
    parser.add_argument("--out", type=Path, default=INBOX, help="folder to write to (default: the shipped inbox)")
    parser.add_argument("--seed", type=int, default=SEED, help="seed of the population's draws (default: %(default)s)")
    arguments = parser.parse_args()
    for path in write(arguments.out, arguments.seed):
        print(f"{path}  {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
