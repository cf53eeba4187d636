"""A report as SARIF 2.1.0, which code scanning reads (docs.oasis-open.org/sarif/sarif/v2.1.0)."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from cdc.findings.model import Finding, Location, Report

_REGION = ("startLine", "startColumn", "endLine", "endColumn")
SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render_sarif(report: Report) -> str:
    """Return one run; each code is a rule, each finding a result."""
    findings = list(report.findings)
    codes = sorted({finding.code for finding in findings})
    driver = {"name": "headworks", "rules": [_show_rule(code) for code in codes]}
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"{report.command.replace(' ', '/')}/"},
        "columnKind": "unicodeCodePoints",
        "results": [_show_result(finding, codes.index(finding.code)) for finding in findings],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _show_rule(code: str) -> dict[str, Any]:
    return {"id": code, "shortDescription": {"text": code.replace("-", " ")}}


def _show_result(finding: Finding, rule_index: int) -> dict[str, Any]:
    remedy = f"Remedy: {finding.remedy}" if finding.remedy else ""
    parts = (finding.title, finding.message, remedy, finding.rewrite)
    text = "\n".join(filter(None, parts))
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": rule_index,
        "level": str(finding.severity),
        "message": {"text": text},
        "partialFingerprints": {"headworks/v1": finding.fingerprint},
        "properties": {"subject": finding.subject, "versions": list(finding.versions)},
    }
    if finding.accepted:
        result["suppressions"] = [{"kind": "external", "justification": finding.accepted}]
    if finding.location:
        place = _show_location(finding.location, finding.excerpt)
        result["locations"] = [{"physicalLocation": place}]
    return result


def _show_location(location: Location, excerpt: str) -> dict[str, Any]:
    shown: dict[str, Any] = {"artifactLocation": {"uri": quote(location.file)}}
    if location.line:
        shown["region"] = {
            name: value for name, value in zip(_REGION, _numbers(location), strict=True) if value
        }
        if excerpt:
            shown["contextRegion"] = {"startLine": location.line, "snippet": {"text": excerpt}}
    return shown


def _numbers(location: Location) -> tuple[int, ...]:
    return location.line, location.column, location.end_line, location.end_column
