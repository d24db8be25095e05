"""Where the acts of judging are: one a record, in a list, in an object by annotator, side by side, or in columns."""

from __future__ import annotations

from pipelines.proposals.apart import Apart, person_of
from pipelines.proposals.fields import fields_of, flat
from pipelines.proposals.nested import by_entry, in_lists
from pipelines.proposals.parallel import in_columns, is_joined, side_by_side
from pipelines.proposals.sample import Sample


def take_apart(sample: Sample) -> Apart:
    """The acts of a sample's records, by the first way that fits."""
    records = sample.records
    whole = [flat(record, is_table=sample.is_table) for record in records]
    fields = fields_of(whole)
    person = person_of(fields.values())
    joined = person is not None and is_joined(fields[person.value], fields)
    if person and not joined:
        return Apart(whole, annotator=person)
    ways = (side_by_side,) if joined else (in_lists, by_entry, in_columns, side_by_side)
    for way in ways:
        if found := way(records, fields, is_table=sample.is_table):
            return found
    return Apart(whole)
