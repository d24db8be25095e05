"""Which fields a file mapping needs: each becomes one numbered slot, so that no field name ever reaches SQL."""

from __future__ import annotations

from pipelines.contracts.files import EachColumn, EachElement, EachParallel, FileMapping
from pipelines.shapes.paths import names, parse_path


class Slots:
    """Numbers the fields of one mapping in order of first use."""

    def __init__(self, mapping: FileMapping) -> None:
        self.fields: list[str] = []
        self._numbers: dict[str, int] = {}
        for field in _mapped(mapping):
            self._add(field)

    def _add(self, field: str) -> None:
        if field not in self._numbers:
            self._numbers[field] = len(self.fields)
            self.fields.append(field)

    def text(self, field: str) -> str:
        """Column that holds the field's text; null where it is absent, null or no scalar."""
        return f"t{self._numbers[field]}"

    def raw(self, field: str) -> str:
        """Column that holds the field's own value: a CSV cell, or JSON text; null where it is absent."""
        return f"r{self._numbers[field]}"


def _mapped(mapping: FileMapping) -> list[str]:
    fields: list[str | None] = []
    if mapping.item:
        item = mapping.item
        fields += [*item.key, item.text, item.prompt, item.language, item.context, *item.extra]
        for response in item.responses:
            fields += [response.text, response.model]
    if mapping.annotator:
        annotator = mapping.annotator
        fields += [*annotator.key, annotator.pool, *(part.field for part in annotator.attributes.values())]
    for answer in mapping.answers.values():
        fields += [answer.field, answer.rationale, answer.confidence]
    if mapping.status:
        fields.append(mapping.status.field)
    if mapping.judged_at:
        fields.append(mapping.judged_at.field)
    fields += [mapping.duration_s, *mapping.upstream_aggregates]
    return [field for field in fields if field is not None]


def covered_fields(mapping: FileMapping) -> list[str]:
    """Every field that the mapping accounts for: mapped, split up, an aggregate, or ignored with a reason."""
    fields = [*_mapped(mapping), *mapping.ignored]
    if isinstance(mapping.each, EachColumn):
        fields += mapping.each.columns
    elif isinstance(mapping.each, EachParallel):
        fields += mapping.each.zip.values()
    return [field for field in fields if not field.startswith("$")]


def covered_paths(mapping: FileMapping) -> list[tuple[str, ...]]:
    """``covered_fields`` as paths of keys. A CSV column name is one key, whatever signs it holds."""
    if mapping.dialect.format == "csv":
        return [(field,) for field in covered_fields(mapping)]
    return [names(parse_path(field)) for field in covered_fields(mapping)]


def list_path(mapping: FileMapping) -> tuple[str, ...] | None:
    """Path of the list whose elements are the acts, if the mapping has one."""
    return names(parse_path(mapping.each.list)) if isinstance(mapping.each, EachElement) else None
