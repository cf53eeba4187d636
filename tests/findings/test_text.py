import re

import pytest

from cdc.findings import Check, Finding, Location, Report, Severity, render
from cdc.findings.text import WIDTH, render_text
from tests.findings.reports import EMPTY, FINE, REPORT


def test_a_report_reads_what_where_why_and_what_next():
    """Per check its findings: severity and code, place, versions, reasons, levels, remedy."""
    lines = render(REPORT, "text").splitlines()
    assert lines[:12] == [
        "mysql.shop.users-value: (FULL, 2 versions compared)",
        "",
        "  error[type-widened] column shop.users.age: type widened, nullable int ->",
        "    nullable long",
        "    at schemas/mysql.shop.users-value.avsc:12:3",
        "    versions: 3, 1",
        "    a reader with the old schema takes nullable int, new records hold nullable",
        "      long",
        "    and a second reason",
        "    levels broken: FORWARD, FULL",
        "    remedy: keep nullable int until all readers know nullable long",
        "",
    ]
    assert "new-value: fine (not there yet)" in lines
    assert lines[-1] == "3 checked: 1 error, 1 warning, 1 note"


def test_eighty_columns_are_enough():
    """No line is wider than a terminal, however long the words are that it is made of."""
    title = "a title of many words that goes on and on " * 5
    long = Report("c", (Check("s" * 30, (Finding("code", title, title * 3, title),), title),))
    for report in (REPORT, long):
        assert max(map(len, render_text(report).splitlines())) <= WIDTH


def test_a_path_is_never_cut():
    """What is to be copied stays in one piece, though it be wider."""
    name = "x" * 200
    assert name in render_text(Report("c", (Check(name, (Finding("code", name),)),)))


@pytest.mark.parametrize("report", [REPORT, FINE, EMPTY])
def test_colours_change_nothing_but_colours(report):
    """With its escape sequences taken out, a coloured report is the plain one."""
    coloured = render(report, "text", has_colours=True)
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == re.sub(
        r"\x1b\[[\d;]*m", "", render_text(report)
    )


def test_only_errors_fail():
    """Warnings and notes are told, and a report of them is fine."""
    mild = Report("c", (Check("s", (Finding("code", "t", severity=Severity.WARNING),)),))
    assert (REPORT.fails, mild.fails, FINE.fails, EMPTY.fails) == (True, False, False, False)


def test_control_characters_do_not_reach_the_terminal():
    """A title with an escape sequence cannot colour or clear anything."""
    report = Report("c", (Check("s\x1b[2J", (Finding("code", "t\x1b[31m\x07"),)),))
    assert not set(render_text(report)) & {"\x1b", "\x07"}


def _frame(location: Location, excerpt: str) -> list[str]:
    found = Finding("code", "title", location=location, excerpt=excerpt)
    lines = render(Report("c", (Check("s", (found,)),)), "text").splitlines()
    return [line for line in lines if " | " in line]


def test_the_line_is_shown_with_what_it_is_about_underlined():
    """From the first to the last character; of several lines, to the end of the first."""
    sql = "ALTER TABLE t MODIFY\ta BIGINT;"
    assert _frame(Location("f", 7, 22, 7, 30), sql) == [
        "    7 | ALTER TABLE t MODIFY a BIGINT;",
        "      |                      ^^^^^^^^",
    ]
    assert _frame(Location("f", 7, 15, 9, 3), sql)[1] == "      |               " + "^" * 16


def test_a_long_line_is_cut_around_what_it_is_about():
    """The frame fits, and the marks stay under their words."""
    sql = "x" * 200 + "HERE" + "y" * 200
    shown, marks = _frame(Location("f", 123, 201, 123, 205), sql)
    assert len(shown) <= WIDTH
    assert shown[marks.index("^") : marks.rindex("^") + 1] == "HERE"
    assert shown.startswith("    123 | …x")


def test_sql_to_write_instead_keeps_its_lines():
    """A rewrite can be copied as it is."""
    found = Finding("code", "title", rewrite="ALTER TABLE t\n    ADD a INT;")
    lines = render(Report("c", (Check("s", (found,)),)), "text").splitlines()
    at = lines.index("      ALTER TABLE t")
    assert lines[at + 1] == "          ADD a INT;"
