"""The formats as a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cdc.findings.github import render_github
from cdc.findings.junit import render_junit
from cdc.findings.machine import render_json
from cdc.findings.model import Report
from cdc.findings.sarif import render_sarif
from cdc.findings.text import render_text

RENDERERS: Mapping[str, Callable[[Report], str]] = {
    "text": render_text,
    "json": render_json,
    "junit": render_junit,
    "sarif": render_sarif,
    "github": render_github,
}
FORMATS = tuple(RENDERERS)


def render(report: Report, format_: str, *, has_colours: bool = False) -> str:
    """Return a report in one of `FORMATS`; only text has colours."""
    if format_ == "text":
        return render_text(report, has_colours=has_colours)
    return RENDERERS[format_](report)
