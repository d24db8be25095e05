"""Data Docs of a run: an index that tells broken from error, and a page a suite with what GX renders of it.

GX's own page frame takes styling and scripts from eight public sites; here its content stands in a frame of ours that
needs nothing, and that forbids the browser to load or run anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations.gx.report import ExpectationReport, Outcome, SuiteReport

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuiteValidationResult

INDEX = "index.html"

_MARKS: dict[Outcome, str] = {"held": "✓", "broken": "✗", "error": "!"}

_STYLE = """
:root { color-scheme: light dark; --line: #8886; --held: #18794e; --broken: #c62a2f; --error: #ad5700; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h2, h5 { margin: 2rem 0 .3rem; font-size: 1.15rem; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; }
th, td { border-bottom: 1px solid var(--line); padding: .35rem .6rem; text-align: left; vertical-align: top; }
th { font-weight: 600; }
td { overflow-wrap: anywhere; }
code, pre, details td, details th { font: 12px/1.4 ui-monospace, monospace; }
pre { white-space: pre-wrap; margin: 0; }
.held, .text-success { color: var(--held); } .broken, .text-danger { color: var(--broken); }
.error, .text-warning { color: var(--error); }
.fas { font-style: normal; } .fa-check-circle::before { content: "✓"; } .fa-times::before { content: "✗"; }
.fa-exclamation-triangle::before { content: "!"; } [data-toggle="collapse"] { display: none; }
"""

_FRAME = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>{style}</style></head>
<body>{body}</body></html>
"""


def build_docs(
    reports: Sequence[SuiteReport],
    results: Sequence[ExpectationSuiteValidationResult | None],
    docs_dir: Path,
) -> list[SuiteReport]:
    """Write index.html and a page a suite, over what an earlier run left, and return the reports with their index.

    A suite without a result of GX's has no page of its own; the index says what went wrong.
    """
    docs_dir.mkdir(parents=True, exist_ok=True)
    index = docs_dir / INDEX
    pages: dict[str, str] = {}
    for report, result in zip(reports, results, strict=True):
        page = docs_dir / f"{report.suite}.html"
        page.unlink(missing_ok=True)
        if result is not None:
            body = (
                f'<p><a href="{INDEX}">All suites</a></p><h1>{escape(report.suite)}</h1>'
                "<p>As Great Expectations shows it; it counts at most 200 rows where the index counts all.</p>"
            )
            page.write_text(_framed(report.suite, f"{body}{_gx_content(result)}"), encoding="utf-8")
            pages[report.suite] = page.name
    body = "".join(_suite(report, pages.get(report.suite)) for report in reports)
    index.write_text(_framed("Data Docs", f"<h1>Data Docs</h1>{_summary(reports)}{body}"), encoding="utf-8")
    return [replace(report, docs=index) for report in reports]


def _framed(title: str, body: str) -> str:
    return _FRAME.format(title=escape(title), style=_STYLE, body=body)


def _gx_content(result: ExpectationSuiteValidationResult) -> str:
    """What GX renders of a result, without its overview, whose links lead into a site that is not built here."""
    from great_expectations.render.renderer import ValidationResultsPageRenderer
    from great_expectations.render.view import DefaultJinjaSectionView

    document = ValidationResultsPageRenderer(run_info_at_end=True).render(result).to_json_dict()
    view = DefaultJinjaSectionView()
    return "".join(
        view.render({"section": section, "section_loop": {"index": number}})
        for number, section in enumerate(document["sections"])
        if section["section_name"] not in ("Overview", "Run Info")
    )


def _summary(reports: Sequence[SuiteReport]) -> str:
    outcomes = [one.outcome for report in reports for one in report.expectations]
    counts = ", ".join(f'<span class="{outcome}">{outcomes.count(outcome)} {outcome}</span>' for outcome in _MARKS)
    return f"<p>{len(outcomes)} expectations: {counts}. An error is no verdict on the data.</p>"


def _suite(report: SuiteReport, page: str | None) -> str:
    link = f' <a href="{escape(page)}">as Great Expectations shows it</a>' if page else ""
    rows = "".join(_expectation(one) for one in report.expectations)
    return (
        f'<h2><span class="{report.outcome}">{_MARKS[report.outcome]}</span> {escape(report.suite)}</h2>'
        f"<p>{escape(report.description)}{link}</p><table>{rows}</table>"
    )


def _expectation(report: ExpectationReport) -> str:
    detail = f"<pre>{escape(report.error)}</pre>" if report.error else _rows(report.unexpected)
    return (
        f'<tr><td class="{report.outcome}">{_MARKS[report.outcome]} {report.outcome}</td>'
        f"<td>{escape(report.meaning)}<br><code>{escape(report.type)}</code>{detail}</td>"
        f"<td>{escape(report.observed)}</td></tr>"
    )


def _rows(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return ""
    head = _cells("th", rows[0])
    body = "".join(f"<tr>{_cells('td', row.values())}</tr>" for row in rows)
    return f"<details><summary>The first {len(rows)}</summary><table><tr>{head}</tr>{body}</table></details>"


def _cells(tag: str, values: Iterable[Any]) -> str:
    return "".join(f"<{tag}>{'null' if value is None else escape(str(value))}</{tag}>" for value in values)
