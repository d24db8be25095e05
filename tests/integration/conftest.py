"""What integration tests share beside the pipelines of the whole session."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.release.store import FolderStore, ObjectStore


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    """Each kind of store, empty."""
    if request.param == "folder":
        return FolderStore(tmp_path / "store")
    found: ObjectStore = request.getfixturevalue("s3_store")
    return found
