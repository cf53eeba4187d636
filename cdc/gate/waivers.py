"""Findings that somebody has decided to live with: a file, and lines in the SQL.

A waiver that is used is reported as a note; one that nothing needs, or that has expired, fails.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fnmatch import fnmatchcase

from cdc.findings import Finding, Location, Severity
from cdc.gate.judge import RULES, Kind
from registry.derive.ddl import Source, Span

_INLINE = re.compile(r"--[ \t]+cdc:allow\b[ \t]*([^\n]*)")
_WORD = re.compile(r"(owner|until)=(\S+)[ \t]*")
UNUSED, EXPIRED, MALFORMED = "waiver-unused", "waiver-expired", "waiver-malformed"


@dataclass(frozen=True, slots=True)
class Waiver:
    """A rule that may be hit at an object, or (`span` given) by one statement."""

    rule: str
    object: str
    reason: str
    owner: str
    expires: date | None
    location: Location
    span: Span | None = None

    def covers(self, finding: Finding, statement: Span) -> bool:
        """Whether it is about a finding of a statement."""
        is_here = self.span is None or self.span == statement
        return is_here and finding.code == self.rule and fnmatchcase(finding.subject, self.object)


def find_inline(source: Source, statements: Sequence[Span]) -> Iterator[Waiver | Finding]:
    """Waivers in the SQL, each for the statement at it or behind it.

    `-- cdc:allow RULE [owner=NAME] [until=YYYY-MM-DD] reason`; another form is a finding.
    """
    for match in _INLINE.finditer(source.text):
        line, column = source.place(match.start())
        place = Location(source.file, line, column)
        rule, _, rest = match[1].strip().partition(" ")
        words = dict(_WORD.findall(rest))
        reason = _WORD.sub("", rest).strip()
        span = next((s for s in statements if s.end_line >= line), None)
        expires = _day(words.get("until", ""))
        if rule not in RULES or not reason or expires is _WRONG:
            yield Finding(
                MALFORMED,
                "not a waiver: -- cdc:allow RULE [owner=NAME] [until=YYYY-MM-DD] reason",
                "The rule must be one of docs/check.md, and the reason must be there.",
                location=place,
            )
            continue
        nowhere = Span(source.file, 0, 0, 0, 0)
        yield Waiver(rule, "*", reason, words.get("owner", ""), expires, place, span or nowhere)


_WRONG = date.min


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return _WRONG


@dataclass(frozen=True, slots=True)
class Found:
    """A finding and the statement that it is about."""

    finding: Finding
    statement: Span


class Waivers:
    """Applies waivers, and remembers which were needed."""

    def __init__(self, waivers: Sequence[Waiver], today: date) -> None:
        self._waivers = list(waivers)
        self._today = today
        self._used: set[int] = set()

    def add(self, waivers: Sequence[Waiver]) -> None:
        """Take more of them."""
        self._waivers += waivers

    def apply(self, found: Found) -> Finding:
        """The finding, as a note where a waiver that holds covers it."""
        for number, waiver in enumerate(self._waivers):
            if waiver.covers(found.finding, found.statement):
                self._used.add(number)
                if not self._is_expired(waiver):
                    return _waive(found.finding, waiver)
        return found.finding

    def _is_expired(self, waiver: Waiver) -> bool:
        return waiver.expires is not None and waiver.expires < self._today

    def complain(self) -> Iterator[Finding]:
        """A finding for each waiver that has expired or that nothing needed."""
        for number, waiver in enumerate(self._waivers):
            about = waiver.rule if waiver.span else f"{waiver.rule} at {waiver.object}"
            if self._is_expired(waiver):
                yield _bad(waiver, EXPIRED, f"{about}: expired on {waiver.expires}")
            elif number not in self._used:
                yield _bad(waiver, UNUSED, f"{about}: nothing needs this waiver")


def _waive(finding: Finding, waiver: Waiver) -> Finding:
    until = f", until {waiver.expires}" if waiver.expires else ""
    owner = f" ({waiver.owner})" if waiver.owner else ""
    return replace(
        finding,
        title=f"waived: {finding.title}",
        severity=Severity.NOTE,
        message=f"{waiver.reason}{owner}{until}; {waiver.location}",
        remedy="",
        rewrite="",
        accepted=waiver.reason,
    )


def _bad(waiver: Waiver, code: str, title: str) -> Finding:
    return Finding(
        code,
        title,
        f"Its reason was: {waiver.reason}",
        "take it out, or give it a new day after looking again",
        location=waiver.location,
        subject="" if waiver.object == "*" else waiver.object,
        details={"kind": str(Kind.WAIVERS)},
    )
