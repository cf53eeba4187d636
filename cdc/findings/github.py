"""A report as GitHub's workflow commands: annotations beside the lines of a pull request."""

from __future__ import annotations

from collections.abc import Mapping

from cdc.findings.model import Finding, Report, Severity

_COMMANDS: Mapping[Severity, str] = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.NOTE: "notice",
}
# The percent sign goes first. Inside properties, what ends one is escaped too.
_IN_DATA: Mapping[str, str] = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_IN_PROPERTY: Mapping[str, str] = {**_IN_DATA, ":": "%3A", ",": "%2C"}


def render_github(report: Report) -> str:
    """Return one line for each finding; none where nothing was found."""
    return "\n".join(_show(finding) for finding in report.findings)


def _show(finding: Finding) -> str:
    properties = {
        "title": f"{finding.code}: {finding.subject}" if finding.subject else finding.code
    }
    location = finding.location
    if location:
        properties["file"] = location.file
        if location.line:
            properties["line"] = str(location.line)
        if location.end_line:
            properties["endLine"] = str(location.end_line)
        if location.line and location.column:
            properties["col"] = str(location.column)
        if location.end_line == location.line and location.end_column:
            # GitHub knows columns within one line only, and counts the last one in.
            properties["endColumn"] = str(location.end_column - 1)
    shown = ",".join(f"{name}={_escape(text, _IN_PROPERTY)}" for name, text in properties.items())
    remedy = f"Remedy: {finding.remedy}" if finding.remedy else ""
    parts = (finding.title, finding.message, remedy, finding.rewrite)
    message = "\n".join(filter(None, parts))
    return f"::{_COMMANDS[finding.severity]} {shown}::{_escape(message, _IN_DATA)}"


def _escape(text: str, table: Mapping[str, str]) -> str:
    for char, escaped in table.items():
        text = text.replace(char, escaped)
    return text
