"""The rules of Croissant 1.1 and Croissant RAI 1.0, as far as a release's croissant.json can break them.

Written from the specifications' text. It is not mlcroissant, which cannot be in the lock: a dependency of it comes
without a wheel.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

REQUIRED = ("@context", "@type", "conformsTo", "name", "description", "license", "url", "creator", "distribution")
"""Beside these the specification asks for datePublished, which a release has where its dataset declares the day."""

RAI = frozenset(
    {
        "dataCollection", "dataCollectionType", "dataCollectionMissingData", "dataCollectionRawData",
        "dataCollectionTimeframe", "dataImputationProtocol", "dataManipulationProtocol", "dataPreprocessingProtocol",
        "dataAnnotationProtocol", "dataAnnotationPlatform", "dataAnnotationAnalysis", "dataReleaseMaintenancePlan",
        "personalSensitiveInformation", "dataSocialImpact", "dataBiases", "dataLimitations", "dataUseCases",
        "annotationsPerItem", "annotatorDemographics", "machineAnnotationTools",
    }
)  # fmt: skip
"""The properties of Croissant RAI 1.0, by the specification's own table."""

RAI_OF_ONE = RAI - {
    "dataCollectionType", "dataCollectionTimeframe", "dataPreprocessingProtocol", "dataAnnotationPlatform",
    "dataAnnotationAnalysis", "dataReleaseMaintenancePlan", "personalSensitiveInformation", "dataBiases",
    "dataLimitations", "dataUseCases", "annotatorDemographics", "machineAnnotationTools",
}  # fmt: skip
"""Those that have one value."""

SCHEMA_ORG = frozenset(
    {
        "alternateName", "citation", "contentSize", "contentUrl", "creator", "datePublished", "description",
        "distribution", "encodingFormat", "inLanguage", "keywords", "license", "name", "sameAs", "sha256", "url",
    }
)  # fmt: skip
"""The terms of schema.org that a release uses, which the context's vocabulary resolves."""

ARROW = {
    "sc:Text": pa.types.is_string,
    "sc:Integer": pa.types.is_integer,
    "sc:Float": pa.types.is_floating,
    "sc:Boolean": pa.types.is_boolean,
    "sc:DateTime": pa.types.is_timestamp,
}


def faults(document: dict[str, Any], folder: Path) -> list[str]:
    """Everything in which a croissant.json breaks the rules, or says something that its release's files do not bear."""
    found = [f"{name} is required" for name in REQUIRED if not document.get(name)]
    if "http://mlcommons.org/croissant/1.1" not in document.get("conformsTo", []):
        found.append("does not say that it conforms to Croissant 1.1")
    found += _names(document)
    found += _identities(document)
    for one in document.get("distribution", []):
        found += _resource(one, folder)
    ids = {one["@id"] for one in _nodes(document) if "@type" in one and "@id" in one}
    for record_set in document.get("recordSet", []):
        found += _record_set(record_set, ids, folder)
    return found


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for key, inner in value.items():
            if key != "@context":
                yield from _nodes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _nodes(inner)


def _names(document: dict[str, Any]) -> Iterator[str]:
    """Terms that nothing resolves, and properties of RAI that the specification does not have."""
    context = document.get("@context", {})
    rai = {key.removeprefix("rai:") for key in document if key.startswith("rai:")}
    if rai and "http://mlcommons.org/croissant/RAI/1.0" not in document.get("conformsTo", []):
        yield "does not say that it conforms to Croissant RAI 1.0"
    yield from (f"rai:{name} is no property of Croissant RAI 1.0" for name in sorted(rai - RAI))
    for name in sorted(rai & RAI_OF_ONE):
        if not isinstance(document[f"rai:{name}"], str):
            yield f"rai:{name} has one value"
    for node in _nodes(document):
        for key in node:
            prefix = key.partition(":")[0]
            if not (key.startswith("@") or key in context or key in SCHEMA_ORG or (":" in key and prefix in context)):
                yield f"no context resolves {key}"


def _identities(document: dict[str, Any]) -> Iterator[str]:
    nodes = list(_nodes({key: value for key, value in document.items() if key != "@context"}))
    held = Counter(node["@id"] for node in nodes if "@type" in node and "@id" in node)
    yield from (f"{name} is defined {count} times" for name, count in held.items() if count > 1)
    asked = {node["@id"] for node in nodes if set(node) == {"@id"}}
    yield from (f"{name} is referred to and nowhere defined" for name in sorted(asked - set(held)))


def _resource(one: dict[str, Any], folder: Path) -> Iterator[str]:
    if one.get("@type") == "cr:FileSet":
        if not list(folder.glob(one.get("includes", ""))):
            yield f"{one['@id']} includes no file"
        return
    if one.get("@type") != "cr:FileObject":
        yield f"{one.get('@id')} is neither FileObject nor FileSet"
        return
    path = folder / one["contentUrl"]
    if not path.is_file():
        yield f"{one['contentUrl']} is no file of the release"
    elif hashlib.sha256(path.read_bytes()).hexdigest() != one.get("sha256"):
        yield f"{one['contentUrl']} has another sha256"
    elif one.get("contentSize") != f"{path.stat().st_size} B":
        yield f"{one['contentUrl']} has another size"


def _record_set(record_set: dict[str, Any], ids: set[str], folder: Path) -> Iterator[str]:
    name = record_set["@id"]
    schema = pq.read_schema(next((folder / name).glob("*.parquet")))
    own = {field["@id"] for field in record_set["field"]}
    yield from (f"the key {key['@id']} is no field of {name}" for key in record_set["key"] if key["@id"] not in own)
    columns = [field["source"]["extract"]["column"] for field in record_set["field"]]
    if columns != schema.names:
        yield f"the fields of {name} are not its columns"
        return
    for field in record_set["field"]:
        yield from _field(field, schema.field(field["source"]["extract"]["column"]).type, ids)
        if annotation := field.get("annotation"):
            if annotation.get("equivalentProperty") != "prov:wasAttributedTo":
                yield f"{annotation['@id']} does not say what it is to {field['@id']}"
            for inner in annotation["subField"]:
                yield from _field(inner, schema.field(inner["source"]["extract"]["column"]).type, ids)


def _field(field: dict[str, Any], kind: pa.DataType, ids: set[str]) -> Iterator[str]:
    place = field["@id"]
    source = field["source"]
    where = source.get("fileObject") or source.get("fileSet") or {}
    if field.get("@type") != "cr:Field" or not field.get("name") or not field.get("description"):
        yield f"{place} is no Field with name and description"
    if where.get("@id") not in ids:
        yield f"{place} comes from no resource"
    if pa.types.is_list(kind) != field.get("isArray", False):
        yield f"{place} is {'a list' if pa.types.is_list(kind) else 'no list'}"
        return
    kind = kind.value_type if pa.types.is_list(kind) else kind
    if pa.types.is_struct(kind):
        parts = {part["name"]: part for part in field.get("subField", [])}
        if list(parts) != [kind.field(number).name for number in range(kind.num_fields)]:
            yield f"{place} has other parts than its column"
            return
        for part in parts.values():
            yield from _field(part, kind.field(part["name"]).type, ids)
        return
    told = field.get("dataType", [])
    told = told if isinstance(told, list) else [told]
    if not any(name in ARROW and ARROW[name](kind) for name in told):
        yield f"{place} is said to be {', '.join(told) or 'nothing'}, and is {kind}"
