"""A release as Croissant: ``croissant.json``, JSON-LD by the specifications of Croissant 1.1 and Croissant RAI 1.0.

The names of RAI are the specification's. Who gave an answer is told value by value, as Croissant 1.1 has it: the
answer's field carries an annotation that is its annotator. No version is named: the same content makes the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.contracts.card import QUESTIONS
from pipelines.contracts.dataset import Dataset
from pipelines.contracts.losses import LOSSES
from pipelines.contracts.model import SourceContract
from pipelines.domain.licences import LICENCES, licence_parts
from pipelines.domain.tables import TABLES, Table
from pipelines.domain.types import ColumnType, ListOf, Scalar, Struct
from pipelines.release.descriptors import KEYWORDS
from pipelines.release.manifest import Manifest, ReleaseFile
from pipelines.release.measures import Measures

CONFORMS_TO = ("http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0")

_TERMS = (
    "annotation", "arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "excludes", "extract", "field",
    "fileObject", "fileProperty", "fileSet", "format", "includes", "isArray", "isLiveDataset", "jsonPath", "key", "md5",
    "parentField", "path", "recordSet", "references", "regex", "repeated", "replace", "readLines", "samplingRate",
    "sdVersion", "separator", "source", "subField", "transform", "unArchive", "value",
)  # fmt: skip

CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "prov": "http://www.w3.org/ns/prov#",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{term: f"cr:{term}" for term in _TERMS},
}

_DATA_TYPES = {
    "string": "sc:Text",
    "int32": "sc:Integer",
    "int64": "sc:Integer",
    "double": "sc:Float",
    "boolean": "sc:Boolean",
    "timestamp": "sc:DateTime",
}

_PARQUET = "application/x-parquet"
"""Not the registered name, but the one that the tools of Croissant know."""


def croissant(
    dataset: Dataset,
    contracts: Sequence[SourceContract],
    manifest: Manifest,
    files: Mapping[str, ReleaseFile],
    measures: Measures,
) -> bytes:
    """The release as JSON-LD; ``files`` are the tables' files by path."""
    document: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": list(CONFORMS_TO),
        "name": dataset.dataset,
        "alternateName": dataset.title,
        "description": dataset.description,
        "license": [LICENCES[part].url if part in LICENCES else part for part in licence_parts(dataset.licence)],
        "url": dataset.url or f"urn:variorum:dataset:{dataset.dataset}",
        "keywords": list(KEYWORDS),
        "isLiveDataset": False,
        "creator": [_creator(one.name, one.orcid) for one in dataset.creators]
        or [{"@type": "sc:Organization", "name": f"The authors of {dataset.title}"}],
    }
    if dataset.creators:
        document["citeAs"] = f"{', '.join(one.name for one in dataset.creators)}: {dataset.title}."
    if dataset.published:
        document["datePublished"] = dataset.published
    if measures.languages:
        document["inLanguage"] = list(measures.languages)
    if citations := [contract.citation.strip() for contract in contracts if contract.citation]:
        document["citation"] = citations
    document |= _rai(dataset, contracts, manifest, measures)
    document["distribution"] = [
        one for table in manifest.tables for one in _resources(table.name, [files[path] for path in table.files])
    ]
    document["recordSet"] = [_record_set(TABLES[table.name], table.files) for table in manifest.tables]
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def _creator(name: str, orcid: str | None) -> dict[str, str]:
    if orcid is None:
        return {"@type": "sc:Organization", "name": name}
    return {"@type": "sc:Person", "name": name, "sameAs": f"https://orcid.org/{orcid}"}


