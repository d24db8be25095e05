"""Judgments written as exports, broken in many ways, and landed: what was not touched arrives, what was is told.

One property a family of shapes, over every container, dialect and encoding that can hold them.
``docs/fuzzing.md`` says more.
"""

from __future__ import annotations

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from tests.properties.conftest import TRIED
from tests.properties.exports.cases import cases
from tests.properties.exports.holds import check
from tests.properties.exports.landing import land_bytes
from tests.properties.exports.recounted import recount_agrees
from tests.properties.exports.shapes import FAMILIES


@pytest.mark.parametrize("family", FAMILIES)
@given(data=st.data())
def test_what_is_written_lands_whatever_else_happens(family: str, data: st.DataObject) -> None:
    shape = data.draw(st.sampled_from(FAMILIES[family]))
    case = data.draw(cases(shape))
    landed = land_bytes(case.contract, case.file.data)
    outcome = check(case, landed)
    recount_agrees(case.contract, case.file.data, landed)
    TRIED[outcome] += 1
    event(f"the file was {outcome}")
    event(shape.name)
    for mutation in case.mutations:
        event(f"done: {mutation}")
    if len(case.file.data) % 16 == 0:
        event("landed twice")
        assert land_bytes(case.contract, case.file.data).files == landed.files
