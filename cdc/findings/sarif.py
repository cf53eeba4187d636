"""A report as SARIF 2.1.0, which code scanning reads (docs.oasis-open.org/sarif/sarif/v2.1.0)."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import quote

from cdc.findings.model import Finding, Location, Report

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
    text = "\n".join(filter(None, (finding.title, finding.message, remedy)))
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": rule_index,
        "level": str(finding.severity),
        "message": {"text": text},
        "partialFingerprints": {"headworks/v1": _identify(finding)},
        "properties": {"subject": finding.subject, "versions": list(finding.versions)},
    }
    if finding.location:
        result["locations"] = [{"physicalLocation": _show_location(finding.location)}]
    return result


def _show_location(location: Location) -> dict[str, Any]:
    shown: dict[str, Any] = {"artifactLocation": {"uri": quote(location.file)}}
    if location.line:
        region = {"startLine": location.line}
        if location.column:
            region["startColumn"] = location.column
        shown["region"] = region
    return shown


def _identify(finding: Finding) -> str:
    """Return what stays the same while lines move: code scanning knows a finding again by it."""
    words = f"{finding.code}\0{finding.subject}\0{finding.title}"
    return hashlib.sha256(words.encode()).hexdigest()[:32]
