"""A report for a person: 80 columns, colours where a terminal shows them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from textwrap import wrap

from cdc.findings.model import Check, Finding, Location, Report, Severity

WIDTH = 80
_SHOWN = 68
_BEFORE = 20

COLOURS: Mapping[str, str] = {
    Severity.ERROR: "\x1b[1;31m",
    Severity.WARNING: "\x1b[1;33m",
    Severity.NOTE: "\x1b[1;36m",
    "fine": "\x1b[32m",
    "place": "\x1b[1m",
    "dim": "\x1b[2m",
}
_RESET = "\x1b[0m"


def render_text(report: Report, *, has_colours: bool = False) -> str:
    """Return the report as lines; no line is wider than `WIDTH`, but for a word that is."""
    paint = _Paint(on=has_colours)
    lines = [line for check in report.checks for line in _render_check(check, paint)]
    return "\n".join([*lines, *_render_sum(report, paint)])


class _Paint:
    """Colours lines, or leaves them as they are."""

    def __init__(self, *, on: bool) -> None:
        self._on = on

    def __call__(self, style: str, text: str) -> str:
        return f"{COLOURS[style]}{text}{_RESET}" if self._on else text


def _render_check(check: Check, paint: _Paint) -> Iterator[str]:
    note = f" ({check.note})" if check.note else ""
    if not check.findings:
        for line in _wrap(f"{check.name}: fine{note}", "", "  "):
            yield paint("fine", line)
        return
    for line in _wrap(f"{check.name}:{note}", "", "  "):
        yield paint("place", line)
    for finding in check.findings:
        yield from _render_finding(finding, paint)


def _render_finding(finding: Finding, paint: _Paint) -> Iterator[str]:
    yield ""
    head = f"  {finding.severity}[{finding.code}] {finding.title}"
    for line in _wrap(head, "", "    "):
        yield paint(finding.severity, line)
    if finding.location:
        yield from (paint("dim", line) for line in _wrap(f"at {finding.location}"))
        yield from _frame(finding.location, finding.excerpt, paint, finding.severity)
    if finding.versions:
        yield from _wrap(f"versions: {', '.join(map(str, finding.versions))}")
    for line in finding.message.splitlines():
        yield from _wrap(line)
    for name, value in finding.details.items():
        if isinstance(value, (list, tuple)):
            yield from _wrap(f"{name}: {', '.join(map(str, value)) or '-'}")
    if finding.remedy:
        yield from _wrap(f"remedy: {finding.remedy}")
    yield from (paint("dim", f"      {_printable(line)}") for line in finding.rewrite.splitlines())


def _frame(location: Location, excerpt: str, paint: _Paint, style: str) -> Iterator[str]:
    """The line as it stands in the file, what the finding is about underlined."""
    if not excerpt:
        return
    start = location.column - 1
    is_one_line = location.end_line == location.line
    end = location.end_column - 1 if is_one_line else len(excerpt.rstrip())
    cut = max(0, min(start - _BEFORE, len(excerpt) - _SHOWN)) if len(excerpt) > _SHOWN else 0
    number = str(location.line)
    shown = _printable(excerpt[cut : cut + _SHOWN]).rstrip()
    shown = f"…{shown[1:]}" if cut else shown
    marks = "^" * max(1, min(end, cut + _SHOWN) - start)
    yield paint("dim", f"    {number} | ") + shown
    yield paint("dim", f"    {' ' * len(number)} | ") + " " * (start - cut) + paint(style, marks)


def _wrap(text: str, first: str = "    ", following: str = "      ") -> list[str]:
    """Break a text into lines; a control character would be the terminal's, so it goes."""
    return wrap(
        _printable(text),
        WIDTH,
        initial_indent=first,
        subsequent_indent=following,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)


def _render_sum(report: Report, paint: _Paint) -> list[str]:
    counts = [
        f"{number} {severity}{'' if number == 1 else 's'}"
        for severity in Severity
        if (number := report.count(severity))
    ]
    checked = f"{len(report.checks)} checked"
    style = Severity.ERROR if report.fails else "fine"
    return ["", paint(style, f"{checked}: {', '.join(counts) or 'no findings'}")]
