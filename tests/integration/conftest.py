"""What integration tests share beside the pipelines of the whole session."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.release.store import ObjectStore
from pipelines.resources.folder import FolderStore


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    """Each kind of store, empty."""
    if request.param == "folder":
        return FolderStore(tmp_path / "store")
    found: ObjectStore = request.getfixturevalue("s3_store")
    return found


@pytest.fixture(scope="session")
def set_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, list[Any]]]:
    """What the fixture of a public source lands as; each is landed once."""
    from tests.integration.test_fixtures import landed

    known: dict[str, dict[str, list[Any]]] = {}

    def found(source: str) -> dict[str, list[Any]]:
        if source not in known:
            known[source] = landed(source, tmp_path_factory.mktemp(source))
        return known[source]

    return found
