"""A report for a script: JSON whose keys are stable, fields are only ever added."""

from __future__ import annotations

import json
from typing import Any

from cdc.findings.model import Check, Finding, Report, Severity


def render_json(report: Report) -> str:
    """Return one JSON object: what was checked, what was found, and whether it fails."""
    shown = {
        "command": report.command,
        "fails": report.fails,
        "counts": {str(severity): report.count(severity) for severity in Severity},
        "checks": [_show_check(check) for check in report.checks],
    }
    return json.dumps(shown, indent=2, ensure_ascii=False)


def _show_check(check: Check) -> dict[str, Any]:
    return {
        "name": check.name,
        "note": check.note,
        "fails": check.fails,
        "findings": [show_finding(finding) for finding in check.findings],
    }


def show_finding(finding: Finding) -> dict[str, Any]:
    """Return a finding as JSON; unknown places are null."""
    location = finding.location
    return {
        "code": finding.code,
        "severity": str(finding.severity),
        "title": finding.title,
        "message": finding.message,
        "remedy": finding.remedy,
        "file": location.file if location else None,
        "line": location.line or None if location else None,
        "column": location.column or None if location else None,
        "end_line": location.end_line or None if location else None,
        "end_column": location.end_column or None if location else None,
        "subject": finding.subject,
        "versions": list(finding.versions),
        "details": dict(finding.details),
        "rewrite": finding.rewrite,
        "accepted": finding.accepted,
        "fingerprint": finding.fingerprint,
    }
