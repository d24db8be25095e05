"""Which object store an address names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.release.store import ObjectStore, StoreError
from pipelines.resources.folder import FolderStore

if TYPE_CHECKING:
    from pipelines.resources.settings import Settings

_S3 = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/([A-Za-z0-9_./-]*))?")


def open_store(uri: str, settings: Settings) -> ObjectStore:
    """The store that an address names: a folder's path, ``file:`` and a path, or ``s3://bucket/prefix``.

    Raises:
        StoreError: the address names no store, or one that cannot be used as the settings say.
    """
    if uri.startswith("s3:"):
        from pipelines.resources.s3 import S3Options, S3Store

        if (found := _S3.fullmatch(uri)) is None:
            raise StoreError("the store's address is not of the form s3://bucket/prefix")
        options = S3Options(
            endpoint=settings.s3_endpoint,
            region=settings.s3_region,
            path_style=settings.s3_path_style,
            sse=settings.s3_sse,
            kms_key=settings.s3_kms_key,
        )
        return S3Store(found[1], found[2] or "", options)
    if "://" in uri and not uri.startswith("file://"):
        raise StoreError(f"no store for {uri.split('://')[0]}:// addresses; give a folder, or s3://bucket/prefix")
    return FolderStore(Path(uri.removeprefix("file://")).expanduser().absolute())
