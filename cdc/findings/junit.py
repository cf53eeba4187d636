"""A report as JUnit XML, which every CI shows: a test case for each check.

The structure is the one that Jenkins, GitLab and GitHub's reporters share: testsuites, testsuite,
testcase, failure, system-out.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from cdc.findings.model import Check, Finding, Report, Severity

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render_junit(report: Report) -> str:
    """Return an XML document."""
    failed = sum(check.fails for check in report.checks)
    counts = {"tests": str(len(report.checks)), "failures": str(failed), "errors": "0"}
    top = ET.Element("testsuites", {"name": report.command, **counts})
    suite = ET.SubElement(top, "testsuite", {"name": report.command, "skipped": "0", **counts})
    for check in report.checks:
        _add_case(suite, report.command, check)
    ET.indent(top)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(top, encoding="unicode")}'


def _add_case(suite: ET.Element, command: str, check: Check) -> None:
    names = {"classname": command.replace(" ", "."), "name": _clean(check.name)}
    case = ET.SubElement(suite, "testcase", names)
    errors = [one for one in check.findings if one.severity is Severity.ERROR]
    others = [one for one in check.findings if one.severity is not Severity.ERROR]
    if errors:
        # one failure a case: several readers show only the first
        attributes = {"type": errors[0].code, "message": _clean(errors[0].title)}
        failure = ET.SubElement(case, "failure", attributes)
        failure.text = "\n\n".join(map(_describe, errors))
    if others:
        ET.SubElement(case, "system-out").text = "\n\n".join(map(_describe, others))


def _describe(finding: Finding) -> str:
    lines = [f"{finding.severity}[{finding.code}] {finding.title}"]
    lines += [f"at {finding.location}"] if finding.location else []
    lines += [finding.message] if finding.message else []
    lines += [f"remedy: {finding.remedy}"] if finding.remedy else []
    lines += [finding.rewrite] if finding.rewrite else []
    return _clean("\n".join(lines))


def _clean(text: str) -> str:
    """Drop what no XML document may hold."""
    return _NOT_XML.sub("", text)
