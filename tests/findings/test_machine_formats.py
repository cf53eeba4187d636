import json
from dataclasses import replace
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest

from cdc.findings import FORMATS, RENDERERS, Check, Finding, Location, Report, render
from tests.findings.reports import BROKEN, EMPTY, FINE, HOSTILE, NOTED, REPORT
from tests.findings.shapes import JUNIT, SARIF

REPORTS = [REPORT, FINE, EMPTY]


def test_the_formats_are_a_table():
    """Each format has a renderer, and `render` is it."""
    assert FORMATS == ("text", "json", "junit", "sarif", "github")
    for name, renderer in RENDERERS.items():
        assert render(REPORT, name) == renderer(REPORT)


def test_json_has_these_keys():
    """Scripts rely on these keys; an unknown line is null."""
    shown = json.loads(render(REPORT, "json"))
    assert list(shown) == ["command", "fails", "counts", "checks"]
    assert shown["counts"] == {"error": 1, "warning": 1, "note": 1}
    assert list(shown["checks"][0]) == ["name", "note", "fails", "findings"]
    assert shown["checks"][0]["findings"][0] == {
        "code": "type-widened",
        "severity": "error",
        "title": BROKEN.title,
        "message": BROKEN.message,
        "remedy": BROKEN.remedy,
        "file": "schemas/mysql.shop.users-value.avsc",
        "line": 12,
        "column": 3,
        "subject": "mysql.shop.users-value",
        "versions": [3, 1],
        "end_line": None,
        "end_column": None,
        "details": {"levels broken": ["FORWARD", "FULL"], "path": "before.age"},
        "rewrite": "",
        "accepted": "",
        "fingerprint": BROKEN.fingerprint,
    }
    assert shown["checks"][1]["findings"][0]["line"] is None


@pytest.mark.parametrize("report", REPORTS)
def test_junit_has_the_common_structure(report):
    """testsuites, testsuite, testcase, failure: counts agree, and the XML can be read."""
    JUNIT.validate(render(report, "junit"))
    top = ET.fromstring(render(report, "junit"))  # noqa: S314 - our own text
    (suite,) = top
    cases = list(suite)
    failed = [case for case in cases if case.find("failure") is not None]
    assert (top.tag, suite.tag, {case.tag for case in cases} or {"testcase"}) == (
        "testsuites",
        "testsuite",
        {"testcase"},
    )
    for element in (top, suite):
        assert int(element.attrib["tests"]) == len(report.checks) == len(cases)
        assert int(element.attrib["failures"]) == len(failed)
    assert all(case.attrib["name"] and case.attrib["classname"] for case in cases)
    assert len(failed) == sum(check.fails for check in report.checks)


def test_junit_drops_what_xml_forbids():
    """A NUL or an escape in a title does not make the document unreadable."""
    text = render(REPORT, "junit")
    out = ET.fromstring(text).find(".//system-out")  # noqa: S314 - our own text
    assert out is not None
    assert "Ärger" in (out.text or "")
    assert not set(text) & {"\x00", "\x1b"}


def check_sarif(shown: Any) -> None:
    """Hold a log to the requirements of SARIF 2.1.0 that concern what we write."""
    SARIF.validate(shown)
    for run in shown["runs"]:
        ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
        assert len(set(ids)) == len(ids)
        assert all(ids[result["ruleIndex"]] == result["ruleId"] for result in run["results"])


@pytest.mark.parametrize("report", REPORTS)
def test_sarif_is_valid(report):
    """Code scanning accepts it: required properties, enumerations, indices, URIs."""
    shown = json.loads(render(report, "sarif"))
    check_sarif(shown)
    assert len(shown["runs"][0]["results"]) == len(list(report.findings))


def test_sarif_knows_a_finding_again():
    """Its fingerprint does not depend on the line, and names with odd characters are a URI."""
    first, second, _ = json.loads(render(REPORT, "sarif"))["runs"][0]["results"]
    moved = Report(
        "c", (Check("s", (Finding(BROKEN.code, BROKEN.title, subject=BROKEN.subject),)),)
    )
    (again,) = json.loads(render(moved, "sarif"))["runs"][0]["results"]
    assert again["partialFingerprints"] == first["partialFingerprints"]
    uri = second["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert unquote(uri) == "a, b:c.avsc"


def unescape(text: str) -> str:
    """Undo GitHub's escapes, as its runner does."""
    for escaped, char in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        text = text.replace(escaped, char)
    return text


def test_github_gets_one_annotation_a_finding():
    """A line for each, with file and line; nothing where nothing was found."""
    lines = render(REPORT, "github").split("\n")
    assert [line.split(" ")[0] for line in lines] == ["::error", "::notice", "::warning"]
    assert lines[0].startswith(
        "::error title=type-widened%3A mysql.shop.users-value,"
        "file=schemas/mysql.shop.users-value.avsc,line=12,col=3::column shop.users.age: type"
    )
    assert render(FINE, "github") == ""


def test_github_s_escapes_bring_back_what_was_said():
    """Line ends, percent signs, colons and commas arrive as they were, on one line."""
    line = render(Report("c", (Check("s", (NOTED,)),)), "github")
    properties, _, message = line.removeprefix("::notice ").partition("::")
    assert "\n" not in line
    assert "\r" not in line
    assert "file=a%2C b%3Ac.avsc" in properties
    assert unescape(message) == f"{HOSTILE}\n{HOSTILE}\nRemedy: {HOSTILE}"


FRAMED = Finding(
    "type-widened",
    "shop.t.a: a column has a wider type",
    location=Location("migrations/1.sql", 3, 19, 3, 27),
    excerpt="    MODIFY COLUMN a BIGINT;",
    rewrite="ALTER TABLE shop.t ADD COLUMN a_v2 BIGINT NULL;",
    identity="ALTER TABLE shop.t MODIFY COLUMN a BIGINT",
)


def test_sarif_has_the_whole_region_and_the_line():
    """Start and end (behind the last character), and the line as context."""
    shown = json.loads(render(Report("c", (Check("s", (FRAMED,)),)), "sarif"))
    check_sarif(shown)
    place = shown["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert place["region"] == {"startLine": 3, "startColumn": 19, "endLine": 3, "endColumn": 27}
    assert place["contextRegion"]["snippet"]["text"] == FRAMED.excerpt


def test_a_fingerprint_is_of_rule_object_and_words():
    """Line and title may change; the SQL, the object and the rule may not."""
    moved = replace(FRAMED, location=Location("b.sql", 9, 1, 9, 5), title="in other words")
    assert moved.fingerprint == FRAMED.fingerprint
    for change in ({"code": "x"}, {"subject": "x"}, {"identity": "x"}):
        assert replace(FRAMED, **change).fingerprint != FRAMED.fingerprint
