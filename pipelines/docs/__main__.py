"""Writes every generated document: `python -m pipelines.docs`."""

from pipelines.docs.generated import write
from pipelines.project import this_project

if __name__ == "__main__":
    for path in write(this_project().root):
        print(path)
