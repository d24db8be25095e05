"""A release described for others: ``datapackage.json`` (Data Package) and ``CITATION.cff`` (Citation File Format 1.2).

Neither names a version, time or run: the same content makes the same bytes, and the manifest has the rest.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from pipelines.contracts.dataset import Dataset
from pipelines.contracts.model import SourceContract
from pipelines.domain.licences import LICENCES, licence_parts
from pipelines.domain.tables import TABLES, Column, Table
from pipelines.domain.types import Scalar, plain_name
from pipelines.release.manifest import Manifest, ReleaseFile

_FIELD_TYPES = {
    "string": "string",
    "int32": "integer",
    "int64": "integer",
    "double": "number",
    "boolean": "boolean",
    "timestamp": "datetime",
}

KEYWORDS = ("annotator-level", "disagreement", "human label variation")


def datapackage(
    dataset: Dataset, contracts: Sequence[SourceContract], manifest: Manifest, files: Mapping[str, ReleaseFile]
) -> bytes:
    """The tables as resources, each with its schema and digest; ``files`` are the tables' files by path.

    Sizes are left to the manifest: frictionless cannot tell that of a Parquet file, and calls a stated one wrong.
    """
    package: dict[str, Any] = {
        "name": dataset.dataset,
        "title": dataset.title,
        "description": dataset.description,
        "keywords": list(KEYWORDS),
        "licenses": [_licence(part) for part in licence_parts(dataset.licence)],
        "sources": [_source(contract) for contract in contracts],
    }
    if dataset.url:
        package["homepage"] = dataset.url
    people = [{"title": one.name, "role": "author"} for one in dataset.creators]
    people += [
        {"title": one.name, "role": "maintainer"}
        | ({"email": one.email} if one.email else {})
        | ({"path": one.url} if one.url else {})
        for one in dataset.contacts
    ]
    if people:
        package["contributors"] = people
    package["resources"] = [
        _resource(TABLES[table.name], [files[path] for path in table.files]) for table in manifest.tables
    ]
    return (json.dumps(package, indent=2, ensure_ascii=False) + "\n").encode()


def citation(dataset: Dataset, contracts: Sequence[SourceContract]) -> bytes:
    """How to cite the dataset, and the sources that its judgments come from."""
    parts = licence_parts(dataset.licence)
    cff: dict[str, Any] = {
        "cff-version": "1.2.0",
        "type": "dataset",
        "message": "Cite this dataset, and the sources that its judgments come from.",
        "title": dataset.title,
        "abstract": dataset.description,
        "authors": [_author(one.name, one.orcid) for one in dataset.creators] or [_authors_of(dataset.title)],
        "keywords": list(KEYWORDS),
    }
    if all(part in LICENCES for part in parts):
        cff["license"] = parts[0] if len(parts) == 1 else list(parts)
    if dataset.url:
        cff["url"] = dataset.url
    if dataset.published:
        cff["date-released"] = dataset.published
    cff["references"] = [_reference(contract) for contract in contracts]
    return yaml.safe_dump(cff, sort_keys=False, allow_unicode=True, width=120).encode()


def _author(name: str, orcid: str | None) -> dict[str, str]:
    """An author as an entity: how a name divides into parts is not ours to guess."""
    return {"name": name} | ({"orcid": f"https://orcid.org/{orcid}"} if orcid else {})


def _authors_of(title: str) -> dict[str, str]:
    """The format asks for an author; where none is declared, it is said so."""
    return {"name": f"The authors of {title}"}


def _reference(contract: SourceContract) -> dict[str, Any]:
    reference: dict[str, Any] = {
        "type": "data",
        "title": contract.title,
        "authors": [_authors_of(contract.title)],
    }
    if contract.citation:
        reference["notes"] = contract.citation.strip()
    if (contract.url or "").startswith(("http://", "https://")):
        reference["url"] = contract.url
    if contract.licence in LICENCES:
        reference["license"] = contract.licence
    return reference


def _licence(part: str) -> dict[str, str]:
    return {"name": part} | ({"path": LICENCES[part].url} if part in LICENCES else {})


def _source(contract: SourceContract) -> dict[str, str]:
    return {"title": contract.title} | ({"path": contract.url} if contract.url else {})


def _resource(table: Table, files: Sequence[ReleaseFile]) -> dict[str, Any]:
    resource: dict[str, Any] = {
        "name": table.name,
        "type": "table",
        "description": table.grain,
        "path": files[0].path if len(files) == 1 else [file.path for file in files],
        "format": "parquet",
        "mediatype": "application/vnd.apache.parquet",
    }
    if len(files) == 1:
        resource["hash"] = f"sha256:{files[0].sha256}"
    fields = [_field(column) for column in table.columns]
    schema: dict[str, Any] = {"fields": fields}
    if not any(table.column(name).nullable for name in table.key):
        schema["primaryKey"] = list(table.key)
    return {**resource, "schema": schema}


def _field(column: Column) -> dict[str, Any]:
    field: dict[str, Any] = {
        "name": column.name,
        # frictionless reads Parquet through pandas, and takes the arrays that it finds there for no lists.
        "type": _FIELD_TYPES[column.type.name] if isinstance(column.type, Scalar) else "any",
        "description": column.description,
    }
    if not isinstance(column.type, Scalar):
        field["parquetType"] = plain_name(column.type)
    if column.unit:
        field["unit"] = column.unit
    if not column.nullable:
        field["constraints"] = {"required": True}
    return field