def _rai(
    dataset: Dataset, contracts: Sequence[SourceContract], manifest: Manifest, measures: Measures
) -> dict[str, Any]:
    """The properties of Croissant RAI 1.0: what was measured, and what people answered."""
    told: dict[str, Any] = {
        "rai:dataManipulationProtocol": "Exports are read as their contracts say; each judgment is kept as it was"
        " given: none is averaged, voted, deduplicated or dropped. The laws that prove it are in ledger, with their"
        " verdicts.",
        "rai:dataAnnotationPlatform": sorted({contract.platform for contract in contracts}),
        "rai:annotationsPerItem": "; ".join(
            f"{one.source}, {one.question}: {least} to {most}, the middle {middle}"
            for one in measures.questions
            for least, middle, most in [one.per_item]
        ),
        "rai:dataCollectionRawData": "; ".join(
            f"{contract.title} ({contract.url})" if contract.url else contract.title for contract in contracts
        ),
    }
    missing = [f"{contract.source}: {LOSSES[loss]}" for contract in contracts for loss in contract.known_losses]
    missing += [
        f"{source.source}: {count} {reason} in quarantine"
        for source in manifest.sources
        for reason, count in source.quarantined.items()
    ]
    if missing:
        told["rai:dataCollectionMissingData"] = "; ".join(missing)
    if measures.judged:
        told["rai:dataCollectionTimeframe"] = list(measures.judged)
    for question in QUESTIONS:
        answer = dataset.answers.answer(question.code)
        if question.rai and answer:
            told[f"rai:{question.rai}"] = answer.strip()
    return told


def _resources(name: str, files: Sequence[ReleaseFile]) -> list[dict[str, Any]]:
    """Each file of a table, and the set of them where there are several."""
    objects: list[dict[str, Any]] = [
        {
            "@type": "cr:FileObject",
            "@id": file.path,
            "name": file.path,
            "contentUrl": file.path,
            "contentSize": f"{file.size} B",
            "encodingFormat": _PARQUET,
            "sha256": file.sha256,
        }
        for file in files
    ]
    if len(files) > 1:
        objects.append(
            {
                "@type": "cr:FileSet",
                "@id": _set_of(name),
                "name": _set_of(name),
                "containedIn": [{"@id": file.path} for file in files],
                "encodingFormat": _PARQUET,
                "includes": f"{name}/*.parquet",
            }
        )
    return objects


def _set_of(name: str) -> str:
    return f"{name}-files"


def _record_set(table: Table, files: Sequence[str]) -> dict[str, Any]:
    where = {"fileObject": {"@id": files[0]}} if len(files) == 1 else {"fileSet": {"@id": _set_of(table.name)}}
    fields = []
    for column in table.columns:
        source = {**where, "extract": {"column": column.name}}
        field = _field(f"{table.name}/{column.name}", column.name, column.description, column.type, source)
        if table.name == "judgments" and column.name == "answer":
            field["dataType"] = ["sc:Text", "cr:Label"]
            field["annotation"] = _annotator(table, where)
        fields.append(field)
    return {
        "@type": "cr:RecordSet",
        "@id": table.name,
        "name": table.name,
        "description": table.grain,
        "key": [{"@id": f"{table.name}/{name}"} for name in table.key],
        "field": fields,
    }


def _annotator(table: Table, where: dict[str, Any]) -> dict[str, Any]:
    """Who gave an answer, as an annotation of the answer."""
    place = f"{table.name}/answer/annotator"
    return {
        "@type": "cr:Field",
        "@id": place,
        "name": "annotator",
        "description": "Who gave the answer: a person or a machine, by pseudonym; null where nobody is named.",
        "dataType": "prov:Agent",
        "equivalentProperty": "prov:wasAttributedTo",
        "subField": [
            _field(
                f"{place}/{name}",
                name,
                table.column(name).description,
                table.column(name).type,
                {**where, "extract": {"column": name}},
            )
            for name in ("annotator_id", "annotator_kind")
        ],
    }


def _field(place: str, name: str, description: str, kind: ColumnType, source: dict[str, Any]) -> dict[str, Any]:
    field: dict[str, Any] = {"@type": "cr:Field", "@id": place, "name": name, "description": description}
    if isinstance(kind, ListOf):
        field |= {"isArray": True, "arrayShape": "-1"}
        kind = kind.element
    if isinstance(kind, Scalar):
        return field | {"dataType": _DATA_TYPES[kind.name], "source": source}
    assert isinstance(kind, Struct)
    parts = [
        _field(f"{place}/{part}", part, f"{part} of {name}.", inner, {**source, "transform": {"jsonPath": part}})
        for part, inner in kind.fields
    ]
    return field | {"source": source, "subField": parts}
