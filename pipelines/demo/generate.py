"""The demo exports as bytes by path, and their writing into a folder. Each format has a module of its own."""

from pathlib import Path

from pipelines.demo import label_studio, prodigy, tidy

SEED = 20260302
"""The seed of the shipped exports."""

INBOX = Path(__file__).parent / "inbox"
"""Where the shipped exports lie: one folder a source."""


def exports(seed: int = SEED) -> dict[str, bytes]:
    """Return every export file's content by its path below the inbox; the same seed gives the same bytes."""
    return {**label_studio.files(seed), **prodigy.files(seed), **tidy.files(seed)}


def write(out: Path, seed: int = SEED) -> list[Path]:
    """Write the exports of `seed` below `out`, over files of the same name, and return the paths written."""
    written = []
    for name, content in exports(seed).items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        written.append(path)
    return written
