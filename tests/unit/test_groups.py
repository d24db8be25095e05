"""Tests that share what is dear to make run in one worker: the mark is heard, for it is silently passed over if not."""

from __future__ import annotations

import pytest


@pytest.mark.xdist_group("heard")
def test_the_mark_of_a_group_is_heard(request: pytest.FixtureRequest) -> None:
    if not getattr(request.config.option, "loadgroup", False):
        pytest.skip("tests are not handed out by group here: make test does")
    assert request.node.nodeid.endswith("@heard")
