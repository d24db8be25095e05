"""Data Docs: GX's own pages of a run, made self-contained, and an index of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from expectations.gx.report import SuiteReport


def build_docs(reports: Sequence[SuiteReport], results: Sequence[Any], docs_dir: Path) -> list[SuiteReport]:
    from great_expectations.render.renderer import ValidationResultsPageRenderer
    from great_expectations.render.view import DefaultJinjaPageView

    docs_dir.mkdir(parents=True, exist_ok=True)
    for report, result in zip(reports, results, strict=True):
        page = ValidationResultsPageRenderer().render(result)
        (docs_dir / f"{report.suite}.html").write_text(DefaultJinjaPageView().render(page))
    return list(reports)
