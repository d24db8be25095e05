"""Which fields a file mapping needs: each becomes one numbered slot, so that no field name ever reaches SQL."""

from __future__ import annotations

from pipelines.contracts.answers import SpanFields
from pipelines.contracts.files import EachColumn, EachElement, EachEntry, EachParallel, FileMapping
from pipelines.shapes.paths import names, parse_path


class Slots:
    """Numbers the fields of one mapping in order of first use.

    ``spans`` gives, by slot number, how the elements of a list of spans are to be read.
    """

    def __init__(self, mapping: FileMapping) -> None:
        self.fields: list[str] = []
        self.spans: dict[int, SpanFields] = {}
        self._numbers: dict[str, int] = {}
        for field in _mapped(mapping):
            self._add(field)
        self._span_numbers: dict[str, int] = {}
        for code, answer in mapping.answers.items():
            if answer.spans is not None:
                self._span_numbers[code] = len(self.fields)
                self.spans[len(self.fields)] = answer.spans
                self.fields.append(answer.spans.list)

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

    def span_columns(self, question: str) -> tuple[str, str]:
        """Columns that hold a question's spans: in canonical form (null where they cannot be read), and raw."""
        number = self._span_numbers[question]
        return f"t{number}", f"r{number}"


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
        fields += [*answer.fields(), answer.rationale, answer.confidence]
    if mapping.status:
        fields.append(mapping.status.field)
    if mapping.judged_at:
        fields.append(mapping.judged_at.field)
    fields += [mapping.duration_s, *mapping.upstream_aggregates]
    return [field for field in fields if field is not None]


def covered_fields(mapping: FileMapping) -> list[str]:
    """Every field that the mapping accounts for: mapped, split up, an aggregate, or ignored with a reason."""
    fields = [*_mapped(mapping), *mapping.ignored]
    for step in mapping.each:
        if isinstance(step, EachColumn):
            fields += step.columns
        elif isinstance(step, EachParallel):
            for given in step.zip.values():
                fields += [given] if isinstance(given, str) else given
        elif isinstance(step, EachElement) and step.by:
            fields.append(f"{step.list}.{step.by}")
    for answer in mapping.answers.values():
        if answer.spans is not None:
            fields += span_fields(answer.spans)
    return [field for field in fields if not field.startswith("$")]


def span_fields(spans: SpanFields) -> list[str]:
    """The fields of a list of spans, as paths of the record."""
    parts = (spans.start, spans.end, spans.label, spans.text, spans.comment)
    return [f"{spans.list}.{part}" for part in parts if part is not None]


def covered_paths(mapping: FileMapping) -> list[tuple[str, ...]]:
    """``covered_fields`` as paths of keys. A CSV column name is one key, whatever signs it holds."""
    if mapping.dialect.format == "csv":
        return [(field,) for field in covered_fields(mapping)]
    return [names(parse_path(field)) for field in covered_fields(mapping)]


def act_path(mapping: FileMapping) -> tuple[str, ...] | None:
    """Path of the part of a record that is one act, where the last step takes such a part."""
    last = mapping.each[-1] if mapping.each else None
    if isinstance(last, EachElement):
        return names(parse_path(last.list))
    if isinstance(last, EachEntry):
        return names(parse_path(last.entries))
    return None
